//! Registration and sign-in.

use serde_json::json;

use crate::support::{PASSWORD, start, user};

#[tokio::test]
async fn a_registered_user_signs_in_and_reads_the_own_account() {
    let app = start().await;
    let ann = user(&app).await;
    let answer = app
        .client()
        .post(
            "auth/login/",
            &json!({ "email": ann.email, "password": PASSWORD }),
        )
        .await
        .expect(200);
    assert_eq!(answer["user"]["id"], json!(ann.id));
    let me = ann.client.get("users/me/").await.expect(200);
    assert_eq!(
        (me["handle"].as_str(), me["email"].as_str()),
        (Some(ann.handle.as_str()), Some(ann.email.as_str()))
    );
    app.stop().await;
}
