//! Exchanging the cluster's key: what this agent and the others have, and its own steps.
//!
//! A step is written into the file of the key, and control starts anew with what stands there: so
//! a restart in the middle of anything goes on where it was.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use skep_api::path;
use skep_api::peer::{Peer, PeerClient};
use skep_api::rotation::{KeyRequest, KeyText, RotateAnswer};
use skep_api::trust::key::{ClusterKey, ClusterKeys};
use skep_manifest::name::NodeName;
use skep_plan::rotation::{Fingerprint, Keyring, KeysTold, Next, Other, next, objection};
use skep_vrrp::time::Instant;

use crate::control::cluster::peers::complaint;
use crate::control::cluster::renewing::Stamp;
use crate::control::cluster::view::FRESH;
use crate::control::cluster::{Cluster, Happening};
use crate::control::desired::Accepted;
use crate::control::understand::with_causes;

/// What is being answered when the keys change is answered first.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// How long a step waits for what the engine is doing: it is safe to stop anywhere, but tidier not
/// to.
const ERRAND_MAX: Duration = Duration::from_secs(10);

/// How far this agent is with exchanging its keys.
pub(super) struct Rotating {
    /// The file of the keys.
    file: PathBuf,
    /// Which keys this process has, if it can take part.
    keyring: Option<Keyring>,
    /// Whether a key is on its way here.
    is_learning: bool,
    /// Why the last step was not taken.
    trouble: Option<String>,
    /// Since when other keys stand in the file than those this process has.
    written_at: Option<Instant>,
    /// The file as it was when a certificate was last looked for in it.
    pub(super) seen: Option<Stamp>,
}

impl Rotating {
    /// With the keys `keys`, which stand in `file`.
    pub(super) fn new(file: PathBuf, keys: Option<&ClusterKeys>) -> Self {
        Self {
            file,
            // It is told again and again, and takes a while to work out.
            keyring: keys.and_then(ClusterKeys::keyring),
            is_learning: false,
            trouble: None,
            written_at: None,
            seen: None,
        }
    }

    /// The file of the keys, or of what stands for them.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// Lets control start anew: something else stands in the file than what this process has.
    pub(super) const fn start_anew(&mut self, now: Instant) {
        self.written_at = Some(now);
    }
}

impl Cluster {
    /// What this agent says of its keys, whose virtual routers run with them if they are `in_force`.
    pub(in crate::control) fn keys_told(&self, in_force: bool) -> Option<KeysTold> {
        let keyring = self.rotating.keyring.clone()?;
        Some(KeysTold { keyring, in_force })
    }

    /// What this agent does next about its keys; nothing where it cannot take part.
    pub(in crate::control) fn next_of_keys(
        &self,
        accepted: &Accepted,
        in_force: bool,
        now: Instant,
    ) -> Option<Next> {
        let own = self.keys_told(in_force)?;
        Some(next(&own, &self.keys_of_others(accepted, now)?))
    }

    /// Why the last step was not taken.
    pub(in crate::control) fn trouble_with_keys(&self) -> Option<&str> {
        self.rotating.trouble.as_deref()
    }

    /// Makes a new key, which this agent knows from then on.
    pub(in crate::control) fn begin_rotation(
        &mut self,
        accepted: &Accepted,
        in_force: bool,
        now: Instant,
    ) -> RotateAnswer {
        match self.try_to_begin(accepted, in_force, now) {
            Ok(begun) => begun,
            Err(why) => RotateAnswer::Refused(why),
        }
    }

    fn try_to_begin(
        &mut self,
        accepted: &Accepted,
        in_force: bool,
        now: Instant,
    ) -> Result<RotateAnswer, String> {
        let (Some(keys), Some(own)) = (self.secrets.keys(), self.keys_told(in_force)) else {
            return Err(format!(
                "{} holds two keys and does not say which of them comes after the other: leave the \
                 one that all nodes have, and restart the agent",
                self.rotating.file.display()
            ));
        };
        let Some(others) = self.keys_of_others(accepted, now) else {
            return Err(
                "the manifest does not list this node: run this on one of its nodes".into(),
            );
        };
        let is_under_way = self.rotating.is_learning || self.rotating.written_at.is_some();
        if is_under_way {
            return Err("the key is being exchanged already: `skep status` says how far".into());
        }
        if let Some(objection) = objection(&own, &others) {
            return Err(objection);
        }
        let key = keys.generate_next().map_err(|error| with_causes(&error))?;
        let both = keys.knowing(key).map_err(|error| with_causes(&error))?;
        let Some(Keyring::Knows(old, new)) = both.keyring() else {
            unreachable!("it knows one key and the next");
        };
        self.write_keys(&both, now)?;
        let silent = others
            .into_iter()
            .filter(|(_, other)| *other == Other::Silent);
        Ok(RotateAnswer::Begun {
            old,
            new,
            silent: silent.map(|(node, _)| node).collect(),
        })
    }

    /// Takes the step that is next, if one is.
    pub(in crate::control) fn follow_keys(
        &mut self,
        accepted: &Accepted,
        in_force: bool,
        now: Instant,
    ) {
        if self.rotating.is_learning || self.rotating.written_at.is_some() {
            return;
        }
        let step = match self.next_of_keys(accepted, in_force, now) {
            None | Some(Next::Rest | Next::Wait(..)) => return,
            Some(Next::Learn(key, from)) => return self.start_learning(key, &from),
            Some(Next::Speak) => self.secrets.keys().and_then(ClusterKeys::speaking),
            Some(Next::Drop) => self.secrets.keys().and_then(ClusterKeys::dropping),
        };
        if let Some(keys) = step {
            // What went wrong is told in `status`, and tried again.
            let _told = self.write_keys(&keys, now);
        }
    }

    /// A key arrived that this agent is to know, or did not.
    pub(in crate::control) fn handle_key(
        &mut self,
        learned: Result<ClusterKey, String>,
        now: Instant,
    ) {
        self.rotating.is_learning = false;
        let (Some(keys), None) = (self.secrets.keys(), self.rotating.written_at) else {
            return;
        };
        let both = learned.and_then(|key| keys.knowing(key).map_err(|error| with_causes(&error)));
        match both {
            Ok(both) => {
                let _told = self.write_keys(&both, now);
            }
            Err(trouble) => self.rotating.trouble = Some(trouble),
        }
    }

    /// Whether control is to start anew, with the keys that stand in the file.
    pub(in crate::control) fn has_other_keys(&self, now: Instant) -> bool {
        self.rotating.written_at.is_some_and(|at| {
            let since = now.saturating_duration_since(at);
            since >= ERRAND_MAX || (since >= LAST_WORDS && self.errands.running().is_none())
        })
    }

    /// The text of a key for another agent that has the key before.
    pub(in crate::control) fn key_text(&self, key: &Fingerprint) -> Option<KeyText> {
        KeyText::of(self.secrets.keys()?, key)
    }

    fn write_keys(&mut self, keys: &ClusterKeys, now: Instant) -> Result<(), String> {
        let written = keys.replace(&self.rotating.file);
        let written = written.map_err(|error| with_causes(&error));
        match &written {
            Ok(()) => {
                tracing::info!(keys = ?keys.keyring(), "the keys of the cluster change");
                self.rotating.start_anew(now);
                self.rotating.trouble = None;
            }
            Err(trouble) => self.rotating.trouble = Some(trouble.clone()),
        }
        written
    }

    /// What is known of the keys of all other nodes, if the manifest lists this one.
    fn keys_of_others(
        &self,
        accepted: &Accepted,
        now: Instant,
    ) -> Option<BTreeMap<NodeName, Other>> {
        let own = accepted.node.as_ref()?;
        let swarm = accepted.desired.swarm.as_ref()?;
        let nodes = swarm.spec.nodes.iter().map(|node| &node.name);
        let others = nodes.filter(|node| *node != own);
        let known = others.map(|node| (node.clone(), self.keys_of(node, now)));
        Some(known.collect())
    }

    fn keys_of(&self, node: &NodeName, now: Instant) -> Other {
        match self.peer(node) {
            Some((report, at)) if now.saturating_duration_since(*at) < FRESH => {
                match &report.keys {
                    _ if report.engine.is_certified => Other::Certified,
                    Some(told) => Other::Has(told.clone()),
                    None => Other::Unable,
                }
            }
            Some(_) | None => Other::Silent,
        }
    }

    fn start_learning(&mut self, key: Fingerprint, from: &NodeName) {
        let Some(peer) = self.peer_of(from) else {
            return;
        };
        self.rotating.is_learning = true;
        let (client, happenings) = (self.client(), self.happenings());
        tokio::spawn(async move {
            let learned = learn(&client, &peer, key).await;
            // The loop only goes away when the agent stops.
            let _stopping = happenings.send(Happening::KeyLearned(learned)).await;
        });
    }
}

/// The key with this fingerprint, as `peer` has it.
async fn learn(
    client: &PeerClient,
    peer: &Peer,
    fingerprint: Fingerprint,
) -> Result<ClusterKey, String> {
    let request = KeyRequest { fingerprint };
    let answered = client.post::<KeyText>(peer, path::KEY, &request).await;
    let text = answered.map_err(|error| complaint(&error))?;
    text.open(&request.fingerprint)
        .ok_or_else(|| format!("{} gave another key than the one it told of", peer.node))
}
