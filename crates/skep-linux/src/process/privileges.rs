//! Giving up every right that is not needed, for good.

use std::io;

use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, capability_is_in_bounding_set,
    clear_ambient_capability_set, remove_capability_from_bounding_set, set_capabilities,
    set_no_new_privs,
};
use thiserror::Error;

/// A right of the superuser's that a process of skep may keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Capability {
    /// Change addresses and links.
    NetAdmin,
    /// Open raw and packet sockets.
    NetRaw,
    /// Ask for real-time priority.
    SysNice,
    /// Lock memory.
    IpcLock,
    /// Become another user.
    SetUid,
    /// Become another group.
    SetGid,
    /// Signal processes of other users.
    Kill,
}

/// Whether programs that this process starts may get rights it does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Programs {
    /// They may, for example to run as another user.
    MayGain,
    /// They may not; this cannot be undone.
    NeverGain,
}

/// Why the rights were not given up.
#[derive(Debug, Error)]
#[error("cannot give up privileges: {step} failed")]
pub struct PrivilegeError {
    /// The call that failed.
    pub step: &'static str,
    /// The kernel's reason.
    #[source]
    pub source: io::Error,
}

/// Keeps those of the capabilities `keep` that the process has, and nothing else, not even for
/// programs it starts. Rights belong to threads: call it before there is a second one.
pub fn keep_only(keep: &[Capability], programs: Programs) -> Result<(), PrivilegeError> {
    let wanted = keep
        .iter()
        .fold(CapabilitySet::empty(), |all, one| all | one.flag());
    let had = capabilities(None).map_err(failed("capget"))?;
    clear_ambient_capability_set().map_err(failed("clearing the ambient set"))?;
    // Only who may set capabilities may narrow the bound; who may not has nothing to lose there.
    if had.effective.contains(CapabilitySet::SETPCAP) {
        narrow_bound(wanted)?;
    }
    let kept = had.permitted & wanted;
    let sets = CapabilitySets {
        effective: kept,
        permitted: kept,
        inheritable: CapabilitySet::empty(),
    };
    set_capabilities(None, sets).map_err(failed("capset"))?;
    match programs {
        Programs::MayGain => Ok(()),
        Programs::NeverGain => set_no_new_privs(true).map_err(failed("PR_SET_NO_NEW_PRIVS")),
    }
}

/// A superuser's program gets what the bounding set holds, whatever its parent had.
fn narrow_bound(wanted: CapabilitySet) -> Result<(), PrivilegeError> {
    for bit in 0..u64::BITS {
        let one = CapabilitySet::from_bits_retain(1 << bit);
        // The first number the kernel does not know ends its list.
        let Ok(bounded) = capability_is_in_bounding_set(one) else {
            break;
        };
        if bounded && !wanted.contains(one) {
            remove_capability_from_bounding_set(one)
                .map_err(failed("narrowing the bounding set"))?;
        }
    }
    Ok(())
}

fn failed(step: &'static str) -> impl Fn(rustix::io::Errno) -> PrivilegeError {
    move |error| PrivilegeError {
        step,
        source: error.into(),
    }
}

impl Capability {
    fn flag(self) -> CapabilitySet {
        match self {
            Self::NetAdmin => CapabilitySet::NET_ADMIN,
            Self::NetRaw => CapabilitySet::NET_RAW,
            Self::SysNice => CapabilitySet::SYS_NICE,
            Self::IpcLock => CapabilitySet::IPC_LOCK,
            Self::SetUid => CapabilitySet::SETUID,
            Self::SetGid => CapabilitySet::SETGID,
            Self::Kill => CapabilitySet::KILL,
        }
    }
}
