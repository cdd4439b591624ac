//! Making the indexes anew.

use chrono::Duration;

use super::{fake::FakeOpenSearch, found, post, rests};
use crate::{
    cli::{run, run_told},
    support::{eventually, execute, start, user, value},
    users::crowd::crowd,
};

#[tokio::test]
async fn rows_without_an_event_are_found_after_a_rebuild() {
    let app = start().await;
    let ann = user(&app).await;
    let made = post(&ann, "a lighthouse").await;
    rests(&app).await;
    crowd(&app, &ann, 1200).await;
    execute(&app, "DELETE FROM search_posts").await;
    execute(&app, "UPDATE search_users SET names = 'somebody else'").await;
    assert_eq!(found(&ann.client, "posts", "lighthouse").await, [0; 0]);
    let printed = run(&app.database(), &["reindex-search"]).await.succeeded();
    assert_eq!(printed, "Indexed 1201 users.\nIndexed 1 posts.\n");
    assert_eq!(found(&ann.client, "posts", "lighthouse").await, [made]);
    assert_eq!(found(&ann.client, "users", &ann.handle).await, [ann.id]);
    assert_eq!(found(&ann.client, "users", "somebody else").await, [0; 0]);
    assert_eq!(found(&ann.client, "users", "twin").await.len(), 20);
    let printed = run(&app.database(), &["reindex-search", "--posts"])
        .await
        .succeeded();
    assert_eq!(printed, "Indexed 1 posts.\n");
    app.stop().await;
}

#[tokio::test]
async fn rows_without_an_event_find_their_place_in_a_night() {
    let app = start().await;
    let ann = user(&app).await;
    rests(&app).await;
    crowd(&app, &ann, 700).await;
    app.advance(Duration::days(1));
    let count = "SELECT count(*) FROM search_users";
    eventually("the mending", async || {
        (value::<i64>(&app, count).await == 701).then_some(())
    })
    .await;
    app.stop().await;
}

#[tokio::test]
async fn a_rebuild_goes_on_where_it_was_broken_off() {
    let app = start().await;
    let ann = user(&app).await;
    rests(&app).await;
    crowd(&app, &ann, 20).await;
    let mark = format!(
        "INSERT INTO search_rebuilds (what, last_id, refreshed) VALUES ('users', {}, 7)",
        ann.id + 10
    );
    execute(&app, &mark).await;
    let printed = run(&app.database(), &["reindex-search", "--users"])
        .await
        .succeeded();
    assert_eq!(printed, "Going on behind 7 users.\nIndexed 17 users.\n");
    assert_eq!(value::<i64>(&app, "SELECT count(*) FROM search_users").await, 11);
    execute(&app, &mark).await;
    let arguments = ["reindex-search", "--users", "--from-start"];
    let printed = run(&app.database(), &arguments).await.succeeded();
    assert_eq!(printed, "Indexed 21 users.\n");
    assert_eq!(value::<i64>(&app, "SELECT count(*) FROM search_users").await, 21);
    assert_eq!(
        value::<i64>(&app, "SELECT count(*) FROM search_rebuilds").await,
        0
    );
    app.stop().await;
}

#[tokio::test]
async fn a_new_opensearch_is_filled_by_itself_and_by_command() {
    let app = start().await;
    let ann = user(&app).await;
    post(&ann, "before there was an OpenSearch").await;
    crowd(&app, &ann, 30).await;
    let remote = FakeOpenSearch::start().await;
    let settings = remote.settings();
    let settings: Vec<_> = settings
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let told = run_told(&app.database(), &["reindex-search"], &settings, "").await;
    assert_eq!(told.succeeded(), "Indexed 31 users.\nIndexed 1 posts.\n");
    remote.catches_up(&app, "users", "users").await;
    remote.catches_up(&app, "posts", "posts").await;
    app.stop().await;

    let app = remote.app().await;
    let ann = user(&app).await;
    crowd(&app, &ann, 30).await;
    remote.lose_everything();
    eventually("a first change after the loss", async || {
        post(&ann, "again").await;
        remote.ids("users").len().eq(&31).then_some(())
    })
    .await;
    remote.catches_up(&app, "posts", "posts").await;
    app.stop().await;
}
