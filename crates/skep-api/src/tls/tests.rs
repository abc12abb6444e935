use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use rustls::version::TLS13;
use skep_manifest::name::NodeName;
use time::macros::datetime;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::{
    Acceptor, Connector, HandshakeError, client_configuration, server_configuration, tls_error,
};
use crate::trust::certificate::NodeCertificate;
use crate::trust::identity::Identity;
use crate::trust::key::{ClusterKey, ClusterKeys};
use crate::trust::name::{Proven, Standing};

fn node(name: &str) -> NodeName {
    name.parse().unwrap()
}

fn new_key() -> ClusterKeys {
    ClusterKey::generate().unwrap().into()
}

/// The keys of a file that holds those of two files, the first first.
fn both(first: &ClusterKeys, second: &ClusterKeys) -> ClusterKeys {
    let text = first.issuing().armour() + &second.issuing().armour();
    ClusterKeys::parse(text.as_bytes()).unwrap()
}

fn identity(keys: &ClusterKeys, name: &str) -> Identity {
    Identity::issue(keys, &node(name)).unwrap()
}

/// What two agents make of each other: the server of the caller, the caller of `wanted`.
struct Encounter {
    server: Result<Proven, HandshakeError>,
    caller: Result<Standing, HandshakeError>,
}

async fn meet(acceptor: &Acceptor, connector: &Connector, wanted: &str) -> Encounter {
    let (near, far) = duplex(64 << 10);
    let server = async {
        let (mut stream, proven) = acceptor.accept(far).await?;
        stream
            .write_all(b"welcome")
            .await
            .map_err(HandshakeError::from_io)?;
        Ok(proven)
    };
    let caller = async {
        let (mut stream, standing) = connector.connect(&node(wanted), near).await?;
        let mut welcome = [0; 7];
        stream
            .read_exact(&mut welcome)
            .await
            .map_err(HandshakeError::from_io)?;
        assert_eq!(&welcome, b"welcome");
        Ok(standing)
    };
    let (server, caller) = tokio::join!(server, caller);
    Encounter { server, caller }
}

/// `cube01` with `server` keys is called by `cube02` with `caller` keys.
async fn meet_with(server: &ClusterKeys, caller: &ClusterKeys) -> Encounter {
    let acceptor = Acceptor::new(&identity(server, "cube01"));
    let connector = Connector::new(&identity(caller, "cube02"));
    meet(&acceptor, &connector, "cube01").await
}

fn assert_trusted(encounter: Encounter) {
    let expected = Proven {
        node: node("cube02"),
        standing: Standing::KeyHolder,
    };
    assert_eq!(encounter.server.unwrap(), expected);
    assert_eq!(encounter.caller.unwrap(), Standing::KeyHolder);
}

#[tokio::test]
async fn two_agents_of_one_key_prove_their_names() {
    let keys = new_key();
    assert_trusted(meet_with(&keys, &keys).await);
}

#[tokio::test]
async fn an_agent_proves_whichever_of_its_names_it_is_called_by() {
    let keys = new_key();
    let full = identity(&keys, "cube01.lab.example");
    let acceptor = Acceptor::new(&full.answering_as(identity(&keys, "cube01")));
    let connector = Connector::new(&identity(&keys, "cube02"));
    for name in ["cube01.lab.example", "cube01"] {
        assert_trusted(meet(&acceptor, &connector, name).await);
    }
    for name in ["cube03", "cube01.other.example"] {
        let caller = meet(&acceptor, &connector, name).await.caller;
        assert!(
            matches!(caller, Err(HandshakeError::OtherNode(_))),
            "{caller:?}"
        );
    }
}

#[tokio::test]
async fn an_agent_of_another_key_is_not_trusted() {
    let Encounter { server, caller } = meet_with(&new_key(), &new_key()).await;
    assert!(
        matches!(caller, Err(HandshakeError::NotTrusted(_))),
        "{caller:?}"
    );
    assert!(
        matches!(server, Err(HandshakeError::NotTrusted(_))),
        "{server:?}"
    );
}

#[tokio::test]
async fn each_of_two_keys_is_trusted_and_the_first_issues() {
    let (old, new) = (new_key(), new_key());
    let (old_first, new_first) = (both(&old, &new), both(&new, &old));
    for (server, caller) in [
        (&old, &old_first),
        (&old_first, &old),
        (&old_first, &new_first),
        (&new_first, &old_first),
        (&new, &new_first),
        (&new_first, &new),
    ] {
        assert_trusted(meet_with(server, caller).await);
    }
    let caller = meet_with(&new_first, &old).await.caller;
    assert!(
        matches!(caller, Err(HandshakeError::NotTrusted(_))),
        "{caller:?}"
    );
}

#[tokio::test]
async fn a_caller_that_is_not_trusted_learns_it_with_the_first_answer() {
    let (old, new) = (new_key(), new_key());
    let Encounter { server, caller } = meet_with(&new, &both(&old, &new)).await;
    assert!(
        matches!(server, Err(HandshakeError::NotTrusted(_))),
        "{server:?}"
    );
    assert!(
        matches!(caller, Err(HandshakeError::NotTrusted(_))),
        "{caller:?}"
    );
}

#[tokio::test]
async fn a_server_that_is_another_node_is_not_talked_to() {
    let keys = new_key();
    let acceptor = Acceptor::new(&identity(&keys, "cube01"));
    let connector = Connector::new(&identity(&keys, "cube02"));
    let Encounter { server, caller } = meet(&acceptor, &connector, "cube03").await;
    let error = caller.expect_err("it is another node");
    let expected = "the agent that answers there is cube01";
    assert_eq!(error.to_string(), expected);
    assert!(
        matches!(server, Err(HandshakeError::TakenForAnother(_))),
        "it is no question of keys: {server:?}"
    );
}

#[tokio::test]
async fn a_caller_without_certificate_is_refused() {
    let keys = new_key();
    let server = identity(&keys, "cube01");
    let anonymous = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_root_certificates(server.authorities())
        .with_no_client_auth();
    let connector = Connector(TlsConnector::from(Arc::new(anonymous)));
    let Encounter { server, caller } = meet(&Acceptor::new(&server), &connector, "cube01").await;
    assert!(
        matches!(server, Err(HandshakeError::NotTrusted(_))),
        "{server:?}"
    );
    assert!(caller.is_err());
}

#[derive(Debug)]
struct StoppedClock(Duration);

impl TimeProvider for StoppedClock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(self.0))
    }
}

#[tokio::test]
async fn no_clock_is_too_wrong_to_trust_a_peer() {
    const LONG: Duration = Duration::from_secs(7900 * 365 * 24 * 3600);
    let keys = new_key();
    for (server, caller) in [(Duration::ZERO, LONG), (LONG, Duration::ZERO)] {
        let clock = |time| Arc::new(StoppedClock(time));
        let server = server_configuration(&identity(&keys, "cube01"), clock(server));
        let caller = client_configuration(&identity(&keys, "cube02"), clock(caller));
        let acceptor = Acceptor(TlsAcceptor::from(Arc::new(server)));
        let connector = Connector(TlsConnector::from(Arc::new(caller)));
        assert_trusted(meet(&acceptor, &connector, "cube01").await);
    }
}

/// What `cube04` shows that has no cluster key, until 2030.
fn certified(keys: &ClusterKeys) -> Identity {
    let until = datetime!(2030-01-01 00:00:00 UTC);
    let issued = NodeCertificate::issue(keys, &node("cube04"), until).unwrap();
    let read = NodeCertificate::parse(issued.armour().as_bytes()).unwrap();
    Identity::certified(&read).unwrap()
}

#[tokio::test]
async fn a_node_with_a_certificate_is_known_as_one_that_has_no_key() {
    let keys = new_key();
    let (holder, certified) = (identity(&keys, "cube01"), certified(&keys));
    let called = meet(
        &Acceptor::new(&holder),
        &Connector::new(&certified),
        "cube01",
    )
    .await;
    let expected = Proven {
        node: node("cube04"),
        standing: Standing::Certified,
    };
    assert_eq!(called.server.unwrap(), expected);
    assert_eq!(called.caller.unwrap(), Standing::KeyHolder);
    let (acceptor, connector) = (Acceptor::new(&certified), Connector::new(&holder));
    let answers = meet(&acceptor, &connector, "cube04").await;
    assert_eq!(answers.caller.unwrap(), Standing::Certified);
    let other = meet(&acceptor, &connector, "cube01").await;
    assert!(matches!(other.caller, Err(HandshakeError::OtherNode(_))));
}

#[tokio::test]
async fn a_certificate_that_has_ended_is_called_so() {
    const IN_2031: Duration = Duration::from_secs(61 * 365 * 24 * 3600 + 30 * 24 * 3600);
    let keys = new_key();
    let clock = Arc::new(StoppedClock(IN_2031));
    let server = server_configuration(&identity(&keys, "cube01"), clock);
    let acceptor = Acceptor(TlsAcceptor::from(Arc::new(server)));
    let connector = Connector::new(&certified(&keys));
    let met = meet(&acceptor, &connector, "cube01").await;
    assert!(matches!(met.server, Err(HandshakeError::Ended(_))));
    assert!(matches!(met.caller, Err(HandshakeError::Ended(_))));
}

#[tokio::test(start_paused = true)]
async fn a_silent_caller_has_five_seconds() {
    let (_near, far) = duplex(1 << 10);
    let acceptor = Acceptor::new(&identity(&new_key(), "cube01"));
    let start = tokio::time::Instant::now();
    let refused = acceptor.accept(far).await.map(|(_stream, node)| node);
    assert!(matches!(refused, Err(HandshakeError::Late)), "{refused:?}");
    assert_eq!(start.elapsed().as_secs(), 5);
}

#[tokio::test]
async fn bytes_that_are_not_tls_end_the_handshake() {
    let acceptor = Acceptor::new(&identity(&new_key(), "cube01"));
    let inputs: [&[u8]; 5] = [
        b"",
        b"GET /v1/status HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\xff\xff\x01\x00\x00\x00",
        b"\x16\x03\x03\x00\x04\x01\xff\xff\xff",
        &[0xff; 40_000],
    ];
    for input in inputs {
        let (mut near, far) = duplex(64 << 10);
        near.write_all(input).await.unwrap();
        near.shutdown().await.unwrap();
        let refused = acceptor.accept(far).await.map(|(_stream, node)| node);
        assert!(
            matches!(refused, Err(HandshakeError::Broken(_))),
            "{refused:?}"
        );
    }
}

#[test]
fn an_error_of_the_system_is_none_of_tls() {
    assert!(tls_error(&std::io::ErrorKind::ConnectionReset.into()).is_none());
    assert!(tls_error(&std::io::Error::other("words")).is_none());
}
