//! Speaking to OpenSearch: what counts as an answer, as a refusal, as being away.

use std::time::Duration;

use platform::config::Secret;
use reqwest::{Method, StatusCode, header::CONTENT_TYPE};
use serde_json::Value;
use url::Url;

use crate::{engine::EngineError, settings::OpenSearchSettings};

/// Longest answer that is read, in bytes: far more than thousands of ids take.
const LARGEST_ANSWER: usize = 16 * 1024 * 1024;
/// Longest refusal that is repeated in a log, in characters.
const LONGEST_ECHO: usize = 300;

/// A connection to OpenSearch.
pub struct Client {
    http: reqwest::Client,
    url: Url,
    credentials: Option<(String, Secret)>,
}

impl Client {
    /// Where it is; `None` if the host is none.
    pub fn url(settings: &OpenSearchSettings) -> Option<Url> {
        let host = settings.host.trim_start_matches('[').trim_end_matches(']');
        let host = if host.parse::<std::net::Ipv6Addr>().is_ok() {
            format!("[{host}]")
        } else {
            host.to_owned()
        };
        let (scheme, port) = (settings.scheme.as_str(), settings.port);
        let url = Url::parse(&format!("{scheme}://{host}:{port}/")).ok()?;
        // What else the text may have held would be elsewhere in the URL.
        let is_host = url
            .host_str()
            .is_some_and(|parsed| parsed.eq_ignore_ascii_case(&host));
        is_host.then_some(url)
    }

    /// Connects when it is first asked something. It follows no redirects: they would carry the password elsewhere.
    pub fn open(settings: &OpenSearchSettings) -> Result<Self, EngineError> {
        platform::tls::use_ring();
        let url =
            Self::url(settings).ok_or_else(|| EngineError::Away("OPENSEARCH_HOST is no host".to_owned()))?;
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .user_agent("SelfLink")
            .build()
            .map_err(away)?;
        let credentials = (settings.username.clone(), settings.password.clone());
        Ok(Self {
            http,
            url,
            credentials: (!credentials.0.is_empty()).then_some(credentials),
        })
    }

    /// Sends lines of JSON (one is a plain body) and reads the answer, all within `patience`.
    pub async fn send(
        &self,
        (method, path): (Method, &str),
        lines: Vec<Value>,
        patience: Duration,
    ) -> Result<Value, EngineError> {
        let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.url))
            .header(CONTENT_TYPE, "application/json")
            .timeout(patience)
            .body(body);
        if let Some((name, password)) = &self.credentials {
            request = request.basic_auth(name, Some(password.expose()));
        }
        let mut response = request.send().await.map_err(away)?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(away)? {
            if body.len() + chunk.len() > LARGEST_ANSWER {
                return Err(EngineError::Away("an answer that is too large".to_owned()));
            }
            body.extend_from_slice(&chunk);
        }
        if status.is_success() {
            return serde_json::from_slice(&body)
                .map_err(|_| EngineError::Away("an answer that cannot be understood".to_owned()));
        }
        let text = String::from_utf8_lossy(&body);
        let echo: String = text.chars().take(LONGEST_ECHO).collect();
        let why = format!("{status} {echo}");
        // Whom it does not know, or what it cannot do now, it will refuse again.
        let is_about_us = [
            StatusCode::UNAUTHORIZED,
            StatusCode::FORBIDDEN,
            StatusCode::REQUEST_TIMEOUT,
            StatusCode::TOO_MANY_REQUESTS,
        ];
        if status.is_client_error() && !is_about_us.contains(&status) && text.trim_start().starts_with('{') {
            Err(EngineError::Refused(why))
        } else {
            Err(EngineError::Away(why))
        }
    }
}

fn away(error: reqwest::Error) -> EngineError {
    let mut why = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        why = format!("{why}: {error}");
        cause = error.source();
    }
    EngineError::Away(why)
}
