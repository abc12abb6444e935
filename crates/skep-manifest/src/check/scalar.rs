//! Single values: texts, numbers, `true` and `false`.

use serde_json::Value;

use super::text::CheckedText;
use super::words::similar;
use super::{Checker, Place, expected, habit, shortened};
use crate::problem::Problem;
use crate::tree::{Content, Meaning, NodeId, Scalar};

/// What YAML 1.1 reads as `true`, and what it reads as `false`.
const OLD_TRUE: [&str; 6] = ["yes", "Yes", "YES", "on", "On", "ON"];
const OLD_FALSE: [&str; 6] = ["no", "No", "NO", "off", "Off", "OFF"];

impl Checker<'_> {
    /// A value that is a text by the schema and has a type of its own.
    pub(super) fn check_text(&mut self, checked: CheckedText, at: Place) {
        let Content::Scalar(scalar) = self.tree.content(at.node) else {
            return self.report_type(checked.words().0, at);
        };
        let right_type = match scalar.meaning {
            Meaning::Text => !(checked.may_be_number && scalar.text.parse::<i64>().is_ok()),
            Meaning::Integer(_) => checked.may_be_number,
            Meaning::Null | Meaning::Bool(_) | Meaning::Float(_) => false,
        };
        let valid = checked.accepts(&scalar.text);
        if right_type && valid {
            return self.warn_of_old_boolean(at.node);
        }
        let (what, allowed) = checked.words();
        let message = format!(
            "{} must be {what}, found {}",
            self.name(at),
            self.found(at.node)
        );
        let id = match scalar.meaning {
            _ if !right_type => "wrong-type",
            Meaning::Integer(_) => "out-of-range",
            Meaning::Text | Meaning::Null | Meaning::Bool(_) | Meaning::Float(_) => "wrong-value",
        };
        let problem = Problem::error(id, self.tree.span(at.node), message);
        self.report(match (valid, scalar.plain) {
            (false, true) if !right_type && checked.accepts(&format!("{}s", scalar.text)) => {
                let with_unit = format!("{}s", scalar.text);
                let help = format!("write it with its unit, such as `{with_unit}`");
                problem.help(help)
            }
            (false, _) => problem.help(format!("allowed: {allowed}")),
            (true, true) => quote(problem, scalar),
            (true, false) => unquote(problem, scalar),
        });
    }

    pub(super) fn check_scalar(&mut self, schema: &'static Value, scalar: &Scalar, at: Place) {
        let Some(types) = schema.get("type") else {
            // Only a bound on what another part of the schema checks.
            return self.check_length(schema, scalar, at);
        };
        let allows = |name: &str| {
            types == name
                || types
                    .as_array()
                    .is_some_and(|types| types.iter().any(|one| one == name))
        };
        match scalar.meaning {
            Meaning::Null if allows("null") => self.warn_of_nothing(at),
            Meaning::Bool(_) if allows("boolean") => {}
            #[expect(
                clippy::cast_precision_loss,
                reason = "all bounds are far from the largest"
            )]
            Meaning::Integer(value) if allows("integer") || allows("number") => {
                self.check_range(schema, scalar, value as f64, at);
            }
            Meaning::Float(value) if allows("number") => {
                self.check_range(schema, scalar, value, at);
            }
            Meaning::Text if allows("string") => {
                self.warn_of_old_boolean(at.node);
                self.check_length(schema, scalar, at);
            }
            _ => self.report_scalar_type(schema, scalar, at),
        }
    }

    fn check_range(&mut self, schema: &'static Value, scalar: &Scalar, value: f64, at: Place) {
        let span = self.tree.span(at.node);
        let digits = scalar.text.strip_prefix(['+', '-']).unwrap_or(&scalar.text);
        if digits.len() > 1
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && digits.starts_with('0')
        {
            let message = format!(
                "{} begins with a zero: some readers take it for octal",
                self.name(at)
            );
            let help = format!("write `{}`", digits.trim_start_matches('0'));
            return self.report(Problem::error("ambiguous-number", span, message).help(help));
        }
        let least = schema["minimum"].as_f64().unwrap_or(f64::NEG_INFINITY);
        let most = schema["maximum"].as_f64().unwrap_or(f64::INFINITY);
        if !(least..=most).contains(&value) {
            let (least, most) = (&schema["minimum"], &schema["maximum"]);
            let message = format!(
                "{} must be between {least} and {most}: {}",
                self.name(at),
                shortened(&scalar.text)
            );
            self.report(Problem::error("out-of-range", span, message));
        }
    }

    fn check_length(&mut self, schema: &'static Value, scalar: &Scalar, at: Place) {
        let length = scalar.text.chars().count() as u64;
        let span = self.tree.span(at.node);
        if schema["minLength"]
            .as_u64()
            .is_some_and(|least| length < least)
        {
            let message = format!("{} must not be empty", self.name(at));
            self.report(Problem::error("out-of-range", span, message));
        }
        if let Some(most) = schema["maxLength"].as_u64().filter(|most| length > *most) {
            let message = format!(
                "{} is longer than {most} characters: {length}",
                self.name(at)
            );
            self.report(Problem::error("out-of-range", span, message));
        }
    }

    fn report_scalar_type(&mut self, schema: &'static Value, scalar: &Scalar, at: Place) {
        let message = format!(
            "{} must be {}, found {}",
            self.name(at),
            expected(schema),
            self.found(at.node)
        );
        let problem = Problem::error("wrong-type", self.tree.span(at.node), message);
        let nothing = scalar.meaning == Meaning::Null;
        // What may be left out is written as a list with `null` in it.
        let types = &schema["type"];
        self.report(match types.as_str().or_else(|| types[0].as_str()) {
            Some("string") if nothing => problem.help("write `\"\"` for an empty text"),
            Some("string") => quote(problem, scalar),
            Some("array") if nothing => match self.nothing_below(at) {
                Some(help) => problem.help(help),
                None => problem,
            },
            Some("array") => {
                let list = self.key(at).and_then(|key| habit::words(key, &scalar.text));
                let list = list.unwrap_or_else(|| format!("[{}]", shortened(&scalar.text)));
                problem.help(format!("write it as a list: `{list}`"))
            }
            Some("boolean") if OLD_TRUE.contains(&scalar.text.as_str()) => {
                problem.help("write `true`").replacement("true")
            }
            Some("boolean") if OLD_FALSE.contains(&scalar.text.as_str()) => {
                problem.help("write `false`").replacement("false")
            }
            Some("boolean") => match similar(&scalar.text, ["true", "false"]) {
                Some(word) => problem.help(format!("write `{word}`")),
                None => problem,
            },
            _ if !scalar.plain && scalar.text.parse::<f64>().is_ok() => unquote(problem, scalar),
            _ if habit::is_port_range(&scalar.text) => {
                problem.help("write an entry for each of the ports")
            }
            _ => match (schema["minimum"].as_i64(), schema["maximum"].as_i64()) {
                (Some(least), Some(most)) => problem.help(format!("allowed: {least} to {most}")),
                _ => problem,
            },
        });
    }

    /// A key without a value where that means the same as no key: hardly what it was written for.
    pub(super) fn warn_of_nothing(&mut self, at: Place) {
        let value = self.tree.span(at.node);
        if value.start == value.end {
            let message = format!("{} has no value: it counts as not given", self.name(at));
            let problem = Problem::warning("empty-value", self.head(at), message);
            self.report(problem.help("give it a value, or remove it"));
        }
    }

    /// A text without quotes that YAML 1.1, and with it many tools, reads as a boolean.
    pub(super) fn warn_of_old_boolean(&mut self, node: NodeId) {
        let Content::Scalar(scalar) = self.tree.content(node) else {
            return;
        };
        let text = scalar.text.as_str();
        if scalar.plain && (OLD_TRUE.contains(&text) || OLD_FALSE.contains(&text)) {
            let message = format!("`{text}` is a text here, but many tools read it as a boolean");
            let problem = Problem::warning("yaml-1.1-boolean", self.tree.span(node), message);
            self.report(quote(problem, scalar));
        }
    }
}

/// A number or word that is meant as text: neither has anything in it that quotes would change.
fn quote(problem: Problem, scalar: &Scalar) -> Problem {
    let short = shortened(&scalar.text);
    problem
        .help(format!("write it in quotes: `\"{short}\"`"))
        .replacement(format!("\"{}\"", scalar.text))
}

/// A number in quotes that is meant as one.
fn unquote(problem: Problem, scalar: &Scalar) -> Problem {
    let short = shortened(&scalar.text);
    problem
        .help(format!("write it without quotes: `{short}`"))
        .replacement(scalar.text.clone())
}
