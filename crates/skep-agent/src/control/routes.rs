//! The socket for the command line.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::Context;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use skep_api::path;
use skep_api::status::AgentStatus;
use tokio::net::UnixListener;
use tokio::sync::{mpsc, oneshot};

/// Who may talk to the agent: root and the socket's group.
const SOCKET_MODE: u32 = 0o660;

/// Questions on their way to the loop that owns the state.
type Questions = mpsc::Sender<oneshot::Sender<AgentStatus>>;

/// Listens on `socket` and answers from `questions` until the agent ends.
pub(super) fn serve(
    socket: &Path,
    questions: Questions,
) -> anyhow::Result<impl Future<Output = ()> + use<>> {
    let listener = listen(socket).with_context(|| format!("cannot serve {}", socket.display()))?;
    let router = Router::new()
        .route(path::STATUS, get(status))
        .with_state(questions);
    Ok(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "the socket for the command line failed");
        }
    })
}

/// A socket in place of the one that an earlier agent may have left: the agent's lock says that
/// nobody else listens there.
fn listen(socket: &Path) -> anyhow::Result<UnixListener> {
    if let Some(directory) = socket.parent() {
        fs::create_dir_all(directory).context("cannot create its directory")?;
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

async fn status(State(questions): State<Questions>) -> Result<Json<AgentStatus>, StatusCode> {
    let (answer, answered) = oneshot::channel();
    // The loop only goes away when the agent stops.
    let stopping = |_| StatusCode::SERVICE_UNAVAILABLE;
    questions
        .send(answer)
        .await
        .map_err(|_stopped| StatusCode::SERVICE_UNAVAILABLE)?;
    answered.await.map(Json).map_err(stopping)
}
