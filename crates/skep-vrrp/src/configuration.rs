//! What one virtual router is told to be.

use std::time::Duration;

use crate::addresses::AddressList;
use crate::dialect::Dialect;
use crate::identity::{Priority, VirtualRouterId};

/// What a virtual router is told to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configuration {
    /// Its id on the wire.
    pub virtual_router_id: VirtualRouterId,
    /// Its version, and what only that version has.
    pub dialect: Dialect,
    /// What it does when a version 3 peer computes the checksum another way.
    pub checksum_choice: ChecksumChoice,
    /// Its priority; [`Priority::OWNER`] makes it the owner of the addresses.
    pub priority: Priority,
    /// Whether it takes over from a living router of lower priority.
    pub preemption: Preemption,
    /// For how long an Active router lets an equal of a higher address be before it yields: something
    /// else decides between them meanwhile. Zero is the standard.
    pub forbearance: Duration,
    /// The addresses it advertises.
    pub addresses: AddressList,
}

/// What a router does when a version 3 peer sums no pseudo-header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChecksumChoice {
    /// It sends as configured.
    Fixed,
    /// It leaves the pseudo-header out from then on.
    FollowPeer,
}

/// Whether, and how late, a router takes over from a living one of lower priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preemption {
    /// Never. An owner takes over all the same (RFC 9568 §6.1, Preempt_Mode).
    Disabled,
    /// After it has let the other one be for this long.
    After(Duration),
}
