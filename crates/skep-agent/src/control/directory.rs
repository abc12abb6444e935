//! The feeder that watches a directory.
//!
//! What the kernel tells of a directory is only a hint that something changed: the whole tree is
//! read again after a moment of quiet, and every minute in case no hint came (network file systems
//! give none). All of it happens on a thread of its own: a directory whose server is dead keeps
//! whoever reads it waiting for ever.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{ErrorKind, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use skep_manifest::set::Source;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use crate::control::contents::{Contents, Unread};
use crate::control::understand::with_causes;
use crate::source::{self, ReadError, is_manifest};

/// How long nothing may change before the directory is read: a save is a few events within a
/// millisecond.
const QUIET: Duration = Duration::from_millis(20);

/// The same while git rewrites the tree: it pauses between files.
const QUIET_IN_CHECKOUT: Duration = Duration::from_millis(250);

/// A directory that never becomes quiet is read all the same.
const QUIET_WAIT_MAX: Duration = Duration::from_secs(2);

/// How long a file may be open for writing before it is read as it is: half a manifest can be one.
const WRITING_MAX: Duration = Duration::from_secs(5);

/// How long a file has to be gone before that counts: editors put it away before they write it anew.
const GONE: Duration = Duration::from_secs(1);

/// How often the directory is read without any hint.
const REREAD: Duration = Duration::from_secs(60);

/// What the directory holds, or why that cannot be said.
type Read = Result<Vec<Source>, ReadError>;

/// Starts to read `directory` and to send what it holds, at once and then whenever it changed,
/// until the receiver is gone.
///
/// # Errors
///
/// When there can be no thread for it.
pub fn feed(directory: PathBuf, contents: mpsc::Sender<Contents>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot watch the manifests")?;
    std::thread::Builder::new()
        .name("manifests".to_owned())
        .spawn(move || runtime.block_on(run(directory, contents)))
        .context("cannot watch the manifests")?;
    Ok(())
}

async fn run(directory: PathBuf, contents: mpsc::Sender<Contents>) {
    // One hint is as good as many: a full channel already says that something changed.
    let (hint, mut hints) = mpsc::channel(1);
    let mut watch = Watch::new(hint);
    let mut last: Option<Vec<Source>> = None;
    let mut failure: Option<String> = None;
    loop {
        watch.renew();
        let mut read = read_at_rest(&directory, &mut watch, &mut hints).await;
        if has_lost(last.as_deref(), &read) {
            tokio::time::sleep(GONE).await;
            read = read_at_rest(&directory, &mut watch, &mut hints).await;
        }
        let read = read.and_then(source::fill);
        let fails = read.as_ref().err().map(|error| with_causes(error));
        let changed = match &read {
            Ok(sources) => failure.is_some() || last.as_ref() != Some(sources),
            Err(_) => failure != fails,
        };
        failure = fails;
        if let Ok(sources) = &read {
            last = Some(sources.clone());
        }
        let read = Contents {
            sources: read.map_err(Unread::Manifests),
            commit: None,
        };
        if changed && contents.send(read).await.is_err() {
            return;
        }
        tokio::select! {
            _ = timeout(REREAD, hints.recv()) => {}
            () = contents.closed() => return,
        }
        wait_for_quiet(&directory, &watch, &mut hints).await;
    }
}

/// Whether a file of what was read before is not there.
fn has_lost(last: Option<&[Source]>, read: &Read) -> bool {
    let Ok(sources) = read else {
        return false;
    };
    let is_there = |name: &String| sources.iter().any(|source| source.name == *name);
    let mut names = last.into_iter().flatten().map(|source| &source.name);
    names.any(|name| !is_there(name))
}

/// Reads `directory`, and again when it changed meanwhile or has parts that were not watched while
/// they were read: half of a change is never delivered and none is missed.
async fn read_at_rest(directory: &Path, watch: &mut Watch, hints: &mut mpsc::Receiver<()>) -> Read {
    let give_up = Instant::now() + QUIET_WAIT_MAX;
    loop {
        let (read, mut directories) = source::read_followed(directory);
        if directories.is_empty() {
            directories = nearest_existing(directory);
        }
        let all_watched = watch.follow(&directories);
        let changed = hints.try_recv().is_ok() || watch.sees_writing();
        if (all_watched && !changed) || Instant::now() > give_up {
            return read;
        }
        if changed {
            wait_for_quiet(directory, watch, hints).await;
        }
    }
}

async fn wait_for_quiet(directory: &Path, watch: &Watch, hints: &mut mpsc::Receiver<()>) {
    let began = Instant::now();
    loop {
        let quiet = if is_checking_out(directory) {
            QUIET_IN_CHECKOUT
        } else {
            QUIET
        };
        let is_quiet = timeout(quiet, hints.recv()).await.is_err();
        let waited = began.elapsed();
        let is_written = watch.sees_writing() && waited < WRITING_MAX;
        if !is_written && (is_quiet || waited > QUIET_WAIT_MAX) {
            return;
        }
    }
}

/// Whether git is rewriting the work tree that holds `directory`.
fn is_checking_out(directory: &Path) -> bool {
    let absolute = directory.canonicalize();
    let absolute = absolute.as_deref().unwrap_or(directory);
    absolute
        .ancestors()
        .any(|above| above.join(".git/index.lock").exists())
}

/// The nearest directory above `directory` that exists, so that its return is noticed.
fn nearest_existing(directory: &Path) -> BTreeSet<PathBuf> {
    directory
        .ancestors()
        .skip(1)
        .map(|above| {
            if above.as_os_str().is_empty() {
                Path::new(".")
            } else {
                above
            }
        })
        .find(|above| above.is_dir())
        .map(Path::to_owned)
        .into_iter()
        .collect()
}

/// The kernel's watches on the directories that decide.
struct Watch {
    watcher: Option<RecommendedWatcher>,
    /// Where it hints; held here too, for without a watcher nobody else would keep it open.
    _hint: mpsc::Sender<()>,
    directories: BTreeSet<PathBuf>,
    writing: Writing,
    /// Whether it was said that the kernel gives no more watches.
    is_told: bool,
}

/// The manifests that somebody writes and has not closed.
#[derive(Clone, Default)]
struct Writing(Arc<Mutex<BTreeSet<PathBuf>>>);

impl Writing {
    /// Takes note of what happened; whether something may read otherwise since.
    fn handle(&self, event: &notify::Event) -> bool {
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match event.kind {
            EventKind::Modify(ModifyKind::Data(_)) => {
                let manifests = event.paths.iter().filter(|path| is_manifest(path));
                files.extend(manifests.cloned());
                true
            }
            EventKind::Access(AccessKind::Close(AccessMode::Write))
            | EventKind::Modify(ModifyKind::Name(_))
            | EventKind::Remove(_) => {
                files.retain(|file| !event.paths.contains(file));
                true
            }
            // Reading a file is an event too: reacting to it would be reacting to ourselves.
            EventKind::Access(_) => false,
            EventKind::Any | EventKind::Create(_) | EventKind::Modify(_) | EventKind::Other => true,
        }
    }

    fn forget(&self) {
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        files.clear();
    }

    fn is_going_on(&self) -> bool {
        let files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        !files.is_empty()
    }
}

impl Watch {
    fn new(hint: mpsc::Sender<()>) -> Self {
        let writing = Writing::default();
        let seen = writing.clone();
        let hinted = hint.clone();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if event.map_or(true, |event| seen.handle(&event)) {
                // A full channel holds a hint already, a closed one has no reader left.
                let _already_hinted = hinted.try_send(());
            }
        });
        if let Err(error) = &watcher {
            tracing::warn!(
                "manifests cannot be watched, they are read every minute: {error} (raise \
                 fs.inotify.max_user_instances)"
            );
        }
        Self {
            watcher: watcher.ok(),
            _hint: hint,
            directories: BTreeSet::new(),
            writing,
            is_told: false,
        }
    }

    fn sees_writing(&self) -> bool {
        self.writing.is_going_on()
    }

    /// Sets every watch anew: a directory that was replaced has the old name and no watch.
    fn renew(&mut self) {
        for directory in std::mem::take(&mut self.directories) {
            self.unwatch(&directory);
            self.watch(directory);
        }
        // That one was closed meanwhile was perhaps not told; who goes on writing is.
        self.writing.forget();
    }

    /// Watches exactly `directories`; whether all of them were watched before.
    fn follow(&mut self, directories: &BTreeSet<PathBuf>) -> bool {
        let gone: Vec<PathBuf> = self.directories.difference(directories).cloned().collect();
        for directory in gone {
            self.unwatch(&directory);
            self.directories.remove(&directory);
        }
        let new: Vec<PathBuf> = directories.difference(&self.directories).cloned().collect();
        let all_watched = new.is_empty();
        for directory in new {
            self.watch(directory);
        }
        all_watched
    }

    fn watch(&mut self, directory: PathBuf) {
        if let Some(watcher) = &mut self.watcher
            && let Err(error) = watcher.watch(&directory, RecursiveMode::NonRecursive)
        {
            self.handle_unwatched(&directory, &error);
        }
        self.directories.insert(directory);
    }

    fn handle_unwatched(&mut self, directory: &Path, error: &notify::Error) {
        let directory = directory.display();
        tracing::debug!(%directory, %error, "cannot be watched");
        // What is not there any more is no loss.
        if matches!(error.kind, ErrorKind::MaxFilesWatch) && !self.is_told {
            self.is_told = true;
            tracing::warn!(
                "{directory} cannot be watched, what changes there counts within a minute: raise \
                 fs.inotify.max_user_watches"
            );
        }
    }

    fn unwatch(&mut self, directory: &Path) {
        if let Some(watcher) = &mut self.watcher {
            // A directory that was removed took its watch with it.
            let _not_watched = watcher.unwatch(directory);
        }
    }
}

#[cfg(test)]
mod tests;
