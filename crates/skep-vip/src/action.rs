//! What the brain wants done.

use std::net::IpAddr;
use std::sync::Arc;

use crate::configuration::{Lease, VirtualRoute};

/// One thing to do. Actions are done in the order they are polled: advertisements first, then
/// what they say is put in place, then it is announced. Only then the brain is told what is in
/// place, so that what it says next finds clients that know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action<'a> {
    /// Send an advertisement.
    Send(Transmission<'a>),
    /// Make this address present. Doing it again does no harm.
    AddAddress(Holding),
    /// Make this address absent. Doing it again does no harm.
    RemoveAddress(Holding),
    /// Make this route present. Doing it again does no harm.
    AddRoute(VirtualRoute),
    /// Make this route absent. Doing it again does no harm.
    RemoveRoute(VirtualRoute),
    /// Tell the network once that the address lives here.
    Announce(Announcement),
    /// Do not tell the network any more what it has not been told yet: the address lives here, and
    /// another host says where clients shall look for it.
    Withhold(Announcement),
}

/// An advertisement ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmission<'a> {
    /// On which interface.
    pub interface: Arc<str>,
    /// From which address.
    pub source: IpAddr,
    /// To which address.
    pub destination: IpAddr,
    /// What follows the IP header.
    pub message: &'a [u8],
}

/// An address this node holds, exactly as it is put on an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// The interface it is on.
    pub interface: Arc<str>,
    /// The address.
    pub address: IpAddr,
    /// The length of its prefix.
    pub prefix_length: u8,
    /// The interface label, IPv4 only.
    pub label: Option<Arc<str>>,
    /// How long the kernel keeps it when nobody renews it.
    pub lease: Lease,
}

/// An address to announce.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// The interface it is on.
    pub interface: Arc<str>,
    /// The address.
    pub address: IpAddr,
}
