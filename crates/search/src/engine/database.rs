//! What the engines of both databases have in common: the tables of folded texts, and scans of their newest rows.
//!
//! A needle that the trigrams cannot serve, because it is too short, is looked for in the newest rows alone.

use platform::{
    App,
    db::{Engine, Tx, list_of},
    http::Viewer,
};
use sea_orm::{ConnectionTrait as _, DbErr, SqlErr, Statement, Value};

use super::{Ask, Hits, What};
use crate::documents;

/// How often a refresh is tried that meets the deletion of what it writes about.
const ATTEMPTS: u32 = 3;

/// The function that says where one text is in another.
fn position(engine: Engine) -> &'static str {
    match engine {
        Engine::Postgres => "strpos",
        Engine::Sqlite => "instr",
    }
}

/// Where the texts of `what` are: the table and its key.
pub fn table(what: What) -> (&'static str, &'static str) {
    match what {
        What::Users => ("search_users", "user_id"),
        What::Posts => ("search_posts", "post_id"),
    }
}

/// A condition on rows `x`: the needle `$2` is in a text that the viewer `$1` reads, of somebody or something it finds.
pub fn matches(engine: Engine, ask: &Ask<'_>) -> String {
    let holds = |column: &str| format!("{}({column}, $2) > 0", position(engine));
    match ask.what {
        What::Users => format!(
            "({} OR ({} AND {})) AND {}",
            holds("x.names"),
            holds("x.bio"),
            identity::reads_profile(ask.viewer, "$1", "x.user_id"),
            shown(ask.viewer, ask.what)
        ),
        What::Posts => format!("{} AND {}", holds("x.text"), shown(ask.viewer, ask.what)),
    }
}

/// A condition on rows `x`: true for those of what the viewer `$1` finds.
pub fn shown(viewer: &Viewer, what: What) -> String {
    match what {
        What::Users => identity::finds(viewer, "$1", "x.user_id"),
        What::Posts => format!(
            "EXISTS (SELECT 1 FROM posts p WHERE p.id = x.post_id AND {})",
            social::visible("$1")
        ),
    }
}

/// How the walk continues behind `$3`: comparison and direction.
pub fn direction(ask: &Ask<'_>) -> (&'static str, &'static str) {
    if ask.walk.descends {
        ("<", "DESC")
    } else {
        (">", "ASC")
    }
}

/// The first parameters of every statement: the viewer, the needle, the id behind which the walk begins.
pub fn values(ask: &Ask<'_>) -> Vec<Value> {
    let first = if ask.walk.descends { i64::MAX } else { i64::MIN };
    vec![
        ask.viewer.id.0.into(),
        ask.query.needle.as_str().into(),
        ask.walk.behind.unwrap_or(first).into(),
    ]
}

/// The first `rows` rows of the walk.
pub fn newest(ask: &Ask<'_>, rows: u32) -> String {
    let ((table, key), (comparison, order)) = (table(ask.what), direction(ask));
    format!("SELECT * FROM {table} WHERE {key} {comparison} $3 ORDER BY {key} {order} LIMIT {rows}")
}

/// Looks for matches in the first `rows` rows of the walk.
pub async fn scan(app: &App, ask: &Ask<'_>, matches: &str, rows: u32) -> Result<Hits, DbErr> {
    let ((_, key), (_, order)) = (table(ask.what), direction(ask));
    let text = format!(
        "SELECT x.{key} FROM ({}) x WHERE {matches} ORDER BY x.{key} {order} LIMIT {}",
        newest(ask, rows),
        ask.walk.take
    );
    hits(app, text, values(ask)).await
}

/// The ids that a statement finds: all there are, as far as they are wanted.
pub async fn hits(app: &App, text: String, values: Vec<Value>) -> Result<Hits, DbErr> {
    let on = app.db().reader();
    let statement = Statement::from_sql_and_values(on.get_database_backend(), text, values);
    let rows = on.query_all_raw(statement).await?;
    let ids = rows.iter().map(|row| row.try_get_by_index(0));
    Ok(Hits {
        ids: ids.collect::<Result<_, _>>()?,
        has_more: false,
    })
}

/// See [`Engine::refresh`](super::Engine::refresh).
pub async fn refresh(app: &App, what: What, ids: &[i64]) -> Result<(), DbErr> {
    let mut attempt = 1;
    loop {
        let written = app
            .db()
            .write(|tx| async move {
                hold(&tx, ids).await?;
                match what {
                    What::Users => write_users(app, &tx, ids).await,
                    What::Posts => write_posts(app, &tx, ids).await,
                }
            })
            .await;
        match written {
            Err(error)
                if matches!(error.sql_err(), Some(SqlErr::ForeignKeyConstraintViolation(_)))
                    && attempt < ATTEMPTS =>
            {
                attempt += 1;
            }
            written => return written,
        }
    }
}

/// Refreshes of the same id come one after the other, each reading what the ones before it may have missed. SQLite's only
/// writer does that by itself.
async fn hold(tx: &Tx, ids: &[i64]) -> Result<(), DbErr> {
    if tx.get_database_backend() != Engine::Postgres.backend() {
        return Ok(());
    }
    let text = format!(
        "SELECT pg_advisory_xact_lock(id) FROM (SELECT id FROM {} AS ids (id) ORDER BY id) ordered",
        Engine::Postgres.list("$1")
    );
    let statement = Statement::from_sql_and_values(tx.get_database_backend(), text, [list_of(ids)]);
    tx.query_all_raw(statement).await.map(drop)
}

async fn write_users(app: &App, tx: &Tx, ids: &[i64]) -> Result<(), DbErr> {
    let users = identity::searchable_users(app, tx, ids).await?;
    let rows = users
        .iter()
        .map(|user| {
            vec![
                user.id.0.into(),
                documents::names(user).into(),
                documents::bio(user).into(),
            ]
        })
        .collect();
    write(tx, What::Users, &["names", "bio"], rows).await
}

async fn write_posts(app: &App, tx: &Tx, ids: &[i64]) -> Result<(), DbErr> {
    let posts = social::searchable_posts(app, tx, ids).await?;
    let rows = posts
        .iter()
        .map(|post| vec![post.id.into(), documents::text(post).into()])
        .collect();
    write(tx, What::Posts, &["text"], rows).await
}

/// Rows of accounts and posts that are gone have gone with them. What is as it was is not written again.
async fn write(tx: &Tx, what: What, columns: &[&str], rows: Vec<Vec<Value>>) -> Result<(), DbErr> {
    if rows.is_empty() {
        return Ok(());
    }
    let (table, key) = table(what);
    let width = columns.len() + 1;
    let places: Vec<String> = (0..rows.len())
        .map(|row| {
            let places: Vec<String> = (1..=width)
                .map(|column| format!("${}", row * width + column))
                .collect();
            format!("({})", places.join(", "))
        })
        .collect();
    let (mut changes, mut differences) = (Vec::new(), Vec::new());
    for column in columns {
        changes.push(format!("{column} = excluded.{column}"));
        differences.push(format!("{table}.{column} <> excluded.{column}"));
    }
    let text = format!(
        "INSERT INTO {table} ({key}, {}) VALUES {} ON CONFLICT ({key}) DO UPDATE SET {} WHERE {}",
        columns.join(", "),
        places.join(", "),
        changes.join(", "),
        differences.join(" OR ")
    );
    let values: Vec<Value> = rows.into_iter().flatten().collect();
    let statement = Statement::from_sql_and_values(tx.get_database_backend(), text, values);
    tx.execute_raw(statement).await.map(drop)
}
