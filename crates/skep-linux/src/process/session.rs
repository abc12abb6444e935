//! Programs in sessions of their own.
#![expect(unsafe_code, reason = "Command::pre_exec runs between fork and exec")]

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use rustix::process::setsid;

/// Lets `command` start in a session of its own, whose number is its process id: it has no terminal,
/// and whatever it starts can be known by the session. It must not be told to have a process group
/// of its own, which it gets by this.
pub fn in_own_session(command: &mut Command) {
    // SAFETY: between fork and exec this makes one system call, allocates nothing and takes no lock.
    unsafe { command.pre_exec(|| setsid().map(drop).map_err(Into::into)) };
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;

    use super::*;

    #[test]
    fn the_program_leads_its_session_and_its_group() {
        // Process, parent, group and session.
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "read -r pid comm state parent group session rest < /proc/$$/stat; echo $pid $group $session"]);
        command.stdout(Stdio::piped());
        in_own_session(&mut command);
        let output = command.output().expect("it runs");
        let text = String::from_utf8(output.stdout).expect("numbers");
        let numbers: Vec<&str> = text.split_whitespace().collect();
        assert_eq!(numbers.len(), 3, "{text}");
        assert!(numbers.iter().all(|number| *number == numbers[0]), "{text}");
    }
}
