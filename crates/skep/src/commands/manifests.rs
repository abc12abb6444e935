//! The manifests that a command is given with `-f`.

use std::path::PathBuf;

use anyhow::Context;
use skep_agent::source;
use skep_api::generation::Manifest;
use skep_api::submit::Submission;
use skep_lint::render::human::{self, Colour};
use skep_manifest::desired::Desired;
use skep_manifest::parse::parse;
use skep_manifest::problem::Severity;
use skep_manifest::resolve::resolve;
use skep_manifest::set::{ManifestSet, Source};

use crate::output;

/// Where manifests come from.
#[derive(clap::Args)]
pub(crate) struct Manifests {
    /// Files, directories, or `-` for standard input.
    #[arg(short, long = "file", required = true, value_name = "PATH")]
    files: Vec<PathBuf>,
}

impl Manifests {
    /// Reads them all.
    pub(crate) fn read(&self) -> anyhow::Result<Vec<Source>> {
        match self.files.as_slice() {
            [path] if path.as_os_str() == "-" => Ok(vec![source::read_standard_input()?]),
            paths => Ok(source::read(paths)?.sources),
        }
    }

    /// What they describe; nothing when lint finds errors, which it then has shown.
    pub(crate) fn desired(&self) -> anyhow::Result<Option<Desired>> {
        let set = parse(source::fill(self.read()?)?);
        Ok(is_sound(&set).then(|| resolve(&set).0))
    }

    /// Reads them all as a submission; nothing when lint finds errors, which it then has shown.
    pub(crate) fn submission(&self, dry_run: DryRun) -> anyhow::Result<Option<Submission>> {
        let sources = self.read()?;
        if !is_sound(&parse(sources.clone())) {
            return Ok(None);
        }
        let documents = source::fill(sources)?
            .into_iter()
            .map(manifest)
            .collect::<anyhow::Result<_>>()?;
        Ok(Some(Submission {
            feeder: "apply".to_owned(),
            documents,
            dry_run: dry_run == DryRun::Yes,
        }))
    }
}

/// Whether lint finds no errors; those that it finds are shown.
fn is_sound(set: &ManifestSet) -> bool {
    let mut findings = skep_lint::lint(set);
    findings.retain(|finding| finding.severity == Severity::Error && finding.suppressed.is_none());
    if !findings.is_empty() {
        output::tell(human::render(set, &findings, Colour::Never).trim_end());
    }
    findings.is_empty()
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
