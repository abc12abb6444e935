//! What an IPv4 socket has to be told.

use std::io;
use std::net::Ipv4Addr;

use rustix::net::sockopt;
use socket2::Socket;

use super::{HOP_LIMIT, TRAFFIC_CLASS};
use crate::socket_option;

/// Each packet comes with its interface, and only groups joined by this very socket are received.
/// What is sent looks like a router's: TTL 255, internetwork control, never fragmented, and the
/// don't-fragment bit clear as other implementations leave it.
pub(super) fn prepare(socket: &Socket, interface_index: u32) -> io::Result<()> {
    socket_option::set(socket, libc::IPPROTO_IP, libc::IP_PKTINFO, 1)?;
    socket.set_multicast_all_v4(false)?;
    sockopt::set_ip_multicast_if_with_ifindex(
        socket,
        &Ipv4Addr::UNSPECIFIED,
        &Ipv4Addr::UNSPECIFIED,
        interface_index,
    )?;
    socket.set_multicast_loop_v4(false)?;
    socket.set_multicast_ttl_v4(HOP_LIMIT.into())?;
    socket.set_ttl_v4(HOP_LIMIT.into())?;
    sockopt::set_ip_tos(socket, TRAFFIC_CLASS)?;
    let interface_mtu = libc::IP_PMTUDISC_INTERFACE;
    socket_option::set(
        socket,
        libc::IPPROTO_IP,
        libc::IP_MTU_DISCOVER,
        interface_mtu,
    )
}

pub(super) fn join(socket: &Socket, group: Ipv4Addr, interface_index: u32) -> io::Result<()> {
    let unspecified = Ipv4Addr::UNSPECIFIED;
    sockopt::set_ip_add_membership_with_ifindex(socket, &group, &unspecified, interface_index)?;
    Ok(())
}
