//! Which documents two desired states have in common: all, or not all.

use std::fmt::Write;

use sha2::{Digest, Sha256};
use skep_api::generation::Manifest;
use skep_plan::decisions::Decisions;

/// SHA-256 of `documents` with their names and of what was decided about them, in hex.
pub(super) fn digest(documents: &[Manifest], decisions: &Decisions) -> String {
    let mut hash = Sha256::new();
    for Manifest { name, text } in documents {
        // The lengths keep apart what would be the same when joined.
        for part in [name, text] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    if !decisions.is_empty() {
        hash.update(serde_json::to_vec(decisions).expect("decisions have only string keys"));
    }
    hash.finalize()
        .iter()
        .fold(String::new(), |mut text, byte| {
            let _infallible = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::num::NonZeroU8;

    use super::*;

    fn manifest(name: &str, text: &str) -> Manifest {
        Manifest {
            name: name.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn every_difference_makes_another_digest() {
        let sets = [
            vec![],
            vec![manifest("a", "bc")],
            vec![manifest("ab", "c")],
            vec![manifest("a", "b"), manifest("", "c")],
        ];
        let chosen = ("a".parse().expect("a name"), NonZeroU8::MIN);
        let decisions = Decisions {
            virtual_router_ids: BTreeMap::from([chosen]),
            ..Decisions::default()
        };
        let digests: std::collections::BTreeSet<String> = {
            let plain = sets.iter().map(|set| digest(set, &Decisions::default()));
            let decided = sets.iter().map(|set| digest(set, &decisions));
            plain.chain(decided).collect()
        };
        assert_eq!(digests.len(), 2 * sets.len());
        assert!(digests.iter().all(|digest| digest.len() == 64));
    }
}
