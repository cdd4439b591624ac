//! The follow graph. Counters are columns of the two accounts, changed in the transaction of the row they count.

use platform::{App, db::Tx, id::UserId};
use sea_orm::{ConnectionTrait as _, DbErr, Statement, Value};

use crate::{
    collections::Collection,
    errors::{AccountError, gone},
    events::{Followed, Unfollowed},
    ties,
};

/// Which end of the follow rows a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Who follows the user.
    Followers,
    /// Whom the user follows.
    Following,
}

/// Makes `follower` follow `followee`. Following again changes nothing.
pub async fn follow(app: &App, follower: UserId, followee: UserId) -> Result<(), AccountError> {
    change(app, follower, followee, true).await
}

/// Ends it. Ending what is not there changes nothing.
pub async fn unfollow(app: &App, follower: UserId, followee: UserId) -> Result<(), AccountError> {
    change(app, follower, followee, false).await
}

async fn change(app: &App, follower: UserId, followee: UserId, follows: bool) -> Result<(), AccountError> {
    if follower == followee {
        return Err(AccountError::OwnFollow);
    }
    app.db()
        .write(|tx| async move {
            ties::lock_pair(&tx, follower, followee).await?;
            let ties = ties::between(&tx, follower, &[followee]).await?;
            if ties.get(&followee).is_none_or(|ties| ties.are_apart()) {
                return Err(AccountError::NoSuchUser);
            }
            set(&tx, follower, followee, follows).await
        })
        .await
}

/// The same inside a transaction of the caller's.
pub async fn set(tx: &Tx, follower: UserId, followee: UserId, follows: bool) -> Result<(), AccountError> {
    let (text, values): (&str, Vec<Value>) = if follows {
        let text = "INSERT INTO follows (follower_id, followee_id, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        (text, vec![follower.0.into(), followee.0.into(), tx.now().into()])
    } else {
        let text = "DELETE FROM follows WHERE follower_id = $1 AND followee_id = $2";
        (text, vec![follower.0.into(), followee.0.into()])
    };
    let written = tx
        .execute_raw(Statement::from_sql_and_values(
            tx.get_database_backend(),
            text,
            values,
        ))
        .await
        .map_err(gone)?;
    if written.rows_affected() == 0 {
        return Ok(());
    }
    let (follower_id, followee_id) = (follower, followee);
    if follows {
        tx.append(&Followed {
            follower_id,
            followee_id,
        })
        .await?;
    } else {
        tx.append(&Unfollowed {
            follower_id,
            followee_id,
        })
        .await?;
    }
    let by: i64 = if follows { 1 } else { -1 };
    let mut counters = [(follower, "following_count"), (followee, "followers_count")];
    // Always in the same order, so that two who follow each other at once do not wait for each other.
    counters.sort_by_key(|(user, _)| *user);
    for (user, column) in counters {
        let text = format!("UPDATE users SET {column} = {column} + $1 WHERE id = $2");
        tx.execute_raw(Statement::from_sql_and_values(
            tx.get_database_backend(),
            text,
            [by.into(), user.0.into()],
        ))
        .await?;
    }
    Ok(())
}

/// Removes every row of an account, in both directions, and counts the other ends down.
pub async fn remove_all(tx: &Tx, user: UserId) -> Result<(), DbErr> {
    for (column, own, other) in [
        ("followers_count", "follower_id", "followee_id"),
        ("following_count", "followee_id", "follower_id"),
    ] {
        let counted = format!(
            "UPDATE users SET {column} = {column} - 1 WHERE id IN (SELECT {other} FROM follows WHERE {own} = $1)"
        );
        let removed = format!("DELETE FROM follows WHERE {own} = $1");
        for text in [counted, removed] {
            tx.execute_raw(Statement::from_sql_and_values(
                tx.get_database_backend(),
                text,
                [user.0.into()],
            ))
            .await?;
        }
    }
    Ok(())
}

/// The users at the other end.
pub fn collection(user: UserId, direction: Direction) -> Collection {
    let (own, other) = match direction {
        Direction::Followers => ("followee_id", "follower_id"),
        Direction::Following => ("follower_id", "followee_id"),
    };
    Collection {
        table: "follows",
        own,
        other,
        owner: user.0,
    }
}
