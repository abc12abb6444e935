//! Programs that do one thing for this process and may be told lies by the network meanwhile.
#![expect(unsafe_code, reason = "Command::pre_exec runs between fork and exec")]

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use rustix::process::{
    Pid, Resource, Rlimit, Signal, kill_process_group, set_parent_process_death_signal, setrlimit,
    setsid,
};

/// Lets `command` run in a session of its own, end with the thread that starts it, and write no file
/// larger than `file_bytes_max`.
pub fn bounded(command: &mut Command, file_bytes_max: u64) {
    let limit = Rlimit {
        current: Some(file_bytes_max),
        maximum: Some(file_bytes_max),
    };
    let prepare = move || {
        setsid()?;
        set_parent_process_death_signal(Some(Signal::KILL))?;
        setrlimit(Resource::Fsize, limit)?;
        Ok(())
    };
    // SAFETY: between fork and exec this makes three system calls, allocates nothing and takes no
    // lock.
    unsafe { command.pre_exec(prepare) };
}

/// Ends the program that leads the session `id` with all that it started and that stayed in its
/// group.
pub fn end(id: u32) {
    if let Some(leader) = i32::try_from(id).ok().and_then(Pid::from_raw) {
        // It may have ended by itself.
        let _already_gone = kill_process_group(leader, Signal::KILL);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader};
    use std::path::Path;
    use std::process::Stdio;
    use std::time::{Duration, Instant};

    use super::*;

    /// Far longer than the kernel needs to end a process.
    const PATIENCE: Duration = Duration::from_secs(20);

    #[test]
    fn it_writes_no_large_file() {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "ulimit -f"]);
        bounded(&mut command, 1 << 20);
        let output = command.output().expect("it runs");
        assert_eq!(output.stdout, b"2048\n");
    }

    #[test]
    fn it_ends_with_the_thread_that_started_it() {
        let started = std::thread::spawn(|| {
            let mut command = Command::new("/bin/sh");
            command.args(["-c", "echo $$; exec sleep 600"]);
            command.stdout(Stdio::piped());
            bounded(&mut command, 1 << 20);
            let mut child = command.spawn().expect("it runs");
            let mut line = String::new();
            let stdout = child.stdout.take().expect("it is piped");
            BufReader::new(stdout).read_line(&mut line).expect("a line");
            child
        });
        let mut child = started.join().expect("it started");
        let deadline = Instant::now() + PATIENCE;
        while Path::new(&format!("/proc/{}/exe", child.id())).exists() {
            assert!(Instant::now() < deadline, "it lives on");
        }
        child.wait().expect("it has ended");
    }
}
