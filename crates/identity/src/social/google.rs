//! Google: statements that it has signed (`id_token`), access tokens, codes.

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use platform::config::Secret;
use serde::Deserialize;
use serde_json::Value;

use super::{
    Code, Credential, Profile, ProviderError, Providers,
    calls::{ask, url, with_form},
};

/// What Google calls itself.
const ISSUERS: [&str; 2] = ["https://accounts.google.com", "accounts.google.com"];
/// Seconds by which Google's clock and ours may differ.
const LEEWAY: i64 = 60;

/// Who somebody is at Google.
pub async fn identify(
    providers: &Providers,
    credential: &Credential<'_>,
    now: DateTime<Utc>,
) -> Result<Profile, ProviderError> {
    match credential {
        Credential::IdToken(token) => read_id_token(providers, token.expose(), now).await,
        Credential::AccessToken(token) => {
            let owner = check_audience(providers, token.expose()).await?;
            let profile = userinfo(providers, token.expose()).await?;
            if owner.is_some_and(|owner| owner != profile.uid) {
                return Err(ProviderError::refused("token and profile of different accounts"));
            }
            Ok(profile)
        }
        Credential::Code(code) => {
            let tokens = exchange(providers, code).await.map_err(ProviderError::of_code)?;
            match tokens.id_token {
                Some(token) => read_id_token(providers, token.expose(), now).await,
                None => userinfo(providers, tokens.access_token.expose()).await,
            }
        }
    }
}

/// What a signed statement says.
#[derive(Deserialize)]
struct IdToken {
    sub: String,
    /// When it ends, and when it was made, in seconds since 1970.
    exp: i64,
    iat: i64,
    email: Option<String>,
    #[serde(default)]
    email_verified: Value,
    name: Option<String>,
    given_name: Option<String>,
    family_name: Option<String>,
}

async fn read_id_token(
    providers: &Providers,
    token: &str,
    now: DateTime<Utc>,
) -> Result<Profile, ProviderError> {
    let refused = || ProviderError::refused("not a statement of Google's for us");
    let header = decode_header(token).map_err(|_| refused())?;
    // Before Google is asked for keys: nobody makes us ask with a token that cannot be valid.
    let name = header
        .kid
        .filter(|_| header.alg == Algorithm::RS256)
        .ok_or_else(refused)?;
    let key = providers.google_keys.find(providers, &name, now).await?;
    let key = key.ok_or_else(|| ProviderError::refused("a key that Google does not have"))?;
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_issuer(&ISSUERS);
    validation.set_audience(&audiences(providers));
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    // The end is checked against our own clock.
    validation.validate_exp = false;
    let claims = decode::<IdToken>(token, &key, &validation)
        .map_err(|_| refused())?
        .claims;
    let now = now.timestamp();
    if claims.exp.saturating_add(LEEWAY) <= now || claims.iat.saturating_sub(LEEWAY) > now {
        return Err(ProviderError::refused("a statement of another time"));
    }
    Ok(Profile {
        uid: claims.sub,
        email: claims.email.filter(|_| is_true(&claims.email_verified)),
        name: claims.name,
        first_name: claims.given_name,
        last_name: claims.family_name,
        ..Profile::default()
    })
}

/// The apps whose tokens are ours.
fn audiences(providers: &Providers) -> Vec<&String> {
    let settings = &providers.settings;
    std::iter::once(&settings.google_id)
        .chain(&settings.google_other_ids)
        .collect()
}

/// Google writes it as a boolean in some places and as text in others.
fn is_true(value: &Value) -> bool {
    value == &Value::Bool(true) || value == "true"
}

/// What Google says of an access token.
#[derive(Deserialize)]
struct TokenInfo {
    /// The app that it was given to.
    aud: String,
    sub: Option<String>,
}

/// Refuses a token that somebody has given to another app: it would open their account here to whoever runs that app. The
/// answer is whose it is, if Google tells.
async fn check_audience(providers: &Providers, token: &str) -> Result<Option<String>, ProviderError> {
    let url = url(
        &providers.settings.google_oauth_url.with("/tokeninfo"),
        &[("access_token", token)],
    )?;
    let info: TokenInfo = ask(providers.client()?.get(url)).await?;
    if audiences(providers).contains(&&info.aud) {
        Ok(info.sub)
    } else {
        Err(ProviderError::refused("a token of another app"))
    }
}

/// A profile.
#[derive(Deserialize)]
struct UserInfo {
    id: String,
    email: Option<String>,
    #[serde(default)]
    verified_email: Value,
    name: Option<String>,
    given_name: Option<String>,
    family_name: Option<String>,
}

async fn userinfo(providers: &Providers, token: &str) -> Result<Profile, ProviderError> {
    let url = providers.settings.google_api_url.with("/oauth2/v2/userinfo");
    let info: UserInfo = ask(providers.client()?.get(url).bearer_auth(token)).await?;
    Ok(Profile {
        uid: info.id,
        email: info.email.filter(|_| is_true(&info.verified_email)),
        name: info.name,
        first_name: info.given_name,
        last_name: info.family_name,
        ..Profile::default()
    })
}

/// What a code is exchanged for.
struct Tokens {
    access_token: Secret,
    id_token: Option<Secret>,
}

async fn exchange(providers: &Providers, code: &Code<'_>) -> Result<Tokens, ProviderError> {
    #[derive(Deserialize)]
    struct Answer {
        access_token: String,
        id_token: Option<String>,
    }
    let settings = &providers.settings;
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("code", code.value.expose()),
        ("client_id", &settings.google_id),
        ("client_secret", settings.google_secret.expose()),
        ("redirect_uri", code.redirect_uri),
    ];
    fields.extend(code.verifier.map(|verifier| ("code_verifier", verifier.expose())));
    let request = providers.client()?.post(settings.google_oauth_url.with("/token"));
    let answer: Answer = ask(with_form(request, &fields)).await?;
    Ok(Tokens {
        access_token: Secret::new(answer.access_token),
        id_token: answer.id_token.map(Secret::new),
    })
}
