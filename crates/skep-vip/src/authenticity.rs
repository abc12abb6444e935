//! What a virtual router proves with its advertisements, and asks of those it hears.

use std::net::IpAddr;
use std::time::Duration;

use skep_vrrp::packet::{Advertisement, Packet};
use skep_vrrp::time::Instant;
use skep_vrrp::trailer::keyring::Keyring;
use skep_vrrp::trailer::replay::{Freshness, Judge, Marks};
use skep_vrrp::trailer::sequence::Sequencer;
use skep_vrrp::trailer::{TRAILER_BYTES, Trailer, Unproven};

use crate::configuration::{Authentication, HmacKeys, HmacMode, Replay};

/// A router's keys with what it must not forget while they change: what it said last, and what
/// each other sender did.
#[derive(Debug)]
pub(crate) struct Authenticity {
    rule: Option<Rule>,
    sequencer: Sequencer,
    marks: Marks,
}

#[derive(Debug)]
struct Rule {
    keyring: Keyring,
    mode: HmacMode,
    freshness: Freshness,
    window: Duration,
}

/// What became of the question whether a member sent an advertisement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// Nothing proves anything here.
    NotAsked,
    /// A holder of the key did, just now.
    Given,
    /// Perhaps, and it counts all the same.
    Excused(Unproven),
    /// It does not count.
    Refused(Unproven),
}

impl Authenticity {
    pub(crate) fn new(authentication: &Authentication) -> Self {
        Self {
            rule: rule(authentication),
            sequencer: Sequencer::default(),
            marks: Marks::default(),
        }
    }

    /// Works with other keys from now on.
    pub(crate) fn follow(&mut self, authentication: &Authentication) {
        self.rule = rule(authentication);
    }

    /// Whether a member sent `heard`, which was found in `packet`, at the wall time `since_1970`.
    pub(crate) fn examine(
        &mut self,
        packet: &Packet<'_>,
        heard: &Advertisement<'_>,
        since_1970: Duration,
        now: Instant,
    ) -> Proof {
        let Self {
            rule: Some(rule),
            marks,
            ..
        } = self
        else {
            return Proof::NotAsked;
        };
        let judge = Judge {
            freshness: rule.freshness,
            window: rule.window,
            since_1970,
        };
        // The cheap questions come first, and nothing is remembered before the code is right: a
        // forger can neither keep the node busy nor move a mark.
        let mut prove = || {
            let trailer = Trailer::parse(packet, heard)?;
            if !rule.keyring.knows(trailer.key_id) {
                return Err(Unproven::UnknownKey(trailer.key_id));
            }
            marks.check(packet.source, trailer.sequence, &judge, now)?;
            rule.keyring.prove(packet, heard, &trailer)?;
            marks.set(packet.source, trailer.sequence, now);
            Ok(())
        };
        match (prove(), rule.mode) {
            (Ok(()), HmacMode::Enforce | HmacMode::Permissive | HmacMode::ReceiveOnly) => {
                Proof::Given
            }
            (Err(unproven), HmacMode::Enforce) => Proof::Refused(unproven),
            (Err(unproven), HmacMode::Permissive | HmacMode::ReceiveOnly) => {
                Proof::Excused(unproven)
            }
        }
    }

    /// What follows `advertisement` when `source` sends it at the wall time `since_1970`: one
    /// signature, however many receivers.
    pub(crate) fn sign(
        &mut self,
        advertisement: &Advertisement<'_>,
        source: IpAddr,
        since_1970: Duration,
    ) -> Option<[u8; TRAILER_BYTES]> {
        let rule = self.rule.as_ref()?;
        match rule.mode {
            HmacMode::Enforce | HmacMode::Permissive => {
                let sequence = self.sequencer.next(since_1970);
                let trailer = rule.keyring.sign(advertisement, source, sequence);
                Some(trailer.to_bytes())
            }
            HmacMode::ReceiveOnly => None,
        }
    }
}

fn rule(authentication: &Authentication) -> Option<Rule> {
    match authentication {
        Authentication::None | Authentication::Simple(_) => None,
        Authentication::Hmac(declared) => Some(Rule {
            keyring: keyring(declared).expect("a configuration without its key is not accepted"),
            mode: declared.mode,
            freshness: match declared.replay {
                Replay::Time => Freshness::Time,
                Replay::Monotonic => Freshness::Order,
            },
            window: declared.window,
        }),
    }
}

/// The keys, ready to be used; none when the one that signs is missing.
pub(crate) fn keyring(declared: &HmacKeys) -> Option<Keyring> {
    let keys = declared.keys.iter().map(|(id, key)| (*id, key.as_slice()));
    Keyring::new(keys, declared.active_key).ok()
}
