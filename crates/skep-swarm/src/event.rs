//! Events of an engine: a hint to look again, never what is known.

use serde::Deserialize;

use crate::engine::{Client, EngineError, Lines, percent_encoded};

/// What the engine is asked to tell of the swarm.
const FILTERS: &str =
    r#"{"type":["node","service","network","config","secret"],"scope":["swarm"]}"#;

/// What the engine is asked to tell of the tasks it runs itself.
const TASK_FILTERS: &str = r#"{"type":["container"],"event":["start","die","health_status"],"label":["com.docker.swarm.service.name"]}"#;

/// Something changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A node joined, left or was changed; one join makes several of these.
    Node,
    /// A service was created, changed or removed.
    Service,
    /// A network of the whole swarm was created or removed.
    Network,
    /// A config was created, changed or removed.
    Config,
    /// A secret was created, changed or removed.
    Secret,
    /// A task of this engine started, ended, or is healthy or not from here on.
    Task,
}

/// The events of an engine from here on.
#[derive(Debug)]
pub struct Events {
    lines: Lines,
}

/// Begins to listen to what a manager's engine tells of the swarm.
///
/// # Errors
///
/// [`EngineError`] when the engine does not answer.
pub async fn events(client: &Client) -> Result<Events, EngineError> {
    listen(client, FILTERS).await
}

/// Begins to listen to what any engine tells of its own tasks.
///
/// # Errors
///
/// [`EngineError`] when the engine does not answer.
pub async fn task_events(client: &Client) -> Result<Events, EngineError> {
    listen(client, TASK_FILTERS).await
}

async fn listen(client: &Client, filters: &str) -> Result<Events, EngineError> {
    let path = format!("/events?filters={}", percent_encoded(filters));
    Ok(Events {
        lines: client.lines(&path).await?,
    })
}

impl Events {
    /// The next event, or nothing once the engine has hung up. Cancelling loses none.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = event(&self.lines.next().await?) {
                return Some(event);
            }
        }
    }
}

/// What a line tells; what is not understood is no hint.
fn event(line: &[u8]) -> Option<Event> {
    #[derive(Deserialize)]
    struct Line {
        #[serde(rename = "Type")]
        object: String,
    }
    let Line { object } = serde_json::from_slice(line).ok()?;
    match object.as_str() {
        "node" => Some(Event::Node),
        "service" => Some(Event::Service),
        "network" => Some(Event::Network),
        "config" => Some(Event::Config),
        "secret" => Some(Event::Secret),
        "container" => Some(Event::Task),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_what_changed() {
        let line = br#"{"Type":"node","Action":"update","Actor":{"ID":"x"},"scope":"swarm"}"#;
        assert_eq!(event(line), Some(Event::Node));
        assert_eq!(
            event(br#"{"Type":"config","Action":"create"}"#),
            Some(Event::Config)
        );
    }

    #[test]
    fn what_is_not_understood_is_no_hint() {
        for line in [
            &b""[..],
            b"{}",
            b"{\"Type\":7}",
            b"{\"Type\":\"plugin\"}",
            b"\xff",
        ] {
            assert_eq!(event(line), None);
        }
    }
}
