//! Walks through a list.

use serde_json::json;

use super::crowd::{crowd, ids, walk};
use crate::support::{start, user};

#[tokio::test]
async fn sizes_of_pages() {
    let app = start().await;
    let ann = user(&app).await;
    crowd(&app, &ann, 120).await;
    for (sent, size) in [
        ("", 20),
        ("page_size=", 20),
        ("page_size=0", 20),
        ("page_size=-1", 20),
        ("page_size=x", 20),
        ("page_size=1.5", 20),
        ("page_size=7", 7),
        ("page_size=100", 100),
        ("page_size=101", 100),
        ("page_size=99999999999999999999", 20),
        ("cursor=", 20),
        ("page_size=3&page_size=4", 4),
    ] {
        let page = ann.client.get(&format!("users/?{sent}")).await.expect(200);
        assert_eq!(ids(&page).len(), size, "{sent}");
        assert!(page["next"].is_string() && page["previous"].is_null(), "{sent}");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_walk_gives_everybody_once_while_others_come() {
    let app = start().await;
    let ann = user(&app).await;
    for _ in 0..9 {
        user(&app).await;
    }
    let before = ids(&ann.client.get("users/?page_size=100").await.expect(200));
    let newest_first = walk(&ann.client, "users/?page_size=3", async || drop(user(&app).await)).await;
    assert_eq!(newest_first, before, "whoever comes in front is not met");
    let mut more = 0;
    let oldest_first = walk(
        &ann.client,
        "users/?page_size=3&ordering=created_at",
        async || {
            if more < 4 {
                more += 1;
                user(&app).await;
            }
        },
    )
    .await;
    let mut everybody = ids(&ann.client.get("users/?page_size=100").await.expect(200));
    everybody.reverse();
    assert_eq!(oldest_first, everybody, "whoever comes behind is met");
    app.stop().await;
}

#[tokio::test]
async fn equal_values_lose_and_repeat_nobody() {
    let app = start().await;
    let ann = user(&app).await;
    crowd(&app, &ann, 60).await;
    let mut everybody = walk(&ann.client, "users/?page_size=100", async || ()).await;
    everybody.sort_unstable();
    assert_eq!(everybody.len(), 61);
    for ordering in [
        "",
        "name",
        "-name",
        "name,-handle",
        "-created_at",
        "created_at",
        "bio",
        "-followers_count,name",
        "locale,-id",
        "updated_at,-name",
        "id",
    ] {
        let mut seen = walk(
            &ann.client,
            &format!("users/?page_size=7&ordering={ordering}"),
            async || (),
        )
        .await;
        seen.sort_unstable();
        assert_eq!(seen, everybody, "{ordering}");
    }
    app.stop().await;
}

#[tokio::test]
async fn the_way_back_is_the_way_there() {
    let app = start().await;
    let ann = user(&app).await;
    crowd(&app, &ann, 20).await;
    for ordering in ["", "name", "-name,handle"] {
        let mut pages = vec![
            ann.client
                .get(&format!("users/?page_size=4&ordering={ordering}"))
                .await
                .expect(200),
        ];
        while let Some(next) = pages[pages.len() - 1]["next"].as_str() {
            pages.push(ann.client.get(next).await.expect(200));
        }
        assert_eq!(pages.len(), 6);
        let mut at = pages.len() - 1;
        let mut page = pages[at].clone();
        while let Some(previous) = page["previous"].as_str() {
            page = ann.client.get(previous).await.expect(200);
            at -= 1;
            assert_eq!(page["results"], pages[at]["results"], "{ordering}");
        }
        assert_eq!(at, 0);
    }
    app.stop().await;
}

#[tokio::test]
async fn links_repeat_the_other_parameters() {
    let app = start().await;
    let ann = user(&app).await;
    crowd(&app, &ann, 5).await;
    let page = ann
        .client
        .get("users/?search=twin&page_size=2&unknown=%C3%A4+%26&ordering=handle")
        .await
        .expect(200);
    let next = page["next"].as_str().expect("has a next page");
    let start = format!("{}/api/v1/users/?cursor=", app.url);
    assert!(
        next.starts_with(&start)
            && next.ends_with("&ordering=handle&page_size=2&search=twin&unknown=%C3%A4+%26"),
        "{next}"
    );
    app.stop().await;
}

#[tokio::test]
async fn the_whole_link_is_a_cursor() {
    let app = start().await;
    let ann = user(&app).await;
    crowd(&app, &ann, 5).await;
    let first = ann.client.get("users/?page_size=2").await.expect(200);
    let next = first["next"].as_str().expect("has a next page");
    let second = ann.client.get(next).await.expect(200);
    let escaped: String = next.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let same = ann
        .client
        .get(&format!("users/?page_size=2&cursor={escaped}"))
        .await
        .expect(200);
    assert_eq!(same, second);
    for wrong in [
        "http%3A%2F%2Fevil.example%2F",
        "http%3A%2F%2Fevil.example%2F%3Fcursor%3Dzzz",
        "%3Fcursor%3D",
    ] {
        ann.client
            .get(&format!("users/?cursor={wrong}"))
            .await
            .expect(404);
    }
    app.stop().await;
}

#[tokio::test]
async fn cursors_that_were_not_made_here() {
    let app = start().await;
    let ann = user(&app).await;
    crowd(&app, &ann, 5).await;
    let invalid = json!({ "detail": "Invalid cursor" });
    // Undecodable; "o=-1"; "p=x"; "[]"; "[false,[]]"; "[false,["x",1]]"; "[false,[99999999999999999999,1]]"; "[false,[1e999,1]]";
    // "[false,[-1,1]]"; "[false,[null,null]]"; "{"a":1}"
    for forged in [
        "zzz",
        "%25",
        "bz0tMQ",
        "cD14",
        "W10",
        "W2ZhbHNlLFtdXQ",
        "W2ZhbHNlLFsieCIsMV1d",
        "W2ZhbHNlLFs5OTk5OTk5OTk5OTk5OTk5OTk5OSwxXV0",
        "W2ZhbHNlLFsxZTk5OSwxXV0",
        "W2ZhbHNlLFstMSwxXV0",
        "W2ZhbHNlLFtudWxsLG51bGxdXQ",
        "eyJhIjoxfQ",
        "ü",
    ] {
        assert_eq!(
            ann.client
                .get(&format!("users/?cursor={forged}"))
                .await
                .expect(404),
            invalid,
            "{forged}"
        );
    }
    // Made for another order.
    let page = ann
        .client
        .get("users/?page_size=2&ordering=name")
        .await
        .expect(200);
    let (_, query) = page["next"]
        .as_str()
        .and_then(|next| next.split_once('?'))
        .expect("has a next page");
    let cursor = query
        .split('&')
        .find(|part| part.starts_with("cursor="))
        .expect("has a cursor");
    assert_eq!(
        ann.client.get(&format!("users/?{cursor}")).await.expect(404),
        invalid
    );
    app.stop().await;
}
