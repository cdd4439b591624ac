//! Where mails of other domains to an account go.

use platform::{App, id::UserId};
use sea_orm::{ConnectionTrait as _, DbErr, Statement};

/// Where mails to an account go, and how they greet.
#[derive(Debug, Clone)]
pub struct Mailbox {
    /// The address.
    pub address: String,
    /// The handle of the account.
    pub handle: String,
}

/// The mailbox of an account; `None` when it is gone or deactivated.
pub async fn of(app: &App, user: UserId) -> Result<Option<Mailbox>, DbErr> {
    let statement = Statement::from_sql_and_values(
        app.db().engine().backend(),
        "SELECT p.email, u.handle FROM users u JOIN user_pii p ON p.user_id = u.id WHERE u.id = $1 AND u.is_active",
        [user.0.into()],
    );
    let Some(row) = app.db().reader().query_one_raw(statement).await? else {
        return Ok(None);
    };
    Ok(Some(Mailbox {
        address: row.try_get_by_index(0)?,
        handle: row.try_get_by_index(1)?,
    }))
}
