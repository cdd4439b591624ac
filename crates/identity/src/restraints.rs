//! What moderators take from accounts for a while: a suspended one cannot be used, a restricted one can read but not write.
//! Both end by themselves, as time is looked at with every request.

use chrono::{DateTime, Utc};
use platform::{db::Tx, id::UserId};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, DbErr, EntityTrait as _, QueryFilter as _, QuerySelect as _,
};

use crate::{
    entities::users,
    errors::AccountError,
    events::UserChanged,
    sessions::{self, Ending},
};

/// What is taken from an account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Restraint {
    /// Until when nobody may sign in to it; [`FOREVER`] if there is no end.
    pub suspended_until: Option<DateTime<Utc>>,
    /// Why, as its owner reads it when signing in.
    pub suspension_reason: String,
    /// Until when it may read but not write.
    pub restricted_until: Option<DateTime<Utc>>,
}

/// The end of what has none: the last second of the year 9999.
pub const FOREVER: DateTime<Utc> = match DateTime::from_timestamp(253_402_300_799, 0) {
    Some(end) => end,
    None => DateTime::UNIX_EPOCH,
};

/// An account that is held until the end of a transaction.
#[derive(Debug, Clone)]
pub struct HeldAccount {
    /// Which.
    pub id: UserId,
    /// How others address it.
    pub handle: String,
    /// Whether it belongs to staff.
    pub is_staff: bool,
    /// Whether it may do everything.
    pub is_superuser: bool,
}

/// Whether a restraint until then is in force.
pub fn lasts(until: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    until.is_some_and(|until| until > now)
}

/// Refuses the sign-in of an account that is suspended, and says for how long and why.
pub fn refuse_suspended(account: &users::Model, now: DateTime<Utc>) -> Result<(), AccountError> {
    let Some(until) = account.suspended_until.filter(|until| *until > now) else {
        return Ok(());
    };
    let reason = match account.suspension_reason.trim() {
        "" => "no reason was given",
        reason => reason,
    };
    let sentence = if until >= FOREVER {
        format!("Your account is banned: {reason}")
    } else {
        let end = until.format("%Y-%m-%d %H:%M UTC");
        format!("Your account is suspended until {end}: {reason}")
    };
    Err(AccountError::Suspended(sentence))
}

/// Holds an account until the end of the transaction, so that what moderators decide about it comes one after the other, and
/// no session begins meanwhile. `None` if there is no such account.
pub async fn hold(tx: &Tx, user: UserId) -> Result<Option<HeldAccount>, DbErr> {
    let account = users::Entity::find_by_id(user).lock_exclusive().one(tx).await?;
    Ok(account.map(|account| HeldAccount {
        id: account.id,
        handle: account.handle,
        is_staff: account.is_staff,
        is_superuser: account.is_superuser,
    }))
}

/// Puts an account under exactly these restraints, in the transaction that has decided them. A suspension ends its sessions at
/// once.
pub async fn restrain(tx: &Tx, user: UserId, restraint: &Restraint) -> Result<(), DbErr> {
    let row = users::ActiveModel {
        suspended_until: Set(restraint.suspended_until),
        suspension_reason: Set(restraint.suspension_reason.clone()),
        restricted_until: Set(restraint.restricted_until),
        updated_at: Set(tx.now()),
        ..Default::default()
    };
    users::Entity::update_many()
        .set(row)
        .filter(users::Column::Id.eq(user))
        .exec(tx)
        .await?;
    if lasts(restraint.suspended_until, tx.now()) {
        sessions::end(tx, user, Ending::All).await?;
    }
    tx.append(&UserChanged { user_id: user }).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restraints_end_by_themselves() {
        let now = FOREVER - chrono::Duration::days(365);
        assert!(!lasts(None, now) && !lasts(Some(now), now));
        assert!(lasts(Some(FOREVER), now));
        assert_eq!(FOREVER.to_rfc3339(), "9999-12-31T23:59:59+00:00");
    }
}
