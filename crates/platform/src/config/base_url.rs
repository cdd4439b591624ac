//! Where another service's endpoints begin.

use super::Setting;

/// The URL that a service's endpoints begin with, without a slash at its end: `https`, or `http` on this machine.
#[derive(Debug, Clone)]
pub struct BaseUrl(String);

impl BaseUrl {
    /// The URL of an endpoint.
    pub fn with(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

impl Setting for BaseUrl {
    const KIND: &'static str = "URL";
    fn parse(text: &str) -> Result<Self, String> {
        let url = url::Url::parse(text).map_err(|error| format!("must be a URL: {error}"))?;
        let is_local = ["localhost", "127.0.0.1", "[::1]"].contains(&url.host_str().unwrap_or_default());
        if url.scheme() != "https" && !(url.scheme() == "http" && is_local) {
            return Err("must begin with https:// as secrets travel to it".to_owned());
        }
        if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
            return Err("must hold nothing but scheme, host and path".to_owned());
        }
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }
}
