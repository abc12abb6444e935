//! What is known of a network interface.

use rtnetlink::packet_route::AddressFamily;
use rtnetlink::packet_route::link::{LinkAttribute, LinkFlags, LinkMessage};

/// A network interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its index, which it keeps when renamed.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Whether it was set up.
    pub up: bool,
    /// Whether there is something at the other end of the cable.
    pub carrier: bool,
    /// Its hardware address, if it has one of Ethernet's form.
    pub hardware_address: Option<[u8; 6]>,
}

impl Link {
    /// Whether packets can pass.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.up && self.carrier
    }

    /// Nothing if the message is about a bridge port: a port that leaves its bridge is reported
    /// as a deleted link of the bridge family, and the interface lives on.
    pub(super) fn read(message: &LinkMessage) -> Option<Self> {
        let header = &message.header;
        if header.interface_family != AddressFamily::Unspec {
            return None;
        }
        let mut link = Self {
            index: header.index,
            name: String::new(),
            up: header.flags.contains(LinkFlags::Up),
            carrier: header.flags.contains(LinkFlags::LowerUp),
            hardware_address: None,
        };
        for attribute in &message.attributes {
            match attribute {
                LinkAttribute::IfName(name) => link.name.clone_from(name),
                LinkAttribute::Address(bytes) => {
                    link.hardware_address = bytes.as_slice().try_into().ok();
                }
                _ => {}
            }
        }
        Some(link)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_about_a_bridge_port_is_not_about_the_link() {
        let mut message = LinkMessage::default();
        message.header.index = 3;
        message
            .attributes
            .push(LinkAttribute::IfName("eth0".to_owned()));
        assert_eq!(Link::read(&message).unwrap().name, "eth0");
        message.header.interface_family = AddressFamily::Bridge;
        assert_eq!(Link::read(&message), None);
    }

    #[test]
    fn an_address_that_is_not_ethernet_s_is_none() {
        let mut message = LinkMessage::default();
        message.attributes.push(LinkAttribute::Address(vec![0; 20]));
        assert_eq!(Link::read(&message).unwrap().hardware_address, None);
    }
}
