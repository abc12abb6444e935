//! Conditions: what is known of an object's state, in the words that every command prints.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is known of one side of an object's state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Condition {
    /// Which side.
    #[serde(rename = "type")]
    pub condition_type: ConditionType,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// Why, in one word.
    pub reason: Reason,
    /// Why, for people.
    pub message: String,
    /// When the status last changed: RFC 3339, in UTC.
    pub last_transition_time: String,
    /// The generation of the desired state that this was seen with.
    pub observed_generation: u64,
}

/// The sides of an object's state.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum ConditionType {
    /// It is as it shall be.
    Ready,
    /// It is being changed.
    Reconciling,
    /// It cannot be changed without somebody's help.
    Stalled,
    /// It works, but not as it should.
    Degraded,
}

/// Whether a condition holds.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum ConditionStatus {
    /// It does.
    True,
    /// It does not.
    False,
    /// Nobody can tell.
    Unknown,
}

/// Why a condition is what it is. `skep explain conditions` prints this list: the first paragraph
/// of each is the cause, the second the remedy.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum Reason {
    /// It is as the manifest says.
    ///
    /// Remedy: None is needed.
    AsDeclared,
    /// It is not yet as the manifest says; work goes on.
    ///
    /// Remedy: Wait; the message says what for.
    InProgress,
    /// It differs from the manifest, which says to report that and no more.
    ///
    /// Remedy: Look at the difference with `skep diff`, and change the manifest or what somebody
    /// changed by hand.
    Drifted,
    /// The manifests have errors; what ran before them goes on.
    ///
    /// Remedy: `skep lint` names each error with its place; mend them and submit the manifests
    /// again.
    InvalidManifest,
    /// A field has no effect in this version of skep.
    ///
    /// Remedy: Remove the field, or run a version that knows it.
    NotSupported,
    /// There is a cluster key, but no `Swarm`.
    ///
    /// Remedy: Add a `Swarm` to the manifests, or remove the cluster key from a node that shall
    /// run VIPs only.
    SwarmMissing,
    /// There is a `Swarm`, but no cluster key.
    ///
    /// Remedy: Copy the `cluster.key` of another node to this one, or make the first one with
    /// `skep keygen`.
    KeyMissing,
    /// The certificate that a node has in place of the cluster's key ends soon, or has ended: then
    /// no other agent answers it, and it goes on with what it knows.
    ///
    /// Remedy: `skep keygen --node NAME` where the cluster's key is makes another; put it in place of
    /// the old one, and that node's agent takes it up.
    CertificateEnds,
    /// The cluster's key is exchanged for another one, in three steps that every node of the
    /// manifest takes; the message says how far and what for this node waits.
    ///
    /// Remedy: Wait, or start the agents that are named; what shall not come back is taken out of
    /// the manifest.
    KeyRotation,
    /// No node of the manifest is this one, or it has no part in the group.
    ///
    /// Remedy: Add the node to the manifest, or start the agent with `--node NAME`.
    NotAMember,
    /// The engine is in a swarm that is not skep's.
    ///
    /// Remedy: `docker swarm leave` on that node if nobody needs the swarm, or take the node out
    /// of the manifest.
    ForeignSwarm,
    /// The Docker engine does not answer.
    ///
    /// Remedy: `systemctl status docker` on that node says why; skep goes on as soon as it
    /// answers.
    EngineSilent,
    /// A node's agent does not answer.
    ///
    /// Remedy: Start it (`systemctl start skep`), and let TCP port 7380 pass between the nodes.
    AgentSilent,
    /// The swarm has no majority of its managers.
    ///
    /// Remedy: Start the managers that are down; VIPs and running tasks carry on meanwhile.
    QuorumLost,
    /// The change would leave no majority of the managers.
    ///
    /// Remedy: Bring back the managers that are not reachable, or add one first; then it goes on
    /// by itself.
    QuorumAtRisk,
    /// A node left the manifest before it was drained.
    ///
    /// Remedy: Put it back with `availability: drain`, wait until it runs no task, and remove it
    /// then.
    NodeNotDrained,
    /// A setting counts only when the swarm is created.
    ///
    /// Remedy: Put the old value back, or create the swarm anew.
    InitOnly,
    /// The stored desired state is older than what already ran.
    ///
    /// Remedy: Submit the manifests that shall run; nothing changes until then.
    StoreWentBack,
    /// The disk of this node does not take what its agent has to remember: a restart begins with
    /// what was before.
    ///
    /// Remedy: Make room on the disk, or make it writable again, as the message says; it is tried
    /// every second.
    StateNotKept,
    /// A watched source is not what was last fed from it and did not change from that, or part of
    /// what it fed was rolled back or taken over.
    ///
    /// Remedy: Look with `skep diff`; make the source what counts, or let it count with `skep
    /// confirm`, as the message says.
    SourceDiffers,
    /// What a watched source holds may not be fed: a commit without the signature that is asked for,
    /// files that lead out of the repository, or nothing at all.
    ///
    /// Remedy: The message names what is in the way; what ran goes on until the source is mended.
    SourceRefused,
    /// A watched repository cannot be reached, or has no such branch.
    ///
    /// Remedy: The message holds the words of git; look at the address, the credentials and the
    /// server. It is tried again with every look, and what ran goes on.
    SourceUnreachable,
    /// A change is so large that somebody must confirm it.
    ///
    /// Remedy: Look with `skep diff`; allow it with `skep confirm`, as the message says, or put back
    /// what is missing.
    AwaitsConfirmation,
    /// The engine or the kernel refused the change.
    ///
    /// Remedy: The message holds their words; mend what they name, the change is tried again.
    Refused,
    /// The process that speaks VRRP does not answer.
    ///
    /// Remedy: It is started again by itself; when that goes on, the log of the agent says why.
    DataPlaneSilent,
    /// Control does not answer; the VIPs carry on with what they know.
    ///
    /// Remedy: It is started again by itself; when that goes on, look for a disk or memory that is
    /// full.
    ControlSilent,
    /// The process that speaks VRRP ended again and again.
    ///
    /// Remedy: The log of the agent says how it ended; until it runs, other members hold the
    /// addresses.
    DataPlaneEnds,
    /// The process that speaks VRRP has no real-time priority or no locked memory: under load its
    /// advertisements may be late.
    ///
    /// Remedy: Grant what the message names; the systemd unit of skep does. In a container:
    /// `--cap-add SYS_NICE --cap-add IPC_LOCK`.
    MayBeLate,
    /// Somebody else removes an address again and again.
    ///
    /// Remedy: Keep the program that the message names away from the address; skep puts it back
    /// each time.
    AddressRemoved,
    /// A virtual address is on a node that does not hold it, and skep did not put it there: two
    /// hosts may answer for it.
    ///
    /// Remedy: Remove it with the command in the message, after whatever puts it there, such as a
    /// keepalived or the configuration of the network; skep touches no address that is not its own.
    ForeignAddress,
    /// A member left, and nobody took over.
    ///
    /// Remedy: Start another member, or find out on it with `skep describe vip` why it took no
    /// part.
    NoSuccessor,
    /// Nobody holds the addresses.
    ///
    /// Remedy: Wait for a down interval; then `skep describe vip` on each member says why it does
    /// not.
    NoActive,
    /// More than one member holds the addresses.
    ///
    /// Remedy: Let VRRP (IP protocol 112) pass between the members: firewalls, IGMP snooping in
    /// switches, or `transport.unicast`.
    TwoActive,
    /// A member of a group of several has never heard another one. While it is Active itself that
    /// alone proves nothing, for Backups are silent: the status is `Unknown` until another agent
    /// says what it hears.
    ///
    /// Remedy: Look whether another member runs; let IP protocol 112 pass its firewall; give the
    /// switch an IGMP querier or turn its snooping off for 224.0.0.18 and ff02::12; or use
    /// `transport.unicast`.
    NothingHeard,
    /// Somebody else uses the same virtual router id.
    ///
    /// Remedy: Give one of the two another `virtualRouterId`; if it is a member, write its
    /// `address` into the manifest.
    ForeignAdvertisements,
    /// Somebody else advertises from this node's address.
    ///
    /// Remedy: Find the other host with that address, or the bridge or bond that sends packets
    /// back.
    OwnAddressHeard,
    /// Another router of the group speaks the other version.
    ///
    /// Remedy: Set `version` to the same everywhere.
    VersionMismatch,
    /// Another router of the group has another password or key, or none.
    ///
    /// Remedy: Set `authentication` to the same everywhere; keys are exchanged without a break by
    /// `mode: permissive`.
    AuthenticationMismatch,
    /// Another router of the group advertises at another interval.
    ///
    /// Remedy: Set `advertisementInterval` to the same everywhere: version 2 ignores whoever
    /// differs.
    IntervalMismatch,
    /// Another router of the group advertises other addresses.
    ///
    /// Remedy: Set `addresses` to the same everywhere, in external routers too.
    AddressesMismatch,
    /// Another router of the group computes the checksum over something else.
    ///
    /// Remedy: Set `checksum.pseudoHeader` as the other router does.
    ChecksumMismatch,
    /// What arrives for the group is damaged, or comes from another network.
    ///
    /// Remedy: Find out who sends it: the message has the address. Unicast that crosses routers needs
    /// `transport.unicast.minimumTtl`.
    DamagedAdvertisements,
    /// A health input fails.
    ///
    /// Remedy: `skep describe vip` says which and why; the node takes part again when it passes.
    InputFailing,
    /// An interface is down or missing, or has no address to advertise from.
    ///
    /// Remedy: Bring it up, give it its address, or correct `interface`.
    InterfaceDown,
    /// A key or secret is missing on this node.
    ///
    /// Remedy: Put it where the manifest says; the node takes part as soon as it is there.
    SecretMissing,
    /// Somebody who is to be told about transitions cannot be told.
    ///
    /// Remedy: Mend what the message says about the notifier; what waits is sent then.
    NotificationsFailing,
}

impl fmt::Display for ConditionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl fmt::Display for ConditionStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
