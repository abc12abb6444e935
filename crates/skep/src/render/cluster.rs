//! The nodes and services of a cluster.

use skep_api::cluster::{ClusterStatus, NodeStatus, ServiceStatus};
use skep_api::status::{AgentStatus, Mode};
use skep_plan::progress::Progress;

use crate::render::age::{age, ago};
use crate::render::table::Table;

/// An agent that was not heard for this long is silent.
const SILENT_MS: u64 = 5_000;

/// One line per node.
pub(crate) fn nodes(nodes: &[NodeStatus]) -> String {
    let mut table = Table::new([
        "NODE",
        "ROLE",
        "AGENT",
        "ENGINE",
        "AVAILABILITY",
        "HOLDS",
        "HEARD",
    ]);
    for node in nodes {
        table.row([
            node.name.clone(),
            node.role.clone(),
            agent(node),
            node.engine.clone(),
            availability(node),
            node.holds.join(", "),
            node.heard_ms.map_or_else(|| "never".to_owned(), ago),
        ]);
    }
    table.to_string()
}

/// Whether the agents of all nodes answer, the swarm can be told, and every service has its tasks.
pub(crate) fn is_ready(cluster: &ClusterStatus) -> bool {
    let has_tasks = |service: &ServiceStatus| {
        let tasks = service.running.zip(service.desired);
        tasks.is_some_and(|(running, desired)| running >= desired)
    };
    cluster.nodes.iter().all(is_heard)
        && cluster.blocked.is_empty()
        && cluster.services.iter().all(has_tasks)
}

/// Whether it gets tasks, and whether that is only so until somebody takes it back.
fn availability(node: &NodeStatus) -> String {
    let word = &node.availability;
    if node.is_ordered {
        format!("{word} (ordered)")
    } else {
        word.clone()
    }
}

fn is_heard(node: &NodeStatus) -> bool {
    node.heard_ms.is_some_and(|heard| heard < SILENT_MS)
}

/// The version of the agent, or how long it is silent.
pub(crate) fn agent(node: &NodeStatus) -> String {
    match (&node.agent, node.heard_ms) {
        (Some(version), Some(_)) if is_heard(node) => version.clone(),
        (_, Some(heard)) => format!("silent {}", age(heard)),
        (_, None) => "never heard".to_owned(),
    }
}

/// One line per service.
pub(crate) fn services(services: &[ServiceStatus]) -> String {
    let mut table = Table::new(["SERVICE", "TASKS", "IMAGE", "PORTS"]);
    for service in services {
        let ports = service.ports.join(", ");
        table.row([
            service.name.clone(),
            tasks(service),
            service.image.clone(),
            ports,
        ]);
    }
    table.to_string()
}

/// How many tasks run of how many.
pub(crate) fn tasks(service: &ServiceStatus) -> String {
    match (service.running, service.desired) {
        (Some(running), Some(desired)) => format!("{running}/{desired}"),
        (Some(_), None) => "not there".to_owned(),
        // Its tasks may well run: a swarm without a majority tells of none.
        (None, _) => "unknown".to_owned(),
    }
}

/// How far an object is, in a word.
pub(crate) const fn progress_word(state: Progress) -> &'static str {
    match state {
        Progress::Done => "done",
        Progress::Working => "working",
        Progress::Blocked => "blocked",
        Progress::Failed => "failed",
    }
}

/// The first line of a cluster's status, and what is wrong with its quorum.
pub(crate) fn headline(status: &AgentStatus, cluster: &ClusterStatus) -> String {
    let desired = &status.desired;
    let generation = desired.accepted.as_ref().map_or_else(
        || "nothing applied yet".to_owned(),
        |accepted| {
            let number = accepted.generation;
            format!(
                "generation {number} by {}, {}",
                desired.source,
                ago(accepted.age_ms)
            )
        },
    );
    let writer = cluster.writer.as_deref().unwrap_or("nobody");
    let mut text = format!("{}  {generation}  writer {writer}\n", cluster.name);
    text.push_str(&majority(cluster));
    text
}

/// What is wrong with the majority of the managers.
fn majority(cluster: &ClusterStatus) -> String {
    let (reachable, managers) = (cluster.managers_reachable, cluster.managers);
    let Some(leaderless) = cluster.leaderless_ms else {
        return unheard_majority(cluster).unwrap_or_default();
    };
    if reachable * 2 > managers {
        let age = age(leaderless);
        return format!("  no leader for {age}: {reachable} of {managers} managers choose one\n");
    }
    let silent = silent_managers(cluster);
    let hint = if silent.is_empty() {
        "hint: see that Docker runs on the managers; if too many are gone: skep recover".to_owned()
    } else {
        let silent = silent.join(" or ");
        format!("hint: start {silent}; if too many are gone for good: skep recover")
    };
    format!(
        "  quorum LOST {}: {reachable} of {managers} managers. VIPs and running tasks carry on; \
         apply waits; move works\n  {hint}\n",
        ago(leaderless)
    )
}

/// What is wrong when a majority is not heard and the engines do not say so yet: who leads steps
/// down only after seconds, and until then tells of a leader or does not answer at all.
fn unheard_majority(cluster: &ClusterStatus) -> Option<String> {
    let managers = cluster.managers;
    let (listed, engine) = match cluster.managers_listed {
        Some(listed) => (
            listed,
            "the engine still tells of a leader: without them it cannot change anything and says \
             so within half a minute",
        ),
        None if has_silent_engine(cluster) => (
            managers,
            "no engine tells of the swarm: one that lost them may not answer for some seconds",
        ),
        None => return None,
    };
    let silent = silent_managers(cluster);
    // One that grows has no more managers than are heard.
    if (managers - silent.len()) * 2 > listed {
        return None;
    }
    let managing = cluster.nodes.iter().filter(|node| node.role == "manager");
    let mut heard: Vec<u64> = managing.filter_map(|node| node.heard_ms).collect();
    heard.sort_unstable();
    // The last word of the one that is missing to a majority.
    let since = heard.get(listed / 2);
    let since = since.map_or_else(String::new, |since| format!(" for {}", age(*since)));
    let (missing, names) = (silent.len(), silent.join(", "));
    Some(format!(
        "  majority NOT HEARD{since}: {missing} of {managers} managers are silent ({names}), and \
         {engine}\n  hint: see whether only the network or the agents between are \
         down; VIPs and running tasks carry on\n"
    ))
}

/// Whether the engine of a manager that is heard does not answer its agent.
fn has_silent_engine(cluster: &ClusterStatus) -> bool {
    let mut nodes = cluster.nodes.iter();
    nodes.any(|node| node.role == "manager" && is_heard(node) && node.engine == "silent")
}

/// The managers whose agents are not heard.
fn silent_managers(cluster: &ClusterStatus) -> Vec<&str> {
    let managing = cluster.nodes.iter().filter(|node| node.role == "manager");
    let silent = managing.filter(|node| !is_heard(node));
    silent.map(|node| node.name.as_str()).collect()
}

/// The first line of an agent that belongs to a cluster it knows nothing of yet.
pub(crate) fn waiting(status: &AgentStatus) -> Option<String> {
    if status.mode == Mode::Standalone || status.cluster.is_some() {
        return None;
    }
    let node = status.node.as_deref().unwrap_or("unknown node");
    Some(format!(
        "{node}  nothing applied yet\n  hint: skep apply -f PATH --wait, on any node of the cluster\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A node whose agent and a service whose task are there.
    fn cluster() -> ClusterStatus {
        ClusterStatus {
            name: "cube".to_owned(),
            writer: Some("cube01".to_owned()),
            managers_reachable: 1,
            managers: 1,
            managers_listed: Some(1),
            leaderless_ms: None,
            questions: 0,
            nodes: vec![NodeStatus {
                name: "cube01".to_owned(),
                address: [10, 0, 0, 60].into(),
                role: "manager".to_owned(),
                agent: Some("0.1.0".to_owned()),
                heard_ms: Some(900),
                engine: "up".to_owned(),
                availability: "active".to_owned(),
                is_ordered: false,
                holds: Vec::new(),
            }],
            services: vec![ServiceStatus {
                name: "web".to_owned(),
                image: "nginx".to_owned(),
                running: Some(1),
                desired: Some(1),
                ports: Vec::new(),
            }],
            blocked: Vec::new(),
        }
    }

    /// A cluster that is ready but for what a test changes.
    fn check(expected: bool, change: impl FnOnce(&mut ClusterStatus)) {
        let mut cluster = cluster();
        change(&mut cluster);
        assert_eq!(is_ready(&cluster), expected);
    }

    /// What is said of three managers, of which so many are in the swarm, if an engine tells, when
    /// the last word of each is so old.
    fn check_majority(listed: Option<usize>, heard_ms: [Option<u64>; 3], expected: &str) {
        let mut cluster = cluster();
        let mut known = cluster.nodes.remove(0);
        if listed.is_none() {
            known.engine = "silent".to_owned();
        }
        let named = |(number, heard_ms)| NodeStatus {
            name: format!("cube0{number}"),
            heard_ms,
            ..known.clone()
        };
        cluster.nodes = (1..).zip(heard_ms).map(named).collect();
        (cluster.managers, cluster.managers_listed) = (3, listed);
        let said = majority(&cluster);
        assert_eq!(said.is_empty(), expected.is_empty(), "{said}");
        assert!(said.contains(expected), "{said}");
    }

    #[test]
    fn a_majority_that_is_not_heard_is_told_before_the_engines_notice() {
        let away = "NOT HEARD for 7s: 2 of 3 managers are silent (cube02, cube03)";
        let all = Some(3);
        check_majority(all, [Some(0), Some(7_000), Some(9_000)], away);
        check_majority(all, [Some(0), Some(4_999), Some(9_000)], "");
        let never = "NOT HEARD: 2 of 3 managers are silent";
        check_majority(all, [Some(0), None, None], never);
        // A swarm that grows.
        check_majority(Some(1), [Some(0), None, None], "");
    }

    #[test]
    fn a_majority_that_is_not_heard_is_told_before_the_engine_that_hangs_without_it() {
        let away = "NOT HEARD for 7s: 2 of 3 managers are silent (cube02, cube03), and no engine \
                    tells of the swarm";
        check_majority(None, [Some(0), Some(7_000), Some(9_000)], away);
        // It is the engine alone.
        check_majority(None, [Some(0), Some(900), Some(9_000)], "");
    }

    #[test]
    fn a_service_of_which_nobody_can_tell_is_unknown_and_not_gone() {
        for (running, desired, expected) in [
            (Some(1), Some(2), "1/2"),
            (Some(0), None, "not there"),
            (None, None, "unknown"),
        ] {
            let mut service = cluster().services.remove(0);
            (service.running, service.desired) = (running, desired);
            assert_eq!(tasks(&service), expected);
            check(false, |cluster| cluster.services = vec![service]);
        }
    }

    #[test]
    fn a_cluster_is_ready_when_everybody_answers_and_every_task_runs() {
        check(true, |_| {});
        check(false, |cluster| cluster.nodes[0].heard_ms = Some(SILENT_MS));
        check(false, |cluster| cluster.nodes[0].heard_ms = None);
        check(false, |cluster| cluster.services[0].running = Some(0));
        check(false, |cluster| cluster.services[0].running = None);
        check(false, |cluster| cluster.blocked.push("quorum".to_owned()));
    }
}
