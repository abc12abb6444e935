//! What authenticates the advertisements of a group on a node: words of the manifest become bytes.

use std::collections::BTreeMap;

use skep_manifest::hexadecimal;
use skep_manifest::name::Name;
use skep_manifest::vip_group::authentication::{
    Authentication as Declared, HmacAuthentication, HmacMode as DeclaredMode,
    Replay as DeclaredReplay,
};
use skep_vip::configuration::{Authentication, HmacKeys, HmacMode, Replay};

use super::{Missing, value};
use crate::site::Site;

/// More than any key needs: HMAC hashes what is longer than 64 bytes first.
const KEY_BYTES_MAX: usize = 1024;
/// keepalived writes keys in the same way.
const HEXADECIMAL: &str = "hex:";

/// What authenticates the group `name`.
pub(super) fn authentication(
    name: &Name,
    declared: &Declared,
    site: &Site,
) -> Result<Authentication, Missing> {
    match declared {
        Declared::None(_) => Ok(Authentication::None),
        Declared::Simple(simple) => {
            let password = value(&simple.password, site)?;
            Ok(Authentication::Simple(eight_bytes(password)))
        }
        Declared::Hmac(hmac) => Ok(Authentication::Hmac(own_keys(hmac, site)?)),
        Declared::Cluster(_) => {
            let derived = site.group_keys.get(name).ok_or(Missing::ClusterKey)?;
            Ok(Authentication::Hmac(derived.clone()))
        }
    }
}

fn own_keys(declared: &HmacAuthentication, site: &Site) -> Result<HmacKeys, Missing> {
    let mut keys = BTreeMap::new();
    for key in &declared.keys {
        let text = value(&key.key, site)?;
        let unfit = |why: &'static str| Missing::Key { id: key.id, why };
        keys.insert(key.id, key_bytes(text).map_err(unfit)?);
    }
    Ok(HmacKeys {
        keys,
        active_key: declared.active_key,
        mode: match declared.mode {
            DeclaredMode::Enforce => HmacMode::Enforce,
            DeclaredMode::Permissive => HmacMode::Permissive,
            DeclaredMode::ReceiveOnly => HmacMode::ReceiveOnly,
        },
        replay: match declared.replay {
            DeclaredReplay::Time => Replay::Time,
            DeclaredReplay::Monotonic => Replay::Monotonic,
        },
        window: declared.window.time(),
    })
}

/// The key that `text` says: its bytes, or those that follow `hex:` in hexadecimal.
fn key_bytes(text: &str) -> Result<Vec<u8>, &'static str> {
    let bytes = match text.strip_prefix(HEXADECIMAL) {
        Some(digits) => hexadecimal::parse(digits.as_bytes())
            .ok_or("what follows `hex:` is not pairs of hexadecimal digits")?,
        None => text.as_bytes().to_vec(),
    };
    match bytes.len() {
        0 => Err("it is empty"),
        1..=KEY_BYTES_MAX => Ok(bytes),
        _ => Err("it is longer than 1024 bytes"),
    }
}

/// The password as it stands in a packet: eight bytes, what is longer is cut as every other
/// implementation cuts it.
fn eight_bytes(password: &str) -> [u8; 8] {
    let mut bytes = [0; 8];
    for (byte, written) in bytes.iter_mut().zip(password.bytes()) {
        *byte = written;
    }
    bytes
}
