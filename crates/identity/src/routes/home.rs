//! The root of the API and the editorial front page.

use axum::Json;
use platform::http::Origin;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// Where a client can begin.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApiRoot {
    users: String,
    devices: String,
}

/// The root of the API.
#[utoipa::path(get, path = "/api/v1/", tag = "service", responses((status = 200, body = ApiRoot)))]
pub async fn root(origin: Origin) -> Json<ApiRoot> {
    let base = format!("{}/api/v1", origin.base_url);
    Json(ApiRoot {
        users: format!("{base}/users/"),
        devices: format!("{base}/devices/"),
    })
}

/// What the apps show before anybody has signed in.
#[utoipa::path(get, path = "/api/v1/home/highlights/", tag = "service", security(()), responses((status = 200, body = Object)))]
pub async fn highlights() -> Json<Value> {
    let feature = |id: &str, title: &str, subtitle: &str, description: &str, label: &str, path: &str| json!({ "id": id, "title": title, "subtitle": subtitle, "description": description, "cta": { "label": label, "path": path } });
    Json(json!({
        "hero": {
            "badge": "SelfLink",
            "title": "Know yourself, meet your people",
            "description": "A social network that is built in the open and shares what it earns with those who build it.",
            "primaryCta": { "label": "Create your account", "path": "/register" },
            "secondaryCta": { "label": "Ask the mentor", "path": "/mentor" },
        },
        "features": [
            feature("soulmatch", "SoulMatch", "People who fit", "See how well your charts, numbers and wishes go together, and why.", "Find a match", "/soul-match"),
            feature("mentor", "Mentor", "A patient listener", "Talk about your day with a mentor that remembers what matters to you.", "Start talking", "/mentor"),
            feature("growth", "Growth path", "One small step a day", "Tasks that suit you, and a record of how far you have come.", "See your path", "/growth-path"),
        ],
        "celebration": {
            "title": "Built by its members",
            "copy": "Every merged contribution is an entry in a ledger that anyone can verify.",
            "tags": ["open source", "verifiable rewards", "no hidden ranking"],
            "cta": "Read how rewards work",
        },
    }))
}
