//! What happened, a line each.

use skep_api::event::Event;

/// When, where, what kind, what about, what.
pub(crate) fn line(event: &Event) -> String {
    let Event {
        at,
        age_ms: _,
        node,
        kind,
        object,
        message,
        ..
    } = event;
    let kind = kind.word();
    format!("{at}  {node:<10}  {kind:<10}  {object:<20}  {message}\n")
}
