//! Keeps what control said last, for the next vip: the configuration and the inputs.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use skep_vip::configuration::{RouterConfiguration, Setting};
use skep_vip::message::{Command, Health};

use crate::memory::{Identity, Memory, StandingState};
use crate::vip::addresses::Place;
use crate::vip::lease::Holder;
use crate::vip::sockets::{Needs, listening, needs};

/// Watches the commands pass by.
pub(super) struct Keeper {
    memory: Arc<Memory>,
    revision: u64,
    collected: Vec<Command>,
    virtual_addresses: BTreeSet<IpAddr>,
    holders: BTreeMap<Place, Holder>,
    /// Those of an earlier configuration that have not left yet.
    departing: BTreeMap<Place, Holder>,
    /// What the kernel has to do on which interface.
    settings: BTreeSet<(Arc<str>, Setting)>,
    inputs: BTreeMap<String, Health>,
    sockets: Needs,
    /// The interfaces to listen on where no router runs.
    listening: BTreeSet<String>,
}

impl Keeper {
    pub(super) const fn new(memory: Arc<Memory>) -> Self {
        Self {
            memory,
            revision: 0,
            collected: Vec::new(),
            virtual_addresses: BTreeSet::new(),
            holders: BTreeMap::new(),
            departing: BTreeMap::new(),
            settings: BTreeSet::new(),
            inputs: BTreeMap::new(),
            sockets: Needs::new(),
            listening: BTreeSet::new(),
        }
    }

    /// What an earlier vip was told: the inputs, then the configuration that it ran.
    pub(super) fn kept(&self) -> Vec<Command> {
        let kept = [self.memory.inputs(), self.memory.configuration()];
        let commands = kept.into_iter().flatten().flat_map(|bytes| read(&bytes));
        commands.collect()
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
                self.sockets = needs(routers(&commands));
                let interfaces = routers(&commands).flat_map(interfaces).collect();
                let holders = routers(&commands).flat_map(holders).collect();
                self.replace_holders(holders);
                self.settings = routers(&commands).flat_map(settings).collect();
                let tracked: BTreeSet<&str> = routers(&commands).flat_map(tracked).collect();
                self.inputs
                    .retain(|name, _| tracked.contains(name.as_str()));
                commands.push(command.clone());
                self.memory.keep_configuration(&lines(&commands));
                Some(interfaces)
            }
            Command::Input { name, health } => {
                // Unknown is what control says before it knows, and replaces nothing.
                let news = match health {
                    Health::Unknown => false,
                    Health::Passing | Health::Failing => {
                        self.inputs.insert(name.clone(), *health) != Some(*health)
                    }
                };
                if news {
                    self.keep_inputs();
                }
                None
            }
            Command::Standby { .. }
            | Command::Listen { .. }
            | Command::Try(_)
            | Command::Heartbeat
            | Command::ReportAll => None,
        }
    }

    fn keep_inputs(&self) {
        let input = |(name, health): (&String, &Health)| Command::Input {
            name: name.clone(),
            health: *health,
        };
        let inputs: Vec<Command> = self.inputs.iter().map(input).collect();
        self.memory.keep_inputs(&lines(&inputs));
    }

    /// The last configuration that was committed.
    pub(super) const fn revision(&self) -> u64 {
        self.revision
    }

    /// Every address that may be virtual here: none of them is a source of advertisements.
    pub(super) const fn virtual_addresses(&self) -> &BTreeSet<IpAddr> {
        &self.virtual_addresses
    }

    /// Which router holds an address, where it is configured to be.
    pub(super) const fn holders(&self) -> &BTreeMap<Place, Holder> {
        &self.holders
    }

    /// What the kernel has to do on which interface.
    pub(super) const fn settings(&self) -> &BTreeSet<(Arc<str>, Setting)> {
        &self.settings
    }

    /// The routers that are not configured any more and may still be leaving, by their addresses.
    pub(super) const fn departing(&self) -> &BTreeMap<Place, Holder> {
        &self.departing
    }

    fn replace_holders(&mut self, holders: BTreeMap<Place, Holder>) {
        let before = std::mem::replace(&mut self.holders, holders);
        let replaced = before
            .into_iter()
            .filter(|(place, holder)| self.holders.get(place) != Some(holder));
        self.departing.extend(replaced);
        let standings = self.memory.standings();
        self.departing.retain(|_, holder| {
            let standing = standings.find(holder.identity);
            standing.is_some_and(|standing| standing.state != StandingState::Without)
        });
    }

    /// Sockets are wanted on these interfaces, too.
    pub(super) fn listen(&mut self, interfaces: BTreeSet<String>) {
        self.listening = interfaces;
    }

    /// The sockets that the configuration needs, and those that only listen.
    pub(super) fn sockets(&self) -> Needs {
        let mut needs = self.sockets.clone();
        listening(&mut needs, &self.listening);
        needs
    }

    fn revision_of_collected(&self) -> Option<u64> {
        self.collected.first().and_then(revision_of)
    }
}

/// The commands in `bytes`, one per line.
fn read(bytes: &[u8]) -> Vec<Command> {
    let lines = bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    match lines.map(serde_json::from_slice).collect() {
        Ok(commands) => commands,
        Err(error) => {
            // An older vip wrote it, or it is half written: control says it all again.
            tracing::warn!(%error, "what was kept is not understood");
            Vec::new()
        }
    }
}

const fn revision_of(command: &Command) -> Option<u64> {
    match command {
        Command::Configure { revision, .. } | Command::Commit { revision, .. } => Some(*revision),
        Command::Input { .. }
        | Command::Standby { .. }
        | Command::Listen { .. }
        | Command::Try(_)
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
        | Command::Listen { .. }
        | Command::Try(_)
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

/// Where the addresses of `router` are put.
fn places(router: &RouterConfiguration) -> impl Iterator<Item = (Place, u8)> {
    let own: Arc<str> = Arc::from(router.interface.as_str());
    router.addresses.iter().map(move |held| {
        let interface = held.interface.as_deref().map(Arc::from);
        let interface = interface.unwrap_or_else(|| Arc::clone(&own));
        ((interface, held.address), held.prefix_length)
    })
}

fn holders(router: &RouterConfiguration) -> impl Iterator<Item = (Place, Holder)> {
    let id = router.virtual_router_id;
    let holder = Holder {
        identity: Identity::new(&router.interface, router.key.family, id),
        interval: router.advertisement_interval,
        owns: router.priority == skep_vrrp::identity::Priority::OWNER,
    };
    places(router).map(move |(place, _)| (place, holder))
}

fn tracked(router: &RouterConfiguration) -> impl Iterator<Item = &str> {
    router.tracking.iter().map(|tracked| tracked.name.as_str())
}

fn settings(router: &RouterConfiguration) -> impl Iterator<Item = (Arc<str>, Setting)> {
    let settings = router.settings();
    settings.map(|(interface, setting)| (Arc::from(interface), setting))
}

fn interfaces(router: &RouterConfiguration) -> impl Iterator<Item = String> {
    let own = std::iter::once(router.interface.clone());
    let held = router.addresses.iter();
    let tracked = router.tracked_interfaces.iter();
    own.chain(held.filter_map(|held| held.interface.clone()))
        .chain(tracked.map(|tracked| tracked.interface.clone()))
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
pub(super) mod tests;
