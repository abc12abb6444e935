//! Connections to hosts by name or address.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

use tokio::net::TcpStream;

use crate::aside::Aside;

/// A connection to `port` of `host`.
pub(crate) async fn connect(host: &str, port: u16, aside: &Aside) -> Result<TcpStream, String> {
    let addresses = addresses(host, port, aside).await?;
    TcpStream::connect(&addresses[..])
        .await
        .map_err(|error| format!("{host} port {port} does not accept connections: {error}"))
}

async fn addresses(host: &str, port: u16, aside: &Aside) -> Result<Vec<SocketAddr>, String> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let name = host.to_owned();
    let found = aside.run(move || {
        let found = (name.as_str(), port).to_socket_addrs();
        found.map(Iterator::collect::<Vec<_>>)
    });
    match found.await? {
        Ok(addresses) if addresses.is_empty() => Err(format!("{host} has no address")),
        Ok(addresses) => Ok(addresses),
        Err(error) => Err(format!("{host} cannot be resolved: {error}")),
    }
}
