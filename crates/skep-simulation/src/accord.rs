//! Which configurations belong together: which routers understand each other, and which move
//! together.

use skep_vip::configuration::{Authentication, HmacMode, RouterConfiguration};
use skep_vrrp::identity::{Version, VirtualRouterId};

/// As what a router is known on its segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wire {
    pub(crate) id: VirtualRouterId,
    pub(crate) version: Version,
}

impl Wire {
    pub(crate) const fn of(router: &RouterConfiguration) -> Self {
        Self {
            id: router.virtual_router_id,
            version: router.version,
        }
    }

    /// What an advertisement shows: RFC 9568 §5.1 and RFC 3768 §5.1 put the version into the upper
    /// half of the first byte, the id into the second.
    pub(crate) fn shown(message: &[u8]) -> Option<Self> {
        let [version, id, ..] = message else {
            return None;
        };
        let version = match version >> 4 {
            2 => Version::V2,
            _ => Version::V3,
        };
        let id = VirtualRouterId::new(*id).ok()?;
        Some(Self { id, version })
    }
}

/// Whether each of two routers accepts what the other says.
pub(crate) fn understand_each_other(
    one: &RouterConfiguration,
    other: &RouterConfiguration,
) -> bool {
    let same_interval = one.advertisement_interval == other.advertisement_interval;
    Wire::of(one) == Wire::of(other)
        // RFC 3768 §7.1: another interval must be discarded; version 3 learns it.
        && (one.version == Version::V3 || same_interval)
        && proves(&one.authentication, &other.authentication)
        && proves(&other.authentication, &one.authentication)
}

/// Whether what `sender` says counts for `receiver`.
fn proves(sender: &Authentication, receiver: &Authentication) -> bool {
    match (sender, receiver) {
        (Authentication::Hmac(sender), Authentication::Hmac(receiver))
            if receiver.mode == HmacMode::Enforce =>
        {
            let id = sender.active_key;
            let key = receiver.keys.get(&id);
            sender.mode != HmacMode::ReceiveOnly && key.is_some() && key == sender.keys.get(&id)
        }
        (Authentication::None | Authentication::Simple(_), Authentication::Hmac(receiver)) => {
            receiver.mode != HmacMode::Enforce
        }
        (Authentication::Hmac(_), Authentication::Hmac(_) | Authentication::None) => true,
        (one, other) => one == other,
    }
}

/// Whether two routers of a node move together: both families of a group, the groups of a sync
/// group.
pub(crate) fn are_tied(one: &RouterConfiguration, other: &RouterConfiguration) -> bool {
    match (&one.sync_group, &other.sync_group) {
        (Some(one), Some(other)) => one == other,
        (None, None) => one.key.group == other.key.group,
        (Some(_), None) | (None, Some(_)) => false,
    }
}
