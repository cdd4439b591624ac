//! The chain: every event carries the hash of the one before.

use chrono::Duration;
use platform::{App, audit::Action, clock::random_bytes, db::Tx, outbox::Event};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, DbErr, EntityTrait as _, IntoActiveModel as _, PaginatorTrait as _,
    QueryFilter as _, QuerySelect as _, sea_query::OnConflict,
};
use uuid::Builder;

use crate::{
    canonical::{self, Hashed},
    entities::{audit_events, audit_head},
};

/// Appends an action to the trail, in the transaction of the change that it tells of. `event` is the outbox event that
/// brought it, if one did: the same event is appended once, however often it is delivered.
///
/// For domains that depend on this one; others write the action to the outbox. Append last: on PostgreSQL the end of the
/// chain stays locked until the transaction ends, and whoever else appends waits.
pub async fn append(tx: &Tx, action: &Action, event: Option<i64>) -> Result<(), DbErr> {
    let head = lock_head(tx).await?;
    if let Some(event) = event
        && is_appended(tx, event).await?
    {
        return Ok(());
    }
    // The clock of another process may be behind: in the order of their times events are in that of the chain.
    let created_at = tx.now().max(head.created_at + Duration::microseconds(1));
    let hash_self = Hashed {
        prev: &head.hash,
        created_at,
        actor_user_id: action.actor(),
        action: action.action(),
        object_type: action.object_type(),
        object_id: action.object_id(),
        metadata: action.metadata(),
    }
    .hash();
    let sequence = head.sequence + 1;
    let row = audit_events::ActiveModel {
        sequence: Set(sequence),
        id: Set(Builder::from_random_bytes(random_bytes()).into_uuid().to_string()),
        created_at: Set(created_at),
        actor_user_id: Set(action.actor()),
        actor_ip: Set(action.address().map(|address| address.to_string())),
        action: Set(action.action().to_owned()),
        object_type: Set(action.object_type().to_owned()),
        object_id: Set(action.object_id().to_owned()),
        metadata: Set(canonical::object(action.metadata())),
        hash_prev: Set(head.hash),
        hash_self: Set(hash_self.clone()),
        event_id: Set(event),
    };
    audit_events::Entity::insert(row)
        .exec_without_returning(tx)
        .await?;
    let head = audit_head::ActiveModel {
        only_row: Set(audit_head::ROW),
        sequence: Set(sequence),
        hash: Set(hash_self),
        created_at: Set(created_at),
    };
    audit_head::Entity::update(head).exec(tx).await?;
    Ok(())
}

/// Where the chain ends; nobody else appends before this transaction ends. SQLite has one writer anyway.
async fn lock_head(tx: &Tx) -> Result<audit_head::Model, DbErr> {
    let find = || audit_head::Entity::find_by_id(audit_head::ROW).lock_exclusive();
    if let Some(head) = find().one(tx).await? {
        return Ok(head);
    }
    let beginning = audit_head::Model {
        only_row: audit_head::ROW,
        sequence: 0,
        hash: String::new(),
        created_at: chrono::DateTime::UNIX_EPOCH,
    };
    // Another process may be making it.
    audit_head::Entity::insert(beginning.into_active_model())
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(tx)
        .await?;
    find()
        .one(tx)
        .await?
        .ok_or_else(|| DbErr::RecordNotFound("the head of the audit trail".to_owned()))
}

async fn is_appended(tx: &Tx, event: i64) -> Result<bool, DbErr> {
    let found = audit_events::Entity::find().filter(audit_events::Column::EventId.eq(event));
    Ok(found.count(tx).await? > 0)
}

/// Takes an action that another domain wrote to the outbox.
pub async fn take(app: App, event: Event) -> anyhow::Result<()> {
    let (action, id) = (&event.read::<Action>()?, event.id);
    app.db()
        .write(|tx| async move { append(&tx, action, Some(id)).await })
        .await?;
    Ok(())
}
