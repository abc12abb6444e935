//! What the test itself does on a host of the lab.

use std::fs::File;
use std::os::fd::AsFd as _;
use std::thread;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::cluster::Cluster;

/// Does something in a thread that is on a host. A socket stays where it was made.
pub(crate) fn on<T: Send>(cluster: &Cluster, node: &str, work: impl FnOnce() -> T + Send) -> T {
    let namespace = cluster.lab.plan().node_namespace(node);
    let inside = move || {
        let file = File::open(format!("/run/netns/{namespace}")).expect("the host lives");
        move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))
            .expect("root may enter");
        work()
    };
    thread::scope(|scope| {
        let done = scope.spawn(inside).join();
        done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}
