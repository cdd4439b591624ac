//! The relying party of passkeys: what they are bound to, and from where they may be used.

use platform::config::{Environment, Section, Variable};
use url::{Host, Url};
use webauthn_rs::prelude::{Webauthn, WebauthnBuilder};

use crate::settings::PasskeySettings;

/// What apps show beside the account.
const NAME: &str = "SelfLink";
/// Where a development instance is found.
const LOCAL: (&str, &str) = ("localhost", "http://localhost:8000");
/// The scheme of the origin that an Android app has: `android:apk-key-hash:<hash of its certificate>`.
const ANDROID: &str = "android";

/// The relying party, made from [`PasskeySettings`] and `PUBLIC_BASE_URL` and checked before anything starts.
pub struct RelyingParty(pub Webauthn);

impl Section for RelyingParty {
    const VARIABLES: &'static [Variable] = PasskeySettings::VARIABLES;

    fn read(environment: &Environment, problems: &mut Vec<String>) -> Option<Self> {
        let settings = PasskeySettings::read(environment, problems)?;
        match Self::new(&settings, environment.text("PUBLIC_BASE_URL")) {
            Ok(relying_party) => Some(relying_party),
            Err(problem) => {
                problems.push(problem);
                None
            }
        }
    }
}

impl RelyingParty {
    fn new(settings: &PasskeySettings, base_url: &str) -> Result<Self, String> {
        let public = public_site(base_url);
        let default = public
            .as_ref()
            .map_or(LOCAL, |(host, origin)| (host.as_str(), origin.as_str()));
        let id = Some(settings.rp_id.as_str())
            .filter(|id| !id.is_empty())
            .unwrap_or(default.0);
        let named: Vec<&str> = settings.origins.iter().map(String::as_str).collect();
        let origins = if named.is_empty() { vec![default.1] } else { named };
        let origins = origins
            .into_iter()
            .map(|text| origin(text, id))
            .collect::<Result<Vec<Url>, String>>()?;
        let Some(first) = origins.iter().find(|origin| origin.scheme() != ANDROID) else {
            return Err("PASSKEY_ORIGINS names no web origin such as https://example.org".to_owned());
        };
        let builder = WebauthnBuilder::new(id, first)
            .map_err(|_| format!("PASSKEY_RP_ID ({id}) is not the host of {first} or a domain above it"))?;
        let site = origins
            .iter()
            .filter(|origin| *origin != first)
            .fold(builder.rp_name(NAME), WebauthnBuilder::append_allowed_origin)
            .build();
        site.map(Self)
            .map_err(|error| format!("PASSKEY_RP_ID and PASSKEY_ORIGINS: {error}"))
    }
}

/// Host and origin of a public address that browsers use passkeys on: https and a name, or localhost.
fn public_site(base_url: &str) -> Option<(String, String)> {
    let url = Url::parse(base_url).ok()?;
    let Some(Host::Domain(host)) = url.host() else {
        return None;
    };
    (url.scheme() == "https" || host == LOCAL.0)
        .then(|| (host.to_owned(), url.origin().ascii_serialization()))
}

/// An origin that passkeys of the relying party `id` may be used from.
fn origin(text: &str, id: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|_| {
        format!("PASSKEY_ORIGINS must hold origins such as https://example.org; got {text:?}")
    })?;
    if url.scheme() == ANDROID {
        return Ok(url);
    }
    if url.origin().ascii_serialization() != text.trim_end_matches('/') {
        return Err(format!(
            "PASSKEY_ORIGINS must hold origins such as https://example.org, in lower case and without a path; got {text:?}"
        ));
    }
    let Some(Host::Domain(host)) = url.host() else {
        return Err(format!(
            "PASSKEY_ORIGINS must have host names: passkeys do not work on addresses such as {text}"
        ));
    };
    if host != id && !host.ends_with(&format!(".{id}")) {
        return Err(format!(
            "PASSKEY_RP_ID ({id}) is not the host of {text} of PASSKEY_ORIGINS or a domain above it; set both, or PUBLIC_BASE_URL alone"
        ));
    }
    if url.scheme() != "https" && host != LOCAL.0 {
        return Err(format!(
            "PASSKEY_ORIGINS must be https: browsers refuse passkeys on {text}"
        ));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(id: &str, origins: &[&str], base_url: &str) -> Result<Vec<String>, String> {
        let settings = PasskeySettings {
            rp_id: id.to_owned(),
            origins: origins.iter().map(|origin| (*origin).to_owned()).collect(),
        };
        let relying_party = RelyingParty::new(&settings, base_url)?;
        Ok(relying_party
            .0
            .get_allowed_origins()
            .iter()
            .map(|origin| origin.as_str().trim_end_matches('/').to_owned())
            .collect())
    }

    #[test]
    fn the_public_address_is_the_default() {
        for (base_url, origin) in [
            ("", "http://localhost:8000"),
            ("https://api.example.org/", "https://api.example.org"),
            ("https://example.org:8443", "https://example.org:8443"),
            ("http://localhost:9000", "http://localhost:9000"),
            // Browsers use no passkeys there; the instance works without.
            ("http://192.0.2.1:8000", "http://localhost:8000"),
            ("http://intranet.example.org", "http://localhost:8000"),
        ] {
            assert_eq!(made("", &[], base_url), Ok(vec![origin.to_owned()]), "{base_url}");
        }
    }

    #[test]
    fn several_origins_may_share_a_domain() {
        let android = "android:apk-key-hash:2jmj7l5rSw0yVb_vlWAYkK_YBwk";
        let origins = [android, "https://app.example.org", "https://example.org"];
        let made = made("example.org", &origins, "https://api.example.org").expect("is valid");
        assert_eq!(made.len(), 3);
        assert!(made.contains(&android.to_owned()));
    }

    #[test]
    fn what_cannot_work_is_refused_by_name() {
        for (id, origins, said) in [
            ("example.org", &[][..], "is not the host of http://localhost:8000"),
            (
                "example.org",
                &["https://example.com"],
                "is not the host of https://example.com",
            ),
            ("example.org", &["https://badexample.org"], "is not the host of"),
            ("example.org", &["http://example.org"], "must be https"),
            ("example.org", &["https://example.org/login"], "without a path"),
            ("example.org", &["example.org"], "must hold origins"),
            ("192.0.2.1", &["https://192.0.2.1"], "must have host names"),
            ("example.org", &["android:apk-key-hash:abc"], "no web origin"),
        ] {
            let problem = made(id, origins, "").expect_err("is refused");
            assert!(
                problem.contains("PASSKEY_") && problem.contains(said),
                "{problem}"
            );
        }
    }
}
