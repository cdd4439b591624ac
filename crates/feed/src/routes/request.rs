//! What a request for a page of a feed says.

use axum::{extract::FromRequestParts, http::request::Parts};
use platform::{
    App,
    http::{ApiError, CurrentUser, Links, Origin, Parameters, Viewer},
};

use crate::{cards::Makers, moments};

/// Posts of a page when the client does not say.
const DEFAULT_SIZE: usize = 20;
/// Most posts of a page.
const LARGEST_SIZE: usize = 100;

/// A request for a page of a feed.
pub struct FeedRequest {
    pub app: App,
    pub viewer: Viewer,
    pub origin: Origin,
    pub links: Links,
    pub makers: Makers,
    parameters: Parameters,
}

impl FromRequestParts<App> for FeedRequest {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let CurrentUser(viewer) = CurrentUser::from_request_parts(parts, app).await?;
        let Ok(parameters) = Parameters::from_request_parts(parts, app).await;
        let makers = parts.extensions.get::<Makers>().cloned();
        Ok(Self {
            app: app.clone(),
            viewer,
            origin: Origin::from_request_parts(parts, app).await?,
            links: Links::from_request_parts(parts, app).await?,
            makers: makers.ok_or_else(|| ApiError::internal(&"feeds without makers of cards"))?,
            parameters,
        })
    }
}

impl FeedRequest {
    /// Posts of a page: `page_size` as lists have it, or `limit`.
    pub fn page_size_or_limit(&self) -> usize {
        let limit = || self.parameters.get("limit").map(limit);
        let size = self.parameters.get("page_size").map(page_size);
        size.or_else(limit).unwrap_or(DEFAULT_SIZE)
    }

    /// Posts of a page: `limit`, or `page_size` as lists have it.
    pub fn limit_or_page_size(&self) -> usize {
        let size = || self.parameters.get("page_size").map(page_size);
        let limit = self.parameters.get("limit").map(limit);
        limit.or_else(size).unwrap_or(DEFAULT_SIZE)
    }

    /// In which order.
    pub fn ordering(&self) -> &str {
        self.parameters.get("ordering").unwrap_or_default()
    }

    /// Whether the answer says why each post is in it.
    pub fn explains(&self) -> bool {
        let asked = self.parameters.get("explain").unwrap_or_default();
        asked == "1" || asked.eq_ignore_ascii_case("true")
    }

    /// Since when posts are wanted: not since a moment that has not come.
    pub fn since(&self) -> Result<Option<chrono::DateTime<chrono::Utc>>, ApiError> {
        let Some(text) = self.parameters.get("since").filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let since = moments::parse(text).ok_or_else(|| ApiError::field("since", moments::WRONG_FORMAT))?;
        if since > self.app.clock().now() {
            return Err(ApiError::field("since", "Cannot query future timestamps"));
        }
        Ok(Some(since))
    }
}

/// Of lists: what is no size of a page is passed over.
fn page_size(text: &str) -> usize {
    let size = text.trim().parse::<usize>().ok();
    size.filter(|size| *size > 0)
        .map_or(DEFAULT_SIZE, |size| size.min(LARGEST_SIZE))
}

/// Of feeds: numbers are moved to the nearest one that is possible.
fn limit(text: &str) -> usize {
    let most = i128::try_from(LARGEST_SIZE).unwrap_or(i128::MAX);
    let limit = text.trim().parse::<i128>().ok();
    limit.map_or(DEFAULT_SIZE, |limit| {
        usize::try_from(limit.clamp(1, most)).unwrap_or(DEFAULT_SIZE)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, of_lists, of_feeds) in [
            ("2", 2, 2),
            ("0", 20, 1),
            ("-3", 20, 1),
            ("101", 100, 100),
            ("99999999999999999999", 20, 100),
            ("nonsense", 20, 20),
            ("1.5", 20, 20),
            ("", 20, 20),
        ] {
            assert_eq!((page_size(text), limit(text)), (of_lists, of_feeds), "{text}");
        }
    }
}
