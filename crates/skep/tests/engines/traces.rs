//! What on this machine carries a lab's name.

use std::fs;
use std::process::Command;

use crate::site::Speak as _;

/// Everything a lab of a name could leave.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Traces {
    namespaces: Vec<String>,
    mounts: Vec<String>,
    processes: Vec<String>,
    control_groups: Vec<String>,
    directories: Vec<String>,
}

impl Traces {
    pub(crate) fn of(name: &str) -> Self {
        let namespace = format!("skep-{name}");
        let disk = format!("/skep-lab/{name}");
        let naming = |text: String, mark: &str| -> Vec<String> {
            let lines = text.lines().filter(|line| line.contains(mark));
            lines.map(str::to_owned).collect()
        };
        let groups = ["/sys/fs/cgroup", "/sys/fs/cgroup/memory"].map(names_in);
        Self {
            namespaces: naming(listing("ip", &["netns", "list"]), &namespace),
            mounts: naming(
                fs::read_to_string("/proc/self/mounts").expect("it is there"),
                name,
            ),
            processes: naming(listing("ps", &["-eo", "args"]), &disk),
            control_groups: naming(groups.concat().join("\n"), &namespace),
            directories: ["/run/skep-lab", "/var/lib/skep-lab"]
                .map(|parent| format!("{parent}/{name}"))
                .into_iter()
                .filter(|path| fs::exists(path).unwrap_or(true))
                .collect(),
        }
    }

    /// Fails when there are any.
    pub(crate) fn check_none(&self) {
        assert_eq!(*self, Self::default(), "the lab left something behind");
    }
}

fn names_in(directory: &str) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect()
}

fn listing(program: &str, arguments: &[&str]) -> String {
    Command::new(program).args(arguments).said().check_success()
}
