//! What helps where the parser gives up: it says what it cannot read, and people ask why.

/// Why something is no YAML, as far as its line tells.
pub(super) struct Cause {
    pub(super) help: &'static str,
    /// Where a quote opens that nothing closes.
    pub(super) quote: Option<usize>,
    /// Whether it is about the brackets or braces around the place.
    pub(super) is_bracket: bool,
}

const ANYTHING: &str = "look here and at the lines above: keys that belong together begin in the same column, a space follows each colon, brackets and quotes are closed";

/// The cause of what the parser says about `at`, in its words `info`.
pub(super) fn cause(text: &str, at: usize, info: &str) -> Cause {
    let before = text.get(..at).unwrap_or_default();
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = text.get(start..).unwrap_or_default();
    let line = line.lines().next().unwrap_or_default();
    let before = text.get(start..at).unwrap_or_default();
    let is_quote = info.contains("quoted scalar");
    let help = if line.trim_start_matches(' ').starts_with('\t') {
        "indent with spaces: YAML does not allow tabs"
    } else if is_quote {
        "close the quote where the text ends"
    } else if text
        .get(at..)
        .is_some_and(|rest| rest.starts_with(['@', '`', '%', '*']))
    {
        "a text that begins with this character needs quotes"
    } else if info.contains("mapping values") && before.trim_end().contains(": ") {
        "a text with `: ` in it needs quotes"
    } else {
        ANYTHING
    };
    let opens_here = text
        .get(at..)
        .is_some_and(|rest| rest.starts_with(['"', '\'']));
    let quote = (is_quote && !opens_here).then(|| open_quote(text, at));
    Cause {
        help,
        quote: quote.flatten(),
        is_bracket: info.contains("flow"),
    }
}

/// The last quote before `at` that stands where a value or key begins.
fn open_quote(text: &str, at: usize) -> Option<usize> {
    /// A text that is longer is none that somebody forgot to end; it also bounds the search.
    const REACH: usize = 10_000;
    let bytes = text.as_bytes().get(..at)?;
    let mut places = (at.saturating_sub(REACH).max(1)..at).rev();
    places.find(|place| {
        let begins = b" [{,\n".contains(&bytes[place - 1]);
        begins && b"\"'".contains(&bytes[*place])
    })
}
