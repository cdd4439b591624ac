//! Sessions: a sign-in, and the refresh tokens that follow one another in it.

use std::net::IpAddr;

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};
use chrono::Duration;
use futures::{FutureExt as _, future::BoxFuture};
use platform::{
    App,
    auth::{Claims, TokenError, TokenKind},
    db::Tx,
    http::{ApiError, Origin, Standing, Viewer},
    id::UserId,
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, ConnectionTrait as _, DbErr, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Statement,
};

use crate::{
    entities::{sessions, users},
    errors::AccountError,
    events::SessionsEnded,
    restraints,
    second_factor::{self, challenges},
    settings::requires_verification,
};

/// How long the refresh token before the current one still works, for a client that lost the answer with its successor.
/// It ends earlier when the successor is used.
const GRACE: Duration = Duration::seconds(60);

/// Longest part of a `User-Agent` header that is kept, in characters.
const LONGEST_USER_AGENT: usize = 255;
/// Most sessions that a list shows.
const LONGEST_LIST: u64 = 100;

/// Where a session is opened or used from: what its owner recognises it by.
#[derive(Debug, Clone)]
pub struct ClientInfo {
    /// The client's address.
    pub address: IpAddr,
    /// What the client says of itself, cut to 255 characters; may be empty.
    pub user_agent: String,
}

impl FromRequestParts<App> for ClientInfo {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let user_agent = parts.headers.get(header::USER_AGENT);
        let user_agent = user_agent.and_then(|value| value.to_str().ok()).unwrap_or("");
        Ok(Self {
            user_agent: user_agent.chars().take(LONGEST_USER_AGENT).collect(),
            address: Origin::from_request_parts(parts, app).await?.address,
        })
    }
}

/// What a client holds of a session.
pub struct TokenPair {
    pub access: String,
    pub refresh: String,
}

/// Begins a session of an account that has shown one factor. Sign-in goes through [`sign_in::finish`](crate::sign_in::finish),
/// which asks for the second one first.
pub async fn open(app: &App, tx: &Tx, user: UserId, client: &ClientInfo) -> Result<TokenPair, AccountError> {
    begin(app, tx, user, client, false).await
}

/// Begins a session of an account that has shown two factors, or a passkey.
pub async fn open_with_second_factor(
    app: &App,
    tx: &Tx,
    user: UserId,
    client: &ClientInfo,
) -> Result<TokenPair, AccountError> {
    begin(app, tx, user, client, true).await
}

async fn begin(
    app: &App,
    tx: &Tx,
    user: UserId,
    client: &ClientInfo,
    second_factor: bool,
) -> Result<TokenPair, AccountError> {
    let id = tx.next_id();
    let (pair, refresh_jti) = issue(app, tx, user, id)?;
    let session = sessions::ActiveModel {
        id: Set(id),
        user_id: Set(user),
        refresh_jti: Set(refresh_jti),
        previous_jti: Set(String::new()),
        created_at: Set(tx.now()),
        rotated_at: Set(tx.now()),
        expires_at: Set(tx.now() + app.tokens().refresh_lifetime()),
        revoked_at: Set(None),
        address: Set(client.address.to_string()),
        user_agent: Set(client.user_agent.clone()),
        second_factor: Set(second_factor),
    };
    sessions::Entity::insert(session)
        .exec_without_returning(tx)
        .await?;
    Ok(pair)
}

fn issue(app: &App, tx: &Tx, user: UserId, session: i64) -> Result<(TokenPair, String), AccountError> {
    let (access, _) = app.tokens().issue(TokenKind::Access, user, session, tx.now())?;
    let (refresh, claims) = app.tokens().issue(TokenKind::Refresh, user, session, tx.now())?;
    Ok((TokenPair { access, refresh }, claims.jti))
}

/// Exchanges a refresh token for a new pair. A token that was exchanged before ends the whole session: somebody else has
/// a copy of it.
pub async fn refresh(app: &App, token: &str, client: &ClientInfo) -> Result<TokenPair, AccountError> {
    let claims = app
        .tokens()
        .verify(token, TokenKind::Refresh, app.clock().now())
        .map_err(|error| match error {
            TokenError::Invalid => AccountError::InvalidRefreshToken,
            TokenError::WrongType => AccountError::WrongTokenType,
        })?;
    let claims = &claims;
    // The end of a session must be stored, so it is an outcome of the transaction and not an error, which would undo it.
    app.db()
        .write(|tx| async move { rotate(app, &tx, claims, client).await })
        .await?
        .ok_or(AccountError::UsedRefreshToken)
}

async fn rotate(
    app: &App,
    tx: &Tx,
    claims: &Claims,
    client: &ClientInfo,
) -> Result<Option<TokenPair>, AccountError> {
    let session = sessions::Entity::find_by_id(claims.sid)
        .filter(sessions::Column::UserId.eq(claims.user_id))
        .lock_exclusive();
    let Some(session) = session.one(tx).await? else {
        return Err(AccountError::InvalidRefreshToken);
    };
    if session.revoked_at.is_some() {
        return Ok(None);
    }
    let is_active = users::Entity::find_by_id(claims.user_id)
        .one(tx)
        .await?
        .is_some_and(|user| user.is_active && !restraints::lasts(user.suspended_until, tx.now()));
    if !is_active {
        return Err(AccountError::InvalidRefreshToken);
    }
    let is_current = session.refresh_jti == claims.jti;
    let is_repetition = session.previous_jti == claims.jti && tx.now() < session.rotated_at + GRACE;
    if !is_current && !is_repetition {
        end(tx, claims.user_id, Ending::Only(claims.sid)).await?;
        tracing::warn!(
            user_id = claims.user_id.0,
            "a used refresh token came again; its session was ended"
        );
        metrics::counter!("selflink_refresh_tokens_reused_total").increment(1);
        return Ok(None);
    }
    let (pair, refresh_jti) = issue(app, tx, claims.user_id, claims.sid)?;
    let mut changed = session.into_active_model();
    changed.refresh_jti = Set(refresh_jti);
    if is_current {
        changed.previous_jti = Set(claims.jti.clone());
        changed.rotated_at = Set(tx.now());
    }
    changed.address = Set(client.address.to_string());
    changed.user_agent = Set(client.user_agent.clone());
    changed.expires_at = Set(tx.now() + app.tokens().refresh_lifetime());
    changed.update(tx).await?;
    Ok(Some(pair))
}

/// Which sessions of an account end.
#[derive(Debug, Clone, Copy)]
pub enum Ending {
    /// This one.
    Only(i64),
    /// All but this one.
    AllBut(i64),
    /// All.
    All,
}

/// Ends sessions: their tokens are refused from the commit on, and whoever holds a connection open for one of them is
/// told by an event. Returns how many ended.
pub async fn end(tx: &Tx, user: UserId, ending: Ending) -> Result<usize, DbErr> {
    let (condition, session) = match ending {
        Ending::Only(session) => ("id = $3", session),
        Ending::AllBut(session) => ("id <> $3", session),
        Ending::All => ("id <> $3", 0),
    };
    let statement = Statement::from_sql_and_values(
        tx.get_database_backend(),
        format!(
            "UPDATE sessions SET revoked_at = $1 WHERE user_id = $2 AND {condition} AND revoked_at IS NULL RETURNING id"
        ),
        [tx.now().into(), user.0.into(), session.into()],
    );
    if !matches!(ending, Ending::Only(_)) {
        // Nobody finishes a sign-in that was begun before.
        challenges::remove_all(tx, user).await?;
    }
    let rows = tx.query_all_raw(statement).await?;
    let sessions = rows
        .iter()
        .map(|row| row.try_get_by_index(0))
        .collect::<Result<Vec<i64>, _>>()?;
    let count = sessions.len();
    if count > 0 {
        tx.append(&SessionsEnded {
            user_id: user,
            sessions,
        })
        .await?;
    }
    Ok(count)
}

/// The sessions of an account that can still be used, the one used last first; at most 100.
pub async fn list(app: &App, user: UserId) -> Result<Vec<sessions::Model>, DbErr> {
    sessions::Entity::find()
        .filter(sessions::Column::UserId.eq(user))
        .filter(sessions::Column::RevokedAt.is_null())
        .filter(sessions::Column::ExpiresAt.gt(app.clock().now()))
        .order_by_desc(sessions::Column::RotatedAt)
        .order_by_desc(sessions::Column::Id)
        .limit(LONGEST_LIST)
        .all(app.db().reader())
        .await
}

/// The standing of an account with one of its sessions, for those who know the session by something other than a token.
pub async fn standing_of(app: &App, user_id: UserId, session: i64) -> Result<Standing, DbErr> {
    let claims = Claims {
        token_type: TokenKind::Access,
        exp: 0,
        iat: 0,
        jti: String::new(),
        user_id,
        sid: session,
    };
    find_standing(app.clone(), claims).await
}

/// Account and session of a token, in one query.
pub fn find_standing(
    app: App,
    Claims { user_id, sid, .. }: Claims,
) -> BoxFuture<'static, Result<Standing, DbErr>> {
    async move {
        let text = if requires_verification(&app) {
            "SELECT u.is_active, u.is_staff, u.is_superuser, s.id IS NOT NULL AS signed_in, s.second_factor, \
             p.email_verified_at IS NOT NULL, u.suspended_until, u.restricted_until FROM users u \
             JOIN user_pii p ON p.user_id = u.id \
             LEFT JOIN sessions s ON s.id = $1 AND s.user_id = u.id AND s.revoked_at IS NULL WHERE u.id = $2"
        } else {
            "SELECT u.is_active, u.is_staff, u.is_superuser, s.id IS NOT NULL AS signed_in, s.second_factor, TRUE, \
             u.suspended_until, u.restricted_until FROM users u \
             LEFT JOIN sessions s ON s.id = $1 AND s.user_id = u.id AND s.revoked_at IS NULL WHERE u.id = $2"
        };
        let values = [sid.into(), user_id.0.into()];
        let statement = Statement::from_sql_and_values(app.db().engine().backend(), text, values);
        let Some(row) = app.db().reader().query_one_raw(statement).await? else { return Ok(Standing::Unknown) };
        if !row.try_get_by_index::<bool>(0)? {
            return Ok(Standing::Inactive);
        }
        let now = app.clock().now();
        let (suspended_until, restricted_until) = (row.try_get_by_index(6)?, row.try_get_by_index(7)?);
        if restraints::lasts(suspended_until, now) {
            return Ok(Standing::Suspended);
        }
        if !row.try_get_by_index::<bool>(3)? {
            return Ok(Standing::SignedOut);
        }
        let (is_staff, is_superuser): (bool, bool) = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        let is_enough = row.try_get_by_index(4)? || !second_factor::is_required_of_staff(&app);
        Ok(Standing::Active(Viewer {
            id: user_id,
            session: sid,
            is_verified: row.try_get_by_index(5)?,
            is_staff: is_staff && is_enough,
            is_superuser: is_superuser && is_enough,
            lacks_second_factor: is_staff && !is_enough,
            is_restricted: restraints::lasts(restricted_until, now),
        }))
    }
    .boxed()
}
