//! The sockets that virtual routers need, opened here for wire to use.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use skep_linux::vrrp_socket::{self, VrrpSocket};
use skep_vip::configuration::{RouterConfiguration, Transport};
use skep_vrrp::identity::Family;
use skep_vrrp::packet::{MULTICAST_IPV4, MULTICAST_IPV6};

use crate::vip::interfaces::Interfaces;
use crate::vip::notes::Notice;

/// An interface and a family that advertisements travel by, with the multicast groups to hear.
pub(super) type Needs = BTreeMap<(Arc<str>, Family), BTreeSet<IpAddr>>;

/// What was opened last for every need: on which interface index, for which groups.
#[derive(Default)]
pub(super) struct Sockets(BTreeMap<(Arc<str>, Family), (u32, BTreeSet<IpAddr>)>);

/// What these routers need.
pub(super) fn needs<'a>(routers: impl Iterator<Item = &'a RouterConfiguration>) -> Needs {
    let mut needs = Needs::new();
    for router in routers {
        let key = (Arc::from(router.interface.as_str()), router.key.family);
        let groups = needs.entry(key).or_default();
        match router.transport {
            Transport::Multicast(group) => {
                groups.insert(group);
            }
            Transport::Unicast { .. } => {}
        }
    }
    needs
}

/// Adds what is needed to listen on `interfaces`. A router that is there listens as it is told: on
/// a group of its own it must not hear what others say on the standard's.
pub(super) fn listening(needs: &mut Needs, interfaces: &BTreeSet<String>) {
    for interface in interfaces {
        for (family, group) in [
            (Family::Ipv4, IpAddr::from(MULTICAST_IPV4)),
            (Family::Ipv6, IpAddr::from(MULTICAST_IPV6)),
        ] {
            let key = (Arc::from(interface.as_str()), family);
            needs.entry(key).or_insert_with(|| BTreeSet::from([group]));
        }
    }
}

impl Sockets {
    /// Opens what is needed and not open yet, or open for another interface or other groups; what
    /// failed before is tried again. Returns what wire has to know.
    pub(super) fn ensure(&mut self, needs: &Needs, interfaces: &Interfaces) -> Vec<Notice> {
        self.0.retain(|need, _| needs.contains_key(need));
        let mut notices = Vec::new();
        for (need, groups) in needs {
            let (name, family) = need;
            let Some(link) = interfaces.link(name) else {
                self.0.remove(need);
                continue;
            };
            let opened = self.0.get(need);
            if opened.is_some_and(|(index, joined)| *index == link.index && joined == groups) {
                continue;
            }
            notices.push(match open(link.index, *family, groups) {
                Ok(socket) => {
                    self.0.insert(need.clone(), (link.index, groups.clone()));
                    Notice::Opened(Arc::clone(name), socket)
                }
                Err(message) => {
                    self.0.remove(need);
                    Notice::Refused(Arc::clone(name), *family, message)
                }
            });
        }
        notices
    }
}

fn open(index: u32, family: Family, groups: &BTreeSet<IpAddr>) -> Result<VrrpSocket, String> {
    let family = match family {
        Family::Ipv4 => vrrp_socket::Family::Ipv4,
        Family::Ipv6 => vrrp_socket::Family::Ipv6,
    };
    VrrpSocket::open(index, family, groups.iter().copied())
        .map_err(|error| format!("{:#}", anyhow::Error::new(error)))
}

/// The family of a socket in the words of the protocol.
pub(super) fn family(socket: &VrrpSocket) -> Family {
    match socket.family() {
        vrrp_socket::Family::Ipv4 => Family::Ipv4,
        vrrp_socket::Family::Ipv6 => Family::Ipv6,
    }
}
