//! What other domains tell, and whom that concerns. Each event is handled in one transaction; a second delivery finds the
//! key taken, and changes nothing.

mod messages;

use futures::FutureExt as _;
use identity::{Followed, Unfollowed};
use messaging::{MessageDeleted, MessageEdited, MessageSent};
use platform::{
    App,
    db::Tx,
    id::UserId,
    outbox::{DomainEvent, Event, Handler, Subscription},
};
use sea_orm::DbErr;
use serde_json::{Map, Value, json};
use social::{
    CommentChanged, CommentCreated, CommentDeleted, CommentLiked, CommentUnliked, Mentioned, PostChanged,
    PostDeleted, PostLiked, PostReposted, PostUnliked,
};

use crate::{
    kinds::Kind,
    notes::{Note, POST, notify, withdraw, withdraw_all, withdraw_unseen},
    words::excerpt,
};

/// The events that people are told of.
pub fn subscriptions() -> Vec<Subscription> {
    fn to<E: DomainEvent>(handle: Handler) -> Subscription {
        Subscription {
            event: E::NAME,
            subscriber: "notifications",
            handle,
        }
    }
    vec![
        to::<PostLiked>(|app, event| post_liked(app, event).boxed()),
        to::<PostUnliked>(|app, event| post_unliked(app, event).boxed()),
        to::<CommentLiked>(|app, event| comment_liked(app, event).boxed()),
        to::<CommentUnliked>(|app, event| comment_unliked(app, event).boxed()),
        to::<CommentCreated>(|app, event| comment_created(app, event).boxed()),
        to::<CommentDeleted>(|app, event| comment_deleted(app, event).boxed()),
        to::<CommentChanged>(|app, event| comment_changed(app, event).boxed()),
        to::<Mentioned>(|app, event| mentioned(app, event).boxed()),
        to::<PostReposted>(|app, event| post_reposted(app, event).boxed()),
        to::<PostChanged>(|app, event| post_changed(app, event).boxed()),
        to::<PostDeleted>(|app, event| post_deleted(app, event).boxed()),
        to::<Followed>(|app, event| followed(app, event).boxed()),
        to::<Unfollowed>(|app, event| unfollowed(app, event).boxed()),
        to::<MessageSent>(|app, event| messages::sent(app, event).boxed()),
        to::<MessageEdited>(|app, event| messages::edited(app, event).boxed()),
        to::<MessageDeleted>(|app, event| messages::deleted(app, event).boxed()),
    ]
}

fn post_subject(post_id: i64) -> String {
    format!("{POST}{post_id}")
}

fn comment_subject(comment_id: i64) -> String {
    format!("comment:{comment_id}")
}

fn post_like_key(post_id: i64, user: UserId) -> String {
    format!("like:post:{post_id}:{user}")
}

fn comment_like_key(comment_id: i64, user: UserId) -> String {
    format!("like:comment:{comment_id}:{user}")
}

fn follow_key(follower: UserId) -> String {
    format!("follow:{follower}")
}

/// The payload: details, and the parts that every one has. `None` when the actor is gone.
async fn payload_of(tx: &Tx, actor: UserId, details: Value) -> Result<Option<Value>, DbErr> {
    let settings = identity::delivery_settings(tx, &[actor]).await?;
    let Some(settings) = settings.get(&actor) else {
        return Ok(None);
    };
    let mut payload = Map::new();
    payload.insert("actor_id".to_owned(), actor.0.into());
    payload.insert("actor_name".to_owned(), settings.display_name().into());
    if let Value::Object(details) = details {
        payload.extend(details);
    }
    Ok(Some(Value::Object(payload)))
}

/// What somebody did, by an event: see [`Note`].
struct Act<'a> {
    kind: Kind,
    recipients: Vec<UserId>,
    actor: UserId,
    details: Value,
    key: String,
    subjects: Vec<String>,
    event: &'a Event,
}

impl Act<'_> {
    async fn notify(self, tx: &Tx) -> Result<(), DbErr> {
        let Some(payload) = payload_of(tx, self.actor, self.details).await? else {
            return Ok(());
        };
        let note = Note {
            kind: self.kind,
            recipients: self.recipients,
            actor_id: Some(self.actor),
            payload,
            alert: None,
            key: self.key,
            subjects: self.subjects,
            revision: self.event.id,
        };
        notify(tx, &note).await.map(drop)
    }
}

async fn post_liked(app: App, event: Event) -> anyhow::Result<()> {
    let PostLiked {
        post_id,
        author_id,
        user_id,
    } = event.read()?;
    let event = &event;
    let write = app.db().write(|tx| async move {
        let Some(text) = social::post_text(&tx, post_id).await? else {
            return Ok(());
        };
        let act = Act {
            kind: Kind::Like,
            recipients: vec![author_id],
            actor: user_id,
            details: json!({ "post_id": post_id, "text": excerpt(&text) }),
            key: post_like_key(post_id, user_id),
            subjects: vec![post_subject(post_id)],
            event,
        };
        act.notify(&tx).await
    });
    done(write).await
}

async fn post_unliked(app: App, event: Event) -> anyhow::Result<()> {
    let PostUnliked {
        post_id,
        author_id,
        user_id,
    } = event.read()?;
    take_back(
        &app,
        &event,
        author_id,
        (Kind::Like, post_like_key(post_id, user_id)),
    )
    .await
}

async fn comment_liked(app: App, event: Event) -> anyhow::Result<()> {
    let CommentLiked {
        comment_id,
        post_id,
        author_id,
        user_id,
    } = event.read()?;
    let event = &event;
    let write = app.db().write(|tx| async move {
        let Some(comment) = social::comment_context(&tx, comment_id).await? else {
            return Ok(());
        };
        let act = Act {
            kind: Kind::Like,
            recipients: social::readers_among(&tx, post_id, &[author_id]).await?,
            actor: user_id,
            details: json!({ "post_id": post_id, "comment_id": comment_id, "text": excerpt(&comment.text) }),
            key: comment_like_key(comment_id, user_id),
            subjects: subjects_of(comment_id, &comment),
            event,
        };
        act.notify(&tx).await
    });
    done(write).await
}

async fn comment_unliked(app: App, event: Event) -> anyhow::Result<()> {
    let CommentUnliked {
        comment_id,
        author_id,
        user_id,
        ..
    } = event.read()?;
    let key = comment_like_key(comment_id, user_id);
    take_back(&app, &event, author_id, (Kind::Like, key)).await
}

/// The comment, those above it, and the post: with each of them goes what was told of the comment.
fn subjects_of(comment_id: i64, comment: &social::CommentContext) -> Vec<String> {
    let mut subjects = vec![post_subject(comment.post_id), comment_subject(comment_id)];
    subjects.extend(comment.above.iter().map(|(id, _)| comment_subject(*id)));
    subjects
}

/// Whoever wrote the comment that is answered hears of an answer, the post's author of a comment; nobody twice.
async fn comment_created(app: App, event: Event) -> anyhow::Result<()> {
    let CommentCreated { comment_id, .. } = event.read()?;
    let event = &event;
    let write = app.db().write(|tx| async move {
        let Some(comment) = social::comment_context(&tx, comment_id).await? else {
            return Ok(());
        };
        let answered = comment.above.first().copied();
        let mut details = json!({
            "post_id": comment.post_id, "comment_id": comment_id, "text": excerpt(&comment.text),
        });
        if let Some((parent_id, _)) = answered {
            details["parent_id"] = parent_id.into();
        }
        let act = |kind, recipients| Act {
            kind,
            recipients,
            actor: comment.author_id,
            details: details.clone(),
            key: comment_subject(comment_id),
            subjects: subjects_of(comment_id, &comment),
            event,
        };
        if let Some((_, author)) = answered {
            let readers = social::readers_among(&tx, comment.post_id, &[author]).await?;
            act(Kind::Reply, readers).notify(&tx).await?;
        }
        act(Kind::Comment, vec![comment.post_author_id]).notify(&tx).await
    });
    done(write).await
}

async fn comment_deleted(app: App, event: Event) -> anyhow::Result<()> {
    let CommentDeleted { comment_id, .. } = event.read()?;
    forget(&app, &comment_subject(comment_id)).await
}

/// What moderation took away is quoted nowhere.
async fn comment_changed(app: App, event: Event) -> anyhow::Result<()> {
    let CommentChanged { comment_id, .. } = event.read()?;
    match social::comment_context(app.db().reader(), comment_id).await? {
        Some(_) => Ok(()),
        None => forget(&app, &comment_subject(comment_id)).await,
    }
}

async fn mentioned(app: App, event: Event) -> anyhow::Result<()> {
    let mention: Mentioned = event.read()?;
    let (mention, event) = (&mention, &event);
    let write = app.db().write(|tx| async move {
        let post_id = mention.post_id;
        let (text, subjects, key) = if let Some(comment_id) = mention.comment_id {
            let Some(comment) = social::comment_context(&tx, comment_id).await? else {
                return Ok(());
            };
            let subjects = subjects_of(comment_id, &comment);
            // The key of the comment: whoever hears of it as an answer does not hear of it again.
            (comment.text, subjects, comment_subject(comment_id))
        } else {
            let Some(text) = social::post_text(&tx, post_id).await? else {
                return Ok(());
            };
            let key = format!("mention:{}", post_subject(post_id));
            (text, vec![post_subject(post_id)], key)
        };
        let mut details = json!({ "post_id": post_id, "text": excerpt(&text) });
        if let Some(comment_id) = mention.comment_id {
            details["comment_id"] = comment_id.into();
        }
        let act = Act {
            kind: Kind::Mention,
            recipients: social::readers_among(&tx, post_id, &mention.user_ids).await?,
            actor: mention.author_id,
            details,
            key,
            subjects,
            event,
        };
        act.notify(&tx).await
    });
    done(write).await
}

/// Once per person and post, however often they pass it on.
async fn post_reposted(app: App, event: Event) -> anyhow::Result<()> {
    let PostReposted {
        post_id,
        author_id,
        repost_id,
        user_id,
    } = event.read()?;
    let event = &event;
    let write = app.db().write(|tx| async move {
        let (Some(post), Some(words)) = (
            social::post_text(&tx, post_id).await?,
            social::post_text(&tx, repost_id).await?,
        ) else {
            return Ok(());
        };
        // Those that were added, if any were.
        let text = if words.trim().is_empty() { post } else { words };
        let act = Act {
            kind: Kind::Repost,
            recipients: social::readers_among(&tx, repost_id, &[author_id]).await?,
            actor: user_id,
            details: json!({ "post_id": post_id, "repost_id": repost_id, "text": excerpt(&text) }),
            key: format!("repost:{post_id}:{user_id}"),
            subjects: vec![post_subject(post_id), post_subject(repost_id)],
            event,
        };
        act.notify(&tx).await
    });
    done(write).await
}

async fn post_deleted(app: App, event: Event) -> anyhow::Result<()> {
    let PostDeleted { post_id, .. } = event.read()?;
    forget(&app, &post_subject(post_id)).await
}

/// A post may be meant for fewer, or have been taken away.
async fn post_changed(app: App, event: Event) -> anyhow::Result<()> {
    let PostChanged { post_id, .. } = event.read()?;
    let subject = &post_subject(post_id);
    match social::post_text(app.db().reader(), post_id).await? {
        Some(_) => {
            let write = app
                .db()
                .write(|tx| async move { withdraw_unseen(&tx, subject).await });
            done(write).await
        }
        None => forget(&app, subject).await,
    }
}

async fn followed(app: App, event: Event) -> anyhow::Result<()> {
    let Followed {
        follower_id,
        followee_id,
    } = event.read()?;
    let event = &event;
    let write = app.db().write(|tx| async move {
        let act = Act {
            kind: Kind::Follow,
            recipients: vec![followee_id],
            actor: follower_id,
            details: json!({}),
            key: follow_key(follower_id),
            subjects: Vec::new(),
            event,
        };
        act.notify(&tx).await
    });
    done(write).await
}

async fn unfollowed(app: App, event: Event) -> anyhow::Result<()> {
    let Unfollowed {
        follower_id,
        followee_id,
    } = event.read()?;
    take_back(&app, &event, followee_id, (Kind::Follow, follow_key(follower_id))).await
}

/// The outcome of a transaction, as a subscriber reports it.
async fn done(write: impl Future<Output = Result<(), DbErr>>) -> anyhow::Result<()> {
    Ok(write.await?)
}

async fn take_back(
    app: &App,
    event: &Event,
    user: UserId,
    (kind, key): (Kind, String),
) -> anyhow::Result<()> {
    let key = key.as_str();
    let write = app
        .db()
        .write(|tx| async move { withdraw(&tx, user, (kind, key), event.id).await });
    done(write).await
}

async fn forget(app: &App, subject: &str) -> anyhow::Result<()> {
    let write = app
        .db()
        .write(|tx| async move { withdraw_all(&tx, subject).await });
    done(write).await
}
