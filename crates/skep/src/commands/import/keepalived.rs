//! `skep import keepalived`.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use skep_agent::source;
use skep_keepalived::import::{Import, NodeFile, import};
use skep_keepalived::language::{Files, Include};
use skep_lint::finding::Finding;
use skep_lint::render::human;
use skep_manifest::name::NodeName;
use skep_manifest::problem::Severity;
use skep_manifest::set::{ManifestSet, Source};

use crate::exit::Exit;
use crate::output;

/// Make a manifest of the keepalived.conf of every node.
///
/// The manifest goes to standard output, with comments that say where each line comes from and
/// what is left out; what is wrong with the files goes to standard error. Ends with 0 when
/// everything could be taken over, with 1 when something needs a decision, with 2 when a file
/// cannot be read.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The files, each as NODE=FILE; a single one without its node is this machine's.
    #[arg(value_name = "[NODE=]FILE")]
    files: Vec<String>,
    /// The same, once for each node.
    #[arg(long = "node", value_name = "NODE=FILE")]
    nodes: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let import = import(node_files(arguments)?, &mut Disk);
    output::print(&import.text)?;
    let errors = tell(&import);
    Ok(match errors {
        0 => Exit::Success,
        _ => Exit::Findings,
    })
}

fn node_files(arguments: &Arguments) -> anyhow::Result<Vec<NodeFile>> {
    let given: Vec<&String> = arguments.files.iter().chain(&arguments.nodes).collect();
    let mut seen = BTreeSet::new();
    let mut files = Vec::new();
    for one in &given {
        let (node, path) = match one.split_once('=') {
            Some((node, path)) => (node.to_owned(), path),
            None if given.len() == 1 => (this_host()?, one.as_str()),
            None => bail!("`{one}` does not say whose file it is: write NODE={one}"),
        };
        let node: NodeName = node.parse()?;
        if !seen.insert(node.clone()) {
            bail!("`{node}` is given twice");
        }
        let source = source::read_file(Path::new(path))?;
        files.push(NodeFile { node, source });
    }
    if files.is_empty() {
        bail!("name the file of each node: skep import keepalived cube01=cube01.conf …");
    }
    Ok(files)
}

fn this_host() -> anyhow::Result<String> {
    let name = fs::read_to_string("/proc/sys/kernel/hostname");
    Ok(name
        .context("cannot read the name of this host")?
        .trim()
        .to_owned())
}

/// Shows what is wrong; how many errors there are.
fn tell(import: &Import) -> usize {
    let set = ManifestSet {
        sources: import.texts.sources.clone(),
        ..ManifestSet::default()
    };
    let problems = import.texts.problems.iter();
    let findings: Vec<Finding> = problems.cloned().map(Finding::from).collect();
    let colour = output::colour(&io::stderr());
    output::tell(human::render(&set, &findings, colour).trim_end());
    let left_out = import.ledger.left_out().count();
    let met = import.ledger.entries.len();
    output::tell(&format!(
        "{} of {met} keywords taken over, {left_out} left out: the comments at the top of the manifest say why",
        met - left_out
    ));
    let errors = findings
        .iter()
        .filter(|one| one.severity == Severity::Error);
    errors.count()
}

/// Reads what files include, relative to them.
struct Disk;

/// The most files, or directories on the way to them, that one pattern may name.
const MATCHES_MAX: usize = 1_000;

impl Files for Disk {
    fn include(&mut self, include: Include<'_>) -> Result<Vec<Source>, String> {
        let directory = Path::new(include.from).parent().unwrap_or(Path::new(""));
        let found = matching(&directory.join(include.pattern))?;
        found.iter().map(|path| read(path)).collect()
    }
}

/// Reads a file that another one includes.
fn read(path: &Path) -> Result<Source, String> {
    // Before it is opened: opening a pipe that nobody writes to waits for ever.
    let metadata = fs::metadata(path).map_err(|error| format!("{}: {error}", path.display()))?;
    if !metadata.is_file() {
        return Err(format!("{} is no regular file", path.display()));
    }
    source::read_file(path).map_err(|error| match std::error::Error::source(&error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    })
}

/// The files that `pattern` stands for, sorted. Without wildcards it is the file itself, whether it
/// is there or not.
fn matching(pattern: &Path) -> Result<Vec<PathBuf>, String> {
    let mut found = vec![PathBuf::new()];
    let mut is_pattern = false;
    for step in pattern.components() {
        let name = step.as_os_str().to_string_lossy();
        if !name.contains(['*', '?']) {
            found.iter_mut().for_each(|path| path.push(step));
            continue;
        }
        let mut further = BTreeSet::new();
        for directory in &found {
            match entries(directory, &name) {
                Ok(entries) => further.extend(entries),
                // What follows a wildcard need not be in all that it stands for.
                Err(_) if is_pattern => {}
                Err(error) => return Err(format!("{}: {error}", directory.display())),
            }
        }
        if further.len() > MATCHES_MAX {
            return Err(format!("more than {MATCHES_MAX} names match"));
        }
        found = further.into_iter().collect();
        is_pattern = true;
    }
    found.retain(|path| !is_pattern || path.is_file());
    Ok(found)
}

/// What is in `directory` under a name that matches `pattern`.
fn entries(directory: &Path, pattern: &str) -> io::Result<Vec<PathBuf>> {
    let directory = if directory.as_os_str().is_empty() {
        Path::new(".")
    } else {
        directory
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_hidden = name.starts_with('.') && !pattern.starts_with('.');
        if !is_hidden && matches(pattern, &name) {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// Whether `name` is what `pattern` with `*` and `?` stands for.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut position) = (0, 0);
    // Where to go on when what follows the last `*` does not match.
    let mut retry = None;
    while position < name.len() {
        match pattern.get(at) {
            Some('*') => {
                retry = Some((at + 1, position));
                at += 1;
            }
            Some(c) if *c == '?' || *c == name[position] => {
                at += 1;
                position += 1;
            }
            _ => match retry {
                Some((after, from)) => {
                    retry = Some((after, from + 1));
                    (at, position) = (after, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{matches, matching, read};

    #[test]
    fn what_is_included_is_a_regular_file() {
        let top = tempfile::tempdir().expect("there is room");
        for path in [Path::new("/dev/zero"), top.path()] {
            let said = read(path).expect_err("it is none");
            assert!(said.contains("no regular file"), "{said}");
        }
        let said = read(&top.path().join("gone")).expect_err("it is not there");
        assert!(said.contains("No such file"), "{said}");
        let file = top.path().join("a.conf");
        fs::write(&file, "a").expect("there is room");
        assert_eq!(read(&file).expect("it is one").text, b"a");
    }

    #[test]
    fn a_pattern_goes_through_directories() {
        let top = tempfile::tempdir().expect("there is room");
        for file in [
            "sites/b/vrrp.conf",
            "sites/a/vrrp.conf",
            "sites/a/other.txt",
            "sites/c/other.conf",
            "sites/.d/vrrp.conf",
        ] {
            let file = top.path().join(file);
            fs::create_dir_all(file.parent().expect("it has one")).expect("there is room");
            fs::write(file, "").expect("there is room");
        }
        fs::write(top.path().join("sites/readme"), "").expect("there is room");
        let named = |pattern: &str| -> Vec<String> {
            let found = matching(&top.path().join(pattern)).expect("it can be read");
            let below = |path: &Path| path.strip_prefix(top.path()).map(Path::to_path_buf);
            let names = found.iter().map(|path| below(path).expect("it is below"));
            names.map(|path| path.display().to_string()).collect()
        };
        assert_eq!(
            named("sites/*/*.conf"),
            [
                "sites/a/vrrp.conf",
                "sites/b/vrrp.conf",
                "sites/c/other.conf"
            ]
        );
        assert_eq!(named("s*/?/other.txt"), ["sites/a/other.txt"]);
        assert_eq!(named("*/*/*/*.conf"), Vec::<String>::new());
        assert_eq!(named("sites/a/gone.conf"), ["sites/a/gone.conf"]);
        assert_eq!(named("sites/*.conf"), Vec::<String>::new());
        assert!(matching(&top.path().join("gone/*.conf")).is_err());
    }

    #[test]
    fn a_pattern_matches_as_in_a_shell() {
        for (pattern, name, expected) in [
            ("*.conf", "a.conf", true),
            ("*.conf", "a.config", false),
            ("v?-*", "v1-", true),
            ("*a*b", "xaxbxb", true),
            ("*a*b", "xaxbx", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
