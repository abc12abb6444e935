//! One request and its answers.

use std::io;
use std::net::IpAddr;

use futures_util::StreamExt as _;
use rtnetlink::Handle;
use rtnetlink::packet_core::{
    NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_EXCL, NLM_F_REPLACE, NLM_F_REQUEST,
    NetlinkMessage, NetlinkPayload,
};
use rtnetlink::packet_route::RouteNetlinkMessage;
use thiserror::Error;

use super::address::{Assignment, exact};

/// How often a list that changed while it was read is read again.
const LIST_ATTEMPTS: usize = 8;
/// The longest label of an address, from the kernel's `IFNAMSIZ`.
const LABEL_LENGTH_MAX: usize = 15;

/// What happens to an address that is there already.
#[derive(Clone, Copy)]
pub(super) enum IfPresent {
    Refuse,
    Replace,
}

/// Why links or addresses could not be listed.
#[derive(Debug, Error)]
pub enum ListError {
    /// They kept changing while they were read.
    #[error("the list changed each of {LIST_ATTEMPTS} times it was read: try again")]
    KeepsChanging,
    /// The kernel refuses, or the socket failed.
    #[error("cannot list over netlink")]
    Refused(#[source] io::Error),
}

/// Why an address was not put on an interface.
#[derive(Debug, Error)]
pub enum AddAddressError {
    /// It is there already.
    #[error("interface {interface_index} has {address}/{prefix_length} already")]
    AlreadyPresent {
        /// The interface.
        interface_index: u32,
        /// The address.
        address: IpAddr,
        /// The length of its prefix.
        prefix_length: u8,
    },
    /// There is no such interface.
    #[error("cannot add {address}/{prefix_length}: there is no interface {interface_index}")]
    NoInterface {
        /// The interface.
        interface_index: u32,
        /// The address.
        address: IpAddr,
        /// The length of its prefix.
        prefix_length: u8,
    },
    /// The label is too long for the kernel.
    #[error("label `{label}` is longer than {LABEL_LENGTH_MAX} bytes")]
    LabelTooLong {
        /// The label.
        label: String,
    },
    /// The kernel refuses for another reason.
    #[error("cannot add {address}/{prefix_length} to interface {interface_index}")]
    Refused {
        /// The interface.
        interface_index: u32,
        /// The address.
        address: IpAddr,
        /// The length of its prefix.
        prefix_length: u8,
        /// The kernel's reason.
        #[source]
        source: io::Error,
    },
}

/// Why an address was not removed.
#[derive(Debug, Error)]
pub enum RemoveAddressError {
    /// It is not there, or not with this prefix, or the interface is gone.
    #[error("interface {interface_index} does not have {address}/{prefix_length}")]
    NotPresent {
        /// The interface.
        interface_index: u32,
        /// The address.
        address: IpAddr,
        /// The length of its prefix.
        prefix_length: u8,
    },
    /// The kernel refuses for another reason.
    #[error("cannot remove {address}/{prefix_length} from interface {interface_index}")]
    Refused {
        /// The interface.
        interface_index: u32,
        /// The address.
        address: IpAddr,
        /// The length of its prefix.
        prefix_length: u8,
        /// The kernel's reason.
        #[source]
        source: io::Error,
    },
}

pub(super) async fn list<T>(
    handle: &Handle,
    ask: RouteNetlinkMessage,
    read: impl Fn(RouteNetlinkMessage) -> Option<T>,
) -> Result<Vec<T>, ListError> {
    for _attempt in 0..LIST_ATTEMPTS {
        if let Some(items) = list_once(handle, ask.clone(), &read).await? {
            return Ok(items);
        }
    }
    Err(ListError::KeepsChanging)
}

/// Nothing if the list changed while the kernel wrote it, so that items may be missing or double.
async fn list_once<T>(
    handle: &Handle,
    ask: RouteNetlinkMessage,
    read: impl Fn(RouteNetlinkMessage) -> Option<T>,
) -> Result<Option<Vec<T>>, ListError> {
    let mut message = NetlinkMessage::from(ask);
    message.header.flags = NLM_F_REQUEST | NLM_F_DUMP;
    let mut answers = handle
        .clone()
        .request(message)
        .map_err(|_| closed())
        .map_err(ListError::Refused)?;
    let mut items = Vec::new();
    let mut consistent = true;
    while let Some(answer) = answers.next().await {
        consistent &= answer.header.flags & NLM_F_DUMP_INTR == 0;
        match answer.payload {
            NetlinkPayload::InnerMessage(message) => items.extend(read(message)),
            NetlinkPayload::Done(_) => return Ok(consistent.then_some(items)),
            NetlinkPayload::Error(error) => return Err(ListError::Refused(error.to_io())),
            NetlinkPayload::Overrun(_) => consistent = false,
            _ => {}
        }
    }
    Err(ListError::Refused(closed()))
}

pub(super) async fn add(
    handle: &Handle,
    assignment: &Assignment,
    if_present: IfPresent,
) -> Result<(), AddAddressError> {
    if let Some(label) = assignment
        .label
        .as_ref()
        .filter(|l| l.len() > LABEL_LENGTH_MAX)
    {
        return Err(AddAddressError::LabelTooLong {
            label: label.clone(),
        });
    }
    let message = RouteNetlinkMessage::NewAddress(assignment.message());
    let flags = match if_present {
        IfPresent::Refuse => NLM_F_CREATE | NLM_F_EXCL,
        IfPresent::Replace => NLM_F_CREATE | NLM_F_REPLACE,
    };
    let Err(source) = change(handle, message, flags).await else {
        return Ok(());
    };
    let Assignment {
        interface_index,
        address,
        prefix_length,
        ..
    } = *assignment;
    Err(match source.raw_os_error() {
        Some(libc::EEXIST) => AddAddressError::AlreadyPresent {
            interface_index,
            address,
            prefix_length,
        },
        Some(libc::ENODEV) => AddAddressError::NoInterface {
            interface_index,
            address,
            prefix_length,
        },
        _ => AddAddressError::Refused {
            interface_index,
            address,
            prefix_length,
            source,
        },
    })
}

pub(super) async fn remove(
    handle: &Handle,
    interface_index: u32,
    address: IpAddr,
    prefix_length: u8,
) -> Result<(), RemoveAddressError> {
    let message = exact(interface_index, address, prefix_length);
    let Err(source) = change(handle, RouteNetlinkMessage::DelAddress(message), 0).await else {
        return Ok(());
    };
    Err(match source.raw_os_error() {
        Some(libc::EADDRNOTAVAIL | libc::ENODEV) => RemoveAddressError::NotPresent {
            interface_index,
            address,
            prefix_length,
        },
        _ => RemoveAddressError::Refused {
            interface_index,
            address,
            prefix_length,
            source,
        },
    })
}

/// What the kernel answers to a question with one answer.
pub(super) async fn ask(
    handle: &Handle,
    question: RouteNetlinkMessage,
) -> io::Result<RouteNetlinkMessage> {
    let mut message = NetlinkMessage::from(question);
    message.header.flags = NLM_F_REQUEST;
    let mut answers = handle.clone().request(message).map_err(|_| closed())?;
    while let Some(answer) = answers.next().await {
        match answer.payload {
            NetlinkPayload::InnerMessage(message) => return Ok(message),
            NetlinkPayload::Error(error) => return Err(error.to_io()),
            _ => {}
        }
    }
    Err(closed())
}

/// Sends a message that changes something and waits for the kernel's verdict.
pub(super) async fn change(
    handle: &Handle,
    message: RouteNetlinkMessage,
    flags: u16,
) -> io::Result<()> {
    let mut message = NetlinkMessage::from(message);
    message.header.flags = NLM_F_REQUEST | NLM_F_ACK | flags;
    let mut answers = handle.clone().request(message).map_err(|_| closed())?;
    while let Some(answer) = answers.next().await {
        match answer.payload {
            // An error without a code is the acknowledgement.
            NetlinkPayload::Error(error) if error.code.is_none() => return Ok(()),
            NetlinkPayload::Error(error) => return Err(error.to_io()),
            _ => {}
        }
    }
    Err(closed())
}

fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::NotConnected, "the netlink socket was closed")
}
