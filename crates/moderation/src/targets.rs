//! What reports and decisions are about.

use chrono::{DateTime, Utc};
use platform::{db::Tx, id::UserId};
use sea_orm::{ConnectionTrait, DbErr};
use serde::Serialize;
use utoipa::ToSchema;

use crate::entities::reports::Target;

/// Longest part of somebody's words that a report keeps, in characters.
const LONGEST_SNAPSHOT: usize = 2000;

/// The words of a target as they are.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = ReportedContent)]
pub struct Content {
    /// Whose they are.
    #[schema(value_type = i64)]
    pub author: UserId,
    pub text: String,
    /// Whether moderators have taken them away.
    pub is_removed: bool,
    #[serde(skip)]
    pub created_at: DateTime<Utc>,
}

impl Target {
    /// Its name in sentences.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// The words of a post, a comment or a message; `None` also for what has none, or is not known here.
pub async fn content(on: &impl ConnectionTrait, target: Target, id: i64) -> Result<Option<Content>, DbErr> {
    let of_social = |content: social::Content| Content {
        author: content.author_id,
        text: content.text,
        is_removed: content.removed_at.is_some(),
        created_at: content.created_at,
    };
    Ok(match target {
        Target::Post => social::content(on, social::Target::Post, id)
            .await?
            .map(of_social),
        Target::Comment => social::content(on, social::Target::Comment, id)
            .await?
            .map(of_social),
        Target::Message => messaging::content(on, id).await?.map(|message| Content {
            author: message.sender_id,
            text: message.body,
            is_removed: message.removed_at.is_some(),
            created_at: message.created_at,
        }),
        Target::User => None,
    })
}

/// Whose the target is.
pub async fn subject(on: &impl ConnectionTrait, target: Target, id: i64) -> Result<Option<UserId>, DbErr> {
    if target == Target::User {
        let found = identity::existing(on, &[UserId(id)]).await?;
        return Ok(found.into_iter().next());
    }
    Ok(content(on, target, id).await?.map(|content| content.author))
}

/// What a new report keeps: whose the target is, and its words, which may have changed when moderators look. Of a message
/// that the reporter may not read nothing: a report must not open a conversation to anybody.
pub async fn evidence(
    on: &impl ConnectionTrait,
    reporter: UserId,
    (target, id): (Target, i64),
) -> Result<(Option<UserId>, String), DbErr> {
    if target == Target::User {
        return Ok((subject(on, target, id).await?, String::new()));
    }
    if target == Target::Message {
        let message = messaging::content(on, id).await?;
        let Some(message) = message else {
            return Ok((None, String::new()));
        };
        if !messaging::is_member(on, message.thread_id, reporter).await? {
            return Ok((None, String::new()));
        }
    }
    let content = content(on, target, id).await?;
    Ok(content.map_or((None, String::new()), |content| {
        (Some(content.author), cut(&content.text))
    }))
}

/// As much of a text as a report keeps.
pub fn cut(text: &str) -> String {
    text.chars().take(LONGEST_SNAPSHOT).collect()
}

/// Takes words away from everyone's sight; `false` if there are none.
pub async fn remove(tx: &Tx, target: Target, id: i64) -> Result<bool, DbErr> {
    let author = match target {
        Target::Post => social::remove_post(tx, id).await?,
        Target::Comment => social::remove_comment(tx, id).await?,
        Target::Message => messaging::remove_message(tx, id).await?,
        Target::User => None,
    };
    Ok(author.is_some())
}

/// Gives words back, if they are still there.
pub async fn restore(tx: &Tx, target: Target, id: i64) -> Result<(), DbErr> {
    match target {
        Target::Post => social::restore_post(tx, id).await.map(drop),
        Target::Comment => social::restore_comment(tx, id).await.map(drop),
        Target::Message => messaging::restore_message(tx, id).await.map(drop),
        Target::User => Ok(()),
    }
}
