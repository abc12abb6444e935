//! HTTP for whoever can reach a port, bounded in time and memory.
//!
//! Decides nothing about what may be asked: the routes do.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::HttpBody as _;
use axum::extract::{Extension, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::serve::Listener;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::control::admission::{Admission, Room};

/// How long a caller may take to say what it wants: an honest one has said it with its first
/// packet.
const HEADER_LIMIT: Duration = Duration::from_secs(5);

/// The longest header, and how much of a body is read ahead.
const HEADER_BYTES_MAX: usize = 16 << 10;

/// The largest set of manifests that is taken.
pub(super) const BODY_BYTES_MAX: usize = 64 << 20;

/// How much of the bodies that are taken at the same time may be in memory.
const BODIES_KIB_MAX: usize = 2 * BODY_BYTES_MAX / KIB;

const KIB: usize = 1 << 10;

/// How much a port gives its callers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// How many of them are served at once.
    pub(super) room: Room,
    /// What it may ask on one connection.
    pub(super) questions: Questions,
    /// How long a connection lasts, however slowly a caller speaks or reads.
    pub(super) exchange: Duration,
}

/// What a caller may ask on one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Questions {
    /// One thing: nobody keeps a connection that it does not use.
    One,
    /// One thing after another, each within [`HEADER_LIMIT`] of the answer before.
    Several,
}

/// Who is at the other end of a connection.
pub(super) trait Guest: Clone + Send + Sync + 'static {
    /// The address it called from.
    fn address(&self) -> IpAddr;
}

impl Guest for SocketAddr {
    fn address(&self) -> IpAddr {
        self.ip()
    }
}

/// Serves `router` to whoever `listener` accepts; handlers find the caller in their extensions.
pub(super) async fn serve<L>(mut listener: L, router: Router, bounds: Bounds)
where
    L: Listener,
    L::Addr: Guest,
{
    let mut exchanges = Admission::new(bounds.room);
    loop {
        tokio::select! {
            (stream, guest) = listener.accept() => {
                let address = guest.address();
                let router = router.clone().layer(Extension(guest));
                exchanges.admit(address, timeout(bounds.exchange, exchange(stream, router, bounds.questions)));
            }
            _ended = exchanges.next_ended() => {}
        }
    }
}

/// Answers what may be asked and closes.
async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send,
    router: Router,
    questions: Questions,
) {
    let answered = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_LIMIT)
        .max_buf_size(HEADER_BYTES_MAX)
        .keep_alive(questions == Questions::Several)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
        .await;
    if let Err(error) = answered {
        tracing::debug!(%error, "a caller got no answer");
    }
}

/// The routes of `router` with room in memory for bodies of up to [`BODY_BYTES_MAX`], which is
/// taken before a byte is read.
pub(super) fn within_memory<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    let memory = Arc::new(Semaphore::new(BODIES_KIB_MAX));
    router.layer(axum::middleware::from_fn_with_state(memory, take_memory))
}

async fn take_memory(
    State(memory): State<Arc<Semaphore>>,
    request: Request,
    next: Next,
) -> Response {
    let Some(length) = request.body().size_hint().exact() else {
        return StatusCode::LENGTH_REQUIRED.into_response();
    };
    if length > BODY_BYTES_MAX as u64 {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    }
    let kib = u32::try_from(length.div_ceil(KIB as u64)).expect("a body of 64 MiB at most");
    let _taken = memory.acquire_many(kib).await;
    next.run(request).await
}

#[cfg(test)]
mod tests;
