//! What happens to a node from outside, and what its kernel does by itself.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use skep_vip::configuration::{RouterConfiguration, RouterKey};
use skep_vip::interfaces::Link;
use skep_vrrp::identity::Family;
use skep_vrrp::time::Instant;

use super::{Cluster, Due};
use crate::group::appoint_leaders;
use crate::happening::{Happening, NodeHappening, Presence};
use crate::invariants::{Violation, at_once};
use crate::kernel::Place;
use crate::network::LATENCY_MAX;
use crate::node::{Notice, identity};
use crate::record::{Event, Gone};

impl Cluster {
    pub(super) fn happen_to(&mut self, node: usize, what: NodeHappening) -> Result<(), Violation> {
        match what {
            NodeHappening::PowerCut => {
                self.lose_agent(node);
                self.nodes[node].powered = false;
                self.nodes[node].journal = None;
                self.lose_addresses(node, Gone::PowerCut);
                Ok(())
            }
            NodeHappening::Start => self.start(node),
            NodeHappening::Kill => {
                self.kill(node);
                self.nodes[node].journal = None;
                Ok(())
            }
            NodeHappening::Crash => {
                let journal = self.nodes[node].journal();
                self.kill(node);
                self.nodes[node].journal = Some(journal);
                Ok(())
            }
            NodeHappening::Freeze => {
                self.freeze(node);
                Ok(())
            }
            NodeHappening::Thaw => self.thaw(node),
            NodeHappening::Stop => self.tell(node, [Notice::Stop]),
            NodeHappening::Link(name, link) => self.set_link(node, &name, link),
            NodeHappening::Sources(name, presence) => self.set_sources(node, &name, presence),
            NodeHappening::Input(name, health) => {
                self.nodes[node].inputs.insert(name.clone(), health);
                self.tell(node, [Notice::Input(name, health)])
            }
            NodeHappening::Commit(routers) => {
                self.nodes[node].configuration.clone_from(&routers);
                self.commit(node, routers)
            }
            NodeHappening::Remove(interface, address) => {
                let place = (Arc::from(interface), address);
                self.take_away(node, place, Gone::Taken)
            }
            NodeHappening::Hand(pace) => {
                self.nodes[node].pace = pace;
                Ok(())
            }
            NodeHappening::Lapse => self.lapse(node),
        }
    }

    /// Whether nothing would change.
    pub(super) fn is_so(&self, happening: &Happening) -> bool {
        let (node, what) = match happening {
            Happening::Node { node, what } => (&self.nodes[*node], what),
            Happening::Path {
                segment,
                from,
                to,
                path,
            } => return from == to || self.network.path(*segment, *from, *to) == *path,
            Happening::Replay { .. } => return false,
        };
        let interface = |name: &String| node.interfaces.get(name.as_str());
        match what {
            NodeHappening::PowerCut => !node.powered,
            NodeHappening::Start => node.agent.is_some(),
            NodeHappening::Kill => node.agent.is_none() && node.journal.is_none(),
            NodeHappening::Crash | NodeHappening::Stop => node.agent.is_none(),
            NodeHappening::Freeze => node.running().is_none(),
            NodeHappening::Lapse => {
                node.running().is_none() || node.kernel.leased().next().is_none()
            }
            NodeHappening::Thaw => !node.agent.as_ref().is_some_and(|agent| agent.frozen),
            NodeHappening::Link(name, link) => interface(name).is_none_or(|it| it.link == *link),
            NodeHappening::Sources(name, presence) => {
                let wanted = *presence == Presence::Present;
                interface(name).is_none_or(|it| it.has_sources == wanted)
            }
            NodeHappening::Input(name, health) => node.inputs.get(name) == Some(health),
            NodeHappening::Commit(routers) => node.configuration == *routers,
            NodeHappening::Remove(interface, address) => {
                !node.kernel.has(&(interface.as_str().into(), *address))
            }
            NodeHappening::Hand(pace) => node.pace == *pace,
        }
    }

    pub(super) fn expire(&mut self, node: usize, place: Place) -> Result<(), Violation> {
        self.take_away(node, place, Gone::Expired)?;
        self.review()
    }

    /// Tells wire something, or lets it wait until wire goes on.
    pub(super) fn tell(
        &mut self,
        node: usize,
        notices: impl IntoIterator<Item = Notice>,
    ) -> Result<(), Violation> {
        if let Some(agent) = &mut self.nodes[node].agent {
            agent.notices.extend(notices);
        }
        self.nudge(node)
    }

    /// Wire wakes up, unless it stands still.
    fn nudge(&mut self, node: usize) -> Result<(), Violation> {
        if self.nodes[node].running().is_none() {
            return Ok(());
        }
        self.wake(node)
    }

    /// Control says what it knows of the inputs again: the brain forgets those that nobody tracks.
    fn commit(&mut self, node: usize, routers: Vec<RouterConfiguration>) -> Result<(), Violation> {
        for router in &routers {
            if let Some(group) = self.group_with(node, router) {
                self.groups[group].learn(router);
            }
        }
        appoint_leaders(&mut self.groups);
        let inputs = self.nodes[node].inputs.clone().into_iter();
        let inputs = inputs.map(|(name, health)| Notice::Input(name, health));
        self.tell(node, [Notice::Commit(routers)].into_iter().chain(inputs))
    }

    /// The group of a router: the one with its name, else the one that it is on the wire, as it is
    /// for everybody else.
    fn group_with(&self, node: usize, router: &RouterConfiguration) -> Option<usize> {
        let groups = || self.groups.iter();
        let called = groups().position(|group| group.is_called(&router.key));
        called.or_else(|| {
            let interfaces = &self.nodes[node].interfaces;
            let segment = interfaces.get(router.interface.as_str())?.segment;
            let (family, id) = (router.key.family, router.virtual_router_id);
            groups().position(|group| group.says(segment, family, id))
        })
    }

    /// A started agent finds what the one before it left, and removes it first. A data plane that
    /// is started again carries on with what it is still the holder of.
    fn start(&mut self, number: usize) -> Result<(), Violation> {
        if self.nodes[number].agent.is_some() {
            return Ok(());
        }
        let journal = self.nodes[number].journal.take();
        if journal.is_none() {
            self.lose_addresses(number, Gone::Removed);
        }
        let journal = journal.unwrap_or_default();
        let groups = self.groups.len();
        let node = &mut self.nodes[number];
        node.powered = true;
        node.renewals += 1;
        let mut agent = node.started(groups);
        for router in &node.configuration {
            if let Some(advertised_at) = journal.get(&identity(router)) {
                let key = router.key.clone();
                agent.brain.handle_adoption(key, *advertised_at);
            }
        }
        node.agent = Some(Box::new(agent));
        self.wake(number)?;
        let node = &self.nodes[number];
        at_once::who_was_active_carries_on(node, &journal, node.time(self.now))
    }

    fn kill(&mut self, node: usize) {
        let renewed = self.nodes[node].running().is_some();
        self.lose_agent(node);
        if renewed {
            self.let_expire(node);
        }
    }

    /// Everything with a lease goes, and the kernel tells.
    fn lapse(&mut self, node: usize) -> Result<(), Violation> {
        let leased: Vec<Place> = self.nodes[node].kernel.leased_places().cloned().collect();
        for place in leased {
            self.take_away(node, place, Gone::Expired)?;
        }
        Ok(())
    }

    /// Somebody says an old advertisement again, to everybody on the segment.
    pub(super) fn replay(&mut self, key: &RouterKey, older_than: Duration) {
        let Some(number) = self.groups.iter().position(|group| group.is_called(key)) else {
            return;
        };
        let until = self.now.since_boot().saturating_sub(older_than);
        let until = Instant::from_boot(until);
        let Some(datagram) = self.recording.pick(number, until, &mut self.random) else {
            return;
        };
        let segment = self.groups[number].segment;
        for node in 0..self.nodes.len() {
            if let Some(interface) = self.nodes[node].hears(segment, datagram.destination) {
                let arrival = self.now + self.random.up_to(LATENCY_MAX);
                let datagram = Rc::clone(&datagram);
                let due = Due::Arrival {
                    node,
                    interface,
                    datagram,
                };
                self.schedule(arrival, due);
            }
        }
    }

    pub(super) fn lose_agent(&mut self, node: usize) {
        self.nodes[node].agent = None;
        self.nodes[node].epoch += 1;
    }

    fn lose_addresses(&mut self, node: usize, why: Gone) {
        for (_, address) in self.nodes[node].kernel.places() {
            self.record.note(self.now, Event::Gone(node, *address, why));
        }
        self.nodes[node].kernel.clear();
    }

    fn freeze(&mut self, node: usize) {
        let Some(agent) = self.nodes[node]
            .agent
            .as_mut()
            .filter(|agent| !agent.frozen)
        else {
            return;
        };
        agent.frozen = true;
        self.nodes[node].epoch += 1;
        self.let_expire(node);
    }

    /// From now on nobody renews the leases of a node.
    pub(super) fn let_expire(&mut self, node: usize) {
        let renewals = self.nodes[node].renewals;
        for (place, after) in self.nodes[node].kernel.expiries(&mut self.random) {
            let due = Due::Expiry {
                node,
                renewals,
                place,
            };
            self.schedule(self.now + after, due);
        }
    }

    fn thaw(&mut self, node: usize) -> Result<(), Violation> {
        let Some(agent) = self.nodes[node].agent.as_mut().filter(|agent| agent.frozen) else {
            return Ok(());
        };
        agent.frozen = false;
        self.nodes[node].renewals += 1;
        self.call_hand(node);
        self.wake(node)
    }

    fn set_link(&mut self, node: usize, name: &str, link: Link) -> Result<(), Violation> {
        let known = self.nodes[node].interfaces.get_key_value(name);
        let Some(name) = known.map(|(name, _)| Arc::clone(name)) else {
            return Ok(());
        };
        if let Some(interface) = self.nodes[node].interfaces.get_mut(&name) {
            interface.link = link;
        }
        // An interface takes its addresses with it, and a new one gets them anew.
        let link = Notice::Link(Arc::clone(&name), link);
        let sources = self.sources(node, &name);
        self.tell(node, [link].into_iter().chain(sources))
    }

    fn set_sources(
        &mut self,
        node: usize,
        name: &str,
        presence: Presence,
    ) -> Result<(), Violation> {
        let known = self.nodes[node].interfaces.get_key_value(name);
        let Some(name) = known.map(|(name, _)| Arc::clone(name)) else {
            return Ok(());
        };
        if let Some(interface) = self.nodes[node].interfaces.get_mut(&name) {
            interface.has_sources = presence == Presence::Present;
        }
        let sources = self.sources(node, &name);
        self.tell(node, sources)
    }

    fn sources(&self, node: usize, name: &Arc<str>) -> [Notice; 2] {
        [Family::Ipv4, Family::Ipv6].map(|family| {
            let interface = self.nodes[node].interfaces.get(name);
            let source = interface.and_then(|interface| interface.source(family));
            Notice::Source(Arc::clone(name), family, source)
        })
    }

    /// An address goes without the agent's doing, and the kernel tells.
    fn take_away(&mut self, node: usize, place: Place, why: Gone) -> Result<(), Violation> {
        if !self.nodes[node].kernel.remove(&place) {
            return Ok(());
        }
        self.record.note(self.now, Event::Gone(node, place.1, why));
        self.tell(node, [Notice::AddressRemoved(place)])
    }
}
