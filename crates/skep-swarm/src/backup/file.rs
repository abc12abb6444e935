//! A copy as one file, and the files of a copy back in place.
//!
//! The file is one line that says what it is and what the rest has as checksum, and the rest: the
//! copy as JSON, deflated.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use sha2::{Digest, Sha256};
use skep_manifest::hexadecimal;

use super::{Backup, BackupError, Kept, refused};

/// How the line begins; the number counts forms of the file.
const FORM: &str = "skep-backup 1 sha256:";

pub(super) fn write(backup: &Backup, path: &Path) -> Result<(), BackupError> {
    let json = serde_json::to_vec(backup).expect("a backup has only string keys");
    let mut deflated = ZlibEncoder::new(Vec::new(), Compression::default());
    let deflated = deflated.write_all(&json).and_then(|()| deflated.finish());
    let deflated = deflated.expect("memory takes everything");
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(refused("create", path))?;
    file.write_all(format!("{FORM}{}\n", checksum(&deflated)).as_bytes())
        .and_then(|()| file.write_all(&deflated))
        .and_then(|()| file.sync_all())
        .map_err(refused("write", path))
}

pub(super) fn read(path: &Path) -> Result<Backup, BackupError> {
    let text = fs::read(path).map_err(refused("read", path))?;
    let no_backup = || BackupError::NoBackup {
        path: path.to_owned(),
    };
    let end = text.iter().position(|byte| *byte == b'\n');
    let (line, rest) = text.split_at(end.ok_or_else(no_backup)?);
    let deflated = &rest[1..];
    let said = line.strip_prefix(FORM.as_bytes()).ok_or_else(no_backup)?;
    if said != checksum(deflated).as_bytes() {
        let path = path.to_owned();
        return Err(BackupError::Damaged { path });
    }
    let json = ZlibDecoder::new(deflated);
    serde_json::from_reader(json).map_err(|_| no_backup())
}

fn checksum(bytes: &[u8]) -> String {
    hexadecimal::digits(&Sha256::digest(bytes))
}

/// Writes `files` as the new directory `directory`, which is whole when it is there.
pub(super) fn put(files: &[Kept], directory: &Path) -> Result<(), BackupError> {
    let name = directory.file_name().unwrap_or_default();
    let new = directory.with_file_name(format!("{}.restored", name.display()));
    if new.exists() {
        fs::remove_dir_all(&new).map_err(refused("remove", &new))?;
    }
    add(files, &new)?;
    fs::rename(&new, directory).map_err(refused("put in place", directory))
}

/// Writes those of `files` that are not yet in `directory`.
pub(super) fn add(files: &[Kept], directory: &Path) -> Result<(), BackupError> {
    for file in files {
        let path = directory.join(inside(&file.path)?);
        if path.exists() {
            continue;
        }
        if let Some(parent) = path.parent() {
            let mut made = DirBuilder::new();
            let made = made.recursive(true).mode(0o700).create(parent);
            made.map_err(refused("create", parent))?;
        }
        let mut written = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(file.mode)
            .open(&path)
            .map_err(refused("create", &path))?;
        fill(&mut written, file).map_err(refused("write", &path))?;
    }
    Ok(())
}

fn fill(written: &mut File, file: &Kept) -> std::io::Result<()> {
    written.write_all(&file.content)?;
    written.set_len(file.length)?;
    written.sync_all()
}

/// A path that stays where it is put.
fn inside(path: &Path) -> Result<&Path, BackupError> {
    let stays = path
        .components()
        .all(|component| matches!(component, Component::Normal(_)));
    if stays && path != PathBuf::new() {
        Ok(path)
    } else {
        let path = path.to_owned();
        Err(BackupError::LeadsOut { path })
    }
}

/// Bytes as text in JSON.
pub(super) mod base64 {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(in crate::backup) fn serialize<S: Serializer>(
        bytes: &[u8],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(in crate::backup) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map_err(serde::de::Error::custom)
    }
}
