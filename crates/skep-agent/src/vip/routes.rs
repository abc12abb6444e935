//! The routes that hand keeps as wire wants them.

use std::collections::BTreeSet;

use skep_linux::netlink::{Netlink, Route, RouteError};
use skep_vip::configuration::VirtualRoute;

use crate::vip::interfaces::Interfaces;

/// What is wanted, and what is still to be done about it.
#[derive(Default)]
pub(super) struct Routes {
    wanted: BTreeSet<VirtualRoute>,
    /// What was not yet carried out, or failed.
    due: BTreeSet<VirtualRoute>,
}

impl Routes {
    /// `route` shall be present.
    pub(super) fn want(&mut self, route: VirtualRoute) {
        self.due.insert(route.clone());
        self.wanted.insert(route);
    }

    /// `route` shall be absent.
    pub(super) fn drop(&mut self, route: VirtualRoute) {
        self.wanted.remove(&route);
        self.due.insert(route);
    }

    /// The kernel takes the routes of an interface away when it goes down.
    pub(super) fn doubt(&mut self) {
        self.due.extend(self.wanted.iter().cloned());
    }

    /// Removes what is due to be absent: before the addresses go.
    pub(super) async fn ensure_absent(&mut self, netlink: &Netlink, interfaces: &Interfaces) {
        let absent: Vec<_> = self.due.difference(&self.wanted).cloned().collect();
        for route in absent {
            let gone = match resolve(&route, interfaces) {
                // With its interface the kernel removed it.
                None => true,
                Some(there) => match netlink.remove_route(&there).await {
                    Ok(()) | Err(RouteError::NotPresent { .. }) => true,
                    Err(error) => {
                        complain(error);
                        false
                    }
                },
            };
            if gone {
                self.due.remove(&route);
            }
        }
    }

    /// Adds what is due to be present: after the addresses came.
    pub(super) async fn ensure_present(&mut self, netlink: &Netlink, interfaces: &Interfaces) {
        let present: Vec<_> = self.due.intersection(&self.wanted).cloned().collect();
        for route in present {
            let Some(wanted) = resolve(&route, interfaces) else {
                continue;
            };
            let there = match netlink.add_route(&wanted).await {
                Ok(()) => true,
                Err(RouteError::AlreadyPresent { .. }) if is_ours(netlink, &wanted).await => true,
                Err(error) => {
                    complain(error);
                    false
                }
            };
            if there {
                self.due.remove(&route);
            }
        }
    }

    /// Removes what an earlier process left behind.
    pub(super) async fn drop_leftovers(&self, netlink: &Netlink, interfaces: &Interfaces) {
        let wanted: Vec<Route> = self
            .wanted
            .iter()
            .filter_map(|route| resolve(route, interfaces))
            .collect();
        let found = match netlink.routes().await {
            Ok(found) => found,
            Err(error) => return complain(error),
        };
        for route in found {
            if wanted.iter().any(|wanted| is_same(wanted, &route)) {
                continue;
            }
            tracing::warn!(destination = %route.destination, "route left behind, removed");
            if let Err(error) = netlink.remove_route(&route).await {
                complain(error);
            }
        }
    }
}

fn complain(error: impl std::error::Error + Send + Sync + 'static) {
    tracing::warn!("{:#}", anyhow::Error::new(error));
}

async fn is_ours(netlink: &Netlink, route: &Route) -> bool {
    let found = netlink.routes().await.unwrap_or_default();
    found.iter().any(|found| is_same(route, found))
}

/// Whether `found` is what was asked for; the kernel fills in the interface.
fn is_same(asked: &Route, found: &Route) -> bool {
    let interface_index = asked.interface_index.or(found.interface_index);
    *found
        == Route {
            interface_index,
            ..asked.clone()
        }
}

/// The route as the kernel is asked for it; nothing while its interface is missing.
fn resolve(route: &VirtualRoute, interfaces: &Interfaces) -> Option<Route> {
    let interface_index = match &route.interface {
        Some(name) => Some(interfaces.link(name)?.index),
        None => None,
    };
    Some(Route {
        destination: route.destination,
        prefix_length: route.prefix_length,
        gateway: route.via,
        interface_index,
        table: route.table,
    })
}
