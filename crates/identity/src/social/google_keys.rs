//! The keys that Google signs its statements with, kept for as long as Google says.
//!
//! They are read as a JSON Web Key Set (`/oauth2/v3/certs`): the same keys as the certificates of `/oauth2/v1/certs`, without
//! a parser of X.509 in between.

use std::collections::HashMap;

use chrono::{DateTime, Duration, Utc};
use jsonwebtoken::{
    DecodingKey,
    jwk::{AlgorithmParameters, Jwk, KeyAlgorithm, PublicKeyUse},
};
use parking_lot::RwLock;
use reqwest::header::{CACHE_CONTROL, HeaderMap};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;

use super::{ProviderError, Providers, calls};

/// Google is asked for its keys at most this often, whatever names of keys come.
const PAUSE: Duration = Duration::seconds(10);
/// Keys are kept at least and at most this long, whatever Google says.
const SHORTEST: Duration = Duration::minutes(1);
const LONGEST: Duration = Duration::days(1);
/// How long they are kept when Google does not say.
const USUAL: Duration = Duration::minutes(5);
/// Most keys that are kept.
const MOST_KEYS: usize = 20;

/// The keys, by name.
#[derive(Default)]
pub struct GoogleKeys {
    known: RwLock<Known>,
    /// Held while Google is asked: one asks for all.
    asking: Mutex<()>,
}

#[derive(Default)]
struct Known {
    keys: HashMap<String, DecodingKey>,
    good_until: Option<DateTime<Utc>>,
    asked_at: Option<DateTime<Utc>>,
}

impl Known {
    fn are_good(&self, now: DateTime<Utc>) -> bool {
        self.good_until.is_some_and(|until| now < until)
    }

    fn find(&self, name: &str, now: DateTime<Utc>) -> Option<DecodingKey> {
        if self.are_good(now) {
            self.keys.get(name).cloned()
        } else {
            None
        }
    }
}

/// A set of keys; those of unknown kinds are passed over.
#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

impl GoogleKeys {
    /// The key of this name; `None` if Google has no such key.
    pub async fn find(
        &self,
        providers: &Providers,
        name: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<DecodingKey>, ProviderError> {
        if let Some(key) = self.known.read().find(name, now) {
            return Ok(Some(key));
        }
        let _asking = self.asking.lock().await;
        {
            let known = self.known.read();
            // Somebody else has asked meanwhile, or a moment ago.
            if let Some(key) = known.find(name, now) {
                return Ok(Some(key));
            }
            if known.asked_at.is_some_and(|asked_at| now < asked_at + PAUSE) {
                return if known.are_good(now) {
                    Ok(None)
                } else {
                    Err(ProviderError::unavailable("no keys a moment ago"))
                };
            }
        }
        self.known.write().asked_at = Some(now);
        let url = providers.settings.google_api_url.with("/oauth2/v3/certs");
        // A refusal is not the client's fault here: nothing of theirs was sent.
        let answer = calls::send(providers.client()?.get(url))
            .await
            .map_err(|error| ProviderError::Unavailable(format!("no keys: {error:?}")))?;
        let set: KeySet = answer.read()?;
        let mut known = self.known.write();
        known.keys = set
            .keys
            .into_iter()
            .take(MOST_KEYS)
            .filter_map(read_key)
            .collect();
        known.good_until = Some(now + lifetime(&answer.headers));
        Ok(known.keys.get(name).cloned())
    }
}

/// Name and key of an RSA key for signatures.
fn read_key(value: Value) -> Option<(String, DecodingKey)> {
    let key: Jwk = serde_json::from_value(value).ok()?;
    let is_for_signatures = matches!(key.common.public_key_use, None | Some(PublicKeyUse::Signature))
        && matches!(key.common.key_algorithm, None | Some(KeyAlgorithm::RS256))
        && matches!(key.algorithm, AlgorithmParameters::RSA(_));
    let decoding = DecodingKey::from_jwk(&key).ok()?;
    is_for_signatures.then_some((key.common.key_id?, decoding))
}

/// How long an answer may be kept.
fn lifetime(headers: &HeaderMap) -> Duration {
    let said = headers
        .get_all(CACHE_CONTROL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .find_map(|part| part.trim().strip_prefix("max-age=")?.parse().ok());
    said.and_then(Duration::try_seconds)
        .map_or(USUAL, |said| said.clamp(SHORTEST, LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_kept_as_long_as_google_says_within_bounds() {
        for (value, expected) in [
            (
                "public, max-age=20046, must-revalidate, no-transform",
                Duration::seconds(20_046),
            ),
            ("max-age=0", SHORTEST),
            ("max-age=99999999999", LONGEST),
            ("max-age=99999999999999999999", USUAL),
            ("max-age=-9223372036854775808", USUAL),
            ("no-cache", USUAL),
        ] {
            let headers = HeaderMap::from_iter([(CACHE_CONTROL, value.parse().expect("a value"))]);
            assert_eq!(lifetime(&headers), expected, "{value}");
        }
        assert_eq!(lifetime(&HeaderMap::new()), USUAL);
    }

    #[test]
    fn only_rsa_keys_for_signatures_count() {
        let key = |changes: Value| {
            let mut key = serde_json::json!({ "kty": "RSA", "kid": "k", "use": "sig", "alg": "RS256", "n": "AQAB", "e": "AQAB" });
            for (name, value) in changes.as_object().cloned().unwrap_or_default() {
                key[name] = value;
            }
            read_key(key).map(|(name, _)| name)
        };
        assert_eq!(key(Value::Null).as_deref(), Some("k"));
        for other in [
            serde_json::json!({ "use": "enc" }),
            serde_json::json!({ "alg": "RS512" }),
            serde_json::json!({ "kty": "oct", "k": "AQAB" }),
            serde_json::json!({ "kid": null }),
            serde_json::json!({ "n": 5 }),
        ] {
            assert_eq!(key(other.clone()), None, "{other}");
        }
    }
}
