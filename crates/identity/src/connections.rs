//! Whether connections that stay open may stay so: requests are judged one by one, these only when something happened.

use platform::{App, id::UserId};
use sea_orm::{ConnectionTrait as _, DbErr, Statement, Value};

use crate::restraints;

/// How the holder of an open connection stands now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// The account is active and the session goes on.
    Stands,
    /// The session has ended, or there is no such account.
    SignedOut,
    /// The account is deactivated or suspended.
    Inactive,
}

/// How these holders stand, in their order; who names no session is judged by the account alone. One statement.
pub async fn still_standing(app: &App, holders: &[(UserId, Option<i64>)]) -> Result<Vec<Hold>, DbErr> {
    if holders.is_empty() {
        return Ok(Vec::new());
    }
    let mut values: Vec<Value> = Vec::with_capacity(holders.len() * 2);
    let users = placeholders(&mut values, holders.iter().map(|(user, _)| user.0));
    let sessions = placeholders(
        &mut values,
        holders.iter().map(|(_, session)| session.unwrap_or(0)),
    );
    let text = format!(
        "SELECT u.id, u.is_active, u.suspended_until, s.id FROM users u \
         LEFT JOIN sessions s ON s.user_id = u.id AND s.revoked_at IS NULL AND s.id IN ({sessions}) \
         WHERE u.id IN ({users})"
    );
    let statement = Statement::from_sql_and_values(app.db().engine().backend(), text, values);
    let now = app.clock().now();
    let mut found = Vec::new();
    for row in app.db().reader().query_all_raw(statement).await? {
        let is_active = row.try_get_by_index::<bool>(1)? && !restraints::lasts(row.try_get_by_index(2)?, now);
        let session: Option<i64> = row.try_get_by_index(3)?;
        found.push((UserId(row.try_get_by_index(0)?), is_active, session));
    }
    let judge = |(user, session): &(UserId, Option<i64>)| {
        let rows: Vec<_> = found.iter().filter(|(id, ..)| id == user).collect();
        match rows.first() {
            Some((_, false, _)) => Hold::Inactive,
            Some(_) if session.is_none() || rows.iter().any(|(.., open)| open == session) => Hold::Stands,
            _ => Hold::SignedOut,
        }
    };
    Ok(holders.iter().map(judge).collect())
}

fn placeholders(values: &mut Vec<Value>, ids: impl Iterator<Item = i64>) -> String {
    let names: Vec<String> = ids
        .map(|id| {
            values.push(id.into());
            format!("${}", values.len())
        })
        .collect();
    names.join(", ")
}
