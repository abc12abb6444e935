//! How far a manager's own log of the swarm goes, read from its disk.
//!
//! Without a majority the engine tells nothing of the swarm, but which manager knows most must be
//! known before the swarm goes on with one. What the entries say is encrypted; their terms and
//! numbers are not. The engine may write meanwhile: what is not whole yet is not counted.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

/// Where in its directory the engine keeps the log.
const LOG: &str = "raft/wal-v3-encrypted";

/// No record of the log is longer: the engine takes no change of more than 1.5 MB.
const RECORD_LENGTH_MAX: u64 = 64 << 20;

/// The type of a record that is an entry.
const ENTRY: u64 = 2;

/// The last entry of a log. The one with the higher term knows more, then the longer one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The term of the leader who made it.
    pub term: u64,
    /// Its number.
    pub index: u64,
}

/// Where the log in `swarm`, the engine's directory, ends; none when there is no entry.
///
/// # Errors
///
/// When the directory or a file cannot be read.
pub fn position(swarm: &Path) -> io::Result<Option<Position>> {
    // A new file begins without entries: the one before it has the last then.
    for file in files(&swarm.join(LOG))?.iter().rev() {
        let last = last_entry(BufReader::new(File::open(file)?))?;
        if last.is_some() {
            return Ok(last);
        }
    }
    Ok(None)
}

/// The files of the log, the oldest first: they are named after their first entry.
fn files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ends| ends == "wal") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The last whole entry of one file, which is filled up with zeros.
fn last_entry(mut file: impl Read) -> io::Result<Option<Position>> {
    let mut last = None;
    let mut record = Vec::new();
    loop {
        let mut frame = [0; 8];
        match file.read_exact(&mut frame) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(last),
            read => read?,
        }
        // The length, and above it how many bytes fill the record up to a multiple of eight.
        let frame = u64::from_le_bytes(frame);
        let length = frame & ((1 << 56) - 1);
        let padding = if frame >> 63 == 1 {
            (frame >> 56) & 7
        } else {
            0
        };
        if length == 0 || length > RECORD_LENGTH_MAX {
            return Ok(last);
        }
        record.clear();
        (&mut file)
            .take(length + padding)
            .read_to_end(&mut record)?;
        let Some(record) = usize::try_from(length)
            .ok()
            .and_then(|end| record.get(..end))
        else {
            return Ok(last);
        };
        let fields = Fields(record).collect::<Vec<_>>();
        let is_entry = fields.contains(&(1, Field::Number(ENTRY)));
        if let (true, Some(entry)) = (is_entry, bytes(&fields, 3)) {
            last = entry_position(entry).or(last);
        }
    }
}

fn entry_position(entry: &[u8]) -> Option<Position> {
    let fields: Vec<_> = Fields(entry).collect();
    Some(Position {
        term: number(&fields, 2)?,
        index: number(&fields, 3)?,
    })
}

fn bytes<'a>(fields: &[(u64, Field<'a>)], wanted: u64) -> Option<&'a [u8]> {
    fields.iter().find_map(|(key, field)| match field {
        Field::Bytes(bytes) if *key == wanted => Some(*bytes),
        Field::Bytes(_) | Field::Number(_) => None,
    })
}

fn number(fields: &[(u64, Field<'_>)], wanted: u64) -> Option<u64> {
    fields.iter().find_map(|(key, field)| match field {
        Field::Number(number) if *key == wanted => Some(*number),
        Field::Bytes(_) | Field::Number(_) => None,
    })
}

/// The fields of a message in the wire format of protocol buffers, up to one that is not
/// understood.
struct Fields<'a>(&'a [u8]);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Iterator for Fields<'a> {
    type Item = (u64, Field<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let tag = self.varint()?;
        let field = match tag & 7 {
            0 => Field::Number(self.varint()?),
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                let (bytes, rest) = self.0.split_at_checked(length)?;
                self.0 = rest;
                Field::Bytes(bytes)
            }
            _ => return None,
        };
        Some((tag >> 3, field))
    }
}

impl Fields<'_> {
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A record of the log: its type, and its data when it has some.
    fn record(kind: u8, data: &[u8]) -> Vec<u8> {
        let data_length = u8::try_from(data.len()).expect("it is short");
        let mut record = vec![0x08, kind, 0x10, 0xff, 0x01, 0x1a, data_length];
        record.extend_from_slice(data);
        let padding = (8 - record.len() % 8) % 8;
        let mut frame = u64::try_from(record.len()).expect("it is short");
        if padding > 0 {
            frame |= (0x80 | u64::try_from(padding).expect("it is short")) << 56;
        }
        let mut framed = frame.to_le_bytes().to_vec();
        framed.extend_from_slice(&record);
        framed.resize(framed.len() + padding, 0);
        framed
    }

    /// An entry of a term with a number, and something encrypted.
    fn entry(term: u8, index: u8) -> Vec<u8> {
        record(2, &[0x08, 0, 0x10, term, 0x18, index, 0x22, 2, 0xde, 0xad])
    }

    fn check(records: &[Vec<u8>], cut: usize, expected: Option<(u64, u64)>) {
        let mut file = records.concat();
        file.truncate(file.len() - cut);
        file.resize(file.len() + 64, 0);
        let expected = expected.map(|(term, index)| Position { term, index });
        assert_eq!(last_entry(&*file).expect("it is read"), expected);
    }

    #[test]
    fn the_last_entry_counts_and_other_records_do_not() {
        let state = record(3, &[0x08, 9, 0x18, 99]);
        check(
            &[record(4, &[]), entry(1, 1), entry(2, 2), state],
            0,
            Some((2, 2)),
        );
        check(&[record(4, &[])], 0, None);
        check(&[], 0, None);
    }

    #[test]
    fn what_is_not_understood_ends_the_log() {
        let broken = vec![0xff; 8];
        check(&[entry(1, 1), broken], 0, Some((1, 1)));
        let mut half = entry(1, 2);
        half.truncate(12);
        let file = [entry(1, 1), half].concat();
        let last = last_entry(&*file).expect("it is read");
        assert_eq!(last, Some(Position { term: 1, index: 1 }));
    }
}
