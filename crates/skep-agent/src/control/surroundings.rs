//! The interfaces of this node, as control needs them to find those of groups that name none.

use std::collections::BTreeMap;
use std::time::Duration;

use skep_linux::netlink::{Address, Event, Events, Link, ListError, Netlink, SKEP_PROTOCOL};
use skep_manifest::address::InterfaceAddress;
use skep_plan::site::LocalInterface;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout_at};

use crate::control::understand::with_causes;

/// How long changes are collected before the interfaces are listed: containers come and go in
/// bursts.
const QUIET: Duration = Duration::from_millis(100);

/// How soon listing is tried again after it failed.
const AGAIN: Duration = Duration::from_secs(1);

/// The interfaces at present; none when the kernel does not tell.
pub(super) async fn look() -> Vec<LocalInterface> {
    let netlink = match Netlink::open() {
        Ok(netlink) => netlink,
        Err(error) => {
            tracing::warn!("the interfaces are not known: {}", with_causes(&error));
            return Vec::new();
        }
    };
    list(&netlink).await.unwrap_or_else(|error| {
        tracing::warn!("the interfaces are not known: {}", with_causes(&error));
        Vec::new()
    })
}

/// Sends the interfaces whenever they changed, until the receiver is gone.
pub(super) async fn watch(seen: mpsc::Sender<Vec<LocalInterface>>) {
    let mut last = None;
    while !seen.is_closed() {
        if let (Ok(mut events), Ok(netlink)) = (Events::open(), Netlink::open()) {
            follow(&mut events, &netlink, &mut last, &seen).await;
        }
        sleep(AGAIN).await;
    }
}

/// Follows the changes until one of the sockets fails or the receiver is gone.
async fn follow(
    events: &mut Events,
    netlink: &Netlink,
    last: &mut Option<Vec<LocalInterface>>,
    seen: &mpsc::Sender<Vec<LocalInterface>>,
) {
    loop {
        let Ok(interfaces) = list(netlink).await else {
            return;
        };
        if last.as_ref() != Some(&interfaces) {
            *last = Some(interfaces.clone());
            if seen.send(interfaces).await.is_err() {
                return;
            }
        }
        tokio::select! {
            changed = next_change(events) => if !changed { return },
            () = seen.closed() => return,
        }
        let until = Instant::now() + QUIET;
        while let Ok(changed) = timeout_at(until, next_change(events)).await {
            if !changed {
                return;
            }
        }
    }
}

/// Waits for a change that is not the renewal of an address of skep's; whether there was one.
async fn next_change(events: &mut Events) -> bool {
    loop {
        match events.next().await {
            Ok(Event::AddressAdded(address) | Event::AddressRemoved(address, _))
                if is_ours(&address) => {}
            Ok(
                Event::AddressAdded(_)
                | Event::AddressRemoved(..)
                | Event::LinkChanged(_)
                | Event::LinkRemoved(_)
                | Event::Overrun,
            ) => return true,
            Err(_ended) => return false,
        }
    }
}

async fn list(netlink: &Netlink) -> Result<Vec<LocalInterface>, ListError> {
    let mut addresses: BTreeMap<u32, Vec<InterfaceAddress>> = BTreeMap::new();
    let all = netlink.addresses().await?;
    for address in all.iter().filter(|address| !is_ours(address)) {
        let text = format!("{}/{}", address.address, address.prefix_length);
        if let Ok(own) = text.parse() {
            addresses
                .entry(address.interface_index)
                .or_default()
                .push(own);
        }
    }
    let links = netlink.links().await?.into_iter();
    let interface = |link: Link| LocalInterface {
        addresses: addresses.remove(&link.index).unwrap_or_default(),
        name: link.name,
    };
    Ok(links.map(interface).collect())
}

fn is_ours(address: &Address) -> bool {
    address.protocol == Some(SKEP_PROTOCOL)
}
