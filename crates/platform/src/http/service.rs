//! Endpoints of the instance itself: health, metrics, the description of the API.

use std::sync::Arc;

use axum::{
    Extension, Json, Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use utoipa::{ToSchema, openapi::OpenApi};
use utoipa_axum::{router::OpenApiRouter, routes};
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::{ApiError, Peer, access::method_not_allowed, conditional::conditional};
use crate::app::App;

/// Endpoints outside of the API's conventions: no authentication, no throttle.
pub(super) fn unguarded() -> Router<App> {
    let probes = Router::new()
        .route("/health", get(health))
        .route("/health/ready", get(ready))
        .route("/metrics", get(metrics));
    probes
        .merge(Router::from(api_health()))
        .method_not_allowed_fallback(method_not_allowed)
}

/// The health endpoint under the API's own prefix, which the mobile app polls.
pub(super) fn api_health() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(health))
}

#[derive(Debug, Serialize, ToSchema)]
struct Health {
    /// Always `ok`: a process that does not answer is not healthy.
    status: &'static str,
}

/// Whether the process answers. Asks nothing else, so that it stays cheap.
#[utoipa::path(get, path = "/api/v1/health/", tag = "service", security(()), responses((status = 200, body = Health)))]
async fn health() -> Json<Health> {
    Json(Health { status: "ok" })
}

#[derive(Debug, Serialize)]
struct Readiness {
    status: &'static str,
    checks: std::collections::BTreeMap<&'static str, &'static str>,
}

/// Whether everything that requests need can be reached. What is wrong is in the log, not in the answer.
async fn ready(State(app): State<App>) -> Response {
    let checks = app.check().await;
    let well = checks.values().all(|outcome| *outcome == "ok");
    let status = if well {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (
        status,
        Json(Readiness {
            status: if well { "ok" } else { "unavailable" },
            checks,
        }),
    )
        .into_response()
}

/// Metrics for Prometheus: to whoever has the token, or without a token configured to private networks.
async fn metrics(
    State(app): State<App>,
    Extension(Peer(peer)): Extension<Peer>,
    headers: HeaderMap,
) -> Response {
    let admitted = match &app.config().http.metrics_token {
        Some(token) => {
            let sent = headers
                .get(header::AUTHORIZATION)
                .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
            sent.is_some_and(|sent| bool::from(sent.as_bytes().ct_eq(token.expose().as_bytes())))
        }
        None => match peer.ip().to_canonical() {
            // A proxy that forwards strangers is on a private address too.
            _ if headers.contains_key("x-forwarded-for") => false,
            std::net::IpAddr::V4(address) => address.is_private() || address.is_loopback(),
            std::net::IpAddr::V6(address) => address.is_loopback() || address.is_unique_local(),
        },
    };
    if !admitted {
        return ApiError::forbidden().into_response();
    }
    app.gauge().await;
    (
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        crate::telemetry::render_metrics(),
    )
        .into_response()
}

#[derive(Debug, Deserialize)]
struct SchemaQuery {
    format: Option<String>,
}

/// The documents, rendered once.
struct Documents {
    json: String,
    yaml: String,
}

/// The description of the API and the page that renders it.
pub(super) fn documentation(api: &OpenApi) -> anyhow::Result<Router<App>> {
    let documents = Arc::new(Documents {
        json: api.to_json()?,
        yaml: api.to_yaml()?,
    });
    let page = SwaggerUi::new("/api/docs")
        .config(Config::new(["/api/schema/?format=json"]).persist_authorization(true));
    Ok(Router::new()
        .route("/api/schema/", get(schema))
        .layer(Extension(documents))
        .merge(Router::<App>::from(page)))
}

async fn schema(
    Extension(documents): Extension<Arc<Documents>>,
    Query(query): Query<SchemaQuery>,
    headers: HeaderMap,
) -> Response {
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    let wants_json = query
        .format
        .map_or_else(|| accept.contains("json"), |format| format == "json");
    if wants_json {
        conditional(&headers, "application/json", documents.json.clone())
    } else {
        conditional(
            &headers,
            "application/vnd.oai.openapi; charset=utf-8",
            documents.yaml.clone(),
        )
    }
}
