//! Leaving a thread.

use platform::{
    App,
    db::Tx,
    http::{Timestamp, Viewer},
    id::UserId,
};
use sea_orm::DbErr;
use serde_json::json;

use crate::{
    access,
    errors::MessagingError,
    held::{self, Held, NewNotice},
    publishing, sql, threads,
};

/// Takes the viewer out of a thread. Those who stay are told; when nobody does, the thread goes.
pub async fn leave(app: &App, viewer: &Viewer, id: i64) -> Result<(), MessagingError> {
    let lease = app
        .db()
        .write(|tx| async move {
            let held = held::hold(&tx, id).await?.ok_or(MessagingError::NoThread)?;
            access::of_member(&tx, id, viewer.id).await?;
            Ok::<_, MessagingError>(match take_out(&tx, held, viewer.id).await? {
                Some(held) => held.settle(&tx).await?,
                None => None,
            })
        })
        .await?;
    publishing::begin(app, lease);
    Ok(())
}

/// Takes a member out of a thread that is held, which the caller has settled; `None` if it went with its last member. The
/// messages stay.
pub async fn take_out(tx: &Tx, mut held: Held, user: UserId) -> Result<Option<Held>, DbErr> {
    let text = "DELETE FROM thread_members WHERE thread_id = $1 AND user_id = $2";
    sql::execute(tx, text, [held.id.into(), user.0.into()]).await?;
    let text = "SELECT id FROM thread_members WHERE thread_id = $1 LIMIT 1";
    if sql::ids(tx, text, [held.id.into()]).await?.is_empty() {
        threads::purge(tx, &held).await?;
        return Ok(None);
    }
    // The two may begin anew.
    let text = "UPDATE threads SET direct_key = NULL WHERE id = $1 AND direct_key IS NOT NULL";
    sql::execute(tx, text, [held.id.into()]).await?;
    let frame = json!({
        "type": "member_left", "thread_id": held.id, "user_id": user.0, "timestamp": Timestamp(tx.now()),
    });
    held.tell(
        tx,
        NewNotice {
            actor: None,
            to: None,
            frame: frame.as_object().cloned().unwrap_or_default(),
        },
    );
    Ok(Some(held))
}
