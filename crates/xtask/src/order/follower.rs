//! Follows other processes: which functions they enter, and where they go in those that they never
//! leave.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use anyhow::Context;
use nix::errno::Errno;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// Addresses of instructions, counted from where the program begins.
pub(super) type Places = BTreeSet<u64>;

/// What stops whom runs there: `int3`.
const TRAP: u8 = 0xcc;
/// How long to wait for somebody who does something.
const PAUSE: Duration = Duration::from_micros(50);

/// Which of the functions with these `starts` the processes of one program enter within `entering`,
/// at their own pace, and where they are in the time `stepping` after it, slowly. They are killed
/// afterwards.
pub(super) fn watch(
    processes: &[i32],
    starts: &Places,
    entering: Duration,
    stepping: Duration,
) -> anyhow::Result<Places> {
    // The kernel ends whom a thread follows when that thread ends, however it does.
    std::thread::scope(|scope| {
        let follower = scope.spawn(|| {
            let mut follower = Follower::seize(processes, starts)?;
            follower.follow(Instant::now() + entering)?;
            follower.step()?;
            follower.follow(Instant::now() + stepping)?;
            Ok(follower.places)
        });
        follower.join().expect("the follower does not panic")
    })
}

struct Follower<'a> {
    starts: &'a Places,
    threads: BTreeMap<Pid, Program>,
    /// The threads that go from instruction to instruction; `None` while none does.
    stepping: Option<BTreeSet<Pid>>,
    /// The instructions of the program, without traps.
    text: Vec<u8>,
    places: Places,
}

impl<'a> Follower<'a> {
    /// Sets a trap at each start.
    fn seize(processes: &[i32], starts: &'a Places) -> anyhow::Result<Self> {
        let options = Options::PTRACE_O_EXITKILL | Options::PTRACE_O_TRACECLONE;
        let mut threads = BTreeMap::new();
        for process in processes {
            for thread in fs::read_dir(format!("/proc/{process}/task"))? {
                let name = thread?.file_name();
                let thread = name.to_str().and_then(|name| name.parse().ok());
                let thread = Pid::from_raw(thread.context("a thread has a number")?);
                ptrace::seize(thread, options).context("cannot follow an agent")?;
                threads.insert(thread, Program::of(thread)?);
            }
        }
        let some = threads.values().next().context("no agent runs")?;
        let text = some.read()?;
        let mut trapped = text.clone();
        for start in starts {
            if let Some(offset) = some.offset(*start) {
                trapped[offset] = TRAP;
            }
        }
        for process in processes {
            threads[&Pid::from_raw(*process)].write(&trapped)?;
        }
        Ok(Self {
            starts,
            threads,
            stepping: None,
            text,
            places: Places::new(),
        })
    }

    /// Takes the traps away, and has all threads go from instruction to instruction.
    fn step(&mut self) -> anyhow::Result<()> {
        for (thread, program) in &self.threads {
            program.write(&self.text)?;
            match ptrace::interrupt(*thread) {
                Ok(()) | Err(Errno::ESRCH) => {}
                Err(error) => return Err(error).context("cannot stop an agent"),
            }
        }
        self.stepping = Some(BTreeSet::new());
        Ok(())
    }

    fn follow(&mut self, end: Instant) -> anyhow::Result<()> {
        while Instant::now() < end {
            let flags = WaitPidFlag::__WALL | WaitPidFlag::WNOHANG;
            let (thread, signal) = match waitpid(None, Some(flags))? {
                WaitStatus::StillAlive => {
                    std::thread::sleep(PAUSE);
                    continue;
                }
                WaitStatus::Stopped(thread, signal) => (thread, Some(signal)),
                WaitStatus::PtraceEvent(thread, ..) => (thread, None),
                _ => continue,
            };
            if let Entry::Vacant(unknown) = self.threads.entry(thread) {
                unknown.insert(Program::of(thread)?);
            }
            match self.handle_stop(thread, signal) {
                // It ended meanwhile.
                Ok(()) | Err(Errno::ESRCH) => {}
                Err(error) => return Err(error).context("cannot follow an agent"),
            }
        }
        Ok(())
    }

    fn handle_stop(&mut self, thread: Pid, signal: Option<Signal>) -> nix::Result<()> {
        let program = &self.threads[&thread];
        let steps = (self.stepping.as_ref()).is_some_and(|stepping| stepping.contains(&thread));
        let passed_on = match signal {
            Some(Signal::SIGTRAP) if steps => {
                self.places.extend(program.place(registers::at(thread)?));
                None
            }
            Some(Signal::SIGTRAP) => {
                // The processor is behind the trap.
                let at = registers::at(thread)? - 1;
                if let Some(place) = program.place(at).filter(|it| self.starts.contains(it)) {
                    self.places.insert(place);
                    let offset = program.offset(place).ok_or(Errno::EFAULT)?;
                    let own = &self.text[offset..=offset];
                    program.memory.write_all_at(own, at).map_err(errno)?;
                    registers::go_to(thread, at)?;
                }
                None
            }
            other => other,
        };
        match &mut self.stepping {
            Some(stepping) => {
                stepping.insert(thread);
                ptrace::step(thread, passed_on)
            }
            None => ptrace::cont(thread, passed_on),
        }
    }
}

fn errno(error: std::io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::EIO, Errno::from_raw)
}

#[cfg(target_arch = "x86_64")]
mod registers {
    use nix::sys::ptrace;
    use nix::unistd::Pid;

    pub(super) fn at(thread: Pid) -> nix::Result<u64> {
        ptrace::getregs(thread).map(|registers| registers.rip)
    }

    pub(super) fn go_to(thread: Pid, at: u64) -> nix::Result<()> {
        let mut registers = ptrace::getregs(thread)?;
        registers.rip = at;
        ptrace::setregs(thread, registers)
    }
}

/// Traps look different elsewhere; what was found on one processor is good for the others.
#[cfg(not(target_arch = "x86_64"))]
mod registers {
    use nix::errno::Errno;
    use nix::unistd::Pid;

    pub(super) fn at(_: Pid) -> nix::Result<u64> {
        Err(Errno::ENOTSUP)
    }

    pub(super) fn go_to(_: Pid, _: u64) -> nix::Result<()> {
        Err(Errno::ENOTSUP)
    }
}

/// A program in the memory of a process.
struct Program {
    layout: Layout,
    memory: File,
}

/// Where it lies there.
struct Layout {
    start: u64,
    instructions: Range<u64>,
}

impl Program {
    fn of(thread: Pid) -> anyhow::Result<Self> {
        let path = format!("/proc/{thread}/maps");
        let maps = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        let layout = Layout::parse(&maps);
        let layout = layout.with_context(|| format!("{path} is not as proc_pid_maps(5) says"))?;
        let mut open = OpenOptions::new();
        let memory = open.read(true).write(true);
        let memory = memory.open(format!("/proc/{thread}/mem"));
        let memory = memory.context("cannot open the memory of an agent")?;
        Ok(Self { layout, memory })
    }

    fn read(&self) -> anyhow::Result<Vec<u8>> {
        let Range { start, end } = self.layout.instructions;
        let mut text = vec![0; usize::try_from(end - start)?];
        let read = self.memory.read_exact_at(&mut text, start);
        read.context("cannot read the memory of an agent")?;
        Ok(text)
    }

    fn write(&self, text: &[u8]) -> anyhow::Result<()> {
        let written = self
            .memory
            .write_all_at(text, self.layout.instructions.start);
        written.context("cannot write to the memory of an agent")
    }

    /// Where in the program that is in the process's memory.
    fn place(&self, at: u64) -> Option<u64> {
        let Layout {
            start,
            instructions,
        } = &self.layout;
        instructions.contains(&at).then(|| at - start)
    }

    /// Where among the instructions a place is.
    fn offset(&self, place: u64) -> Option<usize> {
        let Layout {
            start,
            instructions,
        } = &self.layout;
        let at = start + place;
        let offset = instructions
            .contains(&at)
            .then(|| at - instructions.start)?;
        usize::try_from(offset).ok()
    }
}

impl Layout {
    /// That of the program, whose mappings are the first.
    fn parse(maps: &str) -> Option<Self> {
        let range = |line: &str| {
            let (start, end) = line.split_once(' ')?.0.split_once('-')?;
            let number = |text| u64::from_str_radix(text, 16).ok();
            Some(number(start)?..number(end)?)
        };
        let first = range(maps.lines().next()?)?;
        let runs = maps.lines().find(|line| line.contains(" r-xp "))?;
        Some(Self {
            start: first.start,
            instructions: range(runs)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_lies_where_its_first_mappings_say() {
        let maps = "5000-7000 r--p 00000000 fe:00 1 /usr/bin/skep\n\
                    7000-9000 r-xp 00002000 fe:00 1 /usr/bin/skep\n\
                    f000-f800 r-xp 00000000 fe:00 2 /usr/lib/libc.so.6\n";
        let layout = Layout::parse(maps).unwrap();
        assert_eq!(layout.start, 0x5000);
        assert_eq!(layout.instructions, 0x7000..0x9000);
    }
}
