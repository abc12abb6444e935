//! The types whose values are written as text: the schema's names for them, and their own words.

use std::str::FromStr;

use crate::address::{Address, HostPort, InterfaceAddress, SocketAddress, Subnet, Url};
use crate::duration::{Duration, Interval};
use crate::file_mode::FileMode;
use crate::health_check::StatusRange;
use crate::name::{AddressLabel, EngineName, InterfaceName, Name, NodeName, SyncGroupName};
use crate::priority::VirtualRouterId;
use crate::service::container::Signal;
use crate::service::files::NumericId;
use crate::service::image::Image;
use crate::service::placement::{Constraint, Platform, SpreadKey};
use crate::service::resources::Cpus;
use crate::size::Size;
use crate::text::InvalidText;
use crate::value_source::{AbsolutePath, EnvironmentName, RelativePath, Sealed};
use crate::vip_group::timing::{AdvertisementInterval, Lease};

/// A type whose values are written as text.
#[derive(Clone, Copy)]
pub(super) struct CheckedText {
    check: fn(&str) -> Result<(), InvalidText>,
    /// Whether a value may also be written as a number, without quotes.
    pub(super) may_be_number: bool,
}

impl CheckedText {
    /// The type that the schema calls `name`, if it is one of these.
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "AbsolutePath" => Self::typed::<AbsolutePath>(),
            "Address" => Self::typed::<Address>(),
            "AddressLabel" => Self::typed::<AddressLabel>(),
            "AdvertisementInterval" => Self::typed::<AdvertisementInterval>(),
            "Constraint" => Self::typed::<Constraint>(),
            "Cpus" => Self::typed::<Cpus>(),
            "Duration" => Self::typed::<Duration>(),
            "EngineName" => Self::typed::<EngineName>(),
            "EnvironmentName" => Self::typed::<EnvironmentName>(),
            "FileMode" => Self::typed::<FileMode>(),
            "HostPort" => Self::typed::<HostPort>(),
            "Image" => Self::typed::<Image>(),
            "InterfaceAddress" => Self::typed::<InterfaceAddress>(),
            "InterfaceName" => Self::typed::<InterfaceName>(),
            "Interval" => Self::typed::<Interval>(),
            "Lease" => Self::typed::<Lease>(),
            "Name" => Self::typed::<Name>(),
            "NodeName" => Self::typed::<NodeName>(),
            "NumericId" => Self::typed::<NumericId>(),
            "Platform" => Self::typed::<Platform>(),
            "RelativePath" => Self::typed::<RelativePath>(),
            "Sealed" => Self::typed::<Sealed>(),
            "Signal" => Self::typed::<Signal>(),
            "Size" => Self::typed::<Size>(),
            "SocketAddress" => Self::typed::<SocketAddress>(),
            "SpreadKey" => Self::typed::<SpreadKey>(),
            "StatusRange" => Self::typed::<StatusRange>(),
            "Subnet" => Self::typed::<Subnet>(),
            "SyncGroupName" => Self::typed::<SyncGroupName>(),
            "Url" => Self::typed::<Url>(),
            "VirtualRouterId" => Self {
                may_be_number: true,
                ..Self::typed::<VirtualRouterId>()
            },
            _ => return None,
        })
    }

    /// Whether `text` is such a value.
    pub(super) fn accepts(self, text: &str) -> bool {
        (self.check)(text).is_ok()
    }

    /// What such a value is called (`a duration`), and what it looks like: the type's own words,
    /// as it says them about a text that none of them accepts.
    pub(super) fn words(self) -> (&'static str, &'static str) {
        match (self.check)("\0") {
            Err(invalid) => (invalid.what, invalid.allowed),
            Ok(()) => ("a text", "any text"),
        }
    }

    fn typed<T: FromStr<Err = InvalidText>>() -> Self {
        Self {
            check: |text| text.parse::<T>().map(drop),
            may_be_number: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Kind;
    use crate::schema::kind_schema;

    #[test]
    fn every_type_with_a_pattern_checks_its_own_text() {
        for kind in Kind::ALL {
            let schema = kind_schema(kind);
            for (name, definition) in schema["definitions"].as_object().unwrap() {
                if definition.get("pattern").is_some() {
                    let checked = CheckedText::of(name).unwrap_or_else(|| panic!("{name}"));
                    assert!(!checked.accepts("\0"), "{name}");
                }
            }
        }
    }
}
