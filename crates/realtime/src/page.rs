//! `/realtime/`: a conversation in the browser, in which the protocol of the gateway can be seen at work. For development:
//! production has clients of its own.

use axum::{
    Router,
    http::{HeaderName, HeaderValue, header},
    response::{Html, IntoResponse},
    routing::get,
};
use maud::{DOCTYPE, html};
use platform::App;

const SCRIPT: &str = include_str!("page/chat.js");
const STYLE: &str = include_str!("page/chat.css");

/// Only this script and this style are loaded, they speak to this host alone, and nobody frames the page. Forms are handled by
/// the script: sent by the browser itself they would carry a password in the address.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'none'; \
                      frame-ancestors 'none'; base-uri 'none'";

/// The page with its script and its style.
pub fn page() -> Router<App> {
    Router::new()
        .route("/realtime/", get(document))
        .route(
            "/realtime/chat.js",
            get(|| async { asset("text/javascript; charset=utf-8", SCRIPT) }),
        )
        .route(
            "/realtime/chat.css",
            get(|| async { asset("text/css; charset=utf-8", STYLE) }),
        )
}

async fn document() -> impl IntoResponse {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "SelfLink realtime" }
                link rel="stylesheet" href="/realtime/chat.css";
                script src="/realtime/chat.js" defer {}
            }
            body {
                h1 { "Realtime" }
                p {
                    "Two windows, two people: what one writes, the other reads. The "
                    a href="/realtime/chat.js" { "script" } " is written to be read, too."
                }
                p #state .quiet role="status" { "not signed in" }
                form #sign-in {
                    input name="email" type="email" placeholder="E-mail" autocomplete="username" required;
                    input name="password" type="password" placeholder="Password" autocomplete="current-password" required;
                    button { "Sign in" }
                }
                form #open hidden {
                    input name="handle" placeholder="Handle of whom to write to" autocomplete="off" required;
                    button { "Open" }
                }
                section #chat hidden {
                    p #presence .quiet {}
                    ol #messages {}
                    p #typing .quiet {}
                    form #write {
                        input name="body" placeholder="Message" autocomplete="off";
                        button { "Send" }
                    }
                }
            }
        }
    };
    (headers(), Html(page.into_string()))
}

fn asset(kind: &'static str, text: &'static str) -> impl IntoResponse {
    (headers(), [(header::CONTENT_TYPE, kind)], text)
}

fn headers() -> [(HeaderName, HeaderValue); 4] {
    let value = HeaderValue::from_static;
    [
        (header::CONTENT_SECURITY_POLICY, value(POLICY)),
        (header::X_CONTENT_TYPE_OPTIONS, value("nosniff")),
        (header::REFERRER_POLICY, value("no-referrer")),
        (header::CACHE_CONTROL, value("no-cache")),
    ]
}
