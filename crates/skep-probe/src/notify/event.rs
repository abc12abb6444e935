//! What there is to tell.

use std::net::IpAddr;

use skep_manifest::name::{Name, NodeName};
use skep_manifest::vip_group::MemberState;

/// A group on this node entered a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The group.
    pub group: Name,
    /// This node.
    pub node: NodeName,
    /// The state.
    pub state: MemberState,
    /// Why, for people.
    pub because: String,
    /// The priority, given the inputs.
    pub priority: u8,
    /// The addresses of the group.
    pub addresses: Vec<IpAddr>,
    /// When, on the wall clock: RFC 3339, in UTC.
    pub at: String,
}

impl Event {
    /// The word for the state, as manifests write it.
    #[must_use]
    pub const fn state_word(&self) -> &'static str {
        match self.state {
            MemberState::Active => "active",
            MemberState::Backup => "backup",
            MemberState::Fault => "fault",
            MemberState::Leaving => "leaving",
        }
    }

    /// What tells the notice of this event from every other: the same for every attempt, another
    /// one for every repetition.
    pub(crate) fn key(&self, repetition: u64) -> String {
        let Self {
            group, node, at, ..
        } = self;
        format!(
            "skep-{node}-{group}-{}-{at}-{repetition}",
            self.state_word()
        )
    }

    pub(crate) fn addresses(&self) -> Vec<String> {
        self.addresses.iter().map(ToString::to_string).collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// `lb1` entered this state of the group `web` in this second.
    pub(crate) fn event(state: MemberState, second: u32) -> Event {
        Event {
            group: "web".parse().expect("a name"),
            node: "lb1".parse().expect("a name"),
            state,
            because: "nobody advertised".to_owned(),
            priority: 100,
            addresses: vec![IpAddr::from([10, 10, 10, 2]), IpAddr::from([10, 10, 10, 3])],
            at: format!("2026-11-20T13:00:{second:02}Z"),
        }
    }
}
