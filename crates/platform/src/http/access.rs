//! Who may call an endpoint, and how often: the checks before a handler runs, in the order that clients rely on —
//! method and route, authentication, permission, throttle; the body comes after them.

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::{ApiError, origin::Origin};
use crate::{
    app::App,
    auth::{Claims, TokenKind},
    id::UserId,
    limits::Hit,
};

/// The rule of a group of endpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody; a token that is sent must be valid all the same.
    Public,
    /// Everybody; credentials are not looked at. Existing clients send stale ones when they sign in.
    SignIn,
    /// Reading as [`Access::Public`], every other method as [`Access::SignedIn`].
    PublicReads,
    /// POST as [`Access::SignIn`], every other method as [`Access::Account`].
    SignInByPost,
    /// Whoever is signed in, also before the account's e-mail address is verified: what one needs to get there.
    Account,
    /// Whoever is signed in, with a verified e-mail address where the instance requires one.
    SignedIn,
    /// Staff.
    Staff,
    /// Whoever the endpoint itself lets in: neither credentials nor throttles are looked at before it.
    Own,
}

/// Whoever makes a request with a valid token.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a right of its own")]
pub struct Viewer {
    /// The account.
    pub id: UserId,
    /// The session of the token.
    pub session: i64,
    /// Whether the account's e-mail address is verified, or need not be.
    pub is_verified: bool,
    /// Whether the account belongs to staff, now, and its session has what staff must have.
    pub is_staff: bool,
    /// Whether the account may do everything; as `is_staff`.
    pub is_superuser: bool,
    /// The account belongs to staff, but its session was opened without the second factor that staff must have.
    pub lacks_second_factor: bool,
    /// Moderators let the account read, but not write to others.
    pub is_restricted: bool,
}

impl Viewer {
    /// Lets staff pass; everybody else is told why not.
    pub fn require_staff(&self) -> Result<(), ApiError> {
        if self.is_staff {
            Ok(())
        } else if self.lacks_second_factor {
            Err(ApiError::second_factor_required())
        } else {
            Err(ApiError::forbidden())
        }
    }

    /// Lets everybody pass whom moderators have not restricted: to be asked wherever something is written for others to
    /// read.
    pub fn require_unrestricted(&self) -> Result<(), ApiError> {
        if self.is_restricted {
            Err(ApiError::account_restricted())
        } else {
            Ok(())
        }
    }
}

/// What the identity domain knows of the account of a token, looked up per request: rights that were given or taken since
/// the token was issued count at once.
#[derive(Debug, Clone)]
pub enum Standing {
    /// The account and the session exist.
    Active(Viewer),
    /// The account is deactivated.
    Inactive,
    /// Moderators have suspended the account.
    Suspended,
    /// The session has ended.
    SignedOut,
    /// There is no such account.
    Unknown,
}

#[derive(Clone)]
pub(crate) struct Guard {
    pub(crate) app: App,
    pub(crate) access: Access,
}

impl Guard {
    fn access_by(&self, method: &Method) -> Access {
        match self.access {
            Access::SignInByPost if method == Method::POST => Access::SignIn,
            Access::SignInByPost => Access::Account,
            Access::PublicReads if *method == Method::GET || *method == Method::HEAD => Access::Public,
            Access::PublicReads => Access::SignedIn,
            access => access,
        }
    }
}

/// The checks of a group, around its handlers and its 405 answers.
pub(crate) async fn guard(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match admit(&guard, &mut parts).await {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(error) => error.into_response(),
    }
}

async fn admit(guard: &Guard, parts: &mut Parts) -> Result<(), ApiError> {
    let access = guard.access_by(&parts.method);
    if access == Access::Own {
        return Ok(());
    }
    let viewer = if access == Access::SignIn {
        None
    } else {
        authenticate(&guard.app, parts).await?
    };
    match (access, &viewer) {
        (Access::Account | Access::SignedIn | Access::Staff, None) => {
            return Err(ApiError::not_authenticated());
        }
        (Access::SignedIn | Access::Staff, Some(viewer)) if !viewer.is_verified => {
            return Err(ApiError::email_not_verified());
        }
        (Access::Staff, Some(viewer)) => viewer.require_staff()?,
        _ => {}
    }
    throttle(&guard.app, parts, viewer.as_ref()).await?;
    if let Some(viewer) = viewer {
        parts.extensions.insert(viewer);
    }
    Ok(())
}

/// The viewer of the `Authorization` header; `None` without one, or with a scheme other than `Bearer`.
async fn authenticate(app: &App, parts: &Parts) -> Result<Option<Viewer>, ApiError> {
    let Some(header) = parts.headers.get(header::AUTHORIZATION) else {
        return Ok(None);
    };
    let text = header
        .to_str()
        .map_err(|_| ApiError::token_not_valid("Token is invalid or expired"))?;
    let mut words = text.split_ascii_whitespace();
    if words.next() != Some("Bearer") {
        return Ok(None);
    }
    let (Some(token), None) = (words.next(), words.next()) else {
        return Err(ApiError::unauthorized_code(
            "Authorization header must contain two space-delimited values",
            "bad_authorization_header",
        ));
    };
    let claims = app
        .tokens()
        .verify(token, TokenKind::Access, app.clock().now())
        .map_err(|error| ApiError::token_not_valid(&error.to_string()))?;
    viewer_of(app, claims).await.map(Some)
}

async fn viewer_of(app: &App, claims: Claims) -> Result<Viewer, ApiError> {
    match app.standing(claims).await? {
        Standing::Active(viewer) => Ok(viewer),
        Standing::Inactive => Err(ApiError::unauthorized_code("User is inactive", "user_inactive")),
        Standing::Suspended => Err(ApiError::unauthorized_code("User is suspended", "user_suspended")),
        Standing::SignedOut => Err(ApiError::token_not_valid("Token is invalid or expired")),
        Standing::Unknown => Err(ApiError::unauthorized_code("User not found", "user_not_found")),
    }
}

async fn throttle(app: &App, parts: &Parts, viewer: Option<&Viewer>) -> Result<(), ApiError> {
    let rates = &app.config().throttles;
    if rates.ip.is_none() && rates.user.is_none() && rates.anon.is_none() {
        return Ok(());
    }
    let origin = Origin::of(
        &parts.headers,
        &parts.uri,
        parts.extensions.get().copied(),
        &app.config().http,
    );
    let address = origin.address.to_string();
    let user = viewer.map_or_else(|| address.clone(), |viewer| viewer.id.to_string());
    let anonymous = if viewer.is_none() { rates.anon } else { None };
    let hits: Vec<Hit<'_>> = [
        ("ip", &address, rates.ip),
        ("user", &user, rates.user),
        ("anon", &address, anonymous),
    ]
    .into_iter()
    .filter_map(|(scope, subject, rate)| {
        Some(Hit {
            scope,
            subject,
            rate: rate?,
        })
    })
    .collect();
    app.throttles().check(&hits).await.map_err(|wait| {
        metrics::counter!("selflink_throttled_total").increment(1);
        ApiError::throttled(wait.seconds)
    })
}

/// What a path answers to a method that it does not have: 405, or the description that OPTIONS asks for. The router adds
/// the `Allow` header.
pub(crate) async fn method_not_allowed(method: Method) -> Response {
    if method == Method::OPTIONS {
        let description = json!({
            "renders": ["application/json"],
            "parses": ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"],
        });
        return (StatusCode::OK, axum::Json(description)).into_response();
    }
    ApiError::method_not_allowed(&method).into_response()
}

/// The signed-in viewer, or 401.
pub struct CurrentUser(pub Viewer);

impl FromRequestParts<App> for CurrentUser {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, ApiError> {
        parts
            .extensions
            .get::<Viewer>()
            .cloned()
            .map(Self)
            .ok_or_else(ApiError::not_authenticated)
    }
}

/// The viewer of an endpoint that is open to everybody, if signed in.
pub struct MaybeUser(pub Option<Viewer>);

impl FromRequestParts<App> for MaybeUser {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.extensions.get::<Viewer>().cloned()))
    }
}

/// The signed-in viewer with a verified e-mail address, or 401 or 403: for the methods of a path of [`Access::Account`]
/// that want more than its others.
pub struct VerifiedUser(pub Viewer);

impl FromRequestParts<App> for VerifiedUser {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let CurrentUser(viewer) = CurrentUser::from_request_parts(parts, app).await?;
        if viewer.is_verified {
            Ok(Self(viewer))
        } else {
            Err(ApiError::email_not_verified())
        }
    }
}

/// The signed-in viewer, who belongs to staff, or 401 or 403.
pub struct Staff(pub Viewer);

impl FromRequestParts<App> for Staff {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let CurrentUser(viewer) = CurrentUser::from_request_parts(parts, app).await?;
        viewer.require_staff()?;
        Ok(Self(viewer))
    }
}

/// The id in a path `{id}`: not a number is 404, beyond 64 bits is an id that nothing has.
pub struct PathId(pub Option<i64>);

impl PathId {
    /// The id, or the 404 of the entity.
    pub fn of(self, entity: &str) -> Result<i64, ApiError> {
        self.0.ok_or_else(|| ApiError::no_match(entity))
    }
}

impl FromRequestParts<App> for PathId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let axum::extract::Path(text) = axum::extract::Path::<String>::from_request_parts(parts, app)
            .await
            .map_err(|_| ApiError::not_found())?;
        parse_path_id(&text).ok_or_else(ApiError::not_found)
    }
}

fn parse_path_id(text: &str) -> Option<PathId> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| PathId(text.parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_ids() {
        let read = |text: &str| parse_path_id(text).map(|id| id.0);
        assert_eq!(read("12"), Some(Some(12)));
        assert_eq!(read("99999999999999999999999999"), Some(None));
        assert_eq!(read("-5"), Some(Some(-5)));
        for bad in ["", "abc", "1x", "-", "1.0", " 1"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
