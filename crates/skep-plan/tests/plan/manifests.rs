//! Every manifest in `manifests/` is planned, from bare engines to the end.

use std::fs;
use std::path::{Path, PathBuf};

use skep_manifest::condition::Reason;
use skep_plan::observed::Membership;
use skep_plan::plan;

use crate::scripts::read;
use crate::world::{World, desired, engine};

#[test]
fn every_manifest_becomes_what_it_declares_or_says_what_is_not_supported() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../manifests");
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    assert!(paths.len() >= 6, "{paths:?}");
    for path in paths {
        let desired = desired(&read(&path));
        let mut world = World::default();
        for node in desired.swarm.iter().flat_map(|swarm| &swarm.spec.nodes) {
            let engines = &mut world.observed.engines;
            engines.insert(node.name.clone(), engine(Membership::Inactive));
        }
        let rest = loop {
            let planned = plan(&desired, &world.observed);
            if planned.steps.is_empty() {
                break planned;
            }
            world.execute(&planned);
        };
        assert_eq!(rest.waiting, [], "{}", path.display());
        for blocked in &rest.blocked {
            assert_eq!(
                blocked.reason,
                Reason::NotSupported,
                "{}: {rest}",
                path.display()
            );
        }
        let done = desired
            .swarm
            .iter()
            .flat_map(|swarm| &swarm.spec.nodes)
            .count();
        let listed = world
            .observed
            .cluster
            .map_or(0, |cluster| cluster.nodes.len());
        assert_eq!(listed, done, "{}", path.display());
    }
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the manifests are part of the repository") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|ends| ends == "yaml") {
            paths.push(path);
        }
    }
}
