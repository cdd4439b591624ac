//! Signing in and out. A second factor is asked for on a page of its own.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use identity::{AccountError, ClientInfo, StaffSignIn};
use maud::{Markup, html};
use platform::{
    App,
    audit::Action,
    auth::new_token,
    http::{ApiError, Parameters},
    id::UserId,
};

use crate::{
    cookies, csrf,
    form::{Fields, Form, forged},
    gate::{SIGN_IN, safe_next, see},
    page::{self, Problem},
    sessions,
    settings::AdministrationSettings,
};

/// How long the sign-in form may stay open, in seconds.
const FORM_LIFETIME: u64 = 3600;
/// The same words for a wrong address, a wrong password, and an account that is no staff's.
const REFUSED: &str = "Enter the e-mail address and the password of an account of staff.";

/// Which step of the sign-in a page shows.
enum Step<'a> {
    Password { email: &'a str },
    Code { challenge: &'a str },
}

/// The form.
pub async fn form(
    State(app): State<App>,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let next = safe_next(parameters.get("next").unwrap_or(""));
    if let Some(secret) = cookies::read(&headers, cookies::SESSION)
        && sessions::viewer(&app, secret).await?.is_some()
    {
        return Ok(see(next));
    }
    // A form that is open in another tab stays good.
    let secret = cookies::read(&headers, cookies::SIGN_IN).map_or_else(new_token, str::to_owned);
    let step = Step::Password { email: "" };
    Ok(show(&app, &secret, &step, next, (StatusCode::OK, None)))
}

fn show(
    app: &App,
    secret: &str,
    step: &Step<'_>,
    next: &str,
    (status, problem): (StatusCode, Option<&str>),
) -> Response {
    let fields: Markup = match step {
        Step::Password { email } => html! {
            label { "E-mail address" input type="email" name="email" value=(email) autocomplete="username" required; }
            label { "Password" input type="password" name="password" autocomplete="current-password" required; }
        },
        Step::Code { challenge } => html! {
            input type="hidden" name="challenge" value=(challenge);
            label {
                "Code of your authenticator app, or a recovery code"
                input name="code" autocomplete="one-time-code" required autofocus;
            }
        },
    };
    let content = html! {
        @if let Some(problem) = problem { p.problem { (problem) } }
        form.block method="post" action=(SIGN_IN) {
            input type="hidden" name=(csrf::FIELD) value=(csrf::token_of(secret));
            input type="hidden" name="next" value=(next);
            (fields)
            button { "Sign in" }
        }
    };
    let mut response = page::plain(status, "Sign in", &content);
    let is_secure = app
        .settings::<AdministrationSettings>()
        .is_some_and(|settings| settings.csrf_cookie_secure);
    if let Some(cookie) = cookies::set(cookies::SIGN_IN, secret, (SIGN_IN, FORM_LIFETIME), is_secure) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// What the form sends: password, or the code for the challenge that a right password led to.
pub async fn submit(
    State(app): State<App>,
    client: ClientInfo,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Problem> {
    let secret = cookies::read(&headers, cookies::SIGN_IN).unwrap_or("").to_owned();
    let fields = Fields::of(request, &app).await?;
    if secret.is_empty() || !csrf::is_right(&secret, fields.raw(csrf::FIELD)) {
        return Err(forged());
    }
    let next = safe_next(fields.text("next"));
    let challenge = fields.text("challenge");
    let outcome = if challenge.is_empty() {
        let credentials = (fields.text("email"), fields.raw("password"));
        identity::sign_in_staff(&app, credentials, &client).await
    } else {
        identity::sign_in_staff_with_code(&app, challenge, fields.text("code"), &client).await
    };
    let step = if challenge.is_empty() {
        Step::Password {
            email: fields.text("email"),
        }
    } else {
        Step::Code { challenge }
    };
    let again =
        |step: &Step<'_>, status, problem: &str| Ok(show(&app, &secret, step, next, (status, Some(problem))));
    match outcome {
        Ok(StaffSignIn::SignedIn { user, session }) => begin(&app, &client, (user, session), next).await,
        Ok(StaffSignIn::CodeNeeded { challenge }) => {
            let step = Step::Code {
                challenge: &challenge,
            };
            Ok(show(&app, &secret, &step, next, (StatusCode::OK, None)))
        }
        Ok(StaffSignIn::LacksSecondFactor) => again(
            &step,
            StatusCode::FORBIDDEN,
            "Staff must sign in with a second factor. Set one up in the app first.",
        ),
        Ok(StaffSignIn::NotStaff) | Err(AccountError::InvalidCredentials) => {
            again(&step, StatusCode::FORBIDDEN, REFUSED)
        }
        Err(error) => {
            let error = ApiError::from(error);
            if error.status().is_server_error() {
                return Err(error.into());
            }
            again(&step, error.status(), &error.sentence())
        }
    }
}

async fn begin(
    app: &App,
    client: &ClientInfo,
    (user, session): (UserId, i64),
    next: &str,
) -> Result<Response, Problem> {
    let token = app
        .db()
        .write(|tx| async move {
            let trace = Action::new("admin.signed_in").on("user", &user);
            tx.append(&trace.by(Some(user), Some(client.address))).await?;
            sessions::open(app, &tx, user, session).await
        })
        .await?;
    let seconds = u64::try_from(sessions::lifetime(app).num_seconds()).unwrap_or(0);
    let is_secure = app
        .settings::<AdministrationSettings>()
        .is_some_and(|settings| settings.session_cookie_secure);
    let mut response = see(next);
    let cookies = [
        cookies::set(cookies::SESSION, &token, ("/admin/", seconds), is_secure),
        cookies::set(cookies::SIGN_IN, "", (SIGN_IN, 0), is_secure),
    ];
    for cookie in cookies.into_iter().flatten() {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Ends the session.
pub async fn sign_out(State(app): State<App>, form: Form) -> Result<Response, Problem> {
    let viewer = &form.staff.viewer;
    app.db()
        .write(|tx| async move { sessions::close(&tx, viewer).await })
        .await?;
    let mut response = see(SIGN_IN).into_response();
    if let Some(cookie) = cookies::set(cookies::SESSION, "", ("/admin/", 0), false) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
