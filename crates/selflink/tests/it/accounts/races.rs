//! Many registrations at once.

use platform::testing::{Answer, TestApp};
use serde_json::{Value, json};

use crate::support::{PASSWORD, start, value};

const AT_ONCE: usize = 20;

async fn register(app: &TestApp, bodies: impl Iterator<Item = Value>) -> Vec<Answer> {
    let attempts: Vec<_> = bodies
        .map(|body| {
            let client = app.client();
            tokio::spawn(async move { client.post("auth/register/", &body).await })
        })
        .collect();
    let mut answers = Vec::new();
    for attempt in attempts {
        answers.push(attempt.await.expect("does not panic"));
    }
    answers
}

fn body(n: usize) -> Value {
    json!({ "email": format!("racer{n}@example.com"), "password": PASSWORD, "name": "Same Name", "handle": format!("racer{n}") })
}

/// One has won, and all others were told why not.
fn assert_one_won(answers: &[Answer], refusals: &[Value]) {
    let (won, lost): (Vec<&Answer>, Vec<&Answer>) = answers.iter().partition(|answer| answer.status == 201);
    assert_eq!(won.len(), 1);
    for answer in lost {
        assert!(refusals.contains(&answer.expect(400)), "{}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_many_gets_the_handle() {
    let app = start().await;
    let bodies = (0..AT_ONCE).map(|n| {
        let mut body = body(n);
        body["handle"] = json!(if n % 2 == 0 { "wanted" } else { "Wanted" });
        body
    });
    let answers = register(&app, bodies).await;
    assert_one_won(
        &answers,
        &[
            json!({ "handle": ["user with this handle already exists."] }),
            json!({ "handle": ["Handle is already taken."] }),
        ],
    );
    assert_eq!(value::<i64>(&app, "SELECT count(*) FROM users").await, 1);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_many_gets_the_address() {
    let app = start().await;
    let bodies = (0..AT_ONCE).map(|n| {
        let mut body = body(n);
        body["email"] = json!(if n % 2 == 0 {
            "wanted@example.com"
        } else {
            "WANTED@example.com"
        });
        body
    });
    let answers = register(&app, bodies).await;
    assert_one_won(
        &answers,
        &[json!({ "email": ["user with this email already exists."] })],
    );
    assert_eq!(value::<i64>(&app, "SELECT count(*) FROM user_settings").await, 1);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_get_an_account_when_handles_are_made() {
    let app = start().await;
    let bodies = (0..AT_ONCE).map(|n| {
        let mut body = body(n);
        body.as_object_mut().expect("is an object").remove("handle");
        body
    });
    let mut handles = Vec::new();
    for answer in register(&app, bodies).await {
        let handle = answer.expect(201)["user"]["handle"]
            .as_str()
            .expect("is a text")
            .to_owned();
        assert!(handle.len() <= 30);
        handles.push(handle);
    }
    handles.sort();
    handles.dedup();
    assert_eq!(handles.len(), AT_ONCE);
    app.stop().await;
}
