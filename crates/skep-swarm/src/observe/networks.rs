//! The networks: those of the whole swarm, and the names of those that services are in, for the
//! engine keeps ids where names were given.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use skep_plan::observed::ClusterNetwork;

use super::wire::{Service, or_empty};
use crate::engine::{Client, EngineError, percent_encoded};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Network {
    id: String,
    name: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    driver: String,
    #[serde(default)]
    attachable: bool,
    #[serde(default)]
    internal: bool,
    #[serde(default)]
    ingress: bool,
    #[serde(default, rename = "EnableIPv6")]
    ipv6: bool,
    #[serde(default, rename = "IPAM")]
    addresses: Addresses,
    #[serde(default, deserialize_with = "or_empty")]
    options: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "or_empty")]
    labels: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Addresses {
    config: Option<Vec<Subnet>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Subnet {
    #[serde(default)]
    subnet: String,
    gateway: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Spec {
    task_template: Option<Task>,
    /// Where networks stood before tasks had them.
    networks: Option<Vec<Attachment>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Task {
    networks: Option<Vec<Attachment>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attachment {
    target: String,
}

pub(super) async fn read(client: &Client) -> Result<Vec<Network>, EngineError> {
    client.read("/networks").await
}

/// Those that belong to the whole swarm, by name, but for the one of the published ports.
pub(super) fn of_the_swarm(networks: Vec<Network>) -> BTreeMap<String, ClusterNetwork> {
    let own = networks
        .into_iter()
        .filter(|network| network.scope == "swarm" && !network.ingress);
    own.map(|network| (network.name.clone(), network.into()))
        .collect()
}

impl From<Network> for ClusterNetwork {
    fn from(network: Network) -> Self {
        let subnets = network.addresses.config.unwrap_or_default();
        Self {
            id: network.id,
            labels: network.labels,
            driver: network.driver,
            attachable: network.attachable,
            internal: network.internal,
            ipv6: network.ipv6,
            options: network.options,
            subnets: subnets
                .into_iter()
                .map(|Subnet { subnet, gateway }| (subnet, gateway.filter(|it| !it.is_empty())))
                .collect(),
        }
    }
}

/// The names of the networks these services are in, by their ids.
pub(super) async fn names(
    client: &Client,
    services: &[Service],
    listed: &[Network],
) -> Result<BTreeMap<String, String>, EngineError> {
    let mut wanted = BTreeSet::new();
    for service in services {
        wanted.extend(ids(service)?);
    }
    let mut names = BTreeMap::new();
    for Network { id, name, .. } in listed {
        if wanted.remove(id) {
            names.insert(id.clone(), name.clone());
        }
    }
    // The list leaves out the swarm's own networks of the hosts.
    for id in wanted {
        let path = format!("/networks/{}", percent_encoded(&id));
        match client.read::<Network>(&path).await {
            Ok(network) => {
                names.insert(id, network.name);
            }
            Err(EngineError::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(names)
}

fn ids(service: &Service) -> Result<impl Iterator<Item = String>, EngineError> {
    let Spec {
        task_template,
        networks,
    } = service.spec.understood()?;
    let of_task = task_template.and_then(|task| task.networks);
    let attachments = [of_task, networks].into_iter().flatten().flatten();
    Ok(attachments.map(|attachment| attachment.target))
}
