//! Asking for the password again before a change that a stolen token must not make.

use std::time::Duration;

use platform::{
    App,
    auth::UNUSABLE,
    id::UserId,
    limits::{Hit, Rate},
};
use sea_orm::EntityTrait as _;

use crate::{entities::users, errors::AccountError, second_factor::FactorError};

/// How often the password of an account may be tried here.
const RATE: Rate = Rate {
    count: 20,
    period: Duration::from_hours(1),
};

/// Passes if the password is that of the account. An account that has none, because it signs in through a provider, passes
/// without.
pub async fn require_password(app: &App, user: UserId, password: Option<&str>) -> Result<(), AccountError> {
    let account = users::Entity::find_by_id(user).one(app.db().reader()).await?;
    let account = account.ok_or(AccountError::NoSuchUser)?;
    if account.password == UNUSABLE {
        return Ok(());
    }
    let password = password.ok_or(FactorError::PasswordMissing)?;
    let hit = Hit {
        scope: "reauthentication",
        subject: &user.to_string(),
        rate: RATE,
    };
    let allowed = app.throttles().check(&[hit]).await;
    allowed.map_err(|wait| FactorError::TooManyPasswords(wait.seconds))?;
    let is_right = app
        .passwords()
        .verify(password.to_owned(), Some(account.password))
        .await?;
    if is_right {
        Ok(())
    } else {
        Err(FactorError::PasswordWrong.into())
    }
}
