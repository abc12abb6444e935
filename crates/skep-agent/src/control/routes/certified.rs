//! What is refused to nodes that have a certificate in place of the cluster's key: on the port for
//! peers to them, and on the socket of such a node to its command line.

use axum::Json;
use axum::extract::{Extension, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use skep_api::dismissal::Dismissal;
use skep_api::path;
use skep_api::trust::name::Standing;
use tokio::sync::oneshot;

use crate::control::cluster::NEEDS_KEY;
use crate::control::listener::Caller;
use crate::control::question::{Admitted, Question, Trouble};
use crate::control::routes::Questions;

/// What such a node may ask its peers: what it needs to follow, to join, and to tell its operator.
const ITS_QUESTIONS: &[&str] = &[
    path::REPORT,
    path::ANNOUNCE,
    path::GENERATION,
    path::GRANT,
    path::PEER_EVENTS,
    path::PROGRESS,
    path::HISTORY,
];

/// What its command line cannot ask: it would change something elsewhere, or learn secrets.
const NEED_KEY: &[&str] = &[
    path::SUBMIT,
    path::COMPARE,
    path::DIFF,
    path::ROLLBACK,
    path::CONFIRM,
    path::MOVE,
    path::PREFLIGHT,
    path::SITUATION,
    path::RECOVER,
    path::ROTATE,
];

/// Lets peers with the key ask anything, and those without what they may.
pub(super) async fn admit(
    State(questions): State<Questions>,
    Extension(caller): Extension<Caller>,
    request: Request,
    next: Next,
) -> Response {
    match caller.standing {
        Standing::KeyHolder => return next.run(request).await,
        Standing::Certified => {}
    }
    let Caller { node, address, .. } = caller;
    if !ITS_QUESTIONS.contains(&request.uri().path()) {
        let asked = request.uri().path();
        tracing::warn!(%node, %address, asked, "refused to a node without the cluster's key");
        return (StatusCode::FORBIDDEN, NEEDS_KEY).into_response();
    }
    let (answer, answered) = oneshot::channel();
    let asked = questions.send(Question::Admit(node, answer)).await;
    let admitted = match asked {
        Ok(()) => answered.await.ok(),
        Err(_closed) => None,
    };
    match admitted {
        Some(Ok(Admitted::Listed)) => next.run(request).await,
        Some(Ok(Admitted::Dismissed(dismissal))) => {
            (Dismissal::STATUS, Json(dismissal)).into_response()
        }
        Some(Err(Trouble(message))) => (StatusCode::SERVICE_UNAVAILABLE, message).into_response(),
        // The loop only goes away when the agent stops.
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// Refuses to the command line of a node without the key what needs it.
pub(super) async fn refuse_what_needs_key(request: Request, next: Next) -> Response {
    if NEED_KEY.contains(&request.uri().path()) {
        return (StatusCode::FORBIDDEN, NEEDS_KEY).into_response();
    }
    next.run(request).await
}
