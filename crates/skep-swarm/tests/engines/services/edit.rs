//! What somebody else writes into a field that skep owns.

use serde_json::{Value, json};

/// A specification with something else in a field, or nothing where a service of its kind has no
/// such field.
#[expect(
    clippy::too_many_lines,
    reason = "every field that skep owns by name, so that a new one cannot be forgotten"
)]
pub(super) fn edited(spec: &Value, field: &str) -> Option<Value> {
    let mut edited = spec.clone();
    let place = field
        .split('.')
        .fold(&mut edited, |value, name| &mut value[name]);
    let before = place.clone();
    match field {
        "Labels" | "TaskTemplate.ContainerSpec.Labels" | "TaskTemplate.ContainerSpec.Sysctls" => {
            place["outside"] = json!("1");
        }
        "TaskTemplate.ContainerSpec.Image" => *place = json!("outside:1"),
        "TaskTemplate.ContainerSpec.Command" | "TaskTemplate.ContainerSpec.Args" => {
            *place = json!(["outside"]);
        }
        "TaskTemplate.ContainerSpec.Env" => *place = json!(["OUTSIDE=1"]),
        "TaskTemplate.ContainerSpec.Hostname" | "TaskTemplate.ContainerSpec.User" => {
            *place = json!("outside");
        }
        "TaskTemplate.ContainerSpec.Dir" => *place = json!("/outside"),
        "TaskTemplate.ContainerSpec.ReadOnly" | "TaskTemplate.ContainerSpec.Init" => {
            *place = json!(!before.as_bool().unwrap_or(false));
        }
        "TaskTemplate.ContainerSpec.StopSignal" => *place = json!("SIGUSR2"),
        "TaskTemplate.ContainerSpec.StopGracePeriod" => *place = json!(77),
        "TaskTemplate.ContainerSpec.Healthcheck" => {
            *place = json!({"Test": ["CMD-SHELL", "outside"]});
        }
        "TaskTemplate.ContainerSpec.Mounts" => {
            *place = json!([{"Type": "tmpfs", "Target": "/outside"}]);
        }
        "TaskTemplate.ContainerSpec.Configs" | "TaskTemplate.ContainerSpec.Secrets"
            if before.is_null() =>
        {
            return None;
        }
        "TaskTemplate.ContainerSpec.Configs" | "TaskTemplate.ContainerSpec.Secrets" => {
            place[0]["File"]["Name"] = json!("/outside");
        }
        "TaskTemplate.ContainerSpec.Hosts" => *place = json!(["10.9.9.9 outside"]),
        "TaskTemplate.ContainerSpec.DNSConfig" => place["Nameservers"] = json!(["10.9.9.9"]),
        "TaskTemplate.ContainerSpec.CapabilityAdd"
        | "TaskTemplate.ContainerSpec.CapabilityDrop" => *place = json!(["CAP_SYS_TIME"]),
        "TaskTemplate.ContainerSpec.Ulimits" => {
            *place = json!([{"Name": "cpu", "Soft": 7, "Hard": 7}]);
        }
        "TaskTemplate.Resources.Limits" | "TaskTemplate.Resources.Reservations" => {
            place["MemoryBytes"] = json!(77 << 20);
        }
        "TaskTemplate.RestartPolicy" => place["MaxAttempts"] = json!(77),
        "TaskTemplate.Placement.Constraints" => {
            let constraints = place.as_array_mut().expect("there is one");
            constraints.push(json!("node.labels.outside == true"));
        }
        "TaskTemplate.Placement.Preferences" => {
            *place = json!([{"Spread": {"SpreadDescriptor": "node.labels.outside"}}]);
        }
        // What somebody looked up is no difference where none is asked for.
        "TaskTemplate.Placement.Platforms" if before.is_null() => return None,
        "TaskTemplate.Placement.Platforms" => *place = json!([{"OS": "outside"}]),
        "TaskTemplate.Placement.MaxReplicas" if spec["Mode"]["Replicated"].is_null() => {
            return None;
        }
        "TaskTemplate.Placement.MaxReplicas" => *place = json!(77),
        "TaskTemplate.Networks" if before.is_null() => *place = json!([{"Target": "host"}]),
        "TaskTemplate.Networks" => *place = Value::Null,
        "TaskTemplate.LogDriver" => *place = json!({"Name": "syslog"}),
        "Mode" if spec["Mode"]["Replicated"].is_null() => return None,
        "Mode" => place["Replicated"]["Replicas"] = json!(77),
        // A job has none.
        "UpdateConfig" | "RollbackConfig" if before.is_null() => return None,
        "UpdateConfig" | "RollbackConfig" => place["Parallelism"] = json!(77),
        // Not together with ports of the mesh.
        "EndpointSpec.Mode" if before == "vip" && !spec["EndpointSpec"]["Ports"].is_null() => {
            return None;
        }
        "EndpointSpec.Mode" if before == "vip" => *place = json!("dnsrr"),
        "EndpointSpec.Mode" => *place = json!("vip"),
        "EndpointSpec.Ports" => {
            *place = json!([{"Protocol": "tcp", "TargetPort": 7, "PublishMode": "host"}]);
        }
        _ => panic!("nobody here edits {field}"),
    }
    Some(edited)
}
