//! Which configurations the brain takes, and what its virtual routers make of them.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use skep_vrrp::addresses::{AddressList, AddressListUnfit};
use skep_vrrp::configuration::{ChecksumChoice, Configuration, Preemption};
use skep_vrrp::dialect::{self, Checksum, Dialect, IntervalUnfit};
use skep_vrrp::identity::{Family, Priority, Version, VirtualRouterId};

use crate::authenticity::keyring;
use crate::configuration::{
    Authentication, ChecksumMode, HmacKeys, Relocation, RouterConfiguration, RouterKey,
    TrackedInput, Transport,
};
use crate::links::input_name;

/// How many virtual routers one node runs at most: both families of every id on sixteen interfaces.
pub const ROUTERS_MAX: usize = 16 * 2 * 255;

/// Why a command is refused. What ran before keeps running.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A router that cannot run.
    #[error("virtual router {key} cannot run")]
    Router {
        /// Which.
        key: RouterKey,
        /// Why.
        #[source]
        unfit: Unfit,
    },
    /// More routers than a node runs.
    #[error("more than {ROUTERS_MAX} virtual routers in one configuration")]
    TooMany,
    /// Parts of the configuration did not arrive, or were refused.
    #[error("configuration {revision} has {announced} virtual routers, {arrived} arrived")]
    Incomplete {
        /// Which configuration.
        revision: u64,
        /// How many it has.
        announced: u32,
        /// How many arrived.
        arrived: usize,
    },
    /// Two routers of the same name and family.
    #[error("virtual router is configured twice: {0}")]
    KeyTwice(RouterKey),
    /// Two routers that cannot be told apart on the wire.
    #[error("virtual router id {id} is used twice on interface `{interface}`")]
    IdTwice {
        /// The id.
        id: VirtualRouterId,
        /// The interface.
        interface: String,
    },
    /// An address that two routers, or one twice, want on the same interface.
    #[error("address {address} is configured twice on interface `{interface}`")]
    AddressTwice {
        /// The address.
        address: IpAddr,
        /// The interface.
        interface: String,
    },
}

/// Why a virtual router cannot run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Its version cannot express its interval.
    #[error(transparent)]
    Interval(#[from] IntervalUnfit),
    /// Its addresses do not fit into an advertisement.
    #[error(transparent)]
    Addresses(#[from] AddressListUnfit),
    /// Version 3 demands an address.
    #[error("version 3 advertises at least one address")]
    NoAddress,
    /// A prefix longer than its address.
    #[error("prefix of {0} is too long")]
    Prefix(IpAddr),
    /// Priority 0 means "I give up".
    #[error("priority is 0")]
    PriorityZero,
    /// Only version 3 knows IPv6.
    #[error("version 2 does not know ipv6")]
    Version2OverIpv6,
    /// Only version 2 has passwords.
    #[error("version 3 has no simple password")]
    PasswordInVersion3,
    /// Only version 3 has message authentication codes.
    #[error("version 2 has no authentication codes")]
    HmacInVersion2,
    /// The key that signs is not there.
    #[error("no key has the id of the one that signs: {0}")]
    SigningKeyMissing(u8),
    /// Anybody knows an empty key.
    #[error("key {0} is empty")]
    KeyEmpty(u8),
    /// A peer or a multicast group of the other family.
    #[error("peer or multicast group is not of the virtual router's family: {0}")]
    Destination(IpAddr),
    /// A multicast group that is none.
    #[error("not a multicast group: {0}")]
    Group(IpAddr),
    /// Unicast to nobody.
    #[error(
        "unicast needs a peer: give the other members addresses of the virtual router's family"
    )]
    NoPeer,
    /// A source of the other family.
    #[error("source address is not of the virtual router's family: {0}")]
    Source(IpAddr),
}

/// A configuration on its way: what arrived of it so far.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    revision: u64,
    routers: Vec<Accepted>,
}

/// A router that can run.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) configuration: RouterConfiguration,
    pub(crate) machine: Configuration,
}

impl Collected {
    /// Takes one router.
    pub(crate) fn add(
        &mut self,
        revision: u64,
        mut configuration: RouterConfiguration,
    ) -> Result<(), Refused> {
        if self.revision != revision {
            *self = Self {
                revision,
                routers: Vec::new(),
            };
        }
        if self.routers.len() == ROUTERS_MAX {
            return Err(Refused::TooMany);
        }
        let links = configuration.tracked_interfaces.iter();
        let links = links.map(|tracked| TrackedInput {
            name: input_name(&tracked.interface),
            effect: tracked.effect,
        });
        configuration.tracking.extend(links);
        // Control may end halfway, and the next one says it all again.
        let known = |known: &Accepted| known.configuration == configuration;
        if self.routers.iter().any(known) {
            return Ok(());
        }
        match translate(&configuration) {
            Ok(machine) => self.routers.push(Accepted {
                configuration,
                machine,
            }),
            Err(unfit) => {
                return Err(Refused::Router {
                    key: configuration.key,
                    unfit,
                });
            }
        }
        Ok(())
    }

    /// Hands over the whole configuration, or says what is wrong with it.
    pub(crate) fn complete(
        &mut self,
        revision: u64,
        announced: u32,
    ) -> Result<Vec<Accepted>, Refused> {
        let collected = std::mem::take(self);
        let routers = if collected.revision == revision {
            collected.routers
        } else {
            Vec::new()
        };
        if u32::try_from(routers.len()) != Ok(announced) {
            return Err(Refused::Incomplete {
                revision,
                announced,
                arrived: routers.len(),
            });
        }
        tell_apart(&routers)?;
        Ok(routers)
    }
}

fn tell_apart(routers: &[Accepted]) -> Result<(), Refused> {
    let (mut keys, mut ids, mut addresses) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for Accepted {
        configuration: router,
        ..
    } in routers
    {
        if !keys.insert(&router.key) {
            return Err(Refused::KeyTwice(router.key.clone()));
        }
        let id = router.virtual_router_id;
        if !ids.insert((&router.interface, router.key.family, id)) {
            return Err(Refused::IdTwice {
                id,
                interface: router.interface.clone(),
            });
        }
        for held in &router.addresses {
            let interface = held.interface.as_ref().unwrap_or(&router.interface);
            if !addresses.insert((interface, held.address)) {
                let (address, interface) = (held.address, interface.clone());
                return Err(Refused::AddressTwice { address, interface });
            }
        }
    }
    Ok(())
}

fn translate(router: &RouterConfiguration) -> Result<Configuration, Unfit> {
    if router.priority == Priority::RELEASE {
        return Err(Unfit::PriorityZero);
    }
    if let Some(source) = router
        .source
        .filter(|source| Family::of(*source) != router.key.family)
    {
        return Err(Unfit::Source(source));
    }
    let too_long = router
        .addresses
        .iter()
        .find(|held| held.prefix_length > if held.address.is_ipv4() { 32 } else { 128 });
    if let Some(held) = too_long {
        return Err(Unfit::Prefix(held.address));
    }
    let (dialect, checksum_choice) = translate_dialect(router)?;
    let advertised = router.addresses.iter().filter(|held| held.advertised);
    let advertised: Vec<IpAddr> = advertised.map(|held| held.address).collect();
    if advertised.is_empty() && router.version == Version::V3 {
        return Err(Unfit::NoAddress);
    }
    inspect_transport(router)?;
    Ok(Configuration {
        virtual_router_id: router.virtual_router_id,
        dialect,
        checksum_choice,
        priority: router.priority,
        preemption: translate_preemption(router),
        forbearance: Duration::ZERO,
        addresses: AddressList::new(router.key.family, &advertised)?,
    })
}

fn translate_preemption(router: &RouterConfiguration) -> Preemption {
    match router.relocation {
        Relocation::Here => Preemption::After(Duration::ZERO),
        Relocation::None | Relocation::Away if router.preemption.enabled => {
            Preemption::After(router.preemption.delay)
        }
        Relocation::None | Relocation::Away => Preemption::Disabled,
    }
}

fn inspect_transport(router: &RouterConfiguration) -> Result<(), Unfit> {
    let mut destinations = router.transport.destinations();
    if let Some(foreign) = destinations.find(|to| Family::of(*to) != router.key.family) {
        return Err(Unfit::Destination(foreign));
    }
    match &router.transport {
        Transport::Multicast(group) if !group.is_multicast() => Err(Unfit::Group(*group)),
        Transport::Unicast { peers, .. } if peers.is_empty() => Err(Unfit::NoPeer),
        Transport::Multicast(_) | Transport::Unicast { .. } => Ok(()),
    }
}

fn translate_dialect(router: &RouterConfiguration) -> Result<(Dialect, ChecksumChoice), Unfit> {
    let interval = router.advertisement_interval;
    let (checksum, choice) = match router.checksum {
        ChecksumMode::Auto => (Checksum::PseudoHeader, ChecksumChoice::FollowPeer),
        ChecksumMode::Always => (Checksum::PseudoHeader, ChecksumChoice::Fixed),
        ChecksumMode::Never => (Checksum::Message, ChecksumChoice::Fixed),
    };
    let dialect = match (router.version, router.key.family, &router.authentication) {
        (Version::V2, Family::Ipv6, _) => return Err(Unfit::Version2OverIpv6),
        (Version::V2, Family::Ipv4, Authentication::Hmac(_)) => {
            return Err(Unfit::HmacInVersion2);
        }
        (Version::V3, _, Authentication::Hmac(keys)) => {
            inspect_keys(keys)?;
            Dialect::v3(interval, checksum)?
        }
        (Version::V3, _, Authentication::Simple(_)) => return Err(Unfit::PasswordInVersion3),
        (Version::V3, _, Authentication::None) => Dialect::v3(interval, checksum)?,
        (Version::V2, Family::Ipv4, Authentication::None) => {
            Dialect::v2(interval, dialect::Authentication::None)?
        }
        (Version::V2, Family::Ipv4, Authentication::Simple(password)) => {
            Dialect::v2(interval, dialect::Authentication::Simple(*password))?
        }
    };
    Ok((dialect, choice))
}

fn inspect_keys(declared: &HmacKeys) -> Result<(), Unfit> {
    let empty = declared.keys.iter().find(|(_, key)| key.is_empty());
    if let Some((id, _)) = empty {
        return Err(Unfit::KeyEmpty(*id));
    }
    keyring(declared)
        .map(|_ready| ())
        .ok_or(Unfit::SigningKeyMissing(declared.active_key))
}
