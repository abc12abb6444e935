//! What changes in the namespace, as it changes.

use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use rtnetlink::MulticastGroup;
use rtnetlink::packet_core::{NetlinkMessage, NetlinkPayload};
use rtnetlink::packet_route::RouteNetlinkMessage;
use thiserror::Error;
use tokio::task::AbortHandle;

use super::{Address, Link, OpenNetlinkError, enlarge};

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A link is new or differs from before.
    LinkChanged(Link),
    /// A link is gone.
    LinkRemoved(Link),
    /// An address is new or was renewed.
    AddressAdded(Address),
    /// An address is gone.
    AddressRemoved(Address, Requester),
    /// The kernel dropped changes because nobody read them in time: list everything again.
    Overrun,
}

/// Who asked for a change: the number of a netlink socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requester(u32);

impl Requester {
    /// The process, if it was not the kernel itself. The first netlink socket of a process has the
    /// number of the process, and programs that change addresses have but one.
    #[must_use]
    pub const fn process(self) -> Option<u32> {
        match self.0 {
            0 => None,
            number => Some(number),
        }
    }
}

/// The stream of changes from the moment it was opened.
pub struct Events {
    messages: BoxStream<'static, NetlinkMessage<RouteNetlinkMessage>>,
    task: AbortHandle,
}

/// The socket of the stream failed; open another one and list everything again.
#[derive(Debug, Error)]
#[error("the netlink socket that reports changes was closed")]
pub struct EventsEnded;

impl Events {
    /// Opens the stream in the current thread's network namespace; it must be called on a tokio
    /// runtime with I/O. List links and addresses after it, not before, to miss nothing.
    pub fn open() -> Result<Self, OpenNetlinkError> {
        let groups = [
            MulticastGroup::Link,
            MulticastGroup::Ipv4Ifaddr,
            MulticastGroup::Ipv6Ifaddr,
        ];
        let (mut connection, _handle, messages) =
            rtnetlink::new_multicast_connection(&groups).map_err(OpenNetlinkError)?;
        enlarge(connection.socket_mut())?;
        let task = tokio::spawn(connection).abort_handle();
        Ok(Self {
            messages: messages.map(|(message, _sender)| message).boxed(),
            task,
        })
    }

    /// The next change. Dropping the future loses none.
    pub async fn next(&mut self) -> Result<Event, EventsEnded> {
        while let Some(message) = self.messages.next().await {
            if let Some(event) = read(message) {
                return Ok(event);
            }
        }
        Err(EventsEnded)
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn read(message: NetlinkMessage<RouteNetlinkMessage>) -> Option<Event> {
    let requester = Requester(message.header.port_number);
    match message.payload {
        NetlinkPayload::Overrun(_) => Some(Event::Overrun),
        NetlinkPayload::InnerMessage(RouteNetlinkMessage::NewLink(message)) => {
            Link::read(&message).map(Event::LinkChanged)
        }
        NetlinkPayload::InnerMessage(RouteNetlinkMessage::DelLink(message)) => {
            Link::read(&message).map(Event::LinkRemoved)
        }
        NetlinkPayload::InnerMessage(RouteNetlinkMessage::NewAddress(message)) => {
            Address::read(&message).map(Event::AddressAdded)
        }
        NetlinkPayload::InnerMessage(RouteNetlinkMessage::DelAddress(message)) => {
            let address = Address::read(&message)?;
            Some(Event::AddressRemoved(address, requester))
        }
        _ => None,
    }
}
