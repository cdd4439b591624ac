//! `/media/`: uploaded files from the local folder, for instances without a web server in front.

use std::path::PathBuf;

use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
};
use percent_encoding::percent_decode_str;
use tower_http::services::ServeDir;

use super::ApiError;
use crate::app::App;

/// Names are never reused, so what was fetched once stays right.
const CACHE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// Public, with ranges for videos; folders, hidden files and everything outside of the root are 404.
pub(super) fn files(root: PathBuf) -> Router<App> {
    let folder = ServeDir::new(root).append_index_html_on_directories(false);
    Router::new()
        .nest_service("/media", folder)
        .layer(middleware::from_fn(only_files))
}

async fn only_files(request: Request, next: Next) -> Response {
    let path = percent_decode_str(request.uri().path()).collect::<Vec<u8>>();
    // Files that are still being written lie in a hidden folder.
    if path.windows(2).any(|pair| pair == b"/.") || path.ends_with(b"/") {
        return ApiError::not_found().into_response();
    }
    let mut response = next.run(request).await;
    if response.status().is_success() {
        response.headers_mut().insert(header::CACHE_CONTROL, CACHE);
    } else if response.status() == axum::http::StatusCode::NOT_FOUND {
        return ApiError::not_found().into_response();
    }
    response
}
