//! What people think of messages.

use std::collections::HashMap;

use platform::{
    db::{Engine, list_of},
    id::UserId,
};
use sea_orm::{ConnectionTrait, DbErr};
use serde::Serialize;
use utoipa::ToSchema;

use crate::sql;

/// An emoji that a message was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = MessageReaction)]
pub struct ReactionView {
    pub emoji: String,
    /// How many people gave it.
    pub count: i64,
    pub reacted_by_current_user: bool,
}

/// The reactions of one message, each with who gave it: the emoji that was first given first.
#[derive(Debug, Clone, Default)]
pub struct Reactions(Vec<(String, Vec<UserId>)>);

impl Reactions {
    fn add(&mut self, emoji: String, user: UserId) {
        match self.0.iter_mut().find(|(known, _)| *known == emoji) {
            Some((_, users)) => users.push(user),
            None => self.0.push((emoji, vec![user])),
        }
    }

    /// As somebody sees them; nobody has given none.
    pub fn seen_by(&self, viewer: Option<UserId>) -> Vec<ReactionView> {
        let view = |(emoji, users): &(String, Vec<UserId>)| ReactionView {
            emoji: emoji.clone(),
            count: i64::try_from(users.len()).unwrap_or(i64::MAX),
            reacted_by_current_user: viewer.is_some_and(|viewer| users.contains(&viewer)),
        };
        self.0.iter().map(view).collect()
    }

    /// How many emoji somebody has given.
    pub fn given_by(&self, user: UserId) -> usize {
        self.0.iter().filter(|(_, users)| users.contains(&user)).count()
    }
}

/// The reactions of these messages that have any.
pub async fn reactions_of(
    on: &impl ConnectionTrait,
    messages: &[i64],
) -> Result<HashMap<i64, Reactions>, DbErr> {
    let text = format!(
        "SELECT message_id, emoji, user_id FROM message_reactions WHERE message_id IN {} ORDER BY message_id, id",
        Engine::of(on).list("$1")
    );
    let mut found: HashMap<i64, Reactions> = HashMap::new();
    for row in &sql::rows(on, text, [list_of(messages)]).await? {
        let reactions = found.entry(row.try_get_by_index(0)?).or_default();
        reactions.add(row.try_get_by_index(1)?, row.try_get_by_index(2)?);
    }
    Ok(found)
}
