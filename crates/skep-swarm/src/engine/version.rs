//! The versions of the engine's interface, and which one is spoken.

use std::fmt;
use std::str::FromStr;

/// The oldest version with everything that is used: Docker 20.10.
pub(super) const OLDEST: ApiVersion = ApiVersion {
    major: 1,
    minor: 41,
};

/// The newest version whose changes are known to leave what is used as it is: Docker 29. Speaking
/// the newest that both sides know matters, because an engine hides settings of later versions
/// than the one spoken, and drops them when a specification is written back.
pub(super) const NEWEST: ApiVersion = ApiVersion {
    major: 1,
    minor: 55,
};

/// A version of the engine's interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ApiVersion {
    major: u16,
    minor: u16,
}

/// A text is no version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an interface version is two numbers, such as 1.41")]
pub struct InvalidApiVersion;

impl ApiVersion {
    /// The version to speak with an engine whose newest this is.
    pub(super) fn spoken_with(newest: Self) -> Option<Self> {
        (newest >= OLDEST).then_some(newest.min(NEWEST))
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

impl fmt::Display for ApiVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(newest: &str, expected: Option<&str>) {
        let spoken = ApiVersion::spoken_with(newest.parse().unwrap());
        let spoken = spoken.map(|version| version.to_string());
        assert_eq!(spoken.as_deref(), expected);
    }

    #[test]
    fn the_newest_that_both_know_is_spoken() {
        check("1.41", Some("1.41"));
        check("1.47", Some("1.47"));
        check("1.99", Some("1.55"));
        check("2.0", Some("1.55"));
    }

    #[test]
    fn an_engine_that_is_too_old_is_not_spoken_with() {
        check("1.40", None);
        check("0.99", None);
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!("1.9".parse::<ApiVersion>().unwrap() < OLDEST);
        assert!("1".parse::<ApiVersion>().is_err());
        assert!("1.x".parse::<ApiVersion>().is_err());
    }
}
