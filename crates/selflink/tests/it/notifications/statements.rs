//! What the list costs, however long it is.

use serde_json::json;

use crate::{
    cli::Listening,
    support::{start, user},
    users::statements::sent,
};

#[tokio::test]
async fn a_page_costs_the_same_however_long_it_is() {
    let app = start().await;
    let ann = user(&app).await;
    for n in 0..100 {
        ann.client
            .post("notifications/", &json!({ "type": format!("t{}", n % 2) }))
            .await
            .expect(201);
    }
    let token = ann.client.token.clone().expect("is signed in");
    // A process of its own: metrics are counted by process, and other tests run in this one.
    let program = Listening::start(&app.database(), &["api"]).await;
    let client = program.client().with_token(&token);
    let route = "/api/v1/notifications/";
    for query in ["", "is_read=false&", "type=t1&", "ordering=type&"] {
        let mut costs = Vec::new();
        for size in [1, 50] {
            let before = sent(&client, route).await;
            let page = client
                .get(&format!("notifications/?{query}page_size={size}"))
                .await
                .expect(200);
            assert_eq!(page["results"].as_array().map(Vec::len), Some(size), "{query}");
            costs.push(sent(&client, route).await - before);
        }
        assert_eq!(costs[0], costs[1], "{query}: {costs:?}");
        assert!(costs[0] <= 3, "{query}: {costs:?}");
    }
    let route = "/api/v1/notifications/unread-count/";
    let before = sent(&client, route).await;
    let count = client.get("notifications/unread-count/").await.expect(200);
    assert_eq!(count["unread_count"], 100);
    assert!(sent(&client, route).await - before <= 2);
    app.stop().await;
}
