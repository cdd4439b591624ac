//! Feature flags: rows that operators switch, read from a snapshot that is at most a minute old.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use parking_lot::RwLock;
use sea_orm::{ConnectionTrait, DbErr, Statement, Value};
use sha2::{Digest as _, Sha256};

use crate::{
    db::{Db, Tx, sql},
    id::UserId,
};

/// How long a snapshot is used. Changes made by this process are seen at once.
const SNAPSHOT_AGE: Duration = Duration::from_mins(1);

/// Switch of a feature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// Unique name, at most 64 characters.
    pub key: String,
    /// Whether it is on at all.
    pub enabled: bool,
    /// For which share of users it is on, in hundredths of a percent; 0 and 10,000 mean everybody.
    pub rollout: i64,
}

impl Flag {
    /// Whether it is on for this user. The same user always gets the same answer for the same share.
    fn is_on_for(&self, user: Option<UserId>) -> bool {
        if !self.enabled || self.rollout <= 0 || self.rollout >= 10_000 {
            return self.enabled;
        }
        // A hash spreads users evenly; ids themselves do not, their low bits are mostly the same.
        user.is_some_and(|user| {
            let digest = Sha256::digest(format!("{}:{user}", self.key));
            i64::from(u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]) % 10_000)
                < self.rollout
        })
    }
}

struct Snapshot {
    taken: Instant,
    flags: Arc<HashMap<String, Flag>>,
}

/// The flags of the instance.
#[derive(Clone)]
pub struct Flags {
    db: Db,
    snapshot: Arc<RwLock<Option<Snapshot>>>,
}

impl Flags {
    pub(crate) fn new(db: Db) -> Self {
        Self {
            db,
            snapshot: Arc::default(),
        }
    }

    /// Whether the feature is on for the user; `default` when there is no such flag.
    pub async fn is_enabled(&self, key: &str, user: Option<UserId>, default: bool) -> Result<bool, DbErr> {
        Ok(self
            .all()
            .await?
            .get(key)
            .map_or(default, |flag| flag.is_on_for(user)))
    }

    async fn all(&self) -> Result<Arc<HashMap<String, Flag>>, DbErr> {
        if let Some(snapshot) = &*self.snapshot.read()
            && snapshot.taken.elapsed() < SNAPSHOT_AGE
        {
            return Ok(Arc::clone(&snapshot.flags));
        }
        let rows = self
            .db
            .reader()
            .query_all_raw(sql(
                self.db.engine(),
                "SELECT key, enabled, rollout FROM feature_flags",
            ))
            .await?;
        let mut flags = HashMap::with_capacity(rows.len());
        for row in rows {
            let flag = Flag {
                key: row.try_get("", "key")?,
                enabled: row.try_get("", "enabled")?,
                rollout: row.try_get("", "rollout")?,
            };
            flags.insert(flag.key.clone(), flag);
        }
        let flags = Arc::new(flags);
        *self.snapshot.write() = Some(Snapshot {
            taken: Instant::now(),
            flags: Arc::clone(&flags),
        });
        Ok(flags)
    }

    /// Drops the snapshot, after a change.
    pub fn forget(&self) {
        *self.snapshot.write() = None;
    }
}

/// A flag as fixtures carry it, with its id and description.
pub struct FlagRow {
    /// Kept when the row exists.
    pub id: i64,
    /// At most 255 characters.
    pub description: String,
    /// The switch.
    pub flag: Flag,
}

/// A flag as administrators see it.
pub struct StoredFlag {
    /// With its id and description.
    pub row: FlagRow,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// All flags, by key; there are few. Read from the database itself.
pub async fn all(on: &impl ConnectionTrait) -> Result<Vec<StoredFlag>, DbErr> {
    let text = "SELECT id, key, description, enabled, rollout, updated_at FROM feature_flags ORDER BY key";
    let rows = on
        .query_all_raw(Statement::from_string(on.get_database_backend(), text))
        .await?;
    rows.iter()
        .map(|row| {
            let flag = Flag {
                key: row.try_get_by_index(1)?,
                enabled: row.try_get_by_index(3)?,
                rollout: row.try_get_by_index(4)?,
            };
            let row_of = FlagRow {
                id: row.try_get_by_index(0)?,
                description: row.try_get_by_index(2)?,
                flag,
            };
            Ok(StoredFlag {
                row: row_of,
                updated_at: row.try_get_by_index(5)?,
            })
        })
        .collect()
}

/// Removes a flag; whether there was one. What asks for it falls back to its default.
pub async fn remove(tx: &Tx, key: &str) -> Result<bool, DbErr> {
    let text = "DELETE FROM feature_flags WHERE key = $1";
    let statement = Statement::from_sql_and_values(tx.get_database_backend(), text, [key.into()]);
    Ok(tx.execute_raw(statement).await?.rows_affected() > 0)
}

/// Sets a flag by its key, making it when it is new. Its description stays.
pub async fn set(tx: &Tx, flag: &Flag) -> Result<(), DbErr> {
    let row = FlagRow {
        id: tx.next_id(),
        description: String::new(),
        flag: flag.clone(),
    };
    upsert(tx, &row, "ON CONFLICT (key) DO UPDATE SET enabled = excluded.enabled, rollout = excluded.rollout, updated_at = excluded.updated_at")
        .await
}

/// Makes a flag that is missing and leaves one that exists as it is.
pub async fn ensure(tx: &Tx, key: &str) -> Result<(), DbErr> {
    let flag = Flag {
        key: key.to_owned(),
        enabled: false,
        rollout: 0,
    };
    upsert(
        tx,
        &FlagRow {
            id: tx.next_id(),
            description: String::new(),
            flag,
        },
        "ON CONFLICT (key) DO NOTHING",
    )
    .await
}

/// Writes a flag by its id.
pub async fn put(tx: &Tx, row: &FlagRow) -> Result<(), DbErr> {
    let change = "ON CONFLICT (id) DO UPDATE SET key = excluded.key, description = excluded.description, \
         enabled = excluded.enabled, rollout = excluded.rollout, updated_at = excluded.updated_at";
    upsert(tx, row, change).await
}

async fn upsert(tx: &Tx, row: &FlagRow, on_conflict: &str) -> Result<(), DbErr> {
    let text = format!(
        "INSERT INTO feature_flags (id, key, description, enabled, rollout, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $6) {on_conflict}"
    );
    let values: [Value; 6] = [
        row.id.into(),
        row.flag.key.clone().into(),
        row.description.clone().into(),
        row.flag.enabled.into(),
        row.flag.rollout.into(),
        tx.now().into(),
    ];
    tx.execute_raw(Statement::from_sql_and_values(
        tx.get_database_backend(),
        text,
        values,
    ))
    .await
    .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rollout_reaches_about_its_share_and_always_the_same_users() {
        let flag = Flag {
            key: "f".to_owned(),
            enabled: true,
            rollout: 2_500,
        };
        // Ids as they are made: the lower bits are zero.
        let reached = |flag: &Flag| {
            (0..4000)
                .filter(|n| flag.is_on_for(Some(UserId(n << 22))))
                .count()
        };
        assert!((900..1100).contains(&reached(&flag)), "{}", reached(&flag));
        assert_eq!(reached(&flag), reached(&flag));
        assert!(!flag.is_on_for(None));
    }

    #[test]
    fn nobody_and_everybody() {
        let flag = |enabled, rollout| Flag {
            key: "f".to_owned(),
            enabled,
            rollout,
        };
        assert!(!flag(false, 10_000).is_on_for(Some(UserId(1))));
        assert!(flag(true, 0).is_on_for(None) && flag(true, 10_000).is_on_for(None));
    }
}
