//! What is served: everything to the command line on its socket, to peers by mutual TLS.

mod certified;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::Context;
use axum::extract::{Extension, Query, State};
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use skep_api::path;
use skep_api::told::Known;
use tokio::net::UnixListener;
use tokio::sync::{mpsc, oneshot};

use crate::control::listener::Caller;
use crate::control::question::{Answer, Hop, Question, Trouble};
use crate::control::serving::{self, BODY_BYTES_MAX};

/// Who may talk to the agent: root and the socket's group.
const SOCKET_MODE: u32 = 0o660;

/// Questions on their way to the loop that owns the state.
pub(super) type Questions = mpsc::Sender<Question>;

/// Answers on `socket` what the command line asks.
pub(super) fn serve_command_line(
    socket: &Path,
    has_key: bool,
    questions: Questions,
) -> anyhow::Result<()> {
    let listener = listen(socket).with_context(|| format!("cannot serve {}", socket.display()))?;
    let router = Router::new()
        .route(path::STATUS, get(status))
        .route(path::MOVE, post(move_group))
        .route(path::EVENTS, post(events))
        .route(path::PREFLIGHT, post(preflight))
        .route(path::SITUATION, get(situation))
        .route(path::ROTATE, post(rotate))
        .merge(shared())
        .layer(Extension(Hop::First))
        .with_state(questions);
    let router = if has_key {
        router
    } else {
        router.layer(from_fn(certified::refuse_what_needs_key))
    };
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "the socket for the command line failed");
        }
    });
    Ok(())
}

/// What peers may ask.
pub(super) fn peer_router(questions: Questions) -> Router {
    Router::new()
        .route(path::REPORT, get(report))
        .route(path::GENERATION, get(generation))
        .route(path::ANNOUNCE, post(announce))
        .route(path::VOTE, post(vote))
        .route(path::CLAIM, post(claim))
        .route(path::GRANT, post(grant))
        .route(path::KEY, post(key))
        .route(path::MOVE_ORDER, post(move_order))
        .route(path::PEER_EVENTS, post(events))
        .route(path::PREFLIGHT_LISTEN, post(preflight_listen))
        .route(path::PREFLIGHT_KNOCK, post(preflight_knock))
        .route(path::PREFLIGHT_HEARD, post(preflight_heard))
        .merge(serving::within_memory(shared()))
        .layer(Extension(Hop::Last))
        .layer(from_fn_with_state(questions.clone(), certified::admit))
        .with_state(questions)
}

/// What the command line asks and an agent passes on.
fn shared() -> Router<Questions> {
    Router::new()
        .route(path::SUBMIT, post(submit))
        .route(path::COMPARE, post(compare))
        .route(path::DIFF, post(diff))
        .route(path::PROGRESS, get(progress))
        .route(path::HISTORY, get(history))
        .route(path::ROLLBACK, post(rollback))
        .route(path::CONFIRM, post(confirm))
        .route(path::RECOVER, post(recover))
        .layer(axum::extract::DefaultBodyLimit::max(BODY_BYTES_MAX))
}

/// A socket in place of the one that an earlier agent may have left: the agent's lock says that
/// nobody else listens there.
fn listen(socket: &Path) -> anyhow::Result<UnixListener> {
    if let Some(directory) = socket.parent() {
        fs::create_dir_all(directory).context(
            "cannot create its directory (run the agent as root, or choose another place with \
             --socket)",
        )?;
    }
    match fs::remove_file(socket) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).context("cannot replace the old socket");
        }
        _ => {}
    }
    let listener = UnixListener::bind(socket)?;
    fs::set_permissions(socket, Permissions::from_mode(SOCKET_MODE))?;
    Ok(listener)
}

async fn status(State(questions): State<Questions>) -> Response {
    ask(&questions, Question::Status).await
}

async fn submit(
    State(questions): State<Questions>,
    Extension(hop): Extension<Hop>,
    Json(submission): Json<skep_api::submit::Submission>,
) -> Response {
    ask(&questions, |answer| {
        Question::Submit(submission, hop, answer)
    })
    .await
}

async fn diff(
    State(questions): State<Questions>,
    Extension(hop): Extension<Hop>,
    Json(submission): Json<skep_api::submit::Submission>,
) -> Response {
    ask(&questions, |answer| Question::Diff(submission, hop, answer)).await
}

async fn compare(
    State(questions): State<Questions>,
    Extension(hop): Extension<Hop>,
    Json(comparison): Json<skep_api::submit::Comparison>,
) -> Response {
    ask(&questions, |answer| {
        Question::Compare(comparison, hop, answer)
    })
    .await
}

async fn progress(State(questions): State<Questions>, Extension(hop): Extension<Hop>) -> Response {
    ask(&questions, |answer| Question::Progress(hop, answer)).await
}

async fn history(State(questions): State<Questions>, Extension(hop): Extension<Hop>) -> Response {
    ask(&questions, |answer| Question::History(hop, answer)).await
}

async fn rollback(
    State(questions): State<Questions>,
    Extension(hop): Extension<Hop>,
    Json(recall): Json<skep_api::submit::Recall>,
) -> Response {
    ask(&questions, |answer| Question::Rollback(recall, hop, answer)).await
}

async fn confirm(
    State(questions): State<Questions>,
    Extension(hop): Extension<Hop>,
    Json(confirmation): Json<skep_api::submit::Confirmation>,
) -> Response {
    ask(&questions, |answer| {
        Question::Confirm(confirmation, hop, answer)
    })
    .await
}

async fn situation(State(questions): State<Questions>) -> Response {
    ask(&questions, Question::Situation).await
}

async fn recover(
    State(questions): State<Questions>,
    Extension(hop): Extension<Hop>,
    Json(request): Json<skep_api::recovery::RecoverRequest>,
) -> Response {
    ask(&questions, |answer| Question::Recover(request, hop, answer)).await
}

async fn claim(
    State(questions): State<Questions>,
    Json(claim): Json<skep_api::recovery::Claim>,
) -> Response {
    ask(&questions, |answer| Question::Claim(claim, answer)).await
}

async fn report(
    State(questions): State<Questions>,
    Extension(caller): Extension<Caller>,
    Query(known): Query<Known>,
) -> Response {
    ask(&questions, |answer| Question::Report(known, caller, answer)).await
}

async fn generation(
    State(questions): State<Questions>,
    Extension(caller): Extension<Caller>,
) -> Response {
    ask(&questions, |answer| Question::Generation(caller, answer)).await
}

async fn announce(
    State(questions): State<Questions>,
    Extension(caller): Extension<Caller>,
    Json(announcement): Json<skep_api::cluster::Announcement>,
) -> Response {
    ask(&questions, |answer| {
        Question::Announce(announcement, caller, answer)
    })
    .await
}

async fn vote(
    State(questions): State<Questions>,
    Json(request): Json<skep_api::cluster::VoteRequest>,
) -> Response {
    ask(&questions, |answer| Question::Vote(request, answer)).await
}

async fn grant(
    State(questions): State<Questions>,
    Extension(caller): Extension<Caller>,
    Json(request): Json<skep_api::cluster::GrantRequest>,
) -> Response {
    ask(&questions, |answer| {
        Question::Grant(request, caller, answer)
    })
    .await
}

async fn rotate(State(questions): State<Questions>) -> Response {
    ask(&questions, Question::Rotate).await
}

async fn key(
    State(questions): State<Questions>,
    Json(request): Json<skep_api::rotation::KeyRequest>,
) -> Response {
    ask(&questions, |answer| Question::Key(request, answer)).await
}

async fn move_group(
    State(questions): State<Questions>,
    Json(request): Json<skep_api::moves::MoveRequest>,
) -> Response {
    ask(&questions, |answer| Question::Move(request, answer)).await
}

async fn move_order(
    State(questions): State<Questions>,
    Json(order): Json<skep_api::moves::Move>,
) -> Response {
    ask(&questions, |answer| Question::MoveOrder(order, answer)).await
}

async fn events(
    State(questions): State<Questions>,
    Extension(hop): Extension<Hop>,
    Json(marks): Json<skep_api::event::Marks>,
) -> Response {
    ask(&questions, |answer| Question::Events(marks, hop, answer)).await
}

async fn preflight(
    State(questions): State<Questions>,
    Json(request): Json<skep_api::preflight::Request>,
) -> Response {
    ask(&questions, |answer| Question::Preflight(request, answer)).await
}

async fn preflight_listen(
    State(questions): State<Questions>,
    Json(round): Json<skep_api::preflight::Round>,
) -> Response {
    ask(&questions, |answer| {
        Question::PreflightListen(round, answer)
    })
    .await
}

async fn preflight_knock(
    State(questions): State<Questions>,
    Json(round): Json<skep_api::preflight::Round>,
) -> Response {
    ask(&questions, |answer| Question::PreflightKnock(round, answer)).await
}

async fn preflight_heard(
    State(questions): State<Questions>,
    Json(token): Json<skep_api::preflight::Token>,
) -> Response {
    ask(&questions, |answer| Question::PreflightHeard(token, answer)).await
}

/// Puts a question to the loop and answers with what it says.
async fn ask<T: serde::Serialize>(
    questions: &Questions,
    question: impl FnOnce(Answer<T>) -> Question,
) -> Response {
    let (answer, answered) = oneshot::channel();
    // The loop only goes away when the agent stops.
    let stopping = || Trouble("the agent is stopping".to_owned());
    let asked = questions.send(question(answer)).await;
    let result = match asked {
        Ok(()) => answered.await.unwrap_or_else(|_dropped| Err(stopping())),
        Err(_closed) => Err(stopping()),
    };
    match result {
        Ok(value) => Json(value).into_response(),
        Err(Trouble(message)) => (StatusCode::SERVICE_UNAVAILABLE, message).into_response(),
    }
}
