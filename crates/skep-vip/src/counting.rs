//! Which counter an advertisement that did not count belongs to.

use skep_vrrp::admission::Rejection;
use skep_vrrp::packet::Discard;
use skep_vrrp::trailer::Unproven;

use crate::message::Counters;
use crate::transport::Foreign;

/// Counts a packet that the transport does not let in.
pub(crate) const fn count_foreign(counters: &mut Counters, foreign: Foreign) {
    let counter = match foreign {
        Foreign::Destination | Foreign::Source => &mut counters.discarded_transport,
        Foreign::HopLimit => &mut counters.discarded_ttl,
    };
    *counter += 1;
}

/// Counts a packet that is no advertisement.
pub(crate) const fn count_discard(counters: &mut Counters, discard: &Discard) {
    let counter = match discard {
        Discard::HopLimit(_) => &mut counters.discarded_ttl,
        Discard::Version(_) => &mut counters.discarded_version,
        Discard::AuthenticationType(_) => &mut counters.discarded_authentication,
        Discard::Checksum => &mut counters.discarded_checksum,
        Discard::TooShort { .. }
        | Discard::Type(_)
        | Discard::VirtualRouterIdZero
        | Discard::NoAddresses
        | Discard::IntervalZero => &mut counters.discarded_malformed,
    };
    *counter += 1;
}

/// Counts an advertisement that its router rejected.
pub(crate) const fn count_rejection(counters: &mut Counters, rejection: &Rejection) {
    let counter = match rejection {
        Rejection::Unproven(unproven) => return count_unproven(counters, *unproven),
        Rejection::Version(_) => &mut counters.discarded_version,
        Rejection::AuthenticationType | Rejection::Password => {
            &mut counters.discarded_authentication
        }
        Rejection::Interval(_) => &mut counters.discarded_interval,
        Rejection::OwnAddress(_) => &mut counters.discarded_own_address,
        Rejection::VirtualRouterId(_) => &mut counters.discarded_malformed,
    };
    *counter += 1;
}

/// Counts an advertisement that proves nothing, whether it counts all the same or not.
pub(crate) const fn count_unproven(counters: &mut Counters, unproven: Unproven) {
    let counter = match unproven {
        Unproven::NoTrailer => &mut counters.unproven_no_trailer,
        Unproven::UnknownKey(_) => &mut counters.unproven_unknown_key,
        Unproven::WrongCode => &mut counters.unproven_wrong_code,
        Unproven::Stale => &mut counters.unproven_stale,
        Unproven::Replayed => &mut counters.unproven_replayed,
    };
    *counter += 1;
}
