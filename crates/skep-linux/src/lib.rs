//! What skep asks of the Linux kernel: netlink, sockets, timers, scheduling, processes.
//!
//! Every module is one kernel object with a plain, safe interface: standard types in, standard
//! types out, no decision taken here. It is the only crate that contains `unsafe`, and each block
//! says why it holds. Nothing here knows VRRP, manifests or Docker.
//!
//! | thread | uses |
//! |---|---|
//! | wire | [`clock`], [`timer`], [`poll`], [`waker`], [`vrrp_socket`], [`scheduling`] |
//! | hand | [`netlink`], [`sysctl`], [`announce`], [`scheduling`] |
//! | supervisor | [`process`], [`poll`], [`agent_lock`], [`service_manager`] |

pub mod agent_lock;
pub mod announce;
pub mod clock;
pub mod footprint;
pub mod host;
pub mod netlink;
pub mod poll;
pub mod process;
pub mod readiness;
pub mod scheduling;
pub mod service_manager;
mod socket_option;
pub mod sysctl;
pub mod timer;
pub mod vrrp_socket;
pub mod waker;
