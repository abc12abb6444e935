//! A key of an HMAC is so short that it can be guessed.
//!
//! ## What it does
//!
//! Measures the keys of `hmac` that stand in the manifest; `hex:` and digits count as the bytes
//! they stand for.
//!
//! ## Why is this bad?
//!
//! Every advertisement carries a signature, and whoever recorded one can try keys at leisure, some
//! billions a second. A key of 16 random bytes is out of reach, a word is not.
//!
//! ## Example
//!
//! ```yaml
//! authentication: {hmac: {keys: [{id: 1, key: {value: swordfish}}], activeKey: 1}}
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! authentication: {hmac: {keys: [{id: 1, key: {fromNodeFile: /etc/skep/vrrp.key}}], activeKey: 1}}
//! ```

use skep_manifest::problem::Severity;
use skep_manifest::value_source::ValueSource;
use skep_manifest::vip_group::authentication::Authentication;

use crate::finding::{Finding, counted};
use crate::manifests::Manifests;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule {
    id: "short-hmac-key",
    severity: Severity::Warning,
    source: include_str!("short_hmac_key.rs"),
    inspect,
};

/// As many bits as nobody can try.
const BYTES_MIN: usize = 16;

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    for group in &manifests.groups {
        let Some(Authentication::Hmac(hmac)) = &group.spec.authentication else {
            continue;
        };
        for (index, key) in hmac.keys.iter().enumerate() {
            let ValueSource::Value(value) = &key.key else {
                continue;
            };
            let length = match value.strip_prefix("hex:") {
                Some(digits) => digits.len() / 2,
                None => value.len(),
            };
            if length < BYTES_MIN {
                let pointer = format!("/spec/authentication/hmac/keys/{index}/key/value");
                let message = format!("a key of {} can be guessed", counted(length, "byte"));
                findings.push(
                    Finding::new(&RULE, group.document.span(&pointer), message).help(
                        "make 32 random bytes with `openssl rand -hex 32`, write `hex:` before them and keep them in a file that `fromNodeFile` names",
                    ),
                );
            }
        }
    }
}
