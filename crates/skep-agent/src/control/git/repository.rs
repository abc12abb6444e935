//! What is known of a branch: a shallow copy of the repository and the files of its last commits.
//!
//! The copy is only a cache. When anything about it fails it is made anew, at once, and when it has
//! grown with the next look.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use skep_manifest::set::Source;
use skep_plan::feeding::Origin;

use crate::control::contents::{Commit, Contents, Unread};
use crate::control::git::complaint::printable;
use crate::control::git::program::Git;
use crate::control::git::{GitOptions, tree};
use crate::control::whole_file;
use crate::source::{self, ReadError};

/// Where the files of commits are, each below its name.
const FILES: &str = "files";

/// How many commits the first fetch gets: what was fed last is looked for among them.
const DEPTH: &str = "--depth=50";

/// How many commits are known at most.
const LINE_MAX: &str = "--max-count=10000";

/// Where the fetched commit is.
const TIP: &str = "refs/skep/tip";

/// Each fetch makes one: with more of them a new copy is faster.
const PACKS_MAX: usize = 64;

/// How much of what somebody wrote about a commit is shown.
const WORDS_MAX: usize = 72;

/// A branch of a repository.
pub(super) struct Repository {
    options: GitOptions,
    directory: PathBuf,
    limit: Duration,
    /// What was read last.
    known: Option<(Commit, Vec<Source>)>,
}

impl Repository {
    pub(super) fn new(options: GitOptions, directory: &Path, limit: Duration) -> Self {
        Self {
            options,
            directory: directory.to_owned(),
            limit,
            known: None,
        }
    }

    /// What the agent worked towards when it ran before, if that was kept.
    pub(super) fn accepted(&self) -> Option<Contents> {
        let origin = read_accepted(&self.directory)?;
        let sources = read_files(&self.files_of(&origin.commit)).ok()?;
        Some(Contents {
            sources: Ok(sources),
            commit: Some(Commit {
                line: vec![origin.commit.clone()],
                origin,
            }),
        })
    }

    /// Looks at the branch.
    pub(super) async fn look(&mut self) -> Contents {
        let had_copy = self.copy().exists();
        let contents = self.look_once().await;
        // It may be the copy that is broken, as a power cut leaves it: that one is gone by now.
        if had_copy && matches!(contents.sources, Err(Unread::Unreachable(_))) {
            return self.look_once().await;
        }
        contents
    }

    async fn look_once(&mut self) -> Contents {
        let (sources, commit) = match self.fetch().await {
            Ok(commit) => (self.read(&commit).await, Some(commit)),
            Err(message) => (Err(Unread::Unreachable(message)), None),
        };
        if matches!(sources, Err(Unread::Unreachable(_))) {
            // It may be broken, or know of commits that are no more.
            let _there_was_none = fs::remove_dir_all(self.copy());
        }
        if let (Ok(sources), Some(commit)) = (&sources, &commit) {
            self.known = Some((commit.clone(), sources.clone()));
        }
        Contents { sources, commit }
    }

    /// Fetches the branch; its commit.
    async fn fetch(&self) -> Result<Commit, String> {
        let git = self.git()?;
        let copy = self.copy();
        if packs(&copy) > PACKS_MAX {
            let _there_was_none = fs::remove_dir_all(&copy);
        }
        let is_new = !copy.join("HEAD").exists();
        if is_new {
            let init = ["init", "--quiet", "--bare", "--template=", "copy"];
            git.run(&init).await?;
        }
        let Self { options, .. } = self;
        let reference = format!("+refs/heads/{}:{TIP}", options.branch);
        let mut fetch = vec!["--git-dir=copy", "fetch", "--quiet", "--no-tags"];
        fetch.extend(is_new.then_some(DEPTH));
        fetch.extend(["--", options.address.as_str(), &reference]);
        git.run(&fetch).await?;
        let about = [
            "--git-dir=copy",
            "log",
            LINE_MAX,
            "--format=%H%x00%an%x00%s",
            TIP,
            "--",
        ];
        let about = String::from_utf8_lossy(&git.run(&about).await?).into_owned();
        let mut words = about.lines().next().unwrap_or_default().split('\0');
        let mut next = || words.next().unwrap_or_default();
        let commit = next().to_owned();
        let mut shown = || printable(next(), WORDS_MAX);
        let origin = Origin {
            branch: options.branch.to_string(),
            commit,
            author: shown(),
            message: shown(),
        };
        let id = |line: &str| line.split('\0').next().unwrap_or_default().to_owned();
        let line = about.lines().map(id).collect();
        Ok(Commit { origin, line })
    }

    /// What `commit` holds.
    async fn read(&self, commit: &Commit) -> Result<Vec<Source>, Unread> {
        let id = &commit.origin.commit;
        if let Some((known, sources)) = &self.known
            && known.origin.commit == *id
        {
            return Ok(sources.clone());
        }
        let git = self.git().map_err(Unread::Unreachable)?;
        if self.options.signers.is_some() {
            let verified = git.run(&["--git-dir=copy", "verify-commit", id]).await;
            verified.map_err(|said| {
                Unread::Refused(format!(
                    "it is not signed by a key of --git-signers: {said} (sign it with one: `git \
                     commit --amend -S`)"
                ))
            })?;
        }
        self.write(&git, id).await?;
        read_files(&self.files_of(id))
    }

    /// Writes the files of the commit `id`, and removes those of commits that nobody asks for.
    async fn write(&self, git: &Git, id: &str) -> Result<(), Unread> {
        let path = self.options.path.as_str();
        let listed = format!("{id}:{path}");
        let list = ["--git-dir=copy", "ls-tree", "-r", "-z", "-l", &listed];
        let listed = git.run(&list).await.map_err(|said| match path {
            "" => Unread::Unreachable(said),
            path => Unread::Refused(format!("there is no directory `{path}` in it ({said})")),
        })?;
        let entries = tree::parse(&listed).map_err(Unread::Refused)?;
        let wanted = self.directory.join("wanted");
        let input = fs::write(&wanted, tree::wanted(&entries)).and_then(|()| File::open(&wanted));
        let input = input.map_err(|error| self.unwritable(&error))?;
        let cat = ["--git-dir=copy", "cat-file", "--batch"];
        let printed = git.run_on(input, tree::printed_max(&entries), &cat).await;
        let printed = printed.map_err(Unread::Unreachable)?;
        self.forget_all_but_accepted()
            .map_err(|error| self.unwritable(&error))?;
        let files = self.files_of(id);
        let new = files.with_extension("new");
        tree::write(&new, &entries, &printed).map_err(Unread::Refused)?;
        replace(&files, &new).map_err(|error| self.unwritable(&error))
    }

    /// Removes all files but those that the agent works towards: it may have nothing else when it
    /// starts again.
    fn forget_all_but_accepted(&self) -> std::io::Result<()> {
        let accepted = read_accepted(&self.directory).map(|origin| origin.commit);
        let all = self.directory.join(FILES);
        fs::create_dir_all(&all)?;
        for entry in fs::read_dir(all)? {
            let entry = entry?;
            if entry.file_name().to_str() != accepted.as_deref() {
                fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(())
    }

    fn git(&self) -> Result<Git, String> {
        Git::new(&self.options, &self.directory, self.limit)
    }

    fn copy(&self) -> PathBuf {
        self.directory.join("copy")
    }

    fn files_of(&self, commit: &str) -> PathBuf {
        self.directory.join(FILES).join(commit)
    }

    fn unwritable(&self, error: &std::io::Error) -> Unread {
        let directory = self.directory.display();
        Unread::Unreachable(format!("{directory} cannot be written: {error}"))
    }
}

/// The manifests of a commit whose files are at `root`, named as in the repository.
fn read_files(root: &Path) -> Result<Vec<Source>, Unread> {
    let read = || {
        let tree = source::read(&[root.to_owned()])?;
        source::fill_within(tree.sources, root)
    };
    let inside = |name: &str| {
        let inside = Path::new(name).strip_prefix(root);
        inside.map_or_else(|_| name.to_owned(), |inside| inside.display().to_string())
    };
    match read() {
        Ok(sources) => Ok(sources
            .into_iter()
            .map(|source| Source {
                name: inside(&source.name),
                text: source.text,
            })
            .collect()),
        Err(ReadError::NoValue {
            mut location,
            what,
            source,
        }) => {
            location.file = inside(&location.file);
            let what = what.replace(&format!("{}/", root.display()), "");
            Err(Unread::Manifests(ReadError::NoValue {
                location,
                what,
                source,
            }))
        }
        Err(error) => Err(Unread::Manifests(error)),
    }
}

/// Puts the directory `new` where `files` is, if that is there.
fn replace(files: &Path, new: &Path) -> std::io::Result<()> {
    let old = files.with_extension("old");
    let was_there = files.exists();
    if was_there {
        fs::rename(files, &old)?;
    }
    fs::rename(new, files)?;
    File::open(files.parent().unwrap_or(files))?.sync_all()?;
    if was_there {
        fs::remove_dir_all(old)?;
    }
    Ok(())
}

/// How many packs the copy has.
fn packs(copy: &Path) -> usize {
    let entries = fs::read_dir(copy.join("objects/pack"));
    let entries = entries.into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.path().extension().is_some_and(|it| it == "pack"))
        .count()
}

fn accepted_file(directory: &Path) -> PathBuf {
    directory.join("accepted.json")
}

fn read_accepted(directory: &Path) -> Option<Origin> {
    let text = fs::read(accepted_file(directory)).ok()?;
    serde_json::from_slice(&text).ok()
}

/// Remembers which commit the agent works towards.
pub(super) fn keep_accepted(directory: &Path, origin: &Origin) -> anyhow::Result<()> {
    let path = accepted_file(directory);
    let text = serde_json::to_vec(origin).context("a commit has only words")?;
    whole_file::write(&path, &text).with_context(|| format!("cannot write {}", path.display()))
}
