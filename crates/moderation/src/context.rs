//! What moderators should know of a report before they decide.

use platform::{App, id::UserId};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};

use crate::{
    entities::{
        enforcements,
        reports::{self, Column, Model, Target},
    },
    error::ModerationError,
    targets::{self, Content},
};

/// Most reports and decisions that it holds.
const LONGEST: u64 = 50;

/// See the module.
pub struct Context {
    pub report: Model,
    /// The words as they are now.
    pub content: Option<Content>,
    /// Whose they are.
    pub subject: Option<UserId>,
    /// The latest about the same target.
    pub same_target: Vec<Model>,
    /// The latest decisions about the same account.
    pub enforcements: Vec<enforcements::Model>,
}

/// The context of a report.
pub async fn of_report(app: &App, id: i64) -> Result<Context, ModerationError> {
    let on = app.db().reader();
    let report = crate::reports::find(on, id).await?;
    // Whoever reported a message without being in its conversation opens it to nobody.
    let is_closed = report.target_type == Target::Message && report.subject_id.is_none();
    let content = if is_closed {
        None
    } else {
        targets::content(on, report.target_type, report.target_id).await?
    };
    let subject = match &content {
        Some(content) => Some(content.author),
        None => report.subject_id,
    };
    let same_target = reports::Entity::find()
        .filter(Column::TargetType.eq(report.target_type))
        .filter(Column::TargetId.eq(report.target_id))
        .order_by_desc(Column::CreatedAt)
        .order_by_desc(Column::Id)
        .limit(LONGEST)
        .all(on)
        .await?;
    let enforcements = match subject {
        None => Vec::new(),
        Some(subject) => {
            enforcements::Entity::find()
                .filter(enforcements::Column::UserId.eq(subject))
                .order_by_desc(enforcements::Column::CreatedAt)
                .order_by_desc(enforcements::Column::Id)
                .limit(LONGEST)
                .all(on)
                .await?
        }
    };
    Ok(Context {
        report,
        content,
        subject,
        same_target,
        enforcements,
    })
}
