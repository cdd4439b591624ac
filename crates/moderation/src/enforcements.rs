//! Enforcements: decisions against accounts and their words. What a decision changes is changed in its transaction.
//!
//! Decisions about one account come one after the other, because each holds the account first.

use chrono::{DateTime, Utc};
use identity::{FOREVER, HeldAccount, Restraint};
use platform::{
    App,
    db::{Tx, violates_unique},
    http::{Page, SortKind, SortValue, Sortable},
    id::UserId,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait as _, Condition, ConnectionTrait, DbErr, EntityTrait as _, FromQueryResult as _,
    QueryFilter as _, QueryTrait as _,
    sea_query::{Expr, ExprTrait as _},
};
use serde_json::{Map, Value, json};

use crate::{
    appeals,
    entities::{
        enforcements::{Action, ActiveModel, Column, Entity, Model},
        reports::Target,
    },
    error::ModerationError,
    events::{Enforced, Lifted},
    moderators::Moderator,
    queue, reports, targets,
};

/// A decision to be made.
#[derive(Debug, Clone)]
pub struct NewEnforcement {
    pub target_type: Target,
    pub target_id: i64,
    pub action: Action,
    pub reason: String,
    /// Never: until it is lifted.
    pub expires_at: Option<DateTime<Utc>>,
}

/// The same about the target of a report.
#[derive(Debug, Clone)]
pub struct Verdict {
    pub action: Action,
    pub reason: String,
    pub expires_at: Option<DateTime<Utc>>,
}

const fn sortable(name: &'static str, kind: SortKind) -> Sortable {
    Sortable {
        name,
        kind,
        column: ("enforcements", name),
    }
}

/// Breaks ties.
pub const ID: Sortable = sortable("id", SortKind::Integer);

/// What lists may be ordered by.
pub const SORTABLE: [Sortable; 2] = [ID, sortable("created_at", SortKind::Time)];

/// The value of a field of [`SORTABLE`].
pub fn sort_value(enforcement: &Model, field: &str) -> SortValue {
    match field {
        "created_at" => SortValue::Time(enforcement.created_at),
        _ => SortValue::Integer(enforcement.id),
    }
}

/// The enforcements of a page.
pub async fn page_of(on: &impl ConnectionTrait, wanted: Condition, page: &Page) -> Result<Vec<Model>, DbErr> {
    let query = Entity::find().filter(wanted).into_query();
    let rows = on
        .query_all_raw(page.statement(query, on.get_database_backend()))
        .await?;
    rows.iter().map(|row| Model::from_query_result(row, "")).collect()
}

/// Those that concern one account.
pub fn of_user(user: UserId) -> Condition {
    Condition::all().add(Column::UserId.eq(user))
}

/// One of them.
pub async fn find(on: &impl ConnectionTrait, id: i64) -> Result<Model, ModerationError> {
    let found = Entity::find_by_id(id).one(on).await?;
    found.ok_or(ModerationError::NoSuchEnforcement)
}

/// Decides about the target of a report. What is decided about the account is about the author of reported words. Whatever
/// waits about the target is closed with it.
pub async fn enforce_report(
    app: &App,
    by: &Moderator,
    report: i64,
    verdict: &Verdict,
) -> Result<Model, ModerationError> {
    let enforced = app
        .db()
        .write(|tx| async move {
            let report = reports::find(&tx, report).await?;
            let reported = (report.target_type, report.target_id);
            queue::refuse_assigned(&tx, by, reported).await?;
            let (target_type, target_id) = if verdict.action.is_about_account() {
                let subject = match targets::subject(&tx, report.target_type, report.target_id).await? {
                    // The words may be gone; who wrote them is not.
                    None => report.subject_id,
                    subject => subject,
                };
                let subject = subject.ok_or(ModerationError::NoSuchTarget(report.target_type.name()))?;
                (Target::User, subject.0)
            } else {
                reported
            };
            let new = NewEnforcement {
                target_type,
                target_id,
                action: verdict.action,
                reason: verdict.reason.clone(),
                expires_at: verdict.expires_at,
            };
            let enforced = decide(&tx, by, &new, Some(report.id)).await?;
            reports::resolve(&tx, by, reported).await?;
            Ok::<_, ModerationError>(enforced)
        })
        .await?;
    count(&enforced);
    Ok(enforced)
}

/// Decides about a target that nobody needs to have reported. Whatever waits about it is closed with it.
pub async fn enforce(app: &App, by: &Moderator, new: &NewEnforcement) -> Result<Model, ModerationError> {
    let enforced = app
        .db()
        .write(|tx| async move { enforce_in(&tx, by, new).await })
        .await?;
    count(&enforced);
    Ok(enforced)
}

/// The same in a transaction of the caller's.
pub async fn enforce_in(tx: &Tx, by: &Moderator, new: &NewEnforcement) -> Result<Model, ModerationError> {
    let target = (new.target_type, new.target_id);
    queue::refuse_assigned(tx, by, target).await?;
    let enforced = decide(tx, by, new, None).await?;
    reports::resolve(tx, by, target).await?;
    Ok(enforced)
}

fn count(enforced: &Model) {
    let action: &str = enforced.action.into();
    metrics::counter!("selflink_enforcements_total", "action" => action).increment(1);
}

async fn decide(
    tx: &Tx,
    by: &Moderator,
    new: &NewEnforcement,
    report_id: Option<i64>,
) -> Result<Model, ModerationError> {
    check(tx, new)?;
    let account = hold(tx, new).await?;
    refuse_protected(by, &account, new.action)?;
    if is_in_force(tx, account.id, new).await? {
        return Err(ModerationError::InForce);
    }
    let row = ActiveModel {
        id: Set(tx.next_id()),
        target_type: Set(new.target_type),
        target_id: Set(new.target_id),
        user_id: Set(account.id),
        action: Set(new.action),
        reason: Set(new.reason.clone()),
        expires_at: Set(new.expires_at),
        report_id: Set(report_id),
        enforced_by: Set(by.id),
        lifted_at: Set(None),
        lifted_by: Set(None),
        created_at: Set(tx.now()),
    };
    let enforced = Entity::insert(row)
        .exec_with_returning(tx)
        .await
        .map_err(|error| {
            if violates_unique(&error, "enforcements", "target_id") {
                ModerationError::InForce
            } else {
                error.into()
            }
        })?;
    if new.action.is_about_account() {
        restrain(tx, account.id).await?;
    }
    if new.action == Action::Remove && !targets::remove(tx, new.target_type, new.target_id).await? {
        return Err(ModerationError::NoSuchTarget(new.target_type.name()));
    }
    tx.append(&Enforced {
        enforcement_id: enforced.id,
        user_id: account.id,
        action: enforced.action,
        target_type: enforced.target_type,
        target_id: enforced.target_id,
    })
    .await?;
    tx.append(
        &by.trace("moderation.enforced")
            .on("enforcement", &enforced.id)
            .with(about(&enforced)),
    )
    .await?;
    Ok(enforced)
}

/// What the audit trail keeps of a decision: nothing that somebody wrote.
fn about(enforced: &Model) -> Map<String, Value> {
    let action: &str = enforced.action.into();
    Map::from_iter([
        ("action".to_owned(), json!(action)),
        ("target_type".to_owned(), json!(enforced.target_type.name())),
        ("target_id".to_owned(), json!(enforced.target_id)),
        ("user_id".to_owned(), json!(enforced.user_id)),
    ])
}

/// What can be said of a decision without looking anything up.
fn check(tx: &Tx, new: &NewEnforcement) -> Result<(), ModerationError> {
    if new.action == Action::Remove && new.target_type == Target::User {
        return Err(ModerationError::NotRemovable);
    }
    if new.action.is_about_account() && new.target_type != Target::User {
        return Err(ModerationError::NotEnforceable);
    }
    match new.expires_at {
        Some(_) if !matches!(new.action, Action::Suspend | Action::Restrict) => Err(ModerationError::NoEnd),
        Some(end) if end <= tx.now() => Err(ModerationError::EndIsPast),
        _ => Ok(()),
    }
}

/// Holds the account that the decision concerns.
async fn hold(tx: &Tx, new: &NewEnforcement) -> Result<HeldAccount, ModerationError> {
    let gone = || ModerationError::NoSuchTarget(new.target_type.name());
    let subject = match new.target_type {
        Target::User => UserId(new.target_id),
        other => targets::subject(tx, other, new.target_id)
            .await?
            .ok_or_else(gone)?,
    };
    identity::held_account(tx, subject).await?.ok_or_else(gone)
}

fn refuse_protected(by: &Moderator, account: &HeldAccount, action: Action) -> Result<(), ModerationError> {
    let is_staff = account.is_staff || account.is_superuser;
    if action.is_about_account() && by.id == Some(account.id) {
        Err(ModerationError::OwnCase)
    } else if action.is_about_account() && is_staff && !by.is_superuser {
        Err(ModerationError::StaffIsProtected)
    } else {
        Ok(())
    }
}

/// Whether the decision would change nothing: it is in force already, or a ban is, which a suspension adds nothing to. One
/// may be warned of the same thing again.
async fn is_in_force(tx: &Tx, user: UserId, new: &NewEnforcement) -> Result<bool, DbErr> {
    let actions = match new.action {
        Action::Warn => return Ok(false),
        Action::Suspend => vec![Action::Suspend, Action::Ban],
        action => vec![action],
    };
    let mut query = Entity::find()
        .filter(Column::UserId.eq(user))
        .filter(Column::Action.is_in(actions))
        .filter(Column::LiftedAt.is_null());
    if new.action == Action::Remove {
        query = query
            .filter(Column::TargetType.eq(new.target_type))
            .filter(Column::TargetId.eq(new.target_id));
    }
    let found = query.all(tx).await?;
    Ok(found.iter().any(|enforced| enforced.is_in_force(tx.now())))
}

/// Puts the account under what is in force against it, in sum.
async fn restrain(tx: &Tx, user: UserId) -> Result<(), DbErr> {
    let found = Entity::find()
        .filter(Column::UserId.eq(user))
        .filter(Column::Action.is_in([Action::Suspend, Action::Ban, Action::Restrict]))
        .filter(Column::LiftedAt.is_null())
        .all(tx)
        .await?;
    identity::restrain(tx, user, &sum(&found, tx.now())).await
}

/// What several decisions amount to: the one that lasts longest counts.
fn sum(enforced: &[Model], now: DateTime<Utc>) -> Restraint {
    let longest = |wanted: fn(Action) -> bool| {
        enforced
            .iter()
            .filter(|enforced| wanted(enforced.action) && enforced.is_in_force(now))
            .max_by_key(|enforced| enforced.expires_at.unwrap_or(FOREVER))
    };
    let until = |enforced: &Model| enforced.expires_at.unwrap_or(FOREVER);
    let suspension = longest(Action::shuts_out);
    Restraint {
        suspended_until: suspension.map(until),
        suspension_reason: suspension.map_or_else(String::new, |enforced| enforced.reason.clone()),
        restricted_until: longest(|action| action == Action::Restrict).map(until),
    }
}

/// Lifts a decision before its end: whatever it took is given back.
pub async fn lift(app: &App, by: &Moderator, id: i64) -> Result<Model, ModerationError> {
    app.db()
        .write(|tx| async move { lift_in(&tx, by, id, "").await })
        .await
}

/// The same in a transaction of the caller's. An appeal that waits is granted with it, with this note.
pub async fn lift_in(tx: &Tx, by: &Moderator, id: i64, note: &str) -> Result<Model, ModerationError> {
    let user = find(tx, id).await?.user_id;
    if by.id == Some(user) && !by.is_superuser {
        return Err(ModerationError::OwnCase);
    }
    identity::held_account(tx, user)
        .await?
        .ok_or(ModerationError::NoSuchEnforcement)?;
    let now = tx.now();
    let changed = Entity::update_many()
        .set(ActiveModel {
            lifted_at: Set(Some(now)),
            lifted_by: Set(by.id),
            ..Default::default()
        })
        .filter(Column::Id.eq(id))
        .filter(Column::LiftedAt.is_null())
        .filter(
            Condition::any()
                .add(Column::ExpiresAt.is_null())
                .add(Expr::col(Column::ExpiresAt).gt(now)),
        )
        .exec_with_returning(tx)
        .await?;
    let lifted = changed.into_iter().next().ok_or(ModerationError::NotInForce)?;
    if lifted.action.is_about_account() {
        restrain(tx, user).await?;
    }
    if lifted.action == Action::Remove {
        targets::restore(tx, lifted.target_type, lifted.target_id).await?;
    }
    appeals::grant(tx, by, id, note).await?;
    tx.append(&Lifted {
        enforcement_id: id,
        user_id: user,
    })
    .await?;
    tx.append(
        &by.trace("moderation.lifted")
            .on("enforcement", &id)
            .with(about(&lifted)),
    )
    .await?;
    Ok(lifted)
}

#[cfg(test)]
mod tests {
    use chrono::Duration;
    use proptest::prelude::*;

    use super::*;

    fn enforced(action: Action, ends_in: Option<i64>, is_lifted: bool) -> Model {
        let now = DateTime::UNIX_EPOCH;
        Model {
            id: 1,
            target_type: Target::User,
            target_id: 1,
            user_id: UserId(1),
            action,
            reason: format!("{action:?} {ends_in:?}"),
            expires_at: ends_in.map(|seconds| now + Duration::seconds(seconds)),
            report_id: None,
            enforced_by: None,
            lifted_at: is_lifted.then_some(now),
            lifted_by: None,
            created_at: now,
        }
    }

    #[test]
    fn the_one_that_lasts_longest_counts() {
        let of = |list: &[Model]| sum(list, DateTime::UNIX_EPOCH);
        assert_eq!(of(&[]), Restraint::default());
        let (short, long) = (
            enforced(Action::Suspend, Some(10), false),
            enforced(Action::Suspend, Some(20), false),
        );
        let both = of(&[long.clone(), short.clone()]);
        assert_eq!(
            (both.suspended_until, both.suspension_reason),
            (long.expires_at, long.reason)
        );
        let banned = of(&[short, enforced(Action::Ban, None, false)]);
        assert_eq!(banned.suspended_until, Some(FOREVER));
        let over = [
            enforced(Action::Ban, None, true),
            enforced(Action::Suspend, Some(0), false),
            enforced(Action::Warn, None, false),
            enforced(Action::Remove, None, false),
        ];
        assert_eq!(of(&over), Restraint::default());
        assert_eq!(
            of(&[enforced(Action::Restrict, None, false)]),
            Restraint {
                restricted_until: Some(FOREVER),
                ..Restraint::default()
            }
        );
    }

    proptest! {
        #[test]
        fn a_further_decision_never_shortens_a_restraint(ends in proptest::collection::vec((0..3_u8, proptest::option::of(-5..50_i64), any::<bool>()), 0..8)) {
            let list: Vec<Model> = ends
                .into_iter()
                .map(|(kind, end, is_lifted)| {
                    let action = [Action::Suspend, Action::Ban, Action::Restrict][usize::from(kind)];
                    enforced(action, end, is_lifted)
                })
                .collect();
            let mut before = Restraint::default();
            for upto in 0..=list.len() {
                let after = sum(&list[..upto], DateTime::UNIX_EPOCH);
                prop_assert!(after.suspended_until >= before.suspended_until);
                prop_assert!(after.restricted_until >= before.restricted_until);
                before = after;
            }
        }
    }
}
