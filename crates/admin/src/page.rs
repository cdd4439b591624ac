//! The frame of every page.

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use maud::{DOCTYPE, Markup, html};
use platform::http::{ApiError, Paginated};

use crate::{csrf, gate::Staff};

/// Where the style is.
pub const STYLE_PATH: &str = "/admin/style.css";

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:0 auto;padding:0 1rem 3rem;color:#222;background:#fafafa}\
    header{display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;align-items:center;border-bottom:1px solid #ccc;padding:.7rem 0}\
    header form{margin-left:auto}a{color:#1c5cc0}table{border-collapse:collapse;width:100%}\
    td,th{text-align:left;vertical-align:top;padding:.3rem .9rem .3rem 0;border-bottom:1px solid #ddd}\
    input,select,textarea,button{font:inherit;padding:.2rem .4rem}textarea{width:100%;min-height:4rem}\
    form.block{display:grid;gap:.5rem;max-width:40rem;margin:1rem 0;padding:1rem;border:1px solid #ccc;border-radius:.3rem}\
    form.inline{display:inline}label{display:block}pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#eceff3;padding:.6rem}\
    .problem{background:#fde8e8;border:1px solid #d88;padding:.6rem}.quiet{color:#666}\
    @media(prefers-color-scheme:dark){body{color:#ddd;background:#181a1e}a{color:#8ab4ff}pre{background:#2a2e35}\
    .problem{background:#4a2020}.quiet{color:#aaa}}";

/// Nothing is loaded but the style, nothing runs, forms go nowhere else, and nobody frames the page.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The style, for the browser to keep.
pub async fn style() -> impl IntoResponse {
    (
        [
            (header::CONTENT_TYPE, "text/css; charset=utf-8"),
            (header::CACHE_CONTROL, "max-age=3600"),
        ],
        STYLE,
    )
}

/// A page of somebody who has signed in.
pub fn page(staff: &Staff, title: &str, content: &Markup) -> Response {
    let header = html! {
        header {
            a href="/admin/" { "Home" }
            a href="/admin/moderation/" { "Queue" }
            a href="/admin/moderation/reports/" { "Reports" }
            a href="/admin/moderation/enforcements/" { "Decisions" }
            a href="/admin/moderation/appeals/" { "Appeals" }
            a href="/admin/flags/" { "Feature flags" }
            a href="/admin/audit/" { "Audit trail" }
            a href="/admin/groups/" { "Groups" }
            a href="/admin/jobs/" { "Jobs" }
            @if staff.viewer.is_superuser { a href="/admin/people/" { "People" } }
            form method="post" action="/admin/logout/" { (hidden(staff)) button { "Sign out" } }
        }
    };
    answer(StatusCode::OK, frame(title, &header, content))
}

/// A page of nobody in particular.
pub fn plain(status: StatusCode, title: &str, content: &Markup) -> Response {
    answer(status, frame(title, &html! {}, content))
}

fn frame(title: &str, header: &Markup, content: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " – SelfLink administration" }
                link rel="stylesheet" href=(STYLE_PATH);
            }
            body {
                (header)
                h1 { (title) }
                (content)
            }
        }
    };
    page.into_string()
}

fn answer(status: StatusCode, page: String) -> Response {
    let headers: [(HeaderName, HeaderValue); 3] = [
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            HeaderValue::from_static("same-origin"),
        ),
    ];
    (status, headers, Html(page)).into_response()
}

/// What every form of a session carries.
pub fn hidden(staff: &Staff) -> Markup {
    html! { input type="hidden" name=(csrf::FIELD) value=(staff.csrf); }
}

/// A form of one button.
pub fn button(staff: &Staff, action: &str, fields: &[(&str, &str)], label: &str) -> Markup {
    html! {
        form.inline method="post" action=(action) {
            (hidden(staff))
            @for (name, value) in fields { input type="hidden" name=(name) value=(value); }
            button { (label) }
        }
    }
}

/// The way to the pages before and after.
pub fn links<T>(page: &Paginated<T>) -> Markup {
    html! {
        p {
            @if let Some(previous) = &page.previous { a href=(previous) { "← Previous" } " " }
            @if let Some(next) = &page.next { a href=(next) { "Next →" } }
        }
    }
}

/// A moment, to the second.
pub fn moment(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// The same for one that may be missing.
pub fn moment_if_any(at: Option<DateTime<Utc>>) -> String {
    at.map_or_else(|| "–".to_owned(), moment)
}

/// Something that went wrong, as a page.
pub struct Problem(ApiError);

impl<E: Into<ApiError>> From<E> for Problem {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let title = match self.0.status() {
            StatusCode::FORBIDDEN => "Not allowed",
            StatusCode::NOT_FOUND => "Not found",
            StatusCode::TOO_MANY_REQUESTS => "Too many attempts",
            status if status.is_server_error() => "Something went wrong",
            _ => "This did not work",
        };
        plain(
            self.0.status(),
            title,
            &html! {
                p.problem { (self.0.sentence()) }
                p { a href="/admin/" { "To the start of the administration" } }
            },
        )
    }
}
