//! The lists of threads and messages.

use chrono::{DateTime, Utc};
use platform::{
    App,
    http::{ApiError, Page, Paginated, Paging, SortKind, SortValue, Sortable, Viewer},
};
use sea_orm::{
    ConnectionTrait as _, DbErr, QueryResult,
    sea_query::{Expr, ExprTrait as _, IntoColumnRef as _, JoinType, Query, SelectStatement},
};

use crate::{
    access,
    errors::MessagingError,
    sql,
    views::{MessageView, ThreadView, messages_shown_to, threads_shown_to},
};

const fn field(name: &'static str, kind: SortKind, column: (&'static str, &'static str)) -> Sortable {
    Sortable { name, kind, column }
}

/// Breaks ties of threads.
const THREAD_ID: Sortable = field("id", SortKind::Integer, ("t", "id"));
/// What threads may be ordered by.
const THREAD_FIELDS: [Sortable; 2] = [
    field("updated_at", SortKind::Time, ("t", "updated_at")),
    field("created_at", SortKind::Time, ("t", "created_at")),
];
/// The orders of a list without pages, and what they are in SQL.
const ORDERS: [(&str, &str); 4] = [
    ("-updated_at", "t.updated_at DESC, t.id DESC"),
    ("updated_at", "t.updated_at, t.id"),
    ("-created_at", "t.created_at DESC, t.id DESC"),
    ("created_at", "t.created_at, t.id"),
];
/// Breaks ties of messages.
const MESSAGE_ID: Sortable = field("id", SortKind::Integer, ("m", "id"));
/// What messages may be ordered by.
const MESSAGE_FIELDS: [Sortable; 2] = [
    field("created_at", SortKind::Time, ("m", "created_at")),
    MESSAGE_ID,
];

/// The values by which a row is ordered.
struct Row {
    id: i64,
    times: Vec<(&'static str, DateTime<Utc>)>,
}

impl Row {
    fn sort_value(&self, field: &str) -> SortValue {
        let time = self.times.iter().find(|(name, _)| *name == field);
        time.map_or(SortValue::Integer(self.id), |(_, time)| SortValue::Time(*time))
    }
}

/// All threads of the viewer that a search finds.
pub async fn threads(
    app: &App,
    viewer: &Viewer,
    ordering: &str,
    search: &str,
) -> Result<Vec<ThreadView>, MessagingError> {
    let wanted = ordering.split(',').map(str::trim);
    let mut known = wanted.filter_map(|name| ORDERS.iter().find(|(known, _)| *known == name));
    let order = known.next().unwrap_or(&ORDERS[0]).1;
    let text = format!(
        "SELECT t.id FROM thread_members v JOIN threads t ON t.id = v.thread_id WHERE v.user_id = $1 ORDER BY {order}"
    );
    let mut ids = sql::ids(app.db().reader(), text, [viewer.id.0.into()]).await?;
    if let Some(found) = found_by(app, viewer, search).await? {
        ids.retain(|id| found.contains(id));
    }
    Ok(threads_shown_to(app, viewer, &ids).await?)
}

/// The same in pages.
pub async fn threads_page(
    app: &App,
    viewer: &Viewer,
    search: &str,
    paging: Paging,
) -> Result<Paginated<ThreadView>, ApiError> {
    let page = paging.order(&THREAD_FIELDS, "-updated_at", THREAD_ID)?;
    let mut query = Query::select().from_as("threads", "t").take();
    query.join_as(
        JoinType::InnerJoin,
        "thread_members",
        "v",
        Expr::col(("v", "thread_id")).equals(("t", "id")),
    );
    query.and_where(Expr::col(("v", "user_id")).eq(viewer.id.0));
    if let Some(found) = found_by(app, viewer, search).await? {
        query.and_where(Expr::col(("t", "id")).is_in(found));
    }
    let rows = rows(app, query, &THREAD_FIELDS, THREAD_ID, &page).await?;
    let page = page.answer(rows, Row::sort_value);
    let ids: Vec<i64> = page.results.iter().map(|row| row.id).collect();
    Ok(Paginated {
        next: page.next,
        previous: page.previous,
        results: threads_shown_to(app, viewer, &ids).await?,
    })
}

/// Messages of the viewer's threads, or of one of them; of a thread that is none of theirs there are none.
pub async fn messages_page(
    app: &App,
    viewer: &Viewer,
    thread: Option<i64>,
    paging: Paging,
) -> Result<Paginated<MessageView>, ApiError> {
    let page = paging.order(&MESSAGE_FIELDS, "-created_at", MESSAGE_ID)?;
    let reader = app.db().reader();
    let mut query = Query::select().from_as("messages", "m").take();
    let is_theirs = match thread {
        Some(thread) => {
            query.and_where(Expr::col(("m", "thread_id")).eq(thread));
            access::is_member(reader, thread, viewer.id).await?
        }
        None => {
            query.join_as(
                JoinType::InnerJoin,
                "thread_members",
                "v",
                Expr::col(("v", "thread_id")).equals(("m", "thread_id")),
            );
            query.and_where(Expr::col(("v", "user_id")).eq(viewer.id.0));
            true
        }
    };
    let rows = if is_theirs {
        rows(app, query, &MESSAGE_FIELDS[..1], MESSAGE_ID, &page).await?
    } else {
        Vec::new()
    };
    let page = page.answer(rows, Row::sort_value);
    let ids: Vec<i64> = page.results.iter().map(|row| row.id).collect();
    Ok(Paginated {
        next: page.next,
        previous: page.previous,
        results: messages_shown_to(app, Some(viewer), &ids).await?,
    })
}

/// The rows of a page, each with its id and these times.
async fn rows(
    app: &App,
    mut query: SelectStatement,
    times: &[Sortable],
    id: Sortable,
    page: &Page,
) -> Result<Vec<Row>, DbErr> {
    let reader = app.db().reader();
    query.column(id.column.into_column_ref());
    for field in times {
        query.column(field.column.into_column_ref());
    }
    let found = reader
        .query_all_raw(page.statement(query, reader.get_database_backend()))
        .await?;
    let read = |row: &QueryResult| -> Result<Row, DbErr> {
        let mut values = Vec::with_capacity(times.len());
        for (index, field) in times.iter().enumerate() {
            values.push((field.name, row.try_get_by_index(index + 1)?));
        }
        Ok(Row {
            id: row.try_get_by_index(0)?,
            times: values,
        })
    };
    found.iter().map(read).collect()
}

/// The threads of the viewer in which every word of a search is found: in the title, or in the handle or name of a member. `None`
/// for a search without words. Compared here and not by the database, which may know the letter case of ASCII alone.
async fn found_by(app: &App, viewer: &Viewer, search: &str) -> Result<Option<Vec<i64>>, DbErr> {
    let words: Vec<String> = search
        .split(|letter: char| letter.is_whitespace() || letter == ',')
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    if words.is_empty() {
        return Ok(None);
    }
    let text = "SELECT t.id, t.title, u.handle, u.name FROM thread_members v JOIN threads t ON t.id = v.thread_id \
                JOIN thread_members m ON m.thread_id = t.id JOIN users u ON u.id = m.user_id WHERE v.user_id = $1 ORDER BY t.id";
    let rows = sql::rows(app.db().reader(), text, [viewer.id.0.into()]).await?;
    let mut texts: Vec<(i64, String)> = Vec::new();
    for row in &rows {
        let id = row.try_get_by_index(0)?;
        if texts.last().is_none_or(|(last, _)| *last != id) {
            texts.push((id, row.try_get_by_index::<String>(1)?.to_lowercase()));
        }
        if let Some((_, text)) = texts.last_mut() {
            for column in [2, 3] {
                text.push('\n');
                text.push_str(&row.try_get_by_index::<String>(column)?.to_lowercase());
            }
        }
    }
    let found = texts
        .into_iter()
        .filter(|(_, text)| words.iter().all(|word| text.contains(word)));
    Ok(Some(found.map(|(id, _)| id).collect()))
}
