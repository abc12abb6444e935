//! Trying whether nodes can work together: the rounds in which agents do it.
//!
//! First everybody listens, then everybody knocks, then everybody says what arrived. Nothing is
//! answered to a datagram: what arrived is told over a connection that both ends trust.

use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};
use skep_manifest::hexadecimal;
use skep_plan::preflight::Asked;

/// How many random bytes tell the datagrams of one try from all others.
const TOKEN_BYTES: usize = 16;

/// What the command line wants to be tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// What the nodes need; what the desired state says when nothing is given.
    pub asked: Option<Asked>,
}

/// What an agent tells another one to do its part of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Round {
    /// Tells this try from others.
    pub token: Token,
    /// What the nodes need.
    pub asked: Asked,
}

/// What nobody can know who was not told: it marks the datagrams of one try.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token(String);

impl Token {
    /// A new one; nothing when the system has no random bytes.
    #[must_use]
    pub fn random() -> Option<Self> {
        let mut bytes = [0; TOKEN_BYTES];
        SystemRandom::new().fill(&mut bytes).ok()?;
        Some(Self(hexadecimal::digits(&bytes)))
    }

    /// What `sender` writes into its datagrams.
    #[must_use]
    pub fn mark(&self, sender: &str) -> Vec<u8> {
        format!("{} {sender}", self.0).into_bytes()
    }

    /// The characters of it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Who wrote `datagram`, if somebody did who knows this token.
    #[must_use]
    pub fn sender<'a>(&self, datagram: &'a [u8]) -> Option<&'a str> {
        let sender = datagram
            .strip_prefix(self.0.as_bytes())?
            .strip_prefix(b" ")?;
        std::str::from_utf8(sender).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_datagram_counts_only_with_the_token_of_this_try() {
        let token = Token::random().unwrap();
        let other = Token::random().unwrap();
        assert_eq!(token.sender(&token.mark("cube01")), Some("cube01"));
        assert_eq!(token.sender(&other.mark("cube01")), None);
        assert_eq!(token.sender(b"cube01"), None);
    }
}
