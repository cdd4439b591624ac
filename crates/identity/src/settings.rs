//! The settings of this domain.

use platform::config::Secret;

platform::settings! {
    /// Sign-in.
    pub struct SignInSettings, "Sign-in" {
        /// Registrations and sign-ins per second and client address, together; needs `RATE_LIMITS_ENABLED`. 0: no limit.
        per_address: i64 = ["AUTH_RPS_IP"] or "5",
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
