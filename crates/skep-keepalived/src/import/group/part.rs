//! What one node's instance says of its group.

use skep_manifest::address::Address;
use skep_manifest::duration::Duration;
use skep_manifest::priority::VirtualRouterId;
use skep_manifest::problem::Severity;
use skep_manifest::span::Span;
use skep_manifest::vip_group::ADDRESSES_MAX;
use skep_manifest::vip_group::address::VirtualAddress;
use skep_manifest::vip_group::announcements::Announcements;
use skep_manifest::vip_group::authentication::Authentication;
use skep_manifest::vip_group::member::Priorities;
use skep_manifest::vip_group::timing::{AdvertisementInterval, Lease, Preemption, Start};
use skep_manifest::vip_group::tracking::{TrackedCheck, TrackedInterface, Tracking};
use skep_manifest::vip_group::transport::{
    Checksum, Multicast, PseudoHeader, Transport, Unicast, Version,
};
use skep_manifest::vip_group::{Notification, VipGroupSpec};

use super::super::model::{At, HeldAddress, Instance, SyncGroup, Track, Tracked};
use super::super::notify::About;
use super::super::number;
use super::{Part, Shared, notes};
use crate::language::Texts;

/// The group as one node's file has it, without members, and where its fields were said.
pub(super) struct Said {
    pub(super) spec: VipGroupSpec,
    pub(super) notes: Vec<(String, Span)>,
}

/// What `part` says of its group.
pub(super) fn read(part: &Part<'_>, shared: &mut Shared<'_>) -> Said {
    let Part { node, instance } = *part;
    let version = version(part, shared.texts);
    let sync = node
        .sync_groups
        .iter()
        .find(|group| position(group, instance).is_some());
    let leads = sync.filter(|group| position(group, instance) == Some(0));
    let mut tracks: Vec<&At<Track>> = instance.tracks.iter().collect();
    tracks.extend(leads.iter().flat_map(|group| &group.tracks));
    let notify = notifications(part, leads, shared);
    let spec = VipGroupSpec {
        virtual_router_id: virtual_router_id(instance, shared.texts),
        version,
        interface: instance.interface.as_ref().map(|one| one.value.clone()),
        track_interface: instance.ignores_interface.is_none(),
        addresses: addresses(instance, version, shared.texts),
        routes: instance
            .routes
            .iter()
            .map(|one| one.value.clone())
            .collect(),
        rules: instance.rules.iter().map(|one| one.value.clone()).collect(),
        lease: Lease::default(),
        advertisement_interval: interval(instance, version, shared.texts),
        authentication: authentication(instance, version, shared.texts),
        checksum: checksum(part),
        members: Vec::new(),
        selector: None,
        priorities: Priorities::default(),
        preemption: preemption(instance, shared.texts),
        start: Start {
            delay: node
                .globals
                .start_delay
                .as_ref()
                .map_or(Duration::ZERO, |one| one.value),
            ..Start::default()
        },
        sync_group: sync.and_then(|group| {
            shared
                .sync_groups
                .name(&group.name.value)
                .as_str()
                .parse()
                .ok()
        }),
        tracking: tracks
            .into_iter()
            .filter_map(|track| tracking(part, track, shared))
            .collect(),
        announcements: announcements(part),
        transport: transport(part, shared.texts),
        virtual_mac: instance.virtual_mac.is_some(),
        accept: instance.accept.as_ref().is_none_or(|one| one.value),
        notify,
    };
    Said {
        spec,
        notes: notes::places(part),
    }
}

/// Whom the instance tells, and whom its sync group does if this is the first of it.
fn notifications(
    part: &Part<'_>,
    leads: Option<&SyncGroup>,
    shared: &mut Shared<'_>,
) -> Vec<Notification> {
    let Part { node, instance } = *part;
    let own = About {
        kind: "INSTANCE",
        name: &instance.name.value,
    };
    let mut all = shared
        .notifiers
        .notifications(node, &instance.told, own, shared.texts);
    if let Some(group) = leads {
        let about = About {
            kind: "GROUP",
            name: &group.name.value,
        };
        let of_group = shared
            .notifiers
            .notifications(node, &group.told, about, shared.texts);
        for one in of_group {
            if !all.contains(&one) {
                all.push(one);
            }
        }
    }
    all
}

fn position(group: &SyncGroup, instance: &Instance) -> Option<usize> {
    group
        .instances
        .iter()
        .position(|name| name.value == instance.name.value)
}

fn virtual_router_id(instance: &Instance, texts: &mut Texts) -> VirtualRouterId {
    if let Some(id) = &instance.virtual_router_id {
        return id.value;
    }
    texts
        .report(Severity::Error, "missing-value", instance.name.span)
        .says(format!(
            "`{}` has no `virtual_router_id`",
            instance.name.value
        ))
        .help("add it; keepalived does not run the instance");
    VirtualRouterId::Auto
}

fn version(part: &Part<'_>, texts: &mut Texts) -> Version {
    let said = part
        .instance
        .version
        .as_ref()
        .or(part.node.globals.version.as_ref());
    let first = part
        .instance
        .addresses
        .iter()
        .find(|held| !held.value.is_excluded);
    let is_ipv6 = first.is_some_and(|held| held.value.address.address().is_ipv6());
    match said {
        Some(said) if is_ipv6 && said.value == Version::V2 => {
            texts
                .report(Severity::Note, "version-3-for-ipv6", said.span)
                .says("version 2 has no IPv6")
                .help("keepalived takes 3 for this instance, and so does the manifest");
            Version::V3
        }
        Some(said) => said.value,
        None if is_ipv6 => Version::V3,
        None => Version::V2,
    }
}

/// The advertised ones first: the family of the first decides for a group.
pub(super) fn held(instance: &Instance) -> impl Iterator<Item = &At<HeldAddress>> {
    let of = |is_excluded| {
        let addresses = instance.addresses.iter();
        addresses.filter(move |held| held.value.is_excluded == is_excluded)
    };
    of(false).chain(of(true))
}

fn addresses(instance: &Instance, version: Version, texts: &mut Texts) -> Vec<VirtualAddress> {
    let mut addresses = Vec::new();
    for held in held(instance) {
        if version == Version::V2 && held.value.address.address().is_ipv6() {
            texts
                .report(Severity::Error, "not-expressible", held.span)
                .says(format!(
                    "`{}` cannot be in a group of version 2",
                    held.value.address
                ))
                .help("use `vrrp_version 3` on all nodes, or a group of its own; it is left out");
            continue;
        }
        if addresses.len() == ADDRESSES_MAX {
            texts
                .report(Severity::Error, "not-expressible", held.span)
                .says(format!("a group has at most {ADDRESSES_MAX} addresses"))
                .help("this one and those behind it are left out: put them in another instance");
            break;
        }
        addresses.push(address(held, texts));
    }
    addresses
}

fn address(held: &At<HeldAddress>, texts: &mut Texts) -> VirtualAddress {
    let label = held.value.label.as_ref().and_then(|label| {
        let parsed = label.parse().ok();
        if parsed.is_none() {
            texts
                .report(Severity::Error, "invalid-value", held.span)
                .says(format!("`{label}` is no label"))
                .help("at most 15 characters without space or `/`; it is left out");
        }
        parsed
    });
    VirtualAddress {
        address: held.value.address,
        interface: held.value.interface.clone(),
        label,
        advertised: held.value.is_excluded.then_some(false),
    }
}

fn interval(instance: &Instance, version: Version, texts: &mut Texts) -> AdvertisementInterval {
    let Some(said) = &instance.interval else {
        return AdvertisementInterval::default();
    };
    let fits = match version {
        Version::V2 => said.value.fits_version_2(),
        Version::V3 => said.value.fits_version_3(),
    };
    if fits {
        return said.value;
    }
    let rounded = match version {
        Version::V2 => said.value.time().as_secs_f64().round().clamp(1.0, 255.0),
        Version::V3 => 40.0,
    };
    texts
        .report(Severity::Error, "interval-does-not-fit", said.span)
        .says(format!(
            "version {} cannot say an interval of {}",
            u8::from(version),
            said.value
        ))
        .help(format!(
            "whole seconds in version 2, up to 40.95 in version 3; {rounded}s is taken over"
        ));
    format!("{rounded}s").parse().unwrap_or_default()
}

fn authentication(
    instance: &Instance,
    version: Version,
    texts: &mut Texts,
) -> Option<Authentication> {
    let said = instance.authentication.as_ref()?;
    let fits = match &said.value {
        Authentication::Simple(_) => version == Version::V2,
        Authentication::Hmac(_) => version == Version::V3,
        Authentication::None(_) | Authentication::Cluster(_) => true,
    };
    if !fits {
        texts
            .report(Severity::Warning, "authentication-ignored", said.span)
            .says(format!(
                "version {} has no such authentication",
                u8::from(version)
            ))
            .help("keepalived ignores it, and it is left out: use `auth_hmac` with version 3");
    }
    fits.then(|| said.value.clone())
}

fn checksum(part: &Part<'_>) -> Checksum {
    let said = part
        .instance
        .checksum_as_v2
        .as_ref()
        .or(part.node.globals.checksum_as_v2.as_ref());
    Checksum {
        pseudo_header: match said.map(|one| one.value) {
            Some(true) => PseudoHeader::Never,
            Some(false) => PseudoHeader::Always,
            None => PseudoHeader::Auto,
        },
    }
}

fn preemption(instance: &Instance, texts: &mut Texts) -> Preemption {
    let is_master = instance.is_master.as_ref().is_some_and(|one| one.value);
    let mut preemption = Preemption {
        enabled: instance.preempt.as_ref().is_none_or(|one| one.value),
        delay: instance
            .preempt_delay
            .as_ref()
            .map_or(Duration::ZERO, |one| one.value),
    };
    if is_master && preemption != Preemption::default() {
        let refused = instance
            .preempt
            .as_ref()
            .filter(|one| !one.value)
            .map(|one| one.span);
        let span = refused.or(instance.preempt_delay.as_ref().map(|one| one.span));
        texts
            .report(Severity::Warning, "ignored-with-master", span.unwrap_or(instance.name.span))
            .says("keepalived ignores `nopreempt` and `preempt_delay` beside `state MASTER`")
            .help("write `state BACKUP` on all nodes if it is wanted; here it is left out, as it works");
        return Preemption::default();
    }
    if !preemption.enabled {
        preemption.delay = Duration::ZERO;
    }
    preemption
}

fn tracking(part: &Part<'_>, track: &At<Track>, shared: &mut Shared<'_>) -> Option<Tracking> {
    let Track { what, weight } = &track.value;
    match what {
        Tracked::Interface(interface) => {
            let delays = part
                .node
                .delays
                .get(interface.as_str())
                .map(|one| one.value);
            let (down_delay, up_delay) = delays.unwrap_or_default();
            Some(Tracking::Interface(TrackedInterface {
                interface: interface.clone(),
                effect: None,
                weight: *weight,
                up_delay,
                down_delay,
            }))
        }
        Tracked::Number(name, weight) => {
            number::tracking(part, &At::new(name, track.span), *weight, shared)
        }
        Tracked::Check(name) => {
            let Some(script) = part.node.scripts.get(name) else {
                shared
                    .texts
                    .report(Severity::Error, "unknown-check", track.span)
                    .says(format!("there is no script or process `{name}`"))
                    .help("define it; keepalived ignores what it does not know, and so nothing is tracked");
                return None;
            };
            let weight = weight.or(script.weight.as_ref().map(|one| one.value));
            Some(Tracking::Check(TrackedCheck {
                check: shared.checks.name(name),
                effect: None,
                weight,
            }))
        }
    }
}

fn announcements(part: &Part<'_>) -> Announcements {
    let (own, all) = (&part.instance.announced, &part.node.globals.announced);
    let usual = Announcements::default();
    let number = |own: &Option<At<u8>>, all: &Option<At<u8>>, usual| {
        own.as_ref().or(all.as_ref()).map_or(usual, |one| one.value)
    };
    let time = |own: &Option<At<Duration>>, all: &Option<At<Duration>>, usual| {
        own.as_ref().or(all.as_ref()).map_or(usual, |one| one.value)
    };
    Announcements {
        count: number(&own.count, &all.count, usual.count),
        repeat_after: time(&own.repeat_after, &all.repeat_after, usual.repeat_after),
        refresh: time(&own.refresh, &all.refresh, usual.refresh),
        refresh_count: number(&own.refresh_count, &all.refresh_count, usual.refresh_count),
    }
}

fn transport(part: &Part<'_>, texts: &mut Texts) -> Transport {
    match &part.instance.peers {
        Some(peers) if !peers.value.is_empty() => {
            let minimum_ttl = part.instance.minimum_ttl;
            return Transport::Unicast(
                minimum_ttl.map_or_else(Unicast::default, |minimum_ttl| Unicast { minimum_ttl }),
            );
        }
        Some(peers) => texts
            .report(Severity::Warning, "no-peers", peers.span)
            .says("`unicast_peer` lists no address")
            .help("keepalived then sends to everybody on the segment, and so does the manifest")
            .done(),
        None => {}
    }
    let group = part
        .instance
        .multicast
        .as_ref()
        .or(part.node.globals.multicast.as_ref());
    Transport::Multicast(group.map_or_else(Multicast::default, |group| Multicast {
        group: Address(group.value.0),
    }))
}
