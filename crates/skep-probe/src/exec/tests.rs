use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use skep_manifest::health_check::ExecProbe;
use tokio::time::timeout;

use super::probe;
use crate::judge::Outcome;

/// `script` run by a shell as root or, without rights, as whoever runs the tests.
fn shell(script: &str) -> ExecProbe {
    ExecProbe {
        argv: vec!["/bin/sh".to_owned(), "-c".to_owned(), script.to_owned()],
        user: "nobody".to_owned(),
        environment: BTreeMap::from([("GREETING".to_owned(), "hello".to_owned())]),
    }
}

async fn check(script: &str, expected: Result<(), &str>) {
    let outcome = probe(&shell(script)).await;
    let expected = match expected {
        Ok(()) => Outcome::Passed,
        Err(reason) => Outcome::Failed(reason.to_owned()),
    };
    assert_eq!(outcome, expected, "{script}");
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
}

#[tokio::test]
async fn a_program_that_floods_is_read_to_its_end() {
    check("i=0; while [ $i -lt 3000 ]; do echo 0123456789012345678901234567890123456789 >&2; i=$((i+1)); done", Ok(())).await;
}

#[tokio::test]
async fn a_program_that_is_missing_is_named() {
    let exec = ExecProbe {
        argv: vec!["/no/such/program".to_owned()],
        ..shell("")
    };
    let Outcome::Failed(reason) = probe(&exec).await else {
        panic!("there is no such program");
    };
    assert!(
        reason.starts_with("`/no/such/program` cannot be started"),
        "{reason}"
    );
}

#[tokio::test]
async fn a_program_that_hangs_is_ended_with_everything_it_started() {
    let directory = tempfile::tempdir().expect("a directory");
    let marker = directory.path().join("pids");
    std::fs::write(&marker, "").expect("written");
    let mode = std::os::unix::fs::PermissionsExt::from_mode;
    std::fs::set_permissions(directory.path(), mode(0o777)).expect("open to all");
    std::fs::set_permissions(&marker, mode(0o666)).expect("open to all");
    let script = format!("sleep 600 & echo $! $$ > {}; wait", marker.display());
    let looked = timeout(Duration::from_secs(2), probe(&shell(&script))).await;
    assert!(looked.is_err(), "it hangs");
    let pids = std::fs::read_to_string(&marker).expect("it was written");
    assert_eq!(pids.split_whitespace().count(), 2, "{pids}");
    for pid in pids.split_whitespace() {
        assert!(is_gone(pid).await, "process {pid} lives on");
    }
}

/// Whether the process ends: it was sent its last signal and only has to be taken down.
async fn is_gone(pid: &str) -> bool {
    let status = Path::new("/proc").join(pid).join("status");
    let ended = async {
        loop {
            match std::fs::read_to_string(&status) {
                Ok(text) if !text.contains("State:\tZ") => tokio::task::yield_now().await,
                _ => return,
            }
        }
    };
    timeout(Duration::from_secs(10), ended).await.is_ok()
}
