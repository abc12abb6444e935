//! Settings of the kernel for one interface.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why an interface does not keep the other addresses of a subnet when the first one goes.
#[derive(Debug, Error)]
#[error(
    "cannot write 1 to `{}`, without which other addresses of `{interface}` would go with a \
     virtual one: write it yourself, or declare the addresses with /32",
    path.display()
)]
pub struct PromoteSecondariesError {
    /// The interface.
    pub interface: String,
    /// The file of the setting.
    pub path: PathBuf,
    /// The kernel's reason.
    #[source]
    pub source: io::Error,
}

/// Makes `interface` keep its other IPv4 addresses when the first one of their subnet is removed.
/// It needs the right to change interfaces, no more.
pub fn promote_secondaries(interface: &str) -> Result<(), PromoteSecondariesError> {
    let path = Path::new("/proc/sys/net/ipv4/conf")
        .join(interface)
        .join("promote_secondaries");
    ensure_one(&path).map_err(|source| PromoteSecondariesError {
        interface: interface.to_owned(),
        path,
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
    use super::promote_secondaries;

    #[test]
    fn what_cannot_be_set_is_named_with_the_remedy() {
        let error = promote_secondaries("no-such-link").unwrap_err().to_string();
        for part in [
            "/proc/sys/net/ipv4/conf/no-such-link/promote_secondaries",
            "/32",
        ] {
            assert!(error.contains(part), "{error}");
        }
    }
}
