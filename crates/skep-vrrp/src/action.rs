//! What a virtual router says: what to send, what it became and why.

use std::net::IpAddr;

use crate::identity::Priority;

/// The state of a virtual router, in the words of RFC 9568 §6.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It takes no part.
    Initialize,
    /// It watches another router.
    Backup,
    /// It is responsible for the addresses.
    Active,
    /// It has the addresses until its successor is heard; the standard does not know this state.
    Leaving,
}

/// What the owner of the machine has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send [`crate::virtual_router::VirtualRouter::advertisement`] with this priority.
    Send {
        /// The priority to advertise.
        priority: Priority,
        /// What for.
        purpose: Purpose,
    },
    /// The state changed.
    Became {
        /// To this state.
        state: State,
        /// For this reason.
        reason: Reason,
    },
}

/// What an advertisement is sent for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To take the addresses over.
    Claim,
    /// To keep them, as always.
    Keep,
    /// To keep them although another router claimed them or might have: the network may have
    /// learnt something wrong, announcements are due.
    Assert,
    /// To let them go.
    Release,
    /// To make the successor announce them again. It is sent when they are not here any more.
    Farewell,
}

/// Why the state changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It was started.
    Started,
    /// It owns the addresses.
    Owner,
    /// Nobody advertised for a whole down interval.
    Silence,
    /// The Active router advertised priority 0.
    Released,
    /// The Active router has a lower priority.
    Preempted,
    /// A router of higher priority, or of equal priority and a higher address, advertised.
    OutRanked {
        /// Who.
        by: IpAddr,
        /// With which priority.
        priority: Priority,
    },
    /// It did not run for a down interval, and another router took over.
    Overslept {
        /// Who took over.
        successor: IpAddr,
    },
    /// The process before this one was Active until a moment ago.
    Adopted,
    /// It was stopped.
    Stopped,
    /// It was told to leave it to another router.
    SteppedDown,
    /// Its successor was heard.
    HandedOver {
        /// Who succeeded.
        to: IpAddr,
    },
    /// It left, and nobody took over.
    NoSuccessor,
}
