//! VRRP version 2 (RFC 3768) and version 3 (RFC 9568): packets and the state machine of one
//! virtual router.
//!
//! Nothing here touches a socket, a clock or a network interface: bytes, events and the time come
//! in as arguments, packets to send and state changes come out as values. Start reading at
//! [`virtual_router::VirtualRouter`].
//!
//! [`configuration`] is what it is told, [`action`] what it says, [`admission`] which advertisements
//! count for it; [`packet`] knows the bytes, [`dialect`] what the two versions say differently,
//! [`trailer`] what may follow them and proves who sent them, [`addresses`] the list of virtual addresses, [`identity`] and [`time`] the small values.
#![warn(clippy::wildcard_enum_match_arm)]

pub mod action;
pub mod addresses;
pub mod admission;
mod checksum;
pub mod configuration;
pub mod dialect;
pub mod identity;
pub mod packet;
pub mod time;
pub mod trailer;
pub mod virtual_router;
