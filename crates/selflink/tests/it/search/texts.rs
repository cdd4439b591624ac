//! What texts are found by.

use futures::future::join_all;
use serde_json::json;

use super::{finds, found, ids, post, profile, search};
use crate::support::{start, user, user_called};

#[tokio::test]
async fn people_are_found_by_parts_of_name_handle_and_biography() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user_called(&app, "bob_builder").await);
    profile(
        &bob,
        json!({ "name": "Robert Stone", "bio": "Likes 100% wool_socks \\o/" }),
    )
    .await;
    for text in [
        "bob_builder",
        "@bob_builder",
        "B_BUI",
        "bert sto",
        "ROBERT",
        "100% wool",
        "wool_",
        "\\o/",
        "ob",
        "o",
    ] {
        assert_eq!(
            found(&ann.client, "users", text).await.last(),
            Some(&bob.id),
            "{text}"
        );
    }
    for text in ["bob%", "bob%builder", "wool%socks", "_____", "b b", &bob.email] {
        assert!(
            !found(&ann.client, "users", text).await.contains(&bob.id),
            "{text}"
        );
    }
    // What was is no more.
    profile(&bob, json!({ "name": "Rob", "bio": "" })).await;
    for text in ["Robert", "wool"] {
        assert_eq!(found(&ann.client, "users", text).await, [0; 0], "{text}");
    }
    app.stop().await;
}

#[tokio::test]
async fn own_writes_are_found_at_once() {
    let app = start().await;
    let ann = user(&app).await;
    for round in 0..10 {
        let made = post(&ann, &format!("needle{round} in a stack")).await;
        assert_eq!(
            found(&ann.client, "posts", &format!("NEEDLE{round} ")).await,
            [made]
        );
        profile(&ann, json!({ "bio": format!("thimble{round}") })).await;
        assert_eq!(
            found(&ann.client, "users", &format!("thimble{round}")).await,
            [ann.id]
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn letter_case_does_not_matter_in_any_script() {
    let app = start().await;
    let ann = user(&app).await;
    for (text, query) in [
        ("Die lange Straße hinunter", "LANGE STRASSE"),
        ("In İstanbul am Wasser", "istanbul"),
        ("ღამე მშვიდობისა, საქართველო", "ᲡᲐᲥᲐᲠᲗᲕᲔᲚᲝ"),
        ("ᲛᲖᲔ ᲐᲛᲝᲓᲘᲡ", "მზე"),
        ("ΟΔΟΣ και άλλα", "οδος"),
        ("ПРИВЕТ, мир", "привет, МИР"),
        ("Cafe\u{301} am Eck", "CAFÉ"),
        ("東京タワー", "京タワ"),
        ("party 🎉🎉🎉 tonight", "🎉🎉🎉"),
        ("two\nlines here", "two\nlines"),
    ] {
        let made = post(&ann, text).await;
        assert_eq!(found(&ann.client, "posts", query).await, [made], "{query}");
    }
    app.stop().await;
}

#[tokio::test]
async fn hashtags_are_found() {
    let app = start().await;
    let ann = user(&app).await;
    let one = post(&ann, "walking #Tbilisi_2 at night").await;
    let other = post(&ann, "#თბილისი").await;
    post(&ann, "Tbilisi_2 without").await;
    assert_eq!(found(&ann.client, "posts", "#tbilisi_2").await, [one]);
    assert_eq!(found(&ann.client, "posts", "#თბილისი").await, [other]);
    app.stop().await;
}

#[tokio::test]
async fn words_are_found_wherever_they_stand_the_best_first() {
    let app = start().await;
    let ann = user(&app).await;
    let much = post(&ann, "apples and pears, apples and pears, apples").await;
    let some = post(
        &ann,
        "pears and a long story about everything else but one of the apples",
    )
    .await;
    post(&ann, "pineapples with pears").await;
    let words = |parameters: Vec<(&'static str, &'static str)>| {
        let client = ann.client.clone();
        async move {
            let all = [vec![("mode", "words")], parameters].concat();
            ids(&search(&client, "posts", &all).await.expect(200))
        }
    };
    assert_eq!(words(vec![("q", "PEARS, apples!")]).await, [much, some]);
    assert_eq!(
        words(vec![("q", "apples pears"), ("page_size", "9")]).await,
        [some, much]
    );
    for nothing in ["apples OR story", "apple", "\"", "!!!", "*", "apples NEAR(x)"] {
        assert_eq!(words(vec![("q", nothing)]).await, [0; 0], "{nothing}");
    }
    app.stop().await;
}

#[tokio::test]
async fn what_is_deleted_vanishes() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user_called(&app, "leaving_bob").await);
    let made = post(&bob, "something of mine").await;
    assert_eq!(found(&ann.client, "posts", "something of").await, [made]);
    let body = json!({ "password": crate::support::PASSWORD });
    bob.client.post("me/account/delete/", &body).await.expect(202);
    finds(&ann.client, "users", "leaving_bob", &[]).await;
    finds(&ann.client, "posts", "something of", &[]).await;
    for table in ["search_users WHERE user_id", "search_posts WHERE post_id"] {
        let id = if table.contains("users") { bob.id } else { made };
        let left = format!("SELECT count(*) FROM {table} = {id}");
        assert_eq!(crate::support::value::<i64>(&app, &left).await, 0, "{table}");
    }
    app.stop().await;
}

#[tokio::test]
async fn writes_and_searches_at_once() {
    let app = start().await;
    let ann = user(&app).await;
    let posts = join_all((0..20).map(|n| {
        let ann = &ann;
        async move {
            let made = post(ann, &format!("crowded{n}x corner")).await;
            (made, found(&ann.client, "posts", &format!("crowded{n}x")).await)
        }
    }));
    let mut made = Vec::new();
    for (id, found) in posts.await {
        assert_eq!(found, [id]);
        made.push(id);
    }
    made.sort_unstable_by(|one, other| other.cmp(one));
    assert_eq!(found(&ann.client, "posts", "corner").await, made);
    app.stop().await;
}
