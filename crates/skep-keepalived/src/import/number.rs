//! `track_file`: a number in a file, times a weight, is added to the priority. A check knows of it
//! whether it is 0.

use skep_manifest::health_check::{FileProbe, Probe};
use skep_manifest::problem::Severity;
use skep_manifest::value_source::AbsolutePath;
use skep_manifest::vip_group::tracking::{TrackedCheck, Tracking, Weight};

use super::group::{Part, Shared};
use super::model::{At, LooksAt, Script};
use super::root;
use super::scribe::{Reading, Scribe};
use crate::keyword::FILE;
use crate::language::{Statement, Texts, Word};

/// What a number weighs that nothing is said of.
const USUAL: i32 = 1;
/// What comes to less is a fault.
const LEAST: i32 = -253;

/// `track_file NAME { … }`.
pub(super) fn read(statement: &Statement, scribe: &mut Scribe<'_>) -> Reading<(String, Script)> {
    let name = root::named(statement, scribe)?;
    let mut script = root::empty(statement);
    let mut file = None;
    let mut weighs = USUAL;
    scribe.block(
        &statement.keyword.text,
        FILE,
        statement.entries(),
        &mut |scribe, statement| {
            match statement.keyword.text.as_str() {
                "file" => file = Some(scribe.parsed::<AbsolutePath>(statement, "a path")?),
                _ => weighs = weight(scribe.first(statement)?, &statement.words, scribe)?,
            }
            Ok(())
        },
    );
    if let Some(path) = file {
        script.looks_at = LooksAt::Number { path, weighs };
    }
    Ok((name.text.clone(), script))
}

/// How often the number counts: `word`, which stands among `words`.
pub(super) fn weight(word: &Word, words: &[Word], scribe: &mut Scribe<'_>) -> Reading<i32> {
    let weight = scribe.parse(word, "a weight")?;
    super::entry::not_reversed(words, scribe)?;
    Ok(weight)
}

/// What is tracked where the number in the file `name` counts `weight` times.
pub(super) fn tracking(
    part: &Part<'_>,
    name: &At<&str>,
    weight: Option<i32>,
    shared: &mut Shared<'_>,
) -> Option<Tracking> {
    let script = part.node.scripts.get(name.value);
    let Some(LooksAt::Number { weighs, .. }) = script.map(|script| &script.looks_at) else {
        shared
            .texts
            .report(Severity::Error, "unknown-check", name.span)
            .says(format!("there is no file `{}`", name.value))
            .help("define it with `track_file`; keepalived ignores what it does not know");
        return None;
    };
    let weight = match weight.unwrap_or(*weighs) {
        0 | ..LEAST => None,
        weight @ LEAST..=-2 => {
            shared
                .texts
                .report(Severity::Warning, "number-in-file", name.span)
                .says(format!(
                    "the number in a file counts {weight} times, and a check knows only whether it is 0"
                ))
                .help("it is taken over for a file that says 0 or 1: for other numbers write a `file` check each");
            i16::try_from(weight)
                .ok()
                .and_then(|weight| Weight::try_from(weight).ok())
        }
        weight => {
            shared
                .texts
                .report(Severity::Error, "not-expressible", name.span)
                .says(format!(
                    "the number in a file counts {weight} times, and a check knows only whether it is 0"
                ))
                .help("write a `file` check with `equals` for each number that it takes, each with its weight");
            return None;
        }
    };
    Some(Tracking::Check(TrackedCheck {
        check: shared.checks.name(name.value),
        effect: None,
        weight,
    }))
}

/// Passes while the file says 0.
pub(super) fn probe(path: &At<AbsolutePath>, texts: &mut Texts) -> Probe {
    texts
        .report(Severity::Warning, "number-in-file", path.span)
        .says(format!("the check passes while `{}` says `0`", path.value.as_str()))
        .help("for keepalived a file that is not there says 0 as well: create it on every node before the agent starts");
    Probe::File(FileProbe {
        path: path.value.clone(),
        equals: Some("0".to_owned()),
    })
}

/// Says of a file that no group takes over that it is left out.
pub(super) fn untracked(name: &str, script: &Script, texts: &mut Texts) {
    texts
        .report(Severity::Note, "not-expressible", script.span)
        .says(format!(
            "no group that is taken over tracks whether `{name}` says 0"
        ))
        .help("it is left out");
}
