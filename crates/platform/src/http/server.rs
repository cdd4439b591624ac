//! The server: connections, their limits, and the graceful end.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{Request, Uri, uri::PathAndQuery},
};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::Peer;
use crate::config::HttpSettings;

/// How long a client may take to send the head of a request, also the first and the idle time between two requests.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);

/// Serves until stopped: then takes no new connections, lets requests in flight finish, and returns after
/// `SHUTDOWN_SECONDS` at the latest.
pub async fn serve(listener: TcpListener, router: Router, settings: &HttpSettings, stop: CancellationToken) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(settings.max_connections));
    loop {
        let place = tokio::select! {
            place = Arc::clone(&places).acquire_owned() => place,
            () = stop.cancelled() => break,
        };
        let Ok(place) = place else { break };
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => serve_connection(stream, peer, router.clone(), &graceful, place),
                Err(error) => {
                    // Out of file descriptors, most likely: others must end first.
                    tracing::warn!(%error, "could not accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
            () = stop.cancelled() => break,
        }
    }
    drop(listener);
    tokio::select! {
        () = graceful.shutdown() => {}
        () = tokio::time::sleep(Duration::from_secs(settings.shutdown_seconds)) => {
            tracing::warn!("some requests did not finish in time and were cut");
        }
    }
}

fn serve_connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    graceful: &GracefulShutdown,
    place: OwnedSemaphorePermit,
) {
    // Answers are written whole: waiting for more to send would only delay them.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        add_final_slash(request.uri_mut());
        router.clone().oneshot(request.map(Body::new))
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT);
    let connection = builder
        .serve_connection_with_upgrades(TokioIo::new(stream), service)
        .into_owned();
    let watched = graceful.watch(connection);
    tokio::spawn(async move {
        metrics::gauge!("selflink_http_connections").increment(1.0);
        if let Err(error) = watched.await {
            tracing::debug!(%error, "connection ended");
        }
        metrics::gauge!("selflink_http_connections").decrement(1.0);
        drop(place);
    });
}

/// Paths of the API end in a slash; a request without it is served the same, because a redirect would turn a POST into a GET.
fn add_final_slash(uri: &mut Uri) {
    if !uri.path().starts_with("/api/") || uri.path().ends_with('/') {
        return;
    }
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    if is_file_of_the_docs(uri.path()) {
        return;
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = PathAndQuery::try_from(format!("{}/{query}", uri.path()))
        .ok()
        .or(parts.path_and_query);
    if let Ok(slashed) = Uri::from_parts(parts) {
        *uri = slashed;
    }
}

/// The scripts and styles below the documentation page have names, not slashes.
fn is_file_of_the_docs(path: &str) -> bool {
    path.strip_prefix("/api/docs/")
        .is_some_and(|file| !file.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_api_paths_get_their_slash() {
        let slashed = |text: &'static str| {
            let mut uri = Uri::from_static(text);
            add_final_slash(&mut uri);
            uri.to_string()
        };
        assert_eq!(slashed("/api/v1/users/me"), "/api/v1/users/me/");
        assert_eq!(
            slashed("/api/v1/search/users?q=a%2Fb"),
            "/api/v1/search/users/?q=a%2Fb"
        );
        assert_eq!(slashed("http://h/api/docs"), "http://h/api/docs/");
        for kept in [
            "/",
            "/health",
            "/metrics",
            "/api/v1/users/",
            "/api/docs/swagger-ui.css",
        ] {
            assert_eq!(slashed(kept), kept);
        }
    }
}
