//! From a manifest to the file of one node.

mod check;
mod instance;
mod notify;
mod page;

use std::collections::{BTreeMap, BTreeSet};

use skep_manifest::desired::{Desired, GroupMember, Runs, VipGroup};
use skep_manifest::name::{InterfaceName, Name, NodeName};
use skep_manifest::vip_group::tracking::Tracking;

use page::Page;

/// The file of one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// The file.
    pub text: String,
    /// What keepalived's language does not reach, a sentence each.
    pub left_out: Vec<String>,
}

/// A node that has nothing to run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{node}` is no member of any VIP group")]
pub struct NothingToRun {
    /// The node.
    pub node: NodeName,
}

/// A group with the member that the file is for.
#[derive(Clone, Copy)]
struct Own<'a> {
    name: &'a Name,
    group: &'a VipGroup,
    member: &'a GroupMember,
}

/// What is known while the file is written.
struct Site<'a> {
    desired: &'a Desired,
    node: &'a NodeName,
    /// The interface of groups that name none.
    interface: Option<&'a InterfaceName>,
}

/// Writes the file with which keepalived does on `node` what `desired` wants of it. `interface` is
/// that of groups that name none: keepalived does not look for the subnet.
///
/// # Errors
///
/// [`NothingToRun`] when the node is in no group.
pub fn export(
    desired: &Desired,
    node: &NodeName,
    interface: Option<&InterfaceName>,
) -> Result<Export, NothingToRun> {
    let site = Site {
        desired,
        node,
        interface,
    };
    let groups: Vec<Own<'_>> = desired
        .vip_groups
        .iter()
        .filter_map(|(name, group)| {
            let is_own = |member: &&GroupMember| member.runs == Runs::Agent && member.name == *node;
            let member = group.members.iter().find(is_own)?;
            Some(Own {
                name,
                group,
                member,
            })
        })
        .collect();
    if groups.is_empty() {
        return Err(NothingToRun { node: node.clone() });
    }
    let mut page = Page::new(node);
    let runs: Vec<Own<'_>> = groups
        .into_iter()
        .filter(|own| instance::can_run(&site, own, &mut page))
        .collect();
    globals(&site, &runs, &mut page);
    delays(&runs, &mut page);
    check::write(&site, &runs, &mut page);
    sync_groups(&runs, &mut page);
    for own in &runs {
        instance::write(&site, own, &mut page);
    }
    Ok(page.finish())
}

fn globals(site: &Site<'_>, runs: &[Own<'_>], page: &mut Page) {
    page.open("global_defs");
    page.line(format!("router_id {}", site.node));
    page.line("enable_script_security");
    page.line("script_user root");
    notify::mail(site, runs, page);
    let delays: BTreeSet<_> = runs
        .iter()
        .map(|own| own.group.declared.spec.start.delay)
        .collect();
    match delays.iter().next_back() {
        Some(longest) if !longest.is_zero() => {
            page.line(format!(
                "vrrp_startup_delay {}",
                page::seconds(longest.time())
            ));
            if delays.len() > 1 {
                page.leave_out("start.delay: keepalived has one for all groups, the longest");
            }
        }
        Some(_) | None => {}
    }
    page.close();
}

/// How long tracked interfaces must be down or up before that counts.
fn delays(runs: &[Own<'_>], page: &mut Page) {
    let mut delays = BTreeMap::new();
    for own in runs {
        for tracking in &own.group.declared.spec.tracking {
            if let Tracking::Interface(tracked) = tracking
                && !(tracked.up_delay.is_zero() && tracked.down_delay.is_zero())
            {
                delays.insert(&tracked.interface, (tracked.down_delay, tracked.up_delay));
            }
        }
    }
    if delays.is_empty() {
        return;
    }
    page.open("interface_up_down_delays");
    for (interface, (down, up)) in delays {
        let (down, up) = (page::seconds(down.time()), page::seconds(up.time()));
        if let Some(interface) = page::word(interface.as_str()) {
            page.line(format!("{interface} {down} {up}"));
        }
    }
    page.close();
}

fn sync_groups(runs: &[Own<'_>], page: &mut Page) {
    let mut groups: BTreeMap<&str, Vec<&Name>> = BTreeMap::new();
    for own in runs {
        if let Some(word) = &own.group.declared.spec.sync_group {
            groups.entry(word.as_str()).or_default().push(own.name);
        }
    }
    for (word, members) in groups {
        page.open(&format!("vrrp_sync_group {word}"));
        page.open("group");
        for member in members {
            page.line(member.as_str());
        }
        page.close();
        page.close();
    }
}
