//! Passwords: changing one's own, and setting a new one by mail.

use platform::{App, auth::UNUSABLE, db::Tx, http::Viewer, id::UserId};
use sea_orm::{ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _, Statement};

use crate::{
    accounts, addresses, attempts,
    entities::users,
    errors::AccountError,
    events::{PasswordChanged, PasswordResetRequested},
    mail_limits,
    one_time_tokens::{self, Purpose},
    sessions::{self, ClientInfo, Ending},
};

/// What a change of the password takes back: mails that somebody else may have asked for with the old one.
const TAKEN_BACK: [Purpose; 3] = [
    Purpose::PasswordReset,
    Purpose::EmailChange,
    Purpose::EmailChangeRequest,
];

/// What an account signs in with.
pub struct Credentials {
    /// See `accounts::email_key`.
    pub email_key: String,
    /// The stored form.
    pub password: String,
}

/// Asks whoever is signed in for the password again, before a change that a stolen token must not make; a wrong one counts as
/// a failed sign-in. `None`: the account has none, because it signs in through a provider; the caller says what that means.
///
/// # Errors
/// [`AccountError::PasswordMissing`] and [`AccountError::WrongPassword`] name the field, [`AccountError::TooManyAttempts`].
pub async fn confirm(
    app: &App,
    viewer: &Viewer,
    (field, password): (&'static str, Option<&str>),
    client: &ClientInfo,
) -> Result<Option<Credentials>, AccountError> {
    let credentials = credentials(app.db().reader(), viewer.id)
        .await?
        .ok_or(AccountError::NoSuchUser)?;
    if credentials.password == UNUSABLE {
        return Ok(None);
    }
    let password = password.ok_or(AccountError::PasswordMissing(field))?;
    let attempt = attempts::begin(app, &credentials.email_key, client).await?;
    let stored = Some(credentials.password.clone());
    if !app.passwords().verify(password.to_owned(), stored).await? {
        return Err(AccountError::WrongPassword(field));
    }
    attempt.give_back().await;
    Ok(Some(credentials))
}

async fn credentials(on: &impl ConnectionTrait, id: UserId) -> Result<Option<Credentials>, DbErr> {
    let statement = Statement::from_sql_and_values(
        on.get_database_backend(),
        "SELECT p.email_key, u.password FROM users u JOIN user_pii p ON p.user_id = u.id WHERE u.id = $1",
        [id.0.into()],
    );
    let Some(row) = on.query_one_raw(statement).await? else {
        return Ok(None);
    };
    Ok(Some(Credentials {
        email_key: row.try_get_by_index(0)?,
        password: row.try_get_by_index(1)?,
    }))
}

/// Changes one's own password and ends all other sessions.
pub async fn change(
    app: &App,
    viewer: &Viewer,
    (current, new): (&str, &str),
    client: &ClientInfo,
) -> Result<(), AccountError> {
    const FIELD: &str = "current_password";
    let confirmed = confirm(app, viewer, (FIELD, Some(current)), client).await?;
    let Credentials { password: old, .. } = &confirmed.ok_or(AccountError::WrongPassword(FIELD))?;
    let new = &app.passwords().hash(new.to_owned()).await?;
    app.db()
        .write(|tx| async move {
            let changed = users::Entity::update_many()
                .col_expr(users::Column::Password, new.clone().into())
                .filter(users::Column::Id.eq(viewer.id))
                // Another change was quicker: what was sent as the current password no longer is.
                .filter(users::Column::Password.eq(old))
                .exec(&tx)
                .await?;
            if changed.rows_affected == 0 {
                return Err(AccountError::WrongPassword(FIELD));
            }
            settle(&tx, viewer.id, Ending::AllBut(viewer.session)).await?;
            Ok(())
        })
        .await
}

/// What follows from a new password.
async fn settle(tx: &Tx, user_id: UserId, ending: Ending) -> Result<(), DbErr> {
    sessions::end(tx, user_id, ending).await?;
    one_time_tokens::revoke(tx, user_id, &TAKEN_BACK).await?;
    tx.append(&PasswordChanged { user_id }).await
}

/// Asks for a mail with which a new password can be set. Does the same work, and says the same, for an address that no
/// account has, and for one that has had its share of mails.
pub async fn request_reset(app: &App, email: &str, client: &ClientInfo) -> Result<(), AccountError> {
    mail_limits::check_client(app, "reset", client).await?;
    let has_share = mail_limits::has_share(app, "reset", &attempts::account_subject(app, email)).await;
    let account = accounts::find_by_email(app.db().reader(), email).await?;
    let user_id = account
        .filter(|account| account.is_active && has_share)
        .map(|account| account.id);
    app.db()
        .write(|tx| async move { tx.append(&PasswordResetRequested { user_id }).await })
        .await?;
    Ok(())
}

/// Sets a new password with the token of a mail, ends all sessions, and forgets failed sign-ins.
pub async fn reset(app: &App, token: &str, new: &str, client: &ClientInfo) -> Result<(), AccountError> {
    let purpose = Purpose::PasswordReset;
    // Hashing is expensive: not for everybody who makes up a token.
    if !one_time_tokens::is_good(app.db().reader(), token, purpose, app.clock().now()).await? {
        return Err(AccountError::InvalidToken);
    }
    let new = &app.passwords().hash(new.to_owned()).await?;
    let email_key = app
        .db()
        .write(|tx| async move {
            let redeemed = one_time_tokens::redeem(&tx, token, purpose)
                .await?
                .ok_or(AccountError::InvalidToken)?;
            let changed = users::Entity::update_many()
                .col_expr(users::Column::Password, new.clone().into())
                .filter(users::Column::Id.eq(redeemed.user_id))
                .filter(users::Column::IsActive.eq(true))
                .exec(&tx)
                .await?;
            if changed.rows_affected == 0 {
                return Err(AccountError::InvalidToken);
            }
            addresses::mark_verified(&tx, redeemed.user_id, &redeemed.detail).await?;
            settle(&tx, redeemed.user_id, Ending::All).await?;
            Ok(redeemed.detail)
        })
        .await?;
    attempts::forgive(app, &email_key, client).await;
    Ok(())
}
