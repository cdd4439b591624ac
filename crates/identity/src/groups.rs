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

/// A group with its members.
#[derive(Debug, Clone)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its members with their handles, in the order of these; at most [`MOST_SHOWN`] of all groups together.
    pub members: Vec<(UserId, String)>,
}

/// Most members that [`all`] returns.
pub const MOST_SHOWN: usize = 2000;

/// All groups, by name.
pub async fn all(on: &impl ConnectionTrait) -> Result<Vec<Group>, DbErr> {
    let text = format!(
        "SELECT g.name, u.id, u.handle FROM user_groups g LEFT JOIN group_members m ON m.group_name = g.name \
         LEFT JOIN users u ON u.id = m.user_id ORDER BY g.name, u.handle LIMIT {MOST_SHOWN}"
    );
    let rows = on
        .query_all_raw(Statement::from_string(on.get_database_backend(), text))
        .await?;
    let mut groups: Vec<Group> = Vec::new();
    for row in rows {
        let name: String = row.try_get_by_index(0)?;
        if groups.last().is_none_or(|group| group.name != name) {
            groups.push(Group {
                name,
                members: Vec::new(),
            });
        }
        let member: Option<i64> = row.try_get_by_index(1)?;
        if let (Some(id), Some(group)) = (member, groups.last_mut()) {
            group.members.push((UserId(id), row.try_get_by_index(2)?));
        }
    }
    Ok(groups)
}

/// Takes the account out of a group.
pub async fn leave(tx: &Tx, group: &str, user: UserId) -> Result<(), DbErr> {
    let text = "DELETE FROM group_members WHERE group_name = $1 AND user_id = $2";
    execute(tx, text, [group.into(), user.0.into()]).await
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
