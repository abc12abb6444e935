//! What stands in the lists of instances and sync groups, and what both say alike.

use skep_manifest::address::{Address, InterfaceAddress, Subnet};
use skep_manifest::vip_group::address::{PolicyRule, Route};
use skep_manifest::vip_group::tracking::Weight;
use skep_manifest::vip_group::transport::Version;

use super::model::{At, Event, HeldAddress, Told, Track, Tracked};
use super::scribe::{Reading, Scribe, join};
use crate::keyword::{ADDRESS, ROUTE, RULE, TRACK};
use crate::language::{Statement, Word};
use crate::program::{Call, Program};

/// `2` or `3`.
pub(super) fn version(statement: &Statement, scribe: &mut Scribe<'_>) -> Reading<At<Version>> {
    let number = scribe.byte(statement, 2..=3)?;
    let version = Version::try_from(number.value).map_err(|error| error.to_string())?;
    Ok(At::new(version, number.span))
}

fn value<'w>(option: &str, words: &'w [Word]) -> Reading<&'w Word> {
    words
        .first()
        .ok_or_else(|| format!("`{option}` has no value"))
}

/// `10.0.0.70/24 dev eth0 label eth0:1`.
pub(super) fn address(
    statement: &Statement,
    path: &str,
    scribe: &mut Scribe<'_>,
) -> Reading<At<HeldAddress>> {
    let what = "an address";
    let parsed: Reading<InterfaceAddress> = scribe.parse(&statement.keyword, what);
    let mut held = HeldAddress {
        address: "0.0.0.0".parse().map_err(|_| what.to_owned())?,
        interface: None,
        label: None,
        is_excluded: false,
    };
    let options = scribe.options(path, ADDRESS, &statement.words, |scribe, option, words| {
        let word = value(option, words)?;
        if option == "dev" {
            held.interface = Some(scribe.parse(word, "an interface")?);
        } else {
            held.label = Some(word.text.clone());
        }
        Ok(1)
    });
    held.address = parsed?;
    options?;
    Ok(At::new(held, statement.keyword.span))
}

/// The prefix of a route: also `default`, and an address without a length.
fn destination(word: &Word, scribe: &mut Scribe<'_>) -> Reading<Subnet> {
    let text = match word.text.as_str() {
        "default" | "any" | "all" => "0.0.0.0/0".to_owned(),
        "default6" => "::/0".to_owned(),
        text if text.contains('/') => text.to_owned(),
        text if text.contains(':') => format!("{text}/128"),
        text => format!("{text}/32"),
    };
    let span = word.span;
    scribe.parse(&Word { text, span }, "a network")
}

/// `[to] 192.0.2.0/24 via 10.0.0.1 dev eth0 table 100`.
pub(super) fn route(
    statement: &Statement,
    path: &str,
    scribe: &mut Scribe<'_>,
) -> Reading<At<Route>> {
    let (mut to, mut via, mut interface, mut table) = (None, None, None, None);
    let words: Vec<Word> = std::iter::once(&statement.keyword)
        .chain(&statement.words)
        .cloned()
        .collect();
    let is_option = |word: &Word| crate::keyword::find(ROUTE, &word.text).is_some();
    let bare = words.first().filter(|word| !is_option(word));
    if let Some(word) = bare {
        to = Some(destination(word, scribe)?);
    }
    let words = &words[usize::from(bare.is_some())..];
    let mut is_special = false;
    let options = scribe.options(path, ROUTE, words, |scribe, option, words| {
        let word = value(option, words)?;
        match option {
            "to" => to = Some(destination(word, scribe)?),
            "via" | "gw" => via = Some(scribe.parse::<Address>(word, "an address")?),
            "table" => table = Some(routing_table(word, scribe)?),
            _ => interface = Some(scribe.parse(word, "an interface")?),
        }
        Ok(1)
    });
    options?;
    for word in words {
        is_special |= matches!(
            word.text.as_str(),
            "blackhole" | "unreachable" | "prohibit" | "throw" | "nexthop"
        );
    }
    match to {
        Some(to) if !is_special => {
            let route = Route {
                to,
                via,
                interface,
                table,
            };
            Ok(At::new(route, statement.keyword.span))
        }
        _ => Err("a route of a manifest has `to`, `via`, `interface` and `table`".to_owned()),
    }
}

/// The number of a table; the kernel's own also have names.
fn routing_table(word: &Word, scribe: &mut Scribe<'_>) -> Reading<u32> {
    match word.text.as_str() {
        "local" => Ok(255),
        "main" => Ok(254),
        "default" => Ok(253),
        _ => scribe.parse(word, "the number of a table"),
    }
}

/// `from 10.0.0.70 table 100 priority 50`.
pub(super) fn rule(
    statement: &Statement,
    path: &str,
    scribe: &mut Scribe<'_>,
) -> Reading<At<PolicyRule>> {
    let (mut from, mut table, mut priority) = (None, None, None);
    let words: Vec<Word> = std::iter::once(&statement.keyword)
        .chain(&statement.words)
        .cloned()
        .collect();
    let mut has_more = false;
    for word in &words {
        has_more |= matches!(
            crate::keyword::find(RULE, &word.text),
            Some(crate::keyword::Treatment::LeftOut(_))
        ) && word.text != "no_track";
    }
    let options = scribe.options(path, RULE, &words, |scribe, option, words| {
        let word = value(option, words)?;
        match option {
            "from" => from = Some(scribe.parse(word, "an address")?),
            "table" | "lookup" => table = Some(routing_table(word, scribe)?),
            _ => priority = Some(scribe.parse(word, "a number")?),
        }
        Ok(1)
    });
    options?;
    match (from, table) {
        (Some(from), Some(table)) if !has_more => {
            let rule = PolicyRule {
                from,
                table,
                priority,
            };
            Ok(At::new(rule, statement.keyword.span))
        }
        _ => Err("a rule of a manifest has `from`, `table` and `priority`".to_owned()),
    }
}

/// `track_file`, `track_interface`, `track_script` and `track_process`.
pub(super) fn tracks(
    path: &str,
    statement: &Statement,
    tracks: &mut Vec<At<Track>>,
    scribe: &mut Scribe<'_>,
) {
    let path = join(path, &statement.keyword.text);
    scribe.list(
        &path,
        "tracking",
        statement.entries(),
        &mut |scribe, one, path| {
            let mut what = match statement.keyword.text.as_str() {
                "track_interface" => {
                    Tracked::Interface(scribe.parse(&one.keyword, "an interface")?)
                }
                "track_file" => Tracked::Number(one.keyword.text.clone(), None),
                _ => Tracked::Check(one.keyword.text.clone()),
            };
            let mut weight = None;
            let options = scribe.options(path, TRACK, &one.words, |scribe, option, words| {
                if option == "noreverse" {
                    return Ok(0);
                }
                let word = value(option, words)?;
                match &mut what {
                    Tracked::Number(_, times) => *times = Some(scribe.parse(word, "a weight")?),
                    Tracked::Check(_) | Tracked::Interface(_) => {
                        weight = parse_weight(word, scribe)?;
                    }
                }
                Ok(1)
            });
            not_reversed(&one.words, scribe)?;
            options?;
            add_track(
                At::new(Track { what, weight }, one.keyword.span),
                tracks,
                scribe,
            )
        },
    );
}

/// Adds what is not tracked yet.
fn add_track(
    track: At<Track>,
    tracks: &mut Vec<At<Track>>,
    scribe: &mut Scribe<'_>,
) -> Reading<()> {
    let is_same = |other: &&At<Track>| match (&other.value.what, &track.value.what) {
        (Tracked::Interface(one), Tracked::Interface(other)) => one == other,
        (Tracked::Check(one), Tracked::Check(other)) => one == other,
        (Tracked::Number(one, _), Tracked::Number(other, _)) => one == other,
        (Tracked::Interface(_) | Tracked::Check(_) | Tracked::Number(..), _) => false,
    };
    // Who lists so many lists them twice for another reason.
    if let Some(first) = tracks.iter().take(TRACKS_COMPARED).find(is_same) {
        scribe
            .warning("tracked-twice", track.span)
            .says("it is tracked already")
            .help("remove one of them: keepalived ignores the second, and it is left out")
            .beside(first.span, "the first one")
            .done();
        return Err("it is tracked already".to_owned());
    }
    tracks.push(track);
    Ok(())
}

/// How many tracked ones each further one is compared with.
const TRACKS_COMPARED: usize = 100;

const NOT_REVERSED: &str = "a weight that is reversed cannot be said in a manifest";

/// Refuses `reverse` among the words, and tells.
pub(super) fn not_reversed(words: &[Word], scribe: &mut Scribe<'_>) -> Reading<()> {
    let Some(word) = words.iter().find(|word| word.text == "reverse") else {
        return Ok(());
    };
    scribe
        .error("not-expressible", word.span)
        .says(NOT_REVERSED)
        .help("turn the check round, or give the weight the other sign on the other members");
    Err(NOT_REVERSED.to_owned())
}

/// The weight of a script or process; 0 is none.
pub(super) fn weight(
    statement: &Statement,
    scribe: &mut Scribe<'_>,
) -> Reading<Option<At<Weight>>> {
    let word = scribe.first(statement)?;
    let weight = parse_weight(word, scribe)?;
    not_reversed(&statement.words, scribe)?;
    Ok(weight.map(|weight| At::new(weight, statement.keyword.span)))
}

fn parse_weight(word: &Word, scribe: &mut Scribe<'_>) -> Reading<Option<Weight>> {
    let number: i16 = scribe.parse(word, "a weight")?;
    if number == 0 {
        return Ok(None);
    }
    Weight::try_from(number).map(Some).map_err(|error| {
        scribe
            .error("invalid-value", word.span)
            .says(error.to_string())
            .help("correct it; keepalived takes 0, which is a fault");
        "what it says is wrong".to_owned()
    })
}

/// `notify_…` and `smtp_alert`.
pub(super) fn told(statement: &Statement, told: &mut Told, scribe: &mut Scribe<'_>) -> Reading<()> {
    let event = match statement.keyword.text.as_str() {
        "notify_master" => Event::Master,
        "notify_backup" => Event::Backup,
        "notify_fault" => Event::Fault,
        "notify" => Event::Any,
        _ => {
            told.by_mail = Some(scribe.truth(statement)?);
            return Ok(());
        }
    };
    let call = call(statement, scribe)?;
    let mut rest = call.rest.iter();
    let user = rest.next().cloned();
    group(rest.next(), statement, scribe);
    let program = call.program;
    if let Some(shell) = program.shell_word() {
        scribe
            .warning("shell-in-script", statement.keyword.span)
            .says(format!("`{shell}` means something to a shell only, and keepalived starts none"))
            .help("name a program; it is taken over as `/bin/sh -c`, which is probably what was meant");
    }
    told.programs
        .push(At::new((event, program, user), statement.keyword.span));
    Ok(())
}

/// The program that `statement` names, and the words behind it.
fn call(statement: &Statement, scribe: &mut Scribe<'_>) -> Reading<Call> {
    let _first = scribe.first(statement)?;
    let call = Call::parse(&statement.line);
    if !call.is_closed {
        scribe
            .error("unclosed-quote", statement.keyword.span)
            .says("a quotation mark of this program is not closed")
            .help("close it: keepalived runs nothing; it is taken over as if it were closed at the end");
    } else if call.is_ambiguous {
        scribe
            .warning("backslash-in-program", statement.keyword.span)
            .says("keepalived before 2.3.2 reads these backslashes in another way than later ones")
            .help("it is taken over as the older ones read it: look at its arguments");
    }
    Ok(call)
}

/// `script`.
pub(super) fn script(statement: &Statement, scribe: &mut Scribe<'_>) -> Reading<At<Program>> {
    let call = call(statement, scribe)?;
    if let (Some(program), [_, ..]) = (call.program.argv.first(), call.rest.as_slice()) {
        scribe
            .warning("arguments-outside-quotes", statement.keyword.span)
            .says(format!("keepalived runs `{program}` alone: without quotation marks it takes one word"))
            .help("put it into quotation marks with its arguments: so it is taken over, which is probably what was meant");
    }
    let program = match call.rest.is_empty() {
        true => call.program,
        false => call.meant(),
    };
    Ok(At::new(program, statement.keyword.span))
}

/// Says that a program's group is not taken over.
pub(super) fn group(group: Option<&String>, statement: &Statement, scribe: &mut Scribe<'_>) {
    if let Some(group) = group {
        scribe
            .note("group-of-program", statement.keyword.span)
            .says(format!("the group `{group}` is not taken over"))
            .help("skep runs a program with the groups of its user");
    }
}
