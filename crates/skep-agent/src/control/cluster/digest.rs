//! What two desired states, or two looks at a swarm, have in common: all, or not all.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use skep_manifest::hexadecimal;
use skep_manifest::service::image::Image;
use skep_plan::decisions::Decisions;
use skep_plan::feeding::{Fed, Kept};
use skep_plan::observed::{Cluster, LookedUp};

/// SHA-256 of what is kept with all names and of what was decided about it, in hex.
pub(super) fn digest(kept: &Kept, decisions: &Decisions) -> String {
    let mut hash = Sha256::new();
    for Fed { feeder, manifest } in &kept.documents {
        // The lengths keep apart what would be the same when joined.
        for part in [feeder, &manifest.name, &manifest.text] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    if !kept.feeders.is_empty() {
        hash.update(serde_json::to_vec(&kept.feeders).expect("feeders have only string keys"));
    }
    if !kept.availability.is_empty() {
        let ordered = serde_json::to_vec(&kept.availability);
        hash.update(ordered.expect("names of nodes are strings"));
    }
    if !decisions.is_empty() {
        hash.update(serde_json::to_vec(decisions).expect("decisions have only string keys"));
    }
    hexadecimal::digits(&hash.finalize())
}

/// SHA-256 of all that is known of a swarm, in hex.
pub(super) fn of_swarm(swarm: &Cluster) -> String {
    let told = serde_json::to_vec(swarm).expect("a swarm has only string keys");
    hexadecimal::digits(&Sha256::digest(told))
}

/// SHA-256 of a swarm with this digest and of what registries say of its images, in hex.
pub(super) fn with_images(swarm: &str, images: &BTreeMap<Image, LookedUp>) -> String {
    let images = serde_json::to_vec(images).expect("images have only string keys");
    let hash = Sha256::new().chain_update(swarm).chain_update(images);
    hexadecimal::digits(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU8;

    use skep_manifest::swarm::Availability;
    use skep_plan::feeding::{Feeder, Manifest};

    use super::*;

    fn fed(feeder: &str, name: &str, text: &str) -> Fed {
        Fed {
            feeder: feeder.to_owned(),
            manifest: Manifest {
                name: name.to_owned(),
                text: text.to_owned(),
            },
        }
    }

    #[test]
    fn every_difference_makes_another_digest() {
        let sets = [
            vec![],
            vec![fed("x", "a", "bc")],
            vec![fed("x", "ab", "c")],
            vec![fed("xa", "b", "c")],
            vec![fed("x", "a", "b"), fed("", "", "c")],
        ];
        let paused = Feeder {
            paused: true,
            ..Feeder::default()
        };
        let node = ("a".parse().expect("a name"), Availability::Drain);
        let sets: Vec<Kept> = sets
            .into_iter()
            .flat_map(|documents| {
                let feeders = BTreeMap::from([("x".to_owned(), paused.clone())]);
                let availability = BTreeMap::from([node.clone()]);
                let plain = Kept {
                    documents,
                    ..Kept::default()
                };
                [
                    plain.clone(),
                    Kept {
                        feeders,
                        ..plain.clone()
                    },
                    Kept {
                        availability,
                        ..plain
                    },
                ]
            })
            .collect();
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
