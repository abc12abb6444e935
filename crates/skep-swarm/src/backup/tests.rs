use std::fs::{self, File};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use super::*;

fn about() -> About {
    About {
        swarm: Some("cube".to_owned()),
        node: Some("cube01".to_owned()),
        generation: Some(7),
        made_at_ms: 1,
        is_locked: false,
    }
}

/// A directory like an engine's, and one like an agent's.
fn directories() -> (TempDir, PathBuf, PathBuf) {
    let all = tempfile::tempdir().unwrap();
    let (swarm, state) = (all.path().join("swarm"), all.path().join("state"));
    let put = |path: PathBuf, content: &[u8]| {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    };
    put(swarm.join(NODE_KEY), b"-----BEGIN EC PRIVATE KEY-----");
    let log = [&b"entries"[..], &[0; 200_000], b"more", &[0; 300_000]].concat();
    put(swarm.join("raft/wal/0.wal"), &log);
    put(swarm.join("raft/wal/1.tmp"), b"for later");
    put(swarm.join("empty"), b"");
    put(state.join("membership.json"), b"{}");
    put(state.join("votes.json"), b"{}");
    (all, swarm, state)
}

#[test]
fn what_is_written_is_read_and_put_back_as_it_was() {
    let (all, swarm, state) = directories();
    let backup = Backup::make(&swarm, &state, about()).unwrap();
    let file = all.path().join("backup");
    backup.write(&file).unwrap();
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(fs::metadata(&file).unwrap().len() < 2_000);
    assert!(matches!(
        backup.write(&file),
        Err(BackupError::Refused { .. })
    ));

    let read = Backup::read(&file).unwrap();
    assert_eq!(read, backup);
    let (new, known) = (all.path().join("new/swarm"), all.path().join("known"));
    fs::create_dir_all(&known).unwrap();
    fs::write(known.join("membership.json"), "newer").unwrap();
    read.put_back(&new, &known).unwrap();
    assert_eq!(collect(&new).unwrap(), backup.swarm);
    let log = fs::read(new.join("raft/wal/0.wal")).unwrap();
    assert_eq!(log, fs::read(swarm.join("raft/wal/0.wal")).unwrap());
    assert!(!new.join("raft/wal/1.tmp").exists());
    let kept = fs::read_to_string(known.join("membership.json")).unwrap();
    assert_eq!(kept, "newer");
    assert!(!known.join("votes.json").exists());
}

#[test]
fn a_damaged_file_and_one_that_leads_out_are_refused() {
    let (all, swarm, state) = directories();
    let mut backup = Backup::make(&swarm, &state, about()).unwrap();
    let file = all.path().join("backup");
    backup.write(&file).unwrap();
    let mut bytes = fs::read(&file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&file, &bytes).unwrap();
    assert!(matches!(
        Backup::read(&file),
        Err(BackupError::Damaged { .. })
    ));
    fs::write(&file, "something else\n").unwrap();
    assert!(matches!(
        Backup::read(&file),
        Err(BackupError::NoBackup { .. })
    ));

    backup.swarm[0].path = PathBuf::from("../elsewhere");
    let put_back = backup.put_back(&all.path().join("new"), &state);
    assert!(matches!(put_back, Err(BackupError::LeadsOut { .. })));
    assert!(!all.path().join("new").exists() && !all.path().join("elsewhere").exists());
}

#[test]
fn a_key_that_is_locked_is_told_and_a_directory_without_one_is_no_swarm() {
    let (_all, swarm, state) = directories();
    assert!(
        !Backup::make(&swarm, &state, about())
            .unwrap()
            .about
            .is_locked
    );
    fs::write(
        swarm.join(NODE_KEY),
        "-----BEGIN ENCRYPTED PRIVATE KEY-----",
    )
    .unwrap();
    assert!(
        Backup::make(&swarm, &state, about())
            .unwrap()
            .about
            .is_locked
    );
    fs::remove_file(swarm.join(NODE_KEY)).unwrap();
    let made = Backup::make(&swarm, &state, about());
    assert!(matches!(made, Err(BackupError::NoSwarm { .. })));
    let made = Backup::make(&swarm.join("nowhere"), &state, about());
    assert!(matches!(made, Err(BackupError::NoSwarm { .. })));
}

/// Two files are always written one after the other with the same number: a copy that is of one
/// moment has the same in both, or the second one behind by one.
#[test]
fn a_copy_is_of_one_moment_while_somebody_writes() {
    let (_all, swarm, _state) = directories();
    let (first, second) = (swarm.join("a"), swarm.join("b"));
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut number = 1_000_000_u64;
            while !done.load(Ordering::Relaxed) {
                number += 1;
                for path in [&first, &second] {
                    // In place, as an engine writes.
                    let mut file = File::options();
                    let file = file.create(true).truncate(false).write(true).open(path);
                    let text = number.to_string();
                    file.unwrap().write_all_at(text.as_bytes(), 0).unwrap();
                }
                // At a pace that leaves moments in which nothing is written.
                thread::sleep(Duration::from_millis(2));
            }
        });
        for _ in 0..20 {
            let Ok(files) = collect(&swarm) else { continue };
            let number = |name: &str| {
                let file = files.iter().find(|file| file.path == Path::new(name));
                let text = file.map(|file| String::from_utf8_lossy(&file.content).into_owned());
                text.and_then(|text| text.parse::<u64>().ok())
            };
            if let (Some(a), Some(b)) = (number("a"), number("b")) {
                assert!(a == b || a == b + 1, "{a} beside {b}");
            }
        }
        done.store(true, Ordering::Relaxed);
    });
}
