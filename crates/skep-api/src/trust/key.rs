//! The secret of a cluster and the text it is kept in.
//!
//! Reads and writes no file: [`super::file`] does.

mod steps;

use std::fmt;

use ring::hkdf;
use ring::rand::{SecureRandom, SystemRandom};
use skep_manifest::hexadecimal;

pub use steps::UnfitKey;

pub(crate) const KEY_BYTES: usize = 32;

/// The first line of the text, by which a person and this program recognise it.
const FIRST_LINE: &str =
    "# skep cluster.key, version 1: whoever holds this file is root on every node of the cluster";

/// How the first line begins; the rest of it is for people.
const MARK: &str = "# skep cluster.key, version 1";

/// How many keys are kept that were dropped. The oldest goes when there are more: what it alone
/// opens is lost.
const RETIRED_MAX: usize = 16;

/// Separates what skep derives from this secret from what anybody else might.
const DERIVATION_SALT: &[u8] = b"skep cluster.key version 1";

/// One secret of a cluster: whoever holds it is root on every node.
#[derive(Clone, PartialEq, Eq)]
pub struct ClusterKey([u8; KEY_BYTES]);

/// The secrets that an agent is given: it issues with the first and trusts all that are not
/// retired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterKeys {
    issuing: ClusterKey,
    /// The other half of a rotation.
    also_trusted: Option<(Relation, ClusterKey)>,
    /// Those that were dropped, the last one first: they only open what was made with them.
    retired: Vec<ClusterKey>,
}

/// How a secret that is trusted as well relates to the one that issues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    /// It comes after it.
    Next,
    /// It came before it.
    Previous,
    /// Whoever wrote it down did not say.
    Unsaid,
}

/// The system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the system gives no random bytes")]
pub struct NoRandomBytes;

/// Why a text holds no secrets of a cluster. The text itself is never quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArmourError {
    /// The mark is missing.
    #[error("line 1 does not begin with `{MARK}`")]
    NotMarked,
    /// A line is neither a key nor a comment.
    #[error("line {line} is neither a comment nor a key of {} hexadecimal digits", KEY_BYTES * 2)]
    NotAKey {
        /// Its number, from 1.
        line: usize,
    },
    /// The same key stands there twice.
    #[error("line {line} repeats the key above it")]
    Repeated {
        /// Its number, from 1.
        line: usize,
    },
    /// VRRP tells keys apart by one byte, and cannot tell these.
    #[error(
        "line {line} has the same id in VRRP as the key above it: make another with `skep keygen`"
    )]
    SameId {
        /// Its number, from 1.
        line: usize,
    },
    /// More keys than a rotation needs.
    #[error("line {line} holds a third key that is not retired, at most two are allowed")]
    TooMany {
        /// Its number, from 1.
        line: usize,
    },
    /// There is no key below the first line.
    #[error("it holds no key")]
    Empty,
}

impl ClusterKey {
    /// A new secret, from the system's random bytes.
    ///
    /// # Errors
    ///
    /// [`NoRandomBytes`] when the system has none.
    pub fn generate() -> Result<Self, NoRandomBytes> {
        let mut bytes = [0; KEY_BYTES];
        SystemRandom::new()
            .fill(&mut bytes)
            .map_err(|_unspecified| NoRandomBytes)?;
        Ok(Self(bytes))
    }

    /// The text in which the secret is kept.
    pub(crate) fn armour(&self) -> String {
        format!("{FIRST_LINE}\n{}\n", self.digits())
    }

    fn digits(&self) -> String {
        hexadecimal::digits(&self.0)
    }

    /// 32 bytes for one `purpose`, which tell nothing of the secret nor of other purposes.
    pub(crate) fn derive(&self, purpose: &[u8]) -> [u8; KEY_BYTES] {
        let mut derived = [0; KEY_BYTES];
        hkdf::Salt::new(hkdf::HKDF_SHA256, DERIVATION_SALT)
            .extract(&self.0)
            .expand(&[purpose], hkdf::HKDF_SHA256)
            .and_then(|output| output.fill(&mut derived))
            .expect("one output of SHA-256 is 32 bytes");
        derived
    }
}

impl fmt::Debug for ClusterKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ClusterKey(secret)")
    }
}

impl From<ClusterKey> for ClusterKeys {
    fn from(key: ClusterKey) -> Self {
        Self {
            issuing: key,
            also_trusted: None,
            retired: Vec::new(),
        }
    }
}

impl ClusterKeys {
    /// The secrets in `text`.
    ///
    /// # Errors
    ///
    /// [`ArmourError`] names the line that is wrong.
    pub fn parse(text: &[u8]) -> Result<Self, ArmourError> {
        if !text.starts_with(MARK.as_bytes()) {
            return Err(ArmourError::NotMarked);
        }
        let mut found: Option<Self> = None;
        for (index, content) in text.split(|byte| *byte == b'\n').enumerate() {
            let line = index + 1;
            let content = content.trim_ascii();
            if content.is_empty() || content.starts_with(b"#") {
                continue;
            }
            let (word, digits) = split_word(content);
            let key = parse_key(digits).ok_or(ArmourError::NotAKey { line })?;
            found = Some(match (found, word) {
                (None, None) => key.into(),
                // What else there is relates to the first.
                (None, Some(_)) => return Err(ArmourError::NotAKey { line }),
                (Some(keys), word) => keys.with(word.unwrap_or(Word::Unsaid), key, line)?,
            });
        }
        found.ok_or(ArmourError::Empty)
    }

    /// These with one more, which stands on `line`.
    fn with(mut self, word: Word, key: ClusterKey, line: usize) -> Result<Self, ArmourError> {
        if self.opening().any(|known| *known == key) {
            return Err(ArmourError::Repeated { line });
        }
        let relation = match word {
            Word::Retired if self.retired.len() < RETIRED_MAX => {
                self.retired.push(key);
                return Ok(self);
            }
            Word::Retired => return Err(ArmourError::TooMany { line }),
            Word::Next => Relation::Next,
            Word::Previous => Relation::Previous,
            Word::Unsaid => Relation::Unsaid,
        };
        if self.also_trusted.is_some() {
            return Err(ArmourError::TooMany { line });
        }
        if self.issuing.vrrp_id() == key.vrrp_id() {
            return Err(ArmourError::SameId { line });
        }
        self.also_trusted = Some((relation, key));
        Ok(self)
    }

    /// The text in which they are kept.
    pub(crate) fn armour(&self) -> String {
        let mut text = self.issuing.armour();
        let mut line = |word: &str, key: &ClusterKey| {
            text.push_str(&format!("{word}{}\n", key.digits()));
        };
        match &self.also_trusted {
            Some((Relation::Next, key)) => line("next ", key),
            Some((Relation::Previous, key)) => line("previous ", key),
            Some((Relation::Unsaid, key)) => line("", key),
            None => {}
        }
        for key in &self.retired {
            line("retired ", key);
        }
        text
    }

    /// The secret that certificates are issued with.
    pub(crate) const fn issuing(&self) -> &ClusterKey {
        &self.issuing
    }

    /// All secrets whose certificates are trusted.
    pub(crate) fn trusted(&self) -> impl Iterator<Item = &ClusterKey> {
        let other = self.also_trusted.iter().map(|(_, key)| key);
        std::iter::once(&self.issuing).chain(other)
    }

    /// All secrets with which something may have been sealed or named.
    pub(crate) fn opening(&self) -> impl Iterator<Item = &ClusterKey> {
        self.trusted().chain(&self.retired)
    }
}

/// What a key is to the first one, as the text says.
enum Word {
    Next,
    Previous,
    Retired,
    Unsaid,
}

fn split_word(content: &[u8]) -> (Option<Word>, &[u8]) {
    let words: [(&[u8], Word); 3] = [
        (b"next ", Word::Next),
        (b"previous ", Word::Previous),
        (b"retired ", Word::Retired),
    ];
    for (written, word) in words {
        if let Some(digits) = content.strip_prefix(written) {
            return (Some(word), digits.trim_ascii());
        }
    }
    (None, content)
}

fn parse_key(digits: &[u8]) -> Option<ClusterKey> {
    let bytes = hexadecimal::parse(digits)?;
    bytes.try_into().ok().map(ClusterKey)
}

#[cfg(test)]
mod tests;
