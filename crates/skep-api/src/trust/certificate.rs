//! The certificate of one node, which stands in for the cluster's key on a host that shall not
//! have it.
//!
//! Its text holds the certificate, the private key that belongs to it and the authorities that
//! are believed. Only holders of the cluster's key make one.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use skep_manifest::name::NodeName;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::name::{Proven, Standing, proven_by};

/// The first line of the text, by which a person and this program recognise it.
const MARK: &str = "# skep node certificate, version 1";

const CERTIFICATE: &str = "certificate";
const PRIVATE_KEY: &str = "key";
const AUTHORITY: &str = "authority";
const UNTIL: &str = "until";

/// What a node shows its peers that has no cluster key, and whom it believes.
#[derive(Clone, PartialEq, Eq)]
pub struct NodeCertificate {
    pub(crate) node: NodeName,
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) private_key: Vec<u8>,
    pub(crate) authorities: Vec<CertificateDer<'static>>,
    pub(crate) until: OffsetDateTime,
}

/// Why a text holds no certificate of a node. The text itself is never quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateTextError {
    /// A line is none of those that such a text has.
    #[error("line {line} is not understood")]
    NotUnderstood {
        /// Its number, from 1.
        line: usize,
    },
    /// A line that it needs is missing.
    #[error("it has no line `{0}`")]
    Missing(&'static str),
    /// Its certificate is not one of a node without the cluster's key.
    #[error("its certificate names no node")]
    Nameless,
}

impl NodeCertificate {
    /// The node it is of.
    #[must_use]
    pub const fn node(&self) -> &NodeName {
        &self.node
    }

    /// When it ends.
    #[must_use]
    pub const fn until(&self) -> OffsetDateTime {
        self.until
    }

    /// Whether `text` says that it is one.
    pub(crate) fn is_in(text: &[u8]) -> bool {
        text.starts_with(MARK.as_bytes())
    }

    /// The certificate in `text`.
    ///
    /// # Errors
    ///
    /// [`CertificateTextError`] says what is wrong with the text.
    pub fn parse(text: &[u8]) -> Result<Self, CertificateTextError> {
        let (mut certificate, mut private_key, mut until) = (None, None, None);
        let mut authorities = Vec::new();
        for (index, content) in text.split(|byte| *byte == b'\n').enumerate() {
            let not_understood = CertificateTextError::NotUnderstood { line: index + 1 };
            let content = std::str::from_utf8(content.trim_ascii()).map_err(|_| not_understood)?;
            if content.is_empty() || content.starts_with('#') {
                continue;
            }
            let (word, value) = content.split_once(' ').ok_or(not_understood)?;
            let bytes = || BASE64.decode(value).map_err(|_invalid| not_understood);
            match word {
                CERTIFICATE => certificate = Some(CertificateDer::from(bytes()?)),
                PRIVATE_KEY => private_key = Some(bytes()?),
                AUTHORITY => authorities.push(CertificateDer::from(bytes()?)),
                UNTIL => {
                    let time = OffsetDateTime::parse(value, &Rfc3339);
                    until = Some(time.map_err(|_invalid| not_understood)?);
                }
                _ => return Err(not_understood),
            }
        }
        let missing = CertificateTextError::Missing;
        let certificate = certificate.ok_or(missing(CERTIFICATE))?;
        if authorities.is_empty() {
            return Err(missing(AUTHORITY));
        }
        let Some(Proven {
            node,
            standing: Standing::Certified,
        }) = proven_by(&certificate)
        else {
            return Err(CertificateTextError::Nameless);
        };
        Ok(Self {
            node,
            certificate,
            private_key: private_key.ok_or(missing(PRIVATE_KEY))?,
            authorities,
            until: until.ok_or(missing(UNTIL))?,
        })
    }

    /// The text in which it is kept.
    pub(crate) fn armour(&self) -> String {
        let until = self.until.format(&Rfc3339);
        let until = until.expect("a time that was stated can be written");
        let mut text = format!(
            "{MARK}: whoever holds this file is the node {}\n{UNTIL} {until}\n",
            self.node
        );
        let mut line = |word: &str, bytes: &[u8]| {
            text.push_str(&format!("{word} {}\n", BASE64.encode(bytes)));
        };
        line(CERTIFICATE, &self.certificate);
        line(PRIVATE_KEY, &self.private_key);
        for authority in &self.authorities {
            line(AUTHORITY, authority);
        }
        text
    }

    pub(crate) fn private_key(&self) -> PrivatePkcs8KeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.private_key.clone())
    }
}

impl fmt::Debug for NodeCertificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("NodeCertificate")
            .field("node", &self.node)
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::trust::key::{ClusterKey, ClusterKeys};

    fn certificate() -> NodeCertificate {
        let keys = ClusterKeys::from(ClusterKey::generate().unwrap());
        let node = "cube04".parse().unwrap();
        let until = datetime!(2030-01-01 00:00:00 UTC);
        NodeCertificate::issue(&keys, &node, until).unwrap()
    }

    #[test]
    fn a_certificate_is_read_from_the_text_that_it_is_written_to() {
        let certificate = certificate();
        let text = certificate.armour();
        assert!(NodeCertificate::is_in(text.as_bytes()));
        assert_eq!(NodeCertificate::parse(text.as_bytes()), Ok(certificate));
    }

    #[test]
    fn a_text_that_lacks_something_says_what() {
        let text = certificate().armour();
        for word in [UNTIL, CERTIFICATE, PRIVATE_KEY, AUTHORITY] {
            let lines = text.lines().filter(|line| !line.starts_with(word));
            let rest: Vec<&str> = lines.collect();
            let read = NodeCertificate::parse(rest.join("\n").as_bytes());
            assert_eq!(read, Err(CertificateTextError::Missing(word)));
        }
        let wrong = text.replace("\nkey ", "\nkey !");
        let read = NodeCertificate::parse(wrong.as_bytes());
        assert_eq!(read, Err(CertificateTextError::NotUnderstood { line: 4 }));
    }

    #[test]
    fn debug_output_shows_no_key() {
        let certificate = certificate();
        let key = BASE64.encode(&certificate.private_key);
        assert!(!format!("{certificate:?}").contains(&key));
    }
}
