//! Random services: what is written is what is declared, and what somebody else writes is found.
//!
//! `SKEP_SERVICES_SEED=N` makes other services than those of every day.

mod edit;
mod random;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::env;

use skep_manifest::desired::{Declared, Desired, Origin};
use skep_manifest::name::Name;
use skep_manifest::object::{Metadata, Object, Resource};
use skep_manifest::parse::parse;
use skep_manifest::resolve::resolve;
use skep_manifest::service::ServiceSpec;
use skep_manifest::set::Source;
use skep_plan::action::{Action, Plan, UpdateService};
use skep_plan::import::import;
use skep_plan::naming::NamingKeys;
use skep_plan::observed::{Engine, Observed};
use skep_plan::ownership::owned_fields;
use skep_plan::plan;
use skep_swarm::apply::{ApplyError, apply};
use skep_swarm::engine::EngineError;

use crate::site::Site;
use edit::edited;
use random::{Dice, service};

const SERVICES: u64 = 120;
const SEED: u64 = 4;
const NODE: &str = "a";

#[tokio::test]
async fn whatever_is_declared_is_kept_and_whatever_is_changed_by_others_is_put_right() {
    let seed = env::var("SKEP_SERVICES_SEED").map_or(SEED, |seed| seed.parse().expect("a number"));
    println!("SKEP_SERVICES_SEED={seed}");
    let site = Site::managers("random", &[NODE]).await;
    let mut swarm = Swarm {
        site,
        desired: swarm(),
    };
    for number in 0..SERVICES {
        let spec = service(&mut Dice::new(seed, number), number);
        swarm.declare(number, spec);
    }
    swarm.carry_out().await;
    swarm.check_said_again().await;

    let mut unseen = swarm.edit_all().await;
    for step in &swarm.plan().await.steps {
        let Action::UpdateService(UpdateService { changes, .. }) = &step.action else {
            panic!("{step:?}");
        };
        let field = unseen.remove(&step.object).expect("it was edited");
        let others = changes.iter().find(|it| !it.path.starts_with(&field));
        assert_eq!(others, None, "{field} of {} was edited", step.object);
        assert_eq!(step.because, "somebody else changed it");
    }
    assert_eq!(unseen, BTreeMap::new());
    swarm.carry_out().await;

    // Everything comes and goes with what is declared.
    for number in 0..SERVICES {
        let mut spec = service(&mut Dice::new(seed, SERVICES + number), number);
        spec.mode = swarm.desired.services[name(number).as_str()].spec.mode;
        if let Some(job) = random::without_roll_out(spec.mode) {
            (spec.update, spec.rollback) = job;
        }
        swarm.declare(number, spec);
    }
    swarm.carry_out().await;
}

/// A swarm of one node, and what is declared of it.
struct Swarm {
    site: Site,
    desired: Desired,
}

impl Swarm {
    fn declare(&mut self, number: u64, spec: ServiceSpec) {
        let name: Name = name(number).parse().expect("a name");
        let declared = Declared {
            metadata: Metadata {
                name: name.clone(),
                labels: BTreeMap::new(),
                annotations: BTreeMap::new(),
            },
            spec,
            origin: Origin {
                file: "skep.yaml".to_owned(),
                line: 1,
            },
        };
        self.desired.services.insert(name, declared);
    }

    async fn plan(&self) -> Plan {
        self.plan_of(&self.desired).await
    }

    /// Checks that everything that is there is said again as it was declared: with what an import
    /// says of the services nothing is to be done, not even a fingerprint to be written.
    async fn check_said_again(&self) {
        let cluster = self.site.cluster(NODE).await;
        let name = "cube".parse().expect("a name");
        let mut desired = self.desired.clone();
        let mut said = 0;
        for object in import(&name, &cluster, &[]).objects {
            if let Object::Service(Resource { metadata, spec }) = object {
                let declared = desired.services.get_mut(&metadata.name);
                declared.expect("nobody else made one").spec = spec;
                said += 1;
            }
        }
        assert_eq!(said, SERVICES);
        let planned = self.plan_of(&desired).await;
        assert!(planned.is_empty(), "{planned}");
    }

    async fn plan_of(&self, desired: &Desired) -> Plan {
        let cluster = self.site.cluster(NODE).await;
        let engine = Engine {
            membership: self.site.membership(NODE).await,
            remembers: Some(cluster.id.clone()),
            refused: None,
            is_stuck: false,
            keeps_unlock_key: false,
            is_certified: false,
        };
        let observed = Observed {
            engines: BTreeMap::from([(NODE.parse().expect("a name"), engine)]),
            cluster: Some(cluster),
            naming_keys: NamingKeys::default(),
            ..Observed::default()
        };
        plan(desired, &observed)
    }

    /// Does what is planned until nothing is; whatever was written is as it shall be.
    async fn carry_out(&self) {
        let mut written = BTreeSet::new();
        loop {
            let planned = self.plan().await;
            assert!(planned.blocked.is_empty(), "{planned}");
            if planned.is_empty() {
                return;
            }
            for step in &planned.steps {
                assert!(
                    !written.contains(&step.object),
                    "written already: {planned}"
                );
                match apply(self.site.client(NODE), &step.action, None).await {
                    Ok(_) => {
                        written.insert(step.object.clone());
                    }
                    // The managers themselves move the index for a moment after a change.
                    Err(ApplyError::Engine(EngineError::OutOfSequence)) => {}
                    Err(error) => panic!("{}: {error}\n{planned}", step.object),
                }
            }
        }
    }

    /// Lets somebody else edit one field of each service, in turn every field that skep owns, and
    /// says which of which.
    async fn edit_all(&self) -> BTreeMap<String, String> {
        let mut open: BTreeSet<String> = owned_fields().collect();
        let mut fields: VecDeque<String> = owned_fields().collect();
        let mut edited = BTreeMap::new();
        for name in self.desired.services.keys() {
            let mut turn = 0;
            while !self.edit(name.as_str(), &fields[turn]).await {
                turn += 1;
            }
            let field = fields.remove(turn).expect("it was edited");
            open.remove(&field);
            fields.push_back(field.clone());
            edited.insert(format!("service/{name}"), field);
        }
        assert_eq!(open, BTreeSet::new(), "never edited");
        edited
    }

    /// Lets somebody else edit a field, unless the service has no such field.
    async fn edit(&self, name: &str, field: &str) -> bool {
        loop {
            let service = self.site.cluster(NODE).await.services[name].clone();
            let Some(spec) = edited(&service.spec, field) else {
                return false;
            };
            let update = Action::UpdateService(UpdateService {
                name: name.to_owned(),
                id: service.id,
                version: service.version,
                spec,
                changes: Vec::new(),
            });
            match apply(self.site.client(NODE), &update, None).await {
                Ok(_) => return true,
                Err(ApplyError::Engine(EngineError::OutOfSequence)) => {}
                Err(error) => panic!("{name}, {field}: {error}"),
            }
        }
    }
}

fn name(number: u64) -> String {
    format!("service-{number}")
}

/// A swarm of one node without services, and what services may be attached to.
fn swarm() -> Desired {
    let objects = [
        "kind: Swarm\nmetadata: {name: cube}\nspec: {nodes: [{name: a, address: 10.0.0.60, role: manager}]}\n",
        "kind: Network\nmetadata: {name: front}\nspec: {subnets: [{subnet: 10.30.0.0/16}]}\n",
        "kind: Config\nmetadata: {name: site}\nspec: {data: {value: one}}\n",
        "kind: Secret\nmetadata: {name: key}\nspec: {data: {value: two}}\n",
    ];
    let text: String = objects
        .iter()
        .map(|object| format!("---\napiVersion: skep/v1\n{object}"))
        .collect();
    let set = parse(vec![Source {
        name: "skep.yaml".to_owned(),
        text: text.into(),
    }]);
    assert!(set.problems.is_empty(), "{:?}", set.problems);
    resolve(&set).0
}
