//! What stands in a config or a secret, on its way from the manifest to the engine.

use std::fmt;

/// The content of a file that services get. It is never printed, and never part of a plan that is
/// written down.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Content(String);

impl Content {
    /// The content itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Content(..)")
    }
}
