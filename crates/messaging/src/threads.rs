//! Beginning, changing and deleting conversations.

use platform::{App, db::Tx, http::Viewer, id::UserId};
use sea_orm::{DbErr, Value};

use crate::{
    access, attachments,
    errors::MessagingError,
    held::{self, Held, Lease},
    messages::{self, NewRow},
    publishing, sql,
};

/// How often a direct thread is looked for that somebody else makes, or leaves, at the same time.
const ATTEMPTS: u32 = 5;

/// A conversation to be begun.
#[derive(Debug)]
pub struct NewThread {
    /// The others, in the order in which they were named.
    pub participants: Vec<i64>,
    pub is_group: bool,
    pub title: String,
    /// Blank: none.
    pub initial_message: String,
}

/// The row of a thread to be written.
struct NewThreadRow<'a> {
    is_group: bool,
    title: &'a str,
    direct_key: Option<String>,
    creator: UserId,
    others: &'a [UserId],
}

/// Begins a conversation; returns its id.
pub async fn create(app: &App, viewer: &Viewer, new: &NewThread) -> Result<i64, MessagingError> {
    let mut others: Vec<UserId> = Vec::new();
    for user in new.participants.iter().copied().map(UserId) {
        if user != viewer.id && !others.contains(&user) {
            others.push(user);
        }
    }
    if others.is_empty() {
        return Err(MessagingError::Alone);
    }
    if !new.is_group {
        check_willing(app, viewer, &others).await?;
    }
    let row = &NewThreadRow {
        is_group: new.is_group,
        title: &new.title,
        direct_key: None,
        creator: viewer.id,
        others: &others,
    };
    let (id, lease) = app
        .db()
        .write(|tx| async move {
            let mut held = insert(&tx, row).await?.ok_or(MessagingError::Gone)?;
            let id = held.id;
            write_first(app, &tx, &mut held, viewer.id, &new.initial_message).await?;
            Ok::<_, MessagingError>((id, held.settle(&tx).await?))
        })
        .await?;
    publishing::begin(app, lease);
    Ok(id)
}

/// The direct thread of the viewer and somebody else, which is made if there is none, and whether it was made. A text that is
/// not blank is sent into it.
pub async fn direct(
    app: &App,
    viewer: &Viewer,
    other: UserId,
    text: &str,
) -> Result<(i64, bool), MessagingError> {
    let reader = app.db().reader();
    if identity::existing(reader, &[other]).await?.is_empty() {
        return Err(MessagingError::NoTarget);
    }
    if other == viewer.id {
        return Err(MessagingError::Oneself);
    }
    let ties = identity::ties(reader, viewer.id, &[other]).await?;
    if ties.values().any(|ties| ties.are_apart()) {
        return Err(MessagingError::Apart);
    }
    let key = &format!("{}:{}", viewer.id.min(other), viewer.id.max(other));
    for _ in 0..ATTEMPTS {
        let id = direct_of(app, key).await?;
        if id.is_none() {
            check_willing(app, viewer, &[other]).await?;
        }
        let done = app
            .db()
            .write(|tx| async move { enter(app, &tx, (viewer.id, other), (key, id), text).await })
            .await?;
        if let Some((id, is_new, lease)) = done {
            publishing::begin(app, lease);
            return Ok((id, is_new));
        }
    }
    Err(MessagingError::Gone)
}

async fn direct_of(app: &App, key: &str) -> Result<Option<i64>, DbErr> {
    let text = "SELECT id FROM threads WHERE direct_key = $1";
    let found = sql::ids(app.db().reader(), text, [key.into()]).await?;
    Ok(found.first().copied())
}

type Entered = Option<(i64, bool, Option<Lease>)>;

/// Makes the direct thread of two people, or takes the one that there is; `None` if that has changed in the meantime.
async fn enter(
    app: &App,
    tx: &Tx,
    (viewer, other): (UserId, UserId),
    (key, found): (&str, Option<i64>),
    text: &str,
) -> Result<Entered, MessagingError> {
    let held = match found {
        Some(id) => held::hold(tx, id).await?,
        None => {
            let row = NewThreadRow {
                is_group: false,
                title: "",
                direct_key: Some(key.to_owned()),
                creator: viewer,
                others: &[other],
            };
            insert(tx, &row).await?
        }
    };
    let Some(mut held) = held else {
        return Ok(None);
    };
    if !access::is_member(tx, held.id, viewer).await? || !access::is_member(tx, held.id, other).await? {
        return Ok(None);
    }
    let id = held.id;
    write_first(app, tx, &mut held, viewer, text).await?;
    Ok(Some((id, found.is_none(), held.settle(tx).await?)))
}

async fn write_first(
    app: &App,
    tx: &Tx,
    held: &mut Held,
    sender: UserId,
    text: &str,
) -> Result<(), MessagingError> {
    if text.is_empty() {
        return Ok(());
    }
    let row = NewRow {
        body: text,
        ..NewRow::default()
    };
    messages::write(app, tx, held, sender, &row).await.map(drop)
}

/// Makes a thread with its members; `None` if the two of a direct thread have one already.
async fn insert(tx: &Tx, row: &NewThreadRow<'_>) -> Result<Option<Held>, DbErr> {
    let (id, now) = (tx.next_id(), tx.now());
    let text = "INSERT INTO threads (id, is_group, title, created_by, direct_key, created_at, updated_at) \
                VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT (direct_key) DO NOTHING";
    let values = [
        id.into(),
        row.is_group.into(),
        row.title.into(),
        row.creator.0.into(),
        row.direct_key.clone().into(),
        now.into(),
    ];
    if sql::execute(tx, text, values).await? == 0 {
        return Ok(None);
    }
    let (mut rows, mut values): (Vec<String>, Vec<Value>) = (Vec::new(), vec![id.into(), now.into()]);
    for member in row.others.iter().chain([&row.creator]) {
        let at = values.len();
        rows.push(format!("(${}, $1, ${}, $2, $2)", at + 1, at + 2));
        values.extend([tx.next_id().into(), member.0.into()]);
    }
    let text = format!(
        "INSERT INTO thread_members (id, thread_id, user_id, created_at, updated_at) VALUES {}",
        rows.join(", ")
    );
    sql::execute(tx, text, values).await?;
    Ok(Some(Held::fresh(id, row.is_group, row.creator, now)))
}

/// Whether these people take conversations from the viewer: nobody has blocked anybody, and each lets them by the setting
/// `dm_policy`. Words that mean nothing there count as `following`.
async fn check_willing(app: &App, viewer: &Viewer, others: &[UserId]) -> Result<(), MessagingError> {
    let reader = app.db().reader();
    let ties = identity::ties(reader, viewer.id, others).await?;
    if ties.values().any(|ties| ties.are_apart()) {
        return Err(MessagingError::Apart);
    }
    let users = identity::shown_to(reader, Some(viewer), others).await?;
    for (id, user) in users {
        let is_willing = match user.settings.dm_policy.as_str() {
            "everyone" => true,
            "nobody" => false,
            _ => ties.get(&id).is_some_and(|ties| ties.is_followed),
        };
        if !is_willing {
            return Err(MessagingError::Unwanted);
        }
    }
    Ok(())
}

/// Gives a thread of the viewer's another title.
pub async fn rename(app: &App, viewer: &Viewer, id: i64, title: &str) -> Result<(), MessagingError> {
    app.db()
        .write(|tx| async move {
            let mut held = held::hold(&tx, id).await?.ok_or(MessagingError::NoThread)?;
            access::of_member(&tx, id, viewer.id).await?;
            let text = "UPDATE threads SET title = $2 WHERE id = $1";
            sql::execute(&tx, text, [id.into(), title.into()]).await?;
            held.updated_at = held.updated_at.max(tx.now());
            held.settle(&tx).await?;
            Ok(())
        })
        .await
}

/// Removes a group for everybody: its creator may, while belonging to it.
pub async fn delete(app: &App, viewer: &Viewer, id: i64) -> Result<(), MessagingError> {
    app.db()
        .write(|tx| async move {
            let held = held::hold(&tx, id).await?.ok_or(MessagingError::NoThread)?;
            access::of_member(&tx, id, viewer.id).await?;
            if !held.is_group || held.created_by != Some(viewer.id) {
                return Err(MessagingError::NotYours);
            }
            Ok(purge(&tx, &held).await?)
        })
        .await
}

/// Removes a thread that is held, with everything in it.
pub async fn purge(tx: &Tx, held: &Held) -> Result<(), DbErr> {
    let files = attachments::of(tx, "m.thread_id = $1", held.id.into()).await?;
    sql::execute(tx, "DELETE FROM threads WHERE id = $1", [held.id.into()]).await?;
    media::release(tx, &files).await
}

/// Begins a group with a first message, in a transaction of the caller's.
pub async fn begin_group(
    app: &App,
    tx: &Tx,
    (creator, others): (UserId, &[UserId]),
    (title, text): (&str, &str),
) -> Result<(), MessagingError> {
    let row = NewThreadRow {
        is_group: true,
        title,
        direct_key: None,
        creator,
        others,
    };
    let mut held = insert(tx, &row).await?.ok_or(MessagingError::Gone)?;
    write_first(app, tx, &mut held, creator, text).await?;
    Ok(held.settle_for_others(tx).await?)
}
