//! JSON Web Tokens, HS256: a short-lived access token and the refresh token that renews it.

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};

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

/// Makes and checks tokens.
#[derive(Clone)]
pub struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
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

    /// How long a refresh token lives.
    pub fn refresh_lifetime(&self) -> chrono::Duration {
        chrono::Duration::seconds(self.refresh_seconds)
    }
}

#[cfg(test)]
mod tests {
    use chrono::Duration;

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

    proptest::proptest! {
        #[test]
        fn junk_is_refused(junk: String) {
            proptest::prop_assert_eq!(tokens("k").verify(&junk, TokenKind::Access, now()).map(drop), Err(TokenError::Invalid));
        }
    }
}
