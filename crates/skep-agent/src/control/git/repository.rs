//! What is known of a branch: a shallow copy of the repository and the files of its last commits.
//!
//! The copy is only a cache. When anything about it fails it is made anew beside it, at once, and
//! when it has grown: whichever works stays.
//!
//! A look is one fetch. Where nothing changed, that asks the server for the one branch and nothing
//! else: the protocol has no smaller question, and a question before it (`git ls-remote`) is
//! answered with every branch and tag.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use skep_manifest::set::Source;
use skep_plan::feeding::Origin;

use crate::control::contents::{Commit, Contents, Unread};
use crate::control::git::accepted::{Accepted, files_of};
use crate::control::git::complaint::printable;
use crate::control::git::program::Git;
use crate::control::git::{GitOptions, tree};
use crate::source::{self, ReadError};

/// Where the files of commits are, each below its name.
const FILES: &str = "files";

/// How many commits the first fetch gets: what was fed last is looked for among them.
const NEAR: &str = "--depth=50";

/// How many commits are known at most.
const LINE_MAX: &str = "--max-count=10000";

/// The same for the fetch that looks for what was fed last further back.
const FAR: &str = "--depth=10000";

/// What is printed of each commit. What somebody wrote may be as long as a book: the beginning is
/// enough.
const ABOUT: &str = "--format=%H%x00%<(300,trunc)%an%x00%<(300,trunc)%s";

/// Where the fetched commit is.
const TIP: &str = "refs/skep/tip";

/// What git says where a repository has other names for its objects than the copy.
const OTHER_NAMES: &str = "mismatched algorithms";

/// Each fetch makes one: with more of them a new copy is faster.
const PACKS_MAX: usize = 64;

/// How much of what somebody wrote about a commit is shown.
const WORDS_MAX: usize = 72;

/// The copy that works.
const COPY: &str = "copy";

/// One that is being made.
const NEW_COPY: &str = "copy.new";

/// A branch of a repository.
pub(super) struct Repository {
    options: GitOptions,
    directory: PathBuf,
    limit: Duration,
    /// What was read last.
    known: Option<(Commit, Vec<Source>)>,
    /// What a new copy did not help against: it is the server's.
    not_the_copy: Option<String>,
    /// What was looked for further back in this copy.
    looked_far_for: Option<String>,
}

impl Repository {
    pub(super) fn new(options: GitOptions, directory: &Path, limit: Duration) -> Self {
        Self {
            options,
            directory: directory.to_owned(),
            limit,
            known: None,
            not_the_copy: None,
            looked_far_for: None,
        }
    }

    /// What the agent worked towards when it ran before, if that was kept.
    pub(super) fn accepted(&self) -> Option<Contents> {
        let accepted = Accepted::read(&self.directory)?;
        let sources = read_files(&self.directory.join(FILES).join(accepted.files())).ok()?;
        // Of another path the same commit holds something else.
        let is_of_path = accepted.files() == files_of(&accepted.origin.commit, &self.options);
        let origin = accepted.origin;
        Some(Contents {
            sources: Ok(sources),
            commit: is_of_path.then(|| Commit {
                line: vec![origin.commit.clone()],
                origin,
            }),
        })
    }

    /// Looks at the branch, and for the commit `sought` among those it is made from.
    pub(super) async fn look(&mut self, sought: Option<&str>) -> Contents {
        let copy = self.directory.join(COPY);
        if copy.exists() && packs(&copy) <= PACKS_MAX {
            let contents = self.look_into(COPY, sought).await;
            match &contents.sources {
                // It may be the copy that is broken, as a power cut leaves it, or stale.
                Err(Unread::Unreachable(said)) if self.not_the_copy.as_ref() != Some(said) => {}
                Ok(_) | Err(_) => return contents,
            }
        }
        self.look_into_new_copy(sought).await
    }

    async fn look_into_new_copy(&mut self, sought: Option<&str>) -> Contents {
        let new = self.directory.join(NEW_COPY);
        let _there_was_none = fs::remove_dir_all(&new);
        let looked_far_for = self.looked_far_for.take();
        let contents = self.look_into(NEW_COPY, sought).await;
        if let Err(Unread::Unreachable(said)) = &contents.sources {
            let _nothing_was_made = fs::remove_dir_all(&new);
            self.not_the_copy = Some(said.clone());
            self.looked_far_for = looked_far_for;
            return contents;
        }
        if let Err(error) = replace(&self.directory.join(COPY), &new) {
            tracing::warn!(%error, "the copy of the repository is not kept");
        }
        contents
    }

    async fn look_into(&mut self, copy: &str, sought: Option<&str>) -> Contents {
        let (sources, commit) = match self.fetch(copy, sought).await {
            Ok(commit) => (self.read(copy, &commit).await, Some(commit)),
            Err(message) => (Err(Unread::Unreachable(message)), None),
        };
        if let (Ok(sources), Some(commit)) = (&sources, &commit) {
            self.known = Some((commit.clone(), sources.clone()));
            self.not_the_copy = None;
        }
        Contents { sources, commit }
    }

    /// Fetches the branch; its commit.
    async fn fetch(&mut self, copy: &str, sought: Option<&str>) -> Result<Commit, String> {
        let git = self.git(copy)?;
        if copy == NEW_COPY {
            self.fetch_first(&git).await?;
        } else {
            self.fetch_into(&git, None).await?;
        }
        let fetched = fetched(&self.directory.join(copy));
        let known = self.known.as_ref().map(|(commit, _)| commit);
        let known = known.filter(|known| fetched.as_ref() == Some(&known.origin.commit));
        let commit = match known {
            Some(known) if copy == COPY => known.clone(),
            Some(_) | None => self.commit(&git).await?,
        };
        let Some(sought) = sought.filter(|it| !commit.line.iter().any(|known| known == it)) else {
            return Ok(commit);
        };
        if self.looked_far_for.as_deref() == Some(sought) {
            return Ok(commit);
        }
        self.looked_far_for = Some(sought.to_owned());
        match self.fetch_into(&git, Some(FAR)).await {
            Ok(()) => self.commit(&git).await,
            // What is near is known all the same.
            Err(said) => {
                tracing::warn!("what the branch was made from is not known: {said}");
                Ok(commit)
            }
        }
    }

    /// Makes a copy, with objects named as the repository names them.
    async fn fetch_first(&self, git: &Git) -> Result<(), String> {
        let init = ["init", "--quiet", "--bare", "--template="];
        git.run(&[&init[..], &["--object-format=sha1"]].concat())
            .await?;
        match self.fetch_into(git, Some(NEAR)).await {
            Err(said) if said.contains(OTHER_NAMES) => {
                let made = self.directory.join(NEW_COPY);
                fs::remove_dir_all(&made).map_err(|error| error.to_string())?;
                git.run(&[&init[..], &["--object-format=sha256"]].concat())
                    .await?;
                self.fetch_into(git, Some(NEAR)).await
            }
            outcome => outcome,
        }
    }

    async fn fetch_into(&self, git: &Git, depth: Option<&str>) -> Result<(), String> {
        let Self { options, .. } = self;
        let reference = format!("+refs/heads/{}:{TIP}", options.branch);
        let mut fetch = vec!["fetch", "--quiet", "--no-tags"];
        fetch.extend(depth);
        fetch.extend(["--", options.address.as_str(), &reference]);
        git.run(&fetch).await.map(|_nothing| ())
    }

    /// The commit that was fetched.
    async fn commit(&self, git: &Git) -> Result<Commit, String> {
        let about = git.run(&["log", LINE_MAX, ABOUT, TIP, "--"]).await?;
        let about = String::from_utf8_lossy(&about);
        let mut words = about.lines().next().unwrap_or_default().split('\0');
        let mut next = || words.next().unwrap_or_default();
        let commit = next().to_owned();
        let mut shown = || printable(next().trim_end(), WORDS_MAX);
        let origin = Origin {
            branch: self.options.branch.to_string(),
            commit,
            author: shown(),
            message: shown(),
        };
        let id = |line: &str| line.split('\0').next().unwrap_or_default().to_owned();
        let line = about.lines().map(id).collect();
        Ok(Commit { origin, line })
    }

    /// What `commit` holds.
    async fn read(&self, copy: &str, commit: &Commit) -> Result<Vec<Source>, Unread> {
        let id = &commit.origin.commit;
        if let Some((known, sources)) = &self.known
            && known.origin.commit == *id
        {
            return Ok(sources.clone());
        }
        let git = self.git(copy).map_err(Unread::Unreachable)?;
        if self.options.signers.is_some() {
            let verified = git.run(&["verify-commit", id]).await;
            verified.map_err(|said| {
                Unread::Refused(format!(
                    "it is not signed by a key of --git-signers: {said} (sign it with one: `git \
                     commit --amend -S`)"
                ))
            })?;
        }
        let files = files_of(id, &self.options);
        self.forget_all_but_accepted_and(&files)
            .map_err(|error| self.unwritable(&error))?;
        let files = self.directory.join(FILES).join(files);
        if !files.exists() {
            self.write(&git, id, &files).await?;
        }
        read_files(&files)
    }

    /// Writes the files of the commit `id` to the new directory `files`.
    async fn write(&self, git: &Git, id: &str, files: &Path) -> Result<(), Unread> {
        let path = self.options.path.as_str();
        let listed = format!("{id}:{path}");
        let listed = git.run(&["ls-tree", "-r", "-z", "-l", &listed]).await;
        let listed = listed.map_err(|said| match path {
            "" => Unread::Unreachable(said),
            path => Unread::Refused(format!("there is no directory `{path}` in it ({said})")),
        })?;
        let entries = tree::parse(&listed).map_err(Unread::Refused)?;
        let wanted = self.directory.join("wanted");
        let input = fs::write(&wanted, tree::wanted(&entries)).and_then(|()| File::open(&wanted));
        let input = input.map_err(|error| self.unwritable(&error))?;
        let printed_max = tree::printed_max(&entries);
        let printed = git.run_on(input, printed_max, &["cat-file", "--batch"]);
        let printed = printed.await.map_err(Unread::Unreachable)?;
        let new = files.with_extension("new");
        tree::write(&new, &entries, &printed).map_err(Unread::Refused)?;
        replace(files, &new).map_err(|error| self.unwritable(&error))
    }

    /// Removes all files but those called `wanted` and those that the agent works towards: it may
    /// have nothing else when it starts again.
    fn forget_all_but_accepted_and(&self, wanted: &str) -> std::io::Result<()> {
        let accepted = Accepted::read(&self.directory);
        let kept = [accepted.as_ref().map(Accepted::files), Some(wanted)];
        let all = self.directory.join(FILES);
        fs::create_dir_all(&all)?;
        for entry in fs::read_dir(all)? {
            let entry = entry?;
            if !kept.contains(&entry.file_name().to_str()) {
                fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(())
    }

    /// Git for the copy called `copy`.
    fn git(&self, copy: &str) -> Result<Git, String> {
        Git::new(&self.options, &self.directory, copy, self.limit)
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
    if old.exists() {
        fs::remove_dir_all(&old)?;
    }
    if files.exists() {
        fs::rename(files, &old)?;
    }
    fs::rename(new, files)?;
    File::open(files.parent().unwrap_or(files))?.sync_all()?;
    if old.exists() {
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

/// The commit that `git fetch` got last, as it writes that down itself.
fn fetched(copy: &Path) -> Option<String> {
    let text = fs::read_to_string(copy.join("FETCH_HEAD")).ok()?;
    text.split('\t').next().map(str::to_owned)
}
