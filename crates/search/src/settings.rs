//! The settings of this domain.

use platform::config::{Secret, Setting};

platform::settings! {
    /// OpenSearch.
    pub struct OpenSearchSettings, "Search" {
        /// Host of an OpenSearch server, without scheme and port. Blank: the database alone is searched. Indexes that it lacks are made and filled from the database; `selflink reindex-search` fills them anew.
        host: String = ["OPENSEARCH_HOST"] or "",
        /// `false`: no OpenSearch even if a host is set.
        enabled: bool = ["OPENSEARCH_ENABLED"] or "true",
        /// Its port.
        port: u16 = ["OPENSEARCH_PORT"] or "9200",
        /// `http` or `https`.
        scheme: Scheme = ["OPENSEARCH_SCHEME"] or "http",
        /// Name that it knows us by.
        username: String = ["OPENSEARCH_USERNAME", "OPENSEARCH_USER"] or "admin",
        /// The password to it.
        password: Secret = ["OPENSEARCH_PASSWORD"] or "admin",
        /// Milliseconds that it may take for a search before the database answers instead.
        timeout_millis: u64 = ["OPENSEARCH_TIMEOUT_MILLIS"] or "1000",
    }
}

/// How OpenSearch is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    Http,
    Https,
}

impl Scheme {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

impl Setting for Scheme {
    const KIND: &'static str = "`http` or `https`";
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "http" => Ok(Self::Http),
            "https" => Ok(Self::Https),
            _ => Err(format!("must be http or https; got {text:?}")),
        }
    }
}
