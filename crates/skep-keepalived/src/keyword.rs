//! Every keyword of keepalived, and what is done with it.

mod global;
mod instance;
mod other;

pub(crate) use global::GLOBAL;
pub(crate) use instance::{
    ADDRESS, AUTHENTICATION, HMAC, INSTANCE, ROUTE, RULE, SYNC_GROUP, TRACK,
};
pub(crate) use other::{FILE, PROCESS, ROOT, SCRIPT};

/// Keywords that are treated alike.
pub(crate) struct Keywords(pub(crate) Treatment, pub(crate) &'static [&'static str]);

/// What is done with a keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Treatment {
    /// It is read, and becomes this field.
    Field(&'static str),
    /// It is left out with all that is in its block, for this reason.
    LeftOut(&'static str),
}

/// What is done with `keyword` according to `table`.
pub(crate) fn find(table: &[Keywords], keyword: &str) -> Option<Treatment> {
    table
        .iter()
        .find(|Keywords(_, names)| names.contains(&keyword))
        .map(|Keywords(treatment, _)| *treatment)
}

const BY_ITSELF: &str = "skep does this by itself";
const LINKS: &str = "skep hears of links from the kernel";
const LOAD_BALANCING: &str = "it belongs to load balancing (LVS), which skep does not do";
const NO_BFD: &str = "skep has no BFD";
const PACKET_FILTER: &str = "skep sets no packet filter";
const PAUSES: &str = "skep sends its announcements without a pause between them";
const REFRESHED: &str = "`announcements.refresh` reaches every interface that holds an address";
const THREE_ADVERTISEMENTS: &str =
    "skep waits for three advertisements, as RFC 9568 wants it: set the same on every peer";
const ANSWERS: &str = "skep answers a lower priority at once, as RFC 9568 wants it";
const OWNER_ANSWERS: &str = "an owner answers who claims its address";
const STRICT: &str =
    "skep keeps to RFC 9568 by itself, but does not refuse what keepalived calls not strict";
const ADDRESS_LISTS: &str = "skep never drops an advertisement for the addresses it lists";
const PRIORITIES_TOLD: &str = "`skep status` and the metrics tell priorities";
const BUFFERS: &str = "skep chooses the sizes of its buffers and reads all again after an overflow";
