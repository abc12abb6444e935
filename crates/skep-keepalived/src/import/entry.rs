//! What stands in the lists of instances and sync groups, and what both say alike.

use skep_manifest::address::{Address, InterfaceAddress, Subnet};
use skep_manifest::vip_group::address::{PolicyRule, Route};
use skep_manifest::vip_group::tracking::Weight;
use skep_manifest::vip_group::transport::Version;

use super::model::{At, Event, HeldAddress, Told, Track, Tracked};
use super::scribe::{Reading, Scribe, join};
use crate::keyword::{ADDRESS, ROUTE, RULE, TRACK};
use crate::language::{Statement, Word};
use crate::program::Program;

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
    scribe.options(path, ADDRESS, &statement.words, |scribe, option, words| {
        let word = value(option, words)?;
        if option == "dev" {
            held.interface = Some(scribe.parse(word, "an interface")?);
        } else {
            held.label = Some(word.text.clone());
        }
        Ok(1)
    });
    held.address = parsed?;
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
    scribe.options(path, ROUTE, words, |scribe, option, words| {
        let word = value(option, words)?;
        match option {
            "to" => to = Some(destination(word, scribe)?),
            "via" | "gw" => via = Some(scribe.parse::<Address>(word, "an address")?),
            "table" => table = Some(scribe.parse(word, "the number of a table")?),
            _ => interface = Some(scribe.parse(word, "an interface")?),
        }
        Ok(1)
    });
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
    scribe.options(path, RULE, &words, |scribe, option, words| {
        let word = value(option, words)?;
        match option {
            "from" => from = Some(scribe.parse(word, "an address")?),
            "table" | "lookup" => table = Some(scribe.parse(word, "the number of a table")?),
            _ => priority = Some(scribe.parse(word, "a number")?),
        }
        Ok(1)
    });
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
            scribe.options(path, TRACK, &one.words, |scribe, option, words| {
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
            tracks.push(At::new(Track { what, weight }, one.keyword.span));
            Ok(())
        },
    );
}

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
    let word = scribe.first(statement)?;
    let user = statement.words.get(1).map(|user| user.text.clone());
    let program = Program::parse(&word.text);
    if let Some(shell) = program.shell_word() {
        scribe
            .warning("shell-in-script", word.span)
            .says(format!("`{shell}` means something to a shell only, and keepalived starts none"))
            .help("name a program; it is taken over as `/bin/sh -c`, which is probably what was meant");
    }
    told.programs
        .push(At::new((event, program, user), statement.keyword.span));
    Ok(())
}
