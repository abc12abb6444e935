//! The secret that unlocks a manager after a restart.

use std::fmt;

use serde::Deserialize;
use serde_json::json;

use crate::engine::{Client, EngineError};

/// What unlocks the managers of a swarm. It is a secret: it does not show itself.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct UnlockKey(String);

impl UnlockKey {
    /// The secret itself, to be kept sealed and never to be shown.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for UnlockKey {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for UnlockKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("UnlockKey(secret)")
    }
}

/// The key of the swarm of this manager, if its managers lock.
///
/// # Errors
///
/// [`EngineError`] when the engine is no manager, has no leader or does not answer.
pub async fn unlock_key(client: &Client) -> Result<Option<UnlockKey>, EngineError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Answer {
        unlock_key: UnlockKey,
    }
    let Answer { unlock_key } = client.read("/swarm/unlockkey").await?;
    Ok((!unlock_key.0.is_empty()).then_some(unlock_key))
}

/// Unlocks this engine.
///
/// # Errors
///
/// [`EngineError`] when the key is another one, the engine is not locked or does not answer.
pub async fn unlock(client: &Client, key: &UnlockKey) -> Result<(), EngineError> {
    let body = json!({ "UnlockKey": key.expose() });
    client.write("/swarm/unlock", &body).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_does_not_show_itself() {
        let key = UnlockKey::from("SWMKEY-1-secret".to_owned());
        assert!(!format!("{key:?}").contains("SWMKEY"));
        assert_eq!(key.expose(), "SWMKEY-1-secret");
    }
}
