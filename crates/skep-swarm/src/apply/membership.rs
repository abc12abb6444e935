//! A node's own way into a swarm and out of it.

use std::net::IpAddr;

use serde_json::{Value, json};
use skep_plan::action::{Change, InitSwarm, JoinSwarm, UpdateSwarm};
use skep_plan::observed::Foundation;

use super::{Applied, ApplyError, change, differs};
use crate::engine::{Client, EngineError};
use crate::token::JoinToken;

/// The port on which managers speak with each other and with all nodes.
const SWARM_PORT: u16 = 2377;

/// Takes the engine out of its swarm, unless it is a manager, whose going could cost the quorum.
/// It goes on leaving after it has answered: its membership says when it is out.
pub(super) async fn leave(client: &Client) -> Result<Applied, ApplyError> {
    match client.write("/swarm/leave", &json!({})).await {
        Ok(()) => Ok(Applied::Done),
        Err(EngineError::NotAManager) => Ok(Applied::AlreadyDone),
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn init(client: &Client, init: &InitSwarm) -> Result<Applied, ApplyError> {
    client.write("/swarm/init", &init_body(init)).await?;
    Ok(Applied::Done)
}

/// How the engine is told to create a swarm.
pub(crate) fn init_body(init: &InitSwarm) -> Value {
    let InitSwarm {
        labels,
        foundation:
            Foundation {
                address_pools,
                subnet_length,
                data_path_port,
            },
        changes,
        advertise_address,
        data_path_address,
        availability,
    } = init;
    json!({
        "ListenAddr": listen_address(*advertise_address),
        "AdvertiseAddr": with_port(*advertise_address),
        "DataPathAddr": data_path_address,
        "DataPathPort": data_path_port,
        "DefaultAddrPool": address_pools,
        "SubnetSize": subnet_length,
        "Availability": availability,
        "Spec": with_changes(&json!({ "Labels": labels }), changes),
    })
}

/// Changes the settings of the swarm.
pub(super) async fn update(client: &Client, update: &UpdateSwarm) -> Result<Applied, ApplyError> {
    change("/swarm", "", client, |spec| {
        differs(spec, with_changes(spec, &update.changes))
    })
    .await
}

fn with_changes(spec: &Value, changes: &[Change]) -> Value {
    let mut changed = spec.clone();
    for Change { path, new, .. } in changes {
        let place = path.split('.').fold(&mut changed, |value, name| {
            if !value.is_object() {
                *value = json!({});
            }
            &mut value[name]
        });
        *place = new.clone();
    }
    changed
}

pub(super) async fn join(
    client: &Client,
    join: &JoinSwarm,
    token: &JoinToken,
) -> Result<Applied, ApplyError> {
    let JoinSwarm {
        // The token decides it.
        role: _,
        advertise_address,
        data_path_address,
        availability,
        remote_addresses,
    } = join;
    let managers: Vec<_> = remote_addresses.iter().copied().map(with_port).collect();
    let body = json!({
        "ListenAddr": listen_address(*advertise_address),
        "AdvertiseAddr": with_port(*advertise_address),
        "DataPathAddr": data_path_address,
        "Availability": availability,
        "RemoteAddrs": managers,
        "JoinToken": token.expose(),
    });
    client.write("/swarm/join", &body).await?;
    Ok(Applied::Done)
}

/// Every address of the node: an engine that starts before its one address is there could not
/// listen, and would not try again.
const fn listen_address(advertised: IpAddr) -> &'static str {
    match advertised {
        IpAddr::V4(_) => "0.0.0.0:2377",
        IpAddr::V6(_) => "[::]:2377",
    }
}

fn with_port(address: IpAddr) -> String {
    std::net::SocketAddr::new(address, SWARM_PORT).to_string()
}
