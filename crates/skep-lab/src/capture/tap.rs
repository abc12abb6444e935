//! The packet socket in the bridge's namespace.

use std::collections::BTreeMap;
use std::io::IoSliceMut;
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::time::Duration;

use anyhow::{Context as _, Result};
use nix::sys::socket::{
    ControlMessageOwned, LinkAddr, MsgFlags, recvmsg, setsockopt, sockopt::ReceiveTimestampns,
};
use nix::sys::time::TimeSpec;
use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use rustix::fd::OwnedFd;
use rustix::net::netdevice::name_to_index;
use rustix::net::sockopt::set_socket_recv_buffer_size_force;
use socket2::{Domain, Protocol, SockFilter, Socket, Type};

use super::{Frame, Sighting};
use crate::namespace;
use crate::plan::{LabPlan, port};

/// `ETH_P_ALL` in network byte order. Only who wants every frame sees those that a bridge
/// forwards.
const EVERY_FRAME: i32 = 0x0003_u16.to_be() as i32;
/// `PACKET_OUTGOING`: a frame on its way from the bridge to a node.
const OUTGOING: u8 = 4;
/// The kernel drops what does not fit, and a recording with holes proves nothing.
const RECEIVE_BUFFER: usize = 16 * 1024 * 1024;
const FRAME_LENGTH_MAX: usize = 2048;

/// Classic BPF: ARP, and IPv4 and IPv6 of protocol 112.
const INTERESTING: [SockFilter; 10] = [
    SockFilter::new(0x28, 0, 0, 12),
    SockFilter::new(0x15, 6, 0, 0x0806),
    SockFilter::new(0x15, 0, 2, 0x0800),
    SockFilter::new(0x30, 0, 0, 23),
    SockFilter::new(0x15, 3, 4, 112),
    SockFilter::new(0x15, 0, 3, 0x86DD),
    SockFilter::new(0x30, 0, 0, 20),
    SockFilter::new(0x15, 0, 1, 112),
    SockFilter::new(0x06, 0, 0, 0xFFFF),
    SockFilter::new(0x06, 0, 0, 0),
];

pub(super) struct Tap {
    socket: Socket,
    nodes: BTreeMap<usize, String>,
}

impl Tap {
    pub(super) fn open(plan: &LabPlan) -> Result<Self> {
        // A socket stays in the namespace it was made in; the thread that made it is spent.
        std::thread::scope(|scope| {
            let inside = scope.spawn(|| {
                namespace::enter(&plan.bridge_namespace())?;
                Self::open_here(plan)
            });
            inside
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
        .context("cannot watch the bridge")
    }

    fn open_here(plan: &LabPlan) -> Result<Self> {
        let kind = Type::RAW.cloexec().nonblocking();
        let socket = Socket::new_raw(Domain::PACKET, kind, Some(Protocol::from(EVERY_FRAME)))?;
        socket.attach_filter(&INTERESTING)?;
        set_socket_recv_buffer_size_force(&socket, RECEIVE_BUFFER)?;
        setsockopt(&socket, ReceiveTimestampns, &true)?;
        let mut nodes = BTreeMap::new();
        for (position, node) in plan.nodes.iter().enumerate() {
            let index = name_to_index(&socket, &port(position))?;
            nodes.insert(index as usize, node.name.clone());
        }
        Ok(Self { socket, nodes })
    }

    /// Reports every frame of interest until `stop` is raised.
    pub(super) fn run(self, stop: &OwnedFd, report: impl Fn(Sighting)) {
        loop {
            let (socket, stop) = (self.socket.as_fd(), stop.as_fd());
            let mut sources = [
                PollFd::new(&socket, PollFlags::IN),
                PollFd::new(&stop, PollFlags::IN),
            ];
            if poll(&mut sources, None).is_err() {
                continue;
            }
            let stopped = !sources[1].revents().is_empty();
            while let Some(sighting) = self.receive() {
                sighting.into_iter().for_each(&report);
            }
            if stopped {
                return;
            }
        }
    }

    /// Nothing when no frame waits, and an empty answer for a frame that is not of interest.
    fn receive(&self) -> Option<Option<Sighting>> {
        let mut bytes = [0; FRAME_LENGTH_MAX];
        let mut control = nix::cmsg_space!(TimeSpec);
        let mut vectors = [IoSliceMut::new(&mut bytes)];
        let message = recvmsg::<LinkAddr>(
            self.socket.as_raw_fd(),
            &mut vectors,
            Some(&mut control),
            MsgFlags::empty(),
        )
        .ok()?;
        let link = message.address?;
        let at = message.cmsgs().ok()?.find_map(|message| match message {
            ControlMessageOwned::ScmTimestampns(time) => Some(Duration::from(time)),
            _ => None,
        })?;
        let length = message.bytes;
        let node = self
            .nodes
            .get(&link.ifindex())
            .filter(|_| link.pkttype() != OUTGOING);
        Some(node.and_then(|node| {
            let frame = Frame::parse(bytes.get(..length)?)?;
            Some(Sighting {
                at,
                node: node.clone(),
                frame,
            })
        }))
    }
}

/// A flag that ends [`Tap::run`].
pub(super) fn stop_flag() -> Result<OwnedFd> {
    eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).context("cannot make an eventfd")
}

pub(super) fn raise(flag: &OwnedFd) {
    // The only failure is a full counter, which is a raised flag.
    let _ = rustix::io::write(flag, &1u64.to_ne_bytes());
}
