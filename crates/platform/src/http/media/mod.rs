//! `/media/`: uploaded files from the local folder, for instances without a web server in front.

mod range;
mod types;

use std::{
    fs::{File, Metadata},
    io,
    ops::Range,
    path::Path,
    time::UNIX_EPOCH,
};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use percent_encoding::percent_decode_str;

use self::range::Wanted;
use super::{ApiError, access::method_not_allowed, conditional::names_tag};
use crate::{app::App, storage::pieces_of};

/// Names are never reused, so what was fetched once stays right.
const CACHE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Whatever a file turns out to be: it runs nothing and loads nothing.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; media-src 'self'; sandbox");

/// Public, with ranges for videos; folders, hidden files and everything outside of the root are 404.
pub(super) fn files() -> Router<App> {
    Router::new()
        .route("/media/{*key}", get(file))
        .method_not_allowed_fallback(method_not_allowed)
}

/// A file that is open.
struct Opened {
    file: File,
    length: u64,
    tag: HeaderValue,
}

async fn file(State(app): State<App>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().strip_prefix("/media/").unwrap_or_default();
    let Some(key) = key_of(path) else {
        return ApiError::not_found().into_response();
    };
    let (root, name) = (app.config().media_root(), key.clone());
    let opened = tokio::task::spawn_blocking(move || open(&root, &name)).await;
    match opened.unwrap_or_else(|panic| Err(io::Error::other(panic))) {
        Ok(Some(opened)) => answer(&method, &headers, &key, opened),
        Ok(None) => ApiError::not_found().into_response(),
        Err(error) => ApiError::internal(&error).into_response(),
    }
}

/// The decoded path, if it can lead to a file that is served. Files that are still being written, and those that nobody has
/// looked into yet, lie in hidden folders.
fn key_of(path: &str) -> Option<String> {
    let key = percent_decode_str(path).decode_utf8().ok()?;
    let is_plain = key
        .split('/')
        .all(|part| !part.is_empty() && !part.starts_with('.') && !part.contains(['\\', '\0']));
    is_plain.then(|| key.into_owned())
}

/// Opens a file below `root`; `None` if there is none, or if links lead out of the root.
fn open(root: &Path, key: &str) -> io::Result<Option<Opened>> {
    // What cannot be resolved is not there, for whatever reason.
    let resolved = |path: &Path| path.canonicalize().ok();
    let Some(root) = resolved(root) else {
        return Ok(None);
    };
    let Some(path) = resolved(&root.join(key)).filter(|path| path.starts_with(&root)) else {
        return Ok(None);
    };
    // Not before it is known what it is: a pipe would wait for its writer.
    if !std::fs::metadata(&path)?.is_file() {
        return Ok(None);
    }
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    Ok(Some(Opened {
        length: metadata.len(),
        tag: tag_of(&metadata)?,
        file,
    }))
}

fn tag_of(metadata: &Metadata) -> io::Result<HeaderValue> {
    let changed = metadata.modified()?.duration_since(UNIX_EPOCH);
    let changed = changed.map_or(0, |since| since.as_nanos());
    let tag = format!("\"{:x}-{changed:x}\"", metadata.len());
    HeaderValue::from_str(&tag).map_err(io::Error::other)
}

fn answer(method: &Method, request: &HeaderMap, key: &str, opened: Opened) -> Response {
    let Opened { file, length, tag } = opened;
    let text = tag.to_str().unwrap_or_default();
    let mut response = if names_tag(request, text) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        match range::wanted(method, request, text, length) {
            Wanted::Whole => part(StatusCode::OK, method, file, 0..length),
            Wanted::Part(range) => {
                let place = format!("bytes {}-{}/{length}", range.start, range.end - 1);
                let mut response = part(StatusCode::PARTIAL_CONTENT, method, file, range);
                set(&mut response, header::CONTENT_RANGE, &place);
                response
            }
            Wanted::Nothing => {
                let mut response = StatusCode::RANGE_NOT_SATISFIABLE.into_response();
                set(&mut response, header::CONTENT_RANGE, &format!("bytes */{length}"));
                return response;
            }
        }
    };
    let kind = types::of(key);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(kind.unwrap_or(types::UNKNOWN)),
    );
    if kind.is_none() {
        headers.insert(
            header::CONTENT_DISPOSITION,
            HeaderValue::from_static("attachment"),
        );
    }
    for (name, value) in [
        (header::ETAG, tag),
        (header::CACHE_CONTROL, CACHE),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::ACCEPT_RANGES, HeaderValue::from_static("bytes")),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
    ] {
        headers.insert(name, value);
    }
    response
}

fn set(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

fn part(status: StatusCode, method: &Method, file: File, range: Range<u64>) -> Response {
    let length = range.end - range.start;
    let body = if *method == Method::HEAD {
        Body::empty()
    } else {
        Body::from_stream(pieces_of(file, range))
    };
    let mut response = (status, body).into_response();
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, length.into());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_paths_lead_to_files() {
        assert_eq!(
            key_of("posts/images/a%20b.png").as_deref(),
            Some("posts/images/a b.png")
        );
        for bad in [
            "",
            "/",
            "a/",
            "/a",
            "a//b",
            "..",
            "a/../b",
            "%2e%2e/a",
            "a/..%2fb",
            ".hidden",
            "a/.b/c",
            "%2eincoming/a",
            "a%00b",
            "a%5cb",
            "%ff",
        ] {
            assert_eq!(key_of(bad), None, "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_path_leads_out(path: String) {
            if let Some(key) = key_of(&path) {
                proptest::prop_assert!(Path::new(&key).components().all(|part| matches!(part, std::path::Component::Normal(_))));
            }
        }
    }
}
