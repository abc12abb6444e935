//! Whether an advertisement counts for a virtual router.

use std::net::IpAddr;
use std::time::Duration;

use crate::configuration::Configuration;
use crate::dialect::{Authentication, Dialect};
use crate::identity::{Version, VirtualRouterId};
use crate::packet::Advertisement;
use crate::trailer::Unproven;

/// Why an advertisement does not count for this virtual router.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// It is for another virtual router.
    #[error("advertisement is for virtual router {0}")]
    VirtualRouterId(VirtualRouterId),
    /// It carries the router's own source address: a reflection, or somebody else's mistake.
    #[error("advertisement comes from this router's own address: {0}")]
    OwnAddress(IpAddr),
    /// It speaks the other version.
    #[error("advertisement speaks another version: {0:?}")]
    Version(Version),
    /// It is authenticated in another way.
    #[error("advertisement has another type of authentication")]
    AuthenticationType,
    /// It has another password.
    #[error("advertisement has another password")]
    Password,
    /// Its version 2 interval is not the router's.
    #[error("advertisement has another interval: {0:?}")]
    Interval(Duration),
    /// It does not prove that a member sent it just now.
    #[error(transparent)]
    Unproven(#[from] Unproven),
}

/// RFC 9568 §7.1 and RFC 3768 §7.1, the part that depends on the virtual router. A list of
/// other addresses is no reason: RFC 9568 forbids to drop it, and dropping it would make two
/// Active routers out of one while addresses are being added.
pub(crate) fn admit(
    configuration: &Configuration,
    advertisement: &Advertisement<'_>,
) -> Result<(), Rejection> {
    if advertisement.virtual_router_id != configuration.virtual_router_id {
        return Err(Rejection::VirtualRouterId(advertisement.virtual_router_id));
    }
    match (configuration.dialect, advertisement.dialect) {
        (
            Dialect::V2 {
                interval_s,
                authentication,
            },
            Dialect::V2 {
                interval_s: theirs,
                authentication: shown,
            },
        ) => {
            authenticate(authentication, shown)?;
            // RFC 3768 §7.1: another interval must be discarded.
            if interval_s != theirs {
                return Err(Rejection::Interval(advertisement.dialect.interval()));
            }
            Ok(())
        }
        // RFC 9568 §7.1: another interval is not dropped, it is learnt.
        (Dialect::V3 { .. }, Dialect::V3 { .. }) => Ok(()),
        (Dialect::V2 { .. }, Dialect::V3 { .. }) | (Dialect::V3 { .. }, Dialect::V2 { .. }) => {
            Err(Rejection::Version(advertisement.dialect.version()))
        }
    }
}

fn authenticate(expected: Authentication, shown: Authentication) -> Result<(), Rejection> {
    match (expected, shown) {
        (Authentication::None, Authentication::None) => Ok(()),
        (Authentication::Simple(expected), Authentication::Simple(shown)) => {
            if expected == shown {
                Ok(())
            } else {
                Err(Rejection::Password)
            }
        }
        (Authentication::None, Authentication::Simple(_))
        | (Authentication::Simple(_), Authentication::None) => Err(Rejection::AuthenticationType),
    }
}
