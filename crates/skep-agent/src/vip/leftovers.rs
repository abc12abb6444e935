//! What earlier processes left behind: the network believes it, nobody answers for it.

use crate::memory::{Memory, Placed};
use crate::vip::addresses::Addresses;
use crate::vip::interfaces::Interfaces;

/// Drops every address that skep once put in place and that wire does not want.
pub(super) fn drop_leftovers(addresses: &mut Addresses, interfaces: &Interfaces, memory: &Memory) {
    let tagged = interfaces.tagged().filter_map(|address| {
        Some(Placed {
            interface: interfaces.name(address.interface_index)?.into(),
            address: address.address,
            prefix_length: address.prefix_length,
        })
    });
    let mut leftovers: Vec<Placed> = tagged.chain(memory.journal().placed()).collect();
    leftovers.sort();
    leftovers.dedup();
    for leftover in leftovers {
        if addresses.is_wanted(&leftover) {
            continue;
        }
        if interfaces.has(&leftover) {
            tracing::warn!(address = %leftover, "left behind, removed");
            addresses.drop(&leftover);
        } else {
            memory.journal().strike(&leftover);
        }
    }
}
