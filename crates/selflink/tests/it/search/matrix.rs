//! Who finds whom and what, in every engine.

use platform::testing::Client;
use serde_json::json;

use super::{Searched, fake::Mood, found, ids, path, post_for, profile, tie};
use crate::support::{TestUser, staff, user, user_called};

/// What a viewer finds of a user whose audience is public, friends, private: by name, by biography.
const PEOPLE: [(&str, [(bool, bool); 3]); 7] = [
    ("the user", [(true, true); 3]),
    ("staff", [(true, true); 3]),
    ("a friend", [(true, true), (true, true), (false, false)]),
    ("a follower", [(true, true), (true, false), (false, false)]),
    ("a stranger", [(true, true), (true, false), (false, false)]),
    ("whom the user has blocked", [(false, false); 3]),
    ("who has blocked the user", [(false, false); 3]),
];

/// Whether a viewer finds the user's post for everybody, for followers, for the user alone.
const POSTS: [(&str, [bool; 3]); 7] = [
    ("the user", [true, true, true]),
    ("staff", [true, false, false]),
    ("a friend", [true, true, false]),
    ("a follower", [true, true, false]),
    ("a stranger", [true, false, false]),
    ("whom the user has blocked", [false, false, false]),
    ("who has blocked the user", [false, false, false]),
];

struct Scene {
    hidden: TestUser,
    viewers: Vec<(&'static str, Client)>,
}

impl Scene {
    async fn set(searched: &Searched) -> Self {
        let app = &searched.app;
        let hidden = user_called(app, "hidden").await;
        let mut viewers = Vec::new();
        for (name, _) in PEOPLE {
            let viewer = match name {
                "the user" => {
                    viewers.push((name, hidden.client.clone()));
                    continue;
                }
                "staff" => staff(app).await,
                _ => user(app).await,
            };
            match name {
                "a friend" => {
                    tie(&viewer, "follow", &hidden).await;
                    tie(&hidden, "follow", &viewer).await;
                }
                "a follower" => tie(&viewer, "follow", &hidden).await,
                "whom the user has blocked" => tie(&hidden, "block", &viewer).await,
                "who has blocked the user" => tie(&viewer, "block", &hidden).await,
                _ => {}
            }
            viewers.push((name, viewer.client));
        }
        Self { hidden, viewers }
    }
}

async fn people(searched: &Searched) {
    let scene = Scene::set(searched).await;
    let change = json!({ "name": "Quince Quartz", "bio": "collects xylophones" });
    profile(&scene.hidden, change).await;
    for (column, audience) in ["public", "friends", "private"].into_iter().enumerate() {
        profile(&scene.hidden, json!({ "settings": { "privacy": audience } })).await;
        searched.settle().await;
        for ((name, client), (_, expected)) in scene.viewers.iter().zip(PEOPLE) {
            let of = |found: Vec<i64>| found.contains(&scene.hidden.id);
            let by = (
                of(found(client, "users", "quartz").await),
                of(found(client, "users", "xylophones").await),
            );
            assert_eq!(
                by,
                expected[column],
                "{name} searching {audience} by {}",
                searched.name()
            );
            let pages = path("users", &[("q", "xylophones"), ("page_size", "5")]);
            let listed = client.get(&pages).await.expect(200);
            assert_eq!(of(ids(&listed)), expected[column].1, "{name} in pages");
        }
    }
}

async fn posts(searched: &Searched) {
    let scene = Scene::set(searched).await;
    let mut made = Vec::new();
    for visibility in ["public", "followers", "private"] {
        made.push(post_for(&scene.hidden, "a zither in the attic", visibility).await);
    }
    searched.settle().await;
    for ((name, client), (_, expected)) in scene.viewers.iter().zip(POSTS) {
        let mut expected: Vec<i64> = made
            .iter()
            .zip(expected)
            .filter_map(|(id, is_found)| is_found.then_some(*id))
            .collect();
        expected.reverse();
        for parameters in [
            &[("q", "zither")][..],
            &[("q", "attic zither"), ("mode", "words")],
            &[("q", "zither"), ("page_size", "10")],
        ] {
            let listed = client.get(&path("posts", parameters)).await.expect(200);
            let mut listed = ids(&listed);
            // Of equal rank.
            listed.sort_unstable_by(|one, other| other.cmp(one));
            assert_eq!(listed, expected, "{name} by {}: {parameters:?}", searched.name());
        }
    }
}

#[tokio::test]
async fn everybody_finds_the_people_they_may() {
    for searched in Searched::all().await {
        people(&searched).await;
        searched.app.stop().await;
    }
}

#[tokio::test]
async fn everybody_finds_the_posts_they_may() {
    for searched in Searched::all().await {
        posts(&searched).await;
        searched.app.stop().await;
    }
}

/// An index that is out of date, or wrong, shows nobody more.
#[tokio::test]
async fn what_an_engine_finds_too_much_is_not_shown() {
    let [database, searched] = Searched::all().await;
    database.app.stop().await;
    let remote = searched.remote.clone().expect("is there");
    remote.be(Mood::Careless);
    let scene = Scene::set(&searched).await;
    let secret = post_for(&scene.hidden, "nothing for others", "private").await;
    profile(
        &scene.hidden,
        json!({ "settings": { "privacy": "private" }, "bio": "xylophones" }),
    )
    .await;
    searched.settle().await;
    for (name, client) in &scene.viewers {
        let is_own = *name == "the user";
        assert_eq!(
            found(client, "posts", "anything").await.contains(&secret),
            is_own,
            "{name}"
        );
        let sees = is_own || *name == "staff";
        assert_eq!(
            found(client, "users", "xylophones")
                .await
                .contains(&scene.hidden.id),
            sees,
            "{name}"
        );
    }
    searched.app.stop().await;
}
