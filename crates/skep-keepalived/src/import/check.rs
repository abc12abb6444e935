//! Scripts and processes as health checks.

use std::collections::BTreeMap;

use skep_manifest::duration::Interval;
use skep_manifest::health_check::{ExecProbe, HealthCheckSpec, Initially, Probe, ProcessProbe};
use skep_manifest::object::{Metadata, Object, Resource};
use skep_manifest::problem::Severity;

use super::group::{Document, metadata};
use super::model::{LooksAt, Node, Script};
use super::names::Names;
use super::number;
use crate::language::Texts;
use crate::{probe, program};

/// keepalived believes the first result; seconds from one to the next.
const ONCE: u8 = 1;

/// One check for each name that any node's file defines.
pub(super) fn documents(nodes: &[Node], names: &mut Names, texts: &mut Texts) -> Vec<Document> {
    let mut first: BTreeMap<&str, (&Script, HealthCheckSpec)> = BTreeMap::new();
    for node in nodes {
        for (name, script) in &node.scripts {
            if matches!(script.looks_at, LooksAt::Number { .. }) && !names.has(name) {
                number::untracked(name, script, texts);
                continue;
            }
            let Some(spec) = spec(node, script, texts) else {
                texts
                    .report(Severity::Error, "missing-value", script.span)
                    .says(format!("`{name}` looks at nothing"))
                    .help("keepalived ignores it: give it a `script`, a `process` or a `file`");
                continue;
            };
            match first.get(name.as_str()) {
                None => {
                    first.insert(name, (script, spec));
                }
                Some((other, known)) if *known != spec => texts
                    .report(Severity::Warning, "differs-between-nodes", script.span)
                    .says(format!("`{name}` is another check on `{}`", node.name))
                    .help("a check is the same on all nodes: the first one is taken over")
                    .beside(other.span, "the first one")
                    .done(),
                Some(_) => {}
            }
        }
    }
    let document = |(name, (script, spec)): (&str, (&Script, HealthCheckSpec))| Document {
        notes: notes(script),
        object: Object::HealthCheck(Resource {
            metadata: Metadata {
                ..metadata(names.name(name))
            },
            spec,
        }),
    };
    first.into_iter().map(document).collect()
}

fn spec(node: &Node, script: &Script, texts: &mut Texts) -> Option<HealthCheckSpec> {
    let probe = match &script.looks_at {
        LooksAt::Nothing => return None,
        LooksAt::Process { name, minimum } => Probe::Process(ProcessProbe {
            name: name.value.clone(),
            minimum: *minimum,
        }),
        LooksAt::Number { path, .. } => number::probe(path, texts),
        LooksAt::Program(program) if program.value.argv.is_empty() => return None,
        LooksAt::Program(program) => {
            let native = probe::native(&program.value);
            let shell = program.value.shell_word();
            if let Some(word) = shell {
                texts
                    .report(Severity::Warning, "shell-in-script", program.span)
                    .says(format!("`{word}` means something to a shell only, and keepalived starts none"))
                    .help(format!(
                        "it gets `{word}` as an argument and probably fails for ever; it is taken over {}",
                        if native.is_some() { "as what was meant" } else { "as `/bin/sh -c`" }
                    ));
            }
            native
                .unwrap_or_else(|| Probe::Exec(exec(node, script, &program.value, shell.is_some())))
        }
    };
    Some(HealthCheckSpec {
        probe,
        interval: script
            .interval
            .as_ref()
            .map_or(Interval::from_secs(1), |interval| interval.value),
        timeout: script.timeout.as_ref().map(|timeout| timeout.value),
        fall: script.fall.as_ref().map_or(ONCE, |fall| fall.value),
        rise: script.rise.as_ref().map_or(ONCE, |rise| rise.value),
        initially: Initially::Failing,
    })
}

fn exec(node: &Node, script: &Script, program: &program::Program, needs_shell: bool) -> ExecProbe {
    let said = script.user.as_ref().or(node.globals.user.as_ref());
    let said = said.map_or("nobody", |user| user.value.as_str());
    let (user, argv) =
        program::Program::without_user(&program.argv).unwrap_or((said, program.argv.as_slice()));
    ExecProbe {
        argv: if needs_shell {
            vec!["/bin/sh".to_owned(), "-c".to_owned(), program.text.clone()]
        } else {
            argv.to_vec()
        },
        user: user.to_owned(),
        environment: BTreeMap::new(),
    }
}

fn notes(script: &Script) -> Vec<(String, skep_manifest::span::Span)> {
    let at = |pointer: &str, span| (pointer.to_owned(), span);
    let mut notes = vec![at("/metadata/name", script.span)];
    notes.extend(
        script
            .interval
            .as_ref()
            .map(|one| at("/spec/interval", one.span)),
    );
    notes.extend(
        script
            .timeout
            .as_ref()
            .map(|one| at("/spec/timeout", one.span)),
    );
    notes.extend(script.fall.as_ref().map(|one| at("/spec/fall", one.span)));
    notes.extend(script.rise.as_ref().map(|one| at("/spec/rise", one.span)));
    notes
}
