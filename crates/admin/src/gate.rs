//! Who gets in: whoever has the cookie of a session of staff. Everybody else is sent to sign in, and back afterwards.

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, Uri, header, request::Parts},
    response::{IntoResponse as _, Response},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use platform::{
    App,
    http::{ApiError, Origin, Viewer},
};

use crate::{cookies, csrf, page::Problem, sessions};

/// Where one signs in.
pub const SIGN_IN: &str = "/admin/login/";
/// Where one gets without having asked for anything else.
pub const HOME: &str = "/admin/";

/// What stays as it is in a parameter of a URL.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.');

/// Whoever belongs to staff and has signed in here.
pub struct Staff {
    pub viewer: Viewer,
    pub origin: Origin,
    /// What every form carries.
    pub csrf: String,
    /// Of the cookie.
    pub secret: String,
}

impl Staff {
    /// Lets superusers pass.
    pub fn require_superuser(&self) -> Result<(), Problem> {
        if self.viewer.is_superuser {
            Ok(())
        } else {
            Err(ApiError::forbidden_because("This page is for superusers.").into())
        }
    }

    /// What the audit trail keeps of something that they did.
    pub fn trace(&self, action: &str) -> platform::audit::Action {
        platform::audit::Action::new(action).by(Some(self.viewer.id), Some(self.origin.address))
    }
}

impl FromRequestParts<App> for Staff {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let failed = |error: ApiError| Problem::from(error).into_response();
        let secret = cookies::read(&parts.headers, cookies::SESSION).map(str::to_owned);
        let viewer = match &secret {
            Some(secret) => sessions::viewer(app, secret)
                .await
                .map_err(|error| failed(error.into()))?,
            None => None,
        };
        let (Some(secret), Some(viewer)) = (secret, viewer) else {
            return Err(to_sign_in(&parts.uri));
        };
        let origin = Origin::from_request_parts(parts, app).await.map_err(failed)?;
        Ok(Self {
            viewer,
            origin,
            csrf: csrf::token_of(&secret),
            secret,
        })
    }
}

fn to_sign_in(wanted: &Uri) -> Response {
    let wanted = wanted
        .path_and_query()
        .map_or(HOME, axum::http::uri::PathAndQuery::as_str);
    let location = format!("{SIGN_IN}?next={}", utf8_percent_encode(wanted, PLAIN));
    (StatusCode::FOUND, [(header::LOCATION, location), no_store()]).into_response()
}

fn no_store() -> (header::HeaderName, String) {
    (header::CACHE_CONTROL, "no-store".to_owned())
}

/// After something was done.
pub fn see(path: &str) -> Response {
    let location = [(header::LOCATION, path.to_owned()), no_store()];
    (StatusCode::SEE_OTHER, location).into_response()
}

/// Where somebody who has signed in goes: a page of the administration and nowhere else.
pub fn safe_next(wanted: &str) -> &str {
    let is_own = wanted.starts_with(HOME)
        && !wanted.starts_with(SIGN_IN)
        && wanted
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_own { wanted } else { HOME }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_elsewhere() {
        for own in ["/admin/", "/admin/flags/?q=a%20b"] {
            assert_eq!(safe_next(own), own);
        }
        for other in [
            "",
            "/",
            "//evil.example/admin/",
            "https://evil.example/",
            "/admin",
            "/admin\\@evil.example",
            "/admin/\r\nx: y",
            "/admin/login/?next=/admin/login/",
            "javascript:alert(1)",
        ] {
            assert_eq!(safe_next(other), HOME, "{other}");
        }
    }

    #[test]
    fn what_was_wanted_is_kept() {
        let response = to_sign_in(&Uri::from_static("/admin/flags/?q=a&enabled=on"));
        assert_eq!(response.status(), StatusCode::FOUND);
        assert_eq!(
            response.headers()[header::LOCATION],
            "/admin/login/?next=/admin/flags/%3Fq%3Da%26enabled%3Don"
        );
    }
}
