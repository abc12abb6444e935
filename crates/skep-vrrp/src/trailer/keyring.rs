//! The keys of a group: one signs, all prove.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::sequence::Sequence;
use super::{CODE_BYTES, Trailer, Unproven, prefix_of, pseudo_header};
use crate::packet::{Advertisement, CHECKSUM, HEADER_BYTES, Packet};

/// The keys of a group by id, each ready to be used: signing and proving allocate nothing.
#[derive(Clone)]
pub struct Keyring {
    keys: BTreeMap<u8, Hmac<Sha256>>,
    signing: u8,
}

/// The key that signs is not among the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no key has the id of the one that signs: {0}")]
pub struct SigningKeyMissing(pub u8);

impl Keyring {
    /// `keys` by id, of which `signing` signs.
    ///
    /// # Errors
    ///
    /// [`SigningKeyMissing`] when `signing` is not among them.
    pub fn new<'a>(
        keys: impl IntoIterator<Item = (u8, &'a [u8])>,
        signing: u8,
    ) -> Result<Self, SigningKeyMissing> {
        let ready = |key: &[u8]| {
            Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length")
        };
        let keys: BTreeMap<_, _> = keys.into_iter().map(|(id, key)| (id, ready(key))).collect();
        if !keys.contains_key(&signing) {
            return Err(SigningKeyMissing(signing));
        }
        Ok(Self { keys, signing })
    }

    /// The trailer for `advertisement` as `source` sends it, whatever its destination.
    #[must_use]
    pub fn sign(
        &self,
        advertisement: &Advertisement<'_>,
        source: IpAddr,
        sequence: Sequence,
    ) -> Trailer {
        let key = &self.keys[&self.signing];
        let header = advertisement.header_without_checksum();
        let addresses = advertisement.addresses.as_bytes();
        let code = cover(key, source, &header, addresses)
            .chain_update(prefix_of(self.signing, sequence))
            .chain_update([0; CODE_BYTES])
            .finalize()
            .into_bytes();
        let mut trailer = Trailer {
            key_id: self.signing,
            sequence,
            code: [0; CODE_BYTES],
        };
        trailer.code.copy_from_slice(&code[..CODE_BYTES]);
        trailer
    }

    /// Whether `trailer`, found in `packet` after `advertisement`, proves them.
    ///
    /// # Errors
    ///
    /// [`Unproven::UnknownKey`] and [`Unproven::WrongCode`].
    pub fn prove(
        &self,
        packet: &Packet<'_>,
        advertisement: &Advertisement<'_>,
        trailer: &Trailer,
    ) -> Result<(), Unproven> {
        let id = trailer.key_id;
        let key = self.keys.get(&id).ok_or(Unproven::UnknownKey(id))?;
        let message = packet.message.get(..advertisement.encoded_length());
        let (header, addresses) = message
            .and_then(<[u8]>::split_first_chunk::<HEADER_BYTES>)
            .ok_or(Unproven::NoTrailer)?;
        // As it stands in the packet: reserved bits are ignored by the parser, not by the code.
        let mut header = *header;
        header[CHECKSUM].fill(0);
        cover(key, packet.source, &header, addresses)
            .chain_update(prefix_of(id, trailer.sequence))
            .chain_update([0; CODE_BYTES])
            // In constant time.
            .verify_truncated_left(&trailer.code)
            .map_err(|_wrong| Unproven::WrongCode)
    }

    /// Whether a key has this id.
    #[must_use]
    pub fn knows(&self, id: u8) -> bool {
        self.keys.contains_key(&id)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring")
            .field("ids", &self.keys.keys())
            .field("signing", &self.signing)
            .finish_non_exhaustive()
    }
}

fn cover(
    key: &Hmac<Sha256>,
    source: IpAddr,
    header: &[u8; HEADER_BYTES],
    addresses: &[u8],
) -> Hmac<Sha256> {
    let pseudo_header = pseudo_header(source, header[0] >> 4, header[1]);
    key.clone()
        .chain_update(pseudo_header)
        .chain_update(header)
        .chain_update(addresses)
}
