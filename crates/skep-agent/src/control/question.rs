//! What the command line and other agents ask control.

use skep_api::cluster::{Announcement, Grant, GrantRequest, Vote, VoteRequest};
use skep_api::dismissal::Dismissal;
use skep_api::event::{Events, Marks};
use skep_api::generation::{Held, Past};
use skep_api::moves::{Move, MoveAnswer, MoveReply, MoveRequest};
use skep_api::preflight::{Request, Round, Token};
use skep_api::recovery::{Claim, ClaimAnswer, RecoverAnswer, RecoverRequest, Situation};
use skep_api::rotation::{KeyRequest, KeyText, RotateAnswer};
use skep_api::status::AgentStatus;
use skep_api::submit::{
    Comparison, Confirmation, Differences, Reached, Recall, Submission, Submitted,
};
use skep_api::told::{Known, Told};
use skep_manifest::name::NodeName;
use skep_plan::preflight::{Arrived, Facts, Knock, Verdict};
use tokio::sync::oneshot;

use crate::control::listener::Caller;

/// A question with the way to its answer.
pub(super) enum Question {
    /// How is everything?
    Status(Answer<AgentStatus>),
    /// Make this the desired state.
    Submit(Submission, Hop, Answer<Submitted>),
    /// What would this change?
    Diff(Submission, Hop, Answer<Differences>),
    /// What would this have changed when an earlier desired state counted?
    Compare(Comparison, Hop, Answer<Differences>),
    /// What was the desired state before?
    History(Hop, Answer<Vec<Past>>),
    /// Make an earlier desired state count again.
    Rollback(Recall, Hop, Answer<Submitted>),
    /// What waits for a confirmation may be done.
    Confirm(Confirmation, Hop, Answer<Submitted>),
    /// How far is the world from the desired state?
    Progress(Hop, Answer<Reached>),
    /// May this node ask, which has no key?
    Admit(NodeName, Answer<Admitted>),
    /// What does this agent tell its peers?
    Report(Known, Caller, Answer<Told>),
    /// Which desired state does it work towards?
    Generation(Caller, Answer<Held>),
    /// Another agent has this desired state.
    Announce(Announcement, Caller, Answer<()>),
    /// May this node create the swarm?
    Vote(VoteRequest, Answer<Vote>),
    /// May this agent alone recover the swarm?
    Claim(Claim, Answer<ClaimAnswer>),
    /// May this node join?
    Grant(GrantRequest, Caller, Answer<Grant>),
    /// What is known of the managers, and can the swarm be recovered?
    Situation(Answer<Situation>),
    /// Let the swarm go on with one manager.
    Recover(RecoverRequest, Hop, Answer<RecoverAnswer>),
    /// Exchange the cluster's key for another one.
    Rotate(Answer<RotateAnswer>),
    /// Another agent wants a key that it lacks.
    Key(KeyRequest, Answer<KeyText>),
    /// Move a VIP group.
    Move(MoveRequest, Answer<MoveAnswer>),
    /// Another agent tells where a VIP group was moved.
    MoveOrder(Move, Answer<MoveReply>),
    /// What happened since?
    Events(Marks, Hop, Answer<Events>),
    /// Can the nodes work together?
    Preflight(Request, Answer<Verdict>),
    /// Listen in place of the engine, and say what this node is.
    PreflightListen(Round, Answer<Facts>),
    /// Try to reach the others.
    PreflightKnock(Round, Answer<Vec<Knock>>),
    /// Say what arrived.
    PreflightHeard(Token, Answer<Arrived>),
}

/// Whether a node without the cluster's key is told anything.
pub(super) enum Admitted {
    /// It belongs to the cluster.
    Listed,
    /// It does not any more, or not yet.
    Dismissed(Dismissal),
}

/// Where an answer goes.
pub(super) type Answer<T> = oneshot::Sender<Result<T, Trouble>>;

/// Where a question comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hop {
    /// From the command line: it may be passed on to the agent that can answer.
    First,
    /// From another agent, which passed it on: it is answered here or not at all.
    Last,
}

/// Why a question has no answer, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble(pub(super) String);

/// Sends `result` to who asked; they may have left.
pub(super) fn answer<T>(to: Answer<T>, result: Result<T, Trouble>) {
    let _unheard = to.send(result);
}
