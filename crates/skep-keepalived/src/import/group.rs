//! Instances of several nodes as one group: what is the same on all of them is the group's, what
//! is each one's own is its member's.

mod notes;
mod part;

use std::collections::BTreeMap;

use skep_manifest::name::Name;
use skep_manifest::object::{Metadata, Object, Resource};
use skep_manifest::problem::Severity;
use skep_manifest::span::Span;
use skep_manifest::vip_group::VipGroupSpec;
use skep_manifest::vip_group::address::VirtualAddress;
use skep_manifest::vip_group::member::Member;
use skep_manifest::vip_group::transport::Transport;

use super::model::{Instance, Node};
use super::names::Names;
use super::notify::Notifiers;
use super::{check, member};
use crate::language::Texts;
use part::Said;

/// An object, and where its fields were said: by the pointers to them.
pub(super) struct Document {
    pub(super) object: Object,
    pub(super) notes: Vec<(String, Span)>,
}

/// The instance of one node that belongs to a group.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) node: &'a Node,
    pub(super) instance: &'a Instance,
}

/// What the objects share while groups are made.
pub(super) struct Shared<'a> {
    pub(super) checks: Names,
    pub(super) sync_groups: Names,
    pub(super) notifiers: Notifiers,
    pub(super) texts: &'a mut Texts,
}

pub(super) fn metadata(name: Name) -> Metadata {
    Metadata {
        name,
        labels: BTreeMap::new(),
        annotations: BTreeMap::new(),
    }
}

/// All objects: groups, checks, notifiers.
pub(super) fn merge(nodes: &[Node], texts: &mut Texts) -> Vec<Document> {
    let mut shared = Shared {
        checks: Names::default(),
        sync_groups: Names::default(),
        notifiers: Notifiers::default(),
        texts,
    };
    let mut names = Names::default();
    let mut documents = Vec::new();
    for mut parts in clusters(nodes) {
        member::sort(&mut parts);
        let name = names.another(&parts[0].instance.name.value);
        documents.push(group(name, &parts, &mut shared));
    }
    for node in nodes {
        let _name = shared.notifiers.mail(node);
    }
    documents.extend(check::documents(nodes, &mut shared.checks, shared.texts));
    documents.extend(shared.notifiers.documents());
    documents
}

/// The instances that are one virtual router: of one name, or of one id with an address in common.
fn clusters(nodes: &[Node]) -> Vec<Vec<Part<'_>>> {
    let mut clusters: Vec<Vec<Part<'_>>> = Vec::new();
    for node in nodes {
        for instance in &node.instances {
            let part = Part { node, instance };
            let found = clusters.iter_mut().find(|cluster| {
                cluster.iter().all(|other| other.node.name != node.name)
                    && cluster
                        .iter()
                        .any(|other| is_same(other.instance, instance))
            });
            match found {
                Some(cluster) => cluster.push(part),
                None => clusters.push(vec![part]),
            }
        }
    }
    clusters
}

fn is_same(one: &Instance, other: &Instance) -> bool {
    let id = |instance: &Instance| instance.virtual_router_id.as_ref().map(|id| id.value);
    let shares_address = one.addresses.iter().any(|held| {
        let address = held.value.address.address();
        other
            .addresses
            .iter()
            .any(|other| other.value.address.address() == address)
    });
    id(one) == id(other) && (shares_address || one.name.value == other.name.value)
}

/// RFC 5737 §3: an address that is nobody's, where a file names none.
const PLACEHOLDER: &str = "192.0.2.1";

fn group(name: Name, parts: &[Part<'_>], shared: &mut Shared<'_>) -> Document {
    let first = &parts[0];
    let base = part::read(first, shared);
    for part in &parts[1..] {
        let other = part::read(part, shared);
        let differing = differences(&base.spec, &other.spec);
        report_differences(&differing, part, first, shared.texts);
    }
    let Said {
        mut spec,
        mut notes,
    } = base;
    if spec.addresses.is_empty() {
        shared
            .texts
            .report(Severity::Error, "no-address", first.instance.name.span)
            .says(format!(
                "`{}` has no address that can be taken over",
                first.instance.name.value
            ))
            .help(format!(
                "put the address that moves in the place of {PLACEHOLDER} in the manifest"
            ));
        spec.addresses.push(VirtualAddress {
            address: PLACEHOLDER.parse().expect("it is an address"),
            interface: None,
            label: None,
            advertised: None,
        });
    }
    let (members, spans) = member::members(parts, shared.texts);
    report_unreachable(&spec, &members, first, shared.texts);
    spec.members = members;
    let place = |(at, span)| (format!("/spec/members/{at}"), span);
    notes.extend(spans.into_iter().enumerate().map(place));
    Document {
        object: Object::VipGroup(Resource {
            metadata: metadata(name),
            spec,
        }),
        notes,
    }
}

/// What every node must say alike, by its keyword.
fn differences(one: &VipGroupSpec, other: &VipGroupSpec) -> Vec<&'static str> {
    let fields = [
        (
            "virtual_router_id",
            one.virtual_router_id == other.virtual_router_id,
        ),
        (
            "dont_track_primary",
            one.track_interface == other.track_interface,
        ),
        ("virtual_ipaddress", one.addresses == other.addresses),
        ("virtual_routes", one.routes == other.routes),
        ("virtual_rules", one.rules == other.rules),
        (
            "advert_int",
            one.advertisement_interval == other.advertisement_interval,
        ),
        ("authentication", one.authentication == other.authentication),
        ("v3_checksum_as_v2", one.checksum == other.checksum),
        (
            "nopreempt or preempt_delay",
            one.preemption == other.preemption,
        ),
        ("vrrp_startup_delay", one.start == other.start),
        ("vrrp_sync_group", one.sync_group == other.sync_group),
        (
            "track_file, track_interface, track_script or track_process",
            one.tracking == other.tracking,
        ),
        ("garp_master_…", one.announcements == other.announcements),
        (
            "unicast_peer or mcast_dst_ip",
            one.transport == other.transport,
        ),
        ("use_vmac", one.virtual_mac == other.virtual_mac),
        ("accept", one.accept == other.accept),
        ("notify or smtp_alert", one.notify == other.notify),
    ];
    let differing = fields.into_iter().filter(|(_, is_same)| !is_same);
    differing.map(|(keyword, _)| keyword).collect()
}

fn report_differences(keywords: &[&str], part: &Part<'_>, first: &Part<'_>, texts: &mut Texts) {
    for keyword in keywords {
        texts
            .report(
                Severity::Warning,
                "differs-between-nodes",
                part.instance.name.span,
            )
            .says(format!(
                "`{keyword}` differs between `{}` and `{}`",
                first.node.name, part.node.name
            ))
            .help(format!(
                "a group has it once: what `{}` says is taken over",
                first.node.name
            ))
            .beside(first.instance.name.span, "the preferred node");
    }
}

/// Members that a peer could not reach.
fn report_unreachable(
    spec: &VipGroupSpec,
    members: &[Member],
    first: &Part<'_>,
    texts: &mut Texts,
) {
    let is_unicast = matches!(spec.transport, Transport::Unicast(_));
    for member in members {
        if let Member::Node(node) = member
            && node.address.is_none()
            && is_unicast
        {
            texts
                .report(
                    Severity::Error,
                    "unknown-peer-address",
                    first.instance.name.span,
                )
                .says(format!(
                    "nothing says which address `{}` sends from",
                    node.node
                ))
                .help("import the files of all its peers, or give the member its `address`");
        }
    }
}
