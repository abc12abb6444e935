//! What the two threads of the data plane tell each other.

use std::net::IpAddr;
use std::sync::Arc;

use skep_linux::vrrp_socket::VrrpSocket;
use skep_vip::action::{Announcement, Holding};
use skep_vip::configuration::{Setting, VirtualRoute};
use skep_vip::interfaces::Link;
use skep_vip::message::{Command, Lateness, Report, SegmentReport};
use skep_vrrp::identity::Family;

/// From hand to wire.
pub(super) enum Notice {
    /// Control said this.
    Command(Command),
    /// The state of an interface's link.
    Link(Arc<str>, Link),
    /// The source address of a family that an interface offers.
    Source(Arc<str>, Family, Option<IpAddr>),
    /// The socket of an interface and a family, in place of the one it had.
    Opened(Arc<str>, VrrpSocket),
    /// The socket of an interface and a family cannot be opened.
    Refused(Arc<str>, Family, String),
    /// Somebody removed an address from an interface.
    AddressRemoved(Arc<str>, IpAddr),
    /// An interface does what routers need, or why it cannot be made to.
    Setting(Arc<str>, Setting, Option<String>),
    /// What an earlier vip ran was said: what comes now is new.
    Begin,
    /// An address that was to be present is.
    AddressPresent(Arc<str>, IpAddr),
    /// An address that was to be absent is.
    AddressAbsent(Arc<str>, IpAddr),
    /// Leave everything and end.
    Stop,
}

/// From wire to hand.
pub(super) enum Wish {
    /// This address shall be present.
    Present(Holding),
    /// This address shall be absent.
    Absent(Holding),
    /// This route shall be present.
    RoutePresent(VirtualRoute),
    /// This route shall be absent.
    RouteAbsent(VirtualRoute),
    /// The network shall be told where this address is.
    Announce(Announcement),
    /// The network shall not be told any more where this address is.
    Withhold(Announcement),
    /// This socket is not needed any more: closing it may make its closer wait.
    Close(VrrpSocket),
    /// Control shall know this.
    Report(Box<Report>),
    /// Control shall know this of a segment.
    Segment(SegmentReport),
    /// Why the wire thread is less punctual than it could be.
    Restricted(String),
    /// How late the wire thread was so far.
    Lateness(Lateness),
    /// What an earlier vip ran runs again, as far as it may.
    Begun,
    /// Every router has left: nothing more comes.
    Done,
}
