//! What an IPv6 socket has to be told.

use std::io;
use std::net::Ipv6Addr;

use rustix::net::sockopt;
use socket2::Socket;

use super::{HOP_LIMIT, TRAFFIC_CLASS};
use crate::socket_option;

/// Where in a VRRP message the checksum is (RFC 9568 §5.1).
const CHECKSUM_OFFSET: i32 = 6;
/// `IPV6_MULTICAST_ALL`, which the C libraries' headers do not all have.
const MULTICAST_ALL: i32 = 29;

/// Each packet comes with its interface, its destination and its hop limit, and only groups joined
/// by this very socket are received. What is sent looks like a router's: hop limit 255,
/// internetwork control.
pub(super) fn prepare(socket: &Socket, interface_index: u32) -> io::Result<()> {
    let set = |option, value| socket_option::set(socket, libc::IPPROTO_IPV6, option, value);
    set(libc::IPV6_RECVPKTINFO, 1)?;
    set(libc::IPV6_RECVHOPLIMIT, 1)?;
    set(libc::IPV6_CHECKSUM, CHECKSUM_OFFSET)?;
    set(MULTICAST_ALL, 0)?;
    sockopt::set_ipv6_multicast_if(socket, interface_index)?;
    sockopt::set_ipv6_multicast_loop(socket, false)?;
    sockopt::set_ipv6_multicast_hops(socket, HOP_LIMIT.into())?;
    sockopt::set_ipv6_unicast_hops(socket, Some(HOP_LIMIT))?;
    sockopt::set_ipv6_tclass(socket, TRAFFIC_CLASS.into())?;
    Ok(())
}

pub(super) fn join(socket: &Socket, group: Ipv6Addr, interface_index: u32) -> io::Result<()> {
    sockopt::set_ipv6_add_membership(socket, &group, interface_index)?;
    Ok(())
}
