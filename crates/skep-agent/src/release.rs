//! Releases every address that skep put in place, without an agent: what a dead one left behind.

use std::path::Path;

use anyhow::Context;
use skep_linux::agent_lock::AgentLock;
use skep_linux::netlink::{Netlink, RemoveAddressError, RouteError, SKEP_PROTOCOL};
use skep_linux::process::inheritance::{TakeInheritedError, take_inherited};

use crate::memory::Placed;
use crate::supervisor::Owned;

/// Removes every address of this network namespace that skep put in place and says which; the
/// agent, whose socket would be in `directory`, must not run.
///
/// # Errors
///
/// When an agent runs here, or the kernel refuses.
pub fn run(directory: &Path) -> anyhow::Result<Vec<String>> {
    let _lock = lock()?;
    let owned = Owned::new(directory);
    let released = release(owned.read())?;
    owned
        .remove()
        .context("cannot remove the list of addresses that were held")?;
    Ok(released.iter().map(ToString::to_string).collect())
}

/// The lock: a supervisor that lets this process release what its dead vip held has it.
fn lock() -> anyhow::Result<AgentLock> {
    match take_inherited("lock") {
        Ok(descriptor) => Ok(AgentLock::from(descriptor)),
        Err(TakeInheritedError::Missing { .. } | TakeInheritedError::Invalid { .. }) => {
            Ok(AgentLock::take()?)
        }
    }
}

/// Removes what skep's tag is on and what was `written` down.
fn release(written: Vec<Placed>) -> anyhow::Result<Vec<Placed>> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime of a release")?
        .block_on(release_all(written))
}

async fn release_all(written: Vec<Placed>) -> anyhow::Result<Vec<Placed>> {
    let netlink = Netlink::open()?;
    // Routes before the addresses that they need.
    for route in netlink.routes().await? {
        match netlink.remove_route(&route).await {
            Ok(()) | Err(RouteError::NotPresent { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let links = netlink.links().await?;
    let mut released = Vec::new();
    for address in netlink.addresses().await? {
        let mut links = links.iter();
        let Some(link) = links.find(|link| link.index == address.interface_index) else {
            continue;
        };
        let placed = Placed {
            interface: link.name.as_str().into(),
            address: address.address,
            prefix_length: address.prefix_length,
        };
        if address.protocol != Some(SKEP_PROTOCOL) && !written.contains(&placed) {
            continue;
        }
        match netlink
            .remove_address(link.index, address.address, address.prefix_length)
            .await
        {
            Ok(()) => released.push(placed),
            // Its lease ended meanwhile.
            Err(RemoveAddressError::NotPresent { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(released)
}
