//! Links to further pages of a list.

use axum::{extract::FromRequestParts, http::request::Parts};

use super::Parameters;
use crate::{
    app::App,
    http::{ApiError, Origin},
};

/// Where the further pages of a list are: the address of the request with another cursor. For lists whose cursors are of
/// their own making; [`Paging`](super::Paging) is for all others.
#[derive(Debug, Clone)]
pub struct Links {
    url: String,
    cursor: Option<String>,
    /// The other parameters of the request, in alphabetical order.
    parameters: Vec<(String, String)>,
}

impl FromRequestParts<App> for Links {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let origin = Origin::from_request_parts(parts, app).await?;
        let parameters = Parameters::of(parts.uri.query().unwrap_or(""));
        let url = format!("{}{}", origin.base_url, parts.uri.path());
        Ok(Self::of(parameters, url))
    }
}

impl Links {
    pub(super) fn of(parameters: Parameters, url: String) -> Self {
        let cursor = parameters
            .get("cursor")
            .filter(|cursor| !cursor.is_empty())
            .map(bare);
        let Parameters(mut parameters) = parameters;
        parameters.retain(|(name, _)| name != "cursor");
        parameters.sort();
        Self {
            url,
            cursor,
            parameters,
        }
    }

    /// The cursor that was sent, by itself or in a whole link; `None` for the first page.
    pub fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// The text of another parameter, if it was sent.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().rfind(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The absolute URL of the page at `cursor`, with the other parameters of the request.
    pub fn to(&self, cursor: String) -> String {
        let mut parameters = self.parameters.clone();
        parameters.push(("cursor".to_owned(), cursor));
        parameters.sort();
        self.with(parameters)
    }

    /// The same by the number of a page.
    pub(super) fn to_page(&self, number: u32) -> String {
        let mut parameters = self.parameters.clone();
        parameters.retain(|(name, _)| name != "page");
        parameters.push(("page".to_owned(), number.to_string()));
        self.with(parameters)
    }

    fn with(&self, parameters: Vec<(String, String)>) -> String {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(parameters)
            .finish();
        format!("{}?{query}", self.url)
    }
}

/// The cursor of a link; the mobile app sends the whole of `next`.
fn bare(cursor: &str) -> String {
    let inner = cursor.split_once('?').and_then(|(_, query)| {
        url::form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == "cursor")
            .map(|(_, value)| value.into_owned())
    });
    inner.unwrap_or_else(|| cursor.to_owned())
}
