//! Memory at rest: what only the start needed is given back, what an election needs is there, and
//! then it stays there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use skep_linux::scheduling::{MemoryLockError, lock_memory};
use skep_vip::action::{Action, Holding};
use skep_vip::brain::Brain;
use skep_vip::configuration::{Relocation, RouterConfiguration};
use skep_vip::interfaces::{Link, Socket};
use skep_vip::message::Command;
use skep_vrrp::identity::Family;
use skep_vrrp::packet::Packet;
use skep_vrrp::time::Instant;

use crate::process::give_back;
use crate::vip::keeper::Keeper;

/// How many deadlines are met on the way to Active, and from there to the end: the down interval,
/// some advertisements, and every announcement.
const DEADLINES: usize = 24;

/// Locks memory when the process has come to rest. Locked at the start, it would keep for ever
/// what only the start needed.
pub(super) fn come_to_rest(keeper: &Keeper, now: Duration) -> Result<(), MemoryLockError> {
    let router = keeper.kept().into_iter().find_map(|command| match command {
        Command::Configure { router, .. } => Some(router),
        Command::Commit { .. }
        | Command::Listen { .. }
        | Command::Input { .. }
        | Command::Standby { .. }
        | Command::Try(_)
        | Command::Heartbeat
        | Command::ReportAll => None,
    });
    give_back();
    let locked = lock_memory();
    if let Some(router) = router
        && !rehearse(router, Instant::from_boot(now))
    {
        tracing::debug!("an election is not rehearsed");
    }
    locked
}

/// Lets a brain that is connected to nothing become Active as `router`, hear another one and
/// leave, so that no page of the program is missing when wire first does. Without it, the first
/// election of a Backup that waited for months could wait for the disk. Whether it became Active.
fn rehearse(mut router: Box<RouterConfiguration>, now: Instant) -> bool {
    // Nobody is asked and nothing is waited for.
    router.tracking.clear();
    router.tracked_interfaces.clear();
    (router.follows, router.relocation) = (None, Relocation::None);
    let (interface, family) = (router.interface.clone(), router.key.family);
    let mut stage = Stage {
        brain: Brain::new(),
        interface,
        family,
        now,
        last: None,
    };
    let configure = Command::Configure {
        revision: 1,
        router,
    };
    let commit = Command::Commit {
        revision: 1,
        routers: 1,
    };
    for command in [configure, commit] {
        // What is refused here was refused by wire, which said so.
        let _refused = stage.brain.handle_command(command, now);
    }
    stage.raise();
    stage.pass(DEADLINES);
    let advertised = stage.last.is_some();
    stage.echo();
    stage.pass(DEADLINES);
    stage.brain.handle_shutdown(stage.now);
    stage.pass(DEADLINES);
    advertised
}

/// A brain and what it believes.
struct Stage {
    brain: Brain,
    interface: String,
    family: Family,
    now: Instant,
    /// The last advertisement, and where it went.
    last: Option<(Vec<u8>, IpAddr)>,
}

impl Stage {
    /// The interface has all that a router needs.
    fn raise(&mut self) {
        let (interface, now) = (&self.interface, self.now);
        let source = someone(self.family, 1);
        self.brain.handle_link(interface, Link::Up, now);
        self.brain
            .handle_source(interface, self.family, Some(source), now);
        self.brain
            .handle_socket(interface, self.family, Socket::Open, now);
    }

    /// Meets some deadlines, and does what is wanted at each.
    fn pass(&mut self, deadlines: usize) {
        for _ in 0..deadlines {
            self.act();
            let Some(at) = self.brain.poll_timeout() else {
                return;
            };
            self.now = self.now.max(at);
            self.brain.handle_timeout(self.now);
        }
    }

    fn act(&mut self) {
        let (mut present, mut absent) = (Vec::new(), Vec::new());
        while let Some(action) = self.brain.poll_action() {
            match action {
                Action::Send(sent) => self.last = Some((sent.message.to_vec(), sent.destination)),
                Action::AddAddress(holding) => present.push(holding),
                Action::RemoveAddress(holding) => absent.push(holding),
                Action::AddRoute(_)
                | Action::RemoveRoute(_)
                | Action::Announce(_)
                | Action::Withhold(_) => {}
            }
        }
        let now = self.now;
        for Holding {
            interface, address, ..
        } in present
        {
            self.brain.handle_address_present(&interface, address, now);
        }
        for Holding {
            interface, address, ..
        } in absent
        {
            self.brain.handle_address_absent(&interface, address, now);
        }
        while self.brain.poll_report().is_some() {}
    }

    /// Another one says what this one said, and has the higher address.
    fn echo(&mut self) {
        let Some((message, destination)) = self.last.take() else {
            return;
        };
        let packet = Packet {
            source: someone(self.family, 2),
            destination,
            hop_limit: 255,
            message: &message,
        };
        self.now = self.now + Duration::from_millis(1);
        self.brain.handle_packet(&self.interface, &packet, self.now);
    }
}

/// An address that nobody has.
fn someone(family: Family, last: u8) -> IpAddr {
    match family {
        Family::Ipv4 => Ipv4Addr::new(192, 0, 2, last).into(),
        Family::Ipv6 => Ipv6Addr::new(0xFE80, 0, 0, 0, 0, 0, 0, last.into()).into(),
    }
}

#[cfg(test)]
mod tests {
    use skep_vrrp::identity::Priority;

    use super::*;
    use crate::vip::keeper::tests::configure;

    #[test]
    fn a_rehearsal_goes_all_the_way_whatever_a_router_waits_for() {
        let Command::Configure { mut router, .. } = configure(1, "eth0", Priority::DEFAULT) else {
            panic!("it configures a router");
        };
        let now = Instant::from_boot(Duration::from_secs(7));
        assert!(rehearse(router.clone(), now));
        router.relocation = Relocation::Away;
        router.follows = Some(Family::Ipv6);
        assert!(rehearse(router, now));
    }
}
