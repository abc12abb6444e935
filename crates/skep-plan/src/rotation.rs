//! When an agent takes the next step of exchanging the cluster's key for another one.
//!
//! Three steps: every agent knows the new key; every agent speaks with it and still believes the
//! old one; the old one is believed no more. What an agent's keys are says at which step it is, so
//! nothing else has to be remembered. Keys themselves are not seen here, only their fingerprints.
//!
//! **Invariant:** no two agents are further apart than one step, and such two understand each
//! other. Steps are only ever taken forwards, so what was heard of an agent stays true of it.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use skep_manifest::name::NodeName;

/// How many steps there are.
pub const STEPS: u8 = 3;

/// What tells a key of the cluster from others, and tells nothing of the key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(pub String);

/// The keys that an agent speaks with and believes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Keyring {
    /// It has this key.
    One(Fingerprint),
    /// It speaks with the first and believes the second as well, which comes after it.
    Knows(Fingerprint, Fingerprint),
    /// It speaks with the first and believes the second as well, which came before it.
    Speaks(Fingerprint, Fingerprint),
}

/// What an agent says of its keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeysTold {
    /// Which they are.
    pub keyring: Keyring,
    /// Whether its virtual routers run with them; until then they run with those before.
    pub in_force: bool,
}

/// What is known of the agent of another node of the manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Other {
    /// It was not heard lately.
    Silent,
    /// It has a certificate, which no other key gives it anew.
    Certified,
    /// It is too old to take part.
    Unable,
    /// It has these keys.
    Has(KeysTold),
}

/// What an agent does next about its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing: no key is exchanged.
    Rest,
    /// It gets this key from that node, and knows it from then on.
    Learn(Fingerprint, NodeName),
    /// It speaks with the key that it knows.
    Speak,
    /// It believes the key before no more.
    Drop,
    /// It has taken this step, and others have not.
    Wait(u8, Vec<Holdup>),
}

/// Why the next step is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holdup {
    /// The node that holds it up.
    pub node: NodeName,
    /// Why.
    pub why: Why,
}

/// Why a node holds up a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It has not taken the one before, and will.
    Behind,
    /// Its agent does not answer.
    Silent,
    /// It has a certificate.
    Certified,
    /// Its agent is too old.
    Unable,
    /// Its agent has keys that are none of these.
    Foreign,
}

impl Keyring {
    /// How far it is on the way from `old` to `new`, in steps.
    fn step(&self, old: &Fingerprint, new: &Fingerprint) -> Option<u8> {
        match self {
            Self::One(key) if key == old => Some(0),
            Self::Knows(key, next) if key == old && next == new => Some(1),
            // Another one was begun at the same time, and one of the two is given up.
            Self::Knows(key, _) if key == old => Some(0),
            Self::Speaks(key, previous) if key == new && previous == old => Some(2),
            // Who already goes on to another one has come here.
            Self::One(key) | Self::Knows(key, _) if key == new => Some(3),
            Self::One(_) | Self::Knows(..) | Self::Speaks(..) => None,
        }
    }
}

impl KeysTold {
    /// How far it is with all that it does.
    fn step(&self, old: &Fingerprint, new: &Fingerprint) -> Option<u8> {
        let step = self.keyring.step(old, new)?;
        Some(if self.in_force {
            step
        } else {
            step.saturating_sub(1)
        })
    }
}

/// What the agent with the keys `own` does next, where `others` are all other nodes.
#[must_use]
pub fn next(own: &KeysTold, others: &BTreeMap<NodeName, Other>) -> Next {
    match &own.keyring {
        Keyring::One(key) => match offered(key, others) {
            Some((new, node)) => Next::Learn(new.clone(), node.clone()),
            None => Next::Rest,
        },
        Keyring::Knows(key, known) => match offered(key, others) {
            // Two were begun at once: everybody agrees on one of them.
            Some((new, node)) if new < known => Next::Learn(new.clone(), node.clone()),
            Some(_) | None => proceed((own, 1), (key, known), others, Next::Speak),
        },
        Keyring::Speaks(key, previous) => proceed((own, 2), (previous, key), others, Next::Drop),
    }
}

/// Why no other key can be begun with by an agent with the keys `own`, if that is so.
#[must_use]
pub fn objection(own: &KeysTold, others: &BTreeMap<NodeName, Other>) -> Option<String> {
    let exchanges = |told: &KeysTold| match told.keyring {
        Keyring::One(_) => false,
        Keyring::Knows(..) | Keyring::Speaks(..) => true,
    };
    if exchanges(own) {
        return Some("the key is being exchanged already: `skep status` says how far".to_owned());
    }
    others.iter().find_map(|(node, other)| match other {
        Other::Has(told) if exchanges(told) => Some(format!(
            "{node} still exchanges the key before: `skep status` there says what for it waits"
        )),
        Other::Certified => Some(format!(
            "{node} has a certificate in place of the key, which the new key would make worthless: \
             give it the key, or take it out of the manifest until the key is exchanged"
        )),
        Other::Unable => Some(format!(
            "the agent of {node} is too old to exchange keys, or has two and does not know which is \
             the new one: update skep there, or leave one in its cluster.key"
        )),
        Other::Has(_) | Other::Silent => None,
    })
}

/// The key that others know of after `key`, the smallest if there are several, and who has it.
fn offered<'a>(
    key: &Fingerprint,
    others: &'a BTreeMap<NodeName, Other>,
) -> Option<(&'a Fingerprint, &'a NodeName)> {
    let offers = others.iter().filter_map(|(node, other)| match other {
        Other::Has(told) => match &told.keyring {
            Keyring::Knows(old, new) if old == key => Some((new, node)),
            Keyring::One(_) | Keyring::Knows(..) | Keyring::Speaks(..) => None,
        },
        Other::Silent | Other::Certified | Other::Unable => None,
    });
    offers.min()
}

/// `step`, if this agent and all others have come to the one before it.
fn proceed(
    (own, taken): (&KeysTold, u8),
    (old, new): (&Fingerprint, &Fingerprint),
    others: &BTreeMap<NodeName, Other>,
    step: Next,
) -> Next {
    let why = |other: &Other| match other {
        Other::Silent => Some(Why::Silent),
        Other::Certified => Some(Why::Certified),
        Other::Unable => Some(Why::Unable),
        Other::Has(told) => match told.step(old, new) {
            Some(theirs) => (theirs < taken).then_some(Why::Behind),
            None => Some(Why::Foreign),
        },
    };
    let held_up = others.iter().filter_map(|(node, other)| {
        let node = node.clone();
        why(other).map(|why| Holdup { node, why })
    });
    let held_up: Vec<Holdup> = held_up.collect();
    if held_up.is_empty() && own.in_force {
        step
    } else {
        Next::Wait(taken, held_up)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Holdup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let node = &self.node;
        match self.why {
            Why::Behind => write!(f, "{node} has not come as far"),
            Why::Silent => write!(
                f,
                "the agent of {node} does not answer (start it, or take {node} out of the manifest)"
            ),
            Why::Certified => write!(
                f,
                "{node} has a certificate in place of the key (give it the key, or take it out of \
                 the manifest)"
            ),
            Why::Unable => write!(
                f,
                "the agent of {node} is too old, or has two keys and does not know which is the \
                 new one (update skep there, or leave one in its cluster.key)"
            ),
            Why::Foreign => write!(
                f,
                "{node} has keys that are none of these (copy cluster.key from another node to it \
                 and restart its agent)"
            ),
        }
    }
}

#[cfg(test)]
mod tests;
