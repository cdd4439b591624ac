//! Tokens with which somebody who cannot sign in appeals against a decision of moderators.

use chrono::Duration;
use platform::{db::Tx, id::UserId};
use sea_orm::DbErr;

use crate::one_time_tokens::{self, Purpose};

/// How long there is to appeal; the mails say so too.
const LIFETIME: Duration = Duration::days(30);

/// Makes a token for one decision; it is not stored, so this is the only time that it is seen.
pub async fn create(tx: &Tx, user: UserId, decision: i64) -> Result<String, DbErr> {
    one_time_tokens::create(tx, user, Purpose::Appeal, &decision.to_string(), LIFETIME).await
}

/// Uses a token up and returns who appeals; `None` for one that is unknown, used, expired, or made for another decision.
pub async fn redeem(tx: &Tx, token: &str, decision: i64) -> Result<Option<UserId>, DbErr> {
    let redeemed = one_time_tokens::redeem(tx, token, Purpose::Appeal).await?;
    let fitting = redeemed.filter(|redeemed| redeemed.detail == decision.to_string());
    Ok(fitting.map(|redeemed| redeemed.user_id))
}
