//! What can be wrong with a second factor.

use platform::http::ApiError;

/// What can be wrong with a request about the second factor.
#[derive(Debug, thiserror::Error)]
pub enum FactorError {
    /// The code of this field is wrong or was used before.
    #[error("This code is wrong or has been used.")]
    WrongCode(&'static str),
    /// Too many codes were wrong; more are taken after so many seconds.
    #[error("too many wrong codes")]
    TooManyCodes(u64),
    /// The challenge of a sign-in is unknown, used, too old, or had too many wrong answers.
    #[error("This sign-in has expired. Please sign in again.")]
    ChallengeOver,
    /// What was begun with a passkey is unknown, used or too old.
    #[error("This has expired. Please start again.")]
    CeremonyOver,
    /// An authenticator app is on already.
    #[error("An authenticator app is on already. Switch it off first.")]
    TotpIsOn,
    /// There is no authenticator app to switch off.
    #[error("No authenticator app is on.")]
    TotpIsOff,
    /// There is no enrolment to confirm, or it is too old.
    #[error("There is nothing to confirm. Start again.")]
    NothingToConfirm,
    /// It cannot be read, it was not made for this challenge or by a known passkey, or its counter went backwards.
    #[error("This passkey was not accepted.")]
    PasskeyRefused,
    /// The passkey is registered.
    #[error("This passkey is registered already.")]
    PasskeyKnown,
    /// There are as many passkeys as an account may have.
    #[error("You have as many passkeys as an account may have. Remove one first.")]
    TooManyPasskeys,
    /// There is no such passkey, or it is somebody else's.
    #[error("No Passkey matches the given query.")]
    NoSuchPasskey,
    /// Without the passkey nobody could sign in.
    #[error("This passkey is the only way to sign in to your account. Set a password first.")]
    LastWayIn,
}

impl From<FactorError> for ApiError {
    fn from(error: FactorError) -> Self {
        let text = error.to_string();
        match error {
            FactorError::WrongCode(field) => Self::field(field, text),
            FactorError::TooManyCodes(seconds) => Self::throttled(seconds),
            FactorError::ChallengeOver => Self::field("challenge", text),
            FactorError::CeremonyOver => Self::field("challenge_id", text),
            FactorError::PasskeyRefused | FactorError::PasskeyKnown => Self::field("credential", text),
            FactorError::NoSuchPasskey => Self::no_match("Passkey"),
            FactorError::TotpIsOn
            | FactorError::TotpIsOff
            | FactorError::NothingToConfirm
            | FactorError::TooManyPasskeys
            | FactorError::LastWayIn => Self::bad_request(text),
        }
    }
}
