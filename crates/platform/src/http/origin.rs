//! Where a request comes from, and how its sender addresses the instance.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, Uri, header, request::Parts},
};
use ipnet::IpNet;

use super::ApiError;
use crate::{app::App, config::HttpSettings};

/// The address of the other end of the connection; put into each request by the server.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// Where a request comes from.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The client's address: that of the connection, or the last one in `X-Forwarded-For` that is no trusted proxy.
    pub address: IpAddr,
    /// The first address in `X-Forwarded-For` of a trusted proxy, else the client's address: what the limits of sign-in count by.
    pub claimed_address: IpAddr,
    /// Scheme and host under which the client reached the instance, for absolute URLs in answers: no slash at the end.
    pub base_url: String,
}

impl Origin {
    pub(crate) fn of(headers: &HeaderMap, uri: &Uri, peer: Option<Peer>, http: &HttpSettings) -> Self {
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.0.ip().to_canonical());
        let forwarded = if is_trusted(peer, &http.trusted_proxies) {
            forwarded_for(headers)
        } else {
            Vec::new()
        };
        let proto = headers
            .get("x-forwarded-proto")
            .and_then(|value| value.to_str().ok());
        let scheme = if is_trusted(peer, &http.trusted_proxies) && proto == Some("https") {
            "https"
        } else {
            "http"
        };
        let host = host_of(headers, uri).unwrap_or("localhost");
        Self {
            address: forwarded
                .iter()
                .rev()
                .copied()
                .find(|address| !is_trusted(*address, &http.trusted_proxies))
                .unwrap_or(peer),
            claimed_address: forwarded.first().copied().unwrap_or(peer),
            base_url: match http.public_base_url.trim_end_matches('/') {
                "" => format!("{scheme}://{host}"),
                base => base.to_owned(),
            },
        }
    }
}

impl Origin {
    /// The URL of a stored file as this client can fetch it: that of a local folder is a path, and gets the host.
    pub fn absolute(&self, url: String) -> String {
        if url.starts_with('/') {
            format!("{}{url}", self.base_url)
        } else {
            url
        }
    }
}

impl FromRequestParts<App> for Origin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let peer = parts.extensions.get::<Peer>().copied();
        Ok(Self::of(&parts.headers, &parts.uri, peer, &app.config().http))
    }
}

fn is_trusted(address: IpAddr, proxies: &[IpNet]) -> bool {
    proxies.iter().any(|network| network.contains(&address))
}

fn forwarded_for(headers: &HeaderMap) -> Vec<IpAddr> {
    let values = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .filter_map(|item| item.trim().parse().ok())
        .collect()
}

/// The host that the client asked for, with its port.
fn host_of<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Option<&'a str> {
    let sent = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    sent.or_else(|| uri.authority().map(axum::http::uri::Authority::as_str))
}

/// Whether the instance answers to the host that was asked for.
pub(super) fn is_allowed_host(headers: &HeaderMap, uri: &Uri, allowed: &[String]) -> bool {
    if allowed.iter().any(|host| host == "*") {
        return true;
    }
    let Some(host) = host_of(headers, uri) else {
        return false;
    };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    allowed.iter().any(|allowed| match allowed.strip_prefix('.') {
        // ".example.org" stands for the domain and everything below it.
        Some(domain) => {
            name.eq_ignore_ascii_case(domain)
                || name.to_ascii_lowercase().ends_with(&allowed.to_ascii_lowercase())
        }
        None => name.eq_ignore_ascii_case(allowed),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Environment};

    fn origin(peer: &str, headers: &[(&'static str, &'static str)]) -> Origin {
        let config = Config::read(&Environment::default()).expect("is valid");
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value")))
            .collect();
        let peer = Peer(SocketAddr::new(peer.parse().expect("an address"), 1));
        Origin::of(&headers, &Uri::from_static("/"), Some(peer), &config.http)
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let forwarded = [
            ("x-forwarded-for", "1.1.1.1, 2.2.2.2"),
            ("x-forwarded-proto", "https"),
            ("host", "h.example"),
        ];
        let direct = origin("9.9.9.9", &forwarded);
        assert_eq!(
            (direct.address.to_string().as_str(), direct.base_url.as_str()),
            ("9.9.9.9", "http://h.example")
        );
        let proxied = origin("127.0.0.1", &forwarded);
        assert_eq!(proxied.address.to_string(), "2.2.2.2");
        assert_eq!(proxied.claimed_address.to_string(), "1.1.1.1");
        assert_eq!(proxied.base_url, "https://h.example");
    }

    #[test]
    fn nonsense_in_the_header_is_passed_over() {
        let proxied = origin(
            "::ffff:127.0.0.1",
            &[("x-forwarded-for", "x, 3.3.3.3, 127.0.0.1")],
        );
        assert_eq!(proxied.address.to_string(), "3.3.3.3");
    }

    #[test]
    fn hosts() {
        let allowed = |host: &'static str| {
            let headers = HeaderMap::from_iter([(header::HOST, host.parse().expect("a value"))]);
            is_allowed_host(
                &headers,
                &Uri::from_static("/"),
                &["api.example.org".to_owned(), ".example.net".to_owned()],
            )
        };
        assert!(
            allowed("api.example.org")
                && allowed("API.example.org:443")
                && allowed("a.example.net")
                && allowed("example.net")
        );
        assert!(
            !allowed("example.org") && !allowed("evilexample.net") && !allowed("api.example.org.evil.com")
        );
    }
}
