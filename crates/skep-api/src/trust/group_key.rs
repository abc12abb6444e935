//! The keys with which the members of a VIP group sign their advertisements, derived from the
//! cluster's.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use skep_manifest::name::Name;

use super::key::{ClusterKey, ClusterKeys, KEY_BYTES};

const ID_PURPOSE: &[u8] = b"VRRP, id of the key";

/// The keys of one VIP group by the id that stands in its advertisements.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupKeys {
    /// All that prove an advertisement: one for each secret that is trusted.
    pub keys: BTreeMap<u8, [u8; KEY_BYTES]>,
    /// The id of the one that signs.
    pub signing: u8,
}

impl ClusterKeys {
    /// The keys of the VIP group `group`.
    #[must_use]
    pub fn group_keys(&self, group: &Name) -> GroupKeys {
        let key = |secret: &ClusterKey| (secret.vrrp_id(), secret.group_key(group));
        GroupKeys {
            keys: self.trusted().map(key).collect(),
            signing: self.issuing().vrrp_id(),
        }
    }
}

impl ClusterKey {
    /// The id of what is derived from this secret for VRRP: the same on every node, whichever
    /// other secret it trusts, and never 0.
    pub(crate) fn vrrp_id(&self) -> u8 {
        let [first, ..] = self.derive(ID_PURPOSE);
        first.max(1)
    }

    fn group_key(&self, group: &Name) -> [u8; KEY_BYTES] {
        let purpose = format!("VRRP, group {group}, key {}", self.vrrp_id());
        self.derive(purpose.as_bytes())
    }
}

impl fmt::Debug for GroupKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("GroupKeys")
            .field("ids", &self.keys.keys())
            .field("signing", &self.signing)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(secrets: &[u8]) -> ClusterKeys {
        let line = |secret: &u8| format!("{secret:02x}").repeat(KEY_BYTES);
        let lines: Vec<String> = secrets.iter().map(line).collect();
        let text = format!("# skep cluster.key, version 1\n{}\n", lines.join("\n"));
        ClusterKeys::parse(text.as_bytes()).unwrap()
    }

    fn group(name: &str) -> Name {
        name.parse().unwrap()
    }

    #[test]
    fn every_group_has_keys_of_its_own_that_every_holder_derives() {
        let web = keys(&[1]).group_keys(&group("web"));
        assert_eq!(web, keys(&[1]).group_keys(&group("web")));
        assert_ne!(web.keys, keys(&[1]).group_keys(&group("mail")).keys);
        assert_ne!(web.keys, keys(&[2]).group_keys(&group("web")).keys);
        assert_eq!(web.keys.len(), 1);
        assert!(web.keys.contains_key(&web.signing));
    }

    #[test]
    fn during_a_rotation_the_first_secret_signs_and_both_prove_under_the_ids_they_always_had() {
        let (old, new) = (keys(&[1]), keys(&[2]));
        let (before, after) = (old.group_keys(&group("web")), new.group_keys(&group("web")));
        for (both, signing) in [
            (keys(&[1, 2]), before.signing),
            (keys(&[2, 1]), after.signing),
        ] {
            let both = both.group_keys(&group("web"));
            assert_eq!(both.signing, signing);
            let mut expected = before.keys.clone();
            expected.extend(after.keys.clone());
            assert_eq!(both.keys, expected);
        }
    }

    #[test]
    fn nothing_derived_is_printed() {
        let printed = format!("{:?}", keys(&[1]).group_keys(&group("web")));
        assert!(printed.contains("signing"), "{printed}");
        assert!(printed.len() < 60, "{printed}");
    }
}
