//! What a single value means: YAML 1.2's core schema, and nothing older.

use std::borrow::Cow;

use granit_parser::{ScalarStyle, Tag};

use crate::tree::{Meaning, Scalar};

/// A single value as the parser hands it over.
pub(super) struct Written<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) style: ScalarStyle,
    pub(super) tag: Option<&'a Tag>,
}

/// The value, or the tag that means nothing here.
pub(super) fn read(written: &Written<'_>) -> Result<Scalar, String> {
    let plain = written.style == ScalarStyle::Plain;
    let meaning = match written.tag {
        None if plain => meaning(&written.text),
        None => Meaning::Text,
        Some(tag) if tag.is_yaml_core_schema_tag("str") => Meaning::Text,
        Some(tag) => return Err(tag.original()),
    };
    Ok(Scalar {
        text: written.text.clone().into_owned(),
        plain,
        meaning,
    })
}

/// What a value without quotes means (YAML 1.2.2 §10.3.2).
fn meaning(text: &str) -> Meaning {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Meaning::Null,
        "true" | "True" | "TRUE" => return Meaning::Bool(true),
        "false" | "False" | "FALSE" => return Meaning::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Meaning::Float(f64::NAN),
        _ => {}
    }
    if let Some(number) = integer(text) {
        return Meaning::Integer(number);
    }
    float(text).map_or(Meaning::Text, Meaning::Float)
}

/// A whole number; one beyond all fields of the language is as large as can be.
fn integer(text: &str) -> Option<i128> {
    let radix = |digits: &str, radix: u32| {
        let fit = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
        fit.then(|| i128::from_str_radix(digits, radix).unwrap_or(i128::MAX))
    };
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8);
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16);
    }
    match text.strip_prefix('-') {
        Some(digits) => radix(digits, 10).map(|number| -number),
        None => radix(text.strip_prefix('+').unwrap_or(text), 10),
    }
}

fn float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return Some(if text.starts_with('-') {
            f64::NEG_INFINITY
        } else {
            f64::INFINITY
        });
    }
    let begins = unsigned.strip_prefix('.').unwrap_or(unsigned);
    let number = begins.starts_with(|c: char| c.is_ascii_digit())
        && unsigned
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte));
    number.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_without_quotes_mean_what_yaml_1_2_says() {
        for (text, expected) in [
            ("", Meaning::Null),
            ("~", Meaning::Null),
            ("true", Meaning::Bool(true)),
            ("yes", Meaning::Text),
            ("on", Meaning::Text),
            ("0440", Meaning::Integer(440)),
            ("0o440", Meaning::Integer(0o440)),
            ("0x1F", Meaning::Integer(31)),
            ("-30", Meaning::Integer(-30)),
            ("1.27", Meaning::Float(1.27)),
            ("1e3", Meaning::Float(1000.0)),
            (".5", Meaning::Float(0.5)),
            ("1.2.3", Meaning::Text),
            ("e5", Meaning::Text),
            ("12:30", Meaning::Text),
            ("-", Meaning::Text),
            ("+", Meaning::Text),
            (".", Meaning::Text),
            ("0x", Meaning::Text),
            ("10.0.0.70", Meaning::Text),
            (".inf", Meaning::Float(f64::INFINITY)),
        ] {
            assert_eq!(meaning(text), expected, "{text}");
        }
        let huge = "9".repeat(100_000);
        assert_eq!(meaning(&huge), Meaning::Integer(i128::MAX));
        assert!(matches!(meaning(".nan"), Meaning::Float(number) if number.is_nan()));
    }
}
