//! Where things are served.

use crate::told::Known;

/// The socket of the agent on this machine.
pub const DEFAULT_SOCKET: &str = "/run/skep/agent.sock";

/// The port of an agent for its peers, unless the manifest says otherwise.
pub const DEFAULT_PORT: u16 = 7380;

/// The agent's own [`crate::status::AgentStatus`].
pub const STATUS: &str = "/v1/status";

/// Takes a [`crate::submit::Submission`].
pub const SUBMIT: &str = "/v1/submit";

/// Takes a [`crate::submit::Submission`] and says what it would change.
pub const DIFF: &str = "/v1/diff";

/// Takes a [`crate::submit::Comparison`] and says what that would have changed.
pub const COMPARE: &str = "/v1/compare";

/// How far: a [`crate::submit::Reached`] of the desired state.
pub const PROGRESS: &str = "/v1/progress";

/// What the desired state was before: a list of [`crate::generation::Past`], newest first.
pub const HISTORY: &str = "/v1/history";

/// Takes a [`crate::submit::Recall`] and submits an earlier desired state again.
pub const ROLLBACK: &str = "/v1/rollback";

/// Takes a [`crate::submit::Confirmation`].
pub const CONFIRM: &str = "/v1/confirm";

/// Takes a [`crate::moves::MoveRequest`].
pub const MOVE: &str = "/v1/move";

/// Takes [`crate::event::Marks`] and answers with the [`crate::event::Events`] of all nodes since.
pub const EVENTS: &str = "/v1/events";

/// Takes a [`crate::preflight::Request`] and answers with a [`skep_plan::preflight::Verdict`].
pub const PREFLIGHT: &str = "/v1/preflight";

/// What can be recovered: a [`crate::recovery::Situation`].
pub const SITUATION: &str = "/v1/recovery";

/// Takes a [`crate::recovery::RecoverRequest`].
pub const RECOVER: &str = "/v1/recover";

/// Begins to exchange the cluster's key: a [`crate::rotation::RotateAnswer`].
pub const ROTATE: &str = "/v1/rotate";

/// How an agent is: a [`crate::told::Told`]. The query is a [`Known`].
pub const REPORT: &str = "/v1/peer/report";

/// The [`REPORT`] for an agent that knows this.
#[must_use]
pub fn report(known: &Known) -> String {
    let Known {
        report,
        swarm,
        relayed,
    } = known;
    // Digests and positions have no letters that a query gives a meaning.
    let parts = [("report", report), ("swarm", swarm), ("relayed", relayed)];
    let parts = parts.into_iter().filter_map(|(name, value)| {
        let value = value.as_ref()?;
        Some(format!("{name}={value}"))
    });
    let query: Vec<String> = parts.collect();
    format!("{REPORT}?{}", query.join("&"))
}

/// Takes a [`crate::cluster::Announcement`].
pub const ANNOUNCE: &str = "/v1/peer/announce";

/// The [`crate::generation::Generation`] an agent works towards.
pub const GENERATION: &str = "/v1/peer/generation";

/// Takes a [`crate::cluster::VoteRequest`].
pub const VOTE: &str = "/v1/peer/vote";

/// Takes a [`crate::recovery::Claim`].
pub const CLAIM: &str = "/v1/peer/claim";

/// Takes a [`crate::rotation::KeyRequest`] and answers with a [`crate::rotation::KeyText`].
pub const KEY: &str = "/v1/peer/key";

/// Takes a [`crate::cluster::GrantRequest`].
pub const GRANT: &str = "/v1/peer/grant";

/// Takes a [`crate::moves::Move`] and answers with a [`crate::moves::MoveReply`].
pub const MOVE_ORDER: &str = "/v1/peer/move";

/// Takes [`crate::event::Marks`] and answers with the agent's own [`crate::event::Events`] since.
pub const PEER_EVENTS: &str = "/v1/peer/events";

/// Takes a [`crate::preflight::Round`]; the agent listens in place of its engine and answers with
/// [`skep_plan::preflight::Facts`].
pub const PREFLIGHT_LISTEN: &str = "/v1/peer/preflight/listen";

/// Takes a [`crate::preflight::Round`]; the agent tries to reach the others and answers with a list
/// of [`skep_plan::preflight::Knock`].
pub const PREFLIGHT_KNOCK: &str = "/v1/peer/preflight/knock";

/// Takes a [`crate::preflight::Token`]; the agent ends listening and answers with
/// [`skep_plan::preflight::Arrived`].
pub const PREFLIGHT_HEARD: &str = "/v1/peer/preflight/heard";
