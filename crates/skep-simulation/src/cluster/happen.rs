//! What happens to a node from outside, and what its kernel does by itself.

use std::sync::Arc;

use skep_vip::configuration::RouterConfiguration;
use skep_vip::interfaces::Link;
use skep_vrrp::identity::Family;

use super::{Cluster, Due};
use crate::happening::{Happening, NodeHappening, Presence};
use crate::invariants::Violation;
use crate::kernel::Place;
use crate::node::Notice;
use crate::record::{Event, Gone};

impl Cluster {
    pub(super) fn happen_to(&mut self, node: usize, what: NodeHappening) -> Result<(), Violation> {
        match what {
            NodeHappening::PowerCut => {
                self.lose_agent(node);
                self.nodes[node].powered = false;
                self.lose_addresses(node, Gone::PowerCut);
                Ok(())
            }
            NodeHappening::Start => self.start(node),
            NodeHappening::Kill => {
                let renewed = self.nodes[node].running().is_some();
                self.lose_agent(node);
                if renewed {
                    self.let_expire(node);
                }
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
        };
        let interface = |name: &String| node.interfaces.get(name.as_str());
        match what {
            NodeHappening::PowerCut => !node.powered,
            NodeHappening::Start => node.agent.is_some(),
            NodeHappening::Kill | NodeHappening::Stop => node.agent.is_none(),
            NodeHappening::Freeze => node.running().is_none(),
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
    fn tell(
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
            let mut groups = self.groups.iter_mut();
            if let Some(group) = groups.find(|group| group.key == router.key) {
                group.learn(router);
            }
        }
        let inputs = self.nodes[node].inputs.clone().into_iter();
        let inputs = inputs.map(|(name, health)| Notice::Input(name, health));
        self.tell(node, [Notice::Commit(routers)].into_iter().chain(inputs))
    }

    /// A started agent finds what the one before it left, and removes it first.
    fn start(&mut self, number: usize) -> Result<(), Violation> {
        if self.nodes[number].agent.is_some() {
            return Ok(());
        }
        self.lose_addresses(number, Gone::Removed);
        let groups = self.groups.len();
        let node = &mut self.nodes[number];
        node.powered = true;
        node.renewals += 1;
        node.agent = Some(Box::new(node.started(groups)));
        self.wake(number)
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
