//! What is told at once to whoever looks at a post: the channel `post:{id}`. Of posts that not everybody sees nothing is told,
//! as everybody may listen. Best effort: a message that is lost is not sent again.

use platform::{App, outbox::Event};
use serde_json::{Value, json};

use crate::{
    Target,
    events::{CommentCreated, CommentDeleted, PostLiked, PostUnliked},
    sql,
};

/// Somebody began to like a post.
pub async fn liked(app: App, event: Event) -> anyhow::Result<()> {
    let PostLiked { post_id, .. } = event.read()?;
    likes(&app, "post.liked", post_id).await
}

/// Somebody likes a post no longer.
pub async fn unliked(app: App, event: Event) -> anyhow::Result<()> {
    let PostUnliked { post_id, .. } = event.read()?;
    likes(&app, "post.unliked", post_id).await
}

async fn likes(app: &App, kind: &str, post_id: i64) -> anyhow::Result<()> {
    let Some(counts) = public_counts(app, post_id).await? else {
        return Ok(());
    };
    let message = json!({ "type": kind, "post_id": post_id, "like_count": counts.likes });
    publish(app, post_id, &message).await;
    Ok(())
}

/// Somebody has written a comment.
pub async fn commented(app: App, event: Event) -> anyhow::Result<()> {
    let CommentCreated {
        comment_id, post_id, ..
    } = event.read()?;
    let comment = crate::content(app.db().reader(), Target::Comment, comment_id).await?;
    // It may be gone again, or taken away.
    if comment.is_none_or(|comment| comment.removed_at.is_some()) {
        return Ok(());
    }
    comments(&app, "comment.created", post_id, comment_id).await
}

/// A comment is gone.
pub async fn uncommented(app: App, event: Event) -> anyhow::Result<()> {
    let CommentDeleted {
        comment_id, post_id, ..
    } = event.read()?;
    comments(&app, "comment.deleted", post_id, comment_id).await
}

async fn comments(app: &App, kind: &str, post_id: i64, comment_id: i64) -> anyhow::Result<()> {
    let Some(counts) = public_counts(app, post_id).await? else {
        return Ok(());
    };
    let message = json!({
        "type": kind, "post_id": post_id, "comment_id": comment_id, "comment_count": counts.comments,
    });
    publish(app, post_id, &message).await;
    Ok(())
}

struct Counts {
    likes: i64,
    comments: i64,
}

/// The counters of a post that everybody sees.
async fn public_counts(app: &App, post_id: i64) -> anyhow::Result<Option<Counts>> {
    let query = "SELECT like_count, comment_count FROM posts \
                 WHERE id = $1 AND visibility = 'public' AND removed_at IS NULL";
    let Some(row) = sql::row(app.db().reader(), query, [post_id.into()]).await? else {
        return Ok(None);
    };
    Ok(Some(Counts {
        likes: row.try_get_by_index(0)?,
        comments: row.try_get_by_index(1)?,
    }))
}

async fn publish(app: &App, post_id: i64, message: &Value) {
    let channel = format!("post:{post_id}");
    if let Err(error) = app.pubsub().publish(&channel, message.to_string().into()).await {
        metrics::counter!("selflink_post_messages_lost_total").increment(1);
        tracing::debug!(%error, channel, "a message about a post was lost");
    }
}
