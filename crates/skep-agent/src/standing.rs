//! Whether the agent does its work, as who started it and who asks it in vain are told.

use std::fs;
use std::io;
use std::path::Path;

use skep_api::trouble;
use skep_linux::service_manager::{self, News};

/// It answers on `socket`, and runs as `mode`.
pub(crate) fn ready(socket: &Path, mode: &str) {
    forget(socket);
    tell(News::Ready(&format!("{mode}: `skep status` says more")));
}

/// Control cannot start.
pub(crate) fn troubled(socket: &Path, error: &anyhow::Error) {
    let words = format!("{error:#}");
    tell(News::Trouble(&format!("control cannot start: {words}")));
    if let Err(error) = fs::write(trouble::file(socket), words) {
        // The directory may be what the words are about.
        tracing::debug!(%error, "cannot leave beside the socket why control cannot start");
    }
}

/// It stops.
pub(crate) fn stopping() {
    tell(News::Stopping);
}

/// Nothing is in the way any more.
pub(crate) fn forget(socket: &Path) {
    let file = trouble::file(socket);
    match fs::remove_file(&file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(path = %file.display(), %error, "cannot remove it");
        }
        Ok(()) | Err(_) => {}
    }
}

fn tell(news: News<'_>) {
    if let Err(error) = service_manager::tell(news) {
        tracing::warn!(%error, "the service manager does not hear how the agent is");
    }
}
