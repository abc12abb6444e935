//! Somebody who follows what happens.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::site::{Site, skep};

/// `skep events --watch` by the agent of a node, until this goes.
pub(crate) struct Watcher {
    child: Child,
    output: PathBuf,
}

impl Watcher {
    pub(crate) fn start(site: &Site, node: &str) -> Self {
        let output = site.directory().join("events");
        let file = File::create(&output).expect("there is room for files");
        let socket = site.socket(node).display().to_string();
        let child = skep(&["--socket", &socket, "events", "--watch", "-o", "json"])
            .stdin(Stdio::null())
            .stdout(file)
            .spawn()
            .expect("it is built");
        Self { child, output }
    }

    /// The changes to Active that it was told of `node`.
    pub(crate) fn became_active(&self, node: &str) -> usize {
        let text = fs::read_to_string(&self.output).expect("it is there");
        // The last line may be half written.
        let events = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        let is_it = |event: &Value| {
            let message = event["message"].as_str().unwrap_or_default();
            event["kind"] == "transition" && event["node"] == node && message.contains("-> Active")
        };
        events.filter(is_it).count()
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        // It ends by nothing else, unless it failed.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}
