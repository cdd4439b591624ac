//! The front door of an instance: the page at `/` and the lines that `serve` prints.

use std::{fmt::Write as _, net::SocketAddr, sync::Arc};

use axum::{Router, extract::Extension, response::Html, routing::get};
use identity::DemoAccount;
use maud::{DOCTYPE, html};
use platform::App;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:3rem auto;padding:0 1rem;color:#222;background:#fafafa}\
    h1{margin-bottom:0}a{color:#1c5cc0}code,td,th{font-size:.95em}code{background:#eceff3;padding:.1em .3em;border-radius:.2em}\
    table{border-collapse:collapse}td,th{text-align:left;padding:.2rem 1.2rem .2rem 0}\
    @media(prefers-color-scheme:dark){body{color:#ddd;background:#181a1e}a{color:#8ab4ff}code{background:#2a2e35}}";

/// `/`: what runs here, and where to go.
pub fn page(demo: &[DemoAccount], has_demonstration: bool) -> Router<App> {
    let rendered: Arc<str> = render(demo, has_demonstration).into();
    Router::new()
        .route(
            "/",
            get(|Extension(page): Extension<Arc<str>>| async move { Html(page.to_string()) }),
        )
        .layer(Extension(rendered))
}

fn render(demo: &[DemoAccount], has_demonstration: bool) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "SelfLink" }
                style { (STYLE) }
            }
            body {
                h1 { "SelfLink" }
                p { "This is the backend of a SelfLink instance, version " (env!("CARGO_PKG_VERSION")) "." }
                ul {
                    li { a href="/api/docs/" { "API documentation" } " – every endpoint, to read and to try out" }
                    li { a href="/api/schema/?format=json" { "OpenAPI description" } }
                    @if has_demonstration {
                        li { a href="/realtime/" { "Realtime" } " – a conversation of two windows, for a look at the gateway's protocol" }
                    }
                    li { a href="/health/ready" { "Health" } " – whether database, Redis and storage answer" }
                    li { a href="/metrics" { "Metrics" } " – for Prometheus" }
                }
                @if !demo.is_empty() {
                    h2 { "Demo accounts" }
                    table {
                        tr { th { "e-mail" } th { "password" } }
                        @for account in demo {
                            tr { td { code { (account.email) } } td { code { (account.password) } } }
                        }
                    }
                    p {
                        "In the documentation, try " code { "POST /api/v1/auth/login/" } ", copy the " code { "token" }
                        " of the answer, press " em { "Authorize" } " and paste it."
                    }
                }
            }
        }
    };
    page.into_string()
}

/// What `serve` prints once it listens.
pub fn banner(address: SocketAddr, has_gateway: bool, demo: &[DemoAccount]) -> String {
    let host = if address.ip().is_unspecified() {
        "localhost".to_owned()
    } else {
        address.ip().to_string()
    };
    let base = format!("{host}:{}", address.port());
    let mut text = format!("\nSelfLink is running\n  start page  http://{base}/\n");
    let _ = writeln!(text, "  API         http://{base}/api/v1/");
    let _ = writeln!(text, "  docs        http://{base}/api/docs/");
    let _ = writeln!(text, "  metrics     http://{base}/metrics");
    if has_gateway {
        let _ = writeln!(text, "  realtime    ws://{base}/ws");
    }
    for account in demo {
        let _ = writeln!(text, "  demo        {}  {}", account.email, account.password);
    }
    text.push('\n');
    text
}
