//! Links, addresses and routes of this network namespace, over rtnetlink.
//!
//! Every call may wait for the kernel's one configuration lock, for seconds when namespaces come
//! and go, so the thread that owns timers never calls it. The sockets live as tasks on the
//! caller's tokio runtime.

mod address;
mod event;
mod link;
mod request;
mod route;

use std::io;
use std::net::IpAddr;

use rtnetlink::packet_route::RouteNetlinkMessage;
use rtnetlink::packet_route::address::AddressMessage;
use rtnetlink::packet_route::link::LinkMessage;
use rtnetlink::sys::AsyncSocket;
use rustix::io::Errno;
use rustix::net::sockopt::{set_socket_recv_buffer_size, set_socket_recv_buffer_size_force};
use thiserror::Error;
use tokio::task::AbortHandle;

pub use address::{Address, Assignment, Lifetime, SKEP_PROTOCOL, Scope};
pub use event::{Event, Events, EventsEnded, Requester};
pub use link::Link;
pub use request::{AddAddressError, ListError, RemoveAddressError};
pub use route::{Route, RouteError};

/// Room for the changes of thousands of containers starting at once.
const RECEIVE_BUFFER: usize = 16 * 1024 * 1024;

/// Asks for and changes links and addresses.
#[derive(Debug)]
pub struct Netlink {
    handle: rtnetlink::Handle,
    task: AbortHandle,
}

/// Why a netlink socket could not be opened.
#[derive(Debug, Error)]
#[error("cannot open a netlink socket")]
pub struct OpenNetlinkError(#[source] io::Error);

impl Netlink {
    /// Opens the socket in the current thread's network namespace; it must be called on a tokio
    /// runtime with I/O.
    pub fn open() -> Result<Self, OpenNetlinkError> {
        let (mut connection, handle, _unsolicited) =
            rtnetlink::new_connection().map_err(OpenNetlinkError)?;
        enlarge(connection.socket_mut())?;
        // Without them a request whose socket failed would look like one that succeeded.
        connection.set_forward_ack(true);
        connection.set_forward_done(true);
        let task = tokio::spawn(connection).abort_handle();
        Ok(Self { handle, task })
    }

    /// Every link of the namespace, by index.
    pub async fn links(&self) -> Result<Vec<Link>, ListError> {
        let ask = RouteNetlinkMessage::GetLink(LinkMessage::default());
        let mut links = request::list(&self.handle, ask, |message| match message {
            RouteNetlinkMessage::NewLink(message) => Link::read(&message),
            _ => None,
        })
        .await?;
        links.sort_by_key(|link| link.index);
        Ok(links)
    }

    /// Every address of the namespace, by interface, each interface's in the kernel's order.
    pub async fn addresses(&self) -> Result<Vec<Address>, ListError> {
        let ask = RouteNetlinkMessage::GetAddress(AddressMessage::default());
        let mut addresses = request::list(&self.handle, ask, |message| match message {
            RouteNetlinkMessage::NewAddress(message) => Address::read(&message),
            _ => None,
        })
        .await?;
        addresses.sort_by_key(|address| address.interface_index);
        Ok(addresses)
    }

    /// Puts an address on an interface that does not have it.
    pub async fn add_address(&self, assignment: &Assignment) -> Result<(), AddAddressError> {
        request::add(&self.handle, assignment, request::IfPresent::Refuse).await
    }

    /// Puts an address on an interface, or renews the lifetime of the one that is there.
    pub async fn replace_address(&self, assignment: &Assignment) -> Result<(), AddAddressError> {
        request::add(&self.handle, assignment, request::IfPresent::Replace).await
    }

    /// Removes exactly this address with exactly this prefix from an interface.
    pub async fn remove_address(
        &self,
        interface_index: u32,
        address: IpAddr,
        prefix_length: u8,
    ) -> Result<(), RemoveAddressError> {
        request::remove(&self.handle, interface_index, address, prefix_length).await
    }

    /// Whether the namespace takes what is sent to `address` for itself. An IPv6 address does so a
    /// moment after it was added: that is the work of another thread of the kernel.
    pub async fn is_local(&self, address: IpAddr) -> io::Result<bool> {
        route::is_local(&self.handle, address).await
    }

    /// The routes of all tables that carry [`SKEP_PROTOCOL`].
    pub async fn routes(&self) -> Result<Vec<Route>, ListError> {
        route::list_ours(&self.handle).await
    }

    /// Puts a route into its table, which has none to the same destination.
    pub async fn add_route(&self, route: &Route) -> Result<(), RouteError> {
        route::add(&self.handle, route).await
    }

    /// Removes a route that skep put there, and no other to the same destination.
    pub async fn remove_route(&self, route: &Route) -> Result<(), RouteError> {
        route::remove(&self.handle, route).await
    }
}

impl Drop for Netlink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Without CAP_NET_ADMIN the room is what the system allows; a change too many is an
/// [`Event::Overrun`], after which everything is listed again.
fn enlarge(socket: &mut impl AsyncSocket) -> Result<(), OpenNetlinkError> {
    let socket = socket.socket_ref();
    match set_socket_recv_buffer_size_force(socket, RECEIVE_BUFFER) {
        Err(Errno::PERM) => set_socket_recv_buffer_size(socket, RECEIVE_BUFFER),
        forced => forced,
    }
    .map_err(|error| OpenNetlinkError(error.into()))
}
