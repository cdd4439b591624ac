//! Calls to providers: what counts as an answer, as a refusal, as being away.

use reqwest::{
    RequestBuilder, StatusCode, Url,
    header::{CONTENT_TYPE, HeaderMap},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::ProviderError;

/// Longest answer that is read, in bytes.
const LARGEST_ANSWER: usize = 256 * 1024;
/// Longest word of a refusal that is logged, in characters.
const LONGEST_WORD: usize = 60;

/// A successful answer.
pub struct Answer {
    pub headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    /// Its body. The parser's own words would quote it, so they are not passed on.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, ProviderError> {
        serde_json::from_slice(&self.body)
            .map_err(|_| ProviderError::unavailable("an answer that cannot be understood"))
    }
}

/// Sends a request and reads its answer.
pub async fn send(request: RequestBuilder) -> Result<Answer, ProviderError> {
    let failed = |error: reqwest::Error| {
        if error.is_builder() {
            return ProviderError::refused("a token that cannot be written into a header");
        }
        // The URL may hold a token.
        ProviderError::Unavailable(error.without_url().to_string())
    };
    let mut response = request.send().await.map_err(failed)?;
    let (status, headers) = (response.status(), response.headers().clone());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > LARGEST_ANSWER {
            return Err(ProviderError::unavailable("an answer that is too large"));
        }
        body.extend_from_slice(&chunk);
    }
    let is_busy = [StatusCode::TOO_MANY_REQUESTS, StatusCode::REQUEST_TIMEOUT].contains(&status);
    if status.is_success() {
        Ok(Answer { headers, body })
    } else if status.is_client_error() && !is_busy {
        Err(ProviderError::Refused(format!("{status} {}", word(&body))))
    } else {
        Err(ProviderError::Unavailable(status.to_string()))
    }
}

/// The same of an answer that is read at once.
pub async fn ask<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, ProviderError> {
    send(request).await?.read()
}

/// The provider's own word for a refusal: of a fixed vocabulary, so that it can be logged.
fn word(body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let error = &body["error"];
    plain(
        error
            .as_str()
            .or_else(|| error["type"].as_str())
            .unwrap_or_default(),
    )
}

/// What of a text can be logged whoever wrote it.
pub fn plain(text: &str) -> String {
    text.chars()
        .filter(|character| character.is_ascii_alphanumeric() || *character == '_')
        .take(LONGEST_WORD)
        .collect()
}

/// A URL with a query.
pub fn url(base: &str, query: &[(&str, &str)]) -> Result<Url, ProviderError> {
    Url::parse_with_params(base, query).map_err(|_| ProviderError::unavailable("a base URL that is none"))
}

/// Puts a form into a request.
pub fn with_form(request: RequestBuilder, fields: &[(&str, &str)]) -> RequestBuilder {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    request
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_refusals() {
        assert_eq!(word(br#"{"error": "invalid_grant"}"#), "invalid_grant");
        assert_eq!(
            word(br#"{"error": {"type": "OAuthException"}}"#),
            "OAuthException"
        );
        assert_eq!(word(b"<html>"), "");
        assert_eq!(word(br#"{"error": "a\nb c"}"#), "abc");
    }
}
