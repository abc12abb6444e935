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
pub(super) struct CheckedText<'a> {
    name: &'a str,
}

impl<'a> CheckedText<'a> {
    /// The type that the schema calls `name`, if it is one of these.
    pub(super) fn of(name: &'a str) -> Option<Self> {
        parse(name, "").map(|_| Self { name })
    }

    /// Whether `text` is such a value.
    pub(super) fn accepts(self, text: &str) -> bool {
        parse(self.name, text).is_some_and(|parsed| parsed.is_ok())
    }

    /// Whether a value may also be written as a number, without quotes.
    pub(super) fn may_be_number(self) -> bool {
        self.name == "VirtualRouterId"
    }

    /// What such a value is called: `a duration`.
    pub(super) fn what(self) -> &'static str {
        self.refusal().map_or("a text", |invalid| invalid.what)
    }

    /// What such a value looks like.
    pub(super) fn allowed(self) -> &'static str {
        self.refusal().map_or("any text", |invalid| invalid.allowed)
    }

    /// The type's own words, as it says them about a text that none of them accepts.
    fn refusal(self) -> Option<InvalidText> {
        parse(self.name, "\0")?.err()
    }
}

/// Whether `text` is a value of the type `name`, if that is one of these.
fn parse(name: &str, text: &str) -> Option<Result<(), InvalidText>> {
    Some(match name {
        "AbsolutePath" => parse_as::<AbsolutePath>(text),
        "Address" => parse_as::<Address>(text),
        "AddressLabel" => parse_as::<AddressLabel>(text),
        "AdvertisementInterval" => parse_as::<AdvertisementInterval>(text),
        "Constraint" => parse_as::<Constraint>(text),
        "Cpus" => parse_as::<Cpus>(text),
        "Duration" => parse_as::<Duration>(text),
        "EngineName" => parse_as::<EngineName>(text),
        "EnvironmentName" => parse_as::<EnvironmentName>(text),
        "FileMode" => parse_as::<FileMode>(text),
        "HostPort" => parse_as::<HostPort>(text),
        "Image" => parse_as::<Image>(text),
        "InterfaceAddress" => parse_as::<InterfaceAddress>(text),
        "InterfaceName" => parse_as::<InterfaceName>(text),
        "Interval" => parse_as::<Interval>(text),
        "Lease" => parse_as::<Lease>(text),
        "Name" => parse_as::<Name>(text),
        "NodeName" => parse_as::<NodeName>(text),
        "NumericId" => parse_as::<NumericId>(text),
        "Platform" => parse_as::<Platform>(text),
        "RelativePath" => parse_as::<RelativePath>(text),
        "Sealed" => parse_as::<Sealed>(text),
        "Signal" => parse_as::<Signal>(text),
        "Size" => parse_as::<Size>(text),
        "SocketAddress" => parse_as::<SocketAddress>(text),
        "SpreadKey" => parse_as::<SpreadKey>(text),
        "StatusRange" => parse_as::<StatusRange>(text),
        "Subnet" => parse_as::<Subnet>(text),
        "SyncGroupName" => parse_as::<SyncGroupName>(text),
        "Url" => parse_as::<Url>(text),
        "VirtualRouterId" => parse_as::<VirtualRouterId>(text),
        _ => return None,
    })
}

fn parse_as<T: FromStr<Err = InvalidText>>(text: &str) -> Result<(), InvalidText> {
    text.parse::<T>().map(drop)
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
