//! E-mail addresses of accounts: proving that one has the mailbox, and changing to another.

use chrono::Duration;
use platform::{App, db::Tx, http::Viewer, id::UserId};
use sea_orm::{ActiveValue::Set, ConnectionTrait as _, DbErr, EntityTrait as _, Statement};

use crate::{
    accounts::{canonical_email, email_key},
    attempts,
    entities::user_pii,
    errors::{AccountError, taken},
    events::{EmailChangeRequested, EmailVerificationRequested, UserChanged},
    mail_limits,
    one_time_tokens::{self, Purpose},
    passwords,
    sessions::ClientInfo,
};

/// How long a change that was asked for waits for its mail to be sent.
const REQUEST_LIFETIME: Duration = Duration::days(1);

/// Marks an account's address as verified, if it still is the one that was proved; whether it is.
pub async fn mark_verified(tx: &Tx, user_id: UserId, proved: &str) -> Result<bool, DbErr> {
    let statement = Statement::from_sql_and_values(
        tx.get_database_backend(),
        "UPDATE user_pii SET email_verified_at = COALESCE(email_verified_at, $1) WHERE user_id = $2 AND email_key = $3",
        [tx.now().into(), user_id.0.into(), proved.into()],
    );
    let changed = tx.execute_raw(statement).await?;
    Ok(changed.rows_affected() > 0)
}

/// Asks for a mail with which one's own address can be verified.
pub async fn request_verification(app: &App, viewer: &Viewer) -> Result<(), AccountError> {
    let user_id = viewer.id;
    mail_limits::check_account(app, "verification", &user_id.to_string()).await?;
    app.db()
        .write(|tx| async move { tx.append(&EmailVerificationRequested { user_id }).await })
        .await?;
    Ok(())
}

/// Verifies an address with the token of a mail.
pub async fn verify(app: &App, token: &str) -> Result<(), AccountError> {
    app.db()
        .write(|tx| async move {
            let redeemed = one_time_tokens::redeem(&tx, token, Purpose::EmailVerification)
                .await?
                .ok_or(AccountError::InvalidToken)?;
            if !mark_verified(&tx, redeemed.user_id, &redeemed.detail).await? {
                return Err(AccountError::InvalidToken);
            }
            let user_id = redeemed.user_id;
            Ok(tx.append(&UserChanged { user_id }).await?)
        })
        .await
}

/// Asks to change one's own address: a mail to the new one can confirm it, the old one is told. Does the same, and says
/// the same, when another account has the address, and when the address has had its share of mails.
pub async fn request_change(
    app: &App,
    viewer: &Viewer,
    (email, password): (&str, &str),
    client: &ClientInfo,
) -> Result<(), AccountError> {
    const FIELD: &str = "password";
    let confirmed = passwords::confirm(app, viewer, (FIELD, Some(password)), client).await?;
    confirmed.ok_or(AccountError::WrongPassword(FIELD))?;
    let user_id = viewer.id;
    mail_limits::check_account(app, "change", &user_id.to_string()).await?;
    let has_share = mail_limits::has_share(app, "change_to", &attempts::account_subject(app, email)).await;
    let email = &canonical_email(email);
    app.db()
        .write(|tx| async move {
            let purpose = Purpose::EmailChangeRequest;
            let request = one_time_tokens::reserve(&tx, user_id, purpose, email, REQUEST_LIFETIME).await?;
            let request = has_share.then_some(request);
            tx.append(&EmailChangeRequested { user_id, request }).await
        })
        .await?;
    Ok(())
}

/// Changes an address with the token of a mail to the new one.
pub async fn change(app: &App, token: &str) -> Result<(), AccountError> {
    app.db()
        .write(|tx| async move {
            let redeemed = one_time_tokens::redeem(&tx, token, Purpose::EmailChange)
                .await?
                .ok_or(AccountError::InvalidToken)?;
            let user_id = redeemed.user_id;
            let row = user_pii::ActiveModel {
                user_id: Set(user_id),
                email_key: Set(email_key(&redeemed.detail)),
                email: Set(redeemed.detail),
                email_verified_at: Set(Some(tx.now())),
                ..Default::default()
            };
            user_pii::Entity::update(row).exec(&tx).await.map_err(taken)?;
            // What was mailed to the old address proves nothing any more.
            let mailed = [
                Purpose::PasswordReset,
                Purpose::EmailVerification,
                Purpose::EmailChange,
                Purpose::EmailChangeRequest,
            ];
            one_time_tokens::revoke(&tx, user_id, &mailed).await?;
            Ok(tx.append(&UserChanged { user_id }).await?)
        })
        .await
}
