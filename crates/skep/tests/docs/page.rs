//! Pages of the book, with the commands that stand in them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The pages whose commands are run.
pub(crate) const NAMES: [&str; 21] = [
    "README.md",
    "docs/README.md",
    "docs/ci.md",
    "docs/coming-from-ansible.md",
    "docs/concepts.md",
    "docs/diff.md",
    "docs/editors.md",
    "docs/fuzzing.md",
    "docs/gitops.md",
    "docs/keepalived.md",
    "docs/install.md",
    "docs/lab.md",
    "docs/operating.md",
    "docs/simulate.md",
    "docs/start.md",
    "manifests/README.md",
    "manifests/seeds/000/README.md",
    "manifests/seeds/001/README.md",
    "manifests/seeds/002/README.md",
    "manifests/seeds/003/README.md",
    "docs/stacks.md",
];

/// A page.
pub(crate) struct Page {
    name: &'static str,
    pub(crate) blocks: Vec<Block>,
    /// The lines of all other blocks, each with its number.
    pub(crate) others: Vec<(usize, String)>,
    /// The files that it links to.
    pub(crate) links: Vec<String>,
}

/// Commands, as they stand between two fences.
pub(crate) struct Block {
    pub(crate) line: usize,
    pub(crate) how: How,
    commands: String,
}

/// How commands are run, as the fence says: `sh offline`, `sh lab`, `sh shown REASON`.
pub(crate) enum How {
    /// Anywhere; they end with this code.
    Offline { exit: i32 },
    /// Where network namespaces can be made.
    InLab,
    /// By nobody, and why.
    Shown(String),
}

/// The top of the repository.
pub(crate) fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

impl Page {
    pub(crate) fn read(name: &'static str) -> Self {
        let text = fs::read_to_string(top().join(name));
        let text = text.unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut page = Self {
            name,
            blocks: Vec::new(),
            others: Vec::new(),
            links: Vec::new(),
        };
        let mut lines = (1..).zip(text.lines());
        while let Some((line, text)) = lines.next() {
            let Some(fence) = text.strip_prefix("```") else {
                page.links.extend(links(text));
                continue;
            };
            let inside: Vec<(usize, &str)> = lines
                .by_ref()
                .take_while(|(_, text)| *text != "```")
                .collect();
            match fence.strip_prefix("sh ") {
                Some(how) => page.blocks.push(Block {
                    line,
                    how: How::parse(how)
                        .unwrap_or_else(|| panic!("{name}:{line}: it is not said how: {how}")),
                    commands: inside.iter().flat_map(|(_, text)| [text, "\n"]).collect(),
                }),
                None => {
                    let inside = inside.into_iter();
                    page.others
                        .extend(inside.map(|(line, text)| (line, text.to_owned())));
                }
            }
        }
        page
    }

    /// Lets the commands that are run in a lab call something otherwise.
    pub(crate) fn rename(&mut self, from: &str, to: &str) {
        let in_lab = |block: &&mut Block| matches!(block.how, How::InLab);
        let called = |block: &mut Block| block.commands.contains(from);
        let mut blocks = self.blocks.iter_mut().filter(in_lab);
        assert!(blocks.any(called), "{}", self.name);
        for block in self.blocks.iter_mut().filter(in_lab) {
            block.commands = block.commands.replace(from, to);
        }
    }

    /// Runs the blocks that are to be, one after the other, in a copy of what people start from.
    pub(crate) fn run(&self, is_run: impl Fn(&How) -> bool) {
        let blocks: Vec<&Block> = self.blocks.iter().filter(|it| is_run(&it.how)).collect();
        if blocks.is_empty() {
            return;
        }
        let site = tempfile::tempdir().expect("there is room");
        let top = top();
        let (code, said) = bash(
            site.path(),
            &format!(
                "cp -r {top}/manifests {top}/schemas .
                 git init --quiet --initial-branch main
                 git add .
                 git -c user.name=a -c user.email=a@b commit --quiet -m first",
                top = top.display()
            ),
        );
        assert_eq!(code, Some(0), "{said}");
        for block in blocks {
            let expected = match block.how {
                How::Offline { exit } => exit,
                How::InLab | How::Shown(_) => 0,
            };
            let (code, said) = bash(site.path(), &block.commands);
            let place = format!("{}:{}", self.name, block.line);
            assert_eq!(code, Some(expected), "{place}\n{}{said}", block.commands);
        }
    }
}

impl How {
    fn parse(text: &str) -> Option<Self> {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        match (word, rest) {
            ("offline", "") => Some(Self::Offline { exit: 0 }),
            ("offline", rest) => Some(Self::Offline {
                exit: rest.strip_prefix("exit=")?.parse().ok()?,
            }),
            ("lab", "") => Some(Self::InLab),
            ("shown", reason) if !reason.is_empty() => Some(Self::Shown(reason.to_owned())),
            _ => None,
        }
    }
}

/// The files of this repository that a line links to.
fn links(line: &str) -> Vec<String> {
    let targets = line.split("](").skip(1);
    let targets = targets.filter_map(|rest| Some(rest.split_once(')')?.0));
    targets
        .filter(|target| !target.contains("://") && !target.starts_with('#'))
        .map(|target| target.split('#').next().unwrap_or(target).to_owned())
        .collect()
}

/// Runs commands as a person's shell would, with the `skep` of this build; its code, and what it
/// said.
pub(crate) fn bash(directory: &Path, commands: &str) -> (Option<i32>, String) {
    let skep = Path::new(env!("CARGO_BIN_EXE_skep"));
    let programs = skep.parent().expect("a program lies in a folder").display();
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("bash")
        .args(["--norc", "-euo", "pipefail", "-c", commands])
        .current_dir(directory)
        .env("PATH", format!("{programs}:{path}"))
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .stdin(Stdio::null())
        .output()
        .expect("bash runs");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    (output.status.code(), said)
}
