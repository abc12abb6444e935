//! What stands outside all blocks: instances, sync groups, scripts, delays.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use skep_manifest::duration::Duration;

use super::model::{At, LooksAt, Node, Script, SyncGroup, Told};
use super::scribe::{Reading, Scribe};
use super::{entry, globals, instance, number};
use crate::keyword::{PROCESS, ROOT, SCRIPT, SYNC_GROUP};
use crate::language::{Statement, Word};
use crate::program::Program;

/// The most instances of a node: each is compared with those of the other nodes, and skep runs 255
/// on an interface.
const INSTANCES_MAX: usize = 1_500;

pub(super) fn read(statements: &[Statement], scribe: &mut Scribe<'_>) -> Node {
    let mut node = Node {
        name: scribe.node.clone(),
        globals: globals::Globals::default(),
        scripts: BTreeMap::new(),
        instances: Vec::new(),
        sync_groups: Vec::new(),
        delays: BTreeMap::new(),
    };
    scribe.block("", ROOT, statements, &mut |scribe, statement| {
        match statement.keyword.text.as_str() {
            "global_defs" => globals::read(statement, &mut node.globals, scribe),
            "vrrp_instance" if node.instances.len() == INSTANCES_MAX => {
                return Err(format!("it is more than the {INSTANCES_MAX} that are read"));
            }
            "vrrp_instance" => node.instances.push(instance::read(statement, scribe)?),
            "vrrp_sync_group" => node.sync_groups.push(sync_group(statement, scribe)?),
            "vrrp_script" => {
                let (name, script) = script(statement, scribe)?;
                add(&mut node, name, script, scribe);
            }
            "vrrp_track_process" => {
                let (name, process) = process(statement, scribe)?;
                add(&mut node, name, process, scribe);
            }
            "track_file" | "vrrp_track_file" => {
                let (name, file) = number::read(statement, scribe)?;
                add(&mut node, name, file, scribe);
            }
            _ => scribe.list(
                "interface_up_down_delays",
                "tracking[].upDelay, downDelay",
                statement.entries(),
                &mut |scribe, statement, _| {
                    let (interface, delays) = delays(statement, scribe)?;
                    node.delays.insert(interface, delays);
                    Ok(())
                },
            ),
        }
        Ok(())
    });
    node
}

/// Adds a check: scripts, processes and files have one set of names in a manifest, unlike in
/// keepalived.
fn add(node: &mut Node, name: String, script: Script, scribe: &mut Scribe<'_>) {
    match node.scripts.entry(name) {
        Entry::Vacant(vacant) => {
            vacant.insert(script);
        }
        Entry::Occupied(first) => scribe
            .error("name-twice", script.span)
            .says(format!("`{}` is the name of another check", first.key()))
            .help("give it another name, here and where it is tracked: it is left out")
            .beside(first.get().span, "the first one")
            .done(),
    }
}

pub(super) fn named<'s>(statement: &'s Statement, scribe: &mut Scribe<'_>) -> Reading<&'s Word> {
    let name = scribe.value(statement)?;
    if statement.block.is_none() {
        scribe
            .error("missing-block", statement.keyword.span)
            .says(format!("`{}` has no block", statement.keyword.text))
            .help("add `{` and `}` around what belongs to it");
    }
    Ok(name)
}

pub(super) fn empty(statement: &Statement) -> Script {
    Script {
        span: statement.keyword.span,
        looks_at: LooksAt::Nothing,
        interval: None,
        timeout: None,
        rise: None,
        fall: None,
        user: None,
        weight: None,
    }
}

fn script(statement: &Statement, scribe: &mut Scribe<'_>) -> Reading<(String, Script)> {
    let name = named(statement, scribe)?;
    let mut script = empty(statement);
    scribe.block(
        "vrrp_script",
        SCRIPT,
        statement.entries(),
        &mut |scribe, statement| {
            match statement.keyword.text.as_str() {
                "script" => {
                    let _first = scribe.first(statement)?;
                    let program = match statement.words.as_slice() {
                        [one] => Program::parse(&one.text),
                        words => Program::from_words(words.iter().map(|word| word.text.clone())),
                    };
                    script.looks_at = LooksAt::Program(At::new(program, statement.keyword.span));
                }
                "interval" => script.interval = Some(scribe.seconds(statement)?),
                "timeout" => script.timeout = Some(scribe.seconds(statement)?),
                "rise" => script.rise = Some(scribe.byte(statement, 1..=255)?),
                "fall" => script.fall = Some(scribe.byte(statement, 1..=255)?),
                "user" => {
                    let word = scribe.first(statement)?;
                    script.user = Some(At::new(word.text.clone(), statement.keyword.span));
                }
                "weight" => script.weight = entry::weight(statement, scribe)?,
                // That it fails until it has passed is the default of a manifest.
                _ => {}
            }
            Ok(())
        },
    );
    Ok((name.text.clone(), script))
}

fn process(statement: &Statement, scribe: &mut Scribe<'_>) -> Reading<(String, Script)> {
    let name = named(statement, scribe)?;
    let mut script = empty(statement);
    let mut runs = None;
    let mut minimum = 1;
    scribe.block(
        "vrrp_track_process",
        PROCESS,
        statement.entries(),
        &mut |scribe, statement| {
            match statement.keyword.text.as_str() {
                "process" => {
                    let word = scribe.value(statement)?;
                    let program = word.text.rsplit('/').next().unwrap_or_default();
                    runs = Some(At::new(program.to_owned(), statement.keyword.span));
                }
                "weight" => script.weight = entry::weight(statement, scribe)?,
                _ => {
                    let number = scribe.number(statement, 1..=65535)?;
                    minimum = u16::try_from(number.value).unwrap_or(u16::MAX);
                }
            }
            Ok(())
        },
    );
    if let Some(name) = runs {
        script.looks_at = LooksAt::Process { name, minimum };
    }
    Ok((name.text.clone(), script))
}

fn sync_group(statement: &Statement, scribe: &mut Scribe<'_>) -> Reading<SyncGroup> {
    const PATH: &str = "vrrp_sync_group";
    let name = named(statement, scribe)?;
    let mut group = SyncGroup {
        name: At::new(name.text.clone(), statement.keyword.span),
        instances: Vec::new(),
        tracks: Vec::new(),
        told: Told::default(),
    };
    scribe.block(
        PATH,
        SYNC_GROUP,
        statement.entries(),
        &mut |scribe, statement| {
            match statement.keyword.text.as_str() {
                "group" => {
                    let members = &mut group.instances;
                    scribe.list(
                        "vrrp_sync_group/group",
                        "syncGroup",
                        statement.entries(),
                        &mut |_, one, _| {
                            for word in std::iter::once(&one.keyword).chain(&one.words) {
                                members.push(At::new(word.text.clone(), word.span));
                            }
                            Ok(())
                        },
                    );
                }
                "track_file" | "track_interface" | "track_script" | "track_process" => {
                    entry::tracks(PATH, statement, &mut group.tracks, scribe);
                }
                _ => entry::told(statement, &mut group.told, scribe)?,
            }
            Ok(())
        },
    );
    Ok(group)
}

/// `eth0 DOWN [UP]`, in seconds.
fn delays(
    statement: &Statement,
    scribe: &mut Scribe<'_>,
) -> Reading<(String, At<(Duration, Duration)>)> {
    let first = scribe.first(statement)?;
    let down = scribe.parse_seconds(first)?;
    let up = match statement.words.get(1) {
        Some(word) => scribe.parse_seconds(word)?,
        None => down,
    };
    let delays = At::new((down, up), statement.keyword.span);
    Ok((statement.keyword.text.clone(), delays))
}
