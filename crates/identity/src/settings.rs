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
    /// What `selflink createsuperuser` takes when it is not told on the command line.
    pub struct SuperuserSettings, "Further administrators" {
        /// Address of the account that `selflink createsuperuser` makes.
        email: String = ["DJANGO_SUPERUSER_EMAIL"] or "",
        /// Its password.
        password: Secret = ["DJANGO_SUPERUSER_PASSWORD"] or "",
    }
}
