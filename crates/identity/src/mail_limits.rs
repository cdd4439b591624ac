//! How many mails can be asked for: nobody's mailbox is flooded through us.

use platform::{
    App,
    limits::{Hit, Rate, Wait},
};

use crate::{
    attempts::network_of, errors::AccountError, sessions::ClientInfo, settings::AccountMailSettings,
};

/// Counts a request for a mail towards the limit of the client's address.
///
/// # Errors
/// [`AccountError::TooManyAttempts`]
pub async fn check_client(app: &App, kind: &str, client: &ClientInfo) -> Result<(), AccountError> {
    let rate = app
        .settings::<AccountMailSettings>()
        .and_then(|settings| settings.client_rate);
    let subject = format!("{kind}:{}", network_of(client.address));
    count(app, "mail_client", &subject, rate).await
}

/// Counts a mail of this kind towards the share of an account.
///
/// # Errors
/// [`AccountError::TooManyAttempts`]
pub async fn check_account(app: &App, kind: &str, account: &str) -> Result<(), AccountError> {
    let rate = app
        .settings::<AccountMailSettings>()
        .and_then(|settings| settings.account_rate);
    count(app, "mail_account", &format!("{kind}:{account}"), rate).await
}

/// The same for those who must not learn of it: whether another mail fits into the share.
pub async fn has_share(app: &App, kind: &str, account: &str) -> bool {
    check_account(app, kind, account).await.is_ok()
}

async fn count(app: &App, scope: &str, subject: &str, rate: Option<Rate>) -> Result<(), AccountError> {
    let Some(rate) = rate else { return Ok(()) };
    let hit = Hit { scope, subject, rate };
    app.throttles()
        .check(&[hit])
        .await
        .map_err(|Wait { seconds }| AccountError::TooManyAttempts(seconds))
}
