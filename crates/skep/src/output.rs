//! Writes data to standard output and complaints to standard error.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;
use skep_api::call::CallError;
use skep_lint::render::human::Colour;

/// Writes `text` to standard output.
///
/// # Errors
///
/// When it cannot be written; a reader that left early is no error.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    let written = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

/// Writes `value` as JSON to standard output.
///
/// # Errors
///
/// When it cannot be written.
pub(crate) fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    print(&format!("{}\n", serde_json::to_string_pretty(value)?))
}

/// Writes `value` as YAML to standard output.
///
/// # Errors
///
/// When it cannot be written.
pub(crate) fn print_yaml(value: &impl Serialize) -> anyhow::Result<()> {
    print(&serde_yaml::to_string(value)?)
}

/// Says on standard error what a person should know, and ends the line.
pub(crate) fn tell(line: &str) {
    // Nobody listening is no reason to stop.
    let _unheard = writeln!(io::stderr().lock(), "{line}");
}

/// Says on standard error why a command failed and what can be done about it.
pub(crate) fn complain(error: &anyhow::Error) {
    tell(&format!("error: {error:#}"));
    let hint = error.downcast_ref().and_then(CallError::hint);
    if let Some(hint) = hint {
        tell(&format!("hint: {hint}"));
    }
}

/// Whether what is written to `stream` may be coloured.
pub(crate) fn may_colour(stream: &impl IsTerminal) -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    stream.is_terminal() && !is_set("NO_COLOR")
}

/// How findings are written to `stream`.
pub(crate) fn colour(stream: &impl IsTerminal) -> Colour {
    if may_colour(stream) {
        Colour::Always
    } else {
        Colour::Never
    }
}

/// Says on standard error what is wrong, a line each.
pub(crate) fn tell_errors(errors: &[String]) {
    for error in errors {
        tell(&format!("error: {error}"));
    }
}
