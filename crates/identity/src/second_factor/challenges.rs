//! Challenges: what a client has to answer within five minutes, once. They are kept in the database, so that any process
//! can take the answer; the client holds a text of which only the hash is kept.

use chrono::Duration;
use platform::{
    auth::{hash_token, new_token},
    db::Tx,
    id::UserId,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait as _, DbErr, EntityTrait as _, QueryFilter as _, QuerySelect as _,
    sea_query::{Expr, ExprTrait as _},
};
use serde_json::Value;

use crate::entities::challenges::{self, Column, Entity, Kind, Model};

/// How long an answer may take.
pub const LIFETIME: Duration = Duration::minutes(5);
/// Most answers to the challenge of a sign-in; the last may be right.
const MOST_ATTEMPTS: i64 = 5;

/// Makes a challenge and returns the text for the client.
pub async fn open(tx: &Tx, kind: Kind, user: Option<UserId>, state: Option<Value>) -> Result<String, DbErr> {
    let token = new_token();
    let row = challenges::ActiveModel {
        token_hash: Set(hash_token(&token)),
        kind: Set(kind),
        user_id: Set(user),
        state: Set(state),
        attempts: Set(0),
        expires_at: Set(tx.now() + LIFETIME),
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    Ok(token)
}

/// Uses up a challenge; `None` if it is unknown, of another kind, used or too old.
pub async fn take(tx: &Tx, kind: Kind, token: &str) -> Result<Option<Model>, DbErr> {
    let taken = Entity::delete_many()
        .filter(Column::TokenHash.eq(hash_token(token)))
        .filter(Column::Kind.eq(kind))
        .filter(Column::ExpiresAt.gt(tx.now()))
        .exec_with_returning(tx)
        .await?;
    Ok(taken.into_iter().next())
}

/// Counts an answer to the challenge of a sign-in; `None` if none is taken any more. The state is used up with it: an
/// answer of a passkey is looked at once.
pub async fn attempt(tx: &Tx, token: &str) -> Result<Option<Model>, DbErr> {
    let found = Entity::find_by_id(hash_token(token))
        .lock_exclusive()
        .one(tx)
        .await?;
    let counted = Entity::update_many()
        .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
        .col_expr(Column::State, Expr::value(Option::<Value>::None))
        .filter(Column::TokenHash.eq(hash_token(token)))
        .filter(Column::Kind.eq(Kind::SecondFactor))
        .filter(Column::Attempts.lt(MOST_ATTEMPTS))
        .filter(Column::ExpiresAt.gt(tx.now()))
        .exec(tx)
        .await?;
    Ok(found.filter(|_| counted.rows_affected == 1))
}

/// Keeps what is needed to check the answer of a passkey; whether the challenge of the sign-in is still open.
pub async fn keep_state(tx: &Tx, token: &str, state: Value) -> Result<bool, DbErr> {
    let kept = Entity::update_many()
        .col_expr(Column::State, Expr::value(state))
        .filter(Column::TokenHash.eq(hash_token(token)))
        .filter(Column::Kind.eq(Kind::SecondFactor))
        .filter(Column::Attempts.lt(MOST_ATTEMPTS))
        .filter(Column::ExpiresAt.gt(tx.now()))
        .exec(tx)
        .await?;
    Ok(kept.rows_affected == 1)
}

/// The account of an open challenge of a sign-in.
pub async fn account(tx: &Tx, token: &str) -> Result<Option<UserId>, DbErr> {
    let found = Entity::find_by_id(hash_token(token))
        .filter(Column::Kind.eq(Kind::SecondFactor))
        .filter(Column::ExpiresAt.gt(tx.now()))
        .one(tx)
        .await?;
    Ok(found.and_then(|challenge| challenge.user_id))
}

/// Removes those of an account.
pub async fn remove_all(tx: &Tx, user: UserId) -> Result<(), DbErr> {
    Entity::delete_many()
        .filter(Column::UserId.eq(user))
        .exec(tx)
        .await
        .map(drop)
}

/// Removes those that are too old; returns how many there were.
pub async fn purge(tx: &Tx) -> Result<u64, DbErr> {
    let purged = Entity::delete_many()
        .filter(Column::ExpiresAt.lte(tx.now()))
        .exec(tx)
        .await?;
    Ok(purged.rows_affected)
}
