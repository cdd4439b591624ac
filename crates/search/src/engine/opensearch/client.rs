//! Speaking to OpenSearch: what counts as an answer, as a refusal, as being away.

use std::time::Duration;

use opensearch::{
    auth::Credentials,
    http::{
        Method, StatusCode,
        headers::HeaderMap,
        request::{JsonBody, NdBody},
        transport::{SingleNodeConnectionPool, Transport, TransportBuilder},
    },
};
use serde_json::Value;
use url::Url;

use crate::{engine::EngineError, settings::OpenSearchSettings};

/// Longest refusal that is repeated in a log, in characters.
const LONGEST_ECHO: usize = 300;

/// A connection to OpenSearch.
pub struct Client(Transport);

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

    /// Connects when it is first asked something.
    pub fn open(settings: &OpenSearchSettings) -> Result<Self, EngineError> {
        platform::tls::use_ring();
        let url =
            Self::url(settings).ok_or_else(|| EngineError::Away("OPENSEARCH_HOST is no host".to_owned()))?;
        let mut builder = TransportBuilder::new(SingleNodeConnectionPool::new(url)).disable_proxy();
        if !settings.username.is_empty() {
            builder = builder.auth(Credentials::Basic(
                settings.username.clone(),
                settings.password.expose().to_owned(),
            ));
        }
        let transport = builder
            .build()
            .map_err(|error| EngineError::Away(error.to_string()))?;
        Ok(Self(transport))
    }

    /// Sends lines of JSON (one is a plain body) and reads the answer.
    pub async fn send(
        &self,
        (method, path): (Method, &str),
        lines: Vec<Value>,
        patience: Duration,
    ) -> Result<Value, EngineError> {
        let body = NdBody::new(lines.into_iter().map(JsonBody::new).collect());
        let sent = self.0.send(
            method,
            path,
            HeaderMap::new(),
            None::<&()>,
            Some(body),
            Some(patience),
        );
        let response = sent.await.map_err(away)?;
        let status = response.status_code();
        // Also of one that trickles in.
        let read = tokio::time::timeout(patience, response.text()).await;
        let text = read.map_err(away)?.map_err(away)?;
        if status.is_success() {
            return serde_json::from_str(&text)
                .map_err(|_| EngineError::Away("an answer that cannot be understood".to_owned()));
        }
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

fn away(error: impl std::error::Error) -> EngineError {
    let mut why = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        why = format!("{why}: {error}");
        cause = error.source();
    }
    EngineError::Away(why)
}
