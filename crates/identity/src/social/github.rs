//! GitHub: access tokens and codes of an OAuth app.

use platform::config::Secret;
use reqwest::{
    RequestBuilder,
    header::{ACCEPT, AUTHORIZATION},
};
use serde::Deserialize;
use serde_json::json;

use super::{
    Code, Credential, Profile, ProviderError, Providers,
    calls::{ask, plain, with_form},
};

/// Who somebody is at GitHub.
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
            profile(providers, token.expose()).await
        }
    }
}

/// Refuses a token that somebody has given to another app, or made by hand: GitHub knows it only under the app that it
/// belongs to. The answer is whose it is.
async fn check_app(providers: &Providers, token: &str) -> Result<String, ProviderError> {
    #[derive(Deserialize)]
    struct Answer {
        user: Owner,
    }
    #[derive(Deserialize)]
    struct Owner {
        id: u64,
    }
    let settings = &providers.settings;
    let path = format!("/applications/{}/token", settings.github_id);
    let request = providers
        .client()?
        .post(settings.github_api_url.with(&path))
        .basic_auth(&settings.github_id, Some(settings.github_secret.expose()))
        .header(ACCEPT, "application/vnd.github+json")
        .json(&json!({ "access_token": token }));
    let answer: Answer = ask(request).await?;
    Ok(answer.user.id.to_string())
}

/// A profile.
#[derive(Deserialize)]
struct User {
    id: u64,
    login: String,
    name: Option<String>,
}

/// An address of an account.
#[derive(Deserialize)]
struct Address {
    email: String,
    #[serde(default)]
    primary: bool,
    #[serde(default)]
    verified: bool,
}

async fn profile(providers: &Providers, token: &str) -> Result<Profile, ProviderError> {
    let user: User = ask(get(providers, "/user", token)?).await?;
    // The address of the profile does not say whether it is verified.
    let addresses = ask::<Vec<Address>>(get(providers, "/user/emails?per_page=100", token)?).await;
    let addresses = match addresses {
        // The user has not allowed us to see them.
        Err(ProviderError::Refused(_)) => Vec::new(),
        outcome => outcome?,
    };
    Ok(Profile {
        uid: user.id.to_string(),
        login: user.login,
        email: addresses
            .into_iter()
            .find(|address| address.primary && address.verified)
            .map(|address| address.email),
        name: user.name,
        ..Profile::default()
    })
}

fn get(providers: &Providers, path: &str, token: &str) -> Result<RequestBuilder, ProviderError> {
    let url = providers.settings.github_api_url.with(path);
    Ok(providers
        .client()?
        .get(url)
        .header(AUTHORIZATION, format!("token {token}"))
        .header(ACCEPT, "application/vnd.github+json"))
}

/// The access token for a code. GitHub says no with 200.
async fn exchange(providers: &Providers, code: &Code<'_>) -> Result<Secret, ProviderError> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Answer {
        Token { access_token: String },
        Error { error: String },
    }
    let settings = &providers.settings;
    let mut fields = vec![
        ("client_id", settings.github_id.as_str()),
        ("client_secret", settings.github_secret.expose()),
        ("code", code.value.expose()),
        ("redirect_uri", code.redirect_uri),
    ];
    fields.extend(code.verifier.map(|verifier| ("code_verifier", verifier.expose())));
    let request = providers
        .client()?
        .post(settings.github_url.with("/login/oauth/access_token"))
        .header(ACCEPT, "application/json");
    match ask(with_form(request, &fields)).await? {
        Answer::Token { access_token } => Ok(Secret::new(access_token)),
        Answer::Error { error } => Err(ProviderError::Refused(plain(&error))),
    }
}
