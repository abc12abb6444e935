//! The names of objects, nodes, interfaces and of what other tools created.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::checked_text;

/// RFC 1123 §2.1, RFC 1035 §2.3.4: the longest label of a DNS name.
const LABEL_LENGTH_MAX: usize = 63;
/// RFC 1035 §2.3.4: the longest DNS name, without the final dot.
const HOST_NAME_LENGTH_MAX: usize = 253;
/// The longest network interface name: `IFNAMSIZ` of the kernel without the closing zero.
const INTERFACE_LENGTH_MAX: usize = 15;

/// The name of an object: lower-case letters, digits and `-`, at most 63 characters. What a stack
/// declares is called after it: `shop_web` is the `web` of the stack `shop`.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend(
    "pattern" = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(_[A-Za-z0-9_.-]+)?$",
    "maxLength" = 63
))]
pub struct Name(String);

checked_text!(
    Name,
    is_name,
    "a name",
    "lower-case letters, digits and `-`, beginning and ending with a letter or digit, at most 63 characters"
);

impl Name {
    /// Whether it is the name of something that a stack declares.
    #[must_use]
    pub fn is_of_stack(&self) -> bool {
        self.0.contains('_')
    }
}

/// The name of a node: its host name, short (`cube01`) or full (`cube01.example.com`).
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend(
    "pattern" = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$",
    "maxLength" = 253
))]
pub struct NodeName(String);

checked_text!(
    NodeName,
    is_host_name,
    "a node's name",
    "a host name in lower case, such as `cube01` or `cube01.example.com`"
);

/// The name of a network interface, such as `eth0`: at most 15 characters without space, `/` or
/// `:`.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^(?!\\.{1,2}$)[!-.0-9;-~]{1,15}$"))]
pub struct InterfaceName(String);

checked_text!(
    InterfaceName,
    is_interface_name,
    "an interface name",
    "at most 15 characters without space, `/` or `:`, such as `eth0`"
);

/// The label of an IPv4 address, as `ip address` prints it: at most 15 characters, such as
/// `eth0:vip`.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^[!-.0-~]{1,15}$"))]
pub struct AddressLabel(String);

checked_text!(
    AddressLabel,
    is_address_label,
    "an address label",
    "at most 15 characters without space or `/`, such as `eth0:vip`"
);

/// The name of something in the Docker engine that skep does not own.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,254}$"))]
pub struct EngineName(String);

checked_text!(
    EngineName,
    is_engine_name,
    "a name of the Docker engine",
    "letters, digits, `_`, `.` and `-`, beginning with a letter or digit"
);

/// The name of a sync group: a word that VIP groups share which move together.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"))]
pub struct SyncGroupName(String);

checked_text!(
    SyncGroupName,
    is_label,
    "the name of a sync group",
    "lower-case letters, digits and `-`, beginning and ending with a letter or digit, at most 63 characters"
);

fn is_name(text: &str) -> bool {
    let Some((stack, part)) = text.split_once('_') else {
        return is_label(text);
    };
    text.len() <= LABEL_LENGTH_MAX
        && is_label(stack)
        && !part.is_empty()
        && part
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

fn is_label(text: &str) -> bool {
    let edge = |byte: Option<&u8>| {
        byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    let bytes = text.as_bytes();
    bytes.len() <= LABEL_LENGTH_MAX
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-')
}

fn is_host_name(text: &str) -> bool {
    text.len() <= HOST_NAME_LENGTH_MAX && text.split('.').all(is_label)
}

fn is_interface_name(text: &str) -> bool {
    is_address_label(text) && !text.contains(':') && text != "." && text != ".."
}

fn is_address_label(text: &str) -> bool {
    (1..=INTERFACE_LENGTH_MAX).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'/')
}

fn is_engine_name(text: &str) -> bool {
    const LENGTH_MAX: usize = 255;
    text.len() <= LENGTH_MAX
        && text
            .bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_alphanumeric())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}
