//! Appeals against decisions: filed by those concerned, decided by somebody other than who had decided first.

use platform::{
    App,
    db::{Tx, violates_unique},
    http::{Page, SortKind, SortValue, Sortable, Viewer},
    id::UserId,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, Condition, ConnectionTrait, DbErr, EntityTrait as _,
    FromQueryResult as _, QueryFilter as _, QuerySelect as _, QueryTrait as _,
};
use serde_json::{Map, json};

use crate::{
    enforcements,
    entities::{
        appeals::{ActiveModel, AppealStatus, Column, Entity, Model},
        enforcements as decisions,
    },
    error::ModerationError,
    events::AppealDecided,
    moderators::Moderator,
};

/// An appeal to be filed.
#[derive(Debug, Clone)]
pub struct NewAppeal {
    pub enforcement: i64,
    pub text: String,
    /// From the mail, for those who cannot sign in.
    pub token: Option<String>,
}

/// How moderators decide about an appeal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Decision {
    /// The decision stays.
    #[default]
    Uphold,
    /// The decision is lifted.
    Lift,
}

const fn sortable(name: &'static str, kind: SortKind) -> Sortable {
    Sortable {
        name,
        kind,
        column: ("appeals", name),
    }
}

/// Breaks ties.
pub const ID: Sortable = sortable("id", SortKind::Integer);

/// What lists may be ordered by.
pub const SORTABLE: [Sortable; 2] = [ID, sortable("created_at", SortKind::Time)];

/// The value of a field of [`SORTABLE`].
pub fn sort_value(appeal: &Model, field: &str) -> SortValue {
    match field {
        "created_at" => SortValue::Time(appeal.created_at),
        _ => SortValue::Integer(appeal.id),
    }
}

/// The appeals of a page.
pub async fn page_of(on: &impl ConnectionTrait, wanted: Condition, page: &Page) -> Result<Vec<Model>, DbErr> {
    let query = Entity::find().filter(wanted).into_query();
    let rows = on
        .query_all_raw(page.statement(query, on.get_database_backend()))
        .await?;
    rows.iter().map(|row| Model::from_query_result(row, "")).collect()
}

/// Those of one account.
pub fn of_user(user: UserId) -> Condition {
    Condition::all().add(Column::UserId.eq(user))
}

/// Those of this status. What is none finds nothing; blank counts as none.
pub fn filter(status: Option<&str>) -> Condition {
    let Some(text) = status.map(str::trim).filter(|text| !text.is_empty()) else {
        return Condition::all();
    };
    match text.parse::<AppealStatus>() {
        Ok(status) => Condition::all().add(Column::Status.eq(status)),
        Err(_) => Condition::any().add(Column::Id.is_null()),
    }
}

/// One of them.
pub async fn find(on: &impl ConnectionTrait, id: i64) -> Result<Model, ModerationError> {
    let found = Entity::find_by_id(id).one(on).await?;
    found.ok_or(ModerationError::NoSuchAppeal)
}

/// Files an appeal of whoever is signed in, or of whoever the token was sent to. One waits at a time against a decision.
pub async fn file(app: &App, viewer: Option<&Viewer>, appeal: &NewAppeal) -> Result<Model, ModerationError> {
    let filed = app
        .db()
        .write(|tx| async move {
            let user = appellant(&tx, viewer, appeal).await?;
            let decision = decisions::Entity::find_by_id(appeal.enforcement)
                .filter(decisions::Column::UserId.eq(user))
                // Not between the look at it and the row of the appeal is it lifted.
                .lock_exclusive()
                .one(&tx)
                .await?
                .ok_or(ModerationError::NothingToAppeal)?;
            if !decision.is_in_force(tx.now()) {
                return Err(ModerationError::NotInForce);
            }
            let row = ActiveModel {
                id: Set(tx.next_id()),
                enforcement_id: Set(decision.id),
                user_id: Set(user),
                text: Set(appeal.text.clone()),
                status: Set(AppealStatus::Open),
                note: Set(String::new()),
                decided_by: Set(None),
                decided_at: Set(None),
                created_at: Set(tx.now()),
            };
            let filed = Entity::insert(row)
                .exec_with_returning(&tx)
                .await
                .map_err(|error| {
                    if violates_unique(&error, "appeals", "enforcement_id") {
                        ModerationError::AppealIsOpen
                    } else {
                        error.into()
                    }
                })?;
            let trace = platform::audit::Action::new("moderation.appeal_filed")
                .on("appeal", &filed.id)
                .by(Some(user), None)
                .with(about(&filed));
            tx.append(&trace).await?;
            Ok(filed)
        })
        .await?;
    metrics::counter!("selflink_appeals_total").increment(1);
    Ok(filed)
}

async fn appellant(tx: &Tx, viewer: Option<&Viewer>, appeal: &NewAppeal) -> Result<UserId, ModerationError> {
    match (&appeal.token, viewer) {
        (Some(token), _) => identity::redeem_appeal_token(tx, token, appeal.enforcement)
            .await?
            .ok_or(ModerationError::InvalidToken),
        (None, Some(viewer)) => Ok(viewer.id),
        (None, None) => Err(ModerationError::InvalidToken),
    }
}

fn about(appeal: &Model) -> Map<String, serde_json::Value> {
    let status: &str = appeal.status.into();
    Map::from_iter([
        ("status".to_owned(), json!(status)),
        ("enforcement_id".to_owned(), json!(appeal.enforcement_id)),
    ])
}

/// Decides an appeal; never by whoever had decided first, unless they may do everything, nor in one's own case.
pub async fn decide(
    app: &App,
    by: &Moderator,
    id: i64,
    decision: Decision,
    note: &str,
) -> Result<Model, ModerationError> {
    app.db()
        .write(|tx| async move {
            let appeal = find(&tx, id).await?;
            let enforced = enforcements::find(&tx, appeal.enforcement_id).await?;
            if by.id == Some(appeal.user_id) {
                return Err(ModerationError::OwnCase);
            }
            if enforced.enforced_by.is_some() && enforced.enforced_by == by.id && !by.is_superuser {
                return Err(ModerationError::OwnDecision);
            }
            // Whatever is decided about the account comes one after the other.
            identity::held_account(&tx, appeal.user_id).await?;
            let status = match decision {
                Decision::Uphold => AppealStatus::Upheld,
                Decision::Lift => AppealStatus::Lifted,
            };
            let which = Condition::all().add(Column::Id.eq(id));
            let settled = settle(&tx, by, which, (status, note)).await?;
            let settled = settled.ok_or(ModerationError::AppealIsDecided)?;
            if decision == Decision::Lift {
                match enforcements::lift_in(&tx, by, enforced.id, note).await {
                    // It has come to its end meanwhile.
                    Err(ModerationError::NotInForce) => {}
                    lifted => drop(lifted?),
                }
            }
            Ok(settled)
        })
        .await
}

/// Grants the appeal that waits against a decision that is lifted, if there is one.
pub async fn grant(tx: &Tx, by: &Moderator, enforcement: i64, note: &str) -> Result<(), DbErr> {
    let waiting = Condition::all().add(Column::EnforcementId.eq(enforcement));
    settle(tx, by, waiting, (AppealStatus::Lifted, note))
        .await
        .map(drop)
}

/// Settles the appeal if it still waits.
async fn settle(
    tx: &Tx,
    by: &Moderator,
    which: Condition,
    (status, note): (AppealStatus, &str),
) -> Result<Option<Model>, DbErr> {
    let settled = Entity::update_many()
        .set(ActiveModel {
            status: Set(status),
            note: Set(note.to_owned()),
            decided_by: Set(by.id),
            decided_at: Set(Some(tx.now())),
            ..Default::default()
        })
        .filter(which)
        .filter(Column::Status.eq(AppealStatus::Open))
        .exec_with_returning(tx)
        .await?;
    let Some(appeal) = settled.into_iter().next() else {
        return Ok(None);
    };
    tx.append(&AppealDecided {
        appeal_id: appeal.id,
        enforcement_id: appeal.enforcement_id,
        user_id: appeal.user_id,
        status,
    })
    .await?;
    tx.append(
        &by.trace("moderation.appeal_decided")
            .on("appeal", &appeal.id)
            .with(about(&appeal)),
    )
    .await?;
    Ok(Some(appeal))
}
