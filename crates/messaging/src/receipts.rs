//! What has arrived, and what has been read.

use chrono::{DateTime, Utc};
use platform::{
    App,
    db::Tx,
    http::{Timestamp, Viewer},
    id::UserId,
};
use sea_orm::{ConnectionTrait, DbErr};
use serde_json::{Map, Value, json};

use crate::{
    access,
    errors::MessagingError,
    held::{self, Held, NewNotice},
    publishing, sql,
};

/// A message's standing, as its members are told of it.
struct Receipt {
    id: i64,
    status: &'static str,
    delivered_at: Option<DateTime<Utc>>,
    read_at: Option<DateTime<Utc>>,
    client_uuid: Option<String>,
}

impl Receipt {
    /// For clients that read `payload`, and for those that read the frame itself.
    fn frame(&self, thread_id: i64) -> Map<String, Value> {
        let time = |moment: Option<DateTime<Utc>>| {
            let text = moment.and_then(|moment| json!(Timestamp(moment)).as_str().map(str::to_owned));
            text.map(|text| text.replace('Z', "+00:00"))
        };
        let (id, thread) = (self.id.to_string(), thread_id.to_string());
        let frame = json!({
            "type": "message:status",
            "message_id": id, "thread_id": thread, "status": self.status,
            "payload": {
                "id": id, "thread": thread, "status": self.status, "delivered_at": time(self.delivered_at),
                "read_at": time(self.read_at), "client_uuid": self.client_uuid,
            },
        });
        frame.as_object().cloned().unwrap_or_default()
    }

    fn tell(&self, tx: &Tx, held: &mut Held, actor: UserId) {
        let frame = self.frame(held.id);
        held.tell(
            tx,
            NewNotice {
                actor: Some(actor),
                to: None,
                frame,
            },
        );
    }
}

/// A message has arrived at the viewer. Of one's own messages, and of those that have arrived before, nothing changes.
pub async fn acknowledge(app: &App, viewer: &Viewer, id: i64) -> Result<(), MessagingError> {
    let (thread_id, sender) = access::message_of(app.db().reader(), id, viewer.id).await?;
    if sender == viewer.id {
        return Ok(());
    }
    let lease = app
        .db()
        .write(|tx| async move {
            let mut held = held::hold(&tx, thread_id)
                .await?
                .ok_or(MessagingError::NoMessage)?;
            access::message_of(&tx, id, viewer.id).await?;
            let text = "UPDATE messages SET status = 'delivered', delivered_at = $2, updated_at = $2 \
                        WHERE id = $1 AND status = 'sent' RETURNING client_uuid";
            let Some(row) = sql::row(&tx, text, [id.into(), tx.now().into()]).await? else {
                return Ok(None);
            };
            let status = Receipt {
                id,
                status: "delivered",
                delivered_at: Some(tx.now()),
                read_at: None,
                client_uuid: row.try_get_by_index(0)?,
            };
            status.tell(&tx, &mut held, viewer.id);
            Ok::<_, MessagingError>(held.settle(&tx).await?)
        })
        .await?;
    publishing::begin(app, lease);
    Ok(())
}

/// The viewer has read a thread up to a message; up to its newest one, if that is none of its. Returns the resulting mark, or
/// `None` if the thread is empty.
pub async fn read(
    app: &App,
    viewer: &Viewer,
    thread_id: i64,
    wanted: Option<i64>,
) -> Result<Option<i64>, MessagingError> {
    let reader = app.db().reader();
    access::of_member(reader, thread_id, viewer.id).await?;
    let Some((target, mark)) = places(reader, thread_id, viewer.id, wanted).await? else {
        return Ok(None);
    };
    if mark >= target {
        return Ok(Some(mark));
    }
    let (mark, lease) = app
        .db()
        .write(|tx| async move {
            let mut held = held::hold(&tx, thread_id)
                .await?
                .ok_or(MessagingError::NoThread)?;
            access::of_member(&tx, thread_id, viewer.id).await?;
            let Some((target, mark)) = places(&tx, thread_id, viewer.id, wanted).await? else {
                return Ok((None, None));
            };
            if mark >= target {
                return Ok((Some(mark), None));
            }
            move_mark(&tx, thread_id, viewer.id, (mark, target)).await?;
            for status in mark_read(&tx, thread_id, viewer.id, (mark, target)).await? {
                status.tell(&tx, &mut held, viewer.id);
            }
            Ok::<_, MessagingError>((Some(target), held.settle(&tx).await?))
        })
        .await?;
    publishing::begin(app, lease);
    Ok(mark)
}

/// The message up to which is to be read, and the mark so far (0: none).
async fn places(
    on: &impl ConnectionTrait,
    thread_id: i64,
    user: UserId,
    wanted: Option<i64>,
) -> Result<Option<(i64, i64)>, DbErr> {
    let text = "SELECT coalesce((SELECT m.id FROM messages m WHERE m.id = $3 AND m.thread_id = $1), \
                (SELECT max(n.id) FROM messages n WHERE n.thread_id = $1)), \
                coalesce((SELECT v.last_read_message_id FROM thread_members v WHERE v.thread_id = $1 AND v.user_id = $2), 0)";
    let values = [thread_id.into(), user.0.into(), wanted.unwrap_or(0).into()];
    let Some(row) = sql::row(on, text, values).await? else {
        return Ok(None);
    };
    let target: Option<i64> = row.try_get_by_index(0)?;
    Ok(target.zip(Some(row.try_get_by_index(1)?)))
}

/// Moves a mark forward, and counts the messages of others that it passes.
async fn move_mark(tx: &Tx, thread_id: i64, user: UserId, (mark, target): (i64, i64)) -> Result<(), DbErr> {
    let text = "UPDATE thread_members SET last_read_message_id = $4, updated_at = $5, seen_count = seen_count + \
                (SELECT count(*) FROM messages m WHERE m.thread_id = $1 AND m.id > $3 AND m.id <= $4 AND m.sender_id <> $2) \
                WHERE thread_id = $1 AND user_id = $2";
    let values = [
        thread_id.into(),
        user.0.into(),
        mark.into(),
        target.into(),
        tx.now().into(),
    ];
    sql::execute(tx, text, values).await.map(drop)
}

/// Marks the messages of others between two marks as read that are not yet; those that are now, the oldest first.
async fn mark_read(
    tx: &Tx,
    thread_id: i64,
    user: UserId,
    (mark, target): (i64, i64),
) -> Result<Vec<Receipt>, DbErr> {
    let text = "UPDATE messages SET status = 'read', read_at = $5, delivered_at = coalesce(delivered_at, $5), updated_at = $5 \
                WHERE thread_id = $1 AND id > $3 AND id <= $4 AND sender_id <> $2 AND status <> 'read' \
                RETURNING id, delivered_at, client_uuid";
    let values = [
        thread_id.into(),
        user.0.into(),
        mark.into(),
        target.into(),
        tx.now().into(),
    ];
    let rows = sql::rows(tx, text, values).await?;
    let status = |row: &sea_orm::QueryResult| -> Result<Receipt, DbErr> {
        Ok(Receipt {
            id: row.try_get_by_index(0)?,
            status: "read",
            delivered_at: row.try_get_by_index(1)?,
            read_at: Some(tx.now()),
            client_uuid: row.try_get_by_index(2)?,
        })
    };
    let mut read = rows.iter().map(status).collect::<Result<Vec<_>, _>>()?;
    read.sort_by_key(|status| status.id);
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_receipts_name_their_zone_in_digits() {
        let status = Receipt {
            id: 1,
            status: "read",
            delivered_at: DateTime::from_timestamp_micros(1_700_000_000_500_000),
            read_at: DateTime::from_timestamp_micros(1_700_000_000_000_000),
            client_uuid: None,
        };
        let payload = &status.frame(2)["payload"];
        assert_eq!(payload["delivered_at"], "2023-11-14T22:13:20.500000+00:00");
        assert_eq!(payload["read_at"], "2023-11-14T22:13:20+00:00");
        assert_eq!((&payload["id"], &payload["thread"]), (&json!("1"), &json!("2")));
    }
}
