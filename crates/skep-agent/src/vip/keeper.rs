//! Keeps the last configuration that control committed, for the next vip.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use skep_vip::configuration::RouterConfiguration;
use skep_vip::message::Command;

use crate::memory::Memory;

/// Watches the commands pass by.
pub(super) struct Keeper {
    memory: Arc<Memory>,
    revision: u64,
    collected: Vec<Command>,
    virtual_addresses: BTreeSet<IpAddr>,
}

impl Keeper {
    pub(super) const fn new(memory: Arc<Memory>) -> Self {
        Self {
            memory,
            revision: 0,
            collected: Vec::new(),
            virtual_addresses: BTreeSet::new(),
        }
    }

    /// The commands of the configuration that an earlier vip ran.
    pub(super) fn kept(&self) -> Vec<Command> {
        let Some(bytes) = self.memory.configuration() else {
            return Vec::new();
        };
        let lines = bytes
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty());
        match lines.map(serde_json::from_slice).collect() {
            Ok(commands) => commands,
            Err(error) => {
                // An older vip wrote it, or it is half written: control says it all again.
                tracing::warn!(%error, "the kept configuration is not understood");
                Vec::new()
            }
        }
    }

    /// Takes note of `command`; the interfaces of the configuration that it completes.
    pub(super) fn note(&mut self, command: &Command) -> Option<BTreeSet<String>> {
        match command {
            Command::Configure { revision, .. } => {
                if self.revision_of_collected() != Some(*revision) {
                    self.collected.clear();
                }
                self.collected.push(command.clone());
                None
            }
            Command::Commit { revision, .. } => {
                let mut commands = std::mem::take(&mut self.collected);
                commands.retain(|command| revision_of(command) == Some(*revision));
                self.revision = *revision;
                self.virtual_addresses = routers(&commands).flat_map(addresses).collect();
                let interfaces = routers(&commands).flat_map(interfaces).collect();
                commands.push(command.clone());
                self.memory.keep_configuration(&lines(&commands));
                Some(interfaces)
            }
            Command::Input { .. }
            | Command::Standby { .. }
            | Command::Heartbeat
            | Command::ReportAll => None,
        }
    }

    /// The last configuration that was committed.
    pub(super) const fn revision(&self) -> u64 {
        self.revision
    }

    /// Every address that may be virtual here: none of them is a source of advertisements.
    pub(super) const fn virtual_addresses(&self) -> &BTreeSet<IpAddr> {
        &self.virtual_addresses
    }

    fn revision_of_collected(&self) -> Option<u64> {
        self.collected.first().and_then(revision_of)
    }
}

const fn revision_of(command: &Command) -> Option<u64> {
    match command {
        Command::Configure { revision, .. } | Command::Commit { revision, .. } => Some(*revision),
        Command::Input { .. }
        | Command::Standby { .. }
        | Command::Heartbeat
        | Command::ReportAll => None,
    }
}

fn routers(commands: &[Command]) -> impl Iterator<Item = &RouterConfiguration> {
    commands.iter().filter_map(|command| match command {
        Command::Configure { router, .. } => Some(router.as_ref()),
        Command::Commit { .. }
        | Command::Input { .. }
        | Command::Standby { .. }
        | Command::Heartbeat
        | Command::ReportAll => None,
    })
}

fn addresses(router: &RouterConfiguration) -> impl Iterator<Item = IpAddr> {
    // The owner's address is its own: it advertises from it.
    let owned = router.priority == skep_vrrp::identity::Priority::OWNER;
    router
        .addresses
        .iter()
        .filter(move |_| !owned)
        .map(|held| held.address)
}

fn interfaces(router: &RouterConfiguration) -> impl Iterator<Item = String> {
    let own = std::iter::once(router.interface.clone());
    own.chain(
        router
            .addresses
            .iter()
            .filter_map(|held| held.interface.clone()),
    )
}

/// One line of JSON per command.
fn lines(commands: &[Command]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for command in commands {
        serde_json::to_writer(&mut bytes, command).expect("commands have only string keys");
        bytes.push(b'\n');
    }
    bytes
}

#[cfg(test)]
mod tests;
