//! The router of a role, built from the list of domains.

use std::time::Duration;

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use tower::ServiceBuilder;
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{CompressionLayer, DefaultPredicate, Predicate, predicate::NotForContentType},
};
use utoipa::openapi::{
    InfoBuilder, OpenApi, OpenApiBuilder,
    security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
};
use utoipa_axum::router::OpenApiRouter;

use super::{
    Access, ApiError,
    access::{Guard, guard, method_not_allowed},
    cors::cors,
    media,
    observe::observe,
    origin::is_allowed_host,
    service,
};
use crate::{
    app::App,
    config::StorageBackend,
    domain::{Domain, Routes, Surface},
};

/// Everything that these surfaces serve, with the checks and layers around it. `pages` are further routes of the binary.
pub fn router(
    app: &App,
    domains: &[Domain],
    surfaces: &[Surface],
    pages: Router<App>,
) -> anyhow::Result<Router> {
    let mut router = Router::new().merge(service::unguarded()).merge(pages);
    for routes in all_routes(domains)
        .into_iter()
        .filter(|routes| surfaces.contains(&routes.surface))
    {
        let (group, _) = routes.router.split_for_parts();
        router = router.merge(guarded(app, routes.access, group));
    }
    if surfaces.contains(&Surface::Api) {
        router = router.merge(guarded(
            app,
            Access::Public,
            service::documentation(&openapi(domains))?,
        ));
    }
    if surfaces.contains(&Surface::Api) && serves_media(app) {
        router = router.merge(media::files());
    }
    let layers = ServiceBuilder::new()
        .layer(middleware::from_fn(observe))
        .layer(CatchPanicLayer::custom(|_| {
            ApiError::internal(&"a handler panicked").into_response()
        }))
        .layer(middleware::from_fn_with_state(app.clone(), cors))
        .layer(middleware::from_fn_with_state(app.clone(), check_host))
        .layer(middleware::from_fn(vary_by_accept))
        .layer(middleware::from_fn_with_state(app.clone(), limit_time))
        .layer(CompressionLayer::new().compress_when(is_compressible()));
    Ok(router
        .fallback(unknown_path)
        .layer(layers)
        .with_state(app.clone()))
}

/// Handshakes of web sockets are told that they are not welcome: clients take a 404 for a gateway that is being replaced.
async fn unknown_path(headers: HeaderMap) -> ApiError {
    if headers.contains_key(header::SEC_WEBSOCKET_KEY) {
        ApiError::forbidden()
    } else {
        ApiError::not_found()
    }
}

/// Whether uploaded files are served from here, and not by a web server or a bucket.
fn serves_media(app: &App) -> bool {
    let storage = &app.config().storage;
    storage.serve_media && storage.backend == StorageBackend::Local
}

/// The checks also stand before the 405 of a path: who may not call it does not learn its methods.
fn guarded(app: &App, access: Access, group: Router<App>) -> Router<App> {
    let guard_of_group = Guard {
        app: app.clone(),
        access,
    };
    group
        .method_not_allowed_fallback(method_not_allowed)
        .layer(middleware::from_fn_with_state(guard_of_group, guard))
}

fn all_routes(domains: &[Domain]) -> Vec<Routes> {
    domains.iter().flat_map(|domain| (domain.routes)()).collect()
}

/// The description of the whole API, from the code.
pub fn openapi(domains: &[Domain]) -> OpenApi {
    let info = InfoBuilder::new()
        .title("SelfLink API")
        .version("0.1.0")
        .description(Some(
            "Accounts, posts, messages, credits and contributor rewards of SelfLink.",
        ));
    let document = OpenApiBuilder::new().info(info.build()).build();
    let mut router = OpenApiRouter::<App>::with_openapi(document).merge(service::api_health());
    for routes in all_routes(domains) {
        router = router.merge(routes.router);
    }
    let mut api = router.into_openapi();
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .build();
    api.components
        .get_or_insert_default()
        .add_security_scheme("bearer", SecurityScheme::Http(bearer));
    api.security = Some(vec![SecurityRequirement::new::<_, _, String>("bearer", [])]);
    api
}

/// Load balancers ask for health by address, whatever the instance is called.
async fn check_host(State(app): State<App>, request: Request, next: Next) -> Response {
    let is_probe = ["/health", "/health/ready", "/metrics"].contains(&request.uri().path());
    if !is_probe && !is_allowed_host(request.headers(), request.uri(), &app.config().http.allowed_hosts) {
        return ApiError::bad_request("This host name is not served here.").into_response();
    }
    next.run(request).await
}

/// What is compressed already stays as it is: it would only cost time, and videos their length and ranges.
fn is_compressible() -> impl Predicate {
    let further = ["video/", "audio/", "application/octet-stream"].map(NotForContentType::const_new);
    let [video, audio, other] = further;
    DefaultPredicate::new().and(video).and(audio).and(other)
}

/// Requests that carry files get longer: not everybody has a fast line. Whoever is slower than that is cut off.
async fn limit_time(State(app): State<App>, request: Request, next: Next) -> Response {
    let http = &app.config().http;
    let seconds = if carries_files(request.headers()) {
        http.upload_timeout_seconds
    } else {
        http.request_timeout_seconds
    };
    tokio::time::timeout(Duration::from_secs(seconds), next.run(request))
        .await
        .unwrap_or_else(|_| {
            ApiError::unavailable("The request took too long. Please try again.").into_response()
        })
}

/// A form with files, or a file by itself.
fn carries_files(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_ascii_lowercase();
    ["multipart/form-data", "image/", "video/"]
        .iter()
        .any(|prefix| kind.starts_with(prefix))
}

async fn vary_by_accept(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response
        .headers_mut()
        .append(header::VARY, HeaderValue::from_static("Accept"));
    response
}
