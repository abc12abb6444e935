//! What the tasks of a cluster tell control's loop.

use skep_api::generation::Held;
use skep_api::moves::Move;
use skep_api::submit::Submitted;
use skep_api::trust::key::ClusterKey;
use skep_manifest::service::image::Image;
use tokio::sync::mpsc;

use crate::control::cluster::{Heard, Recalled, Sight, Stored, TasksSeen, apply, images};
use crate::control::question::Trouble;

/// What a task of the cluster came to.
pub(in crate::control) enum Happening {
    /// The engine was looked at.
    Seen(Box<Sight>),
    /// The engine's own tasks were looked at.
    TasksSeen(TasksSeen),
    /// A peer answered, or did not.
    Heard(Heard),
    /// A peer's desired state arrived, or did not.
    Fetched(Result<Box<Held>, String>),
    /// A key of the cluster arrived, or did not.
    KeyLearned(Result<ClusterKey, String>),
    /// The swarm was to keep a desired state.
    Stored(Box<Stored>),
    /// An earlier desired state was looked up.
    Recalled(Box<Recalled>),
    /// What was to be done was tried.
    Done(apply::Outcome),
    /// The target of a move took it: it counts here too.
    Moved(Move),
    /// A registry was asked about an image.
    LookedUp(Image, images::Answer),
    /// What the watched directory holds was submitted.
    FedOn(Result<Submitted, Trouble>),
}

/// Passes on what arrives as a happening, until one side is gone.
pub(super) async fn forward<T>(
    mut from: mpsc::Receiver<T>,
    to: mpsc::Sender<Happening>,
    happening: fn(T) -> Happening,
) {
    while let Some(arrived) = from.recv().await {
        if to.send(happening(arrived)).await.is_err() {
            return;
        }
    }
}
