//! Groups of accounts with rights in common.

use platform::{db::Tx, id::UserId};
use sea_orm::{ConnectionTrait, DbErr, Statement, Value};

/// The groups that every instance has.
pub const STANDARD: [&str; 3] = ["moderation_team", "config_admin", "support_staff"];

/// Makes the group if it is missing and puts the account into it.
pub async fn join(tx: &Tx, group: &str, user: UserId) -> Result<(), DbErr> {
    execute(
        tx,
        "INSERT INTO user_groups (name) VALUES ($1) ON CONFLICT DO NOTHING",
        [group.into()],
    )
    .await?;
    let text = "INSERT INTO group_members (group_name, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    execute(tx, text, [group.into(), user.0.into()]).await
}

/// Whether the account is in the group.
pub async fn is_member(on: &impl ConnectionTrait, user: UserId, group: &str) -> Result<bool, DbErr> {
    let statement = Statement::from_sql_and_values(
        on.get_database_backend(),
        "SELECT 1 FROM group_members WHERE group_name = $1 AND user_id = $2",
        [group.into(), user.0.into()],
    );
    Ok(on.query_one_raw(statement).await?.is_some())
}

/// Takes the account out of all groups.
pub async fn leave_all(tx: &Tx, user: UserId) -> Result<(), DbErr> {
    execute(
        tx,
        "DELETE FROM group_members WHERE user_id = $1",
        [user.0.into()],
    )
    .await
}

async fn execute<const N: usize>(tx: &Tx, text: &str, values: [Value; N]) -> Result<(), DbErr> {
    tx.execute_raw(Statement::from_sql_and_values(
        tx.get_database_backend(),
        text,
        values,
    ))
    .await
    .map(drop)
}
