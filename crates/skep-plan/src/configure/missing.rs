//! Why a node cannot run its part of a VIP group.

use std::net::IpAddr;

use skep_manifest::condition::Reason;
use skep_manifest::name::{Name, NodeName};

/// Why a VIP group cannot be run on a node.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("VIP group `{group}` on node `{node}`: {missing}")]
pub struct ConfigureError {
    /// The group.
    pub group: Name,
    /// The node.
    pub node: NodeName,
    /// What stands in the way.
    pub missing: Missing,
}

/// What stands in the way of running a group on a node.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// There is nothing to hold.
    #[error("it has no addresses")]
    Addresses,
    /// No interface is in the network of the addresses.
    #[error(
        "no interface of this node is in the network of {address} ({seen}): give `interface` in the \
         group or for this member"
    )]
    NoInterface {
        /// The group's first address.
        address: IpAddr,
        /// What there is instead.
        seen: String,
    },
    /// More than one interface is in the network of the addresses.
    #[error(
        "{found} of this node are all in the network of {address}: give `interface` in the group or \
         for this member"
    )]
    SeveralInterfaces {
        /// The group's first address.
        address: IpAddr,
        /// The interfaces.
        found: String,
    },
    /// The virtual router id is to be chosen.
    #[error("its virtual router id was not chosen: apply the manifest again, or give a number")]
    VirtualRouterId,
    /// Another group of the node uses the same virtual router id.
    #[error(
        "`{by}` uses virtual router id {id} on {interface} too: give one of them another number"
    )]
    IdTaken {
        /// The id.
        id: u8,
        /// The interface.
        interface: String,
        /// The other group.
        by: String,
    },
    /// Another group of the node holds the same address.
    #[error("`{by}` has the address {address} too: remove it from one of them")]
    AddressTaken {
        /// The address.
        address: IpAddr,
        /// The other group.
        by: String,
    },
    /// The member has no priority.
    #[error("the member has no priority")]
    Priority,
    /// Version 2 and an address of IPv6.
    #[error("version 2 does not know IPv6: use `version: 3`")]
    Version2OverIpv6,
    /// No other member can be reached.
    #[error(
        "no other member has an {family} address to send to: give the members `address`, or use \
         multicast"
    )]
    Peers {
        /// The family.
        family: &'static str,
    },
    /// Version 3 needs something to say.
    #[error("no address is advertised: version 3 needs one, or use `version: 2`")]
    NothingAdvertised,
    /// The group's key is derived from a secret that this agent does not have.
    #[error(
        "`authentication: cluster` takes its key from cluster.key, which this agent does not have: \
         with a certificate it gets the key from an agent that has it; standalone, give `hmac` keys \
         of your own, or `none`"
    )]
    ClusterKey,
    /// A key is none.
    #[error("the key {id} cannot be used: {why}")]
    Key {
        /// Its id.
        id: u8,
        /// Why.
        why: &'static str,
    },
    /// A secret cannot be read on this node.
    #[error("{why}: put the secret there, it is read again every second")]
    Secret {
        /// Why, with the file.
        why: String,
    },
    /// A value was to be read by who submitted the manifest.
    #[error("`{source_name}` was not read when the manifest was submitted: apply it again")]
    Unread {
        /// The file or variable, as it was written.
        source_name: String,
    },
    /// A sealed value cannot be opened.
    #[error("sealed values are not supported yet: use `fromNodeFile`")]
    Sealed,
}

impl Missing {
    /// The word for it in conditions.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::NoInterface { .. } | Self::SeveralInterfaces { .. } => Reason::InterfaceDown,
            Self::Secret { .. } | Self::ClusterKey => Reason::SecretMissing,
            Self::Sealed => Reason::NotSupported,
            Self::Addresses
            | Self::VirtualRouterId
            | Self::Version2OverIpv6
            | Self::Peers { .. }
            | Self::NothingAdvertised
            | Self::IdTaken { .. }
            | Self::AddressTaken { .. }
            | Self::Priority
            | Self::Key { .. }
            | Self::Unread { .. } => Reason::InvalidManifest,
        }
    }
}
