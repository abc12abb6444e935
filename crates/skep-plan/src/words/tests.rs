use serde_json::json;

use super::told;
use crate::difference;

#[test]
fn every_field_of_a_service_has_the_name_that_the_manifest_gives_it() {
    for path in difference::owned() {
        let is_known = |(engine, _, _): &&(&str, &str, super::Unit)| engine.starts_with(&path);
        assert!(super::FIELDS.iter().any(|it| is_known(&it)), "{path}");
    }
}

#[test]
fn values_are_told_as_the_manifest_writes_them() {
    let check = |path: &str, value, expected: &str| {
        let told = told(path, &json!(null), &value);
        assert_eq!(format!("{}: {}", told.field, told.new), expected);
        assert_eq!(told.old, "(nothing)");
    };
    check(
        "UpdateConfig.Delay",
        json!(90_000_000_000_u64),
        "update.delay: 90s",
    );
    check(
        "CAConfig.NodeCertExpiry",
        json!(7_776_000_000_000_000_u64),
        "certificateExpiry: 2160h",
    );
    check(
        "TaskTemplate.Resources.Limits.NanoCPUs",
        json!(1_500_000_000),
        "resources.limits.cpus: 1.5",
    );
    check(
        "TaskTemplate.Resources.Limits.MemoryBytes",
        json!(1 << 29),
        "resources.limits.memory: 512Mi",
    );
    check(
        "TaskTemplate.ContainerSpec.Env.A",
        json!("b c"),
        "environment.A: \"b c\"",
    );
    check(
        "TaskTemplate.Placement.MaxReplicas",
        json!(0),
        "mode.replicated.maxPerNode: (no limit)",
    );
    check(
        "Mode",
        json!({"Replicated": {"Replicas": 3}}),
        "mode.replicated.replicas: 3",
    );
    check("Mode", json!({"Global": {}}), "mode: global");
    check("driver", json!("overlay"), "driver: overlay");
}
