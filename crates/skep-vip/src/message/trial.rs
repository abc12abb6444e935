//! Trying whether advertisements would pass between nodes, before any is sent.
//!
//! What travels is a datagram of protocol 112 that is no advertisement: its first byte is a version
//! and a type that nobody speaks, so that every receiver discards it (RFC 9568 §7.1), and its
//! second the virtual router id 0, which no router has.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use skep_vrrp::identity::Family;

/// What tells it from every advertisement: version 15, type 15, virtual router id 0.
pub const BEGINNING: [u8; 2] = [0xff, 0];

/// As long as an advertisement's header. Over IPv6 the kernel writes the checksum into its end.
const HEADER_BYTES: usize = 8;

/// On how many lanes a trial is made: all of them fit into one message.
pub const LANES_MAX: usize = 256;

/// To how many addresses all lanes together send: what became of it fits into one message.
pub const DESTINATIONS_MAX: usize = 256;

/// How much the senders and the rest of what arrived take, of all lanes together: it fits into one
/// message, too.
pub const ARRIVALS_BYTES_MAX: usize = 24 * 1024;

/// What the data plane tries together with those of other nodes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Trial {
    /// What only those know that take part in this trial.
    pub token: String,
    /// What this node is called in it.
    pub sender: String,
    /// Where it listens and sends.
    pub lanes: Vec<Lane>,
    /// How far it shall be.
    pub stage: Stage,
}

/// How far a trial is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Stage {
    /// It listens.
    Listening,
    /// It has sent, too.
    Sent,
    /// It is over.
    Ended,
}

/// An interface, and how advertisements leave and reach it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lane {
    /// The interface.
    pub interface: String,
    /// The family of the addresses.
    pub family: Family,
    /// The multicast group to listen to; without one, what is sent to the node itself counts.
    pub group: Option<IpAddr>,
    /// The address to send from; by default the one that advertisements would come from.
    pub source: Option<IpAddr>,
    /// Where to send to.
    pub destinations: BTreeSet<IpAddr>,
}

/// What became of a trial so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TrialReport {
    /// Which trial.
    pub token: String,
    /// How far it is.
    pub stage: Stage,
    /// What became of its lanes, in their order.
    pub lanes: Vec<LaneReport>,
}

/// What became of one lane.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LaneReport {
    /// Why it cannot be tried.
    pub refused: Option<String>,
    /// The address that it sends from.
    pub source: Option<IpAddr>,
    /// Where nothing could be sent to, in the system's words.
    pub kept: BTreeMap<IpAddr, String>,
    /// What arrived.
    pub arrivals: BTreeSet<Arrival>,
}

/// A datagram that arrived from another node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Arrival {
    /// What the sender is called.
    pub sender: String,
    /// The address that it came from.
    pub source: IpAddr,
    /// The TTL or hop limit that it had left.
    pub hop_limit: u8,
}

impl Arrival {
    /// How much it takes in a message, and more.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        /// The names of the fields, and the longest address.
        const REST: usize = 96;
        self.sender.len() + REST
    }
}

impl Trial {
    /// The message that tells others that this node is heard.
    #[must_use]
    pub fn message(&self) -> Vec<u8> {
        let text = format!("{} {}", self.token, self.sender);
        let mut message = BEGINNING.to_vec();
        message.resize(HEADER_BYTES, 0);
        message.extend(text.bytes());
        message
    }

    /// Who sent `message`, if it belongs to this trial.
    #[must_use]
    pub fn sender<'a>(&self, message: &'a [u8]) -> Option<&'a str> {
        let text = message.get(HEADER_BYTES..).filter(|_| is_trial(message))?;
        let sender = text.strip_prefix(self.token.as_bytes())?;
        std::str::from_utf8(sender.strip_prefix(b" ")?).ok()
    }
}

/// Whether `message` belongs to a trial, this one or another: no virtual router sent it.
#[must_use]
pub fn is_trial(message: &[u8]) -> bool {
    message.starts_with(&BEGINNING)
}

#[cfg(test)]
mod tests {
    use skep_vrrp::packet::{Advertisement, Discard, MULTICAST_IPV4, MULTICAST_IPV6, Packet};

    use super::*;

    fn trial(token: &str) -> Trial {
        Trial {
            token: token.to_owned(),
            sender: "cube01".to_owned(),
            lanes: Vec::new(),
            stage: Stage::Listening,
        }
    }

    #[test]
    fn a_message_counts_only_with_the_token_of_the_trial() {
        let (this, other) = (trial("a1"), trial("b2"));
        assert_eq!(this.sender(&this.message()), Some("cube01"));
        assert_eq!(this.sender(&other.message()), None);
        assert_eq!(this.sender(&this.message()[..9]), None);
        assert_eq!(this.sender(&[]), None);
        let mut advertisement = this.message();
        advertisement[..2].copy_from_slice(&[0x31, 51]);
        assert_eq!(this.sender(&advertisement), None);
    }

    #[test]
    fn no_virtual_router_takes_it_for_an_advertisement() {
        let message = trial("a1").message();
        for (source, destination) in [
            ("10.0.0.60", MULTICAST_IPV4.into()),
            ("fe80::60", MULTICAST_IPV6.into()),
        ] {
            let packet = Packet {
                source: source.parse().unwrap(),
                destination,
                hop_limit: 255,
                message: &message,
            };
            assert_eq!(packet.virtual_router_id(), None);
            assert_eq!(Advertisement::parse(&packet), Err(Discard::Version(15)));
        }
    }
}
