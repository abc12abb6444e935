//! `tcp`: somebody accepts a connection.

use std::net::IpAddr;

use tokio::net::TcpStream;

use crate::judge::Outcome;

/// Connects to `port` of `host`, or of this member's own address.
pub(crate) async fn probe(host: Option<&str>, own_address: Option<IpAddr>, port: u16) -> Outcome {
    let connected = match (host, own_address) {
        (Some(host), _) => TcpStream::connect((host, port)).await,
        (None, Some(address)) => TcpStream::connect((address, port)).await,
        (None, None) => {
            return Outcome::Failed("this member has no address yet to connect to".to_owned());
        }
    };
    match connected {
        Ok(_stream) => Outcome::Passed,
        Err(error) => Outcome::Failed(format!("port {port} does not accept connections: {error}")),
    }
}
