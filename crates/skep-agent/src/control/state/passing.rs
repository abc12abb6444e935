//! Letting another agent answer what this one was asked.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use skep_api::call::CallError;
use skep_api::path;
use skep_api::peer::Peer;
use skep_api::submit::{CHANGE_LIMIT, IN_DOUBT};

use crate::control::cluster::{self, Cluster};
use crate::control::question::{Answer, Hop, Trouble, answer};
use crate::control::state::early::HEARD_WITHIN;
use crate::control::state::listening::WAIT_MAX;

/// How long another agent may take to say something: the command line waits for 5 s.
const ANSWER_LIMIT: Duration = Duration::from_millis(4_500);

/// How long it may take to change the desired state.
const CHANGED_LIMIT: Duration = Duration::from_secs(16);

/// How long the swarm may take to keep a desired state: three calls of an engine, which end in time.
const KEPT_WITHIN: Duration = Duration::from_secs(9);

const _: () = assert!(
    HEARD_WITHIN.as_millis() + WAIT_MAX.as_millis() + KEPT_WITHIN.as_millis()
        <= CHANGED_LIMIT.as_millis(),
    "whoever it is passed on to waits for a manager, listens, and gives it to the swarm"
);
const _: () = assert!(
    HEARD_WITHIN.as_millis() + CHANGED_LIMIT.as_millis() < CHANGE_LIMIT.as_millis(),
    "who asked still listens when this agent waited first and then passed it on in vain"
);

/// What asks for a change of the desired state.
const CHANGES: [&str; 3] = [path::SUBMIT, path::ROLLBACK, path::CONFIRM];

/// A question for another agent.
pub(super) struct PassedOn<Body> {
    pub(super) peer: Peer,
    /// What it does, for which it has to be asked.
    pub(super) part: &'static str,
    pub(super) path: &'static str,
    pub(super) body: Option<Body>,
}

/// Lets another agent answer; a question is passed on once.
pub(super) fn pass_on<Body, T>(cluster: &Cluster, question: PassedOn<Body>, hop: Hop, to: Answer<T>)
where
    Body: Serialize + Send + Sync + 'static,
    T: DeserializeOwned + Send + 'static,
{
    let PassedOn {
        peer,
        part,
        path,
        body,
    } = question;
    let node = peer.node.clone();
    if hop == Hop::Last {
        let why = format!("ask the agent of {node}, which {part}");
        return answer(to, Err(Trouble(why)));
    }
    let is_change = CHANGES.contains(&path);
    let limit = if is_change {
        CHANGED_LIMIT
    } else {
        ANSWER_LIMIT
    };
    let client = cluster.client().with_limit(limit);
    tokio::spawn(async move {
        let answered = match &body {
            Some(body) => client.post(&peer, path, body).await,
            None => client.get(&peer, path).await,
        };
        let trouble = |error: CallError| {
            let complaint = cluster::complaint(&error);
            Trouble(if is_change && error.is_in_doubt() {
                format!("{IN_DOUBT} ({node} {part}: {complaint})")
            } else {
                format!("{node} {part}: {complaint}")
            })
        };
        answer(to, answered.map_err(trouble));
    });
}
