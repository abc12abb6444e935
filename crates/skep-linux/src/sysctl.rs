//! Settings of the kernel for one interface.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why a setting of an interface is not as it has to be.
#[derive(Debug, Error)]
#[error("cannot write 1 to `{}`, without which {consequence}", path.display())]
pub struct SettingError {
    /// The file of the setting.
    pub path: PathBuf,
    /// What happens without it on which interface, and what to do.
    pub consequence: String,
    /// The kernel's reason.
    #[source]
    pub source: io::Error,
}

/// Makes `interface` keep its other IPv4 addresses when the first one of their subnet is removed.
/// It needs the right to change interfaces, no more.
pub fn promote_secondaries(interface: &str) -> Result<(), SettingError> {
    ensure(interface, "promote_secondaries", || {
        format!(
            "other addresses of `{interface}` would go with a virtual one: write it yourself, or \
             declare the addresses with /32"
        )
    })
}

/// Makes `interface` hear packets from an IPv4 address that it has itself. It needs the right to
/// change interfaces, no more.
pub fn accept_local(interface: &str) -> Result<(), SettingError> {
    ensure(interface, "accept_local", || {
        format!(
            "the owner of the addresses is not heard on `{interface}` while they are held here: \
             write it yourself, or let the owner advertise from another address"
        )
    })
}

fn ensure(
    interface: &str,
    name: &str,
    consequence: impl FnOnce() -> String,
) -> Result<(), SettingError> {
    let path = Path::new("/proc/sys/net/ipv4/conf")
        .join(interface)
        .join(name);
    ensure_one(&path).map_err(|source| SettingError {
        path,
        consequence: consequence(),
        source,
    })
}

fn ensure_one(path: &Path) -> io::Result<()> {
    if fs::read_to_string(path)?.trim() == "1" {
        return Ok(());
    }
    fs::write(path, "1")
}

#[cfg(test)]
mod tests {
    use super::{accept_local, promote_secondaries};

    #[test]
    fn what_cannot_be_set_is_named_with_the_remedy() {
        let error = promote_secondaries("no-such-link").unwrap_err().to_string();
        for part in [
            "/proc/sys/net/ipv4/conf/no-such-link/promote_secondaries",
            "/32",
        ] {
            assert!(error.contains(part), "{error}");
        }
        let error = accept_local("no-such-link").unwrap_err().to_string();
        assert!(error.contains("no-such-link/accept_local"), "{error}");
    }
}
