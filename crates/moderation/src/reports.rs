//! Reports: filing one's own, and working on those of everybody.

use platform::{
    App,
    db::Tx,
    http::{Page, SortKind, SortValue, Sortable, Viewer},
    id::UserId,
    limits::Hit,
};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait as _, Condition, ConnectionTrait, DbErr, EntityTrait as _, FromQueryResult as _,
    QueryFilter as _, QuerySelect as _, QueryTrait as _,
};
use serde_json::{Map, json};

use crate::{
    entities::reports::{ActiveModel, Column, Entity, Model, Status, Target},
    error::ModerationError,
    moderators::Moderator,
    queue,
    settings::ModerationSettings,
    targets,
};

/// A report to be filed.
#[derive(Debug, Clone)]
pub struct NewReport {
    pub target_type: Target,
    pub target_id: i64,
    pub reason: String,
}

/// A change of one's own report; what is `None` stays.
#[derive(Debug, Clone)]
pub struct ReportChange {
    pub target_type: Option<Target>,
    pub target_id: Option<i64>,
    pub reason: Option<String>,
}

/// What moderators change of a report; what is `None` stays.
#[derive(Debug, Clone)]
pub struct Handling {
    pub status: Option<Status>,
    pub notes: Option<String>,
}

const fn sortable(name: &'static str, kind: SortKind) -> Sortable {
    Sortable {
        name,
        kind,
        column: ("reports", name),
    }
}

/// Breaks ties.
pub const ID: Sortable = sortable("id", SortKind::Integer);

/// What lists may be ordered by.
pub const SORTABLE: [Sortable; 2] = [ID, sortable("created_at", SortKind::Time)];

/// The value of a field of [`SORTABLE`].
pub fn sort_value(report: &Model, field: &str) -> SortValue {
    match field {
        "created_at" => SortValue::Time(report.created_at),
        _ => SortValue::Integer(report.id),
    }
}

/// The reports of a page.
pub async fn page_of(on: &impl ConnectionTrait, wanted: Condition, page: &Page) -> Result<Vec<Model>, DbErr> {
    let query = Entity::find().filter(wanted).into_query();
    let rows = on
        .query_all_raw(page.statement(query, on.get_database_backend()))
        .await?;
    rows.iter().map(|row| Model::from_query_result(row, "")).collect()
}

/// Those of one reporter.
pub fn of_reporter(user: UserId) -> Condition {
    Condition::all().add(Column::ReporterId.eq(user))
}

/// Those of this status and kind of target. What is neither finds nothing; blank counts as none.
pub fn filter(status: Option<&str>, target_type: Option<&str>) -> Condition {
    let given = |text: Option<&str>| {
        text.map(str::trim)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    let nothing = || Condition::any().add(Column::Id.is_null());
    let mut wanted = Condition::all();
    if let Some(text) = given(status) {
        wanted = wanted.add(text.parse::<Status>().map_or_else(
            |_| nothing(),
            |status| Condition::all().add(Column::Status.eq(status)),
        ));
    }
    if let Some(text) = given(target_type) {
        wanted = wanted.add(text.parse::<Target>().map_or_else(
            |_| nothing(),
            |target| Condition::all().add(Column::TargetType.eq(target)),
        ));
    }
    wanted
}

/// Files a report. Whether there is such a target is not asked: it may be gone before anybody looks, and must not be found
/// out this way.
pub async fn file(app: &App, reporter: &Viewer, report: &NewReport) -> Result<Model, ModerationError> {
    count(app, reporter.id).await?;
    let filed = app
        .db()
        .write(|tx| async move {
            let (subject_id, snapshot) =
                targets::evidence(&tx, reporter.id, (report.target_type, report.target_id)).await?;
            let row = ActiveModel {
                id: Set(tx.next_id()),
                reporter_id: Set(reporter.id),
                target_type: Set(report.target_type),
                target_id: Set(report.target_id),
                subject_id: Set(subject_id),
                reason: Set(report.reason.clone()),
                status: Set(Status::Open),
                notes: Set(String::new()),
                is_automatic: Set(false),
                snapshot: Set(snapshot),
                created_at: Set(tx.now()),
                updated_at: Set(tx.now()),
            };
            Entity::insert(row).exec_with_returning(&tx).await
        })
        .await?;
    metrics::counter!("selflink_reports_total", "target" => filed.target_type.name(), "by" => "user")
        .increment(1);
    Ok(filed)
}

async fn count(app: &App, reporter: UserId) -> Result<(), ModerationError> {
    let rate = app
        .settings::<ModerationSettings>()
        .and_then(|settings| settings.report_rate);
    let Some(rate) = rate else { return Ok(()) };
    let hit = Hit {
        scope: "reports",
        subject: &reporter.to_string(),
        rate,
    };
    app.throttles()
        .check(&[hit])
        .await
        .map_err(|wait| ModerationError::TooManyReports(wait.seconds))
}

/// A report of the reporter's own.
pub async fn find_own(
    on: &impl ConnectionTrait,
    reporter: UserId,
    id: i64,
) -> Result<Model, ModerationError> {
    let found = Entity::find_by_id(id)
        .filter(Column::ReporterId.eq(reporter))
        .one(on)
        .await?;
    found.ok_or(ModerationError::NoSuchReport)
}

/// Holds a report of the reporter's own that they may change.
async fn hold_own(tx: &Tx, reporter: UserId, id: i64) -> Result<Model, ModerationError> {
    let found = Entity::find_by_id(id)
        .filter(Column::ReporterId.eq(reporter))
        .lock_exclusive()
        .one(tx)
        .await?;
    match found {
        None => Err(ModerationError::NoSuchReport),
        Some(report) if report.is_automatic => Err(ModerationError::Automatic),
        Some(report) => Ok(report),
    }
}

/// Changes a report of one's own.
pub async fn change_own(
    app: &App,
    reporter: UserId,
    id: i64,
    change: &ReportChange,
) -> Result<Model, ModerationError> {
    app.db()
        .write(|tx| async move {
            let report = hold_own(&tx, reporter, id).await?;
            let target_type = change.target_type.unwrap_or(report.target_type);
            let target_id = change.target_id.unwrap_or(report.target_id);
            let mut row = ActiveModel {
                id: Set(id),
                target_type: Set(target_type),
                target_id: Set(target_id),
                reason: change.reason.clone().map_or(NotSet, Set),
                updated_at: Set(tx.now()),
                ..Default::default()
            };
            if (target_type, target_id) != (report.target_type, report.target_id) {
                let (subject_id, snapshot) =
                    targets::evidence(&tx, reporter, (target_type, target_id)).await?;
                (row.subject_id, row.snapshot) = (Set(subject_id), Set(snapshot));
            }
            Ok(Entity::update(row).exec(&tx).await?)
        })
        .await
}

/// Takes back a report of one's own.
pub async fn withdraw(app: &App, reporter: UserId, id: i64) -> Result<(), ModerationError> {
    app.db()
        .write(|tx| async move {
            let report = hold_own(&tx, reporter, id).await?;
            Entity::delete_by_id(id).exec(&tx).await?;
            queue::tidy(&tx, report.target_type, report.target_id).await?;
            Ok(())
        })
        .await
}

/// Any report, for moderators.
pub async fn find(on: &impl ConnectionTrait, id: i64) -> Result<Model, ModerationError> {
    let found = Entity::find_by_id(id).one(on).await?;
    found.ok_or(ModerationError::NoSuchReport)
}

async fn hold(tx: &Tx, id: i64) -> Result<Model, ModerationError> {
    let found = Entity::find_by_id(id).lock_exclusive().one(tx).await?;
    found.ok_or(ModerationError::NoSuchReport)
}

/// Changes status and notes of any report. That one is closed or opened again is kept in the audit trail.
pub async fn handle(app: &App, by: &Moderator, id: i64, change: &Handling) -> Result<Model, ModerationError> {
    app.db()
        .write(|tx| async move {
            let before = hold(&tx, id).await?;
            let row = ActiveModel {
                id: Set(id),
                status: change.status.map_or(NotSet, Set),
                notes: change.notes.clone().map_or(NotSet, Set),
                updated_at: Set(tx.now()),
                ..Default::default()
            };
            let after = Entity::update(row).exec(&tx).await?;
            if before.status.is_closed() != after.status.is_closed() {
                leave_trace(&tx, by, &after).await?;
                queue::tidy(&tx, after.target_type, after.target_id).await?;
            }
            Ok(after)
        })
        .await
}

async fn leave_trace(tx: &Tx, by: &Moderator, report: &Model) -> Result<(), DbErr> {
    let name = if report.status.is_closed() {
        "moderation.report_closed"
    } else {
        "moderation.report_reopened"
    };
    tx.append(&by.trace(name).on("report", &report.id).with(about(report)))
        .await
}

/// What the audit trail keeps of a report: nothing that somebody wrote.
fn about(report: &Model) -> Map<String, serde_json::Value> {
    let status: &str = report.status.into();
    Map::from_iter([
        ("status".to_owned(), json!(status)),
        ("target_type".to_owned(), json!(report.target_type.name())),
        ("target_id".to_owned(), json!(report.target_id)),
    ])
}

/// Removes any report.
pub async fn remove(app: &App, by: &Moderator, id: i64) -> Result<(), ModerationError> {
    app.db()
        .write(|tx| async move {
            let report = hold(&tx, id).await?;
            Entity::delete_by_id(id).exec(&tx).await?;
            queue::tidy(&tx, report.target_type, report.target_id).await?;
            let trace = by.trace("moderation.report_deleted").on("report", &id);
            tx.append(&trace.with(about(&report))).await?;
            Ok(())
        })
        .await
}

/// Closes all that wait about a target as resolved; returns how many there were.
pub async fn resolve(
    tx: &Tx,
    by: &Moderator,
    (target_type, target_id): (Target, i64),
) -> Result<usize, DbErr> {
    let resolved = Entity::update_many()
        .set(ActiveModel {
            status: Set(Status::Resolved),
            updated_at: Set(tx.now()),
            ..Default::default()
        })
        .filter(Column::TargetType.eq(target_type))
        .filter(Column::TargetId.eq(target_id))
        .filter(Column::Status.is_in([Status::Open, Status::InReview]))
        .exec_with_returning(tx)
        .await?;
    for report in &resolved {
        leave_trace(tx, by, report).await?;
    }
    queue::tidy(tx, target_type, target_id).await?;
    Ok(resolved.len())
}
