//! A program of a check or notifier is written as if a shell read it.
//!
//! ## What it does
//!
//! Looks in the `argv` of `exec` for pipes, redirections, `&&`, `;`, variables and `$(..)`, and
//! for a program whose name holds blanks. A program that is a shell itself may have them all.
//!
//! ## Why is this bad?
//!
//! Programs run directly, without a shell. `|` is an argument like any other: the program is
//! confused by it and fails, or ignores it and passes whatever is the case. A check that always
//! fails keeps the addresses from every node.
//!
//! ## Example
//!
//! ```yaml
//! kind: HealthCheck
//! spec: {exec: {argv: [ss, -ltn, "|", grep, "80"]}}
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! kind: HealthCheck
//! spec: {listening: {port: 80}}
//! ```

use skep_manifest::health_check::Probe;
use skep_manifest::notifier::NotifierSpec;
use skep_manifest::object::Object;
use skep_manifest::problem::Severity;

use crate::finding::Finding;
use crate::manifests::Manifests;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule {
    id: "shell-syntax-in-argv",
    severity: Severity::Warning,
    source: include_str!("shell_syntax_in_argv.rs"),
    inspect,
};

const SHELLS: &[&str] = &["sh", "bash", "dash", "ash", "ksh", "zsh", "busybox"];

const OPERATORS: &[&str] = &[
    "|",
    "||",
    "&",
    "&&",
    ";",
    ">",
    ">>",
    "<",
    "<<",
    "2>",
    "2>&1",
    "&>",
    ">/dev/null",
    "2>/dev/null",
];

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    for document in &manifests.set.documents {
        let Some(argv) = argv(&document.object) else {
            continue;
        };
        let Some((index, what)) = shell_syntax(argv) else {
            continue;
        };
        findings.push(
            Finding::new(
                &RULE,
                document.span(&format!("/spec/exec/argv/{index}")),
                format!("{what}, and no shell reads this: the program gets it as it stands"),
            )
            .help("call a script, or a shell: `argv: [/bin/sh, -c, \"..\"]`; for a port, a file or a process there are checks without a program"),
        );
    }
}

fn argv(object: &Object) -> Option<&[String]> {
    match object {
        Object::HealthCheck(check) => match &check.spec.probe {
            Probe::Exec(exec) => Some(&exec.argv),
            Probe::Tcp(_)
            | Probe::Listening(_)
            | Probe::Http(_)
            | Probe::File(_)
            | Probe::Process(_)
            | Probe::Route(_) => None,
        },
        Object::Notifier(notifier) => match &notifier.spec {
            NotifierSpec::Exec(exec) => Some(&exec.argv),
            NotifierSpec::Email(_) | NotifierSpec::Webhook(_) => None,
        },
        Object::Swarm(_)
        | Object::VipGroup(_)
        | Object::Service(_)
        | Object::Stack(_)
        | Object::Network(_)
        | Object::Config(_)
        | Object::Secret(_) => None,
    }
}

/// The first argument that only a shell understands, and what it is.
fn shell_syntax(argv: &[String]) -> Option<(usize, String)> {
    let program = argv.first()?;
    let name = program.rsplit('/').next().unwrap_or(program);
    if SHELLS.contains(&name) {
        return None;
    }
    if program.contains(char::is_whitespace) {
        return Some((0, format!("`{program}` is several words in one")));
    }
    argv.iter().enumerate().find_map(|(index, argument)| {
        let what = if OPERATORS.contains(&argument.as_str()) {
            "an operator"
        } else if argument.contains("$(") || argument.contains('`') {
            "a command in a command"
        } else if has_variable(argument) {
            "a variable"
        } else {
            return None;
        };
        Some((index, format!("`{argument}` is {what} of a shell")))
    })
}

/// Whether there is a `$NAME` or `${NAME}`; `$1` and `$` alone belong to patterns.
fn has_variable(argument: &str) -> bool {
    argument.match_indices('$').any(|(at, _)| {
        let rest = argument[at + 1..].trim_start_matches('{');
        rest.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_shell_alone_understands_is_found() {
        for (argv, found) in [
            (&["/usr/bin/ss", "-ltn", "|", "grep", "80"][..], Some(2)),
            (&["curl -f http://localhost"], Some(0)),
            (&["/usr/bin/test", "-f", "$HOME/x"], Some(2)),
            (&["/usr/bin/echo", "$(date)"], Some(1)),
            (&["/bin/sh", "-c", "ss -ltn | grep -q 80"], None),
            (&["/usr/bin/awk", "{print $1}", "/etc/passwd"], None),
            (&["/usr/bin/grep", "-q", "^up$", "/run/state"], None),
            (&["/usr/bin/grep", "-q", "a|b", "/run/state"], None),
        ] {
            let argv: Vec<String> = argv.iter().map(|it| (*it).to_owned()).collect();
            assert_eq!(shell_syntax(&argv).map(|(at, _)| at), found, "{argv:?}");
        }
    }
}
