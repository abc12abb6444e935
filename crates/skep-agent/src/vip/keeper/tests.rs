use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use skep_vip::configuration::{
    Announcements, Authentication, ChecksumMode, Effect, Lease, Preemption, Relocation,
    RouterConfiguration, RouterKey, Start, TrackedInput, Transport, VirtualAddress,
};
use skep_vip::message::{Command, Health};
use skep_vrrp::identity::{Family, Priority, Version, VirtualRouterId};
use skep_vrrp::packet::MULTICAST_IPV4;

use super::Keeper;
use crate::memory::Memory;

pub(in crate::vip) fn configure(revision: u64, interface: &str, priority: Priority) -> Command {
    let address = VirtualAddress {
        address: "10.0.0.70".parse().expect("an address"),
        prefix_length: 32,
        interface: None,
        label: None,
        advertised: true,
    };
    let router = Box::new(RouterConfiguration {
        key: RouterKey {
            group: "ingress".to_owned(),
            family: Family::Ipv4,
        },
        virtual_router_id: VirtualRouterId::new(51).expect("not zero"),
        version: Version::V3,
        interface: interface.to_owned(),
        source: None,
        addresses: vec![address],
        priority,
        advertisement_interval: Duration::from_secs(1),
        authentication: Authentication::None,
        checksum: ChecksumMode::Auto,
        preemption: Preemption {
            enabled: true,
            delay: Duration::ZERO,
        },
        announcements: Announcements {
            count: 5,
            repeat_after: Duration::from_secs(5),
            refresh: Duration::ZERO,
            refresh_count: 1,
        },
        lease: Lease::Forever,
        track_interface: true,
        tracking: Vec::new(),
        tracked_interfaces: Vec::new(),
        transport: Transport::Multicast(MULTICAST_IPV4.into()),
        routes: Vec::new(),
        start: Start::default(),
        sync_group: None,
        follows: None,
        owned_elsewhere: false,
        relocation: Relocation::None,
        members: None,
    });
    Command::Configure { revision, router }
}

fn keeper() -> (Keeper, Memory) {
    let memory = Memory::create().expect("memory");
    let view = Memory::map(memory.as_fd().try_clone_to_owned().expect("a copy")).expect("mapped");
    (Keeper::new(Arc::new(view)), memory)
}

#[test]
fn the_next_vip_finds_what_was_committed_and_nothing_else() {
    let (mut keeper, memory) = keeper();
    let commands = [
        configure(1, "eth9", Priority::DEFAULT),
        configure(2, "eth0", Priority::DEFAULT),
        Command::Commit {
            revision: 2,
            routers: 1,
        },
    ];
    let needs: Vec<_> = commands
        .iter()
        .filter_map(|command| keeper.note(command))
        .collect();
    assert_eq!(needs.len(), 1);
    assert!(needs[0].iter().eq(["eth0"]));
    keeper.note(&configure(3, "eth1", Priority::DEFAULT));
    drop(keeper);
    assert_eq!(Keeper::new(Arc::new(memory)).kept(), commands[1..]);
}

#[test]
fn no_virtual_address_is_a_source_but_the_owner_s_own() {
    let (mut keeper, _memory) = keeper();
    for (revision, priority, count) in [(1, Priority::DEFAULT, 1), (2, Priority::OWNER, 0)] {
        keeper.note(&configure(revision, "eth0", priority));
        keeper.note(&Command::Commit {
            revision,
            routers: 1,
        });
        assert_eq!(keeper.virtual_addresses().len(), count);
    }
}

#[test]
fn the_next_vip_finds_the_inputs_that_are_tracked_before_the_configuration() {
    let (mut keeper, memory) = keeper();
    let input = |name: &str, health| Command::Input {
        name: name.to_owned(),
        health,
    };
    let mut configure = configure(1, "eth0", Priority::DEFAULT);
    if let Command::Configure { router, .. } = &mut configure {
        router.tracking.push(TrackedInput {
            name: "flag".to_owned(),
            effect: Effect::Fault,
        });
    }
    let commit = Command::Commit {
        revision: 1,
        routers: 1,
    };
    keeper.note(&input("flag", Health::Passing));
    keeper.note(&input("gone", Health::Failing));
    keeper.note(&configure);
    keeper.note(&commit);
    keeper.note(&input("flag", Health::Failing));
    keeper.note(&input("flag", Health::Unknown));
    drop(keeper);
    assert_eq!(
        Keeper::new(Arc::new(memory)).kept(),
        [input("flag", Health::Failing), configure, commit]
    );
}
