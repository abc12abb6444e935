//! The supervisor: starts control and vip, restarts either when it ends, and owns what must
//! outlive them.
//!
//! It is single-threaded, has no async runtime and touches no network, so that there is little
//! that could end it. It is safe as process 1: it reaps whatever falls to it.

mod life;
mod owned;

use std::ffi::OsString;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use skep_linux::agent_lock::AgentLock;
use skep_linux::clock;
use skep_linux::poll::{Events, Poller};
use skep_linux::process::channel::Channel;
use skep_linux::process::child::{self, Child, End, Ended, Outcome};
use skep_linux::process::inheritance::Inherited;
use skep_linux::process::signals::{Signal, Signals};

use crate::memory::Memory;
use crate::process::{Role, give_back};
use crate::standing;
use crate::supervisor::life::{Life, Pulse};

pub(crate) use owned::Owned;

/// How often the supervisor looks at the heartbeat of vip.
const LOOK: Duration = Duration::from_millis(250);

/// How long a child may take to end when it is asked: vip hands its addresses over first.
const END_PATIENCE: Duration = Duration::from_secs(12);

/// Runs the agent that answers on `socket` until it is told to stop; children get the command line
/// `arguments`. What must be found when it is gone, but not after the machine started again, is
/// kept beside the socket.
///
/// # Errors
///
/// When another agent runs in this network namespace, or the kernel refuses what the supervisor
/// cannot do without.
pub fn run(arguments: &[OsString], socket: &Path) -> anyhow::Result<()> {
    let lock = AgentLock::take()?;
    let signals = Signals::catch().context("cannot catch signals")?;
    let poller = Poller::new().context("cannot wait for several things at once")?;
    poller.add(&signals, 0).context("cannot wait for signals")?;
    let (control, vip) =
        Channel::pair().context("cannot make the channel between the processes")?;
    let memory = Memory::create()?;
    let owned = Owned::new(socket.parent().unwrap_or(Path::new("/")));
    standing::forget(socket);
    // The first vip removes what the agent before this one left.
    for placed in owned.read() {
        memory.journal().enter(&placed);
    }
    let supervisor = Supervisor {
        lock,
        socket: socket.to_owned(),
        arguments: arguments.to_vec(),
        signals,
        poller,
        ends: Ends { control, vip },
        memory,
        owned,
        pulse: Pulse::default(),
        control: Life::default(),
        vip: Life::default(),
        stopping: false,
    };
    supervisor.run()
}

struct Supervisor {
    lock: AgentLock,
    socket: PathBuf,
    arguments: Vec<OsString>,
    signals: Signals,
    poller: Poller,
    ends: Ends,
    memory: Memory,
    owned: Owned,
    pulse: Pulse,
    control: Life<Child>,
    vip: Life<Child>,
    stopping: bool,
}

/// The ends of the channel between the children. The supervisor keeps both: a child that is
/// restarted finds the same channel, and what the other one said meanwhile.
struct Ends {
    control: Channel,
    vip: Channel,
}

impl Supervisor {
    fn run(mut self) -> anyhow::Result<()> {
        let mut events = Events::with_capacity(4);
        loop {
            self.start_what_is_due(clock::now());
            let _ready = self
                .poller
                .wait(&mut events, Some(LOOK))
                .context("cannot wait")?;
            if self.handle_signals()? {
                return self.stop();
            }
            self.look_at_pulse();
            if self.vip.is_well(clock::now()) {
                self.memory.set_looping_since(None);
            }
            if self.owned.follow(&self.memory.journal()) {
                give_back();
            }
        }
    }

    fn start_what_is_due(&mut self, now: Duration) {
        for role in [Role::Vip, Role::Control] {
            if !self.life(role).is_due(now) {
                continue;
            }
            match self.start(role) {
                Ok(child) => {
                    tracing::debug!(process = role.name(), pid = child.id(), "started");
                    self.life(role).started(child, now);
                }
                Err(error) => {
                    tracing::error!(process = role.name(), "cannot start: {error:#}");
                    self.life(role).ended(now);
                }
            }
        }
    }

    fn start(&self, role: Role) -> anyhow::Result<Child> {
        let inherited = match role {
            Role::Control => vec![inherit("channel", &self.ends.control)?],
            Role::Vip => vec![
                inherit("channel", &self.ends.vip)?,
                inherit("memory", &self.memory)?,
                // No other agent starts before it has handed over, also when this process is gone.
                inherit("lock", &self.lock)?,
            ],
        };
        let mut arguments = self.arguments.clone();
        arguments.extend(["--process".into(), role.name().into()]);
        Ok(child::spawn_self(&arguments, inherited)?)
    }

    /// Whether the agent is told to stop.
    fn handle_signals(&mut self) -> anyhow::Result<bool> {
        while let Some(signal) = self.signals.receive().context("cannot read signals")? {
            match signal {
                Signal::ChildEnded => self.reap()?,
                Signal::Stop => return Ok(true),
                // The watched directory says by itself when it changes.
                Signal::Reload => {}
            }
        }
        Ok(false)
    }

    /// Takes note of every child that ended; each is due again after a time.
    fn reap(&mut self) -> anyhow::Result<()> {
        while let Some(Ended { id, how }) = child::reap().context("cannot reap children")? {
            let now = clock::now();
            for role in [Role::Vip, Role::Control] {
                let is_it = |child: &Child| child.id() == id;
                if !self.life(role).child().is_some_and(is_it) {
                    continue;
                }
                if (role, how) == (Role::Control, Outcome::Exited(0)) {
                    // It ended by itself, to start anew with other keys: that is no fault.
                    self.life(role).renewed(now);
                    continue;
                }
                let away = self.life(role).ended(now);
                self.handle_ended(role, how, away, now);
            }
        }
        Ok(())
    }

    fn handle_ended(&mut self, role: Role, how: Outcome, away: Duration, now: Duration) {
        if self.stopping {
            return;
        }
        let after_ms = away.as_millis();
        tracing::error!(process = role.name(), ?how, after_ms, "ended, is restarted");
        match role {
            Role::Vip if !away.is_zero() => {}
            Role::Vip | Role::Control => return,
        }
        if self.memory.looping_since().is_none() {
            self.memory.set_looping_since(Some(now));
        }
        // Nobody answers for the addresses until it is back.
        if let Err(error) = self.start_release() {
            tracing::error!("what vip held is not released: {error:#}");
        }
    }

    /// Starts a process that releases every address and ends.
    fn start_release(&mut self) -> anyhow::Result<Child> {
        self.owned.follow(&self.memory.journal());
        let mut arguments = self.arguments.clone();
        arguments.push("--release".into());
        let inherited = vec![inherit("lock", &self.lock)?];
        Ok(child::spawn_self(&arguments, inherited)?)
    }

    /// Ends a vip whose wire thread stands still: the next one takes over from its memory.
    fn look_at_pulse(&mut self) {
        let Some(child) = self.vip.child() else {
            self.pulse = Pulse::default();
            return;
        };
        if self.pulse.is_lost(self.memory.heartbeat(), clock::now()) {
            tracing::error!(pid = child.id(), "vip stands still, it is ended");
            if let Err(error) = child.end(End::Force) {
                tracing::error!(%error, "vip cannot be ended");
            }
            self.pulse = Pulse::default();
        }
    }

    /// Asks both children to end, and makes them when they do not.
    fn stop(mut self) -> anyhow::Result<()> {
        self.stopping = true;
        standing::stopping();
        let give_up = clock::now() + END_PATIENCE;
        self.end_children(End::Ask);
        let mut events = Events::with_capacity(4);
        while self.is_any_alive() {
            if clock::now() > give_up {
                tracing::error!("a process does not end, it is made to");
                self.end_children(End::Force);
            }
            let _ready = self
                .poller
                .wait(&mut events, Some(LOOK))
                .context("cannot wait")?;
            while self
                .signals
                .receive()
                .context("cannot read signals")?
                .is_some()
            {}
            self.reap()?;
        }
        self.owned.follow(&self.memory.journal());
        standing::forget(&self.socket);
        Ok(())
    }

    fn end_children(&self, end: End) {
        for child in [self.vip.child(), self.control.child()]
            .into_iter()
            .flatten()
        {
            if let Err(error) = child.end(end) {
                tracing::error!(pid = child.id(), %error, "a process cannot be ended");
            }
        }
    }

    fn is_any_alive(&self) -> bool {
        self.vip.child().is_some() || self.control.child().is_some()
    }

    const fn life(&mut self, role: Role) -> &mut Life<Child> {
        match role {
            Role::Control => &mut self.control,
            Role::Vip => &mut self.vip,
        }
    }
}

/// A copy of `descriptor` for a child.
fn inherit(name: &'static str, descriptor: &impl AsFd) -> anyhow::Result<Inherited> {
    let descriptor: OwnedFd = descriptor
        .as_fd()
        .try_clone_to_owned()
        .context("cannot copy a descriptor")?;
    Ok(Inherited { name, descriptor })
}

#[cfg(test)]
mod tests {
    use super::{END_PATIENCE, LOOK};

    /// The unit that is shipped.
    const UNIT: &str = include_str!("../../skep/assets/skep.service");

    #[test]
    fn the_unit_leaves_the_agent_the_time_to_hand_over() {
        let mut lines = UNIT.lines();
        let limit = lines.find_map(|line| line.strip_prefix("TimeoutStopSec="));
        let limit: u64 = limit.expect("it stands there").parse().expect("seconds");
        // It ends what does not end by itself only when it looks after that time.
        assert!(limit > (END_PATIENCE + LOOK).as_secs() + 1, "{limit}");
        let told = format!("{} s at most", END_PATIENCE.as_secs());
        assert!(UNIT.contains(&told), "the comment says another time");
    }

    #[test]
    fn the_unit_lets_no_other_process_be_killed_when_the_supervisor_is() {
        let stands = |line: &str| UNIT.lines().any(|stands| stands == line);
        assert!(stands("KillMode=control-group"));
        assert!(stands("Restart=always") && stands("StartLimitIntervalSec=0"));
        assert!(stands("Type=notify") && stands("NotifyAccess=all"));
        assert!(stands("RuntimeDirectoryPreserve=yes"));
    }
}
