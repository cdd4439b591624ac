//! Events of the trail as answers show them.

use std::collections::HashSet;

use platform::{
    App,
    http::{ApiError, Page, Paginated, Paging, Parameters, SortKind, SortValue, Sortable, Timestamp},
    id::UserId,
};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DbErr, EntityTrait as _, FromQueryResult as _, JsonValue,
    QueryFilter as _, QueryTrait as _, Statement,
    sea_query::{Expr, ExprTrait as _},
};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::entities::audit_events::{Column, Entity, Model};

/// An event of the audit trail.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = AuditEvent)]
pub struct EventView {
    #[schema(format = "uuid")]
    pub id: String,
    pub created_at: Timestamp,
    /// The account that did it; null when none did, or when it is no more.
    #[schema(required = true)]
    pub actor_user: Option<i64>,
    /// From where.
    #[schema(required = true)]
    pub actor_ip: Option<String>,
    #[schema(max_length = 128)]
    pub action: String,
    #[schema(max_length = 128)]
    pub object_type: String,
    #[schema(max_length = 128)]
    pub object_id: String,
    #[schema(value_type = Object)]
    pub metadata: Map<String, Value>,
    /// `hash_self` of the event before; empty for the first.
    pub hash_prev: String,
    /// SHA-256 over this event and `hash_prev`.
    pub hash_self: String,
}

const fn sortable(name: &'static str, kind: SortKind) -> Sortable {
    Sortable {
        name,
        kind,
        column: ("audit_events", name),
    }
}

/// Breaks ties.
pub const ID: Sortable = sortable("id", SortKind::Text);

/// What the list may be ordered by.
pub const SORTABLE: [Sortable; 5] = [
    ID,
    sortable("created_at", SortKind::Time),
    sortable("action", SortKind::Text),
    sortable("object_type", SortKind::Text),
    sortable("object_id", SortKind::Text),
];

/// The value of a field of [`SORTABLE`].
pub fn sort_value(event: &Model, field: &str) -> SortValue {
    match field {
        "created_at" => SortValue::Time(event.created_at),
        "action" => SortValue::Text(event.action.clone()),
        "object_type" => SortValue::Text(event.object_type.clone()),
        "object_id" => SortValue::Text(event.object_id.clone()),
        _ => SortValue::Text(event.id.clone()),
    }
}

/// Which events are asked for: those whose fields are exactly these. A blank parameter counts as none.
pub fn filter(parameters: &Parameters) -> Condition {
    let mut condition = Condition::all();
    for (name, column) in [
        ("action", Column::Action),
        ("object_type", Column::ObjectType),
        ("object_id", Column::ObjectId),
        ("actor_user", Column::ActorUserId),
    ] {
        let Some(wanted) = parameters
            .get(name)
            .map(str::trim)
            .filter(|text| !text.is_empty())
        else {
            continue;
        };
        condition = condition.add(match column {
            Column::ActorUserId => wanted
                .parse::<i64>()
                .map_or_else(|_| nothing(), |id| column.eq(id)),
            // No event has it, and PostgreSQL could not even be asked.
            _ if wanted.contains('\0') => nothing(),
            _ => column.eq(wanted),
        });
    }
    condition
}

fn nothing() -> Expr {
    Expr::value(1).eq(0)
}

/// The events of a page.
pub async fn page_of(on: &impl ConnectionTrait, wanted: Condition, page: &Page) -> Result<Vec<Model>, DbErr> {
    let query = Entity::find().filter(wanted).into_query();
    let rows = on
        .query_all_raw(page.statement(query, on.get_database_backend()))
        .await?;
    rows.iter().map(|row| Model::from_query_result(row, "")).collect()
}

/// The page of the trail that a request asks for, newest first.
pub async fn page(
    app: &App,
    parameters: &Parameters,
    paging: Paging,
) -> Result<Paginated<EventView>, ApiError> {
    let page = paging.order(&SORTABLE, "-created_at", ID)?;
    let found = page_of(app.db().reader(), filter(parameters), &page).await?;
    let page = page.answer(found, sort_value);
    let actors = actors_of(app.db().reader(), &page.results).await?;
    Ok(page.map(|event| view(event, &actors)))
}

/// One event.
pub async fn find(on: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::find().filter(Column::Id.eq(id.to_string())).one(on).await
}

/// Those of the actors that still have an account: of the others answers say nothing.
pub async fn actors_of(on: &impl ConnectionTrait, events: &[Model]) -> Result<HashSet<UserId>, DbErr> {
    let mut actors: Vec<UserId> = events.iter().filter_map(|event| event.actor_user_id).collect();
    actors.sort_unstable();
    actors.dedup();
    identity::existing(on, &actors).await
}

/// The event as an answer shows it.
pub fn view(event: Model, actors: &HashSet<UserId>) -> EventView {
    let metadata = serde_json::from_str(&event.metadata).unwrap_or_else(|error| {
        tracing::error!(%error, sequence = event.sequence, "the metadata of an audit event is no JSON object: run `selflink verify-audit`");
        Map::new()
    });
    EventView {
        id: event.id,
        created_at: Timestamp(event.created_at),
        actor_user: event
            .actor_user_id
            .filter(|actor| actors.contains(actor))
            .map(|actor| actor.0),
        actor_ip: event.actor_ip,
        action: event.action,
        object_type: event.object_type,
        object_id: event.object_id,
        metadata,
        hash_prev: event.hash_prev,
        hash_self: event.hash_self,
    }
}

/// What somebody did, for the copy of their data.
pub async fn of_actor(on: &impl ConnectionTrait, actor: UserId) -> Result<Value, DbErr> {
    let text = "SELECT created_at, actor_ip, action, object_type, object_id FROM audit_events \
         WHERE actor_user_id = $1 ORDER BY created_at, sequence";
    let statement = Statement::from_sql_and_values(on.get_database_backend(), text, [actor.0.into()]);
    Ok(Value::Array(
        JsonValue::find_by_statement(statement).all(on).await?,
    ))
}
