//! By which ways people want to be told of what. The switches of the account (`push_enabled`, `email_enabled`,
//! `digest_enabled`) stand above these.

use std::{collections::HashMap, str::FromStr as _};

use platform::{App, db::Tx, id::UserId};
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Value};
use strum::IntoEnumIterator as _;

use crate::{
    kinds::{Kind, Ways},
    statements::{execute, list, rows, users},
};

/// A choice for a kind; what is `None` stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Choice {
    pub in_app: Option<bool>,
    pub push: Option<bool>,
    pub email: Option<bool>,
}

/// What somebody wants of every kind, in the order of the kinds.
pub async fn all_of(on: &impl ConnectionTrait, user: UserId) -> Result<Vec<(Kind, Ways)>, DbErr> {
    let text = "SELECT kind, in_app, push, email FROM notification_preferences WHERE user_id = $1";
    let mut chosen = HashMap::new();
    for row in rows(on, text, vec![user.0.into()]).await? {
        let kind: String = row.try_get_by_index(0)?;
        if let Ok(kind) = Kind::from_str(&kind) {
            chosen.insert(kind, ways(&row)?);
        }
    }
    let of = |kind: Kind| (kind, chosen.get(&kind).copied().unwrap_or(kind.default_ways()));
    Ok(Kind::iter().map(of).collect())
}

/// What those of these people who have chosen want of a kind.
pub async fn chosen_by(
    on: &impl ConnectionTrait,
    kind: Kind,
    people: &[UserId],
) -> Result<HashMap<UserId, Ways>, DbErr> {
    let text = format!(
        "SELECT user_id, in_app, push, email FROM notification_preferences WHERE kind = $1 AND user_id IN {}",
        list(on, "$2")
    );
    let found = rows(on, text, vec![kind.name().into(), users(people)]).await?;
    found
        .iter()
        .map(|row| Ok((row.try_get_by_index(0)?, ways(row)?)))
        .collect()
}

/// Columns from 1 on.
fn ways(row: &QueryResult) -> Result<Ways, DbErr> {
    Ok(Ways {
        in_app: row.try_get_by_index(1)?,
        push: row.try_get_by_index(2)?,
        email: row.try_get_by_index(3)?,
    })
}

/// Stores choices.
pub async fn change(app: &App, user: UserId, choices: &[(Kind, Choice)]) -> Result<(), DbErr> {
    app.db()
        .write(|tx| async move {
            for (kind, choice) in choices {
                choose(&tx, user, *kind, *choice).await?;
            }
            Ok(())
        })
        .await
}

/// Stores one choice.
pub async fn choose(tx: &Tx, user: UserId, kind: Kind, choice: Choice) -> Result<(), DbErr> {
    if choice == Choice::default() {
        return Ok(());
    }
    let default = kind.default_ways();
    let text = "INSERT INTO notification_preferences (user_id, kind, in_app, push, email) VALUES ($1, $2, $3, $4, $5) \
                ON CONFLICT (user_id, kind) DO UPDATE SET \
                in_app = COALESCE($6, notification_preferences.in_app), \
                push = COALESCE($7, notification_preferences.push), \
                email = COALESCE($8, notification_preferences.email)";
    let values: Vec<Value> = vec![
        user.0.into(),
        kind.name().into(),
        choice.in_app.unwrap_or(default.in_app).into(),
        choice.push.unwrap_or(default.push).into(),
        choice.email.unwrap_or(default.email).into(),
        choice.in_app.into(),
        choice.push.into(),
        choice.email.into(),
    ];
    execute(tx, text, values).await.map(drop)
}
