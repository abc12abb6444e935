//! `skep lint`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::ValueEnum;
use skep_agent::source;
use skep_lint::finding::counted;
use skep_lint::fix;
use skep_lint::render::{github, human, json, junit, sarif};
use skep_manifest::parse::parse;
use skep_manifest::problem::Severity;
use skep_manifest::set::ManifestSet;

use crate::commands::manifests;
use crate::exit::Exit;
use crate::output;

/// Check manifests, offline: every rule over all documents together.
///
/// Ends with 0 when there is nothing to fix, with 1 when there is, with 2 when something cannot be
/// read.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Files, directories, or `-` for standard input.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// How to print the findings.
    #[arg(long, default_value = "human", value_name = "FORMAT")]
    format: Format,
    /// What else makes the command fail, beside errors.
    #[arg(long, value_name = "SEVERITY")]
    deny: Option<Deny>,
    /// Correct what has one right answer in the files themselves, and print what is left.
    #[arg(long)]
    fix: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For people, with the lines of the manifest.
    Human,
    /// Stable, for programs.
    Json,
    /// SARIF 2.1.0, for code scanning and editors.
    Sarif,
    /// Annotations of GitHub Actions.
    Github,
    /// A report for build servers.
    Junit,
}

#[derive(Clone, Copy, ValueEnum)]
enum Deny {
    Warnings,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let mut sources = manifests::read(&arguments.paths)?;
    if sources.is_empty() {
        let none = manifests::none_in(&arguments.paths);
        output::tell(&format!("warning: {none}"));
    }
    if arguments.fix {
        correct(&parse(sources))?;
        sources = manifests::read(&arguments.paths)?;
    }
    let set = parse(source::read_stacks(sources)?);
    let findings = skep_lint::lint(&set);
    match arguments.format {
        Format::Human => {
            let colour = output::colour(&std::io::stdout());
            output::print(&human::render(&set, &findings, colour))?;
        }
        Format::Json => output::print(&json::render(&set, &findings))?,
        Format::Sarif => output::print(&sarif::render(&set, &findings))?,
        Format::Github => output::print(&github::render(&set, &findings))?,
        Format::Junit => output::print(&junit::render(&set, &findings))?,
    }
    let denied = match arguments.deny {
        None => Severity::Error,
        Some(Deny::Warnings) => Severity::Warning,
    };
    let mut open = findings
        .iter()
        .filter(|finding| finding.suppressed.is_none());
    let fails = open.any(|finding| finding.severity >= denied);
    Ok(if fails { Exit::Findings } else { Exit::Success })
}

/// Corrects what has one right answer, and tells what came of it.
fn correct(set: &ManifestSet) -> anyhow::Result<()> {
    if set.sources.iter().any(|source| source.name() == "-") {
        bail!("`--fix` changes files, and `-` is none: name the files");
    }
    let findings = skep_lint::lint(set);
    let fixed = fix::fix(set, &findings);
    for (source, text) in &fixed.texts {
        let path = Path::new(set.sources[*source].name());
        replace(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    for (index, why) in &fixed.refused {
        let finding = &findings[*index];
        let location = set.location(finding.span);
        output::tell(&format!(
            "{location}: {} not corrected: {why}",
            finding.rule
        ));
    }
    let (applied, files) = (fixed.applied, fixed.texts.len());
    let (applied, files) = (counted(applied, "finding"), counted(files, "file"));
    output::tell(&format!("corrected {applied} in {files}"));
    Ok(())
}

/// Replaces a file's content in one step: whoever reads it meanwhile, such as an agent that
/// watches the directory, finds the old text or the new one.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let path = fs::canonicalize(path)?;
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".new");
    let new = path.with_file_name(name);
    fs::write(&new, text)?;
    fs::set_permissions(&new, fs::metadata(&path)?.permissions())?;
    fs::rename(&new, &path)
}
