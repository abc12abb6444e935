//! A network namespace without a name: the kernel removes it when the test ends, however it ends.

use std::fs::File;
use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::process::Command;
use std::thread;

use rustix::net::netdevice::name_to_index;
use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space, unshare_unsafe};

/// A network namespace, kept alive by an open file.
pub(crate) struct Namespace {
    file: File,
}

impl Namespace {
    /// A new one with the loopback interface up.
    pub(crate) fn new() -> Self {
        let file = thread::spawn(|| {
            #[expect(unsafe_code, reason = "unshare(2) is safe but for CLONE_FILES")]
            // SAFETY: the descriptor table stays shared.
            unsafe { unshare_unsafe(UnshareFlags::NEWNET) }.expect("root may make namespaces");
            File::open("/proc/thread-self/ns/net").expect("/proc is mounted")
        })
        .join()
        .expect("the namespace is made");
        let namespace = Self { file };
        namespace.ip("link set lo up");
        namespace
    }

    /// Two namespaces, connected by a cable between an interface `eth0` in each.
    pub(crate) fn pair() -> (Self, Self) {
        let (one, other) = (Self::new(), Self::new());
        one.connect(&other, "eth0");
        (one, other)
    }

    /// A cable to `other`, with this name at both ends, both ends up.
    pub(crate) fn connect(&self, other: &Self, interface: &str) {
        self.ip(&format!(
            "link add {interface} type veth peer name {interface} netns {}",
            other.path()
        ));
        self.ip(&format!("link set {interface} up"));
        other.ip(&format!("link set {interface} up"));
    }

    /// Runs `work` in a thread inside the namespace.
    pub(crate) fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        thread::scope(|scope| {
            let inside = scope.spawn(|| {
                move_into_link_name_space(self.file.as_fd(), Some(LinkNameSpaceType::Network))
                    .expect("root may enter the namespace");
                work()
            });
            inside
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// Runs `work` on a tokio runtime inside the namespace.
    pub(crate) fn run_async<T: Send>(&self, work: impl AsyncFnOnce() -> T + Send) -> T {
        self.run(|| {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime")
                .block_on(work())
        })
    }

    /// Runs `ip` with these arguments inside.
    pub(crate) fn ip(&self, arguments: &str) {
        let status = self
            .run(|| Command::new("ip").args(arguments.split(' ')).status())
            .expect("iproute2 is installed");
        assert!(status.success(), "ip {arguments}");
    }

    /// What `ip` with these arguments says inside.
    pub(crate) fn output(&self, arguments: &str) -> String {
        let output = self
            .run(|| Command::new("ip").args(arguments.split(' ')).output())
            .expect("iproute2 is installed");
        assert!(output.status.success(), "ip {arguments}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The index of an interface inside.
    pub(crate) fn index(&self, interface: &str) -> u32 {
        self.run(|| {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
            name_to_index(&socket, interface).expect("the interface exists")
        })
    }

    fn path(&self) -> String {
        format!("/proc/{}/fd/{}", std::process::id(), self.file.as_raw_fd())
    }
}
