//! Sign-in through other providers: who their tokens and codes say that somebody is, and whose account that opens.

mod accounts;
mod calls;
mod errors;
mod facebook;
mod github;
mod google;
mod google_keys;
mod settings;

use std::fmt;

use platform::{
    App,
    config::Secret,
    http::{Rule as _, email},
};
use sea_orm::{DeriveActiveEnum, EnumIter};
use serde::Serialize;
use utoipa::ToSchema;

pub use accounts::{link, links, sign_in, unlink};
pub use errors::{ProviderError, SocialError};
pub use settings::Providers;

/// Longest id of an account at a provider, in bytes. Google promises at most 255 characters.
const LONGEST_UID: usize = 255;
/// Longest name of an account, in characters.
const LONGEST_NAME: usize = 120;

/// Who else vouches for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, ToSchema)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// Google accounts.
    #[sea_orm(string_value = "google")]
    Google,
    /// Facebook accounts.
    #[sea_orm(string_value = "facebook")]
    Facebook,
    /// GitHub accounts.
    #[sea_orm(string_value = "github")]
    Github,
}

impl Provider {
    /// The provider of this name, as paths have it.
    pub fn called(name: &str) -> Option<Self> {
        match name {
            "google" => Some(Self::Google),
            "facebook" => Some(Self::Facebook),
            "github" => Some(Self::Github),
            _ => None,
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Google => "Google",
            Self::Facebook => "Facebook",
            Self::Github => "GitHub",
        })
    }
}

/// What a client has been given by a provider. Blank texts count as not sent.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    pub access_token: Option<Secret>,
    pub code: Option<Secret>,
    /// Google's alone; others give none.
    pub id_token: Option<Secret>,
    /// Where the provider sent the code to, if not to the instance's own address.
    pub redirect_uri: Option<String>,
    /// What the hash in the request for the code was made from (PKCE).
    pub code_verifier: Option<Secret>,
}

/// The one credential that counts.
enum Credential<'a> {
    IdToken(&'a Secret),
    AccessToken(&'a Secret),
    Code(Code<'a>),
}

/// A code with what its exchange takes.
struct Code<'a> {
    value: &'a Secret,
    redirect_uri: &'a str,
    verifier: Option<&'a Secret>,
}

impl Credentials {
    /// The strongest one that the provider knows: a signed statement, then a token, then a code.
    fn choose<'a>(
        &'a self,
        provider: Provider,
        providers: &'a Providers,
    ) -> Result<Credential<'a>, SocialError> {
        if let (Provider::Google, Some(token)) = (provider, &self.id_token) {
            return Ok(Credential::IdToken(token));
        }
        if let Some(token) = &self.access_token {
            return Ok(Credential::AccessToken(token));
        }
        let value = self.code.as_ref().ok_or(SocialError::NoCredential)?;
        Ok(Credential::Code(Code {
            value,
            redirect_uri: providers
                .redirect_uri(provider, self.redirect_uri.as_deref())
                .ok_or(SocialError::RedirectNotAllowed)?,
            verifier: self.code_verifier.as_ref(),
        }))
    }
}

/// What a provider says of somebody, as it says it.
#[derive(Default)]
struct Profile {
    uid: String,
    /// A public name that is unique there, if the provider has such.
    login: String,
    /// Only if the provider has seen that it is theirs.
    email: Option<String>,
    name: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
}

/// Somebody a provider vouches for.
pub struct Identity {
    pub provider: Provider,
    /// The provider's own id of them, which they keep.
    pub uid: String,
    /// A public name that is unique there, or blank.
    pub login: String,
    /// An address that the provider has verified and that is valid here.
    pub email: Option<String>,
    /// What to call them; never blank when there is an address.
    pub name: String,
}

impl Identity {
    fn of(provider: Provider, profile: Profile) -> Result<Self, ProviderError> {
        let uid = profile.uid;
        if uid.is_empty() || uid.len() > LONGEST_UID || uid.chars().any(char::is_control) {
            return Err(ProviderError::unavailable("an id that is none"));
        }
        let email = profile.email.and_then(valid_email);
        let (first, last) = (
            profile.first_name.unwrap_or_default(),
            profile.last_name.unwrap_or_default(),
        );
        let local_part = email
            .as_deref()
            .and_then(|email| email.rsplit_once('@'))
            .map_or("", |(local, _)| local);
        let names = [
            clean(&profile.name.unwrap_or_default()),
            clean(&format!("{first} {last}")),
            clean(local_part),
        ];
        Ok(Self {
            provider,
            uid,
            login: clean(&profile.login),
            name: names
                .into_iter()
                .find(|name| !name.is_empty())
                .unwrap_or_default(),
            email,
        })
    }
}

/// A text of somebody else's database as we can keep it: no control characters, trimmed, as long as a name may be.
fn clean(text: &str) -> String {
    let text: String = text.chars().filter(|character| !character.is_control()).collect();
    let text: String = text.trim().chars().take(LONGEST_NAME).collect();
    text.trim_end().to_owned()
}

/// The address, if it is one that registration would take.
fn valid_email(text: String) -> Option<String> {
    email().check(&text.into()).ok()
}

/// Asks the provider who somebody is. Takes at most `SOCIAL_TIMEOUT_SECONDS`, however many calls it needs.
pub async fn identify(
    app: &App,
    provider: Provider,
    credentials: &Credentials,
) -> Result<Identity, SocialError> {
    let providers = app
        .settings::<Providers>()
        .ok_or(SocialError::NotConfigured(provider))?;
    let credential = credentials.choose(provider, &providers)?;
    if !providers.is_configured(provider) {
        return Err(SocialError::NotConfigured(provider));
    }
    let asked = async {
        let now = app.clock().now();
        let profile = match provider {
            Provider::Google => google::identify(&providers, &credential, now).await?,
            Provider::Facebook => facebook::identify(&providers, &credential).await?,
            Provider::Github => github::identify(&providers, &credential).await?,
        };
        Identity::of(provider, profile)
    };
    let outcome = tokio::time::timeout(providers.patience(), asked).await;
    outcome
        .unwrap_or_else(|_| Err(ProviderError::unavailable("no answer in time")))
        .map_err(|error| error.of(provider))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(profile: Profile) -> Identity {
        let profile = Profile {
            uid: "1".to_owned(),
            ..profile
        };
        Identity::of(Provider::Google, profile)
            .map_err(|error| format!("{error:?}"))
            .expect("is an identity")
    }

    #[test]
    fn names_are_what_the_provider_calls_somebody_or_the_address() {
        let named = |name: &str, first: &str, last: &str| {
            identity(Profile {
                email: Some("ann.bee@example.com".to_owned()),
                name: Some(name.to_owned()),
                first_name: Some(first.to_owned()),
                last_name: Some(last.to_owned()),
                ..Profile::default()
            })
            .name
        };
        assert_eq!(named(" Ann Bee ", "X", "Y"), "Ann Bee");
        assert_eq!(named("", "Ann", "Bee"), "Ann Bee");
        assert_eq!(named("\0\n", "", "Bee"), "Bee");
        assert_eq!(named("", "", " "), "ann.bee");
        assert_eq!(named(&"ß".repeat(200), "", "").chars().count(), LONGEST_NAME);
    }

    #[test]
    fn an_address_that_registration_would_refuse_is_none() {
        for (text, email) in [
            (" ann@Example.com ", Some("ann@Example.com")),
            ("ann", None),
            ("ann\0@example.com", None),
            ("", None),
        ] {
            let profile = Profile {
                email: Some(text.to_owned()),
                ..Profile::default()
            };
            assert_eq!(identity(profile).email.as_deref(), email, "{text:?}");
        }
    }

    #[test]
    fn ids_are_ids() {
        for uid in ["", "a\0b", &"1".repeat(LONGEST_UID + 1)] {
            let profile = Profile {
                uid: uid.to_owned(),
                ..Profile::default()
            };
            assert!(Identity::of(Provider::Github, profile).is_err(), "{uid:?}");
        }
    }

    #[test]
    fn credentials_are_not_shown() {
        let secret = || Some(Secret::new("s3cret"));
        let credentials = Credentials {
            access_token: secret(),
            code: secret(),
            id_token: secret(),
            redirect_uri: None,
            code_verifier: secret(),
        };
        assert!(!format!("{credentials:?}").contains("s3cret"));
    }
}
