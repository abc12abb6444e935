//! By what a virtual router is known to everybody else on the segment.

use skep_vrrp::identity::{Family, Version, VirtualRouterId};

use crate::configuration::RouterConfiguration;

/// What two routers of different configurations have in common when they are the same one to
/// everybody else on the segment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct WireIdentity {
    interface: String,
    family: Family,
    id: VirtualRouterId,
    version: Version,
}

impl WireIdentity {
    pub(crate) fn of(router: &RouterConfiguration) -> Self {
        Self {
            interface: router.interface.clone(),
            family: router.key.family,
            id: router.virtual_router_id,
            version: router.version,
        }
    }
}
