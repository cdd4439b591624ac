//! How two accounts stand to each other: follows, blocks, mutes.

use std::collections::HashMap;

use platform::{App, db::Tx, id::UserId};
use sea_orm::{ConnectionTrait, DbErr, Statement, Value};

use crate::{collections::Collection, errors::AccountError, follows, users};

/// What connects or separates one account and another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a row that is there or not")]
pub struct Ties {
    /// The one follows the other.
    pub follows: bool,
    /// The other follows back.
    pub is_followed: bool,
    /// The one has blocked the other.
    pub blocks: bool,
    /// The other has blocked the one.
    pub is_blocked: bool,
    /// The one does not want to hear of the other.
    pub mutes: bool,
}

impl Ties {
    /// Each follows the other.
    pub fn are_friends(self) -> bool {
        self.follows && self.is_followed
    }

    /// Either has blocked the other: the two do not meet.
    pub fn are_apart(self) -> bool {
        self.blocks || self.is_blocked
    }
}

/// The ties of `one` with each of `others` that exists, in one query.
pub async fn between(
    on: &impl ConnectionTrait,
    one: UserId,
    others: &[UserId],
) -> Result<HashMap<UserId, Ties>, DbErr> {
    if others.is_empty() {
        return Ok(HashMap::new());
    }
    let ids: Vec<String> = others.iter().map(|id| id.0.to_string()).collect();
    let text = format!(
        "SELECT u.id, \
         EXISTS (SELECT 1 FROM follows WHERE follower_id = $1 AND followee_id = u.id), \
         EXISTS (SELECT 1 FROM follows WHERE follower_id = u.id AND followee_id = $1), \
         EXISTS (SELECT 1 FROM blocks WHERE user_id = $1 AND target_id = u.id), \
         EXISTS (SELECT 1 FROM blocks WHERE user_id = u.id AND target_id = $1), \
         EXISTS (SELECT 1 FROM mutes WHERE user_id = $1 AND target_id = u.id) \
         FROM users u WHERE u.id IN ({})",
        ids.join(", ")
    );
    let statement = Statement::from_sql_and_values(on.get_database_backend(), text, [one.0.into()]);
    let rows = on.query_all_raw(statement).await?;
    rows.iter()
        .map(|row| {
            let ties = Ties {
                follows: row.try_get_by_index(1)?,
                is_followed: row.try_get_by_index(2)?,
                blocks: row.try_get_by_index(3)?,
                is_blocked: row.try_get_by_index(4)?,
                mutes: row.try_get_by_index(5)?,
            };
            Ok((row.try_get_by_index(0)?, ties))
        })
        .collect()
}

/// A one-sided separation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distance {
    /// The two do not meet: neither finds, follows or writes to the other.
    Block,
    /// The one is not told of what the other does.
    Mute,
}

impl Distance {
    fn table(self) -> &'static str {
        match self {
            Self::Block => "blocks",
            Self::Mute => "mutes",
        }
    }
}

/// Blocks or mutes; again changes nothing. A block ends that the two follow each other.
pub async fn keep(app: &App, one: UserId, other: UserId, distance: Distance) -> Result<(), AccountError> {
    app.db()
        .write(|tx| async move { begin(&tx, one, other, distance).await })
        .await
}

/// The same, as part of a transaction.
pub async fn begin(tx: &Tx, one: UserId, other: UserId, distance: Distance) -> Result<(), AccountError> {
    if one == other {
        return Err(match distance {
            Distance::Block => AccountError::OwnBlock,
            Distance::Mute => AccountError::OwnMute,
        });
    }
    lock_pair(tx, one, other).await?;
    let text = format!(
        "INSERT INTO {} (user_id, target_id, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        distance.table()
    );
    execute(tx, text, vec![one.0.into(), other.0.into(), tx.now().into()]).await?;
    if distance == Distance::Block {
        follows::set(tx, one, other, false).await?;
        follows::set(tx, other, one, false).await?;
    }
    Ok(())
}

/// Ends it; again changes nothing.
pub async fn give_up(app: &App, one: UserId, other: UserId, distance: Distance) -> Result<(), AccountError> {
    app.db()
        .write(|tx| async move { end(&tx, one, other, distance).await })
        .await
}

/// The same, as part of a transaction.
pub async fn end(tx: &Tx, one: UserId, other: UserId, distance: Distance) -> Result<(), AccountError> {
    if !users::exists(tx, other).await? {
        return Err(AccountError::NoSuchUser);
    }
    let text = format!(
        "DELETE FROM {} WHERE user_id = $1 AND target_id = $2",
        distance.table()
    );
    execute(tx, text, vec![one.0.into(), other.0.into()]).await
}

/// Holds both accounts until the end of the transaction, so that a follow and a block of the same two come one after the
/// other. Fails if one of them is gone.
pub async fn lock_pair(tx: &Tx, one: UserId, other: UserId) -> Result<(), AccountError> {
    // SQLite's only writer holds everything.
    let lock = match tx.get_database_backend() {
        sea_orm::DbBackend::Postgres => " ORDER BY id FOR NO KEY UPDATE",
        _ => "",
    };
    let statement = Statement::from_sql_and_values(
        tx.get_database_backend(),
        format!("SELECT id FROM users WHERE id IN ($1, $2){lock}"),
        [one.0.into(), other.0.into()],
    );
    if tx.query_all_raw(statement).await?.len() == 2 {
        Ok(())
    } else {
        Err(AccountError::NoSuchUser)
    }
}

/// Whom `one` keeps at this distance.
pub fn collection(one: UserId, distance: Distance) -> Collection {
    Collection {
        table: distance.table(),
        own: "user_id",
        other: "target_id",
        owner: one.0,
    }
}

async fn execute(tx: &Tx, text: String, values: Vec<Value>) -> Result<(), AccountError> {
    let statement = Statement::from_sql_and_values(tx.get_database_backend(), text, values);
    tx.execute_raw(statement).await?;
    Ok(())
}
