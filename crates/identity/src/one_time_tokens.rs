//! One-time tokens: 256 random bits, kept as their hash, good for one purpose, once, for a while.

use chrono::Duration;
use platform::{
    auth::{hash_token, new_token},
    clock::random_hex,
    db::Tx,
    id::UserId,
};
use sea_orm::{
    ActiveEnum as _, ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _,
    PaginatorTrait as _, QueryFilter as _, Statement,
};

use crate::entities::one_time_tokens;
pub use crate::entities::one_time_tokens::Purpose;

/// What a token was made for.
pub struct Redeemed {
    pub user_id: UserId,
    pub detail: String,
}

/// Makes a token and returns it: it is not stored, so this is the only time that it is seen.
pub async fn create(
    tx: &Tx,
    user_id: UserId,
    purpose: Purpose,
    detail: &str,
    lifetime: Duration,
) -> Result<String, DbErr> {
    let token = new_token();
    insert(tx, hash_token(&token), user_id, purpose, (detail, lifetime)).await?;
    Ok(token)
}

/// Keeps a detail for the job that will make a token of it: no token leads to this row. Returns the row's name.
pub async fn reserve(
    tx: &Tx,
    user_id: UserId,
    purpose: Purpose,
    detail: &str,
    lifetime: Duration,
) -> Result<String, DbErr> {
    let name = random_hex::<32>();
    insert(tx, name.clone(), user_id, purpose, (detail, lifetime)).await?;
    Ok(name)
}

/// The detail of a reserved row; `None` once it is over.
pub async fn reserved(
    on: &impl ConnectionTrait,
    name: &str,
    purpose: Purpose,
) -> Result<Option<String>, DbErr> {
    let row = one_time_tokens::Entity::find_by_id(name)
        .filter(one_time_tokens::Column::Purpose.eq(purpose))
        .one(on)
        .await?;
    Ok(row.map(|row| row.detail))
}

async fn insert(
    tx: &Tx,
    hash: String,
    user_id: UserId,
    purpose: Purpose,
    (detail, lifetime): (&str, Duration),
) -> Result<(), DbErr> {
    let row = one_time_tokens::ActiveModel {
        hash: Set(hash),
        user_id: Set(user_id),
        purpose: Set(purpose),
        detail: Set(detail.to_owned()),
        created_at: Set(tx.now()),
        expires_at: Set(tx.now() + lifetime),
    };
    one_time_tokens::Entity::insert(row)
        .exec_without_returning(tx)
        .await
        .map(drop)
}

/// Whether a token would be accepted: to be asked before expensive work, never instead of [`redeem`].
pub async fn is_good(
    on: &impl ConnectionTrait,
    token: &str,
    purpose: Purpose,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<bool, DbErr> {
    let found = one_time_tokens::Entity::find_by_id(hash_token(token))
        .filter(one_time_tokens::Column::Purpose.eq(purpose))
        .filter(one_time_tokens::Column::ExpiresAt.gt(now))
        .count(on)
        .await?;
    Ok(found > 0)
}

/// Uses a token up, in the transaction of what it allows: of two that present it at once one gets it. `None` for a token
/// that is unknown, used, expired, or made for something else.
pub async fn redeem(tx: &Tx, token: &str, purpose: Purpose) -> Result<Option<Redeemed>, DbErr> {
    let statement = Statement::from_sql_and_values(
        tx.get_database_backend(),
        "DELETE FROM one_time_tokens WHERE hash = $1 AND purpose = $2 AND expires_at > $3 RETURNING user_id, detail",
        [
            hash_token(token).into(),
            purpose.to_value().into(),
            tx.now().into(),
        ],
    );
    let Some(row) = tx.query_one_raw(statement).await? else {
        return Ok(None);
    };
    Ok(Some(Redeemed {
        user_id: UserId(row.try_get_by_index(0)?),
        detail: row.try_get_by_index(1)?,
    }))
}

/// Takes back the tokens of an account for these purposes.
pub async fn revoke(tx: &Tx, user_id: UserId, purposes: &[Purpose]) -> Result<(), DbErr> {
    one_time_tokens::Entity::delete_many()
        .filter(one_time_tokens::Column::UserId.eq(user_id))
        .filter(one_time_tokens::Column::Purpose.is_in(purposes.iter().copied()))
        .exec(tx)
        .await
        .map(drop)
}

/// Removes what has expired; returns how many.
pub async fn purge(tx: &Tx) -> Result<u64, DbErr> {
    let purged = one_time_tokens::Entity::delete_many()
        .filter(one_time_tokens::Column::ExpiresAt.lt(tx.now()))
        .exec(tx)
        .await?;
    Ok(purged.rows_affected)
}
