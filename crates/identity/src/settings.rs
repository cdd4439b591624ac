//! The settings of this domain.

use platform::{
    App,
    config::{Secret, Setting},
    limits::Rate,
};

platform::settings! {
    /// Sign-in.
    pub struct SignInSettings, "Sign-in" {
        /// Registrations and sign-ins per second and client address, together; needs `RATE_LIMITS_ENABLED`. 0: no limit.
        per_address: i64 = ["AUTH_RPS_IP"] or "5",
        /// Wrong passwords for one account from one client address (of IPv6, one /64).
        pair_rate: Option<Rate> = ["SIGN_IN_PAIR_RATE"] or "10/min",
        /// Wrong passwords from one client address, for all accounts together.
        address_rate: Option<Rate> = ["SIGN_IN_ADDRESS_RATE"] or "60/min",
        /// Wrong passwords for one account from all client addresses together; addresses from which the account has been used are exempt.
        account_rate: Option<Rate> = ["SIGN_IN_ACCOUNT_RATE"] or "100/hour",
    }
}

platform::settings! {
    /// Mails to accounts.
    pub struct AccountMailSettings, "Mails to accounts" {
        /// `required`: an account may do nothing but manage itself until its e-mail address is verified. `off`: addresses need not be verified.
        email_verification: EmailVerification = ["EMAIL_VERIFICATION"] or "off",
        /// Address of the page on which a new password is chosen, with `{token}` where the token goes: `https://app.example.org/reset?token={token}`. Blank: the mail shows the token as a code to paste.
        password_reset_url: Option<Link> = ["PASSWORD_RESET_URL"] or "",
        /// The same for the page that verifies an address.
        email_verification_url: Option<Link> = ["EMAIL_VERIFICATION_URL"] or "",
        /// The same for the page that confirms a new address.
        email_change_url: Option<Link> = ["EMAIL_CHANGE_URL"] or "",
        /// Mails of one kind (new password, verification, change of address) to one account or address; more are not sent.
        account_rate: Option<Rate> = ["ACCOUNT_MAIL_RATE"] or "3/hour",
        /// Requests for a new password from one client address.
        client_rate: Option<Rate> = ["PASSWORD_RESET_ADDRESS_RATE"] or "20/hour",
    }
}

platform::settings! {
    /// Defaults of `selflink bootstrap-admin`.
    pub struct AdminSettings, "First administrator" {
        /// Address of the account.
        email: String = ["ADMIN_EMAIL"] or "admin@selflink.app",
        /// Its password.
        password: Secret = ["ADMIN_PASSWORD"] or "selflinkAdmin123",
        /// Its name when it is made.
        name: String = ["ADMIN_NAME"] or "SelfLink Admin",
    }
}

platform::settings! {
    /// Passkeys: what they are bound to. See [`RelyingParty`](crate::second_factor::RelyingParty).
    pub struct PasskeySettings, "Passkeys" {
        /// Domain that passkeys are bound to; those that are registered stop working when it changes. Blank: the host of `PUBLIC_BASE_URL`, else `localhost`.
        rp_id: String = ["PASSKEY_RP_ID"] or "",
        /// Origins of the sites and apps that passkeys may be used from, such as `https://app.example.org` or `android:apk-key-hash:…`; on the domain of `PASSKEY_RP_ID` or below it. Blank: `PUBLIC_BASE_URL`, else `http://localhost:8000`.
        origins: Vec<String> = ["PASSKEY_ORIGINS"] or "",
    }
}

platform::settings! {
    /// The second factor.
    pub struct SecondFactorSettings, "Second factor" {
        /// Whether staff has its rights only in sessions that were opened with a second factor. Recommended: `true`.
        required_of_staff: bool = ["STAFF_SECOND_FACTOR_REQUIRED"] or "false",
    }
}

platform::settings! {
    /// What `selflink createsuperuser` takes when it is not told on the command line.
    pub struct SuperuserSettings, "Further administrators" {
        /// Address of the account that `selflink createsuperuser` makes.
        email: String = ["DJANGO_SUPERUSER_EMAIL"] or "",
        /// Its password.
        password: Secret = ["DJANGO_SUPERUSER_PASSWORD"] or "",
    }
}

/// Whether addresses have to be verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "lowercase")]
pub enum EmailVerification {
    Off,
    Required,
}
platform::choice_setting!(EmailVerification);

/// Whether accounts with an unverified address are held back.
pub fn requires_verification(app: &App) -> bool {
    app.settings::<AccountMailSettings>()
        .is_some_and(|settings| settings.email_verification == EmailVerification::Required)
}

/// The address of a page of the client, with a place for a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link(String);

impl Link {
    const PLACE: &'static str = "{token}";

    /// The address with this token.
    pub fn with(&self, token: &str) -> String {
        self.0.replace(Self::PLACE, token)
    }
}

impl Setting for Link {
    const KIND: &'static str = "URL with {token}";
    fn parse(text: &str) -> Result<Self, String> {
        let is_url = text.split_once("://").is_some_and(|(scheme, rest)| {
            !rest.is_empty()
                && !scheme.is_empty()
                && !text.contains(|c: char| c.is_whitespace() || c.is_control())
        });
        if is_url && text.contains(Self::PLACE) {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!(
                "must be a URL with {{token}} where the token goes, such as https://app.example.org/reset?token={{token}}; got {text:?}"
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links() {
        let link = Link::parse("selflink://reset/{token}").expect("is valid");
        assert_eq!(link.with("abc"), "selflink://reset/abc");
        for text in [
            "https://app.example/",
            "{token}",
            "://{token}",
            "https://app.example/ {token}",
        ] {
            assert!(Link::parse(text).is_err(), "{text}");
        }
    }
}
