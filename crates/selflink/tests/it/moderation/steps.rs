//! Decisions of operators, by `selflink apply`.

use serde_json::json;

use super::sign_in;
use crate::{
    cli::run,
    support::{staff, start, user, value},
};

#[tokio::test]
async fn an_operator_decides_also_against_staff() {
    let app = start().await;
    let (ann, boss) = (user(&app).await, staff(&app).await);
    let step = |id: i64| json!({ "enforce": { "target_type": "user", "target_id": id, "action": "ban", "reason": "r" } });
    let document = json!([step(ann.id), step(boss.id)]).to_string();
    let printed = run(&app.database(), &["apply", &document]).await.succeeded();
    let results: serde_json::Value = serde_json::from_str(&printed).expect("is JSON");
    sign_in(&app, &ann).await.expect(403);
    sign_in(&app, &boss).await.expect(403);
    let lift = json!([{ "lift_enforcement": { "id": results[0]["id"] } }]).to_string();
    run(&app.database(), &["apply", &lift]).await.succeeded();
    sign_in(&app, &ann).await.expect(200);
    let complaint = run(&app.database(), &["apply", &lift]).await.failed(1);
    assert!(complaint.contains("no longer in force"), "{complaint}");
    // All or nothing.
    let half = json!([step(ann.id), step(1)]).to_string();
    let complaint = run(&app.database(), &["apply", &half]).await.failed(1);
    assert!(complaint.contains("There is no such user."), "{complaint}");
    assert_eq!(value::<i64>(&app, "SELECT count(*) FROM enforcements").await, 2);
    app.stop().await;
}
