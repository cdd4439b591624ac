//! Privacy, whole: every audience, every viewer, every endpoint that shows a user.

use platform::testing::{Client, TestApp};
use serde_json::{Value, json};

use crate::hostile::endpoints;
use crate::support::{TestUser, staff, start, user, user_called};

/// What only the user and staff may see; no other text of the tests contains any of them.
const SECRETS: [&str; 6] = [
    "hidden@example.com",
    "1987-06-05",
    "04:03:21",
    "Nowhere-on-Sea",
    "23:59",
    "aGlkZGVuQGV4YW1wbGUuY29t",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sight {
    Nothing,
    Card,
    Profile,
    Everything,
}
use Sight::{Card, Everything, Nothing, Profile};

/// Who looks, and what they see of a user whose audience is public, friends, private, or a word that nobody knows.
const VIEWERS: [(&str, [Sight; 4]); 9] = [
    ("the user", [Everything; 4]),
    ("staff", [Everything; 4]),
    ("a friend", [Profile, Profile, Card, Card]),
    ("a follower", [Profile, Card, Card, Card]),
    ("whom the user follows", [Profile, Card, Card, Card]),
    ("a stranger", [Profile, Card, Card, Card]),
    ("who muted the user", [Profile, Card, Card, Card]),
    ("whom the user has blocked", [Nothing; 4]),
    ("who has blocked the user", [Nothing; 4]),
];

struct Scene {
    app: TestApp,
    hidden: TestUser,
    /// Follows the user, and is followed by it.
    other: TestUser,
    viewers: Vec<(&'static str, Client, [Sight; 4])>,
}

impl Scene {
    async fn set() -> Self {
        let app = start().await;
        let (hidden, other) = (user_called(&app, "hidden").await, user(&app).await);
        let change = json!({
            "name": "Known Name", "bio": "A bio for the right people", "birth_date": "1987-06-05",
            "birth_time": "04:03:21", "birth_place": "Nowhere-on-Sea",
            "settings": { "quiet_hours": { "start": "23:59", "end": "06:00" }, "push_enabled": false },
        });
        hidden.client.patch("users/me/", &change).await.expect(200);
        tie(&hidden, "follow", &other).await;
        tie(&other, "follow", &hidden).await;
        let mut viewers = Vec::new();
        for (name, sights) in VIEWERS {
            let viewer = match name {
                "the user" => {
                    viewers.push((name, hidden.client.clone(), sights));
                    continue;
                }
                "staff" => staff(&app).await,
                _ => user(&app).await,
            };
            match name {
                "a friend" => {
                    tie(&viewer, "follow", &hidden).await;
                    tie(&hidden, "follow", &viewer).await;
                }
                "a follower" => tie(&viewer, "follow", &hidden).await,
                "whom the user follows" => tie(&hidden, "follow", &viewer).await,
                "who muted the user" => tie(&viewer, "mute", &hidden).await,
                "whom the user has blocked" => tie(&hidden, "block", &viewer).await,
                "who has blocked the user" => tie(&viewer, "block", &hidden).await,
                _ => {}
            }
            viewers.push((name, viewer.client, sights));
        }
        Self {
            app,
            hidden,
            other,
            viewers,
        }
    }

    async fn set_audience(&self, audience: &str) {
        let change = json!({ "settings": { "privacy": audience } });
        self.hidden.client.patch("users/me/", &change).await.expect(200);
    }

    /// The user in a list, if it is there.
    async fn in_list(&self, client: &Client, path: &str) -> Option<Value> {
        let list = client.get(path).await.expect(200);
        let items = list
            .get("results")
            .unwrap_or(&list)
            .as_array()
            .expect("is a list")
            .clone();
        items.into_iter().find(|item| item["id"] == json!(self.hidden.id))
    }
}

async fn tie(one: &TestUser, kind: &str, other: &TestUser) {
    let path = format!("users/{}/{kind}/", other.id);
    one.client.call("POST", &path).await.expect(200);
}

/// How much of the user an answer shows.
fn shown(user: &Value) -> Sight {
    assert_eq!(user["handle"], "hidden");
    assert_eq!(user["name"], "Known Name");
    match (user["email"].is_null(), user["bio"].as_str()) {
        (false, _) => {
            assert_eq!(user["birth_date"], "1987-06-05");
            Everything
        }
        (true, bio) => {
            let personal = ["birth_date", "birth_time", "birth_place"].map(|field| &user[field]);
            assert_eq!(personal, [&Value::Null; 3]);
            if bio == Some("") { Card } else { Profile }
        }
    }
}

#[tokio::test]
async fn every_viewer_sees_of_every_audience_what_the_rules_say() {
    let scene = Scene::set().await;
    let detail = format!("users/{}/", scene.hidden.id);
    for (audience, column) in [("public", 0), ("friends", 1), ("private", 2), ("close family", 3)] {
        scene.set_audience(audience).await;
        for (name, client, sights) in &scene.viewers {
            let (expected, context) = (sights[column], format!("{name}, {audience}"));
            let answer = client.get(&detail).await;
            let seen = if answer.status == 404 {
                Nothing
            } else {
                shown(&answer.expect(200))
            };
            assert_eq!(seen, expected, "{context}");
            let is_listed = expected != Nothing && (expected == Everything || column < 2);
            for list in [
                "users/?page_size=50".to_owned(),
                "users/?q=hidden".to_owned(),
                "users/?search=known%20name".to_owned(),
                "users/?q=hidden@example.com".to_owned(),
                "users/?ordering=-handle&page_size=50".to_owned(),
                format!("users/{}/followers/", scene.other.id),
                format!("users/{}/following/?page_size=5", scene.other.id),
            ] {
                let found = scene.in_list(client, &list).await;
                assert_eq!(found.is_some(), is_listed, "{context}: {list}");
                if let Some(found) = found {
                    assert_eq!(shown(&found), expected, "{context}: {list}");
                }
            }
            for list in ["followers", "following"] {
                let status = client.get(&format!("{detail}{list}/")).await.status;
                let right = match expected {
                    Nothing => 404,
                    Card => 403,
                    Profile | Everything => 200,
                };
                assert_eq!(status, right, "{context}: {list}");
            }
        }
    }
    scene.app.stop().await;
}

#[tokio::test]
async fn own_lists_of_blocks_and_mutes_show_a_card_at_most() {
    let scene = Scene::set().await;
    for audience in ["public", "private"] {
        scene.set_audience(audience).await;
        for (name, client, _) in &scene.viewers {
            let blocked = scene.in_list(client, "me/blocks/").await;
            assert_eq!(blocked.is_some(), *name == "who has blocked the user", "{name}");
            assert!(blocked.is_none_or(|user| shown(&user) == Card));
            let muted = scene.in_list(client, "me/mutes/").await;
            assert_eq!(muted.is_some(), *name == "who muted the user", "{name}");
            let right = if audience == "public" { Profile } else { Card };
            assert!(muted.is_none_or(|user| shown(&user) == right));
        }
    }
    scene.app.stop().await;
}

#[tokio::test]
async fn no_endpoint_tells_others_what_is_hidden() {
    let scene = Scene::set().await;
    let all = endpoints(&scene.app).await;
    let nobody = ("nobody", scene.app.client(), [Nothing; 4]);
    let others = scene
        .viewers
        .iter()
        .filter(|(name, _, _)| !["the user", "staff"].contains(name))
        .chain([&nobody]);
    for (name, client, _) in others {
        for endpoint in all.iter().filter(|endpoint| endpoint.method == "GET") {
            let path = crate::hostile::with_id(&endpoint.path, scene.hidden.id);
            for query in [
                "",
                "?page_size=1",
                "?page_size=1&ordering=email",
                "?ordering=-birth_date&page_size=1",
                "?q=hidden",
            ] {
                let answer = client.get(&format!("{path}{query}")).await;
                let leaked: Vec<_> = SECRETS
                    .iter()
                    .filter(|secret| {
                        answer.text.contains(*secret) || format!("{:?}", answer.headers).contains(*secret)
                    })
                    .collect();
                assert!(leaked.is_empty(), "{name} learns {leaked:?} from {path}{query}");
            }
        }
    }
    scene.app.stop().await;
}

#[tokio::test]
async fn an_unknown_user_and_one_who_has_blocked_look_the_same() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    tie(&ann, "block", &bob).await;
    for (method, tail) in [
        ("GET", ""),
        ("GET", "followers/"),
        ("GET", "following/"),
        ("POST", "follow/"),
    ] {
        let blocked = bob.client.call(method, &format!("users/{}/{tail}", ann.id)).await;
        let unknown = bob.client.call(method, &format!("users/{}/{tail}", 12345)).await;
        assert_eq!(
            (blocked.status, &blocked.text),
            (unknown.status, &unknown.text),
            "{method} {tail}"
        );
    }
    app.stop().await;
}
