//! Sessions of the administration: a cookie stands for a session of identity, which ends as all of them do. Only the hash of the
//! cookie is kept.

use chrono::Duration;
use platform::{
    App,
    auth::{hash_token, new_token},
    db::Tx,
    http::{Standing, Viewer},
    id::UserId,
    jobs::Job,
};
use sea_orm::{ConnectionTrait as _, DbErr, Statement, Value};
use serde::{Deserialize, Serialize};

use crate::settings::AdministrationSettings;

/// How long a session lasts at most.
pub fn lifetime(app: &App) -> Duration {
    let hours = app
        .settings::<AdministrationSettings>()
        .map_or(0, |settings| settings.session_hours);
    Duration::hours(hours.into())
}

/// Begins a session and returns the cookie's value.
pub async fn open(app: &App, tx: &Tx, user: UserId, session: i64) -> Result<String, DbErr> {
    let token = new_token();
    let values = [
        hash_token(&token).into(),
        user.0.into(),
        session.into(),
        (tx.now() + lifetime(app)).into(),
    ];
    let text =
        "INSERT INTO admin_sessions (token_hash, user_id, session_id, expires_at) VALUES ($1, $2, $3, $4)";
    execute(tx, text, values).await?;
    Ok(token)
}

/// Whose session the cookie stands for, if it lasts and its owner still belongs to staff.
pub async fn viewer(app: &App, token: &str) -> Result<Option<Viewer>, DbErr> {
    let statement = Statement::from_sql_and_values(
        app.db().engine().backend(),
        "SELECT user_id, session_id FROM admin_sessions WHERE token_hash = $1 AND expires_at > $2",
        [hash_token(token).into(), app.clock().now().into()],
    );
    let Some(row) = app.db().reader().query_one_raw(statement).await? else {
        return Ok(None);
    };
    let standing = identity::standing_of(app, row.try_get_by_index(0)?, row.try_get_by_index(1)?).await?;
    Ok(match standing {
        Standing::Active(viewer) if viewer.is_staff => Some(viewer),
        _ => None,
    })
}

/// Ends a session, and that of identity with it.
pub async fn close(tx: &Tx, viewer: &Viewer) -> Result<(), DbErr> {
    let text = "DELETE FROM admin_sessions WHERE session_id = $1";
    execute(tx, text, [viewer.session.into()]).await?;
    identity::end_session(tx, viewer.id, viewer.session).await
}

async fn execute<const N: usize>(tx: &Tx, text: &str, values: [Value; N]) -> Result<(), DbErr> {
    tx.execute_raw(Statement::from_sql_and_values(
        tx.get_database_backend(),
        text,
        values,
    ))
    .await
    .map(drop)
}

/// Removes sessions that are over.
#[derive(Debug, Serialize, Deserialize)]
pub struct PurgeAdminSessions {}

impl Job for PurgeAdminSessions {
    const NAME: &'static str = "admin.purge_sessions";

    async fn run(self, app: App) -> anyhow::Result<()> {
        let now = app.clock().now();
        app.db()
            .write(|tx| async move {
                execute(
                    &tx,
                    "DELETE FROM admin_sessions WHERE expires_at <= $1",
                    [now.into()],
                )
                .await
            })
            .await?;
        Ok(())
    }
}
