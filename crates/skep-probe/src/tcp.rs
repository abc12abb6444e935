//! `tcp`: somebody accepts a connection.

use std::net::IpAddr;

use crate::aside::Aside;
use crate::connect::connect;
use crate::judge::Outcome;

/// Connects to `port` of `host`, or of this member's own address.
pub(crate) async fn probe(
    host: Option<&str>,
    own_address: Option<IpAddr>,
    port: u16,
    aside: &Aside,
) -> Outcome {
    let own_address = own_address.map(|address| address.to_string());
    let Some(host) = host.or(own_address.as_deref()) else {
        return Outcome::Failed("this member has no address yet to connect to".to_owned());
    };
    connect(host, port, aside).await.map(|_stream| ()).into()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn without_a_host_the_members_own_address_is_connected_and_no_other() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let port = listener.local_addr().expect("it is bound").port();
        let aside = Aside::new();
        let own = |last| Some(IpAddr::from([127, 0, 0, last]));
        assert_eq!(probe(None, own(1), port, &aside).await, Outcome::Passed);
        for (host, own) in [(None, own(9)), (None, None), (Some("127.0.0.9"), own(1))] {
            let outcome = probe(host, own, port, &aside).await;
            assert!(matches!(outcome, Outcome::Failed(_)), "{host:?} {own:?}");
        }
        assert_eq!(
            probe(Some("localhost"), None, port, &aside).await,
            Outcome::Passed
        );
    }
}
