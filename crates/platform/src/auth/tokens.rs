//! JSON Web Tokens, HS256: a short-lived access token and the refresh token that renews it.

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    clock::random_hex,
    config::{Secret, TokenSettings},
    id::UserId,
};

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenKind {
    /// Opens the API.
    Access,
    /// Is exchanged for a new pair.
    Refresh,
}

/// What a token says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claims {
    /// What it is for.
    pub token_type: TokenKind,
    /// When it ends, in seconds since 1970.
    pub exp: i64,
    /// When it was made, in seconds since 1970.
    pub iat: i64,
    /// Its own name: 32 hexadecimal digits.
    pub jti: String,
    /// Whose it is.
    pub user_id: UserId,
    /// The session that it belongs to. Tokens of older systems have none and are no longer accepted.
    pub sid: i64,
}

/// Why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not ours, altered, of another algorithm, or past its end.
    #[error("Token is invalid or expired")]
    Invalid,
    /// A refresh token where an access token is wanted, or the other way round.
    #[error("Token has wrong type")]
    WrongType,
}

/// Whose token it is, as far as the realtime gateway must know: it also takes tokens of older systems, which name no
/// session, and says why it refuses one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder {
    /// Whose it is.
    pub user_id: UserId,
    /// The session that it belongs to, if it names one.
    pub session: Option<i64>,
    /// When it ends, in seconds since 1970.
    pub expires_at: i64,
}

/// Why the gateway refuses a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HolderError {
    /// Not ours, altered, of another algorithm or kind.
    Invalid,
    /// Ours, but past its end.
    Ended,
}

/// Makes and checks tokens.
#[derive(Clone)]
pub struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    /// The gateway's own key, if it has one.
    gateway: Option<DecodingKey>,
    validation: Validation,
    access_seconds: i64,
    refresh_seconds: i64,
}

impl Tokens {
    /// Tokens signed with `key`.
    pub fn new(key: &Secret, settings: &TokenSettings) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        // The end is checked against our own clock, which tests move.
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        Self {
            encoding: EncodingKey::from_secret(key.expose().as_bytes()),
            decoding: DecodingKey::from_secret(key.expose().as_bytes()),
            gateway: settings
                .realtime_secret
                .as_ref()
                .map(|secret| DecodingKey::from_secret(secret.expose().as_bytes())),
            validation,
            access_seconds: i64::from(settings.access_minutes) * 60,
            refresh_seconds: i64::from(settings.refresh_days) * 86_400,
        }
    }

    /// A new token of a session, and what it says.
    pub fn issue(
        &self,
        kind: TokenKind,
        user: UserId,
        session: i64,
        now: DateTime<Utc>,
    ) -> anyhow::Result<(String, Claims)> {
        let lifetime = match kind {
            TokenKind::Access => self.access_seconds,
            TokenKind::Refresh => self.refresh_seconds,
        };
        let iat = now.timestamp();
        let claims = Claims {
            token_type: kind,
            exp: iat + lifetime,
            iat,
            jti: random_hex::<16>(),
            user_id: user,
            sid: session,
        };
        Ok((
            encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)?,
            claims,
        ))
    }

    /// What a token of this kind says, if it is ours and has not ended.
    pub fn verify(&self, token: &str, kind: TokenKind, now: DateTime<Utc>) -> Result<Claims, TokenError> {
        let claims = decode::<Claims>(token, &self.decoding, &self.validation)
            .map_err(|_| TokenError::Invalid)?
            .claims;
        if claims.token_type != kind {
            return Err(TokenError::WrongType);
        }
        if claims.exp <= now.timestamp() {
            Err(TokenError::Invalid)
        } else {
            Ok(claims)
        }
    }

    /// Who holds this access token, signed with the key of tokens or that of the gateway.
    pub fn holder(&self, token: &str, now: DateTime<Utc>) -> Result<Holder, HolderError> {
        let claims = std::iter::once(&self.decoding)
            .chain(&self.gateway)
            .find_map(|key| decode::<Value>(token, key, &self.validation).ok())
            .ok_or(HolderError::Invalid)?
            .claims;
        let holder = holder_of(&claims).ok_or(HolderError::Invalid)?;
        if holder.expires_at <= now.timestamp() {
            Err(HolderError::Ended)
        } else {
            Ok(holder)
        }
    }

    /// How long a refresh token lives.
    pub fn refresh_lifetime(&self) -> chrono::Duration {
        chrono::Duration::seconds(self.refresh_seconds)
    }
}

fn holder_of(claims: &Value) -> Option<Holder> {
    if claims["token_type"] != "access" {
        return None;
    }
    let user = claims.get("user_id").or_else(|| claims.get("sub"))?;
    let user_id = user.as_i64().or_else(|| user.as_str()?.parse().ok())?;
    let session = match claims.get("sid") {
        None | Some(Value::Null) => None,
        Some(session) => Some(session.as_i64()?),
    };
    Some(Holder {
        user_id: UserId(user_id),
        session,
        expires_at: claims["exp"].as_i64()?,
    })
}

#[cfg(test)]
mod tests {
    use chrono::Duration;
    use serde_json::json;

    use super::*;
    use crate::config::{Config, Environment};

    fn tokens(key: &str) -> Tokens {
        Tokens::new(
            &Secret::new(key),
            &Config::read(&Environment::default()).expect("is valid").tokens,
        )
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).expect("a time")
    }

    #[test]
    fn a_token_says_what_was_issued() {
        let (token, _) = tokens("k")
            .issue(TokenKind::Access, UserId(7), 9, now())
            .expect("is made");
        let claims = tokens("k")
            .verify(&token, TokenKind::Access, now())
            .expect("is valid");
        assert_eq!(
            (claims.user_id, claims.sid, claims.exp - claims.iat),
            (UserId(7), 9, 900)
        );
        assert_eq!(claims.jti.len(), 32);
    }

    #[test]
    fn other_keys_kinds_and_times_are_refused() {
        let (token, _) = tokens("k")
            .issue(TokenKind::Access, UserId(7), 9, now())
            .expect("is made");
        let verify = |tokens: Tokens, kind, now| tokens.verify(&token, kind, now).map(drop);
        assert_eq!(
            verify(tokens("other"), TokenKind::Access, now()),
            Err(TokenError::Invalid)
        );
        assert_eq!(
            verify(tokens("k"), TokenKind::Refresh, now()),
            Err(TokenError::WrongType)
        );
        assert_eq!(
            verify(tokens("k"), TokenKind::Access, now() + Duration::seconds(900)),
            Err(TokenError::Invalid)
        );
        assert_eq!(
            verify(tokens("k"), TokenKind::Access, now() + Duration::seconds(899)),
            Ok(())
        );
    }

    fn signed(key: &str, claims: &Value) -> String {
        let key = EncodingKey::from_secret(key.as_bytes());
        encode(&Header::new(Algorithm::HS256), claims, &key).expect("is made")
    }

    #[test]
    fn the_gateway_takes_tokens_of_both_keys_and_of_older_systems() {
        let environment = Environment::default().with("REALTIME_JWT_SECRET", "gateway");
        let settings = Config::read(&environment).expect("is valid").tokens;
        let tokens = Tokens::new(&Secret::new("k"), &settings);
        let end = now().timestamp() + 10;
        let claims = |more: Value| {
            let mut claims = json!({ "token_type": "access", "exp": end });
            claims
                .as_object_mut()
                .expect("an object")
                .extend(more.as_object().expect("an object").clone());
            claims
        };
        let holder = |key, more| tokens.holder(&signed(key, &claims(more)), now());
        let seven = |session| {
            Ok(Holder {
                user_id: UserId(7),
                session,
                expires_at: end,
            })
        };
        assert_eq!(holder("k", json!({ "user_id": 7, "sid": 9 })), seven(Some(9)));
        assert_eq!(holder("gateway", json!({ "user_id": "7" })), seven(None));
        assert_eq!(holder("k", json!({ "sub": "7" })), seven(None));
        let ended = json!({ "user_id": 7, "exp": now().timestamp() });
        assert_eq!(holder("k", ended), Err(HolderError::Ended));
        for bad in [
            json!({}),
            json!({ "user_id": "abc" }),
            json!({ "user_id": 7, "sid": "x" }),
            json!({ "user_id": 7, "token_type": "refresh" }),
            json!({ "user_id": 7, "exp": "soon" }),
        ] {
            assert_eq!(holder("k", bad.clone()), Err(HolderError::Invalid), "{bad}");
        }
        assert_eq!(
            holder("other", json!({ "user_id": 7 })),
            Err(HolderError::Invalid)
        );
    }

    proptest::proptest! {
        #[test]
        fn junk_is_refused(junk: String) {
            proptest::prop_assert_eq!(tokens("k").verify(&junk, TokenKind::Access, now()).map(drop), Err(TokenError::Invalid));
        }
    }
}
