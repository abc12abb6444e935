//! What the brain is told about the node's interfaces, and which virtual router of an interface
//! an advertisement is for.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use skep_vrrp::identity::{Family, VirtualRouterId};

use crate::configuration::RouterConfiguration;
use crate::message::Reason;
use crate::news::News;
use crate::router::Reception;

/// The link of an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// There is no such interface, or none was ever heard of.
    Missing,
    /// It is there and carries nothing.
    Down,
    /// It works.
    Up,
}

/// The socket that hears and sends the advertisements of one family on an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Socket {
    /// It is open, or nobody tried yet.
    Open,
    /// The system does not open it.
    Refused {
        /// The system's words.
        message: String,
    },
}

/// Every interface that was heard of or that a router is on.
#[derive(Debug, Default)]
pub(crate) struct Interfaces(BTreeMap<Arc<str>, Interface>);

#[derive(Debug)]
struct Interface {
    link: Link,
    reception: Reception,
    ipv4: Side,
    ipv6: Side,
    routers: BTreeMap<(Family, VirtualRouterId), usize>,
}

/// What an interface has for one family.
#[derive(Debug)]
struct Side {
    socket: Socket,
    source: Option<IpAddr>,
}

impl Default for Side {
    fn default() -> Self {
        Self {
            socket: Socket::Open,
            source: None,
        }
    }
}

impl Default for Interface {
    fn default() -> Self {
        Self {
            link: Link::Missing,
            reception: Reception::Unknown,
            ipv4: Side::default(),
            ipv6: Side::default(),
            routers: BTreeMap::new(),
        }
    }
}

impl Interface {
    const fn side(&self, family: Family) -> &Side {
        match family {
            Family::Ipv4 => &self.ipv4,
            Family::Ipv6 => &self.ipv6,
        }
    }

    const fn side_mut(&mut self, family: Family) -> &mut Side {
        match family {
            Family::Ipv4 => &mut self.ipv4,
            Family::Ipv6 => &mut self.ipv6,
        }
    }
}

impl Interfaces {
    /// The slot of the router that this advertisement is for.
    pub(crate) fn route(
        &self,
        interface: &str,
        family: Family,
        id: VirtualRouterId,
    ) -> Option<usize> {
        self.0.get(interface)?.routers.get(&(family, id)).copied()
    }

    /// The slots of the routers on this interface.
    pub(crate) fn routers_on(&self, interface: &str) -> Vec<usize> {
        let interface = self.0.get(interface);
        interface.map_or_else(Vec::new, |known| known.routers.values().copied().collect())
    }

    /// Routes advertisements to the router in this slot.
    pub(crate) fn connect(&mut self, router: &RouterConfiguration, slot: usize) {
        let wire = (router.key.family, router.virtual_router_id);
        self.entry(&router.interface).routers.insert(wire, slot);
    }

    /// Stops that.
    pub(crate) fn disconnect(&mut self, router: &RouterConfiguration) {
        let wire = (router.key.family, router.virtual_router_id);
        self.entry(&router.interface).routers.remove(&wire);
        self.forget_if_gone(&router.interface);
    }

    /// The link is this.
    pub(crate) fn set_link(&mut self, interface: &str, link: Link) -> News {
        let entry = self.entry(interface);
        let news = replace(&mut entry.link, link);
        if news == News::Changed {
            entry.reception = Reception::Unknown;
        }
        self.forget_if_gone(interface);
        news
    }

    /// Something arrived on this interface.
    pub(crate) fn note_reception(&mut self, interface: &str) -> News {
        let known = self.0.get_mut(interface);
        known.map_or(News::Same, |known| {
            replace(&mut known.reception, Reception::Proven)
        })
    }

    /// Whether something ever arrived since its link changed.
    pub(crate) fn reception(&self, interface: &str) -> Reception {
        let known = self.0.get(interface);
        known.map_or(Reception::Unknown, |known| known.reception)
    }

    /// The link, missing if nobody heard of it.
    pub(crate) fn link(&self, interface: &str) -> Link {
        self.0
            .get(interface)
            .map_or(Link::Missing, |known| known.link)
    }

    /// The socket of this family is this.
    pub(crate) fn set_socket(&mut self, interface: &str, family: Family, socket: Socket) -> News {
        replace(&mut self.entry(interface).side_mut(family).socket, socket)
    }

    /// The interface offers this source address.
    pub(crate) fn set_source(
        &mut self,
        interface: &str,
        family: Family,
        source: Option<IpAddr>,
    ) -> News {
        replace(&mut self.entry(interface).side_mut(family).source, source)
    }

    /// The source address of this router, or why it cannot take part.
    pub(crate) fn source(&self, router: &RouterConfiguration) -> Result<IpAddr, Reason> {
        let name = || router.interface.clone();
        let Some(interface) = self.0.get(router.interface.as_str()) else {
            return Err(Reason::InterfaceMissing { interface: name() });
        };
        match interface.link {
            Link::Missing => return Err(Reason::InterfaceMissing { interface: name() }),
            Link::Down if router.track_interface => {
                return Err(Reason::InterfaceDown { interface: name() });
            }
            Link::Down | Link::Up => {}
        }
        let side = interface.side(router.key.family);
        if let Socket::Refused { message } = &side.socket {
            return Err(Reason::SocketRefused {
                message: message.clone(),
            });
        }
        let offered = side
            .source
            .ok_or_else(|| Reason::NoSourceAddress { interface: name() })?;
        Ok(router.source.unwrap_or(offered))
    }

    fn entry(&mut self, interface: &str) -> &mut Interface {
        if !self.0.contains_key(interface) {
            self.0.insert(interface.into(), Interface::default());
        }
        self.0
            .get_mut(interface)
            .expect("it is there or was just put there")
    }

    /// Interfaces come and go by the thousand beside containers.
    fn forget_if_gone(&mut self, interface: &str) {
        let gone = |known: &Interface| known.link == Link::Missing && known.routers.is_empty();
        if self.0.get(interface).is_some_and(gone) {
            self.0.remove(interface);
        }
    }
}

fn replace<T: PartialEq>(known: &mut T, told: T) -> News {
    let news = News::between(known, &told);
    *known = told;
    news
}
