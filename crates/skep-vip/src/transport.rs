//! How a virtual router's advertisements travel: where they are sent, and whose are listened to.

use std::net::IpAddr;
use std::slice;

use skep_vrrp::packet::{HOP_LIMIT, Packet};

use crate::configuration::Transport;

/// Why a packet for this virtual router is not listened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Foreign {
    /// It was sent the other way, or to another group.
    Destination,
    /// No peer sent it.
    Source,
    /// It came further than a peer may be away.
    HopLimit,
}

impl Transport {
    /// Where each advertisement goes.
    pub(crate) fn destinations(&self) -> impl Iterator<Item = IpAddr> + '_ {
        let destinations = match self {
            Self::Multicast(group) => slice::from_ref(group),
            Self::Unicast { peers, .. } => peers.as_slice(),
        };
        destinations.iter().copied()
    }

    /// The packet as the parser shall see it, which knows of multicast only: there, every hop
    /// limit but one is wrong.
    pub(crate) fn admit<'a>(&self, packet: &Packet<'a>) -> Result<Packet<'a>, Foreign> {
        match self {
            Self::Multicast(group) if packet.destination != *group => Err(Foreign::Destination),
            Self::Multicast(_) => Ok(*packet),
            Self::Unicast { .. } if packet.destination.is_multicast() => Err(Foreign::Destination),
            Self::Unicast { peers, .. } if !peers.contains(&packet.source) => Err(Foreign::Source),
            Self::Unicast {
                minimum_hop_limit, ..
            } if packet.hop_limit < *minimum_hop_limit => Err(Foreign::HopLimit),
            Self::Unicast { .. } => Ok(Packet {
                hop_limit: HOP_LIMIT,
                ..*packet
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unicast(minimum_hop_limit: u8) -> Transport {
        Transport::Unicast {
            peers: vec![ip("10.0.0.61"), ip("10.0.0.62")],
            minimum_hop_limit,
        }
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[track_caller]
    fn check(
        transport: &Transport,
        (source, destination, hop_limit): (&str, &str, u8),
        expected: Result<u8, Foreign>,
    ) {
        let packet = Packet {
            source: ip(source),
            destination: ip(destination),
            hop_limit,
            message: &[],
        };
        let admitted = transport.admit(&packet).map(|packet| packet.hop_limit);
        assert_eq!(admitted, expected);
    }

    #[test]
    fn in_unicast_peers_are_listened_to_and_nobody_else() {
        let transport = unicast(255);
        check(&transport, ("10.0.0.61", "10.0.0.60", 255), Ok(255));
        let stranger = ("10.0.0.99", "10.0.0.60", 255);
        check(&transport, stranger, Err(Foreign::Source));
        let multicast = ("10.0.0.61", "224.0.0.18", 255);
        check(&transport, multicast, Err(Foreign::Destination));
    }

    #[test]
    fn a_peer_may_be_as_far_away_as_it_is_allowed_to() {
        check(&unicast(254), ("10.0.0.61", "10.0.0.60", 254), Ok(255));
        let too_far = ("10.0.0.61", "10.0.0.60", 253);
        check(&unicast(254), too_far, Err(Foreign::HopLimit));
    }

    #[test]
    fn in_multicast_only_the_group_is_listened_to() {
        let transport = Transport::Multicast(ip("224.0.0.18"));
        check(&transport, ("10.0.0.99", "224.0.0.18", 7), Ok(7));
        for other in ["224.0.0.19", "10.0.0.60"] {
            let packet = ("10.0.0.99", other, 255);
            check(&transport, packet, Err(Foreign::Destination));
        }
    }
}
