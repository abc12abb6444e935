//! The agent's part in a cluster: what it knows of its engine and its peers, what it does next.
//!
//! Nothing here waits. What takes time (an engine, a peer) runs as a task that ends in a
//! [`Happening`] for control's loop.

mod apply;
mod declared;
mod digest;
mod engine;
mod errands;
mod generations;
mod grants;
mod happening;
mod history;
mod images;
mod peers;
mod recovery;
mod remembrance;
mod renewing;
mod rotating;
mod secrets;
mod shelf;
mod standby;
mod store;
mod tasks;
mod tracking;
mod unlocking;
mod view;
mod votes;
pub(super) mod writer;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use skep_api::cluster::PeerReport;
use skep_api::generation::{Held, Rank};
use skep_api::peer::PeerClient;
use skep_api::trust::file::Credentials;
use skep_api::trust::key::ClusterKeys;
use skep_api::trust::name::Standing;
use skep_manifest::desired::Desired;
use skep_plan::action::{Blocked, Executor, Step};
use skep_plan::departure::departure;
use skep_plan::observed::{Membership, NodeGroups, Observed};
use skep_plan::plan;
use skep_vrrp::time::Instant;
use tokio::sync::{Notify, mpsc};

pub(super) use apply::Act;
pub(super) use declared::{keeper, managers, own_node};
pub(super) use engine::Sight;
pub(super) use generations::sources;
pub(super) use happening::Happening;
pub(super) use history::{Recalled, Wanted};
pub(super) use peers::{Heard, agent_of, complaint};
pub(super) use secrets::{NEEDS_KEY, is_needed_by};
pub(super) use shelf::{Stored, WentBack};
pub(super) use store::{KeptMove, Store, StoreError};
pub(super) use tasks::TasksSeen;

use crate::control::cluster::apply::{is_init, is_join, is_leave};
use crate::control::cluster::declared::has_declared_address;
use crate::control::cluster::errands::{Errand, Errands};
use crate::control::cluster::generations::on_disk;
use crate::control::cluster::grants::Grants;
use crate::control::cluster::happening::forward;
use crate::control::cluster::images::Images;
use crate::control::cluster::peers::Peers;
use crate::control::cluster::recovery::Recovery;
use crate::control::cluster::rotating::Rotating;
use crate::control::cluster::secrets::Secrets;
use crate::control::cluster::shelf::Opener;
use crate::control::cluster::store::Remembered;
use crate::control::cluster::tasks::Tasks;
use crate::control::cluster::tracking::Told;
use crate::control::cluster::unlocking::UnlockKeys;
use crate::control::desired::Accepted;
use crate::control::now;
use crate::control::unkept::Unkept;

/// Happenings that may wait for the loop.
const HAPPENINGS_WAITING: usize = 64;

/// Where an agent of a cluster finds what it needs.
#[derive(Clone, Debug)]
pub struct ClusterOptions {
    /// The secret of the cluster.
    pub key: PathBuf,
    /// Where it keeps what must survive a restart.
    pub state: PathBuf,
    /// Where it listens for its peers.
    pub listen: SocketAddr,
    /// The socket of this node's Docker engine.
    pub docker: PathBuf,
}

/// Everything an agent knows of its cluster.
pub(super) struct Cluster {
    store: Store,
    secrets: Secrets,
    peers: Peers,
    happenings: mpsc::Sender<Happening>,
    docker: PathBuf,
    look_again: Arc<Notify>,
    sight: Option<Sight>,
    /// The tasks on this node's engine.
    tasks: Tasks,
    /// What this node does about VIP groups.
    groups: NodeGroups,
    /// What a manager last told of the swarm, as far as VIP groups depend on it.
    told: Told,
    remembered: Option<Remembered>,
    unlock_keys: UnlockKeys,
    /// What this agent works towards.
    held: Option<Held>,
    /// Since when it does, in this life.
    held_since: Option<Instant>,
    /// The last desired state that this agent could not understand.
    passed_over: Rank,
    opener: Opener,
    images: Images,
    grants: Grants,
    errands: Errands,
    /// Whether this node has the address that the manifest gives it: what is mistyped moves nobody.
    has_declared_address: bool,
    /// Since when the engine is in a swarm without working.
    idle_since: Option<Instant>,
    /// Whether that has been so for too long.
    is_stuck: bool,
    /// Whether a desired state is on its way.
    fetching: bool,
    /// Whether the swarm is given a desired state to keep.
    storing: bool,
    /// When the swarm last took one, or refused to: a look that began before says nothing of it.
    stored_at: Option<Instant>,
    went_back: Option<WentBack>,
    unkept: Option<Unkept>,
    recovery: Recovery,
    rotating: Rotating,
    blocked: Vec<Blocked>,
}

impl Cluster {
    /// The cluster as the state directory knows it; what happens is sent to the receiver.
    pub(super) fn open(
        options: &ClusterOptions,
        credentials: Credentials,
        client: PeerClient,
    ) -> anyhow::Result<(Self, mpsc::Receiver<Happening>)> {
        let (happenings, inbox) = mpsc::channel(HAPPENINGS_WAITING);
        let look_again = Arc::new(Notify::new());
        let (sights, seen) = mpsc::channel(1);
        let store = Store::open(&options.state)?;
        let secrets = Secrets::new(credentials, &store)?;
        let opener = Opener::new(&options.docker, secrets.keys());
        tokio::spawn(engine::watch(
            options.docker.clone(),
            opener.clone(),
            Arc::clone(&look_again),
            sights,
        ));
        let (tasks, tasks_seen) = mpsc::channel(1);
        tokio::spawn(tasks::watch(options.docker.clone(), tasks));
        let (reports, heard) = mpsc::channel(HAPPENINGS_WAITING);

        let boxed = |sight| Happening::Seen(Box::new(sight));
        tokio::spawn(forward(seen, happenings.clone(), boxed));
        tokio::spawn(forward(
            tasks_seen,
            happenings.clone(),
            Happening::TasksSeen,
        ));
        tokio::spawn(forward(heard, happenings.clone(), Happening::Heard));
        let sealing = secrets.keys().map(ClusterKeys::value_keys);
        let (held, unkept) = on_disk(&store, now());
        let cluster = Self {
            remembered: store.remembered()?,
            unlock_keys: UnlockKeys::read(&store, sealing),
            held,
            held_since: None,
            passed_over: Rank::default(),
            opener,
            rotating: Rotating::new(options.key.clone(), secrets.keys()),
            secrets,
            peers: Peers::new(client, reports),
            docker: options.docker.clone(),
            look_again,
            sight: None,
            images: Images::default(),
            tasks: Tasks::new(now()),
            groups: NodeGroups::default(),
            told: Told::default(),
            grants: Grants::inherit(store.has_granted(), now()),
            errands: Errands::default(),
            has_declared_address: false,
            idle_since: None,
            is_stuck: false,
            fetching: false,
            storing: false,
            stored_at: None,
            went_back: None,
            unkept,
            recovery: Recovery::open(&store)?,
            blocked: Vec::new(),
            happenings,
            store,
        };
        Ok((cluster, inbox))
    }

    pub(super) fn handle_seen(&mut self, sight: Sight, accepted: Option<&Accepted>, now: Instant) {
        let after = sight.membership.clone();
        let is_in_swarm = matches!(after, Membership::Active(_));
        self.errands.handle_look(sight.began, is_in_swarm);
        let before = self.sight.replace(sight);
        self.judge_engine(&after, now);
        self.take_told_by_engine();
        self.has_declared_address = accepted.is_some_and(has_declared_address);
        self.remember_if_ours();
        self.follow_majority(accepted, now);
        self.keep_unlock_key(accepted);
        self.handle_shelf(now);
        if before.is_none_or(|before| before.membership != after) {
            // Others wait for this node to come in: they are told to look.
            if let Some(accepted) = accepted {
                self.announce_to_all(accepted);
            }
        }
    }

    pub(super) fn handle_heard(&mut self, heard: Heard, accepted: Option<&Accepted>, now: Instant) {
        let node = heard.node.clone();
        let has_key = heard.standing == Some(Standing::KeyHolder);
        let told = heard.told.as_ref().ok();
        // What is not told again is as it was.
        let known = || self.peer(&node).map(|(report, _)| &**report);
        let report = told.and_then(|told| told.report.as_deref().or_else(known));
        let theirs = report.map(PeerReport::rank);
        let theirs_first = report.and_then(|report| report.generation.as_ref());
        let gives_way = theirs_first.is_some_and(|id| self.gives_way_to(id, theirs));
        let given = report.filter(|_| has_key && theirs == Some(self.rank()));
        let given = given.map(|report| report.entrusted.clone());
        let recovered = report.and_then(|report| report.recovery.recovered.clone());
        self.learn_of_recovery(recovered);
        if self.peers.handle_heard(heard, now) {
            self.attend(accepted, now);
        }
        self.take_told_by_peer(&node, now);
        self.remember_if_ours();
        if let Some(given) = given {
            self.take_entrusted(&given);
        }
        match theirs {
            // Only who has the key can know what shall be.
            Some(theirs) if theirs > self.newest_seen() || gives_way => {
                if has_key {
                    self.fetch(&node);
                }
            }
            Some(theirs) if theirs < self.rank() => self.announce(&node, accepted),
            Some(_) | None => {}
        }
    }

    pub(super) fn handle_done(
        &mut self,
        outcome: apply::Outcome,
        accepted: Option<&Accepted>,
        now: Instant,
    ) {
        let errand = self.errands.take(outcome.has_begun_to_create);
        if errand == Some(Errand::Recover) {
            self.handle_recovery_tried(&outcome);
        }
        if let Some(membership) = outcome.membership {
            self.handle_seen(Sight::of(membership, now), accepted, now);
        }
        let has_failed = outcome.trouble.is_some();
        if errand == Some(Errand::Rotate) {
            self.handle_rotated(has_failed);
        }
        self.errands.conclude(errand, outcome.trouble, now);
        // What was refused is refused again: it is tried at the pace of the looks.
        if !has_failed {
            self.look_again.notify_one();
        }
    }

    /// Does what is next, when nothing is being done.
    pub(super) fn proceed(&mut self, accepted: &Accepted, now: Instant) {
        let Some(swarm) = &accepted.desired.swarm else {
            return;
        };
        let observed = self.observed(accepted.node.as_ref(), now);
        self.look_up_images(accepted, &observed, now);
        let Some(node) = &accepted.node else {
            return self.depart(&accepted.desired, &observed);
        };
        if self.is_left_behind(now) {
            return self.start_leaving_by_force();
        }
        let planned = plan(&accepted.desired, &observed);
        // Who has no key reads no desired state from the swarm, and changes nothing there.
        let writes = self.has_key() && self.writer(&swarm.spec, node, now) == Some(node);
        if writes {
            self.hand_over(&swarm.metadata.name);
        }
        self.blocked.clone_from(&planned.blocked);
        if self.errands.is_busy() {
            return;
        }
        if let Some(keys) = self.keys_for_locked(&swarm.spec) {
            return self.start_unlocking(keys);
        }
        let all_done = planned.steps.is_empty() && planned.waiting.is_empty();
        let mine: Vec<Step> = planned
            .steps
            .into_iter()
            .filter(|step| match &step.executor {
                // A join needs a grant, it is asked for below.
                Executor::Node(executor) => {
                    executor == node && !is_join(step) && (self.has_key() || !is_init(step))
                }
                Executor::Writer => writes && observed.cluster.is_some(),
            })
            .collect();
        if mine.is_empty() && self.engine().membership.is_manager() {
            // What could not be written is no longer to be, or another agent has written it.
            self.errands.forget_trouble();
        }
        if let Some(init) = mine.iter().find(|step| is_init(step)) {
            self.start_init(
                init.clone(),
                &swarm.spec,
                swarm.metadata.name.as_str(),
                node,
            );
        } else if let Some(leave) = mine.iter().find(|step| is_leave(step)) {
            self.start_leaving(leave.action.clone());
        } else if !mine.is_empty() {
            self.start_writing(mine, &swarm.spec);
        } else if self.wants_to_join() {
            self.start_join(&swarm.spec, node, now);
        } else if all_done && self.engine().membership.is_manager() {
            // Nobody is on the way in: what was granted is worth nothing from here on.
            self.rotate_tokens(&observed, now);
        }
    }

    /// Leaves the swarm when the manifest does not list this node any more, and it is its turn.
    fn depart(&mut self, desired: &Desired, observed: &Observed) {
        self.blocked.clear();
        if self.errands.is_busy() {
            return;
        }
        if let Some(leave) = departure(desired, observed, &self.engine()) {
            self.start_leaving(leave);
        }
    }

    fn wants_to_join(&self) -> bool {
        let is_out = match &self.engine().membership {
            Membership::Inactive => true,
            Membership::Silent
            | Membership::Pending
            | Membership::Error(_)
            | Membership::Locked
            | Membership::Active(_) => false,
        };
        let mut peers = self.peers.iter();
        is_out && peers.any(|(_, peer)| peer.swarm.is_some())
    }
}
