//! A node's own way into a swarm and out of it.

use std::net::IpAddr;

use serde_json::json;
use skep_plan::action::{InitSwarm, JoinSwarm};

use super::{Applied, ApplyError};
use crate::engine::{Client, EngineError};
use crate::token::JoinToken;

/// The port on which managers speak with each other and with all nodes.
const SWARM_PORT: u16 = 2377;

/// How a node leaves its swarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// Unless it is a manager, whose going could cost the swarm its quorum.
    Orderly,
    /// Whatever it is.
    Forced,
}

/// Takes the engine out of its swarm. It goes on leaving after it has answered: look at its
/// membership before it joins another.
///
/// # Errors
///
/// [`ApplyError`] when the engine refuses or does not answer.
pub async fn leave(client: &Client, leave: Leave) -> Result<Applied, ApplyError> {
    let path = match leave {
        Leave::Orderly => "/swarm/leave",
        Leave::Forced => "/swarm/leave?force=true",
    };
    match client.write(path, &json!({})).await {
        Ok(()) => Ok(Applied::Done),
        Err(EngineError::NotAManager) => Ok(Applied::AlreadyDone),
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn init(client: &Client, init: &InitSwarm) -> Result<Applied, ApplyError> {
    let InitSwarm {
        labels,
        advertise_address,
        data_path_address,
        availability,
    } = init;
    let body = json!({
        "ListenAddr": listen_address(*advertise_address),
        "AdvertiseAddr": with_port(*advertise_address),
        "DataPathAddr": data_path_address,
        "Availability": availability,
        "Spec": { "Labels": labels },
    });
    client.write("/swarm/init", &body).await?;
    Ok(Applied::Done)
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
