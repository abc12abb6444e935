//! The parts that one generation's content lies in: a config of Docker holds less than a megabyte.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use sha2::{Digest as _, Sha256};
use skep_manifest::hexadecimal;

/// The most a part holds before it is sealed. The engine refuses more than 1 024 000 bytes.
pub(super) const PART_BYTES_MAX: usize = 900_000;
/// More parts are refused: the managers keep all of it in memory.
pub(super) const PARTS_MAX: usize = 16;
/// The most that a content is inflated to.
const CONTENT_BYTES_MAX: u64 = 256 << 20;

/// How much of a content's digest stands in the names of its parts: the name of a config has at most
/// 64 characters, that of a swarm 40.
const DIGEST_BYTES: usize = 7;

/// What a content is called: how its SHA-256 begins, in hex.
pub(super) fn content_id(content: &[u8]) -> String {
    let digest = Sha256::digest(content);
    hexadecimal::digits(&digest[..DIGEST_BYTES])
}

/// `content`, deflated and cut.
pub(super) fn cut(content: &[u8]) -> Vec<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    let deflated = encoder.write_all(content).and_then(|()| encoder.finish());
    let deflated = deflated.expect("writing to memory does not fail");
    deflated
        .chunks(PART_BYTES_MAX)
        .map(<[u8]>::to_vec)
        .collect()
}

/// The content of these parts, if they hold the one of this name.
pub(super) fn join(parts: &[Vec<u8>], id: &str) -> Option<Vec<u8>> {
    let deflated = parts.concat();
    let mut content = Vec::new();
    let mut decoder = DeflateDecoder::new(&deflated[..]).take(CONTENT_BYTES_MAX);
    decoder.read_to_end(&mut content).ok()?;
    (content_id(&content) == id).then_some(content)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    #[test]
    fn what_is_cut_is_joined() {
        for content in [&b""[..], b"small", &noise(3 * PART_BYTES_MAX)] {
            let parts = cut(content);
            assert!(parts.iter().all(|part| part.len() <= PART_BYTES_MAX));
            let joined = join(&parts, &content_id(content));
            assert!(joined.as_deref() == Some(content));
        }
        assert_eq!(cut(&noise(3 * PART_BYTES_MAX)).len(), 4);
    }

    #[test]
    fn parts_of_something_else_are_no_content() {
        let id = content_id(b"content");
        let parts = cut(b"content");
        assert_eq!(join(&[], &id), None);
        assert_eq!(join(&parts, &content_id(b"other")), None);
        assert_eq!(join(&[parts[0][1..].to_vec()], &id), None);
    }

    /// Bytes that cannot be deflated.
    pub(in crate::generations) fn noise(length: usize) -> Vec<u8> {
        let mut state = 1_u64;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            state.to_be_bytes()[0]
        };
        (0..length).map(|_| next()).collect()
    }
}
