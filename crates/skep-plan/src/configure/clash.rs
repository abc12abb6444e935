//! Groups that cannot run beside each other on one node: the later one by name is refused.

use std::collections::BTreeMap;
use std::net::IpAddr;

use skep_manifest::name::NodeName;
use skep_vip::configuration::RouterConfiguration;
use skep_vrrp::identity::Family;

use crate::configure::{Configured, Missing};

/// Refuses every router that uses an id or an address of one before it.
pub(super) fn refuse(configured: &mut Configured, node: &NodeName) {
    let mut taken = Taken::default();
    for router in std::mem::take(&mut configured.routers) {
        match taken.clash(&router) {
            None => {
                taken.add(&router);
                configured.routers.push(router);
            }
            Some(missing) => {
                // A router is named like the group it comes from.
                if let Ok(group) = router.key.group.parse() {
                    configured.refuse(&group, node, missing);
                }
            }
        }
    }
    // A group moves as a whole or not at all.
    let Configured {
        routers, refused, ..
    } = configured;
    routers.retain(|router| {
        let mut refused = refused.iter();
        refused.all(|error| error.group.to_string() != router.key.group)
    });
}

/// What the routers so far use, each with its group.
#[derive(Default)]
struct Taken {
    ids: BTreeMap<(String, Family, u8), String>,
    addresses: BTreeMap<IpAddr, String>,
}

impl Taken {
    fn clash(&self, router: &RouterConfiguration) -> Option<Missing> {
        if let Some(by) = self.ids.get(&id(router)) {
            return Some(Missing::IdTaken {
                id: router.virtual_router_id.number(),
                interface: router.interface.clone(),
                by: by.clone(),
            });
        }
        let addresses = router.addresses.iter().map(|held| held.address);
        // A link-local address belongs to its segment, where the id keeps routers apart.
        let mut addresses = addresses.filter(|address| match address {
            IpAddr::V4(_) => true,
            IpAddr::V6(address) => !address.is_unicast_link_local(),
        });
        addresses.find_map(|address| {
            let by = self.addresses.get(&address)?;
            Some(Missing::AddressTaken {
                address,
                by: by.clone(),
            })
        })
    }

    fn add(&mut self, router: &RouterConfiguration) {
        let group = &router.key.group;
        self.ids.insert(id(router), group.clone());
        let addresses = router.addresses.iter();
        self.addresses
            .extend(addresses.map(|held| (held.address, group.clone())));
    }
}

fn id(router: &RouterConfiguration) -> (String, Family, u8) {
    (
        router.interface.clone(),
        router.key.family,
        router.virtual_router_id.number(),
    )
}
