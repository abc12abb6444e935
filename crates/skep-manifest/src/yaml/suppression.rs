//! Comments that suppress findings: `# skep: ignore[rule-id] reason`.

use super::Reading;
use crate::problem::Problem;
use crate::set::{SourceText, Suppression};
use crate::span::Span;

/// The longest comment that is looked at: each of its rules is compared with all there are, and has
/// its reason.
const BYTES_MAX: usize = 2_000;

/// Looks whether a comment suppresses findings; `text` is what follows the `#`.
pub(super) fn read(text: &str, span: Span, source: &SourceText, reading: &mut Reading) {
    let Some(instruction) = text.trim().strip_prefix("skep:") else {
        return;
    };
    let mut refuse = |message: &str, help: &str| {
        let problem = Problem::warning("malformed-suppression", span, message);
        reading.problems.push(problem.help(help));
    };
    if text.len() > BYTES_MAX {
        return refuse(
            "this comment is meant for skep, but is longer than 2000 bytes",
            "write less, or several comments",
        );
    }
    let Some((rules, reason)) = parse(instruction.trim()) else {
        return refuse(
            "this comment is meant for skep, but says nothing it understands",
            "write `# skep: ignore[rule-id] reason`",
        );
    };
    let line = suppressed_line(span, source);
    reading.suppressions.extend(rules.map(|rule| Suppression {
        rule: rule.to_owned(),
        reason: reason.to_owned(),
        span,
        source: span.source,
        line,
    }));
}

/// The rules and the reason of `ignore[rule, rule] reason`; without a reason it is empty.
fn parse(instruction: &str) -> Option<(impl Iterator<Item = &str>, &str)> {
    let (rules, reason) = instruction.strip_prefix("ignore[")?.split_once(']')?;
    let id = |rule: &str| {
        let letter =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
        !rule.is_empty() && rule.bytes().all(letter)
    };
    let sound = rules.split(',').all(|rule| id(rule.trim()));
    sound.then(|| (rules.split(',').map(str::trim), reason.trim()))
}

/// The comment's own line, or, when it stands alone, the next line that is neither empty nor a
/// comment.
fn suppressed_line(span: Span, source: &SourceText) -> usize {
    /// A comment further away is about something else; it also bounds the search.
    const DISTANCE_MAX: usize = 100;
    let own = source.location(span.start).line;
    let text = source.text();
    let begin = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let before = text[begin..span.start].trim_start_matches('\u{feff}');
    if !before.trim().is_empty() {
        return own;
    }
    let mut lines = text[span.end..]
        .lines()
        .skip(1)
        .take(DISTANCE_MAX)
        .zip(own + 1..);
    let next = lines.find(|(line, _)| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with('#')
    });
    next.map_or(own, |(_, number)| number)
}
