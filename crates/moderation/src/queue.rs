//! The queue: what waits for moderators, by target, and who works on what.

use chrono::{DateTime, Duration, Utc};
use platform::{
    App,
    db::Tx,
    http::{Page, SortKind, SortValue, Sortable},
    id::UserId,
};
use sea_orm::{
    ActiveEnum as _, ConnectionTrait, DbErr, QueryResult, Statement,
    sea_query::{Expr, ExprTrait as _, Query},
};

use crate::{
    entities::reports::Target,
    error::ModerationError,
    moderators::{self, Moderator},
};

/// How long somebody's claim keeps others away.
pub const CLAIM: Duration = Duration::hours(2);

/// A target that waits.
#[derive(Debug, Clone)]
pub struct Waiting {
    pub target_type: Target,
    pub target_id: i64,
    /// The oldest of its reports that wait.
    pub first_id: i64,
    /// How many wait.
    pub reports: i64,
    /// How many of them the list of banned words has made.
    pub automatic: i64,
    pub oldest_at: DateTime<Utc>,
    pub newest_at: DateTime<Utc>,
    pub assigned_to: Option<UserId>,
    pub assigned_at: Option<DateTime<Utc>>,
}

/// Breaks ties, and is the order: ids grow with time.
pub const FIRST: Sortable = Sortable {
    name: "id",
    kind: SortKind::Integer,
    column: ("q", "first_id"),
};

/// The value of [`FIRST`].
pub fn sort_value(waiting: &Waiting, _: &str) -> SortValue {
    SortValue::Integer(waiting.first_id)
}

const WAITING: &str = "r.status IN ('open', 'in_review')";

/// The targets of a page, in one query. `assigned_to`: only those of this moderator.
pub async fn page_of(
    on: &impl ConnectionTrait,
    assigned_to: Option<UserId>,
    page: &Page,
) -> Result<Vec<Waiting>, DbErr> {
    let grouped = Query::select()
        .expr(Expr::cust(
            "r.target_type, r.target_id, min(r.id) AS first_id, count(*) AS reports, \
             sum(CASE WHEN r.is_automatic THEN 1 ELSE 0 END) AS automatic, min(r.created_at) AS oldest_at, \
             max(r.created_at) AS newest_at, min(a.assigned_to) AS assigned_to, min(a.assigned_at) AS assigned_at",
        ))
        .from_as("reports", "r")
        .join_as(
            sea_orm::JoinType::LeftJoin,
            "report_assignments",
            "a",
            Expr::cust("a.target_type = r.target_type AND a.target_id = r.target_id"),
        )
        .and_where(Expr::cust(WAITING))
        .group_by_columns([("r", "target_type"), ("r", "target_id")])
        .take();
    let mut query = Query::select()
        .expr(Expr::cust(
            "q.target_type, q.target_id, q.first_id, q.reports, q.automatic, q.oldest_at, q.newest_at, q.assigned_to, \
             q.assigned_at",
        ))
        .from_subquery(grouped, "q")
        .take();
    if let Some(assigned_to) = assigned_to {
        query.and_where(Expr::col(("q", "assigned_to")).eq(assigned_to.0));
    }
    let rows = on
        .query_all_raw(page.statement(query, on.get_database_backend()))
        .await?;
    rows.iter().map(read).collect()
}

fn read(row: &QueryResult) -> Result<Waiting, DbErr> {
    Ok(Waiting {
        target_type: Target::try_from_value(&row.try_get_by_index::<String>(0)?)?,
        target_id: row.try_get_by_index(1)?,
        first_id: row.try_get_by_index(2)?,
        reports: row.try_get_by_index(3)?,
        automatic: row.try_get_by_index(4)?,
        oldest_at: row.try_get_by_index(5)?,
        newest_at: row.try_get_by_index(6)?,
        assigned_to: row.try_get_by_index::<Option<i64>>(7)?.map(UserId),
        assigned_at: row.try_get_by_index(8)?,
    })
}

/// How many reports wait, and how many appeals.
pub async fn counts(on: &impl ConnectionTrait) -> Result<(i64, i64), DbErr> {
    let statement = Statement::from_string(
        on.get_database_backend(),
        format!(
            "SELECT (SELECT count(*) FROM reports r WHERE {WAITING}), (SELECT count(*) FROM appeals WHERE status = 'open')"
        ),
    );
    let row = on.query_one_raw(statement).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotFound("the counts".to_owned()))?;
    Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))
}

/// Gives a target that waits to a moderator: oneself, or another whom one hands it over to. Of two that claim it at once one
/// gets it. Superusers may take it from others.
pub async fn assign(
    app: &App,
    by: &Moderator,
    (target_type, target_id): (Target, i64),
    to: UserId,
) -> Result<(), ModerationError> {
    app.db()
        .write(|tx| async move {
            if !moderators::is_one(&tx, to).await? {
                return Err(ModerationError::NotModerator);
            }
            let values = [
                target_type.name().into(),
                target_id.into(),
                to.0.into(),
                tx.now().into(),
                by.id.map_or(0, |id| id.0).into(),
                (tx.now() - CLAIM).into(),
                by.is_superuser.into(),
            ];
            // The one statement decides between claims at the same time.
            let text = format!(
                "INSERT INTO report_assignments AS a (target_type, target_id, assigned_to, assigned_at) \
                 SELECT $1, $2, $3, $4 WHERE EXISTS \
                 (SELECT 1 FROM reports r WHERE r.target_type = $1 AND r.target_id = $2 AND {WAITING}) \
                 ON CONFLICT (target_type, target_id) DO UPDATE \
                 SET assigned_to = excluded.assigned_to, assigned_at = excluded.assigned_at \
                 WHERE a.assigned_to = $5 OR a.assigned_at <= $6 OR $7"
            );
            let statement = Statement::from_sql_and_values(tx.get_database_backend(), text, values);
            if tx.execute_raw(statement).await?.rows_affected() == 1 {
                return Ok(());
            }
            match holder(&tx, (target_type, target_id)).await? {
                Some(_) => Err(ModerationError::Assigned),
                None => Err(ModerationError::NothingWaits),
            }
        })
        .await
}

/// Gives a target back to everybody.
pub async fn release(
    app: &App,
    by: &Moderator,
    (target_type, target_id): (Target, i64),
) -> Result<(), ModerationError> {
    app.db()
        .write(|tx| async move {
            let text = "DELETE FROM report_assignments WHERE target_type = $1 AND target_id = $2 \
                        AND (assigned_to = $3 OR $4)";
            let values = [
                target_type.name().into(),
                target_id.into(),
                by.id.map_or(0, |id| id.0).into(),
                by.is_superuser.into(),
            ];
            tx.execute_raw(Statement::from_sql_and_values(
                tx.get_database_backend(),
                text,
                values,
            ))
            .await?;
            match holder(&tx, (target_type, target_id)).await? {
                Some(_) => Err(ModerationError::Assigned),
                None => Ok(()),
            }
        })
        .await
}

/// Who works on a target, and since when.
async fn holder(
    on: &impl ConnectionTrait,
    (target_type, target_id): (Target, i64),
) -> Result<Option<(UserId, DateTime<Utc>)>, DbErr> {
    let statement = Statement::from_sql_and_values(
        on.get_database_backend(),
        "SELECT assigned_to, assigned_at FROM report_assignments WHERE target_type = $1 AND target_id = $2",
        [target_type.name().into(), target_id.into()],
    );
    let Some(row) = on.query_one_raw(statement).await? else {
        return Ok(None);
    };
    Ok(Some((UserId(row.try_get_by_index(0)?), row.try_get_by_index(1)?)))
}

/// Refuses to decide about a target that somebody else works on; superusers may.
pub async fn refuse_assigned(tx: &Tx, by: &Moderator, target: (Target, i64)) -> Result<(), ModerationError> {
    if by.is_superuser {
        return Ok(());
    }
    match holder(tx, target).await? {
        Some((holder, since)) if Some(holder) != by.id && since > tx.now() - CLAIM => {
            Err(ModerationError::Assigned)
        }
        _ => Ok(()),
    }
}

/// Nobody works on a target of which nothing waits any more.
pub async fn tidy(tx: &Tx, target_type: Target, target_id: i64) -> Result<(), DbErr> {
    let text = format!(
        "DELETE FROM report_assignments WHERE target_type = $1 AND target_id = $2 AND NOT EXISTS \
         (SELECT 1 FROM reports r WHERE r.target_type = $1 AND r.target_id = $2 AND {WAITING})"
    );
    let values = [target_type.name().into(), target_id.into()];
    tx.execute_raw(Statement::from_sql_and_values(
        tx.get_database_backend(),
        text,
        values,
    ))
    .await
    .map(drop)
}
