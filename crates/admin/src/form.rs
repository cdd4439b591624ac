//! What forms send. It is looked at only if the form was made for the session that sends it.

use axum::{
    extract::{FromRequest, FromRequestParts, RawForm, Request},
    response::{IntoResponse as _, Response},
};
use platform::{
    App,
    http::{ApiError, Rule},
};
use serde_json::Value;

use crate::{csrf, gate::Staff, page::Problem};

/// The fields of a form.
#[derive(Debug, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads the body of a form.
    pub async fn of(request: Request, app: &App) -> Result<Self, Problem> {
        let RawForm(bytes) = RawForm::from_request(request, app)
            .await
            .map_err(|_| ApiError::bad_request("The form could not be read."))?;
        Ok(Self(url::form_urlencoded::parse(&bytes).into_owned().collect()))
    }

    /// A field, trimmed; blank when it was not sent.
    pub fn text(&self, name: &str) -> &str {
        self.0
            .iter()
            .rfind(|(key, _)| key == name)
            .map_or("", |(_, value)| value.trim())
    }

    /// A field as it was sent, for passwords.
    pub fn raw(&self, name: &str) -> &str {
        self.0
            .iter()
            .rfind(|(key, _)| key == name)
            .map_or("", |(_, value)| value)
    }

    /// Whether a box is ticked.
    pub fn is_ticked(&self, name: &str) -> bool {
        !self.text(name).is_empty()
    }

    /// A field by the rule of the API.
    #[expect(clippy::needless_pass_by_value, reason = "a rule is written where it is used")]
    pub fn read<R: Rule>(&self, name: &str, rule: R) -> Result<R::Value, Problem> {
        rule.check(&Value::String(self.text(name).to_owned()))
            .map_err(|messages| {
                let message = messages.first().map_or("", String::as_str);
                ApiError::bad_request(format!("{name}: {message}")).into()
            })
    }

    /// The same for a field that may be left blank.
    pub fn read_if_given<R: Rule>(&self, name: &str, rule: R) -> Result<Option<R::Value>, Problem> {
        if self.text(name).is_empty() {
            Ok(None)
        } else {
            self.read(name, rule).map(Some)
        }
    }
}

/// A form of somebody who has signed in.
pub struct Form {
    pub staff: Staff,
    pub fields: Fields,
}

impl FromRequest<App> for Form {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let staff = Staff::from_request_parts(&mut parts, app).await?;
        let fields = Fields::of(Request::from_parts(parts, body), app)
            .await
            .map_err(Problem::into_response)?;
        if !csrf::is_right(&staff.secret, fields.raw(csrf::FIELD)) {
            return Err(forged().into_response());
        }
        Ok(Self { staff, fields })
    }
}

/// The form was not made for this browser, or is older than its session.
pub fn forged() -> Problem {
    ApiError::forbidden_because("This form has expired. Go back, reload the page and send it again.").into()
}
