//! Who is typing: known for a few seconds, and to nobody but the other members. Best effort: when the cache is away, nobody types.

use std::{collections::HashMap, time::Duration};

use futures::{StreamExt as _, stream};
use identity::UserView;
use platform::{
    App,
    http::{Timestamp, Viewer},
    id::UserId,
};
use serde_json::json;

use crate::{access, errors::MessagingError};

/// How long somebody is typing after their last signal.
const SHOWN: Duration = Duration::from_secs(7);
/// How long after the last signal the others are told that it ended. Clients signal once at the beginning, and again when it
/// ends: this is for those that have vanished.
const TOLD: Duration = Duration::from_secs(25);
/// How long a signal is remembered, to know whether it was the last one.
const REMEMBERED: Duration = Duration::from_secs(40);
/// Members that are looked for at a time.
const AT_ONCE: usize = 32;

fn shown_key(thread_id: i64, user: UserId) -> String {
    format!("typing:{thread_id}:{user}")
}

fn signal_key(thread_id: i64, user: UserId) -> String {
    format!("typing-signal:{thread_id}:{user}")
}

/// The viewer types in a thread, or does no longer.
pub async fn signal(
    app: &App,
    viewer: &Viewer,
    thread_id: i64,
    is_typing: bool,
) -> Result<(), MessagingError> {
    access::of_member(app.db().reader(), thread_id, viewer.id).await?;
    let (shown, last) = (shown_key(thread_id, viewer.id), signal_key(thread_id, viewer.id));
    if is_typing {
        let signal = app.db().ids().next();
        app.cache().set(&shown, &true, SHOWN).await;
        app.cache().set(&last, &signal, REMEMBERED).await;
        tokio::spawn(end_later(app.clone(), viewer.id, thread_id, signal));
    } else {
        app.cache().delete(&shown).await;
        app.cache().delete(&last).await;
    }
    tell(app, viewer.id, thread_id, is_typing).await?;
    Ok(())
}

/// Tells the others that somebody types no longer, if no other signal has come by then.
async fn end_later(app: App, user: UserId, thread_id: i64, signal: i64) {
    tokio::time::sleep(TOLD).await;
    let key = signal_key(thread_id, user);
    if app.cache().get::<i64>(&key).await != Some(signal) {
        return;
    }
    app.cache().delete(&key).await;
    if let Err(error) = tell(&app, user, thread_id, false).await {
        tracing::debug!("nobody was told that typing has ended: {error:#}");
    }
}

async fn tell(app: &App, user: UserId, thread_id: i64, is_typing: bool) -> anyhow::Result<()> {
    let reader = app.db().reader();
    let to = access::recipients(reader, thread_id, user).await?;
    let users = identity::shown_to(reader, None, &[user]).await?;
    // Whoever has left meanwhile types nowhere.
    if to.is_empty() || !access::is_member(reader, thread_id, user).await? {
        return Ok(());
    }
    let frame = json!({
        "type": "typing",
        "thread_id": thread_id,
        "user_id": user.0,
        "user_name": users.get(&user).map(|user| &user.name),
        "user_handle": users.get(&user).map(|user| &user.handle),
        "is_typing": is_typing,
        "timestamp": Timestamp(app.clock().now()),
    });
    if let Err(error) = realtime::publish_passing(app, &to, &frame).await {
        metrics::counter!("selflink_typing_signals_lost_total").increment(1);
        tracing::debug!(%error, thread_id, "a typing signal was lost");
    }
    Ok(())
}

/// Who types in a thread of the viewer's, in the order of its members; without those who are apart from the viewer.
pub async fn who(app: &App, viewer: &Viewer, thread_id: i64) -> Result<Vec<UserView>, MessagingError> {
    let reader = app.db().reader();
    access::of_member(reader, thread_id, viewer.id).await?;
    let members = access::members(reader, thread_id).await?;
    let types = stream::iter(members).map(|user| async move {
        let is_typing = app.cache().get::<bool>(&shown_key(thread_id, user)).await;
        is_typing.unwrap_or(false).then_some(user)
    });
    let typing: Vec<Option<UserId>> = types.buffered(AT_ONCE).collect().await;
    let typing: Vec<UserId> = typing.into_iter().flatten().collect();
    if typing.is_empty() {
        return Ok(Vec::new());
    }
    let ties = identity::ties(reader, viewer.id, &typing).await?;
    let mut users: HashMap<UserId, UserView> = identity::shown_to(reader, Some(viewer), &typing).await?;
    let meets = |user: &UserId| ties.get(user).is_some_and(|ties| !ties.are_apart());
    Ok(typing
        .into_iter()
        .filter(meets)
        .filter_map(|user| users.remove(&user))
        .collect())
}
