//! The versions of the engine's interface, and which one is spoken.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// The oldest version with everything that is used: Docker 20.10.
pub(super) const OLDEST: ApiVersion = ApiVersion {
    major: 1,
    minor: 41,
};

/// The newest version whose changes were looked through: Docker 29. Speaking the newest that both
/// sides know matters, because an engine hides the settings of later versions and drops them when
/// a specification is written back.
pub(super) const NEWEST: ApiVersion = ApiVersion {
    major: 1,
    minor: 52,
};

/// A version of the engine's interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct ApiVersion {
    major: u16,
    minor: u16,
}

/// A text is no version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an interface version is two numbers, such as 1.41")]
pub struct InvalidApiVersion;

impl ApiVersion {
    /// The version to speak with an engine that knows those from `oldest` to `newest`.
    pub(super) fn spoken_with(oldest: Self, newest: Self) -> Option<Self> {
        let spoken = newest.min(NEWEST);
        (spoken >= OLDEST && spoken >= oldest).then_some(spoken)
    }
}

impl FromStr for ApiVersion {
    type Err = InvalidApiVersion;

    fn from_str(text: &str) -> Result<Self, InvalidApiVersion> {
        let (major, minor) = text.split_once('.').ok_or(InvalidApiVersion)?;
        Ok(Self {
            major: major.parse().map_err(|_error| InvalidApiVersion)?,
            minor: minor.parse().map_err(|_error| InvalidApiVersion)?,
        })
    }
}

impl TryFrom<String> for ApiVersion {
    type Error = InvalidApiVersion;

    fn try_from(text: String) -> Result<Self, InvalidApiVersion> {
        text.parse()
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(oldest: &str, newest: &str, expected: Option<&str>) {
        let spoken = ApiVersion::spoken_with(oldest.parse().unwrap(), newest.parse().unwrap());
        assert_eq!(
            spoken.map(|version| version.to_string()).as_deref(),
            expected
        );
    }

    #[test]
    fn the_newest_that_both_know_is_spoken() {
        check("1.12", "1.41", Some("1.41"));
        check("1.24", "1.47", Some("1.47"));
        check("1.44", "1.99", Some("1.52"));
    }

    #[test]
    fn an_engine_that_is_too_old_or_too_new_is_not_spoken_with() {
        check("1.12", "1.40", None);
        check("1.53", "1.60", None);
        check("2.0", "2.1", None);
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!("1.9".parse::<ApiVersion>().unwrap() < OLDEST);
        assert!("1".parse::<ApiVersion>().is_err());
        assert!("1.x".parse::<ApiVersion>().is_err());
    }
}
