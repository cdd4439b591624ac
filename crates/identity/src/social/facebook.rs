//! Facebook: access tokens and codes, by its Graph API.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Deserialize;
use sha2::Sha256;

use super::{
    Code, Credential, Profile, ProviderError, Providers,
    calls::{ask, url},
};

/// Who somebody is at Facebook.
pub async fn identify(providers: &Providers, credential: &Credential<'_>) -> Result<Profile, ProviderError> {
    match credential {
        Credential::IdToken(_) => Err(ProviderError::refused("statements are Google's alone")),
        Credential::AccessToken(token) => {
            let owner = check_app(providers, token.expose()).await?;
            let profile = profile(providers, token.expose()).await?;
            if owner != profile.uid {
                return Err(ProviderError::refused("token and profile of different accounts"));
            }
            Ok(profile)
        }
        Credential::Code(code) => {
            let token = exchange(providers, code).await.map_err(ProviderError::of_code)?;
            profile(providers, &token).await
        }
    }
}

/// What Facebook says of a token.
#[derive(Deserialize)]
struct TokenInfo {
    #[serde(default)]
    is_valid: bool,
    /// The app that it was given to.
    #[serde(default)]
    app_id: String,
    #[serde(default)]
    user_id: String,
}

/// Refuses a token that somebody has given to another app: it would open their account here to whoever runs that app. The
/// answer is whose it is.
async fn check_app(providers: &Providers, token: &str) -> Result<String, ProviderError> {
    #[derive(Deserialize)]
    struct Answer {
        data: TokenInfo,
    }
    let settings = &providers.settings;
    let app_token = format!("{}|{}", settings.facebook_id, settings.facebook_secret.expose());
    let url = url(
        &settings.facebook_graph_url.with("/debug_token"),
        &[("input_token", token), ("access_token", &app_token)],
    )?;
    let Answer { data } = ask(providers.client()?.get(url)).await?;
    if data.is_valid && data.app_id == settings.facebook_id {
        Ok(data.user_id)
    } else {
        Err(ProviderError::refused(
            "a token that is invalid or of another app",
        ))
    }
}

/// A profile. Facebook tells addresses only when they are confirmed.
#[derive(Deserialize)]
struct Me {
    id: String,
    email: Option<String>,
    name: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
}

async fn profile(providers: &Providers, token: &str) -> Result<Profile, ProviderError> {
    let settings = &providers.settings;
    let url = url(
        &settings.facebook_graph_url.with("/me"),
        &[
            ("fields", "id,email,name,first_name,last_name"),
            ("access_token", token),
            (
                "appsecret_proof",
                &proof(settings.facebook_secret.expose(), token)?,
            ),
        ],
    )?;
    let me: Me = ask(providers.client()?.get(url)).await?;
    Ok(Profile {
        uid: me.id,
        email: me.email,
        name: me.name,
        first_name: me.first_name,
        last_name: me.last_name,
        ..Profile::default()
    })
}

/// What shows Facebook that the token is in our hands: HMAC-SHA256 of it under the app's secret, in hexadecimal digits.
fn proof(secret: &str, token: &str) -> Result<String, ProviderError> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
        .map_err(|_| ProviderError::unavailable("a secret that is none"))?;
    mac.update(token.as_bytes());
    Ok(hex::encode(mac.finalize().into_bytes()))
}

/// The access token for a code.
async fn exchange(providers: &Providers, code: &Code<'_>) -> Result<String, ProviderError> {
    #[derive(Deserialize)]
    struct Answer {
        access_token: String,
    }
    let settings = &providers.settings;
    let mut query = vec![
        ("client_id", settings.facebook_id.as_str()),
        ("client_secret", settings.facebook_secret.expose()),
        ("redirect_uri", code.redirect_uri),
        ("code", code.value.expose()),
    ];
    query.extend(code.verifier.map(|verifier| ("code_verifier", verifier.expose())));
    let url = url(&settings.facebook_graph_url.with("/oauth/access_token"), &query)?;
    let answer: Answer = ask(providers.client()?.get(url)).await?;
    Ok(answer.access_token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proof_is_facebooks() {
        // RFC 4231, test case 2.
        assert_eq!(
            proof("Jefe", "what do ya want for nothing?").as_deref(),
            Ok("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        );
    }
}
