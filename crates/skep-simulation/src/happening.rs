//! What can happen to a cluster from outside.

use std::net::IpAddr;
use std::time::Duration;

use skep_vip::configuration::{RouterConfiguration, RouterKey};
use skep_vip::interfaces::Link;
use skep_vip::message::Health;

use crate::network::Path;
use crate::setup::HandPace;

/// Something that happens to one node, or to the network.
#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    /// To one node.
    Node {
        /// Which.
        node: usize,
        /// What.
        what: NodeHappening,
    },
    /// The path from one node to another becomes this, on one segment.
    Path {
        /// The segment.
        segment: usize,
        /// Who sends.
        from: usize,
        /// Who receives.
        to: usize,
        /// What the path is from now on.
        path: Path,
    },
    /// Somebody who has no key says again what a router of a group said once.
    Replay {
        /// The group and its family.
        key: RouterKey,
        /// At least this long ago.
        older_than: Duration,
    },
}

/// Something that happens to one node.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeHappening {
    /// Its power goes, and with it everything in its memory.
    PowerCut,
    /// It is switched on, or its agent is started again. A data plane alone carries on.
    Start,
    /// All processes of its agent are killed; its kernel lives on.
    Kill,
    /// The data plane of its agent ends; its supervisor lives on.
    Crash,
    /// All processes of its agent stand still; its kernel lives on.
    Freeze,
    /// They go on.
    Thaw,
    /// Its agent is told to stop.
    Stop,
    /// The link of an interface becomes this.
    Link(String, Link),
    /// Its addresses on an interface go, or come back.
    Sources(String, Presence),
    /// A health input becomes this.
    Input(String, Health),
    /// Its agent accepts another configuration.
    Commit(Vec<RouterConfiguration>),
    /// Somebody removes a virtual address from an interface.
    Remove(String, IpAddr),
    /// Hand becomes this fast.
    Hand(HandPace),
    /// Hand comes too late to renew: the leases of its addresses end.
    Lapse,
}

/// Whether something is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It is.
    Present,
    /// It is not.
    Absent,
}
