use skep_manifest::parse::parse;
use skep_manifest::resolve::resolve;
use skep_manifest::set::Source;

use super::*;
use crate::action::Action;
use crate::naming::NamingKeys;
use crate::observed::Tasks;
use crate::workload;

const ONE: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
const TWO: &str = "sha256:2222222222222222222222222222222222222222222222222222222222222222";

/// What is declared of one service.
fn desired(service: &str) -> Desired {
    let text = format!(
        "apiVersion: skep/v1\nkind: Swarm\nmetadata: {{name: cube}}\nspec: {{nodes: [{{name: a, \
         address: 10.0.0.1, role: manager}}]}}\n---\napiVersion: skep/v1\nkind: Service\n\
         metadata: {{name: web}}\nspec: {service}\n"
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
    let keys = NamingKeys::default();
    workload::plan(swarm, desired, &keys, (cluster, None), &mut planned);
    planned
}

fn told(cluster: &mut Cluster, image: &str, digest: Option<&str>, trouble: Option<&str>) {
    let looked_up = LookedUp {
        digest: digest.map(str::to_owned),
        trouble: trouble.map(str::to_owned),
    };
    cluster.images.insert(image.parse().unwrap(), looked_up);
}

/// The image that the plan gives the service, and why; nothing when it leaves it alone. The cluster
/// has it afterwards.
fn image(desired: &Desired, cluster: &mut Cluster) -> Option<(String, String)> {
    let planned = plan_of(desired, cluster);
    assert!(planned.blocked.is_empty(), "{:?}", planned.blocked);
    let step = planned.steps.first()?;
    let spec = match &step.action {
        Action::CreateService(create) => &create.spec,
        Action::UpdateService(update) => &update.spec,
        other => panic!("{other:?}"),
    };
    let service = ClusterService {
        id: "id".to_owned(),
        version: 1,
        spec: spec.clone(),
        fallback: None,
        tasks: Tasks {
            desired: 0,
            running: 0,
        },
        trouble: None,
    };
    cluster.services.insert("web".to_owned(), service);
    let image = spec["TaskTemplate"]["ContainerSpec"]["Image"].as_str();
    Some((image.unwrap().to_owned(), step.because.clone()))
}

fn named(digest: &str) -> String {
    format!("nginx:1@{digest}")
}

#[test]
fn a_pinned_image_is_looked_up_once_and_stays() {
    let pinned = desired("{image: \"nginx:1\", digest: pin}");
    let mut cluster = Cluster::default();
    assert_eq!(asked(&pinned, &cluster).len(), 1);
    let planned = plan_of(&pinned, &cluster);
    assert!(planned.steps.is_empty());
    assert_eq!(
        planned.waiting[0].until,
        "until the registry says what nginx:1 is"
    );
    told(&mut cluster, "nginx:1", Some(ONE), None);
    let (first, because) = image(&pinned, &mut cluster).unwrap();
    assert_eq!(
        (first, because.as_str()),
        (named(ONE), "the swarm does not have it")
    );
    told(&mut cluster, "nginx:1", Some(TWO), None);
    assert_eq!(image(&pinned, &mut cluster), None);
    cluster.images.clear();
    assert_eq!(image(&pinned, &mut cluster), None);
    assert_eq!(asked(&pinned, &cluster), BTreeMap::new());

    // Another tag is looked up again.
    let other = desired("{image: \"nginx:2\", digest: pin}");
    assert_eq!(asked(&other, &cluster).len(), 1);
    assert_eq!(plan_of(&other, &cluster).waiting.len(), 1);

    // Somebody else's content is put right.
    let spec = &mut cluster.services.get_mut("web").unwrap().spec;
    spec["TaskTemplate"]["ContainerSpec"]["Image"] = named(TWO).into();
    let (again, because) = image(&pinned, &mut cluster).unwrap();
    assert_eq!(
        (again, because.as_str()),
        (named(ONE), "somebody else changed it")
    );
}

#[test]
fn a_followed_image_is_what_the_registry_said_last() {
    let followed = desired("{image: \"nginx:1\", digest: follow}");
    let mut cluster = Cluster::default();
    told(&mut cluster, "nginx:1", Some(ONE), None);
    assert_eq!(image(&followed, &mut cluster).unwrap().0, named(ONE));
    assert_eq!(asked(&followed, &cluster).len(), 1);
    told(&mut cluster, "nginx:1", Some(TWO), None);
    let moved = "the tag of its image stands for another content";
    assert_eq!(
        image(&followed, &mut cluster).unwrap(),
        (named(TWO), moved.to_owned())
    );
    // A registry that is away changes nothing, also for who never heard it.
    told(&mut cluster, "nginx:1", Some(TWO), Some("away"));
    assert_eq!(image(&followed, &mut cluster), None);
    told(&mut cluster, "nginx:1", None, Some("away"));
    assert_eq!(image(&followed, &mut cluster), None);
}

#[test]
fn what_a_registry_refuses_is_told_and_what_names_its_digest_asks_nobody() {
    let followed = desired("{image: \"nginx:1\", digest: follow}");
    let mut cluster = Cluster::default();
    told(&mut cluster, "nginx:1", None, Some("no such image"));
    let planned = plan_of(&followed, &cluster);
    assert_eq!(
        planned.blocked[0].message,
        "its registry does not say what nginx:1 is: no such image"
    );
    let named = desired(&format!("{{image: \"nginx@{ONE}\", digest: pin}}"));
    assert_eq!(asked(&named, &cluster), BTreeMap::new());
    assert_eq!(plan_of(&named, &cluster).steps.len(), 1);
    let plain = desired("{image: nginx}");
    assert_eq!(asked(&plain, &cluster), BTreeMap::new());
}
