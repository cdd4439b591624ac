//! What other domains need to reach people: whom an act may reach, by which ways, at which addresses.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use platform::{
    db::{Engine, Tx, list_of},
    id::UserId,
};
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement, Value};

use crate::{entities::devices::PushToken, events::UserChanged};

/// How somebody wants to be reached.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct DeliverySettings {
    /// The account's handle.
    pub handle: String,
    /// Its name; may be blank.
    pub name: String,
    /// The language it prefers, such as `en`.
    pub locale: String,
    /// Its address.
    pub email: String,
    /// Whether somebody has proved that the address is theirs.
    pub is_email_verified: bool,
    /// Whether the account is in use.
    pub is_active: bool,
    /// Whether push messages are wanted at all.
    pub push_enabled: bool,
    /// Whether mails about what happens are wanted at all.
    pub email_enabled: bool,
    /// Whether a daily summary by mail is wanted.
    pub digest_enabled: bool,
    /// `{"start": "HH:MM", "end": "HH:MM", "timezone": "Area/City"}`, or anything else that a client has stored.
    pub quiet_hours: serde_json::Value,
}

impl DeliverySettings {
    /// The name that others see: the handle of those who have given none.
    pub fn display_name(&self) -> &str {
        if self.name.trim().is_empty() {
            &self.handle
        } else {
            &self.name
        }
    }

    /// Columns from 1 on.
    fn read(row: &QueryResult) -> Result<Self, DbErr> {
        Ok(Self {
            handle: row.try_get_by_index(1)?,
            name: row.try_get_by_index(2)?,
            locale: row.try_get_by_index(3)?,
            email: row.try_get_by_index(4)?,
            is_email_verified: row.try_get_by_index(5)?,
            is_active: row.try_get_by_index(6)?,
            push_enabled: row.try_get_by_index(7)?,
            email_enabled: row.try_get_by_index(8)?,
            digest_enabled: row.try_get_by_index(9)?,
            quiet_hours: row.try_get_by_index(10)?,
        })
    }
}

/// The settings of these accounts (at most a few hundred), in one query; those that are gone are missing.
pub async fn delivery_settings(
    on: &impl ConnectionTrait,
    ids: &[UserId],
) -> Result<HashMap<UserId, DeliverySettings>, DbErr> {
    let text = format!(
        "SELECT u.id, u.handle, u.name, u.locale, p.email, p.email_verified_at IS NOT NULL, u.is_active, \
         s.push_enabled, s.email_enabled, s.digest_enabled, s.quiet_hours \
         FROM users u JOIN user_pii p ON p.user_id = u.id JOIN user_settings s ON s.user_id = u.id WHERE u.id IN {}",
        list(on, "$1")
    );
    let rows = all(on, text, vec![ids_of(ids)]).await?;
    rows.iter()
        .map(|row| Ok((row.try_get_by_index(0)?, DeliverySettings::read(row)?)))
        .collect()
}

/// Those of `recipients` whom an act of `actor` may reach: both exist, and neither has blocked the other. Says of each
/// whether they have muted the actor.
pub async fn reached_by(
    on: &impl ConnectionTrait,
    actor: UserId,
    recipients: &[UserId],
) -> Result<HashMap<UserId, bool>, DbErr> {
    let text = format!(
        "SELECT u.id, EXISTS (SELECT 1 FROM mutes m WHERE m.user_id = u.id AND m.target_id = $1) \
         FROM users u WHERE u.id IN {} AND EXISTS (SELECT 1 FROM users a WHERE a.id = $1) \
         AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.user_id = u.id AND b.target_id = $1) \
         AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.user_id = $1 AND b.target_id = u.id)",
        list(on, "$2")
    );
    let rows = all(on, text, vec![actor.0.into(), ids_of(recipients)]).await?;
    rows.iter()
        .map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)))
        .collect()
}

/// A device that may get push messages.
#[derive(Debug, Clone)]
pub struct PushDevice {
    /// Another one once the device has another owner.
    pub id: i64,
    /// Whose it is.
    pub user_id: UserId,
    /// What the push provider knows it by.
    pub push_token: PushToken,
}

/// The devices of these accounts.
pub async fn devices_of(on: &impl ConnectionTrait, owners: &[UserId]) -> Result<Vec<PushDevice>, DbErr> {
    devices_where(on, "user_id", ids_of(owners)).await
}

/// Those of these devices that still exist.
pub async fn devices_called(on: &impl ConnectionTrait, ids: &[i64]) -> Result<Vec<PushDevice>, DbErr> {
    devices_where(on, "id", list_of(ids)).await
}

async fn devices_where(
    on: &impl ConnectionTrait,
    column: &'static str,
    ids: Value,
) -> Result<Vec<PushDevice>, DbErr> {
    let text = format!(
        "SELECT id, user_id, push_token FROM devices WHERE {column} IN {} ORDER BY id",
        list(on, "$1")
    );
    let rows = all(on, text, vec![ids]).await?;
    rows.iter()
        .map(|row| {
            Ok(PushDevice {
                id: row.try_get_by_index(0)?,
                user_id: row.try_get_by_index(1)?,
                push_token: PushToken(row.try_get_by_index(2)?),
            })
        })
        .collect()
}

/// Removes a device that its provider knows no longer, unless it was registered anew since it was addressed.
pub async fn forget_device(tx: &Tx, id: i64, addressed_at: DateTime<Utc>) -> Result<bool, DbErr> {
    let text = "DELETE FROM devices WHERE id = $1 AND last_seen <= $2";
    let values = [id.into(), addressed_at.into()];
    let statement = Statement::from_sql_and_values(tx.get_database_backend(), text, values);
    Ok(tx.execute_raw(statement).await?.rows_affected() == 1)
}

/// The next accounts after `after`, in the order of their ids, that want a daily summary.
pub async fn digest_readers(
    on: &impl ConnectionTrait,
    after: UserId,
    most: u32,
) -> Result<Vec<UserId>, DbErr> {
    let text = format!(
        "SELECT s.user_id FROM user_settings s JOIN users u ON u.id = s.user_id \
         WHERE s.digest_enabled AND s.email_enabled AND u.is_active AND s.user_id > $1 ORDER BY s.user_id LIMIT {most}"
    );
    let rows = all(on, text, vec![after.0.into()]).await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}

/// Which mails somebody wants no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mailing {
    /// The daily summary.
    Digest,
    /// All mails about what happens.
    Everything,
}

/// Switches mails off, as the settings of the account would.
pub async fn stop_mails(tx: &Tx, user: UserId, mailing: Mailing) -> Result<(), DbErr> {
    let column = match mailing {
        Mailing::Digest => "digest_enabled",
        Mailing::Everything => "email_enabled",
    };
    let text = format!("UPDATE user_settings SET {column} = FALSE WHERE user_id = $1 AND {column}");
    let statement = Statement::from_sql_and_values(tx.get_database_backend(), text, [user.0.into()]);
    if tx.execute_raw(statement).await?.rows_affected() == 1 {
        tx.append(&UserChanged { user_id: user }).await?;
    }
    Ok(())
}

async fn all(on: &impl ConnectionTrait, text: String, values: Vec<Value>) -> Result<Vec<QueryResult>, DbErr> {
    on.query_all_raw(Statement::from_sql_and_values(
        on.get_database_backend(),
        text,
        values,
    ))
    .await
}

fn list(on: &impl ConnectionTrait, placeholder: &str) -> String {
    Engine::of(on).list(placeholder)
}

fn ids_of(users: &[UserId]) -> Value {
    let ids: Vec<i64> = users.iter().map(|user| user.0).collect();
    list_of(&ids)
}
