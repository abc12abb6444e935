//! What groups can have beyond one router of one family: two families, ties, proofs, unicast,
//! tracked links and a slow start.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use skep_vip::configuration::{
    Authentication, Effect, HmacKeys, HmacMode, Replay, RouterConfiguration, Start,
    TrackedInterface, Transport,
};
use skep_vrrp::identity::{Family, Version};
use skep_vrrp::packet::{HOP_LIMIT, MULTICAST_IPV6};

use super::make::{BACK, FRONT, Sources, sources, virtual_address};
use crate::random::Random;

/// How old an advertisement may be that is proven: longer than any packet is under way.
pub(super) const WINDOW: Duration = Duration::from_secs(8);

/// What the groups of a cluster have in common.
#[derive(Debug)]
pub(super) struct Richness {
    interval: Duration,
    sync_group: Option<String>,
    link_delays: Option<[Duration; 2]>,
}

/// What the members of a group have in common.
#[derive(Debug)]
pub(super) struct RichGroup {
    families: Families,
    sync_group: Option<String>,
    unicast: bool,
    /// How far it is with signing, if it ever signs.
    pub(super) proofs: Option<Proofs>,
    start: Start,
    track_interface: bool,
    tracked_link: Option<(Effect, [Duration; 2])>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Families {
    Ipv4,
    Ipv6,
    Both,
}

impl Richness {
    pub(super) fn random(random: &mut Random, interval: Duration) -> Self {
        let delayed = random.once_in(2);
        let mut delay = || interval * random.pick(&[0, 1, 5]);
        Self {
            interval,
            link_delays: delayed.then(|| [delay(), delay()]),
            sync_group: random.once_in(3).then(|| "together".to_owned()),
        }
    }

    /// Whether all its groups move together. Who decides is then the same on every node only if
    /// every node has all of them.
    pub(super) const fn ties(&self) -> bool {
        self.sync_group.is_some()
    }

    pub(super) fn group(&self, random: &mut Random) -> RichGroup {
        let (v4, v6, both) = (Families::Ipv4, Families::Ipv6, Families::Both);
        RichGroup {
            families: random.pick(&[v4, v4, v4, v6, both, both]),
            sync_group: self.sync_group.clone(),
            unicast: random.once_in(4),
            proofs: random
                .once_in(3)
                .then(|| random.pick(&[Proofs::None, Proofs::Received, Proofs::Enforced])),
            start: Start {
                delay: self.interval * random.pick(&[0, 0, 0, 3]),
                listen_first: random.once_in(3),
            },
            track_interface: !random.once_in(6),
            tracked_link: random.once_in(3).then(|| match self.link_delays {
                // What is believed of a link with delays only the brain knows.
                Some(delays) => (Effect::Weight(random.pick(&[-40, 40])), delays),
                None => (Effect::Fault, [Duration::ZERO; 2]),
            }),
        }
    }
}

impl RichGroup {
    /// What becomes of a router of the node that has these addresses of its own.
    pub(super) fn routers(
        &self,
        mut router: RouterConfiguration,
        own: Sources,
        nodes: usize,
    ) -> Vec<RouterConfiguration> {
        if self.families != Families::Ipv4 || self.proofs.is_some() {
            router.version = Version::V3;
        }
        if let Some(proofs) = self.proofs {
            authenticate(&mut router, proofs);
        }
        router.sync_group.clone_from(&self.sync_group);
        router.start = self.start;
        router.track_interface = self.track_interface;
        let other = if router.interface == FRONT {
            BACK
        } else {
            FRONT
        };
        let tracked = self.tracked_link.map(|(effect, [up_delay, down_delay])| {
            let interface = other.to_owned();
            TrackedInterface {
                interface,
                effect,
                up_delay,
                down_delay,
            }
        });
        router.tracked_interfaces.extend(tracked);
        let mut families = match self.families {
            Families::Ipv4 => vec![router],
            Families::Ipv6 => vec![as_ipv6(router)],
            Families::Both => {
                let mut follower = as_ipv6(router.clone());
                follower.follows = Some(Family::Ipv4);
                vec![router, follower]
            }
        };
        if self.unicast {
            for router in &mut families {
                send_to_each(router, own, nodes);
            }
        }
        families
    }
}

/// The same with IPv6 addresses, a link-local one first.
fn as_ipv6(mut router: RouterConfiguration) -> RouterConfiguration {
    router.key.family = Family::Ipv6;
    router.transport = Transport::Multicast(MULTICAST_IPV6.into());
    let id = u16::from(router.virtual_router_id.number());
    let addresses = (0_u16..).zip(&router.addresses).map(|(number, _)| {
        let network = if number == 0 { 0xfe80 } else { 0xfd00 };
        virtual_address(Ipv6Addr::new(network, 0, 0, 0, 0, 1, id, number).into())
    });
    router.addresses = addresses.collect();
    router
}

fn send_to_each(router: &mut RouterConfiguration, own: Sources, nodes: usize) {
    let segment = usize::from(router.interface == BACK);
    let family = usize::from(router.key.family == Family::Ipv6);
    let all = (0..nodes).map(|number| sources(number)[segment][family]);
    let peers: Vec<IpAddr> = all.filter(|peer| *peer != own[segment][family]).collect();
    router.transport = Transport::Unicast {
        peers,
        minimum_hop_limit: HOP_LIMIT,
    };
}

/// How far a group has come on its way to signed advertisements, and to the next key. Members that
/// are one step apart understand each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proofs {
    None,
    Received,
    Permissive,
    Enforced,
    BothKeys,
    NextKey,
    NextKeyOnly,
}

impl Proofs {
    /// The next step, if there is one.
    pub(super) const fn next(self) -> Self {
        match self {
            Self::None => Self::Received,
            Self::Received => Self::Permissive,
            Self::Permissive => Self::Enforced,
            Self::Enforced => Self::BothKeys,
            Self::BothKeys => Self::NextKey,
            Self::NextKey | Self::NextKeyOnly => Self::NextKeyOnly,
        }
    }

    /// Whether nobody without the key is listened to.
    pub(super) const fn is_strict(self) -> bool {
        match self {
            Self::None | Self::Received | Self::Permissive => false,
            Self::Enforced | Self::BothKeys | Self::NextKey | Self::NextKeyOnly => true,
        }
    }
}

/// Lets a router prove what it says as far as that.
pub(super) fn authenticate(router: &mut RouterConfiguration, proofs: Proofs) {
    let (ids, active_key, mode): (&[u8], u8, HmacMode) = match proofs {
        Proofs::None => {
            router.authentication = Authentication::None;
            return;
        }
        Proofs::Received => (&[1], 1, HmacMode::ReceiveOnly),
        Proofs::Permissive => (&[1], 1, HmacMode::Permissive),
        Proofs::Enforced => (&[1], 1, HmacMode::Enforce),
        Proofs::BothKeys => (&[1, 2], 1, HmacMode::Enforce),
        Proofs::NextKey => (&[1, 2], 2, HmacMode::Enforce),
        Proofs::NextKeyOnly => (&[2], 2, HmacMode::Enforce),
    };
    let keys: BTreeMap<u8, Vec<u8>> = ids.iter().map(|id| (*id, vec![*id; 32])).collect();
    router.authentication = Authentication::Hmac(HmacKeys {
        keys,
        active_key,
        mode,
        replay: Replay::Time,
        window: WINDOW,
    });
}
