//! The steps of `selflink apply` about moderation.

use chrono::{DateTime, Utc};
use platform::db::Tx;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    enforcements::{self, NewEnforcement},
    entities::{enforcements::Action, reports::Target},
    moderators::Moderator,
};

/// `{"enforce": {"target_type", "target_id", "action", "reason", "expires_at"?}}`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Enforce {
    target_type: Target,
    target_id: i64,
    action: Action,
    reason: String,
    expires_at: Option<DateTime<Utc>>,
}

/// Decides in the name of the operator and returns the id of the decision.
pub async fn enforce(tx: &Tx, argument: &Value) -> anyhow::Result<Value> {
    let step = Enforce::deserialize(argument)?;
    let new = NewEnforcement {
        target_type: step.target_type,
        target_id: step.target_id,
        action: step.action,
        reason: step.reason,
        expires_at: step.expires_at,
    };
    let enforced = enforcements::enforce_in(tx, &Moderator::operator(), &new).await?;
    Ok(json!({ "id": enforced.id }))
}

/// `{"lift_enforcement": {"id"}}`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lift {
    id: i64,
}

/// Lifts a decision.
pub async fn lift(tx: &Tx, argument: &Value) -> anyhow::Result<Value> {
    let Lift { id } = Lift::deserialize(argument)?;
    enforcements::lift_in(tx, &Moderator::operator(), id, "").await?;
    Ok(json!({ "id": id }))
}
