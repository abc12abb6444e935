//! Routes that skep puts into the kernel's tables.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rtnetlink::Handle;
use rtnetlink::packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use rtnetlink::packet_route::route::{
    RouteAddress, RouteAttribute, RouteHeader, RouteMessage, RouteProtocol, RouteScope, RouteType,
};
use rtnetlink::packet_route::{AddressFamily, RouteNetlinkMessage};
use thiserror::Error;

use super::{ListError, SKEP_PROTOCOL, request};

/// A route as skep puts it there: it carries [`SKEP_PROTOCOL`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Where it leads.
    pub destination: IpAddr,
    /// The length of the destination's prefix.
    pub prefix_length: u8,
    /// The gateway.
    pub gateway: Option<IpAddr>,
    /// The interface it leaves by; without one, that which reaches the gateway.
    pub interface_index: Option<u32>,
    /// The routing table; without one, the main one.
    pub table: Option<u32>,
}

/// Why a route was not changed.
#[derive(Debug, Error)]
pub enum RouteError {
    /// There is one to the same destination, this one or another.
    #[error("there is a route to {destination}/{prefix_length} already: remove it")]
    AlreadyPresent {
        /// Where it leads.
        destination: IpAddr,
        /// The length of the destination's prefix.
        prefix_length: u8,
    },
    /// It is not there.
    #[error("there is no route to {destination}/{prefix_length}")]
    NotPresent {
        /// Where it leads.
        destination: IpAddr,
        /// The length of the destination's prefix.
        prefix_length: u8,
    },
    /// The kernel refuses.
    #[error("cannot change the route to {destination}/{prefix_length}")]
    Refused {
        /// Where it leads.
        destination: IpAddr,
        /// The length of the destination's prefix.
        prefix_length: u8,
        /// The kernel's reason.
        #[source]
        source: io::Error,
    },
}

impl Route {
    fn message(&self) -> RouteMessage {
        let mut message = RouteMessage::default();
        message.header = RouteHeader {
            address_family: match self.destination {
                IpAddr::V4(_) => AddressFamily::Inet,
                IpAddr::V6(_) => AddressFamily::Inet6,
            },
            destination_prefix_length: self.prefix_length,
            protocol: RouteProtocol::Other(SKEP_PROTOCOL),
            scope: match self.gateway {
                Some(_) => RouteScope::Universe,
                None => RouteScope::Link,
            },
            kind: RouteType::Unicast,
            // The attribute holds the number, which may be longer than the header's byte.
            table: RouteHeader::RT_TABLE_UNSPEC,
            ..RouteHeader::default()
        };
        let table = self.table.unwrap_or(RouteHeader::RT_TABLE_MAIN.into());
        let attributes = &mut message.attributes;
        attributes.push(RouteAttribute::Table(table));
        attributes.push(RouteAttribute::Destination(self.destination.into()));
        attributes.extend(
            self.gateway
                .map(RouteAddress::from)
                .map(RouteAttribute::Gateway),
        );
        attributes.extend(self.interface_index.map(RouteAttribute::Oif));
        message
    }

    fn read(message: &RouteMessage) -> Option<Self> {
        let header = &message.header;
        let mut route = Self {
            destination: match header.address_family {
                AddressFamily::Inet => Ipv4Addr::UNSPECIFIED.into(),
                AddressFamily::Inet6 => Ipv6Addr::UNSPECIFIED.into(),
                _ => return None,
            },
            prefix_length: header.destination_prefix_length,
            gateway: None,
            interface_index: None,
            table: Some(header.table.into()),
        };
        for attribute in &message.attributes {
            match attribute {
                RouteAttribute::Destination(address) => route.destination = ip(address)?,
                RouteAttribute::Gateway(address) => route.gateway = ip(address),
                RouteAttribute::Oif(index) => route.interface_index = Some(*index),
                RouteAttribute::Table(table) => route.table = Some(*table),
                _ => {}
            }
        }
        let main = Some(u32::from(RouteHeader::RT_TABLE_MAIN));
        route.table = route.table.filter(|_| route.table != main);
        Some(route)
    }
}

fn ip(address: &RouteAddress) -> Option<IpAddr> {
    match address {
        RouteAddress::Inet(address) => Some((*address).into()),
        RouteAddress::Inet6(address) => Some((*address).into()),
        _ => None,
    }
}

pub(super) async fn list_ours(handle: &Handle) -> Result<Vec<Route>, ListError> {
    let mut routes = Vec::new();
    for family in [AddressFamily::Inet, AddressFamily::Inet6] {
        let mut ask = RouteMessage::default();
        ask.header.address_family = family;
        let ask = RouteNetlinkMessage::GetRoute(ask);
        let ours = request::list(handle, ask, |message| match message {
            RouteNetlinkMessage::NewRoute(message)
                if u8::from(message.header.protocol) == SKEP_PROTOCOL =>
            {
                Route::read(&message)
            }
            _ => None,
        });
        routes.extend(ours.await?);
    }
    Ok(routes)
}

/// Whether what is sent to `address` is for this namespace itself.
pub(super) async fn is_local(handle: &Handle, address: IpAddr) -> io::Result<bool> {
    let mut question = RouteMessage::default();
    (
        question.header.address_family,
        question.header.destination_prefix_length,
    ) = match address {
        IpAddr::V4(_) => (AddressFamily::Inet, 32),
        IpAddr::V6(_) => (AddressFamily::Inet6, 128),
    };
    let destination = RouteAttribute::Destination(address.into());
    question.attributes.push(destination);
    match request::ask(handle, RouteNetlinkMessage::GetRoute(question)).await? {
        RouteNetlinkMessage::NewRoute(route) => Ok(route.header.kind == RouteType::Local),
        _ => Ok(false),
    }
}

pub(super) async fn add(handle: &Handle, route: &Route) -> Result<(), RouteError> {
    let message = RouteNetlinkMessage::NewRoute(route.message());
    let changed = request::change(handle, message, NLM_F_CREATE | NLM_F_EXCL).await;
    changed.map_err(|source| explain(route, source))
}

pub(super) async fn remove(handle: &Handle, route: &Route) -> Result<(), RouteError> {
    let mut message = route.message();
    // The kernel compares what is given: scope "nowhere" matches every one.
    message.header.scope = RouteScope::NoWhere;
    let changed = request::change(handle, RouteNetlinkMessage::DelRoute(message), 0).await;
    changed.map_err(|source| explain(route, source))
}

fn explain(route: &Route, source: io::Error) -> RouteError {
    let (destination, prefix_length) = (route.destination, route.prefix_length);
    match source.raw_os_error() {
        Some(libc::EEXIST) => RouteError::AlreadyPresent {
            destination,
            prefix_length,
        },
        Some(libc::ESRCH) => RouteError::NotPresent {
            destination,
            prefix_length,
        },
        _ => RouteError::Refused {
            destination,
            prefix_length,
            source,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_what_is_read_back() {
        for table in [None, Some(100), Some(100_000)] {
            let route = Route {
                destination: "192.0.2.0".parse().unwrap(),
                prefix_length: 24,
                gateway: Some("10.0.0.1".parse().unwrap()),
                interface_index: Some(4),
                table,
            };
            assert_eq!(Route::read(&route.message()), Some(route));
        }
    }
}
