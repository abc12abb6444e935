//! Words out of a list: enumerations, and the guess what was meant.

use serde_json::Value;

use super::{Checker, Place, habit, shortened};
use crate::problem::Problem;
use crate::tree::Content;

/// The longest text for which a similar one is looked for; nobody mistypes a longer one.
const SIMILAR_LENGTH_MAX: usize = 64;

/// The shortest part of a word that tells which word it is.
const PART_LENGTH_MIN: usize = 3;

/// The words that a schema allows, when it is an enumeration.
pub(super) fn words(schema: &'static Value) -> Option<Vec<&'static Value>> {
    if let Some(word) = schema.get("const") {
        return Some(vec![word]);
    }
    if let Some(words) = schema.get("enum") {
        return Some(words.as_array()?.iter().collect());
    }
    schema
        .get("oneOf")?
        .as_array()?
        .iter()
        .map(|branch| branch.get("const"))
        .collect()
}

/// The candidate that `text` was probably meant to be.
pub(crate) fn similar<'a>(
    text: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    if text.len() > SIMILAR_LENGTH_MAX {
        return None;
    }
    let candidates: Vec<&str> = candidates.into_iter().collect();
    let lower = text.to_lowercase();
    let distance = |candidate: &str| strsim::damerau_levenshtein(&lower, &candidate.to_lowercase());
    let near = |candidate: &str| 1.max(candidate.chars().count() / 3);
    // Words whose lengths differ by more than that need no comparison.
    let length = text.chars().count();
    let as_long = |candidate: &str| length.abs_diff(candidate.chars().count()) <= near(candidate);
    let slip = candidates
        .iter()
        .copied()
        .filter(|candidate| as_long(candidate))
        .map(|candidate| (distance(candidate), candidate))
        .filter(|(distance, candidate)| *distance <= near(candidate))
        .filter(|(_, candidate)| !differ_in_digits(text, candidate))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate);
    slip.or_else(|| longer(&lower, &candidates))
}

/// The only candidate in which `text`, in small letters, is a part that says something: `env` of
/// `environment`.
fn longer<'a>(text: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let mut longer = candidates
        .iter()
        .filter(|candidate| candidate.to_lowercase().contains(text));
    match (longer.next(), longer.next()) {
        (Some(only), None) if text.len() >= PART_LENGTH_MIN => Some(only),
        _ => None,
    }
}

/// Whether two words are the same but for their digits, as `node1` and `node2`: then they are
/// different on purpose.
fn differ_in_digits(one: &str, other: &str) -> bool {
    let digit = |c: char| c.is_ascii_digit();
    let mut pairs = one.chars().zip(other.chars());
    one != other
        && one.chars().count() == other.chars().count()
        && pairs.all(|(a, b)| a == b || (digit(a) && digit(b)))
}

/// Words for a message: `a`, `b` or `c`.
pub(crate) fn listed(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

/// The only candidate that `text` begins with, in small letters: `drain` of `drained`.
fn shorter<'a>(text: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let mut shorter = candidates.iter().filter(|candidate| {
        candidate.len() > PART_LENGTH_MIN && text.starts_with(&candidate.to_lowercase())
    });
    match (shorter.next(), shorter.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    }
}

/// The remedy for a word that is none of the allowed ones.
pub(crate) fn remedy(text: &str, allowed: &[&str]) -> String {
    let meant =
        similar(text, allowed.iter().copied()).or_else(|| shorter(&text.to_lowercase(), allowed));
    match meant {
        Some(meant) => format!("did you mean `{meant}`? allowed: {}", listed(allowed)),
        None => format!("allowed: {}", listed(allowed)),
    }
}

impl Checker<'_> {
    pub(super) fn check_word(&mut self, words: &[&Value], at: Place) {
        let Content::Scalar(scalar) = self.tree.content(at.node) else {
            return self.report_type("one word", at);
        };
        let written = self.tree.to_json(at.node);
        if words.contains(&&written) {
            return;
        }
        let allowed: Vec<String> = words
            .iter()
            .map(|word| {
                word.as_str()
                    .map_or_else(|| word.to_string(), str::to_owned)
            })
            .collect();
        let allowed: Vec<&str> = allowed.iter().map(String::as_str).collect();
        let name = self.name(at);
        let span = self.tree.span(at.node);
        let same = allowed.iter().find(|word| **word == scalar.text);
        let problem = match same {
            Some(word) if scalar.plain => Problem::error(
                "wrong-type",
                span,
                format!("{name} must be the text `{word}`"),
            )
            .help(format!("write it in quotes: `\"{word}\"`")),
            Some(word) => Problem::error(
                "wrong-type",
                span,
                format!("{name} must be the number {word}"),
            )
            .help(format!("write it without quotes: `{word}`")),
            None => {
                let text = shortened(&scalar.text);
                let message = format!("{name} cannot be `{text}`");
                let only = match allowed.as_slice() {
                    [only] => Some(*only),
                    _ => habit::value(&scalar.text, &allowed),
                };
                let help = only.map_or_else(
                    || remedy(&scalar.text, &allowed),
                    |only| format!("write `{only}`"),
                );
                Problem::error("unknown-value", span, message).help(help)
            }
        };
        self.report(problem);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_similar_word_is_one_that_a_slip_can_make() {
        let words = ["virtualRouterId", "version", "interface", "members"];
        assert_eq!(similar("virtualRouterID", words), Some("virtualRouterId"));
        assert_eq!(similar("virtual_router_id", words), Some("virtualRouterId"));
        assert_eq!(similar("member", words), Some("members"));
        assert_eq!(similar("priority", words), None);
        assert_eq!(similar("router", words), Some("virtualRouterId"));
        assert_eq!(similar("er", words), None);
        assert_eq!(similar("cube2", ["cube01", "cube02"]), Some("cube02"));
        assert_eq!(similar("cube03", ["cube01", "cube02"]), None);
        assert_eq!(similar(&"m".repeat(100_000), words), None);
    }
}
