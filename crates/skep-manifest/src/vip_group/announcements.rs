//! How the network learns that addresses moved.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::duration::Duration;

/// How the network learns that the addresses moved: gratuitous ARP and unsolicited neighbour
/// advertisements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Announcements {
    /// How many are sent at once.
    #[schemars(range(min = 1, max = 100))]
    pub count: u8,
    /// How long after taking over they are sent a second time; `0s` means never.
    pub repeat_after: Duration,
    /// How often they are sent again while the addresses stay; `0s` means never.
    pub refresh: Duration,
    /// How many are sent at each refresh.
    #[schemars(range(min = 1, max = 100))]
    pub refresh_count: u8,
}

impl Default for Announcements {
    fn default() -> Self {
        Self {
            count: 5,
            repeat_after: Duration::from_secs(5),
            refresh: Duration::from_secs(60),
            refresh_count: 1,
        }
    }
}
