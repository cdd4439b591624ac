//! What can go wrong between a client, a provider and an account.

use platform::http::ApiError;
use sea_orm::{ActiveEnum as _, DbErr};

use super::Provider;
use crate::errors::AccountError;

/// What comes of asking a provider, other than somebody's profile. The reasons are for the operator's log: they hold no
/// word of what was sent.
#[derive(Debug, PartialEq, Eq)]
pub enum ProviderError {
    /// It does not accept the token, or the token is not for us.
    Refused(String),
    /// It does not exchange the code.
    CodeRefused(String),
    /// It cannot be reached, fails, or answers what cannot be understood.
    Unavailable(String),
}

impl ProviderError {
    pub fn refused(reason: &str) -> Self {
        Self::Refused(reason.to_owned())
    }

    pub fn unavailable(reason: &str) -> Self {
        Self::Unavailable(reason.to_owned())
    }

    /// The same of the exchange of a code.
    pub fn of_code(self) -> Self {
        match self {
            Self::Refused(reason) => Self::CodeRefused(reason),
            other => other,
        }
    }

    pub fn of(self, provider: Provider) -> SocialError {
        let label = provider.to_value();
        match self {
            Self::Refused(reason) => {
                tracing::info!(provider = label, reason, "a token of a provider was refused");
                SocialError::Refused
            }
            Self::CodeRefused(reason) => {
                tracing::info!(provider = label, reason, "a code of a provider was refused");
                SocialError::CodeRefused
            }
            Self::Unavailable(reason) => {
                tracing::warn!(provider = label, reason, "a provider could not be asked");
                metrics::counter!("selflink_social_provider_failures_total", "provider" => label)
                    .increment(1);
                SocialError::Unavailable(provider)
            }
        }
    }
}

/// What can be wrong with a request about identities of providers.
#[derive(Debug, thiserror::Error)]
pub enum SocialError {
    /// Nothing was sent that this provider knows.
    #[error("Incorrect input. access_token or code is required.")]
    NoCredential,
    /// The provider does not accept what was sent, or it is meant for another app.
    #[error("Incorrect value")]
    Refused,
    /// The provider does not exchange the code.
    #[error("Failed to exchange code for access token")]
    CodeRefused,
    /// The code was sent to an address that is not ours.
    #[error("This redirect URI is not registered here.")]
    RedirectNotAllowed,
    /// The instance has no app at this provider.
    #[error("Sign-in through {0} is not set up here.")]
    NotConfigured(Provider),
    /// The provider is away, or makes no sense.
    #[error("{0} cannot be reached at the moment. Please try again later.")]
    Unavailable(Provider),
    /// The provider tells no verified address.
    #[error(
        "{0} did not tell a verified e-mail address. Verify one there, allow SelfLink to see it, and try again."
    )]
    NoEmail(Provider),
    /// An account has the address, and is not joined to the identity unasked.
    #[error("User is already registered with this e-mail address.")]
    EmailTaken,
    /// The identity signs in to another account.
    #[error("This {0} account belongs to another SelfLink account.")]
    LinkedElsewhere(Provider),
    /// The account has another identity of the provider.
    #[error("Another {0} account is linked already. Remove it first.")]
    AnotherLinked(Provider),
    /// Without the identity nobody could sign in to the account.
    #[error("This is the only way to sign in to your account. Set a password or link another account first.")]
    LastWay,
    /// The account has no identity of the provider.
    #[error("No SocialAccount matches the given query.")]
    NotLinked,
    /// A concurrent request has stored the same: look again.
    #[error("The account was changed by another request. Please try again.")]
    Rival,
    /// Something about the account.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbErr),
}

impl From<SocialError> for ApiError {
    fn from(error: SocialError) -> Self {
        let text = error.to_string();
        match error {
            SocialError::NotConfigured(_) | SocialError::Unavailable(_) | SocialError::Rival => {
                Self::unavailable(&text)
            }
            SocialError::RedirectNotAllowed => Self::field("redirect_uri", text),
            SocialError::NotLinked => Self::no_match("SocialAccount"),
            SocialError::Account(error) => error.into(),
            SocialError::Database(error) => error.into(),
            SocialError::NoCredential
            | SocialError::Refused
            | SocialError::CodeRefused
            | SocialError::NoEmail(_)
            | SocialError::EmailTaken
            | SocialError::LinkedElsewhere(_)
            | SocialError::AnotherLinked(_)
            | SocialError::LastWay => Self::object(text),
        }
    }
}
