//! Another certificate, or the key itself, that somebody put in place of this node's certificate:
//! control starts anew with it.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use skep_api::trust::certificate::NodeCertificate;
use skep_api::trust::file::Credentials;
use skep_vrrp::time::Instant;

use crate::control::cluster::Cluster;
use crate::control::understand::with_causes;

/// What tells that a file was written or exchanged, without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    inode: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(file: &Metadata) -> Self {
        Self {
            inode: file.ino(),
            modified: (file.mtime(), file.mtime_nsec()),
            changed: (file.ctime(), file.ctime_nsec()),
        }
    }
}

impl Cluster {
    /// Looks whether something else lies where this node's certificate was.
    pub(in crate::control) fn follow_certificate(&mut self, now: Instant) {
        let Some(certificate) = self.certificate() else {
            return;
        };
        let file = self.rotating.file();
        // A file that is missing is on its way, or will be missed at the next start.
        let Ok(found) = fs::metadata(file) else {
            return;
        };
        let stamp = Stamp::of(&found);
        if self.rotating.seen == Some(stamp) {
            return;
        }
        let is_other = is_other(certificate, file);
        self.rotating.seen = Some(stamp);
        match is_other {
            Ok(false) => {}
            Ok(true) => self.rotating.start_anew(now),
            Err(why) => tracing::warn!("what this node proves itself with stays: {why}"),
        }
    }
}

/// Whether `file` holds something else that proves the same node, or why it proves nothing.
fn is_other(certificate: &NodeCertificate, file: &Path) -> Result<bool, String> {
    match Credentials::read(file).map_err(|error| with_causes(&error))? {
        Credentials::Keys(_) => Ok(true),
        Credentials::Certificate(other) if other.node() != certificate.node() => Err(format!(
            "the certificate in {} is of the node {}, and this is {}",
            file.display(),
            other.node(),
            certificate.node()
        )),
        Credentials::Certificate(other) => Ok(other != *certificate),
    }
}

#[cfg(test)]
mod tests {
    use skep_api::trust::key::{ClusterKey, ClusterKeys};
    use time::macros::datetime;

    use super::*;

    #[test]
    fn what_proves_the_same_node_is_taken_up_and_nothing_else() {
        let directory = tempfile::tempdir().expect("there is room");
        let file = directory.path().join("cluster.key");
        let key = ClusterKey::generate().expect("random bytes");
        let keys = ClusterKeys::from(key.clone());
        let certificate = |node: &str| {
            let until = datetime!(2030-06-30 12:00:00 UTC);
            let node = node.parse().expect("a name");
            NodeCertificate::issue(&keys, &node, until).expect("issued")
        };
        let own = certificate("cube04");
        let put = |write: &dyn Fn(&Path)| {
            let _absent = fs::remove_file(&file);
            write(&file);
            is_other(&own, &file)
        };
        let written =
            |other: &NodeCertificate| put(&|file| other.write_new(file).expect("it is written"));
        assert_eq!(written(&own), Ok(false));
        assert_eq!(written(&certificate("cube04")), Ok(true));
        let refused = written(&certificate("cube05")).expect_err("another node");
        assert!(refused.ends_with("is of the node cube05, and this is cube04"));
        let half = put(&|file| fs::write(file, "# skep node").expect("it is written"));
        half.expect_err("it is half of one, and open to others");
        let whole = put(&|file| key.write_new(file).expect("it is written"));
        assert_eq!(whole, Ok(true));
    }
}
