//! A small object of each kind: what editors offer to begin with.

use serde_json::{Value, json};

use crate::object::{API_VERSION, Kind};

/// An object of this kind that is right as it stands, once its names are the user's.
pub(super) fn example(kind: Kind) -> Value {
    let (name, spec) = match kind {
        Kind::Swarm => (
            "cube",
            json!({"nodes": [
                {"name": "cube01", "address": "10.0.0.60", "role": "manager"},
                {"name": "cube02", "address": "10.0.0.61", "role": "worker"},
            ]}),
        ),
        Kind::VipGroup => (
            "ingress",
            json!({
                "virtualRouterId": 51,
                "addresses": ["10.0.0.70"],
                "members": ["cube01", "cube02"],
            }),
        ),
        Kind::HealthCheck => (
            "haproxy",
            json!({"tcp": {"port": 80}, "interval": "2s", "fall": 2, "rise": 2}),
        ),
        Kind::Notifier => (
            "operations",
            json!({"email": {
                "to": ["operations@example.com"],
                "from": "skep@example.com",
                "server": "smtp.example.com:25",
            }}),
        ),
        Kind::Service => (
            "web",
            json!({
                "image": "nginx:1.27",
                "mode": {"global": {}},
                "ports": [{"published": 80, "target": 80, "mode": "host"}],
            }),
        ),
        Kind::Stack => (
            "shop",
            json!({"compose": {"fromFile": "files/shop.compose.yaml"}}),
        ),
        Kind::Network => ("front", json!({"driver": "overlay"})),
        Kind::Config => ("site", json!({"data": {"fromFile": "files/site.conf"}})),
        Kind::Secret => ("password", json!({"data": {"fromEnv": "PASSWORD"}})),
    };
    json!({
        "apiVersion": API_VERSION,
        "kind": kind.as_str(),
        "metadata": {"name": name},
        "spec": spec,
    })
}
