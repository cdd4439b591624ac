//! Cursors of feeds: addresses and bare ones, those of others, and forged ones.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use reqwest::Url;
use serde_json::json;

use super::{ids, page, seed_posts};
use crate::support::{execute, start, user};

const FEEDS: [&str; 5] = [
    "home/",
    "following/",
    "following_videos/",
    "for_you/",
    "for_you_videos/",
];
const TIMELINES: [&str; 3] = ["home/", "following/", "following_videos/"];

fn with_cursor(feed: &str, cursor: &str) -> String {
    let mut url = Url::parse("http://h/").expect("a URL");
    url.query_pairs_mut()
        .append_pair("limit", "2")
        .append_pair("cursor", cursor);
    format!("{feed}?{}", url.query().expect("has a query"))
}

#[tokio::test]
async fn next_is_an_address_and_works_as_a_cursor_too() {
    let app = start().await;
    let ann = user(&app).await;
    seed_posts(&app, ann.id, 5).await;
    execute(&app, "UPDATE posts SET has_video = TRUE").await;
    for feed in FEEDS {
        let first = page(&ann.client, &format!("{feed}?limit=2&explain=1")).await;
        let next = first["next"].as_str().expect("has more");
        assert!(
            next.starts_with(&format!("{}/api/v1/feed/{feed}?", app.url)),
            "{next}"
        );
        assert!(next.contains("limit=2") && next.contains("explain=1"), "{next}");
        let by_address = ann.client.get(next).await.expect(200);
        assert_eq!(ids(&by_address).len(), 2);
        let url = Url::parse(next).expect("a URL");
        let cursor = url
            .query_pairs()
            .find(|(name, _)| name == "cursor")
            .expect("has a cursor")
            .1;
        for cursor in [next, &cursor] {
            let again = page(&ann.client, &with_cursor(feed, cursor)).await;
            assert_eq!(ids(&again), ids(&by_address), "{feed}");
        }
        // An empty one is the first page.
        assert_eq!(
            ids(&page(&ann.client, &format!("{feed}?limit=2&cursor=")).await),
            ids(&first)
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn timelines_refuse_the_cursors_of_others() {
    let app = start().await;
    let ann = user(&app).await;
    seed_posts(&app, ann.id, 3).await;
    execute(&app, "UPDATE posts SET has_video = TRUE").await;
    let encode = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
    let ranked = page(&ann.client, "for_you/?limit=1").await["next"].clone();
    for cursor in [
        "bogus".to_owned(),
        "20".to_owned(),
        "9".repeat(30),
        encode("[]"),
        encode("[\"x\"]"),
        encode("[1, 2]"),
        "\u{1f600}".to_owned(),
        "x".repeat(5000),
        ranked.as_str().expect("has more").to_owned(),
    ] {
        for feed in TIMELINES {
            let refused = ann
                .client
                .get(&format!("feed/{}", with_cursor(feed, &cursor)))
                .await
                .expect(404);
            assert_eq!(refused, json!({ "detail": "Invalid cursor" }), "{feed} {cursor}");
        }
    }
    // That of another order.
    let by_score = page(&ann.client, "home/?limit=1&ordering=-score").await["next"].clone();
    let url = with_cursor("home/", by_score.as_str().expect("has more"));
    ann.client.get(&format!("feed/{url}")).await.expect(404);
    // Positions that nothing is at.
    for (cursor, found) in [
        ("[0]", 0),
        ("[9223372036854775807]", 2),
        ("[-9223372036854775808]", 0),
    ] {
        let page = page(&ann.client, &with_cursor("home/", &encode(cursor))).await;
        assert_eq!(ids(&page).len(), found, "{cursor}");
    }
    app.stop().await;
}

#[tokio::test]
async fn ranked_feeds_begin_again_at_nonsense() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let hidden = seed_posts(&app, bob.id, 1).await[0];
    execute(
        &app,
        &format!("UPDATE posts SET visibility = 'private', has_video = TRUE WHERE id = {hidden}"),
    )
    .await;
    seed_posts(&app, ann.id, 3).await;
    execute(&app, "UPDATE posts SET has_video = TRUE").await;
    let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let forged: Vec<Vec<u8>> = vec![
        vec![],
        vec![0x10],
        vec![0x10, 0xff],
        vec![0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
        [vec![0x10, 0x00, 0x00], vec![0x00; 350]].concat(),
        vec![0x7f; 40],
    ];
    for feed in ["for_you/", "for_you_videos/"] {
        let first = ids(&page(&ann.client, &format!("{feed}?limit=2")).await);
        let mut nonsense: Vec<String> = forged.iter().map(|bytes| encode(bytes)).collect();
        nonsense.extend(["20", "-1", "nonsense", "\u{1f600}"].map(str::to_owned));
        nonsense.extend(["9".repeat(30), "A".repeat(20_000)]);
        for cursor in nonsense {
            assert_eq!(
                ids(&page(&ann.client, &with_cursor(feed, &cursor)).await),
                first,
                "{feed} {cursor}"
            );
        }
    }
    // A well-formed one that names what the viewer may not see, twice, and what does not exist.
    let mut bytes = vec![0x10, 0x00];
    let mut number = u64::try_from(hidden).expect("is positive");
    while number >= 0x80 {
        bytes.push(u8::try_from(number & 0x7f).expect("is small") | 0x80);
        number >>= 7;
    }
    bytes.push(u8::try_from(number).expect("is small"));
    bytes.extend([0, 0, 0x7f]);
    let page = page(&ann.client, &with_cursor("for_you/", &encode(&bytes))).await;
    assert_eq!((ids(&page), &page["next"]), (vec![], &json!(null)));
    app.stop().await;
}
