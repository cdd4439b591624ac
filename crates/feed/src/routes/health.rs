//! `feed/health/`.

use std::time::Duration;

use axum::{Json, extract::State};
use platform::{App, http::CurrentUser};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{cards, settings};

/// Under which the cache is tried.
const PROBE: &str = "feed:probe";

/// How the feeds of the caller are.
#[derive(Debug, Serialize, ToSchema)]
pub struct FeedHealth {
    /// Whether the cache keeps what it is given. Feeds work without it.
    cache_connected: bool,
    insight_cache: InsightCache,
}

/// Which of today's insight cards of the caller are kept.
#[derive(Debug, Serialize, ToSchema)]
pub struct InsightCache {
    mentor: bool,
    matrix: bool,
    soulmatch: bool,
}

/// Says whether the cache works, and which of the caller's insight cards of today it keeps.
#[utoipa::path(get, path = "/api/v1/feed/health/", tag = "feed", responses((status = 200, body = FeedHealth)))]
pub async fn health(State(app): State<App>, CurrentUser(viewer): CurrentUser) -> Json<FeedHealth> {
    app.cache().set(PROBE, &true, Duration::from_secs(10)).await;
    let cache_connected = app.cache().get(PROBE).await == Some(true);
    let kept = cards::kept(&app, viewer.id, settings::today(&app)).await;
    Json(FeedHealth {
        cache_connected,
        insight_cache: InsightCache {
            mentor: kept.mentor.is_some(),
            matrix: kept.matrix.is_some(),
            soulmatch: kept.soulmatch.is_some(),
        },
    })
}
