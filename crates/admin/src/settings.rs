//! The settings of this domain.

platform::settings! {
    /// The administration.
    pub struct AdministrationSettings, "Administration" {
        /// Whether browsers send the session's cookie by https alone. `true` wherever the instance is reached by https.
        session_cookie_secure: bool = ["SESSION_COOKIE_SECURE"] or "false",
        /// The same for the cookie that protects the sign-in form.
        csrf_cookie_secure: bool = ["CSRF_COOKIE_SECURE"] or "false",
        /// Hours after which one has to sign in again.
        session_hours: u32 = ["ADMIN_SESSION_HOURS"] or "12",
    }
}
