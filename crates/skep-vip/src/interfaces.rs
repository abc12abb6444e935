//! What the brain is told about the node's interfaces, and which virtual router of an interface
//! an advertisement is for.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use skep_vrrp::identity::{Family, VirtualRouterId};

use crate::configuration::RouterConfiguration;
use crate::message::Reason;
use crate::news::News;

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

/// The socket that hears and sends the advertisements of an interface.
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
    socket: Socket,
    source_ipv4: Option<IpAddr>,
    source_ipv6: Option<IpAddr>,
    routers: BTreeMap<(Family, VirtualRouterId), usize>,
}

impl Default for Interface {
    fn default() -> Self {
        Self {
            link: Link::Missing,
            socket: Socket::Open,
            source_ipv4: None,
            source_ipv6: None,
            routers: BTreeMap::new(),
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
        let news = replace(&mut self.entry(interface).link, link);
        self.forget_if_gone(interface);
        news
    }

    /// The socket is this.
    pub(crate) fn set_socket(&mut self, interface: &str, socket: Socket) -> News {
        replace(&mut self.entry(interface).socket, socket)
    }

    /// The interface offers this source address.
    pub(crate) fn set_source(
        &mut self,
        interface: &str,
        family: Family,
        source: Option<IpAddr>,
    ) -> News {
        let interface = self.entry(interface);
        match family {
            Family::Ipv4 => replace(&mut interface.source_ipv4, source),
            Family::Ipv6 => replace(&mut interface.source_ipv6, source),
        }
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
        if let Socket::Refused { message } = &interface.socket {
            return Err(Reason::SocketRefused {
                message: message.clone(),
            });
        }
        let offered = match router.key.family {
            Family::Ipv4 => interface.source_ipv4,
            Family::Ipv6 => interface.source_ipv6,
        };
        let offered = offered.ok_or_else(|| Reason::NoSourceAddress { interface: name() })?;
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
