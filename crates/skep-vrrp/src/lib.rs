//! VRRP version 2 (RFC 3768) and version 3 (RFC 9568): packets and the state machine of one
//! virtual router.
//!
//! Nothing here touches a socket, a clock or a network interface: bytes, events and the time come
//! in as arguments, packets to send and state changes come out as values. Start reading at
//! `VirtualRouter`.
#![warn(clippy::wildcard_enum_match_arm)]

pub mod identity;
pub mod time;
