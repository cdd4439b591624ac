//! The apps that the operator has registered with the providers.

use std::{sync::OnceLock, time::Duration};

use platform::config::{BaseUrl, Environment, Secret, Section, Variable};

use super::{Provider, ProviderError, google_keys::GoogleKeys};

platform::settings! {
    /// The apps at the providers, and where these are found.
    pub struct SocialSettings, "Sign-in through other providers" {
        /// Client id of the app at Google. Blank: no sign-in through Google.
        google_id: String = ["GOOGLE_CLIENT_ID"] or "",
        /// Client ids of further apps of the same project (iOS, Android) whose tokens are accepted as well.
        google_other_ids: Vec<String> = ["GOOGLE_OTHER_CLIENT_IDS"] or "",
        /// Its secret. Needed for the exchange of codes alone.
        google_secret: Secret = ["GOOGLE_CLIENT_SECRET"] or "",
        /// Where Google sends codes to, unless a client names another address of `SOCIAL_REDIRECT_URIS`.
        google_redirect_uri: String = ["GOOGLE_REDIRECT_URI"] or "http://localhost:8000/api/v1/auth/social/google/callback/",
        /// Google's endpoints for codes and tokens.
        google_oauth_url: BaseUrl = ["GOOGLE_OAUTH_URL"] or "https://oauth2.googleapis.com",
        /// Google's endpoints for profiles and keys.
        google_api_url: BaseUrl = ["GOOGLE_API_URL"] or "https://www.googleapis.com",
        /// App id at Facebook. Blank: no sign-in through Facebook.
        facebook_id: String = ["FACEBOOK_CLIENT_ID"] or "",
        /// Its secret.
        facebook_secret: Secret = ["FACEBOOK_CLIENT_SECRET"] or "",
        /// Where Facebook sends codes to, unless a client names another address of `SOCIAL_REDIRECT_URIS`.
        facebook_redirect_uri: String = ["FACEBOOK_REDIRECT_URI"] or "http://localhost:8000/api/v1/auth/social/facebook/callback/",
        /// Facebook's Graph API with its version.
        facebook_graph_url: BaseUrl = ["FACEBOOK_GRAPH_URL"] or "https://graph.facebook.com/v18.0",
        /// Client id of the OAuth app at GitHub. Blank: no sign-in through GitHub.
        github_id: String = ["GITHUB_CLIENT_ID"] or "",
        /// Its secret.
        github_secret: Secret = ["GITHUB_CLIENT_SECRET"] or "",
        /// Where GitHub sends codes to, unless a client names another address of `SOCIAL_REDIRECT_URIS`.
        github_redirect_uri: String = ["GITHUB_REDIRECT_URI"] or "http://localhost:8000/api/v1/auth/social/github/callback/",
        /// GitHub's endpoint for codes.
        github_url: BaseUrl = ["GITHUB_URL"] or "https://github.com",
        /// GitHub's API.
        github_api_url: BaseUrl = ["GITHUB_API_URL"] or "https://api.github.com",
        /// Further addresses that clients may have had codes sent to, exactly as registered with the providers.
        redirect_uris: Vec<String> = ["SOCIAL_REDIRECT_URIS"] or "",
        /// Seconds that a provider may take for one sign-in, all calls together.
        timeout_seconds: u64 = ["SOCIAL_TIMEOUT_SECONDS"] or "10",
    }
}

/// The providers as they are configured, with what is kept of them while the process runs.
pub struct Providers {
    pub settings: SocialSettings,
    pub google_keys: GoogleKeys,
    client: OnceLock<reqwest::Client>,
}

impl Section for Providers {
    const VARIABLES: &'static [Variable] = SocialSettings::VARIABLES;

    fn read(environment: &Environment, problems: &mut Vec<String>) -> Option<Self> {
        let settings = SocialSettings::read(environment, problems)?;
        let (facebook, github) = (
            (&settings.facebook_id, &settings.facebook_secret, "FACEBOOK"),
            (&settings.github_id, &settings.github_secret, "GITHUB"),
        );
        for (id, secret, name) in [facebook, github] {
            if !id.is_empty() && secret.expose().is_empty() {
                problems.push(format!(
                    "{name}_CLIENT_SECRET must be set when {name}_CLIENT_ID is"
                ));
            }
        }
        Some(Self {
            settings,
            google_keys: GoogleKeys::default(),
            client: OnceLock::new(),
        })
    }
}

impl Providers {
    /// Whether the operator has an app at this provider.
    pub fn is_configured(&self, provider: Provider) -> bool {
        let id = match provider {
            Provider::Google => &self.settings.google_id,
            Provider::Facebook => &self.settings.facebook_id,
            Provider::Github => &self.settings.github_id,
        };
        !id.is_empty()
    }

    /// The address that a code was sent to: our own, or the one that the client names if it is registered.
    pub fn redirect_uri(&self, provider: Provider, named: Option<&str>) -> Option<&str> {
        let own = match provider {
            Provider::Google => &self.settings.google_redirect_uri,
            Provider::Facebook => &self.settings.facebook_redirect_uri,
            Provider::Github => &self.settings.github_redirect_uri,
        };
        let mut known = std::iter::once(own).chain(&self.settings.redirect_uris);
        let found = match named {
            None => known.next(),
            Some(named) => known.find(|known| *known == named),
        };
        found.map(String::as_str)
    }

    /// How long asking a provider may take.
    pub fn patience(&self) -> Duration {
        Duration::from_secs(self.settings.timeout_seconds)
    }

    /// What speaks to the providers. It follows no redirects: they would carry secrets elsewhere.
    pub fn client(&self) -> Result<&reqwest::Client, ProviderError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        platform::tls::use_ring();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(self.patience())
            .user_agent("SelfLink")
            .build()
            .map_err(|error| ProviderError::Unavailable(format!("no client: {error}")))?;
        Ok(self.client.get_or_init(|| client))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn providers(variables: &[(&str, &str)]) -> Result<Providers, Vec<String>> {
        let environment = variables
            .iter()
            .fold(Environment::default(), |environment, (name, value)| {
                environment.with(name, *value)
            });
        let mut problems = Vec::new();
        Providers::read(&environment, &mut problems)
            .filter(|_| problems.is_empty())
            .ok_or(problems)
    }

    #[test]
    fn half_an_app_stops_the_start() {
        let problems = providers(&[("GITHUB_CLIENT_ID", "x")]).err().unwrap_or_default();
        assert_eq!(
            problems,
            ["GITHUB_CLIENT_SECRET must be set when GITHUB_CLIENT_ID is"]
        );
        assert!(providers(&[("GITHUB_CLIENT_ID", "x"), ("GITHUB_CLIENT_SECRET", "y")]).is_ok());
    }

    #[test]
    fn secrets_travel_encrypted_or_not_at_all() {
        for good in [
            "https://example.org/v1/",
            "http://127.0.0.1:5/x",
            "http://localhost:5",
        ] {
            assert!(providers(&[("GITHUB_URL", good)]).is_ok(), "{good}");
        }
        for bad in [
            "http://example.org",
            "ftp://localhost",
            "x",
            "https://u@example.org",
            "https://example.org?x=1",
        ] {
            assert!(providers(&[("GITHUB_URL", bad)]).is_err(), "{bad}");
        }
    }

    #[test]
    fn codes_go_to_registered_addresses_only() {
        let providers = providers(&[("SOCIAL_REDIRECT_URIS", "https://a.example/cb, app://cb")]);
        let providers = providers
            .map_err(|problems| problems.join(" "))
            .expect("is valid");
        let redirect = |named| providers.redirect_uri(Provider::Github, named);
        let own = "http://localhost:8000/api/v1/auth/social/github/callback/";
        assert_eq!(redirect(None), Some(own));
        assert_eq!(redirect(Some(own)), Some(own));
        assert_eq!(redirect(Some("app://cb")), Some("app://cb"));
        for other in ["", "https://a.example/cb/", "https://evil.example/cb"] {
            assert_eq!(redirect(Some(other)), None, "{other}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let providers = providers(&[
            ("GOOGLE_CLIENT_SECRET", "s3cret"),
            ("FACEBOOK_CLIENT_SECRET", "s3cret"),
            ("GITHUB_CLIENT_SECRET", "s3cret"),
        ]);
        let shown = format!(
            "{:?}",
            providers.map_err(|_| ()).map(|providers| providers.settings)
        );
        assert!(
            shown.contains("google_secret") && !shown.contains("s3cret"),
            "{shown}"
        );
    }
}
