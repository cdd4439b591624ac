//! `selflink apply`

use platform::testing::{TestApp, TestDatabase};
use serde_json::{Value, json};

use super::look_at;
use crate::{
    cli::{run, run_told},
    support::{PASSWORD, start, user_called, value},
};

/// The results of a document that is applied.
async fn apply(database: &TestDatabase, document: &Value) -> Value {
    let printed = run(database, &["apply", &document.to_string()]).await.succeeded();
    serde_json::from_str(&printed).expect("prints JSON")
}

/// What a document is refused with.
async fn refused(database: &TestDatabase, document: &str) -> Value {
    let finished = run(database, &["apply", document]).await;
    assert_eq!(finished.stdout, "");
    let complaint = finished.failed(1);
    serde_json::from_str(complaint.lines().last().expect("says why")).expect("prints JSON")
}

async fn rights(app: &TestApp, handle: &str) -> (bool, bool) {
    let right = async |column: &str| {
        value::<bool>(
            app,
            &format!("SELECT {column} FROM users WHERE handle = '{handle}'"),
        )
        .await
    };
    (right("is_staff").await, right("is_active").await)
}

#[tokio::test]
async fn accounts_are_changed_by_address_handle_or_id() {
    let app = start().await;
    let database = app.database();
    let (ann, bob, cid) = (
        user_called(&app, "ann").await,
        user_called(&app, "bob").await,
        user_called(&app, "cid").await,
    );
    let document = json!([
        { "user": { "email": "ANN@example.com", "is_staff": true, "groups": ["moderation_team", "readers"] } },
        { "user": { "handle": "bob", "is_active": false } },
        { "user": { "id": cid.id } },
    ]);
    assert_eq!(
        apply(&database, &document).await,
        json!([{ "id": ann.id }, { "id": bob.id }, { "id": cid.id }])
    );
    assert_eq!(
        (
            rights(&app, "ann").await,
            rights(&app, "bob").await,
            rights(&app, "cid").await
        ),
        ((true, true), (false, false), (false, true))
    );
    assert_eq!(
        value::<i64>(
            &app,
            &format!("SELECT count(*) FROM group_members WHERE user_id = {}", ann.id)
        )
        .await,
        2
    );
    bob.client.get("users/me/").await.expect(401);
    // Groups are those that are named; rights that are not named stay.
    apply(
        &database,
        &json!([{ "user": { "id": ann.id, "groups": [] } }, { "user": { "id": bob.id, "is_active": true } }]),
    )
    .await;
    assert_eq!(value::<i64>(&app, "SELECT count(*) FROM group_members").await, 0);
    assert_eq!(
        (rights(&app, "ann").await, rights(&app, "bob").await),
        ((true, true), (false, true))
    );
    // The sessions ended with the deactivation; signing in works again.
    bob.client.get("users/me/").await.expect(401);
    let credentials = json!({ "email": bob.email, "password": PASSWORD });
    app.client().post("auth/login/", &credentials).await.expect(200);
    app.stop().await;
}

#[tokio::test]
async fn a_deactivated_account_is_refused_at_once() {
    let app = start().await;
    let ann = user_called(&app, "ann").await;
    for _ in 0..2 {
        assert_eq!(
            apply(&app.database(), &json!([{ "deactivate": { "user_id": ann.id } }])).await,
            json!([{}])
        );
    }
    assert_eq!(
        ann.client.get("users/me/").await.expect(401)["code"],
        "user_inactive"
    );
    app.stop().await;
}

#[tokio::test]
async fn flags_are_set() {
    let app = start().await;
    let steps = json!([
        { "flag": { "key": "new", "enabled": true, "rollout": 12.5 } },
        { "flag": { "key": "other", "enabled": true } },
        { "flag": { "key": "new", "enabled": false, "rollout": "25" } },
    ]);
    assert_eq!(apply(&app.database(), &steps).await, json!([{}, {}, {}]));
    assert_eq!(
        value::<i64>(
            &app,
            "SELECT rollout FROM feature_flags WHERE key = 'new' AND NOT enabled"
        )
        .await,
        2500
    );
    assert_eq!(value::<i64>(&app, "SELECT count(*) FROM feature_flags").await, 2);
    app.stop().await;
}

#[tokio::test]
async fn one_refused_step_undoes_all() {
    let app = start().await;
    let database = app.database();
    let ann = user_called(&app, "ann").await;
    let good = json!({ "user": { "id": ann.id, "is_staff": true } });
    for (bad, text) in [
        (
            json!({ "user": { "handle": "nobody" } }),
            "there is no such account",
        ),
        (
            json!({ "user": { "handle": "ann", "id": ann.id } }),
            "by exactly one of email, handle and id",
        ),
        (json!({ "user": {} }), "by exactly one of email, handle and id"),
        (
            json!({ "user": { "id": ann.id, "is_superuser": true } }),
            "unknown field",
        ),
        (
            json!({ "user": { "id": ann.id, "is_staff": "yes" } }),
            "invalid type",
        ),
        (
            json!({ "deactivate": { "user_id": 7 } }),
            "there is no such account",
        ),
        (
            json!({ "flag": { "key": "", "enabled": true } }),
            "key must be a text of 1 to 64 characters",
        ),
        (json!({ "flag": { "key": "x" } }), "enabled must be true or false"),
        (
            json!({ "flag": { "key": "x", "enabled": true, "rollout": 101 } }),
            "rollout must be a number from 0 to 100",
        ),
        (
            json!({ "nonsense": {} }),
            "unknown step \"nonsense\"; there are: ",
        ),
        (
            json!({ "user": { "id": ann.id }, "flag": {} }),
            "a step is an object with one key",
        ),
        (json!({}), "a step is an object with one key"),
        (json!("user"), "a step is an object with one key"),
    ] {
        let refusal = refused(
            &database,
            &json!([good, { "flag": { "key": "made", "enabled": true } }, bad]).to_string(),
        )
        .await;
        assert_eq!(refusal["step"], 2, "{refusal}");
        assert!(
            refusal["error"]
                .as_str()
                .is_some_and(|error| error.contains(text)),
            "{bad}: {refusal}"
        );
    }
    assert_eq!(rights(&app, "ann").await, (false, true));
    assert_eq!(value::<i64>(&app, "SELECT count(*) FROM feature_flags").await, 0);
    app.stop().await;
}

#[tokio::test]
async fn documents_come_from_the_command_line_a_file_or_stdin() {
    let app = start().await;
    let database = app.database();
    user_called(&app, "ann").await;
    let steps = |key: &str| json!([{ "flag": { "key": key, "enabled": true } }]).to_string();
    let file = database.folder().join("steps.json");
    std::fs::write(&file, steps("file")).expect("is written");
    assert_eq!(
        run(&database, &["apply", &file.display().to_string()])
            .await
            .succeeded(),
        "[{}]\n"
    );
    assert_eq!(
        run(&database, &["apply", "steps.json"]).await.succeeded(),
        "[{}]\n"
    );
    assert_eq!(
        run_told(&database, &["apply", "-"], &[], &steps("stdin"))
            .await
            .succeeded(),
        "[{}]\n"
    );
    assert_eq!(
        run(&database, &["apply", &format!("  {}", steps("arguments"))])
            .await
            .succeeded(),
        "[{}]\n"
    );
    assert_eq!(run(&database, &["apply", "[]"]).await.succeeded(), "[]\n");
    assert_eq!(value::<i64>(&app, "SELECT count(*) FROM feature_flags").await, 3);
    for (document, text) in [
        ("[{", "is no JSON"),
        ("{}", "must be a list of steps"),
        ("[1,", "is no JSON"),
    ] {
        let refusal = refused(&database, document).await;
        assert!(
            refusal["step"].is_null()
                && refusal["error"]
                    .as_str()
                    .is_some_and(|error| error.contains(text)),
            "{refusal}"
        );
    }
    assert!(
        run(&database, &["apply", "missing.json"])
            .await
            .failed(1)
            .contains("missing.json")
    );
    app.stop().await;
}

#[tokio::test]
async fn a_database_that_nobody_serves_is_changed_as_well() {
    let app = start().await;
    user_called(&app, "ann").await;
    let database = app.database();
    app.stop().await;
    apply(
        &database,
        &json!([{ "user": { "handle": "ann", "is_staff": true } }]),
    )
    .await;
    let app = look_at(&database).await;
    assert_eq!(rights(&app, "ann").await, (true, true));
    assert_eq!(
        value::<i64>(&app, "SELECT count(*) FROM outbox").await,
        0,
        "its events were delivered"
    );
    app.stop().await;
}

#[tokio::test]
async fn accounts_are_kept_apart_and_brought_together_again() {
    let app = start().await;
    let database = app.database();
    let (ann, bob) = (user_called(&app, "ann").await, user_called(&app, "bob").await);
    ann.client
        .post(&format!("users/{}/follow/", bob.id), &json!({}))
        .await
        .expect(200);
    let pair = json!({ "user_id": bob.id, "target_id": ann.id });
    // Twice: the second time it is so already.
    let document = json!([{ "block": pair }, { "block": pair }, { "mute": pair }]);
    assert_eq!(apply(&database, &document).await, json!([{}, {}, {}]));
    let count = async |table: &str| value::<i64>(&app, &format!("SELECT count(*) FROM {table}")).await;
    assert_eq!(
        (
            count("blocks").await,
            count("mutes").await,
            count("follows").await
        ),
        (1, 1, 0)
    );
    let document = json!([{ "unblock": pair }, { "unblock": pair }, { "unmute": pair }]);
    assert_eq!(apply(&database, &document).await, json!([{}, {}, {}]));
    assert_eq!((count("blocks").await, count("mutes").await), (0, 0));

    let own = json!([{ "mute": pair }, { "block": { "user_id": ann.id, "target_id": ann.id } }]);
    let refusal = refused(&database, &own.to_string()).await;
    assert_eq!(refusal, json!({ "error": "Cannot block yourself", "step": 1 }));
    assert_eq!(count("mutes").await, 0);
    for step in ["block", "unblock", "mute", "unmute"] {
        let nobody = json!([{ step: { "user_id": ann.id, "target_id": 5 } }]);
        let refusal = refused(&database, &nobody.to_string()).await;
        assert_eq!(refusal, json!({ "error": "there is no such account", "step": 0 }));
    }
}
