//! Who moderates: staff, superusers, and the members of a group.

use std::net::IpAddr;

use axum::{extract::FromRequestParts, http::request::Parts};
use platform::{
    App,
    audit::Action as Trace,
    http::{ApiError, CurrentUser, Origin, Viewer},
    id::UserId,
};
use sea_orm::{ConnectionTrait, DbErr, Statement};

/// The group whose members moderate.
pub const GROUP: &str = "moderation_team";

/// Somebody who may moderate.
#[derive(Debug, Clone)]
pub struct Moderator {
    /// Who; nobody: an operator, who may do everything.
    pub id: Option<UserId>,
    /// Whether they may act against staff, and overrule others.
    pub is_superuser: bool,
    /// From where, for the audit trail.
    pub address: Option<IpAddr>,
}

impl Moderator {
    /// Whoever has the machine.
    pub fn operator() -> Self {
        Self {
            id: None,
            is_superuser: true,
            address: None,
        }
    }

    /// The viewer, if they may moderate.
    pub async fn of(app: &App, viewer: &Viewer, address: IpAddr) -> Result<Self, ApiError> {
        let may = viewer.is_staff
            || viewer.is_superuser
            || (!viewer.lacks_second_factor
                && identity::is_member(app.db().reader(), viewer.id, GROUP).await?);
        if !may {
            viewer.require_staff()?;
        }
        Ok(Self {
            id: Some(viewer.id),
            is_superuser: viewer.is_superuser,
            address: Some(address),
        })
    }

    /// What the audit trail keeps of something that they did.
    pub fn trace(&self, action: &str) -> Trace {
        Trace::new(action).by(self.id, self.address)
    }
}

impl FromRequestParts<App> for Moderator {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let CurrentUser(viewer) = CurrentUser::from_request_parts(parts, app).await?;
        let origin = Origin::from_request_parts(parts, app).await?;
        Self::of(app, &viewer, origin.address).await
    }
}

/// Whether this account could be given work.
pub async fn is_one(on: &impl ConnectionTrait, user: UserId) -> Result<bool, DbErr> {
    let statement = Statement::from_sql_and_values(
        on.get_database_backend(),
        "SELECT 1 FROM users u WHERE u.id = $1 AND u.is_active AND (u.is_staff OR u.is_superuser OR EXISTS \
         (SELECT 1 FROM group_members m WHERE m.group_name = $2 AND m.user_id = u.id))",
        [user.0.into(), GROUP.into()],
    );
    Ok(on.query_one_raw(statement).await?.is_some())
}
