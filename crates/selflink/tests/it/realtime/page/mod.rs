//! The page `/realtime/` in a real browser.

mod browser;

use platform::testing::{Client, TestDatabase};
use serde_json::json;

use self::browser::{Browser, Window};
use super::wire::Wire;
use crate::{
    program::{Program, selflink},
    support::PASSWORD,
};

/// The texts of the messages, in their order on the page.
const TEXTS: &str = "[...document.querySelectorAll('#messages li')].map((line) => line.textContent)";
const STATE: &str = "document.getElementById('state').textContent";
const TYPING: &str = "document.getElementById('typing').textContent";
const OWN_STATUS: &str =
    "[...document.querySelectorAll('#messages .own')].map((line) => line.dataset.status)";

#[tokio::test]
async fn two_people_talk_in_two_windows_across_a_cut_network() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let database = TestDatabase::create().await;
    let server = Program::start(selflink(&database, &["serve", "--bind", "127.0.0.1:0"])).await;
    for handle in ["ann", "ben"] {
        register(&server.url, handle).await;
    }
    let wire = Wire::to(&server.url).await;
    let ann = enter(&browser, &server.url, "ann", "ben").await;
    let ben = enter(&browser, &wire.url(), "ben", "ann").await;

    ann.submit("#write input", "Hello Ben").await;
    ben.shows(TEXTS, &json!(["Hello Ben"])).await;
    ann.shows(OWN_STATUS, &json!(["read"])).await;
    let markup = "<img src=x onerror=alert(1)>";
    ben.submit("#write input", markup).await;
    ann.shows(TEXTS, &json!(["Hello Ben", markup])).await;
    ann.write("#write input", "I am").await;
    ben.shows(TYPING, &json!("ann is typing…")).await;
    ben.shows(TYPING, &json!("")).await;

    wire.cut();
    ben.shows(&format!("{STATE}.startsWith('offline')"), &json!(true))
        .await;
    ann.submit("#write input", " here").await;
    ann.submit("#write input", "and you?").await;
    ben.submit("#write input", "me too").await;
    ben.shows(&format!("{OWN_STATUS}.at(-1)"), &json!("pending"))
        .await;
    wire.mend();
    let everything = json!(["Hello Ben", markup, "I am here", "and you?", "me too"]);
    ben.shows(TEXTS, &everything).await;
    ann.shows(TEXTS, &everything).await;
    ben.shows(OWN_STATUS, &json!(["read", "read"])).await;
    ann.shows(OWN_STATUS, &json!(["read", "read", "read"])).await;
    assert_eq!(ben.read(STATE).await, "online");

    ann.close().await;
    ben.close().await;
}

async fn register(url: &str, handle: &str) {
    let body = json!({
        "email": format!("{handle}@example.com"), "password": PASSWORD, "handle": handle, "name": handle,
    });
    Client::new(url).post("auth/register/", &body).await.expect(201);
}

/// Signs in and opens the conversation with somebody.
async fn enter(browser: &Browser, url: &str, handle: &str, partner: &str) -> Window {
    let window = browser.open(&format!("{url}/realtime/")).await;
    window
        .write("#sign-in [name=email]", &format!("{handle}@example.com"))
        .await;
    window.submit("#sign-in [name=password]", PASSWORD).await;
    window.shows(STATE, &json!("online")).await;
    window.submit("#open input", partner).await;
    window
        .shows("document.getElementById('chat').hidden", &json!(false))
        .await;
    window
}

#[tokio::test]
async fn the_page_lets_nothing_in_from_elsewhere() {
    let database = TestDatabase::create().await;
    let server = Program::start(selflink(&database, &["serve", "--bind", "127.0.0.1:0"])).await;
    for path in ["/realtime/", "/realtime/chat.js", "/realtime/chat.css"] {
        let answer = reqwest::get(format!("{}{path}", server.url))
            .await
            .expect("answers");
        assert_eq!(answer.status(), 200, "{path}");
        let policy = answer.headers()["content-security-policy"]
            .to_str()
            .expect("is text");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self';"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff", "{path}");
        let text = answer.text().await.expect("is text");
        assert!(!text.contains(" onclick=") && !text.contains("<style"), "{path}");
    }
}
