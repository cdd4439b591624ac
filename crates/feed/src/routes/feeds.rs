//! `feed/home/`, `feed/following/`, `feed/following_videos/`, `feed/for_you/`, `feed/for_you_videos/`.

use std::collections::HashMap;

use axum::Json;
use platform::http::ApiError;

use super::request::FeedRequest;
use crate::{
    candidates::{Candidate, Ranked},
    explanations,
    order::{Entry, Order},
    pages::{self, FeedPage},
    timelines::{self, Wanted},
    walks::Walk,
};

/// The posts of the people whom one follows, and one's own.
///
/// `next` is the URL of the next page, and works as `cursor` too.
#[utoipa::path(
    get, path = "/api/v1/feed/home/", tag = "feed",
    params(
        ("page_size" = Option<i64>, Query, description = "Posts of a page, 1 to 100; 20. `limit` is the same"),
        ("cursor" = Option<String>, Query, description = "From `next`"),
        ("ordering" = Option<String>, Query, description = "`id` (of the posts), `score`, `created_at`; `-` before those that descend. The newest first"),
        ("since" = Option<String>, Query, description = "Posts made at or after this moment, which must not be in the future"),
        ("explain" = Option<bool>, Query, description = "Whether each post says why it is here"),
    ),
    responses(
        (status = 200, body = FeedPage),
        (status = 400, description = "`since` is not a moment, or has not come"),
        (status = 404, description = "The cursor is none of this feed's"),
    )
)]
pub async fn home(request: FeedRequest) -> Result<Json<FeedPage>, ApiError> {
    let (size, since) = (request.page_size_or_limit(), request.since()?);
    let order = Order::read(request.ordering());
    timeline(&request, order, |wanted| Wanted {
        size,
        since,
        ..wanted
    })
    .await
}

/// The posts of the people whom one follows, and one's own, newest first.
#[utoipa::path(
    get, path = "/api/v1/feed/following/", tag = "feed",
    params(
        ("limit" = Option<i64>, Query, description = "Posts of a page, 1 to 100; 20. `page_size` is the same"),
        ("cursor" = Option<String>, Query, description = "From `next`"),
        ("explain" = Option<bool>, Query, description = "Whether each post says why it is here"),
    ),
    responses((status = 200, body = FeedPage), (status = 404, description = "The cursor is none of this feed's"))
)]
pub async fn following(request: FeedRequest) -> Result<Json<FeedPage>, ApiError> {
    let size = request.limit_or_page_size();
    timeline(&request, Order::newest(), |wanted| Wanted { size, ..wanted }).await
}

/// The videos among the posts of the people whom one follows and one's own, newest first, and no cards.
#[utoipa::path(
    get, path = "/api/v1/feed/following_videos/", tag = "feed",
    params(
        ("limit" = Option<i64>, Query, description = "Posts of a page, 1 to 100; 20. `page_size` is the same"),
        ("cursor" = Option<String>, Query, description = "From `next`"),
        ("explain" = Option<bool>, Query, description = "Whether each post says why it is here"),
    ),
    responses((status = 200, body = FeedPage), (status = 404, description = "The cursor is none of this feed's"))
)]
pub async fn following_videos(request: FeedRequest) -> Result<Json<FeedPage>, ApiError> {
    let size = request.limit_or_page_size();
    timeline(&request, Order::newest(), |wanted| Wanted {
        size,
        videos_only: true,
        ..wanted
    })
    .await
}

/// Everybody's posts that one may see, best first: [how they are ranked](crate::ranking) is public.
#[utoipa::path(
    get, path = "/api/v1/feed/for_you/", tag = "feed",
    params(
        ("limit" = Option<i64>, Query, description = "Posts of a page, 1 to 100; 20. `page_size` is the same"),
        ("cursor" = Option<String>, Query, description = "From `next`; any other text is the first page"),
        ("explain" = Option<bool>, Query, description = "Whether each post says what it scores, and why"),
    ),
    responses((status = 200, body = FeedPage))
)]
pub async fn for_you(request: FeedRequest) -> Result<Json<FeedPage>, ApiError> {
    ranked(&request, Ranked::Posts).await
}

/// Everybody's videos that one may see, best first, and no cards.
#[utoipa::path(
    get, path = "/api/v1/feed/for_you_videos/", tag = "feed",
    params(
        ("limit" = Option<i64>, Query, description = "Posts of a page, 1 to 100; 20. `page_size` is the same"),
        ("cursor" = Option<String>, Query, description = "From `next`; any other text is the first page"),
        ("explain" = Option<bool>, Query, description = "Whether each post says what it scores, and why"),
    ),
    responses((status = 200, body = FeedPage))
)]
pub async fn for_you_videos(request: FeedRequest) -> Result<Json<FeedPage>, ApiError> {
    ranked(&request, Ranked::Videos).await
}

/// A page of the viewer's timeline; `want` says what of it is asked for.
async fn timeline(
    request: &FeedRequest,
    order: Order,
    want: impl Fn(Wanted) -> Wanted,
) -> Result<Json<FeedPage>, ApiError> {
    let after = request
        .links
        .cursor()
        .map(|cursor| order.read_cursor(cursor).ok_or_else(ApiError::invalid_cursor))
        .transpose()?;
    let wanted = want(Wanted {
        size: 0,
        order,
        after,
        since: None,
        videos_only: false,
    });
    let mut entries = timelines::page(&request.app, request.viewer.id, &wanted).await?;
    let has_more = entries.len() > wanted.size;
    entries.truncate(wanted.size);
    let next = entries
        .last()
        .filter(|_| has_more)
        .map(|last| request.links.to(wanted.order.cursor(last)));
    let ids: Vec<i64> = entries.iter().map(|entry| entry.post_id).collect();
    let by_id: HashMap<i64, Entry> = entries.into_iter().map(|entry| (entry.post_id, entry)).collect();
    let makers = (!wanted.videos_only).then_some(&request.makers);
    let explains = request.explains();
    let items = pages::items(
        (&request.app, &request.viewer, &request.origin),
        &ids,
        makers,
        |post| {
            let entry = by_id.get(&post.id).filter(|_| explains)?;
            Some(explanations::of_entry(post, request.viewer.id.0, entry.score))
        },
    )
    .await?;
    Ok(Json(FeedPage { items, next }))
}

/// A page of a ranked feed.
async fn ranked(request: &FeedRequest, feed: Ranked) -> Result<Json<FeedPage>, ApiError> {
    let walk = Walk::at(feed, request.links.cursor());
    let (page, cursor) = walk
        .step(&request.app, request.viewer.id, request.limit_or_page_size())
        .await?;
    let ids: Vec<i64> = page.iter().map(|candidate| candidate.id).collect();
    let by_id: HashMap<i64, Candidate> = page
        .into_iter()
        .map(|candidate| (candidate.id, candidate))
        .collect();
    let makers = (feed == Ranked::Posts).then_some(&request.makers);
    let (explains, now) = (request.explains(), request.app.clock().now());
    let items = pages::items(
        (&request.app, &request.viewer, &request.origin),
        &ids,
        makers,
        |post| {
            let candidate = by_id.get(&post.id).filter(|_| explains)?;
            Some(explanations::of_candidate(
                post,
                request.viewer.id.0,
                candidate.terms(feed.weights(), now),
                candidate.age_hours(now),
            ))
        },
    )
    .await?;
    Ok(Json(FeedPage {
        items,
        next: cursor.map(|cursor| request.links.to(cursor)),
    }))
}
