//! Searches that nobody means.

use serde_json::json;

use super::{Searched, found, post, profile, search};
use crate::support::user;

#[tokio::test]
async fn a_search_needs_a_text() {
    for searched in Searched::all().await {
        let ann = user(&searched.app).await;
        for what in ["users", "posts"] {
            for parameters in [&[][..], &[("q", "")], &[("q", " \t")], &[("search", "x")]] {
                let answer = search(&ann.client, what, parameters).await.expect(404);
                assert_eq!(answer, json!({ "detail": "Query required" }), "{parameters:?}");
            }
            let path = format!("search/{what}/?q=x");
            searched.app.client().get(&path).await.expect(401);
            for method in ["POST", "PUT", "PATCH", "DELETE"] {
                ann.client.call(method, &path).await.expect(405);
            }
        }
        searched.app.stop().await;
    }
}

#[tokio::test]
async fn no_text_breaks_an_engine() {
    let long = "ab\"'%_\\ ქ🎉".repeat(1000);
    let texts = [
        "a\0b",
        "\0",
        "\"",
        "\"\"",
        "'",
        "''; DROP TABLE users; --",
        "a\" OR \"b",
        "names:x",
        "text : x",
        "x*",
        "^x",
        "NEAR(a b)",
        "AND",
        "NOT",
        "a AND NOT b",
        "(",
        ")",
        "{a b}:c",
        "-",
        "--",
        "/*",
        "\\",
        "%%%",
        "___",
        "$1",
        "?1",
        ":x",
        "\u{feff}",
        "\u{202e}abc",
        "ﬀ",
        "\u{fffd}",
        "a\u{300}\u{301}\u{302}",
        "&",
        "|",
        "!",
        "<->",
        ":*",
        "'a':*",
        &long,
    ];
    for searched in Searched::all().await {
        let ann = user(&searched.app).await;
        post(&ann, "a plain text").await;
        for text in texts {
            for what in ["users", "posts"] {
                for mode in ["part", "words"] {
                    for form in [("limit", "5"), ("page_size", "5")] {
                        let answer = search(&ann.client, what, &[("q", text), ("mode", mode), form]).await;
                        let name = text.chars().take(40).collect::<String>();
                        let is_fine = answer.status == 200 || (answer.status == 404 && name == "\u{feff}");
                        assert!(is_fine, "{what} {mode} {name:?}: {answer:?}");
                    }
                }
            }
        }
        searched.app.stop().await;
    }
}

#[tokio::test]
async fn long_texts_are_found_whole() {
    let [searched, other] = Searched::all().await;
    other.app.stop().await;
    let ann = user(&searched.app).await;
    let text = "All work and no play makes Jack a dull boy. ".repeat(220);
    let text = text.trim();
    let (one, two) = (
        post(&ann, text).await,
        post(&ann, &format!("{text} Twice!")).await,
    );
    assert_eq!(found(&ann.client, "posts", text).await, [two, one]);
    assert_eq!(found(&ann.client, "posts", &format!("{text} TWICE")).await, [two]);
    assert_eq!(
        found(&ann.client, "posts", &format!("{text} Thrice")).await,
        [0; 0]
    );
    searched.app.stop().await;
}

#[tokio::test]
async fn quotation_marks_are_literal() {
    for searched in Searched::all().await {
        let ann = user(&searched.app).await;
        profile(&ann, json!({ "bio": "they say \"hello\" OR bye" })).await;
        searched.settle().await;
        assert_eq!(found(&ann.client, "users", "\"hello\" or").await, [ann.id]);
        searched.app.stop().await;
    }
}
