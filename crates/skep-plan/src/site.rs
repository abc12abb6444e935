//! What a node knows of itself that its share of the desired state depends on.

use std::collections::BTreeMap;

use skep_manifest::address::InterfaceAddress;
use skep_manifest::name::{Name, NodeName};
use skep_manifest::value_source::AbsolutePath;
use skep_vip::configuration::HmacKeys;

/// A node as its own agent sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Site {
    /// Its interfaces.
    pub interfaces: Vec<LocalInterface>,
    /// The interfaces that were found for groups that name none, when they were last looked for: a
    /// group stays where it is while its interface has lost its addresses.
    pub found: BTreeMap<Name, String>,
    /// What the files say that the desired state names with `fromNodeFile`, or why they say
    /// nothing.
    pub files: BTreeMap<AbsolutePath, Result<String, String>>,
    /// The keys of the groups that are authenticated by the cluster's; none without one.
    pub group_keys: BTreeMap<Name, HmacKeys>,
    /// The groups that an operator moved, each with the node it was moved to.
    pub moves: BTreeMap<Name, NodeName>,
}

/// A network interface of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalInterface {
    /// Its name.
    pub name: String,
    /// Its addresses, without those that skep put there.
    pub addresses: Vec<InterfaceAddress>,
}
