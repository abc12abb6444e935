//! Trying to reach the other nodes in every way that they need.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use futures_util::future::{join, join_all};
use serde::de::IgnoredAny;
use skep_api::call::CallError;
use skep_api::path;
use skep_api::peer::PeerClient;
use skep_api::preflight::Round;
use skep_manifest::name::NodeName;
use skep_manifest::swarm::Node;
use skep_plan::preflight::{Knock, Outcome, Protocol, Way};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{sleep, timeout};

use crate::control::cluster::agent_of;
use crate::control::understand::with_causes;

/// How long another node may take to answer: a lost packet is sent again after one second.
const ANSWER: Duration = Duration::from_secs(2);

/// How many datagrams are sent, and how far apart: losing one means nothing.
const DATAGRAMS: usize = 3;
const APART: Duration = Duration::from_millis(50);

/// What becomes of the attempts of `own` to reach the other nodes.
pub(in crate::control) async fn knock(
    client: &PeerClient,
    own: &NodeName,
    round: &Round,
) -> Vec<Knock> {
    let client = client.with_limit(ANSWER);
    let others = round.asked.nodes.iter().filter(|node| node.name != *own);
    let knocks = others.map(|node| {
        let ways = round.asked.engine_ways(node).into_iter();
        let engine = ways.map(|(way, address)| at_engine(own, node, way, address, round));
        join(join_all(engine), at_agent(&client, node))
    });
    let knocks = join_all(knocks).await.into_iter();
    knocks
        .flat_map(|(engine, agent)| engine.into_iter().chain([agent]))
        .collect()
}

async fn at_agent(client: &PeerClient, node: &Node) -> Knock {
    let peer = agent_of(node);
    let answer = client.get::<IgnoredAny>(&peer, path::REPORT).await;
    Knock {
        to: node.name.clone(),
        way: Way::tcp(peer.address.port()),
        outcome: answer.map_or_else(|error| outcome(&error), |_| Outcome::Answered),
    }
}

async fn at_engine(
    own: &NodeName,
    node: &Node,
    way: Way,
    address: SocketAddr,
    round: &Round,
) -> Knock {
    let outcome = match way.protocol {
        Protocol::Tcp => match timeout(ANSWER, TcpStream::connect(address)).await {
            Ok(Ok(_)) => Outcome::Answered,
            Ok(Err(error)) => of_system(&error),
            Err(_elapsed) => Outcome::Silent,
        },
        Protocol::Udp => {
            let sent = send(address, &round.token.mark(own.as_str())).await;
            sent.map_or_else(|error| of_system(&error), |()| Outcome::Sent)
        }
    };
    let to = node.name.clone();
    Knock { to, way, outcome }
}

async fn send(address: SocketAddr, datagram: &[u8]) -> io::Result<()> {
    let any = match address {
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    };
    // Not connected: a refusal that comes back for one datagram would keep the next from leaving.
    let socket = UdpSocket::bind(any).await?;
    for _ in 0..DATAGRAMS {
        socket.send_to(datagram, address).await?;
        sleep(APART).await;
    }
    Ok(())
}

/// What a call of another agent that failed says about the way to it.
pub(super) fn outcome(error: &CallError) -> Outcome {
    match error {
        CallError::NoAgent { source, .. } | CallError::PermissionDenied { source, .. } => {
            of_system(source)
        }
        CallError::Late { .. } => Outcome::Silent,
        CallError::Untrusted { source, .. } => Outcome::Stranger(with_causes(source.as_ref())),
        CallError::Refused { .. }
        | CallError::Dismissed(_)
        | CallError::NotStarted { .. }
        | CallError::Unaskable(_)
        | CallError::Broken(_)
        | CallError::Unreadable(_)
        | CallError::NotUnderstood(_) => Outcome::Troubled(with_causes(error)),
    }
}

fn of_system(error: &io::Error) -> Outcome {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Outcome::Refused,
        io::ErrorKind::PermissionDenied
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::AddrNotAvailable => Outcome::Kept(error.to_string()),
        _ => Outcome::Silent,
    }
}
