//! Listening: connections bounded in number and patience, and an end that lets requests at work finish.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use kernel::World;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tower::ServiceExt as _;

use crate::app::App;
use crate::http::{Limits, Metrics, metrics, placed};

/// The address at the other end of a request's connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// Answers requests until `shutdown`; then takes no more, and gives those at work [`Limits::drain`] to end.
///
/// # Errors
/// None so far: a connection that cannot be accepted is given up alone.
pub async fn serve(app: App, listener: TcpListener, shutdown: impl Future<Output = ()>) -> io::Result<()> {
    let (limits, ending) = (app.limits, app.clone());
    let shutdown = async move {
        shutdown.await;
        ending.stop();
    };
    listen(placed::front(&app), listener, &limits, shutdown).await
}

/// Gives figures to Prometheus until `shutdown`. Not for the public network.
///
/// # Errors
/// As [`serve`].
pub async fn serve_metrics(
    app: App,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let limits = private(app.limits);
    listen(metrics::router(app), listener, &limits, shutdown).await
}

/// As [`serve_metrics`], for a program that seals the audit log and does nothing else.
///
/// # Errors
/// As [`serve`].
pub(crate) async fn serve_sealing(
    (metrics, world): (Arc<Metrics>, World),
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let limits = private(Limits::default());
    listen(metrics::sealing_router(metrics, world), listener, &limits, shutdown).await
}

/// The limits of a listener that few ask.
fn private(limits: Limits) -> Limits {
    Limits { connections: 16, drain: Duration::from_secs(1), ..limits }
}

async fn listen(
    router: Router,
    listener: TcpListener,
    limits: &Limits,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(limits.head);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(64)
        .keep_alive_interval(Some(Duration::from_secs(20)));
    let connections = Arc::new(Semaphore::new(limits.connections));
    let graceful = GracefulShutdown::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &connections) => accepted,
        };
        let Some((stream, peer, place)) = accepted else { continue };
        let service = router.clone().map_request(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(Peer(peer));
            request
        });
        let connection =
            builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service)).into_owned();
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            // A caller that went away or spoke no HTTP: nothing to be done about it.
            let _ = connection.await;
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(limits.drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not end in time and were cut off");
    }
    Ok(())
}

/// The next connection, once there is a place for it.
async fn accept(
    listener: &TcpListener,
    connections: &Arc<Semaphore>,
) -> Option<(TcpStream, IpAddr, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(connections).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, address)) => {
            // Answers are written whole.
            let _ = stream.set_nodelay(true);
            Some((stream, address.ip().to_canonical(), place))
        }
        Err(error) => {
            tracing::warn!(kind = %error.kind(), "a connection could not be accepted");
            // Out of file descriptors, mostly: others must end first.
            tokio::time::sleep(Duration::from_millis(100)).await;
            None
        }
    }
}
