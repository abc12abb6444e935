use skep_manifest::parse::parse;
use skep_manifest::resolve::resolve;
use skep_manifest::set::Source;

use super::*;
use crate::naming::NamingKeys;
use crate::observed::Tasks;
use crate::workload;

/// What is declared of one service, in a swarm that says this about drift.
fn desired(drift: &str, service: &str) -> Desired {
    let text = format!(
        "apiVersion: skep/v1\nkind: Swarm\nmetadata: {{name: cube}}\nspec: {{drift: {drift}, \
         nodes: [{{name: a, address: 10.0.0.1, role: manager}}]}}\n---\napiVersion: skep/v1\n\
         kind: Service\nmetadata: {{name: web}}\nspec: {service}\n"
    );
    let set = parse(vec![Source {
        name: "skep.yaml".to_owned(),
        text: text.into_bytes(),
    }]);
    assert!(set.problems.is_empty(), "{:?}\n{service}", set.problems);
    resolve(&set).0
}

fn plan_of(desired: &Desired, cluster: &Cluster) -> Plan {
    let swarm = desired.swarm.as_ref().unwrap();
    let mut planned = Plan::default();
    workload::plan(
        swarm,
        desired,
        &NamingKeys::default(),
        (cluster, None),
        &mut planned,
    );
    planned
}

/// A cluster with the service as it is declared, and with this user in its containers.
fn edited(desired: &Desired, user: &str) -> Cluster {
    let swarm = &desired.swarm.as_ref().unwrap().metadata.name;
    let files = Files::new(desired, &NamingKeys::default(), &Cluster::default());
    let mut spec = service_spec(swarm, &desired.services["web"], &files, None).unwrap();
    spec["TaskTemplate"]["ContainerSpec"]["User"] = user.into();
    let service = ClusterService {
        id: "id".to_owned(),
        version: 7,
        fallback: None,
        spec,
        tasks: Tasks::default(),
        trouble: None,
    };
    Cluster {
        services: [("web".to_owned(), service)].into(),
        ..Cluster::default()
    }
}

/// What is done about an edit, in a swarm and a service that say this about drift.
fn outcome(swarm: &str, service: &str) -> String {
    let desired = desired(swarm, &format!("{{image: nginx, user: web{service}}}"));
    plan_of(&desired, &edited(&desired, "root")).to_string()
}

const REPAIRED: &str = "\
# Services
~ update service/web: somebody else changed it
    user: root -> web
    => interruption: its tasks are replaced 1 at a time, each ends before the new one starts: meanwhile nobody answers

# 1 to change
# interruption: service/web
";
const REPORTED: &str = "\
# Services
! service/web Drifted: changed by somebody else: user is root, declared web
    hint: take the change over into the manifest, or say `drift: repair`

# 1 blocked
";

#[test]
fn what_somebody_else_changed_is_put_right_or_only_told_as_the_service_else_the_swarm_says() {
    assert_eq!(outcome("repair", ""), REPAIRED);
    assert_eq!(outcome("report", ""), REPORTED);
    assert_eq!(outcome("report", ", drift: repair"), REPAIRED);
    assert_eq!(outcome("repair", ", drift: report"), REPORTED);
}

#[test]
fn what_the_manifest_changes_is_written_also_over_what_somebody_else_changed() {
    let before = desired("report", "{image: nginx, user: web}");
    let after = desired("report", "{image: nginx, user: web, hostname: www}");
    let planned = plan_of(&after, &edited(&before, "root"));
    assert_eq!(planned.blocked, []);
    assert_eq!(planned.steps[0].because, "the manifest changed");
}

#[test]
fn what_was_taken_over_into_the_manifest_is_no_drift() {
    let before = desired("report", "{image: nginx, user: web}");
    let after = desired("report", "{image: nginx, user: root}");
    let planned = plan_of(&after, &edited(&before, "root"));
    let [step] = &planned.steps[..] else {
        panic!("{planned}");
    };
    let Action::UpdateService(update) = &step.action else {
        panic!("{planned}");
    };
    // Only the fingerprint: no task is restarted for it.
    assert_eq!(update.changes.len(), 1);
    assert_eq!(update.changes[0].path, "Labels.skep.hash");
}
