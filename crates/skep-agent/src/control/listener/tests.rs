use std::io;
use std::time::Duration;

use axum::extract::Extension;
use axum::routing::{get, post};
use axum::serve::Listener;
use axum::{Json, Router};
use skep_api::call::CallError;
use skep_api::peer::{Line, Peer, PeerClient};
use skep_api::tls::HandshakeError;
use skep_api::trust::identity::Identity;
use skep_api::trust::key::{ClusterKey, ClusterKeys};
use skep_api::trust::name::Standing;
use skep_manifest::name::NodeName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use super::{BOUNDS, Caller, HANDSHAKES, PeerListener};
use crate::control::serving;

const ANY_PORT: &str = "127.0.0.1:0";

/// A handshake may take five seconds.
const LESS_THAN_A_HANDSHAKE: Duration = Duration::from_secs(3);

fn node(name: &str) -> NodeName {
    name.parse().expect("a name")
}

/// The agent of cube01, serving on a port of its own until the test ends.
struct Served {
    keys: ClusterKeys,
    peer: Peer,
}

impl Served {
    async fn start() -> Self {
        let keys = ClusterKeys::from(ClusterKey::generate().unwrap());
        let identity = Identity::issue(&keys, &node("cube01")).unwrap();
        let address = ANY_PORT.parse().unwrap();
        let listener = PeerListener::bind(address, &identity).await.unwrap();
        let Caller { node, address, .. } = listener.local_addr().unwrap();
        let router = Router::new()
            .route("/who", get(who))
            .route("/port", get(port))
            .route("/sum", post(sum));
        tokio::spawn(serving::serve(listener, router, BOUNDS));
        Self {
            keys,
            peer: Peer { node, address },
        }
    }

    fn client(&self, name: &str) -> PeerClient {
        PeerClient::new(&Identity::issue(&self.keys, &node(name)).unwrap())
    }

    async fn assert_answers(&self) {
        let answer: String = self.client("cube02").get(&self.peer, "/who").await.unwrap();
        assert_eq!(answer, "cube02");
    }

    async fn stranger(&self) -> TcpStream {
        TcpStream::connect(self.peer.address).await.unwrap()
    }

    /// A stranger at an address of its own.
    async fn stranger_at(&self, number: usize) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        let [high, low] = u16::try_from(number).unwrap().to_be_bytes();
        socket.bind(([127, 1, high, low], 0).into()).unwrap();
        socket.connect(self.peer.address).await.unwrap()
    }
}

async fn who(Extension(caller): Extension<Caller>) -> Json<NodeName> {
    Json(caller.node)
}

async fn port(Extension(caller): Extension<Caller>) -> Json<u16> {
    Json(caller.address.port())
}

async fn sum(Json(numbers): Json<Vec<u32>>) -> Json<u32> {
    Json(numbers.iter().sum())
}

#[tokio::test]
async fn handlers_learn_which_node_calls() {
    let served = Served::start().await;
    served.assert_answers().await;
    let client = served.client("cube03.example.com");
    let answer: String = client.get(&served.peer, "/who").await.unwrap();
    assert_eq!(answer, "cube03.example.com");
}

#[tokio::test]
async fn a_line_is_one_connection() {
    let served = Served::start().await;
    let mut line = Line::new(served.client("cube02"), served.peer.clone());
    let (standing, first) = line.get::<u16>("/port").await;
    let first = first.unwrap();
    assert_eq!(standing, Some(Standing::KeyHolder));
    let (again, second) = line.get::<u16>("/port").await;
    assert_eq!((again, second.unwrap()), (standing, first));
    let refused = line.get::<u16>("/nowhere").await.1;
    assert!(matches!(refused, Err(CallError::Refused { .. })));
    assert_eq!(line.get::<u16>("/port").await.1.unwrap(), first);
}

#[tokio::test]
async fn a_line_to_another_cluster_says_what_is_missing() {
    let served = Served::start().await;
    let foreign = ClusterKeys::from(ClusterKey::generate().unwrap());
    let client = PeerClient::new(&Identity::issue(&foreign, &node("cube02")).unwrap());
    let mut line = Line::new(client, served.peer.clone());
    for _ in 0..2 {
        let error = line.get::<u16>("/port").await.1.unwrap_err();
        assert!(matches!(error, CallError::Untrusted { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_peer_is_sent_a_body() {
    let served = Served::start().await;
    let client = served.client("cube02");
    let answer: u32 = client.post(&served.peer, "/sum", &[1, 2]).await.unwrap();
    assert_eq!(answer, 3);
    let refused = client.post::<u32>(&served.peer, "/sum", &"words").await;
    assert!(
        matches!(refused, Err(CallError::Refused { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn callers_of_another_cluster_are_refused_and_the_port_stays_open() {
    let served = Served::start().await;
    let foreign = ClusterKeys::from(ClusterKey::generate().unwrap());
    let client = PeerClient::new(&Identity::issue(&foreign, &node("cube02")).unwrap());
    let error = client
        .get::<String>(&served.peer, "/who")
        .await
        .unwrap_err();
    let CallError::Untrusted { source, .. } = error else {
        panic!("{error:?}");
    };
    assert!(matches!(*source, HandshakeError::NotTrusted(_)), "{source}");
    served.assert_answers().await;
}

#[tokio::test]
async fn a_node_at_the_address_of_another_is_not_taken_for_it() {
    let served = Served::start().await;
    let peer = Peer {
        node: node("cube09"),
        ..served.peer.clone()
    };
    let answer = served.client("cube02").get::<String>(&peer, "/who").await;
    let error = answer.expect_err("it is another node");
    let CallError::Untrusted { source, .. } = &error else {
        panic!("{error:?}");
    };
    assert!(matches!(**source, HandshakeError::OtherNode(_)), "{source}");
    let (who, hint) = (error.to_string(), error.hint());
    assert!(
        who.starts_with("no trusted connection to cube09 ("),
        "{who}"
    );
    let hint = hint.expect("somebody has to do something");
    assert!(hint.starts_with("start it with --node"), "{hint}");
}

#[tokio::test]
async fn a_stranger_that_says_nothing_blocks_nobody() {
    let served = Served::start().await;
    let _silent = served.stranger().await;
    served.assert_answers().await;
}

#[tokio::test]
async fn when_strangers_hold_all_handshakes_the_oldest_gives_way() {
    let served = Served::start().await;
    let mut strangers = Vec::new();
    for number in 0..=HANDSHAKES.overall {
        strangers.push(served.stranger_at(number).await);
    }
    served.assert_answers().await;
    let mut byte = [0];
    let ended = timeout(LESS_THAN_A_HANDSHAKE, strangers[0].read(&mut byte)).await;
    let read = ended.expect("it gives way before its time is over");
    assert_eq!(read.unwrap(), 0);
    let newest = strangers.last_mut().expect("there are strangers");
    let waiting = newest.try_read(&mut [0]).unwrap_err();
    assert_eq!(waiting.kind(), io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn hostile_bytes_end_their_own_connection_only() {
    let served = Served::start().await;
    let inputs: [&[u8]; 3] = [
        b"GET /who HTTP/1.1\r\nhost: agent\r\n\r\n",
        b"\x16\x03\x01\x00\x05\x01\xff\xff\xff\xff",
        &[0xff; 1000],
    ];
    for input in inputs {
        let mut stranger = served.stranger().await;
        stranger.write_all(input).await.unwrap();
        let mut answer = Vec::new();
        // The end may come as an alert, as an end or as a reset.
        let _ended = stranger.read_to_end(&mut answer).await;
        assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
        served.assert_answers().await;
    }
}

#[tokio::test]
async fn a_node_where_nobody_listens_has_no_agent() {
    let served = Served::start().await;
    // Bound and not listening: nobody else gets the port meanwhile.
    let taken = TcpSocket::new_v4().unwrap();
    taken.bind(ANY_PORT.parse().unwrap()).unwrap();
    let address = taken.local_addr().unwrap();
    let peer = Peer {
        address,
        ..served.peer.clone()
    };
    let error = served.client("cube02").get::<String>(&peer, "/who").await;
    let error = error.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("no agent answers on cube01 ({address})")
    );
}
