//! Exchanging the cluster's key for another one.

use skep_api::rotation::{KeyRequest, KeyText, RotateAnswer};

use crate::control::now;
use crate::control::question::{Answer, Trouble, answer};
use crate::control::state::Control;
use crate::control::status;

/// Why a key cannot be exchanged while nobody knows who has it.
const NO_NODES: &str = "there is no desired state yet, so nobody knows which nodes have the key: \
    stop the agents, write another key with `skep keygen --out` and copy it to every node";

impl Control {
    /// Begins, as an operator ordered.
    pub(super) fn handle_rotate(&mut self, to: Answer<RotateAnswer>) {
        let in_force = self.keys_in_force();
        let reply = match (&mut self.cluster, self.desired.accepted()) {
            (None, _) => return answer(to, Err(self.standalone())),
            (Some(_), None) => RotateAnswer::Refused(NO_NODES.to_owned()),
            (Some(cluster), Some(accepted)) => cluster.begin_rotation(accepted, in_force, now()),
        };
        answer(to, Ok(reply));
    }

    pub(super) fn answer_key(&self, request: &KeyRequest, to: Answer<KeyText>) {
        let cluster = self.cluster.as_ref();
        let text = cluster.and_then(|cluster| cluster.key_text(&request.fingerprint));
        answer(
            to,
            text.ok_or_else(|| Trouble("this agent does not have that key".to_owned())),
        );
    }

    /// Takes this agent's next step.
    pub(super) fn follow_keys(&mut self) {
        let in_force = self.keys_in_force();
        if let (Some(cluster), Some(accepted)) = (&mut self.cluster, self.desired.accepted()) {
            cluster.follow_keys(accepted, in_force, now());
        }
        if let Some(cluster) = &mut self.cluster {
            cluster.follow_certificate(now());
        }
    }

    /// Whether control is to start anew, with other keys.
    pub(in crate::control) fn has_other_keys(&self) -> bool {
        let cluster = self.cluster.as_ref();
        cluster.is_some_and(|cluster| cluster.has_other_keys(now()))
    }

    /// Whether the virtual routers run with the keys that this agent has.
    pub(super) fn keys_in_force(&self) -> bool {
        status::keys_in_force(&self.observed, self.desired.accepted())
    }
}
