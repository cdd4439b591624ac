//! The mails of accounts: their words.
//!
//! Nothing that a stranger could choose is in them but the handle, which is letters and digits: nobody can make us send
//! their own words to somebody else.

use platform::mail::Mail;

use crate::{
    events::FactorChange,
    settings::{AccountMailSettings, Link},
};

/// Whom a mail greets.
pub struct Addressee<'a> {
    pub to: &'a str,
    pub handle: &'a str,
}

impl Addressee<'_> {
    fn mail(&self, subject: &str, paragraphs: &[&str]) -> Mail {
        let Self { to, handle } = self;
        Mail {
            to: (*to).to_owned(),
            subject: subject.to_owned(),
            text: format!("Hi @{handle},\n\n{}\n\nSelfLink", paragraphs.join("\n\n")),
            unsubscribe: None,
        }
    }
}

/// What to do with a token: open a link, or paste it where there is no page for it.
fn step(link: Option<&Link>, token: &str, what: &str) -> [String; 2] {
    match link {
        Some(link) => [format!("Open this link to {what}:"), link.with(token)],
        None => [
            format!("Paste this code into the app to {what}:"),
            token.to_owned(),
        ],
    }
}

/// Setting a new password.
pub fn password_reset(to: &Addressee<'_>, token: &str, settings: &AccountMailSettings) -> Mail {
    let [how, token] = step(
        settings.password_reset_url.as_ref(),
        token,
        "choose a new password",
    );
    to.mail(
        "Choose a new SelfLink password",
        &[
            "Somebody, hopefully you, asked for a new password for your SelfLink account.",
            &how,
            &token,
            "It works once, within an hour.",
            "If it was not you, there is nothing to do: your password stays as it is.",
        ],
    )
}

/// The password was changed or set anew.
pub fn password_changed(to: &Addressee<'_>) -> Mail {
    to.mail(
        "Your SelfLink password was changed",
        &[
            "The password of your SelfLink account was just changed, and your other devices were signed out.",
            "If it was not you, choose \"Forgot password\" in the app right away: that signs everybody else out.",
        ],
    )
}

/// Proving the address of the account.
pub fn email_verification(to: &Addressee<'_>, token: &str, settings: &AccountMailSettings) -> Mail {
    let [how, token] = step(
        settings.email_verification_url.as_ref(),
        token,
        "tell us that this address is yours",
    );
    to.mail(
        "Verify your e-mail address",
        &[
            "Welcome to SelfLink!",
            &how,
            &token,
            "It works once, within three days.",
            "If you have no SelfLink account, somebody has mistyped their address: there is nothing to do.",
        ],
    )
}

/// Proving a new address.
pub fn email_change(to: &Addressee<'_>, token: &str, settings: &AccountMailSettings) -> Mail {
    let [how, token] = step(
        settings.email_change_url.as_ref(),
        token,
        "make this the address of your SelfLink account",
    );
    to.mail(
        "Confirm your new e-mail address",
        &[
            &how,
            &token,
            "It works once, within a day. Until then nothing changes.",
            "If you did not ask for this, there is nothing to do.",
        ],
    )
}

/// To the owner of an address that somebody else wants for their account. Greets the owner, and names nobody.
pub fn email_taken(to: &Addressee<'_>) -> Mail {
    to.mail(
        "This address already has a SelfLink account",
        &[
            "Somebody asked to use this address for another SelfLink account. It belongs to yours, so nothing has changed.",
            "If that was you, sign in with this address, or use another for the second account.",
        ],
    )
}

/// To the address that an account has so far.
pub fn email_change_notice(to: &Addressee<'_>) -> Mail {
    to.mail(
        "Your SelfLink address is about to change",
        &[
            "Somebody, hopefully you, asked to change the e-mail address of your SelfLink account. It changes when the mail \
             to the new address is confirmed.",
            "If it was not you, change your password now: that takes the request back.",
        ],
    )
}

/// A second factor was added, removed or stood in for.
pub fn second_factor_changed(to: &Addressee<'_>, change: FactorChange) -> Mail {
    let what = match change {
        FactorChange::TotpAdded => "An authenticator app was switched on for your SelfLink account.",
        FactorChange::TotpRemoved => "The authenticator app of your SelfLink account was switched off.",
        FactorChange::PasskeyAdded => "A passkey was added to your SelfLink account.",
        FactorChange::PasskeyRemoved => "A passkey was removed from your SelfLink account.",
        FactorChange::RecoveryCodeUsed => {
            "A recovery code of your SelfLink account was used. It works only once."
        }
        FactorChange::RecoveryCodesMade => {
            "New recovery codes were made for your SelfLink account. The ones you had before no longer work."
        }
        FactorChange::Reset => {
            "An operator of SelfLink removed the authenticator app, the passkeys and the recovery codes of your account, and \
             signed all your devices out."
        }
    };
    to.mail(
        "The second factor of your SelfLink account",
        &[
            what,
            "If you did not do or ask for this, change your password right away: that signs everybody else out. Then look at \
             what is switched on for your account.",
        ],
    )
}
