//! `selflink seed-demo`, `selflink load-fixtures`

use std::path::PathBuf;

use platform::testing::TestDatabase;
use serde_json::{Value, json};

use super::{look_at, migrated};
use crate::{
    cli::{Finished, run},
    support::{execute, user, value},
};

#[tokio::test]
async fn demo_accounts_follow_one_another_however_often_they_are_seeded() {
    let database = migrated().await;
    for command in ["seed-demo", "seed_demo"] {
        assert_eq!(
            run(&database, &[command]).await.succeeded(),
            "Demo data seeded.\n"
        );
    }
    let app = look_at(&database).await;
    for handle in ["mentor", "seeker", "builder"] {
        let credentials = json!({ "email": format!("demo-{handle}@example.com"), "password": "changeme123" });
        let user = app.client().post("auth/login/", &credentials).await.expect(200)["user"].clone();
        assert_eq!(
            (
                &user["handle"],
                &user["followers_count"],
                &user["following_count"]
            ),
            (&json!(handle), &json!(2), &json!(2))
        );
    }
    // A password that was changed is restored.
    execute(&app, "UPDATE users SET password = '!' WHERE handle = 'mentor'").await;
    run(&database, &["seed-demo"]).await.succeeded();
    let credentials = json!({ "email": "demo-mentor@example.com", "password": "changeme123" });
    app.client().post("auth/login/", &credentials).await.expect(200);
    assert_eq!(value::<i64>(&app, "SELECT count(*) FROM users").await, 3);
    app.stop().await;
}

#[tokio::test]
async fn a_reset_makes_them_anew_and_leaves_the_others_in_order() {
    let database = migrated().await;
    run(&database, &["seed-demo"]).await.succeeded();
    let app = look_at(&database).await;
    let ann = user(&app).await;
    let mentor: i64 = value(&app, "SELECT id FROM users WHERE handle = 'mentor'").await;
    ann.client
        .post(&format!("users/{mentor}/follow/"), &json!({}))
        .await
        .expect(200);
    let printed = run(&database, &["seed-demo", "--reset"]).await.succeeded();
    assert_eq!(printed, "Removing existing demo data…\nDemo data seeded.\n");
    assert_ne!(
        value::<i64>(&app, "SELECT id FROM users WHERE handle = 'mentor'").await,
        mentor
    );
    assert_eq!(
        ann.client.get("users/me/").await.expect(200)["following_count"],
        0
    );
    assert_eq!(value::<i64>(&app, "SELECT count(*) FROM follows").await, 6);
    app.stop().await;
}

/// A folder with these files.
fn folder(database: &TestDatabase, files: &[(&str, &Value)]) -> PathBuf {
    let folder = database.folder().join("fixtures");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir(&folder).expect("is made");
    for (name, content) in files {
        std::fs::write(folder.join(name), content.to_string()).expect("is written");
    }
    folder
}

fn flag(pk: i64, fields: &Value) -> Value {
    json!({ "model": "config.featureflag", "pk": pk, "fields": fields })
}

async fn load(database: &TestDatabase, folder: &std::path::Path) -> Finished {
    run(
        database,
        &["load-fixtures", "--path", &folder.display().to_string()],
    )
    .await
}

#[tokio::test]
async fn fixtures_are_written_by_their_ids() {
    let database = migrated().await;
    let first = json!([
        flag(
            1001,
            &json!({ "key": "one", "description": "d", "enabled": true, "rollout": "12.50" })
        ),
        flag(1002, &json!({ "key": "two" }))
    ]);
    let second = json!([flag(1002, &json!({ "key": "renamed", "enabled": true }))]);
    let folder = folder(
        &database,
        &[
            ("b.json", &second),
            ("a.json", &first),
            ("notes.txt", &json!("x")),
        ],
    );
    assert_eq!(
        load(&database, &folder).await.succeeded(),
        "Loading a.json…\nLoading b.json…\nFixtures loaded.\n"
    );
    load(&database, &folder).await.succeeded();
    let app = look_at(&database).await;
    assert_eq!(
        value::<i64>(
            &app,
            "SELECT rollout FROM feature_flags WHERE id = 1001 AND key = 'one' AND enabled"
        )
        .await,
        1250
    );
    assert_eq!(
        value::<String>(&app, "SELECT key FROM feature_flags WHERE id = 1002").await,
        "renamed"
    );
    assert_eq!(value::<i64>(&app, "SELECT count(*) FROM feature_flags").await, 2);
    app.stop().await;
}

#[tokio::test]
async fn fixtures_that_are_broken_change_nothing() {
    let database = migrated().await;
    let good = json!([flag(1, &json!({ "key": "good" }))]);
    for bad in [
        json!({ "not": "a list" }),
        json!("{"),
        json!([flag(2, &json!({}))]),
        json!([flag(2, &json!({ "key": "x", "rollout": 101 }))]),
        json!([{ "model": "users.user", "pk": 1, "fields": { "key": "x" } }]),
        json!([flag(2, &json!({ "key": "good" }))]),
    ] {
        let folder = folder(&database, &[("a.json", &good), ("b.json", &bad)]);
        let complaint = load(&database, &folder).await.failed(1);
        assert!(complaint.starts_with("CommandError: "), "{complaint}");
    }
    let folder = folder(&database, &[]);
    std::fs::write(folder.join("x.json"), "[{").expect("is written");
    let complaint = load(&database, &folder).await.failed(1);
    assert!(complaint.contains("x.json"), "{complaint}");
    let app = look_at(&database).await;
    assert_eq!(value::<i64>(&app, "SELECT count(*) FROM feature_flags").await, 0);
    app.stop().await;
}

#[tokio::test]
async fn folders_that_are_empty_or_missing() {
    let database = migrated().await;
    let empty = folder(&database, &[]);
    assert_eq!(
        load(&database, &empty).await.succeeded(),
        format!("No fixtures found in {}\n", empty.display())
    );
    let missing = database.folder().join("nowhere");
    assert_eq!(
        load(&database, &missing).await.failed(1),
        format!(
            "CommandError: Fixture directory {} does not exist\n",
            missing.display()
        )
    );
    // The default is a folder below the working folder.
    assert_eq!(
        run(&database, &["load_fixtures"]).await.failed(1),
        "CommandError: Fixture directory config/fixtures does not exist\n"
    );
    run(&database, &["load-fixtures", "--using", "replica"])
        .await
        .failed(1);
}

#[tokio::test]
async fn the_fixtures_that_are_shipped_load() {
    let database = migrated().await;
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/fixtures");
    run(&database, &["load-fixtures", "--path", shipped])
        .await
        .succeeded();
    let app = look_at(&database).await;
    assert_eq!(
        value::<String>(
            &app,
            "SELECT key FROM feature_flags WHERE id = 1001 AND NOT enabled"
        )
        .await,
        "demo_feature"
    );
    app.stop().await;
}
