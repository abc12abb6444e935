//! The manifests that a command is given with `-f`.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use skep_agent::source;
use skep_api::submit::Submission;
use skep_lint::finding::Finding;
use skep_lint::render::human;
use skep_manifest::desired::Desired;
use skep_manifest::parse::parse;
use skep_manifest::problem::Severity;
use skep_manifest::resolve::resolve;
use skep_manifest::set::{ManifestSet, Source};
use skep_plan::feeding::{APPLY, Change, Feeding, Manifest};

use crate::output;

/// Where manifests come from.
#[derive(clap::Args)]
pub(crate) struct Manifests {
    /// Files, directories, or `-` for standard input.
    #[arg(short, long = "file", required = true, value_name = "PATH")]
    files: Vec<PathBuf>,
}

impl Manifests {
    /// Where they come from.
    pub(crate) fn paths(&self) -> &[PathBuf] {
        &self.files
    }

    /// What they describe; nothing when lint finds errors, which it then has shown.
    pub(crate) fn desired(&self) -> anyhow::Result<Option<Desired>> {
        desired(&self.files)
    }

    /// Reads them all; nothing when lint finds errors, which it then has shown. What lint says of
    /// manifests without a `Swarm` depends on what they come to stand beside: the agent judges it.
    pub(crate) fn feeding(&self, ownership: Ownership) -> anyhow::Result<Option<Feeding>> {
        let sources = source::read_stacks(read_some(&self.files)?)?;
        let set = parse(sources.clone());
        let is_part = resolve(&set).0.swarm.is_none() && set.problems.is_empty();
        if !is_part && !is_sound(&set) {
            return Ok(None);
        }
        let documents = source::fill(sources)?
            .into_iter()
            .map(manifest)
            .collect::<anyhow::Result<_>>()?;
        Ok(Some(Feeding {
            feeder: APPLY.to_owned(),
            documents,
            prune: ownership.prune,
            take_over: ownership.take_over,
            source: None,
            confirmed: false,
        }))
    }
}

/// What the manifests at `paths` describe; nothing when lint finds errors, which it then has shown.
pub(crate) fn desired(paths: &[PathBuf]) -> anyhow::Result<Option<Desired>> {
    let set = parse(source::fill(read_some(paths)?)?);
    Ok(is_sound(&set).then(|| resolve(&set).0))
}

/// What manifests may do to what is there beside them.
#[derive(Clone, Copy, clap::Args)]
pub(crate) struct Ownership {
    /// Remove what was applied before and is not among them any more.
    #[arg(long)]
    prune: bool,
    /// Take over objects that another feeder fed, such as a watched directory.
    #[arg(long)]
    take_over: bool,
}

impl Ownership {
    /// Whether anything is said about it.
    pub(crate) const fn is_said(self) -> bool {
        self.prune || self.take_over
    }
}

/// `change` as a submission by somebody at the command line.
pub(crate) fn submission(by: String, change: Change, dry_run: DryRun) -> Submission {
    Submission {
        by,
        change,
        dry_run: dry_run == DryRun::Yes,
    }
}

/// Reads files, directories, or standard input as `-`.
pub(crate) fn read(paths: &[PathBuf]) -> anyhow::Result<Vec<Source>> {
    match paths {
        [path] if is_standard_input(path) => Ok(vec![source::read_standard_input()?]),
        paths if paths.iter().any(|path| is_standard_input(path)) => {
            bail!("`-` is standard input and stands alone: leave out the other paths")
        }
        paths => Ok(source::read(paths)?.sources),
    }
}

/// The same where without any manifest there is nothing to do.
pub(crate) fn read_some(paths: &[PathBuf]) -> anyhow::Result<Vec<Source>> {
    let sources = read(paths)?;
    if sources.is_empty() {
        bail!(none_in(paths));
    }
    Ok(sources)
}

/// That `paths` hold no manifests.
pub(crate) fn none_in(paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths
        .iter()
        .map(|path| format!("`{}`", path.display()))
        .collect();
    format!(
        "there are no manifests in {}: only files that end in .yaml or .yml are read",
        paths.join(", ")
    )
}

fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Whether lint finds no errors; those that it finds are shown.
fn is_sound(set: &ManifestSet) -> bool {
    show_errors(set, skep_lint::lint(set)) == 0
}

/// Shows the errors among `findings`; how many there are that no comment suppresses.
pub(crate) fn show_errors(set: &ManifestSet, mut findings: Vec<Finding>) -> usize {
    findings.retain(|finding| finding.severity == Severity::Error && finding.suppressed.is_none());
    if !findings.is_empty() {
        let colour = output::colour(&std::io::stderr());
        output::tell(human::render(set, &findings, colour).trim_end());
    }
    findings.len()
}

/// Whether a submission is only looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DryRun {
    /// It is.
    Yes,
    /// It shall take effect.
    No,
}

fn manifest(source: Source) -> anyhow::Result<Manifest> {
    let text = String::from_utf8(source.text)
        .with_context(|| format!("{} is not valid UTF-8", source.name))?;
    Ok(Manifest {
        name: source.name,
        text,
    })
}
