//! A group as an instance.

use std::net::IpAddr;

use skep_manifest::desired::Runs;
use skep_manifest::name::InterfaceName;
use skep_manifest::priority::{Priority, VirtualRouterId};
use skep_manifest::value_source::ValueSource;
use skep_manifest::vip_group::VipGroupSpec;
use skep_manifest::vip_group::address::VirtualAddress;
use skep_manifest::vip_group::authentication::Authentication;
use skep_manifest::vip_group::timing::{Lease, Start};
use skep_manifest::vip_group::tracking::{Effect, Influence, Tracking, Weight};
use skep_manifest::vip_group::transport::{Multicast, PseudoHeader, Transport};

use super::page::{Page, seconds, whole_seconds, word};
use super::{Own, Site, check, notify};

/// Whether keepalived can run the group at all; if not, that is said.
pub(super) fn can_run(site: &Site<'_>, own: &Own<'_>, page: &mut Page) -> bool {
    let spec = &own.group.declared.spec;
    let why = if spec.virtual_router_id == VirtualRouterId::Auto {
        "keepalived wants a number as `virtualRouterId`"
    } else if interface(site, own).is_none() {
        "keepalived wants an `interface`: name it in the manifest, or with --interface"
    } else if own.member.priority.is_none() {
        "the member has no priority"
    } else if interfaces(site, own).any(|name| word(name.as_str()).is_none()) {
        "keepalived cannot be given the name of an interface"
    } else {
        return true;
    };
    page.leave_out(format!("VipGroup {}: {why}", own.name));
    false
}

fn interface<'a>(site: &Site<'a>, own: &Own<'a>) -> Option<&'a InterfaceName> {
    let of_first = own.group.declared.spec.addresses.first();
    let of_first = of_first.and_then(|first| first.interface.as_ref());
    own.member
        .interface
        .as_ref()
        .or(of_first)
        .or(site.interface)
}

/// All interfaces that the file names.
fn interfaces<'a>(site: &Site<'a>, own: &'a Own<'a>) -> impl Iterator<Item = &'a InterfaceName> {
    let spec = &own.group.declared.spec;
    let of_addresses = spec
        .addresses
        .iter()
        .filter_map(|one| one.interface.as_ref());
    let of_routes = spec.routes.iter().filter_map(|one| one.interface.as_ref());
    let tracked = spec.tracking.iter().filter_map(|one| match one {
        Tracking::Interface(tracked) => Some(&tracked.interface),
        Tracking::Check(_) | Tracking::Service(_) | Tracking::External(_) | Tracking::Swarm(_) => {
            None
        }
    });
    let all = of_addresses.chain(of_routes).chain(tracked);
    all.chain(interface(site, own))
}

/// The name of an interface, which [`can_run`] has looked at.
fn named(interface: &InterfaceName) -> String {
    word(interface.as_str()).unwrap_or_default()
}

pub(super) fn write(site: &Site<'_>, own: &Own<'_>, page: &mut Page) {
    let spec = &own.group.declared.spec;
    page.open(&format!("vrrp_instance {}", own.name));
    let is_owner = own.member.priority == Some(Priority::OWNER);
    page.line(if is_owner {
        "state MASTER"
    } else {
        "state BACKUP"
    });
    if let Some(interface) = interface(site, own) {
        page.line(format!("interface {}", named(interface)));
    }
    if let VirtualRouterId::Number(id) = spec.virtual_router_id {
        page.line(format!("virtual_router_id {id}"));
    }
    page.line(format!("version {}", u8::from(spec.version)));
    if let Some(priority) = own.member.priority {
        page.line(format!("priority {priority}"));
    }
    page.line(format!(
        "advert_int {}",
        seconds(spec.advertisement_interval.time())
    ));
    preemption(own, page);
    if !spec.track_interface {
        page.line("dont_track_primary");
    }
    if spec.virtual_mac {
        page.line("use_vmac");
    }
    if !spec.accept {
        page.line("no_accept");
    }
    authentication(own, page);
    transport(own, page);
    announcements(own, page);
    addresses(own, page);
    routes(spec, page);
    tracking(site, own, page);
    notify::write(site, own, page);
    page.close();
    beyond(own, page);
}

fn preemption(own: &Own<'_>, page: &mut Page) {
    let preemption = own.group.declared.spec.preemption;
    if !preemption.enabled {
        page.line("nopreempt");
    } else if !preemption.delay.is_zero() {
        page.line(format!(
            "preempt_delay {}",
            seconds(preemption.delay.time())
        ));
    }
}

fn authentication(own: &Own<'_>, page: &mut Page) {
    let name = own.name;
    match &own.group.authentication {
        Authentication::None(_) => {}
        Authentication::Simple(simple) => match &simple.password {
            ValueSource::Value(password) => match word(password) {
                Some(password) => {
                    page.open("authentication");
                    page.line("auth_type PASS");
                    page.line(format!("auth_pass {password}"));
                    page.close();
                }
                None => page.leave_out(format!(
                    "VipGroup {name}: `authentication`: keepalived cannot be given this password"
                )),
            },
            ValueSource::FromFile(_)
            | ValueSource::FromEnv(_)
            | ValueSource::Sealed(_)
            | ValueSource::FromNodeFile(_) => page.leave_out(format!(
                "VipGroup {name}: `authentication`: the password is not in the manifest; add it"
            )),
        },
        Authentication::Cluster(_) => page.leave_out(format!(
            "VipGroup {name}: `authentication: cluster`: only agents know the key"
        )),
        Authentication::Hmac(_) => page.leave_out(format!(
            "VipGroup {name}: `authentication: hmac`: keepalived has it from 2.4.2 on, as `auth_hmac`"
        )),
    }
}

fn transport(own: &Own<'_>, page: &mut Page) {
    match own.group.declared.spec.transport {
        Transport::Multicast(Multicast { group }) => {
            if group != Multicast::default().group {
                page.line(format!("mcast_dst_ip {group}"));
            }
            if let Some(source) = own.member.source {
                page.line(format!("mcast_src_ip {source}"));
            }
            let members = own.group.members.iter();
            for other in members.filter(|other| other.runs == Runs::Elsewhere) {
                page.leave_out(format!(
                    "VipGroup {}: the external member {}: with multicast a file names no peers; whoever advertises is heard",
                    own.name, other.name
                ));
            }
        }
        Transport::Unicast(_) => {
            if let Some(source) = own.member.source.or(own.member.peer_address) {
                page.line(format!("unicast_src_ip {source}"));
            }
            let others = own
                .group
                .members
                .iter()
                .filter(|other| other.name != own.member.name);
            let peers: Vec<String> = others
                .filter_map(|other| other.peer_address)
                .map(|address| address.to_string())
                .collect();
            page.list("unicast_peer", &peers);
        }
    }
}

fn announcements(own: &Own<'_>, page: &mut Page) {
    let announcements = own.group.declared.spec.announcements;
    let (repeat, refresh) = (
        announcements.repeat_after.time(),
        announcements.refresh.time(),
    );
    page.line(format!("garp_master_repeat {}", announcements.count));
    page.line(format!("garp_master_delay {}", whole_seconds(repeat)));
    page.line(format!("garp_master_refresh {}", whole_seconds(refresh)));
    page.line(format!(
        "garp_master_refresh_repeat {}",
        announcements.refresh_count
    ));
    if repeat.subsec_nanos() > 0 || refresh.subsec_nanos() > 0 {
        page.leave_out(format!(
            "VipGroup {}: announcements at fractions of a second, rounded up",
            own.name
        ));
    }
}

/// Those of the first one's family are advertised, the others only held.
fn addresses(own: &Own<'_>, page: &mut Page) {
    let addresses = &own.group.declared.spec.addresses;
    let family = |address: &VirtualAddress| matches!(address.address.address(), IpAddr::V6(_));
    let first = addresses.first().map(family);
    let is_advertised =
        |address: &&VirtualAddress| address.is_advertised() && Some(family(address)) == first;
    let line = |address: &VirtualAddress| {
        let mut line = address.address.to_string();
        if let Some(interface) = &address.interface {
            line.push_str(&format!(" dev {}", named(interface)));
        }
        if let Some(label) = address.label.as_ref().and_then(|one| word(one.as_str())) {
            line.push_str(&format!(" label {label}"));
        }
        line
    };
    let advertised: Vec<String> = addresses.iter().filter(is_advertised).map(line).collect();
    let held: Vec<String> = addresses
        .iter()
        .filter(|one| !is_advertised(one))
        .map(line)
        .collect();
    let labels = addresses.iter().filter_map(|one| one.label.as_ref());
    for label in labels.filter(|label| word(label.as_str()).is_none()) {
        page.leave_out(format!(
            "VipGroup {}: keepalived cannot be given the label `{label}`",
            own.name
        ));
    }
    page.list("virtual_ipaddress", &advertised);
    page.list("virtual_ipaddress_excluded", &held);
    if addresses
        .iter()
        .any(|one| Some(family(one)) != first && one.is_advertised())
    {
        page.leave_out(format!(
            "VipGroup {}: the second family is held and not advertised: an instance has one family",
            own.name
        ));
    }
}

fn routes(spec: &VipGroupSpec, page: &mut Page) {
    let routes = spec.routes.iter().map(|route| {
        let mut line = route.to.to_string();
        if let Some(via) = route.via {
            line.push_str(&format!(" via {via}"));
        }
        if let Some(interface) = &route.interface {
            line.push_str(&format!(" dev {}", named(interface)));
        }
        if let Some(table) = route.table {
            line.push_str(&format!(" table {table}"));
        }
        line
    });
    page.list("virtual_routes", &routes.collect::<Vec<_>>());
    let rules = spec.rules.iter().map(|rule| {
        let priority = rule
            .priority
            .map(|priority| format!(" priority {priority}"));
        format!(
            "from {} table {}{}",
            rule.from,
            rule.table,
            priority.unwrap_or_default()
        )
    });
    page.list("virtual_rules", &rules.collect::<Vec<_>>());
}

fn tracking(site: &Site<'_>, own: &Own<'_>, page: &mut Page) {
    let (mut interfaces, mut scripts, mut processes) = (Vec::new(), Vec::new(), Vec::new());
    for tracking in &own.group.declared.spec.tracking {
        let name = match tracking {
            Tracking::Interface(tracked) => named(&tracked.interface),
            Tracking::Check(tracked) => tracked.check.to_string(),
            Tracking::Swarm(tracked) if tracked.swarm.is_empty() => continue,
            Tracking::Service(_) | Tracking::External(_) | Tracking::Swarm(_) => {
                page.leave_out(format!(
                    "VipGroup {}: keepalived cannot track services or the swarm",
                    own.name
                ));
                continue;
            }
        };
        let line = match weight(tracking.influence()) {
            Some(weight) => format!("{name} weight {}", weight.number()),
            None => name.clone(),
        };
        if tracking.influence() == Influence::Effect(Effect::Demote) {
            page.leave_out(format!(
                "VipGroup {}: `effect: demote` of {name}, a weight of -253 instead",
                own.name
            ));
        }
        if weight(tracking.influence()).is_some() && own.group.declared.spec.sync_group.is_some() {
            page.leave_out(format!(
                "VipGroup {}: the weight of {name}: keepalived ignores weights in a sync group",
                own.name
            ));
        }
        match tracking {
            Tracking::Interface(_) => interfaces.push(line),
            Tracking::Check(tracked) => match check::kind(site, &tracked.check) {
                Some(check::Kind::Process) => processes.push(line),
                Some(check::Kind::Script(_)) => scripts.push(line),
                None => {}
            },
            Tracking::Service(_) | Tracking::External(_) | Tracking::Swarm(_) => {}
        }
    }
    page.list("track_interface", &interfaces);
    page.list("track_script", &scripts);
    page.list("track_process", &processes);
}

fn weight(influence: Influence) -> Option<Weight> {
    match influence {
        Influence::Weight(weight) => Some(weight),
        Influence::Effect(Effect::Demote) => Weight::try_from(-253).ok(),
        Influence::Effect(Effect::Fault) => None,
    }
}

/// What keepalived's language has no words for.
fn beyond(own: &Own<'_>, page: &mut Page) {
    let spec = &own.group.declared.spec;
    let said = [
        (
            spec.lease != Lease::default() && spec.lease != Lease::Forever,
            "lease",
        ),
        (
            spec.start.listen_first != Start::default().listen_first,
            "start.listenFirst",
        ),
        (
            spec.checksum.pseudo_header == PseudoHeader::Never,
            "checksum.pseudoHeader",
        ),
    ];
    for (is_said, field) in said {
        if is_said {
            page.leave_out(format!("VipGroup {}: `{field}`", own.name));
        }
    }
}
