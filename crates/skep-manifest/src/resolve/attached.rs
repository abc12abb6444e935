//! What the engine would refuse of networks, configs and secrets.

use super::Resolver;
use crate::network::NetworkSpec;
use crate::object::Kind;
use crate::problem::Problem;
use crate::set::Document;
use crate::value_source::ValueSource;

/// The most bytes of a config or secret: the engine takes fewer than 500 KiB.
pub const FILE_BYTES_MAX: usize = 500 * 1024 - 1;

/// The networks that every engine has.
const PREDEFINED: [&str; 6] = [
    "bridge",
    "default",
    "docker-gwbridge",
    "host",
    "ingress",
    "none",
];
/// The drivers whose networks end at the node.
const LOCAL_DRIVERS: [&str; 6] = ["bridge", "host", "ipvlan", "macvlan", "none", "null"];

impl Resolver<'_> {
    pub(super) fn check_network(&mut self, document: &Document, spec: &NetworkSpec) {
        let name = document.object.name().as_str();
        if PREDEFINED.contains(&name) {
            let message = format!("every engine has a network `{name}` of its own");
            let help = format!("choose another name, or write `external: {name}` in the service");
            let span = document.span("/metadata/name");
            self.report(Problem::error("predefined-network", span, message).help(help));
        }
        if LOCAL_DRIVERS.contains(&spec.driver.as_str()) {
            let message = format!("a network of driver `{}` ends at its node", spec.driver);
            let help = "use `driver: overlay`, or make it on every node and write `external:`";
            let span = document.span("/spec/driver");
            self.report(Problem::error("local-network", span, message).help(help));
        }
        for (index, entry) in spec.subnets.iter().enumerate() {
            let Some(gateway) = entry.gateway else {
                continue;
            };
            if !entry.subnet.contains(gateway.0) {
                let message = format!("{} is not in {}", gateway.0, entry.subnet);
                let span = document.span(&format!("/spec/subnets/{index}/gateway"));
                self.report(Problem::error("gateway-outside-subnet", span, message));
            }
        }
    }

    pub(super) fn check_file(&mut self, document: &Document, kind: Kind, data: &ValueSource) {
        let (message, help) = match data {
            ValueSource::Value(text) if text.is_empty() => (
                format!("a `{kind}` cannot be empty"),
                "the engine takes none without content",
            ),
            ValueSource::Value(text) if text.len() > FILE_BYTES_MAX => (
                format!(
                    "a `{kind}` has at most {FILE_BYTES_MAX} bytes, this one has {}",
                    text.len()
                ),
                "divide it, or put it into the image or a volume",
            ),
            ValueSource::FromNodeFile(_) => (
                format!("a `{kind}` lies in the swarm's store: no node has it by itself"),
                "use `fromFile`, or mount the file of the node with `mounts: [{bind: ..}]`",
            ),
            ValueSource::Value(_)
            | ValueSource::FromFile(_)
            | ValueSource::FromEnv(_)
            | ValueSource::Sealed(_) => return,
        };
        let span = document.span("/spec/data");
        self.report(Problem::error("impossible-content", span, message).help(help));
    }
}
