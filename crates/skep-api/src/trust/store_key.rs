//! The keys that seal the desired state in the swarm's own store.

use super::key::{ClusterKey, ClusterKeys, KEY_BYTES};

const PURPOSE: &[u8] = b"desired state in the swarm's store";

impl ClusterKeys {
    /// The keys that open what is stored: one for each secret, retired ones too, the one that
    /// seals first.
    pub fn store_keys(&self) -> impl Iterator<Item = [u8; KEY_BYTES]> {
        self.opening().map(ClusterKey::store_key)
    }
}

impl ClusterKey {
    fn store_key(&self) -> [u8; KEY_BYTES] {
        self.derive(PURPOSE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_issuing_secret_seals_and_every_trusted_one_opens() {
        let line = |byte: u8| format!("{byte:02x}").repeat(KEY_BYTES);
        let keys = |secrets: &[u8]| {
            let lines: Vec<String> = secrets.iter().copied().map(line).collect();
            let text = format!("# skep cluster.key, version 1\n{}\n", lines.join("\n"));
            ClusterKeys::parse(text.as_bytes()).unwrap()
        };
        let all = |secrets: &[u8]| keys(secrets).store_keys().collect::<Vec<_>>();
        let [old, new] = [all(&[1])[0], all(&[2])[0]];
        assert_ne!(old, new);
        assert_eq!(all(&[2, 1]), [new, old]);
    }
}
