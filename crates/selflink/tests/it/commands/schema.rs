//! The schema of the database, and which roles bring it up to date.

use platform::testing::TestDatabase;
use serde_json::json;
use tokio::net::TcpListener;

use super::{look_at, migrated};
use crate::{
    cli::{Listening, run, run_told},
    support::user,
};

#[tokio::test]
async fn migrate_may_be_repeated() {
    let database = TestDatabase::unmigrated().await;
    for _ in 0..2 {
        assert_eq!(
            run(&database, &["migrate"]).await.succeeded(),
            "The database has the schema of this program; ids are compact.\n"
        );
    }
    let refused = run_told(&database, &["migrate"], &[("ID_LAYOUT", "snowflake")], "")
        .await
        .failed(1);
    assert!(
        refused.contains("ID_LAYOUT is snowflake, but the database was created with compact"),
        "{refused}"
    );
}

#[tokio::test]
async fn two_migrations_at_once_agree() {
    let database = TestDatabase::unmigrated().await;
    let arguments = ["migrate"];
    let (one, two) = tokio::join!(run(&database, &arguments), run(&database, &arguments));
    one.succeeded();
    two.succeeded();
    user(&look_at(&database).await).await;
}

#[tokio::test]
async fn a_database_without_the_schema_is_refused() {
    let database = TestDatabase::unmigrated().await;
    for arguments in [
        &["api", "--bind", "127.0.0.1:0"][..],
        &["stream", "--bind", "127.0.0.1:0"],
        &["realtime", "--bind", "127.0.0.1:0"],
        &["worker"],
        &["scheduler"],
        &["bootstrap-admin"],
        &["seed-demo"],
        &["apply", "[]"],
        &["jobs"],
    ] {
        let complaint = run(&database, arguments).await.failed(1);
        assert!(
            complaint.contains("run `selflink migrate` first"),
            "{arguments:?}: {complaint}"
        );
    }
}

#[tokio::test]
async fn serve_makes_everything_it_needs() {
    let database = TestDatabase::unmigrated().await;
    let program = Listening::start(&database, &["serve", "--demo"]).await;
    program.client().get("/health").await.expect(200);
    let page = program.client().get("/").await;
    assert!(page.text.contains("demo-mentor@example.com"), "{}", page.text);
    let credentials = json!({ "email": "demo-mentor@example.com", "password": "changeme123" });
    program
        .client()
        .post("auth/login/", &credentials)
        .await
        .expect(200);
}

#[tokio::test]
async fn roles_serve_what_is_theirs() {
    let database = migrated().await;
    for (role, api) in [("api", 401), ("stream", 401), ("realtime", 404)] {
        let program = Listening::start(&database, &[role]).await;
        assert_eq!(
            program.client().get("/health").await.expect(200),
            json!({ "status": "ok" }),
            "{role}"
        );
        program.client().get("users/").await.expect(api);
        program.client().get("/").await.expect(404);
    }
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let database = migrated().await;
    let taken = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = taken.local_addr().expect("has an address").to_string();
    let complaint = run(&database, &["api", "--bind", &address]).await.failed(1);
    assert!(
        complaint.contains(&format!("cannot listen on {address}")) && complaint.contains("--bind"),
        "{complaint}"
    );
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_named() {
    let database = TestDatabase::create().await;
    for (url, text) in [
        ("postgres://nobody:s3cret@127.0.0.1:1/x", "DATABASE_URL"),
        ("sqlite:///proc/no/such/folder/x.db", "/proc/no/such/folder"),
    ] {
        let complaint = run_told(&database, &["migrate"], &[("DATABASE_URL", url)], "")
            .await
            .failed(1);
        assert!(
            complaint.contains(text) && !complaint.contains("s3cret"),
            "{complaint}"
        );
    }
}
