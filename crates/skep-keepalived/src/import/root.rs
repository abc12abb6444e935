//! What stands outside all blocks: instances, sync groups, scripts, delays.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use skep_manifest::duration::Duration;
use skep_manifest::span::Span;

use super::model::{At, LooksAt, Node, Script, SyncGroup, Told, Tracked};
use super::scribe::{Reading, Scribe};
use super::{entry, globals, instance, number};
use crate::keyword::{PROCESS, ROOT, SCRIPT, SYNC_GROUP};
use crate::language::{Statement, Word};

/// The most instances of a node: each is compared with those of the other nodes, and skep runs 255
/// on an interface.
const INSTANCES_MAX: usize = 1_500;
/// The most checks of a node.
const CHECKS_MAX: usize = 1_500;

pub(super) fn read(statements: &[Statement], scribe: &mut Scribe<'_>) -> Node {
    let mut node = Node {
        name: scribe.node.clone(),
        globals: globals::Globals::default(),
        scripts: BTreeMap::new(),
        instances: Vec::new(),
        sync_groups: Vec::new(),
        delays: BTreeMap::new(),
    };
    let mut names = BTreeMap::new();
    scribe.block("", ROOT, statements, &mut |scribe, statement| {
        match statement.keyword.text.as_str() {
            "track_file" | "vrrp_script" | "vrrp_track_file" | "vrrp_track_process"
                if node.scripts.len() == CHECKS_MAX =>
            {
                return Err(format!("it is more than the {CHECKS_MAX} that are read"));
            }
            "global_defs" => globals::read(statement, &mut node.globals, scribe),
            "vrrp_instance" if node.instances.len() == INSTANCES_MAX => {
                return Err(format!("it is more than the {INSTANCES_MAX} that are read"));
            }
            "vrrp_instance" => {
                let instance = instance::read(statement, scribe)?;
                match names.entry(instance.name.value.clone()) {
                    Entry::Occupied(first) => tell_twice(&instance.name, *first.get(), scribe),
                    Entry::Vacant(vacant) => {
                        vacant.insert(instance.name.span);
                        node.instances.push(instance);
                    }
                }
            }
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
    tell_untracked(&node, scribe);
    tell_strangers(&node, scribe);
    node
}

/// Says that keepalived has an instance of this name already.
fn tell_twice(name: &At<String>, first: Span, scribe: &mut Scribe<'_>) {
    scribe
        .error("name-twice", name.span)
        .says(format!("`{}` is the name of another instance", name.value))
        .help("give it a name of its own: keepalived ignores the second, and it is left out")
        .beside(first, "the first one")
        .done();
}

/// Says of delays that they belong to no tracked interface.
fn tell_untracked(node: &Node, scribe: &mut Scribe<'_>) {
    let instances = node.instances.iter().flat_map(|instance| &instance.tracks);
    let groups = node.sync_groups.iter().flat_map(|group| &group.tracks);
    let tracked: BTreeSet<&str> = instances
        .chain(groups)
        .filter_map(|track| match &track.value.what {
            Tracked::Interface(interface) => Some(interface.as_str()),
            Tracked::Check(_) | Tracked::Number(..) => None,
        })
        .collect();
    for (interface, delays) in &node.delays {
        if !tracked.contains(interface.as_str()) {
            scribe
                .note("not-expressible", delays.span)
                .says(format!("no instance has `{interface}` in `track_interface`"))
                .help("a manifest delays only what `tracking` names: the interface of a group itself counts at once");
        }
    }
}

/// Says of the members of sync groups that they are no instances, or in another group.
fn tell_strangers(node: &Node, scribe: &mut Scribe<'_>) {
    let known: BTreeSet<&str> = node
        .instances
        .iter()
        .map(|instance| instance.name.value.as_str())
        .collect();
    let mut taken: BTreeMap<&str, Span> = BTreeMap::new();
    for member in node.sync_groups.iter().flat_map(|group| &group.instances) {
        let name = member.value.as_str();
        if !known.contains(name) {
            scribe
                .error("unknown-instance", member.span)
                .says(format!("there is no instance `{name}`"))
                .help("look for a typing mistake; keepalived ignores it here");
            continue;
        }
        match taken.entry(name) {
            Entry::Vacant(vacant) => {
                vacant.insert(member.span);
            }
            Entry::Occupied(first) => scribe
                .error("sync-group-twice", member.span)
                .says(format!("`{name}` is in a sync group already"))
                .help("an instance is in one: keepalived ignores it here")
                .beside(*first.get(), "the first one")
                .done(),
        }
    }
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
                "script" => script.looks_at = LooksAt::Program(entry::script(statement, scribe)?),
                "interval" => script.interval = Some(scribe.seconds(statement)?),
                "timeout" => script.timeout = Some(scribe.seconds(statement)?),
                "rise" => script.rise = Some(scribe.byte(statement, 1..=255)?),
                "fall" => script.fall = Some(scribe.byte(statement, 1..=255)?),
                "user" => {
                    let word = scribe.first(statement)?;
                    script.user = Some(At::new(word.text.clone(), statement.keyword.span));
                    entry::group(
                        statement.words.get(1).map(|word| &word.text),
                        statement,
                        scribe,
                    );
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
                    let word = scribe.first(statement)?;
                    if let Some(parameter) = statement.words.get(1) {
                        scribe
                            .note("parameters-of-process", parameter.span)
                            .says("the parameters of the process are not taken over")
                            .help("a check looks at its name only");
                    }
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
