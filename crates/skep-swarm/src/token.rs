//! The secrets with which nodes join a swarm.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde_json::Value;
use skep_manifest::swarm::Role;

use crate::apply::{self, ApplyError};
use crate::engine::{Client, EngineError};

/// How a token begins.
pub(crate) const PREFIX: &str = "SWMTKN-";

/// What a node joins a swarm with. It is a secret: it does not show itself.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct JoinToken(String);

/// The tokens of a swarm.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct JoinTokens {
    /// With this one a node becomes a worker.
    pub worker: JoinToken,
    /// With this one a node becomes a manager.
    pub manager: JoinToken,
}

/// A text is no join token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a join token begins with {PREFIX}")]
pub struct InvalidJoinToken;

impl JoinToken {
    /// The secret itself, to be sent and never to be shown.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl JoinTokens {
    /// The token that makes a node this.
    #[must_use]
    pub const fn of(&self, role: Role) -> &JoinToken {
        match role {
            Role::Worker => &self.worker,
            Role::Manager => &self.manager,
        }
    }
}

impl FromStr for JoinToken {
    type Err = InvalidJoinToken;

    fn from_str(text: &str) -> Result<Self, InvalidJoinToken> {
        if text.starts_with(PREFIX) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidJoinToken)
        }
    }
}

impl TryFrom<String> for JoinToken {
    type Error = InvalidJoinToken;

    fn try_from(text: String) -> Result<Self, InvalidJoinToken> {
        text.parse()
    }
}

impl fmt::Debug for JoinToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JoinToken(secret)")
    }
}

/// The tokens with which nodes join the swarm of this manager.
///
/// # Errors
///
/// [`EngineError`] when the engine is no manager or does not answer.
pub async fn join_tokens(client: &Client) -> Result<JoinTokens, EngineError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Swarm {
        join_tokens: JoinTokens,
    }
    let Swarm { join_tokens } = client.read("/swarm").await?;
    Ok(join_tokens)
}

/// Makes the tokens known so far worthless.
///
/// # Errors
///
/// [`ApplyError`] when the engine refuses or does not answer.
pub async fn rotate_join_tokens(client: &Client) -> Result<(), ApplyError> {
    const ROTATE: &str = "&rotateWorkerToken=true&rotateManagerToken=true";
    let unchanged = |spec: &Value| Some(spec.clone());
    apply::change("/swarm", ROTATE, client, unchanged)
        .await
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_does_not_show_itself() {
        let token: JoinToken = "SWMTKN-1-secret".parse().unwrap();
        let tokens = JoinTokens {
            worker: token.clone(),
            manager: token.clone(),
        };
        assert!(!format!("{token:?} {tokens:#?}").contains("SWMTKN"));
        assert_eq!(token.expose(), "SWMTKN-1-secret");
    }

    #[test]
    fn what_is_no_token_is_refused_without_being_repeated() {
        let error = "hunter2".parse::<JoinToken>().unwrap_err();
        assert_eq!(error.to_string(), "a join token begins with SWMTKN-");
        let error = serde_json::from_str::<JoinToken>("\"hunter2\"").unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
