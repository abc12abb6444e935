//! A supervisor and its children, as processes.
//!
//! A child is this program again with a role as its argument. It has no test harness, because a
//! supervisor is single-threaded and the harness is not.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests, without their harness"
)]

use std::os::fd::{AsFd as _, OwnedFd};
use std::process::exit;
use std::sync::atomic::Ordering;
use std::time::Duration;

use skep_linux::poll::{Events, Poller};
use skep_linux::process::channel::{Channel, ChannelReceiveError};
use skep_linux::process::child::{Child, End, Outcome, reap, spawn_self};
use skep_linux::process::inheritance::{Inherited, TakeInheritedError, take_inherited};
use skep_linux::process::parent::{AtParentsEnd, follow_parent};
use skep_linux::process::shared_memory::SharedMemory;
use skep_linux::process::signals::{Signal, Signals};

/// Never waited for when all is well.
const PATIENCE: Duration = Duration::from_secs(20);

const TESTS: [(&str, fn()); 5] = [
    (
        "a_child_answers_on_its_channel_and_writes_to_the_shared_memory",
        a_child_answers_on_its_channel_and_writes_to_the_shared_memory,
    ),
    (
        "a_child_that_is_asked_to_stop_does_so_although_its_parent_blocks_the_signal",
        a_child_that_is_asked_to_stop_does_so_although_its_parent_blocks_the_signal,
    ),
    (
        "a_supervisor_reads_signals_and_reaps_each_child_with_its_outcome",
        a_supervisor_reads_signals_and_reaps_each_child_with_its_outcome,
    ),
    ("a_child_ends_with_its_parent", a_child_ends_with_its_parent),
    (
        "what_was_not_inherited_is_missing",
        what_was_not_inherited_is_missing,
    ),
];

const ROLES: [(&str, fn()); 6] = [
    ("role_writer", role_writer),
    ("role_sleeper", role_sleeper),
    ("role_supervisor", role_supervisor),
    ("role_seven", role_seven),
    ("role_parent", role_parent),
    ("role_follower", role_follower),
];

/// Plays the role that is asked for, or runs the tests whose name holds the argument.
fn main() {
    let argument = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'));
    let argument = argument.unwrap_or_default();
    if let Some((_, role)) = ROLES.iter().find(|(name, _)| *name == argument) {
        return role();
    }
    for (name, test) in TESTS.iter().filter(|(name, _)| name.contains(&argument)) {
        test();
        println!("test {name} ... ok");
    }
}

fn start(role: &str, inherited: Vec<Inherited>) -> Child {
    spawn_self(&[role], inherited).expect("the test program starts again")
}

fn pass(name: &'static str, descriptor: impl Into<OwnedFd>) -> Inherited {
    Inherited {
        name,
        descriptor: descriptor.into(),
    }
}

fn inherited_channel() -> Channel {
    Channel::from(take_inherited("channel").expect("every role has a channel"))
}

fn wait_for(source: impl std::os::fd::AsFd) {
    let poller = Poller::new().unwrap();
    poller.add(source, 0).unwrap();
    let mut events = Events::with_capacity(1);
    assert_eq!(
        poller.wait(&mut events, Some(PATIENCE)).unwrap().count(),
        1,
        "too late"
    );
}

fn next_message(channel: &Channel) -> Result<Vec<u8>, ChannelReceiveError> {
    wait_for(channel);
    let mut buffer = vec![0; 1024];
    channel
        .receive(&mut buffer)
        .map(|message| message.expect("it is readable").to_vec())
}

fn a_child_answers_on_its_channel_and_writes_to_the_shared_memory() {
    let memory = SharedMemory::create("heartbeat", 8).unwrap();
    let (ours, theirs) = Channel::pair().unwrap();
    let copy = memory.as_fd().try_clone_to_owned().unwrap();
    let child = start(
        "role_writer",
        vec![pass("channel", theirs), pass("memory", copy)],
    );

    assert_eq!(next_message(&ours).unwrap(), b"written");
    assert_eq!(memory.cells()[3].load(Ordering::Acquire), 4711);
    wait_for(&child);
    assert!(matches!(
        next_message(&ours),
        Err(ChannelReceiveError::Closed)
    ));
}

fn role_writer() {
    let channel = inherited_channel();
    let memory = SharedMemory::map(take_inherited("memory").unwrap()).unwrap();
    assert!(matches!(
        take_inherited("memory"),
        Err(TakeInheritedError::Invalid { .. })
    ));
    memory.cells()[3].store(4711, Ordering::Release);
    channel.send(b"written").unwrap();
}

fn a_child_that_is_asked_to_stop_does_so_although_its_parent_blocks_the_signal() {
    let child = std::thread::spawn(|| {
        let _blocked = Signals::catch().unwrap();
        let (ours, theirs) = Channel::pair().unwrap();
        let child = start("role_sleeper", vec![pass("channel", theirs)]);
        assert_eq!(next_message(&ours).unwrap(), b"sleeping");
        child.end(End::Ask).unwrap();
        wait_for(&child);
        child
    })
    .join()
    .unwrap();
    child
        .end(End::Force)
        .expect("a child that has ended is no error");
}

fn role_sleeper() {
    let channel = inherited_channel();
    follow_parent(AtParentsEnd::Kill).unwrap();
    channel.send(b"sleeping").unwrap();
    loop {
        std::thread::park();
    }
}

fn a_supervisor_reads_signals_and_reaps_each_child_with_its_outcome() {
    let (ours, theirs) = Channel::pair().unwrap();
    let supervisor = start("role_supervisor", vec![pass("channel", theirs)]);
    assert_eq!(next_message(&ours).unwrap(), b"reaped");
    supervisor.end(End::Ask).unwrap();
    assert_eq!(next_message(&ours).unwrap(), b"stopping");
    wait_for(&supervisor);
}

fn role_supervisor() {
    let channel = inherited_channel();
    follow_parent(AtParentsEnd::Kill).unwrap();
    let signals = Signals::catch().unwrap();
    let (sleepers, theirs) = Channel::pair().unwrap();
    let sleeper = start("role_sleeper", vec![pass("channel", theirs)]);
    next_message(&sleepers).unwrap();
    sleeper.end(End::Force).unwrap();
    let seven = start("role_seven", Vec::new());
    wait_for(&sleeper);
    wait_for(&seven);
    let mut ended = [reap().unwrap().unwrap(), reap().unwrap().unwrap()];
    ended.sort_by_key(|ended| ended.id != seven.id());
    assert_eq!(reap().unwrap(), None);
    assert_eq!(ended[0].how, Outcome::Exited(7));
    assert_eq!(ended[1].how, Outcome::Killed(9));
    assert_eq!(signals.receive().unwrap(), Some(Signal::ChildEnded));
    assert_eq!(signals.receive().unwrap(), None);
    channel.send(b"reaped").unwrap();
    wait_for(&signals);
    assert_eq!(signals.receive().unwrap(), Some(Signal::Stop));
    channel.send(b"stopping").unwrap();
}

fn role_seven() {
    exit(7);
}

fn a_child_ends_with_its_parent() {
    let (ours, theirs) = Channel::pair().unwrap();
    let parent = start("role_parent", vec![pass("channel", theirs)]);
    assert_eq!(next_message(&ours).unwrap(), b"following");
    parent.end(End::Force).unwrap();
    // Parent and child hold the other end, so it closes when both are gone.
    assert!(matches!(
        next_message(&ours),
        Err(ChannelReceiveError::Closed)
    ));
}

fn role_parent() {
    let channel = inherited_channel();
    follow_parent(AtParentsEnd::Kill).unwrap();
    let copy = channel.as_fd().try_clone_to_owned().unwrap();
    let _child = start("role_follower", vec![pass("channel", copy)]);
    loop {
        std::thread::park();
    }
}

fn role_follower() {
    let channel = inherited_channel();
    follow_parent(AtParentsEnd::Kill).unwrap();
    channel.send(b"following").unwrap();
    loop {
        std::thread::park();
    }
}

fn what_was_not_inherited_is_missing() {
    let error = take_inherited("nothing_of_this_name").unwrap_err();
    assert!(matches!(error, TakeInheritedError::Missing { .. }));
}
