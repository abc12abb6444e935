use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::time::timeout;

use super::{Program, run};
use crate::aside::Aside;
use crate::launch::tests::LAUNCH;

/// `script` run by a shell as nobody or, without rights, as whoever runs the tests.
async fn shell(script: &str, aside: &Aside) -> Result<(), String> {
    let argv = ["/bin/sh", "-c", script].map(str::to_owned);
    let program = Program {
        argv: &argv,
        user: "nobody",
        environment: BTreeMap::from([("GREETING".to_owned(), "hello".to_owned())]),
    };
    run(&program, LAUNCH, aside).await
}

async fn check(script: &str, expected: Result<(), &str>) {
    let result = shell(script, &Aside::new()).await;
    assert_eq!(result, expected.map_err(str::to_owned), "{script}");
}

#[tokio::test]
async fn the_exit_code_decides_and_the_complaint_is_told() {
    check("exit 0", Ok(())).await;
    check("exit 3", Err("`/bin/sh` ended with exit code 3")).await;
    check(
        "echo why >&2; exit 1",
        Err("`/bin/sh` ended with exit code 1: why"),
    )
    .await;
    check("kill -9 $$", Err("`/bin/sh` was ended by a signal")).await;
}

#[tokio::test]
async fn the_environment_is_only_what_is_declared() {
    check("test \"$GREETING\" = hello && test -z \"$HOME\"", Ok(())).await;
    check(
        "test $(env | grep -vcE '^(PATH|PWD|GREETING|SHLVL|_)=') = 0",
        Ok(()),
    )
    .await;
}

#[tokio::test]
async fn a_program_that_says_much_is_read_to_its_end() {
    check("i=0; while [ $i -lt 3000 ]; do echo 0123456789012345678901234567890123456789 >&2; i=$((i+1)); done", Ok(())).await;
    check("i=0; while [ $i -lt 3000 ]; do echo 0123456789012345678901234567890123456789; i=$((i+1)); done", Ok(())).await;
}

#[tokio::test]
async fn a_program_that_floods_is_ended_soon() {
    let begun = Instant::now();
    let flood = "while :; do echo 0123456789012345678901234567890123456789 >&2; done";
    let error = "`/bin/sh` complains without end: 1048576 bytes and more";
    check(flood, Err(error)).await;
    assert!(begun.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn a_program_that_closes_its_pipes_is_still_waited_for() {
    check(
        "exec 2>&- >&- <&-; sleep 0.2; exit 4",
        Err("`/bin/sh` ended with exit code 4"),
    )
    .await;
}

#[tokio::test]
async fn a_program_that_is_missing_is_named() {
    let argv = ["/no/such/program".to_owned()];
    let program = Program {
        argv: &argv,
        user: "nobody",
        environment: BTreeMap::new(),
    };
    let reason = run(&program, LAUNCH, &Aside::new())
        .await
        .expect_err("there is none");
    assert!(
        reason.starts_with("`/no/such/program` cannot be started"),
        "{reason}"
    );
}

#[tokio::test]
async fn a_program_that_hangs_is_ended_with_everything_it_started() {
    let marker = Marker::new();
    let script = format!(
        "sleep 600 & (sleep 600 & echo $! $$ >> {0}; wait) & echo $! >> {0}; wait",
        marker.path.display()
    );
    let aside = Aside::new();
    let looked = timeout(Duration::from_secs(2), shell(&script, &aside)).await;
    assert!(looked.is_err(), "it hangs");
    let pids = marker.words();
    assert_eq!(pids.len(), 3, "{pids:?}");
    for pid in pids {
        assert!(is_gone(&pid).await, "process {pid} lives on");
    }
    // What was ended is gone, so that the next may start.
    assert_eq!(shell("exit 0", &aside).await, Ok(()));
}

#[tokio::test]
async fn a_program_that_hangs_is_ended_with_its_jobs_and_the_sessions_it_made() {
    // A job of its own process group, one whose parent has ended, a session, and a job in there.
    let marker = Marker::new();
    let script = format!(
        "set -m; sleep 600 & echo $! >> {0}; (sleep 600 & echo $! >> {0}); \
         setsid sh -c 'echo $$ >> {0}; sleep 600 & echo $! >> {0}; wait' & \
         while [ $(wc -l < {0}) -lt 4 ]; do :; done; echo $$ >> {0}; wait",
        marker.path.display()
    );
    let aside = Aside::new();
    let running = shell(&script, &aside);
    tokio::select! {
        ended = running => panic!("it hangs: {ended:?}"),
        () = marker.has(5) => {}
    }
    for pid in marker.words() {
        assert!(is_gone(&pid).await, "process {pid} lives on");
    }
}

#[tokio::test]
async fn what_a_program_leaves_in_the_background_ends_with_it() {
    let marker = Marker::new();
    let script = format!("sleep 600 & echo $! > {}", marker.path.display());
    check(&script, Ok(())).await;
    for pid in marker.words() {
        assert!(is_gone(&pid).await, "process {pid} lives on");
    }
}

#[tokio::test]
async fn a_daemon_that_keeps_the_pipe_does_not_delay_the_result() {
    let marker = Marker::new();
    let script = format!(
        "setsid sh -c 'echo $$ > {}; exec sleep 600' & while ! test -s {0}; do :; done; exit 5",
        marker.path.display()
    );
    let begun = Instant::now();
    check(&script, Err("`/bin/sh` ended with exit code 5")).await;
    assert!(
        begun.elapsed() < Duration::from_secs(30),
        "the pipe was waited for"
    );
    for pid in marker.words() {
        let pid = pid.parse().ok().and_then(rustix::process::Pid::from_raw);
        let _ended =
            rustix::process::kill_process(pid.expect("a process"), rustix::process::Signal::KILL);
    }
}

/// A file that anybody may write.
struct Marker {
    path: PathBuf,
    _directory: TempDir,
}

impl Marker {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("pids");
        fs::write(&path, "").expect("written");
        fs::set_permissions(directory.path(), Permissions::from_mode(0o777)).expect("open to all");
        fs::set_permissions(&path, Permissions::from_mode(0o666)).expect("open to all");
        Self {
            path,
            _directory: directory,
        }
    }

    /// Waits until there are so many words.
    async fn has(&self, count: usize) {
        while self.words().len() < count {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    fn words(&self) -> Vec<String> {
        let text = fs::read_to_string(&self.path).expect("it was written");
        text.split_whitespace().map(str::to_owned).collect()
    }
}

/// Whether the process ends: it was sent its last signal and only has to be taken down.
async fn is_gone(pid: &str) -> bool {
    let status = Path::new("/proc").join(pid).join("status");
    let ended = async {
        loop {
            match fs::read_to_string(&status) {
                Ok(text) if !text.contains("State:\tZ") => tokio::task::yield_now().await,
                _ => return,
            }
        }
    };
    timeout(Duration::from_secs(10), ended).await.is_ok()
}
