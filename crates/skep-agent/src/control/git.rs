//! The feeder that watches a branch of a git repository.
//!
//! The branch is fetched by the `git` command, in good time and whenever somebody asks, and its
//! files are written to a directory of the agent: nothing of the repository is ever run. All of it
//! happens on a thread of its own, like the reading of a directory.

mod accepted;
pub mod address;
mod complaint;
mod program;
mod repository;
mod tree;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use skep_plan::feeding::Origin;
use tokio::sync::{mpsc, watch};
use tokio::time::MissedTickBehavior;

use crate::control::contents::Contents;
use crate::control::git::accepted::Accepted;
use crate::control::git::address::{Address, Branch, Subtree};
use crate::control::git::repository::Repository;

/// Where in the state directory everything about the repository is.
const DIRECTORY: &str = "git";

/// How long one call of `git` may take: the first fetch of a large repository over a slow line.
const LIMIT: Duration = Duration::from_secs(120);

/// Which branch is watched, and how it is reached.
#[derive(Clone, Debug)]
pub struct GitOptions {
    /// The repository.
    pub address: Address,
    /// The branch.
    pub branch: Branch,
    /// The directory in it that holds the manifests.
    pub path: Subtree,
    /// How often it is looked at.
    pub interval: Duration,
    /// What proves to a server who asks.
    pub credentials: Credentials,
    /// The keys by which commits have to be signed, if they have to be.
    pub signers: Option<PathBuf>,
}

/// What proves to a server who asks, and to whoever asks who the server is.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    /// The private key for ssh.
    pub ssh_key: Option<PathBuf>,
    /// The keys of the servers that are reached by ssh.
    pub known_hosts: Option<PathBuf>,
    /// The token, or `user:token`, for https.
    pub token: Option<PathBuf>,
    /// The authority that vouches for the server of https, where this node does not know it.
    pub authority: Option<PathBuf>,
}

impl GitOptions {
    /// Checks that the address can be reached with what is given.
    ///
    /// # Errors
    ///
    /// What is missing or has no effect, with the remedy.
    pub fn check(&self) -> anyhow::Result<()> {
        self.address
            .check(&self.credentials, self.signers.is_some())
    }

    /// What is watched, for people.
    #[must_use]
    pub fn name(&self) -> String {
        let Self {
            address,
            branch,
            path,
            ..
        } = self;
        format!("git {address} {branch}{path}")
    }
}

/// Asks for a look at the branch; more than one at a time are one.
#[derive(Clone, Debug)]
pub(super) struct Nudge {
    asks: mpsc::Sender<()>,
    sought: watch::Sender<Option<String>>,
}

impl Nudge {
    /// Lets the branch be looked at now, and what it holds be delivered also if nothing changed.
    pub(super) fn look(&self) {
        // A full channel already asks, a closed one has no reader left.
        let _already_asked = self.asks.try_send(());
    }

    /// The same, and lets `commit` be looked for among what the branch is made from, however far
    /// back.
    pub(super) fn look_for(&self, commit: &str) {
        let _before = self.sought.send_replace(Some(commit.to_owned()));
        self.look();
    }
}

/// Starts to look at the branch and to send what it holds, whenever it changed, until the receiver
/// is gone. What was accepted before (see [`keep_accepted`]) is sent first.
pub(super) fn feed(
    options: GitOptions,
    state: &Path,
    contents: mpsc::Sender<Contents>,
) -> anyhow::Result<Nudge> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot watch the repository")?;
    let (asks, asked) = mpsc::channel(1);
    let (sought, is_sought) = watch::channel(None);
    let interval = options.interval;
    let feeder = Feeder {
        repository: Repository::new(options, &state.join(DIRECTORY), LIMIT),
        contents,
        sought: is_sought,
        delivered: None,
    };
    std::thread::Builder::new()
        .name("git".to_owned())
        .spawn(move || runtime.block_on(feeder.run(interval, asked)))
        .context("cannot watch the repository")?;
    Ok(Nudge { asks, sought })
}

/// Remembers the commit that an agent works towards, so that it does when it starts again, whatever
/// the branch holds then.
pub(super) fn keep_accepted(
    state: &Path,
    options: &GitOptions,
    origin: &Origin,
) -> anyhow::Result<()> {
    Accepted::keep(&state.join(DIRECTORY), options, origin)
}

struct Feeder {
    repository: Repository,
    contents: mpsc::Sender<Contents>,
    /// The commit from which the branch has to be made.
    sought: watch::Receiver<Option<String>>,
    /// What was delivered last: a commit, or why there is none.
    delivered: Option<String>,
}

impl Feeder {
    async fn run(mut self, interval: Duration, mut asked: mpsc::Receiver<()>) {
        if let Some(accepted) = self.repository.accepted()
            && self.contents.send(accepted).await.is_err()
        {
            return;
        }
        let mut ticks = tokio::time::interval(interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let is_asked = tokio::select! {
                _ = ticks.tick() => false,
                Some(()) = asked.recv() => true,
                () = self.contents.closed() => return,
            };
            let sought = self.sought.borrow().clone();
            let look = self.repository.look(sought.as_deref()).await;
            let summary = summary(&look);
            let is_new = self.delivered.as_ref() != Some(&summary);
            self.delivered = Some(summary);
            if (is_new || is_asked) && self.contents.send(look).await.is_err() {
                return;
            }
        }
    }
}

/// What tells one look from another.
fn summary(look: &Contents) -> String {
    match (&look.sources, &look.commit) {
        (Ok(_), Some(commit)) => commit.origin.commit.clone(),
        (Ok(_), None) => String::new(),
        (Err(unread), _) => unread.message(),
    }
}

#[cfg(test)]
mod tests;
