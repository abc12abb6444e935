use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::{FILE_BYTES_MAX, ReadError, WriteError};
use crate::trust::key::{ArmourError, ClusterKey, ClusterKeys};

/// A directory and the path of a key in it.
fn place() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cluster.key");
    (directory, path)
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_written_key_is_for_its_owner_only_and_is_read_back() {
    let (_directory, path) = place();
    let key = ClusterKey::generate().unwrap();
    key.write_new(&path).unwrap();
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o7777,
        0o600
    );
    assert_eq!(ClusterKeys::read(&path).unwrap(), key.into());
}

#[test]
fn keys_replace_what_is_there_and_what_a_link_points_to() {
    let (directory, path) = place();
    let keys = ClusterKeys::from(ClusterKey::generate().unwrap());
    assert!(matches!(
        keys.replace(&path),
        Err(WriteError::Unwritable { .. })
    ));
    keys.issuing().write_new(&path).unwrap();
    let link = directory.path().join("link");
    symlink("cluster.key", &link).unwrap();
    // What a power cut left of an attempt before this one.
    fs::write(directory.path().join("cluster.key.new"), "half").unwrap();
    let knows = keys.knowing(keys.generate_next().unwrap()).unwrap();
    knows.replace(&link).unwrap();
    assert_eq!(ClusterKeys::read(&path).unwrap(), knows);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
}

#[test]
fn an_existing_file_is_never_overwritten() {
    let (_directory, path) = place();
    fs::write(&path, "precious").unwrap();
    let error = ClusterKey::generate()
        .unwrap()
        .write_new(&path)
        .unwrap_err();
    assert!(matches!(error, WriteError::Exists { .. }), "{error}");
    assert!(
        error.to_string().contains("choose another file name"),
        "{error}"
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
}

#[test]
fn a_link_to_nowhere_is_not_followed_when_writing() {
    let (directory, path) = place();
    let target = directory.path().join("elsewhere");
    symlink(&target, &path).unwrap();
    let error = ClusterKey::generate()
        .unwrap()
        .write_new(&path)
        .unwrap_err();
    assert!(matches!(error, WriteError::Exists { .. }), "{error}");
    assert!(!target.exists());
}

#[test]
fn directories_are_not_created() {
    let (directory, _path) = place();
    let path = directory.path().join("missing/cluster.key");
    let error = ClusterKey::generate()
        .unwrap()
        .write_new(&path)
        .unwrap_err();
    assert!(matches!(error, WriteError::NoDirectory { .. }), "{error}");
    assert!(!directory.path().join("missing").exists());
}

#[test]
fn a_missing_file_is_told_apart() {
    let (_directory, path) = place();
    let error = ClusterKeys::read(&path).unwrap_err();
    assert!(matches!(error, ReadError::Missing { .. }), "{error}");
}

#[test]
fn a_file_that_others_may_read_or_change_is_refused_with_the_remedy() {
    let (_directory, path) = place();
    ClusterKey::generate().unwrap().write_new(&path).unwrap();
    for mode in [0o640, 0o604, 0o620, 0o644, 0o610] {
        set_mode(&path, mode);
        let error = ClusterKeys::read(&path).unwrap_err().to_string();
        let remedy = format!("chmod 600 {}", path.display());
        assert!(error.contains(&remedy), "{mode:o}: {error}");
    }
    set_mode(&path, 0o400);
    assert!(ClusterKeys::read(&path).is_ok());
}

#[test]
fn what_is_no_regular_file_is_refused_without_waiting() {
    let (directory, path) = place();
    let made = Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    set_mode(&path, 0o600);
    for path in [path.as_path(), directory.path(), Path::new("/dev/null")] {
        let error = ClusterKeys::read(path).unwrap_err();
        assert!(matches!(error, ReadError::NotAFile { .. }), "{error}");
    }
}

#[test]
fn a_link_to_a_private_file_is_followed() {
    let (directory, path) = place();
    let target = directory.path().join("secret");
    ClusterKey::generate().unwrap().write_new(&target).unwrap();
    symlink("secret", &path).unwrap();
    assert!(ClusterKeys::read(&path).is_ok());
}

#[test]
fn a_file_that_is_too_large_is_not_read() {
    let (_directory, path) = place();
    fs::write(&path, vec![b'#'; FILE_BYTES_MAX as usize + 1]).unwrap();
    set_mode(&path, 0o600);
    let error = ClusterKeys::read(&path).unwrap_err();
    assert!(matches!(error, ReadError::TooLarge { .. }), "{error}");
}

#[test]
fn a_malformed_file_is_refused_with_its_line() {
    let (_directory, path) = place();
    ClusterKey::generate().unwrap().write_new(&path).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{text}\nnonsense\n")).unwrap();
    let error = ClusterKeys::read(&path).unwrap_err();
    let ReadError::Malformed { source, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(source, ArmourError::NotAKey { line: 4 });
}
