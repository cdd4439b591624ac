//! The steps of `selflink apply` about accounts.

use anyhow::{Context as _, bail};
use platform::{audit::Action, db::Tx, id::UserId};
use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    accounts,
    entities::users,
    errors::AccountError,
    events::UserChanged,
    groups, second_factor,
    sessions::{self, Ending},
    ties::{self, Distance},
};

/// `{"user": {"email" | "handle" | "id", "is_staff"?, "is_active"?, "groups"?}}`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangeUser {
    email: Option<String>,
    handle: Option<String>,
    id: Option<i64>,
    is_staff: Option<bool>,
    is_active: Option<bool>,
    groups: Option<Vec<String>>,
}

impl ChangeUser {
    /// What it sets, for the audit trail: rights and groups, nothing personal.
    fn changes(&self) -> Map<String, Value> {
        let rights = [("is_staff", self.is_staff), ("is_active", self.is_active)];
        let mut changes: Map<String, Value> = rights
            .into_iter()
            .filter_map(|(name, given)| Some((name.to_owned(), given?.into())))
            .collect();
        if let Some(groups) = &self.groups {
            changes.insert("groups".to_owned(), groups.as_slice().into());
        }
        changes
    }
}

/// Changes an account and returns its id.
pub async fn change_user(tx: &Tx, argument: &Value) -> anyhow::Result<Value> {
    let step = ChangeUser::deserialize(argument)?;
    let found = match (&step.email, &step.handle, step.id) {
        (Some(email), None, None) => accounts::find_by_email(tx, email).await?,
        (None, Some(handle), None) => {
            let with_handle = users::Entity::find().filter(users::Column::Handle.eq(handle));
            with_handle.one(tx).await?
        }
        (None, None, Some(id)) => users::Entity::find_by_id(UserId(id)).one(tx).await?,
        _ => bail!("name the account by exactly one of email, handle and id"),
    };
    let account = found.context("there is no such account")?;
    let mut row = users::ActiveModel {
        id: Set(account.id),
        updated_at: Set(tx.now()),
        ..Default::default()
    };
    if let Some(is_staff) = step.is_staff {
        row.is_staff = Set(is_staff);
    }
    if let Some(is_active) = step.is_active {
        row.is_active = Set(is_active);
    }
    users::Entity::update(row).exec(tx).await?;
    if let Some(names) = &step.groups {
        groups::leave_all(tx, account.id).await?;
        for name in names {
            groups::join(tx, name, account.id).await?;
        }
    }
    if step.is_active == Some(false) {
        sessions::end(tx, account.id, Ending::All).await?;
    }
    tx.append(&UserChanged { user_id: account.id }).await?;
    tx.append(
        &Action::new("identity.user_changed")
            .on("user", &account.id)
            .with(step.changes()),
    )
    .await?;
    Ok(json!({ "id": account.id }))
}

/// `{"deactivate": {"user_id"}}`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Deactivate {
    user_id: UserId,
}

/// Deactivates an account; its tokens are refused at once.
pub async fn deactivate(tx: &Tx, argument: &Value) -> anyhow::Result<Value> {
    let Deactivate { user_id } = Deactivate::deserialize(argument)?;
    let row = users::ActiveModel {
        id: Set(user_id),
        is_active: Set(false),
        updated_at: Set(tx.now()),
        ..Default::default()
    };
    let changed = users::Entity::update_many()
        .set(row)
        .filter(users::Column::Id.eq(user_id))
        .exec(tx)
        .await?;
    if changed.rows_affected == 0 {
        bail!("there is no such account");
    }
    sessions::end(tx, user_id, Ending::All).await?;
    tx.append(&UserChanged { user_id }).await?;
    tx.append(&Action::new("identity.user_deactivated").on("user", &user_id))
        .await?;
    Ok(json!({}))
}

/// `{"reset_second_factor": {"user_id"}}`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ResetSecondFactor {
    user_id: UserId,
}

/// Removes authenticator app, passkeys and recovery codes of an account and ends its sessions: for an owner who has lost
/// them all. The password stays.
pub async fn reset_second_factor(tx: &Tx, argument: &Value) -> anyhow::Result<Value> {
    let ResetSecondFactor { user_id } = ResetSecondFactor::deserialize(argument)?;
    let was_on = second_factor::reset(tx, user_id)
        .await
        .map_err(|error| match error {
            AccountError::NoSuchUser => anyhow::anyhow!("there is no such account"),
            error => error.into(),
        })?;
    Ok(json!({ "was_on": was_on }))
}

/// `{"block" | "unblock" | "mute" | "unmute": {"user_id", "target_id"}}`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair {
    user_id: UserId,
    target_id: UserId,
}

/// Begins or ends that one account keeps another at a distance; again changes nothing.
pub async fn set_distance(
    tx: &Tx,
    argument: &Value,
    (distance, is_kept): (Distance, bool),
) -> anyhow::Result<Value> {
    let Pair { user_id, target_id } = Pair::deserialize(argument)?;
    let changed = if is_kept {
        ties::begin(tx, user_id, target_id, distance).await
    } else {
        ties::end(tx, user_id, target_id, distance).await
    };
    changed.map_err(|error| match error {
        AccountError::NoSuchUser => anyhow::anyhow!("there is no such account"),
        error => error.into(),
    })?;
    let action = match (distance, is_kept) {
        (Distance::Block, true) => "identity.user_blocked",
        (Distance::Block, false) => "identity.user_unblocked",
        (Distance::Mute, true) => "identity.user_muted",
        (Distance::Mute, false) => "identity.user_unmuted",
    };
    let target = Map::from_iter([("target_id".to_owned(), target_id.0.into())]);
    tx.append(&Action::new(action).on("user", &user_id).with(target))
        .await?;
    Ok(json!({}))
}
