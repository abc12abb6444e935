//! Variables in a compose file: `$NAME`, `${NAME}` and what may stand behind the name.

use std::collections::BTreeMap;

/// How deep a value that stands in for a variable may refer to others.
const DEPTH_MAX: usize = 16;

/// Why a text cannot be filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// A variable is not set, and nothing says what stands in for it.
    Unset(String),
    /// A variable is not set, and the file says why that is wrong: `${NAME:?why}`.
    Required(String, String),
    /// After a `$` there is no variable.
    Malformed,
}

/// `text` with the variables' values in place of their names.
pub(super) fn interpolate(
    text: &str,
    variables: &BTreeMap<String, String>,
) -> Result<String, Trouble> {
    filled(text, variables, 0)
}

fn filled(
    text: &str,
    variables: &BTreeMap<String, String>,
    depth: usize,
) -> Result<String, Trouble> {
    if depth > DEPTH_MAX {
        return Err(Trouble::Malformed);
    }
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        filled.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            filled.push('$');
            rest = after;
        } else if let Some(after) = rest.strip_prefix('{') {
            let end = closing(after).ok_or(Trouble::Malformed)?;
            filled.push_str(&braced(&after[..end], variables, depth)?);
            rest = &after[end + 1..];
        } else {
            let (name, after) = name(rest).ok_or(Trouble::Malformed)?;
            filled.push_str(set(name, variables).ok_or_else(|| unset(name))?);
            rest = after;
        }
    }
    filled.push_str(rest);
    Ok(filled)
}

/// What stands between braces: a name, and perhaps what to do about it.
fn braced(
    text: &str,
    variables: &BTreeMap<String, String>,
    depth: usize,
) -> Result<String, Trouble> {
    let (name, rest) = name(text).ok_or(Trouble::Malformed)?;
    let value = set(name, variables);
    let (value, rest) = match rest.strip_prefix(':') {
        // What is set to nothing counts as not set.
        Some(rest) => (value.filter(|value| !value.is_empty()), rest),
        None => (value, rest),
    };
    let instead = |text: &str| filled(text, variables, depth + 1);
    let mut letters = rest.chars();
    match (letters.next(), value) {
        (None, value) if text.len() == name.len() => {
            value.map(str::to_owned).ok_or_else(|| unset(name))
        }
        (Some('-' | '?'), Some(value)) => Ok(value.to_owned()),
        (Some('-'), None) => instead(letters.as_str()),
        (Some('?'), None) => Err(Trouble::Required(
            name.to_owned(),
            letters.as_str().to_owned(),
        )),
        (Some('+'), Some(_)) => instead(letters.as_str()),
        (Some('+'), None) => Ok(String::new()),
        _ => Err(Trouble::Malformed),
    }
}

fn set<'a>(name: &str, variables: &'a BTreeMap<String, String>) -> Option<&'a str> {
    variables.get(name).map(String::as_str)
}

fn unset(name: &str) -> Trouble {
    Trouble::Unset(name.to_owned())
}

/// The name at the beginning, and what follows it.
fn name(text: &str) -> Option<(&str, &str)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    begins.then(|| text.split_at(end))
}

/// Where the brace closes that is open at the beginning.
fn closing(text: &str) -> Option<usize> {
    let mut open = 1usize;
    let mut before = ' ';
    for (at, letter) in text.char_indices() {
        match letter {
            '{' if before == '$' => open += 1,
            '}' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return Some(at);
        }
        before = letter;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<String, Trouble> {
        let variables = [("TAG", "1.4"), ("EMPTY", ""), ("A", "$TAG")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        interpolate(text, &variables.into())
    }

    #[test]
    fn variables_are_filled_in_as_compose_does() {
        for (text, expected) in [
            ("nginx:$TAG", "nginx:1.4"),
            ("nginx:${TAG}-x", "nginx:1.4-x"),
            ("$$TAG $${TAG}", "$TAG ${TAG}"),
            ("${NO:-two}${NO-three}", "twothree"),
            ("${EMPTY:-two}|${EMPTY-three}|", "two||"),
            ("${TAG:?why}${TAG:-x}", "1.41.4"),
            ("${TAG:+yes}${NO:+yes}${EMPTY+set}${EMPTY:+set}", "yesset"),
            ("${NO:-${NEITHER:-${TAG}}}!", "1.4!"),
            ("${NO:-}", ""),
            ("${NO:-a:b/{c}", "a:b/{c"),
            // What is filled in is not looked at again.
            ("$A", "$TAG"),
            ("ä$TAG€", "ä1.4€"),
        ] {
            assert_eq!(of(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_not_set_or_no_variable_is_told() {
        let unset = |name: &str| Err(Trouble::Unset(name.to_owned()));
        assert_eq!(of("$NO"), unset("NO"));
        assert_eq!(of("${NO:-$NEITHER}"), unset("NEITHER"));
        let required = Trouble::Required("EMPTY".to_owned(), "say it".to_owned());
        assert_eq!(of("${EMPTY:?say it}"), Err(required));
        for text in [
            "$", "a$ b", "${", "${}", "${TAG", "${1}", "${TAG!x}", "${TAG:}", "$-",
        ] {
            assert_eq!(of(text), Err(Trouble::Malformed), "{text}");
        }
        let deep = format!("{}x{}", "${NO:-".repeat(1000), "}".repeat(1000));
        assert_eq!(of(&deep), Err(Trouble::Malformed));
    }
}
