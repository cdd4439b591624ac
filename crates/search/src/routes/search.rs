//! `search/users/` and `search/posts/`.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use identity::UserView;
use platform::{
    App,
    http::{
        ApiError, CurrentUser, Origin, Page, Paging, Parameters, SortKind, SortValue, Sortable, Viewer, Walk,
    },
};
use serde::Serialize;
use social::PostView;

use crate::{
    engine::{Ask, Mode, What},
    query::Query,
    search,
};

/// Hits when the client does not say.
const DEFAULT_LIMIT: usize = 20;
/// Most hits of an answer without pages.
const LARGEST_LIMIT: usize = 50;

/// What pages are ordered by; its column is never looked at, as no statement makes them.
const ID: Sortable = Sortable {
    name: "id",
    kind: SortKind::Integer,
    column: ("x", "id"),
};

/// People whose name, handle or biography holds the text, in any letter case: an array, newest first (with OpenSearch, the
/// best first); with `page_size`, pages, newest first.
#[utoipa::path(
    get, path = "/api/v1/search/users/", tag = "search",
    params(
        ("q" = String, Query, description = "The text; a leading @ is passed over"),
        ("limit" = Option<u32>, Query, description = "Hits: 20, at most 50"),
        ("page_size" = Option<u32>, Query, description = "Answer in pages of so many, at most 100"),
        ("cursor" = Option<String>, Query, description = "From `next` or `previous`"),
    ),
    responses((status = 200, body = Vec<UserView>), (status = 404, description = "No text, or an invalid cursor"))
)]
pub async fn users(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    parameters: Parameters,
    paging: Paging,
) -> Result<Response, ApiError> {
    let query = Query::of_people(parameters.get("q")).ok_or_else(no_query)?;
    let form = Form::read(&parameters, paging)?;
    let ask = form.ask(&viewer, (What::Users, Mode::Part), &query);
    let found = search::users(&app, ask).await?;
    Ok(form.answer(found, |user| user.id))
}

/// Posts whose text holds the text, in any letter case, newest first: an array; with `page_size`, pages. `#tag` finds it as
/// it is written: also in longer hashtags that begin with it.
#[utoipa::path(
    get, path = "/api/v1/search/posts/", tag = "search",
    params(
        ("q" = String, Query, description = "The text, or a hashtag"),
        (
            "mode" = Option<String>, Query,
            description = "`words`: posts that hold all words of the text, wherever they stand; the best first, or newest first in pages"
        ),
        ("limit" = Option<u32>, Query, description = "Hits: 20, at most 50"),
        ("page_size" = Option<u32>, Query, description = "Answer in pages of so many, at most 100"),
        ("cursor" = Option<String>, Query, description = "From `next` or `previous`"),
    ),
    responses((status = 200, body = Vec<PostView>), (status = 404, description = "No text, or an invalid cursor"))
)]
pub async fn posts(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    origin: Origin,
    parameters: Parameters,
    paging: Paging,
) -> Result<Response, ApiError> {
    let query = Query::read(parameters.get("q")).ok_or_else(no_query)?;
    let mode = match parameters.get("mode") {
        Some("words") => Mode::Words,
        _ => Mode::Part,
    };
    let form = Form::read(&parameters, paging)?;
    let ask = form.ask(&viewer, (What::Posts, mode), &query);
    let found = search::posts(&app, &origin, ask).await?;
    Ok(form.answer(found, |post| post.id))
}

fn no_query() -> ApiError {
    ApiError::not_found_as("Query required")
}

/// One part of the mobile app reads an array, another the pages that it asks for with `page_size`.
enum Form {
    /// At most so many.
    Array(usize),
    Pages(Page),
}

impl Form {
    fn read(parameters: &Parameters, paging: Paging) -> Result<Self, ApiError> {
        if parameters.get("page_size").or(parameters.get("cursor")).is_some() {
            return Ok(Self::Pages(paging.order(&[ID], "-id", ID)?));
        }
        Ok(Self::Array(limit(parameters.get("limit"))))
    }

    fn ask<'a>(&self, viewer: &'a Viewer, (what, mode): (What, Mode), query: &'a Query) -> Ask<'a> {
        let walk = match self {
            Self::Array(limit) => Walk {
                behind: None,
                descends: true,
                take: *limit,
            },
            Self::Pages(page) => page.walk(),
        };
        Ask {
            viewer,
            what,
            query,
            mode,
            walk,
            by_id: matches!(self, Self::Pages(_)),
            skip: 0,
        }
    }

    fn answer<T: Serialize>(self, found: Vec<T>, id: impl Fn(&T) -> i64) -> Response {
        match self {
            Self::Array(_) => Json(found).into_response(),
            Self::Pages(page) => {
                Json(page.answer(found, |item, _| SortValue::Integer(id(item)))).into_response()
            }
        }
    }
}

/// What is no number counts as not sent; less than none is none.
fn limit(sent: Option<&str>) -> usize {
    match sent.and_then(|text| text.trim().parse::<i64>().ok()) {
        None => DEFAULT_LIMIT,
        Some(limit) => usize::try_from(limit).unwrap_or(0).min(LARGEST_LIMIT),
    }
}

#[cfg(test)]
mod tests {
    use super::limit;

    #[test]
    fn limits() {
        for (sent, expected) in [
            (None, 20),
            (Some("7"), 7),
            (Some("0"), 0),
            (Some("-1"), 0),
            (Some("100000"), 50),
            (Some(""), 20),
            (Some("x"), 20),
        ] {
            assert_eq!(limit(sent), expected, "{sent:?}");
        }
    }
}
