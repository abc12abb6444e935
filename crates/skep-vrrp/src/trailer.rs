//! The authenticated trailer of version 3: 28 bytes after the advertisement that say who signed
//! it and when, and prove it.
//!
//! ```text
//!  0                   1                   2                   3
//! +---------------+---------------+-------------------------------+
//! |   type (1)    |    key id     |         reserved (0)          |
//! +---------------+---------------+-------------------------------+
//! |                   sequence: seconds since 1970                |
//! +-------------------------------+-------------------------------+
//! |   sequence: 1/65536 seconds   |       sequence: counter       |
//! +-------------------------------+-------------------------------+
//! |            HMAC-SHA-256, its first 16 bytes (4 words)         |
//! +---------------------------------------------------------------+
//! ```
//!
//! The code covers a pseudo-header (family, version, id, source), the advertisement with a
//! checksum of zero, and the trailer with a code of zero. The checksum over IPv4 ends before the
//! trailer, the kernel's over IPv6 covers it. [`keyring`] signs and proves, [`replay`] tells what
//! was said before, [`sequence`] counts.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::packet::{Advertisement, Packet};
use crate::trailer::sequence::Sequence;

pub mod keyring;
pub mod replay;
pub mod sequence;

/// How long the trailer is.
pub const TRAILER_BYTES: usize = 28;

/// What precedes the code.
const PREFIX_BYTES: usize = 12;
/// How much of the 32 bytes of HMAC-SHA-256 is sent.
const CODE_BYTES: usize = TRAILER_BYTES - PREFIX_BYTES;
/// The only type of trailer there is: HMAC-SHA-256.
const TYPE_HMAC_SHA256: u8 = 1;

/// Why an advertisement does not prove that a holder of the group's key sent it just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Unproven {
    /// It carries no trailer, or one of another kind.
    #[error("advertisement carries no authentication code")]
    NoTrailer,
    /// It is signed with a key that is not among the group's.
    #[error("advertisement is signed with an unknown key: {0}")]
    UnknownKey(u8),
    /// Its code is not what the key makes of it.
    #[error("advertisement has a wrong authentication code")]
    WrongCode,
    /// It was signed longer ago than the window allows.
    #[error("advertisement was signed too long ago")]
    Stale,
    /// Its sender said this, or something later, before.
    #[error("advertisement was heard before")]
    Replayed,
}

/// A trailer as it stands in a packet; nothing about it is proven yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trailer {
    /// Which key signed it.
    pub key_id: u8,
    /// When.
    pub sequence: Sequence,
    code: [u8; CODE_BYTES],
}

impl Trailer {
    /// The trailer of `packet`, in which `advertisement` was found.
    ///
    /// # Errors
    ///
    /// [`Unproven::NoTrailer`] unless exactly a trailer of the known type follows.
    pub fn parse(packet: &Packet<'_>, advertisement: &Advertisement<'_>) -> Result<Self, Unproven> {
        let after = packet.message.get(advertisement.encoded_length()..);
        let bytes = after.and_then(|after| <&[u8; TRAILER_BYTES]>::try_from(after).ok());
        let [kind, key_id, 0, 0, rest @ ..] = *bytes.ok_or(Unproven::NoTrailer)? else {
            return Err(Unproven::NoTrailer);
        };
        let (sequence, code) = rest.split_at(PREFIX_BYTES - 4);
        match (kind, sequence.try_into(), code.try_into()) {
            (TYPE_HMAC_SHA256, Ok(sequence), Ok(code)) => Ok(Self {
                key_id,
                sequence: Sequence::from_bytes(sequence),
                code,
            }),
            _ => Err(Unproven::NoTrailer),
        }
    }

    /// The bytes of the trailer.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; TRAILER_BYTES] {
        let mut bytes = [0; TRAILER_BYTES];
        let (prefix, code) = bytes.split_at_mut(PREFIX_BYTES);
        prefix.copy_from_slice(&prefix_of(self.key_id, self.sequence));
        code.copy_from_slice(&self.code);
        bytes
    }
}

fn prefix_of(key_id: u8, sequence: Sequence) -> [u8; PREFIX_BYTES] {
    let mut prefix = [0; PREFIX_BYTES];
    prefix[0] = TYPE_HMAC_SHA256;
    prefix[1] = key_id;
    prefix[4..].copy_from_slice(&sequence.to_bytes());
    prefix
}

/// What the code covers before the advertisement: a source that is not in the message, and what
/// tells the two families apart.
fn pseudo_header(source: IpAddr, version: u8, virtual_router_id: u8) -> [u8; 20] {
    let mut bytes = [0; 20];
    let (start, address) = bytes.split_at_mut(4);
    let family = match source {
        IpAddr::V4(source) => {
            address[..4].copy_from_slice(&source.octets());
            4
        }
        IpAddr::V6(source) => {
            address.copy_from_slice(&source.octets());
            6
        }
    };
    start.copy_from_slice(&[family, version, virtual_router_id, 0]);
    bytes
}
