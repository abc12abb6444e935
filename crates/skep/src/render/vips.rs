//! VIP groups as tables.

use std::collections::BTreeSet;

use skep_api::status::{Holder, RouterStatus, VipGroupStatus};
use skep_manifest::condition::{ConditionStatus, ConditionType};

use crate::render::age::{age, ago};
use crate::render::table::Table;

/// One line per virtual router of this node, and one for a group that has none here.
pub(crate) fn table(groups: &[VipGroupStatus]) -> String {
    let mut table = Table::new(["VIP GROUP", "ADDRESS", "HERE", "SINCE", "ACTIVE", "BECAUSE"]);
    for (group, router) in lines(groups) {
        table.row([
            group.name.clone(),
            addresses(group, router),
            here(group, router),
            router.map_or_else(String::new, |router| age(router.since_ms)),
            active(group),
            because(group, router),
        ]);
    }
    table.to_string()
}

/// As [`table`], with what decides the election.
pub(crate) fn wide_table(groups: &[VipGroupStatus]) -> String {
    let mut table = Table::new([
        "VIP GROUP",
        "ADDRESS",
        "ID",
        "INTERFACE",
        "HERE",
        "SINCE",
        "PRIORITY",
        "ACTIVE",
        "HEARD",
        "NOTICED",
        "BECAUSE",
    ]);
    for (group, router) in lines(groups) {
        let of = |show: fn(&RouterStatus) -> String| router.map_or_else(String::new, show);
        table.row([
            group.name.clone(),
            addresses(group, router),
            of(|router| router.virtual_router_id.to_string()),
            of(|router| router.interface.clone()),
            here(group, router),
            of(|router| age(router.since_ms)),
            of(priority),
            active(group),
            of(heard),
            noticed(group, router),
            because(group, router),
        ]);
    }
    table.to_string()
}

fn lines(
    groups: &[VipGroupStatus],
) -> impl Iterator<Item = (&VipGroupStatus, Option<&RouterStatus>)> {
    groups.iter().flat_map(|group| {
        let none = group.routers.is_empty().then_some((group, None));
        none.into_iter().chain(
            group
                .routers
                .iter()
                .map(move |router| (group, Some(router))),
        )
    })
}

/// What this node is in the group.
fn here(group: &VipGroupStatus, router: Option<&RouterStatus>) -> String {
    match (router, &group.refused) {
        (Some(router), _) => router.state.clone(),
        (None, Some(_)) => "no part".to_owned(),
        (None, None) => "no member".to_owned(),
    }
}

fn because(group: &VipGroupStatus, router: Option<&RouterStatus>) -> String {
    router
        .map(|router| router.because.clone())
        .or_else(|| group.refused.clone())
        .unwrap_or_default()
}

/// The addresses of the line: those of the router's family.
fn addresses(group: &VipGroupStatus, router: Option<&RouterStatus>) -> String {
    in_short(
        &group.addresses,
        router.map(|router| router.family.as_str()),
    )
}

fn in_short(addresses: &[String], family: Option<&str>) -> String {
    let is_shown =
        |address: &&String| family.is_none_or(|family| (family == "ipv6") == address.contains(':'));
    let shown: Vec<_> = addresses.iter().filter(is_shown).collect();
    match shown.as_slice() {
        [] => String::new(),
        [one] => (*one).clone(),
        [first, others @ ..] => format!("{first} +{}", others.len()),
    }
}

/// Who holds the group. A router in Fault does not listen, so it cannot say that nobody does.
pub(crate) fn active(group: &VipGroupStatus) -> String {
    let is_deaf =
        group.refused.is_some() || group.routers.iter().any(|router| router.state == "Fault");
    match &group.active {
        Some(active) => holder(active),
        None if is_deaf => "unknown".to_owned(),
        None => "nobody".to_owned(),
    }
}

/// The holder by name, by address where its name is not known.
fn holder(holder: &Holder) -> String {
    match (&holder.node, &holder.address) {
        (Some(node), _) => node.clone(),
        (None, Some(address)) => address.to_string(),
        (None, None) => "this node".to_owned(),
    }
}

fn heard(router: &RouterStatus) -> String {
    let Some(heard) = &router.heard else {
        return "nobody".to_owned();
    };
    format!("{} ({}) {}", heard.from, heard.priority, ago(heard.age_ms))
}

/// What does not fit, in the words of conditions; with a question mark when nobody can tell.
fn noticed(group: &VipGroupStatus, router: Option<&RouterStatus>) -> String {
    let anomalies = router.into_iter().flat_map(|router| &router.anomalies);
    let mut reasons: BTreeSet<String> = anomalies
        .map(|anomaly| format!("{:?}", anomaly.reason))
        .collect();
    let wrong = group.conditions.iter().filter(|condition| {
        matches!(
            condition.condition_type,
            ConditionType::Degraded | ConditionType::Stalled
        )
    });
    reasons.extend(wrong.filter_map(|condition| match condition.status {
        ConditionStatus::True => Some(format!("{:?}", condition.reason)),
        ConditionStatus::Unknown => Some(format!("{:?}?", condition.reason)),
        ConditionStatus::False => None,
    }));
    reasons.into_iter().collect::<Vec<_>>().join(",")
}

/// The effective priority, with the base where that differs.
pub(crate) fn priority(router: &RouterStatus) -> String {
    if router.base_priority == router.effective_priority {
        return router.base_priority.to_string();
    }
    format!("{} of {}", router.effective_priority, router.base_priority)
}

#[cfg(test)]
mod tests {
    use super::in_short;

    #[test]
    fn each_line_of_a_group_of_both_families_shows_its_own_addresses() {
        let addresses = ["10.0.0.70", "fd00::70", "10.0.0.71"].map(str::to_owned);
        assert_eq!(in_short(&addresses, Some("ipv4")), "10.0.0.70 +1");
        assert_eq!(in_short(&addresses, Some("ipv6")), "fd00::70");
        assert_eq!(in_short(&addresses, None), "10.0.0.70 +2");
        assert_eq!(in_short(&[], None), "");
    }
}
