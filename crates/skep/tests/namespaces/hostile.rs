//! Strangers at the ports of an agent, and callers that have the key and mean ill.

mod certificate;

use std::fs;
use std::io;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Resource, getrlimit, setrlimit};
use rustls::ClientConfig;
use skep_api::path;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::cluster::agent::{child, skep};
use crate::cluster::wire::adverts;
use crate::cluster::{Cluster, PATIENCE, measured};
use crate::clustered::{self, hears};
use crate::host::on;
use crate::pair::{A, ADDRESSES, B, CLIENT, ID, VIP, assert_none_lost};

use certificate::{Authority, Shown};

const PEERS: (Ipv4Addr, u16) = (ADDRESSES[0], 7380);
const METRICS: (Ipv4Addr, u16) = (ADDRESSES[0], clustered::METRICS_PORT);

/// Connections that say nothing, to either port.
const IDLE: [((Ipv4Addr, u16), usize); 2] = [(PEERS, 10_000), (METRICS, 2_000)];
/// How many of them begin at the same time.
const AT_ONCE: usize = 2_000;
/// What the test has open for them and for what runs beside it.
const DESCRIPTORS: u64 = 15_000;
/// From how many addresses.
const SOURCES: usize = 50;
/// What control may have open: all that the two ports give, and its own.
const DESCRIPTORS_MAX: usize = 256 + 256 + 64 + 100;
/// What all of this may add to its memory.
const MEMORY_KIB_MAX: u64 = 32 << 10;
const GIB: usize = 1 << 30;

#[test]
fn whatever_is_done_to_the_ports_of_an_agent_its_memory_is_bounded_and_no_probe_is_lost() {
    let cluster = clustered::up("hostile");
    let control = child(cluster.agent(A).supervisor(), "control");
    let before = peak_kib(control);
    let prober = cluster.probe(CLIENT, VIP);
    let callers = Callers::new(&cluster);

    on_client(&cluster, callers.check_who_is_refused());
    let idle = on_client(&cluster, open_idle(&cluster, &callers));
    on_client(&cluster, callers.check_served());
    let open = fs::read_dir(format!("/proc/{control}/fd"))
        .expect("it lives")
        .count();
    assert!(open <= DESCRIPTORS_MAX, "{open} open files");
    for (node, other) in [(A, B), (B, A)] {
        let agent = cluster.agent(node);
        agent.wait_for_status("what the other is", |status| hears(status, other));
    }
    drop(idle);
    on_client(&cluster, check_slow(&callers));
    on_client(&cluster, check_bodies(&callers));
    on_client(&cluster, callers.check_served());

    assert_eq!(child(cluster.agent(A).supervisor(), "control"), control);
    let grown = peak_kib(control) - before;
    assert!(grown <= MEMORY_KIB_MAX, "{grown} KiB more");
    let said = adverts(&cluster.capture, ID);
    let all_of_a = said
        .iter()
        .all(|advert| advert.node == A && advert.priority() > 0);
    assert!(all_of_a, "{said:?}");
    measured(
        "strangers, 12 000 idle connections, slow callers, bodies of 1 GiB",
        &format!(
            "at most {open} open files, {grown} KiB more, {}",
            assert_none_lost(prober)
        ),
    );
}

/// The most memory that a process ever had.
fn peak_kib(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("it lives");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|peak| peak.trim().strip_suffix(" kB"));
    peak.and_then(|peak| peak.parse().ok())
        .expect("the kernel says it")
}

fn on_client<T: Send>(cluster: &Cluster, work: impl Future<Output = T> + Send) -> T {
    on(cluster, CLIENT, || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let work = async { timeout(8 * PATIENCE, work).await.expect("it ends") };
        runtime.expect("it can be made").block_on(work)
    })
}

/// Who calls the port for peers.
struct Callers {
    honest: Arc<ClientConfig>,
    refused: Vec<(&'static str, Arc<ClientConfig>)>,
}

impl Callers {
    fn new(cluster: &Cluster) -> Self {
        let directory = cluster.directory(CLIENT);
        let foreign = directory.join("foreign.key");
        keygen(&foreign);
        let authority = Authority::of(&directory.join("cluster.key"));
        let foreign = Authority::of(&foreign);
        let of = |authority: &Authority, servers, shown| Arc::new(authority.caller(servers, shown));
        Self {
            honest: of(&authority, &authority, Shown::Until(4000)),
            refused: vec![
                ("no key", of(&authority, &authority, Shown::Nothing)),
                ("another key", of(&foreign, &authority, Shown::Until(4000))),
                (
                    "another cluster",
                    of(&foreign, &foreign, Shown::Until(4000)),
                ),
                (
                    "an expired certificate",
                    of(&authority, &authority, Shown::Until(2020)),
                ),
            ],
        }
    }

    async fn check_who_is_refused(&self) {
        self.check_served().await;
        for (who, caller) in &self.refused {
            let answer = ask_as(caller, &get(path::REPORT)).await;
            assert!(answer.is_err(), "{who}: {answer:?}");
        }
        let mut plain = TcpStream::connect(PEERS).await.expect("it listens");
        let answer = ask(&mut plain, &get(path::REPORT))
            .await
            .unwrap_or_default();
        assert!(!answer.contains("HTTP"), "{answer}");
    }

    /// Whoever has the key is answered, and whoever reads metrics.
    async fn check_served(&self) {
        let answer = ask_as(&self.honest, &get(path::REPORT)).await;
        assert_status(&answer.expect("it is answered"), "200");
        let mut stream = TcpStream::connect(METRICS).await.expect("it listens");
        let answer = ask(&mut stream, &get("/metrics")).await;
        assert_status(&answer.expect("it is answered"), "200");
    }

    async fn connect(&self) -> TlsStream<TcpStream> {
        connect_as(&self.honest).await.expect("it is trusted")
    }
}

fn keygen(out: &Path) {
    let made = Command::new(skep())
        .args(["keygen", "--out"])
        .arg(out)
        .output();
    assert!(made.expect("it is built").status.success());
}

/// Opens all idle connections, from many addresses, while others are served.
async fn open_idle(cluster: &Cluster, callers: &Callers) -> Vec<TcpStream> {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < DESCRIPTORS) {
        limit.current = Some(DESCRIPTORS);
        setrlimit(Resource::Nofile, limit).expect("this machine lets a process open that many");
    }
    let sources: Vec<Ipv4Addr> = (0..SOURCES)
        .map(|last| Ipv4Addr::new(10, 0, 0, 150 + u8::try_from(last).expect("few")))
        .collect();
    for source in &sources {
        cluster.say(
            CLIENT,
            &["ip", "addr", "add", &format!("{source}/24"), "dev", "eth0"],
        );
    }
    let mut idle = Vec::new();
    for (target, count) in IDLE {
        let open = |source: &Ipv4Addr| {
            let socket = TcpSocket::new_v4().expect("there is room");
            let bound = socket.bind((*source, 0).into());
            bound.expect("it is an address of the host");
            socket.connect(target.into())
        };
        let sources: Vec<_> = sources.iter().cycle().take(count).collect();
        for sources in sources.chunks(AT_ONCE) {
            let opening: JoinSet<_> = sources.iter().map(|source| open(source)).collect();
            let opened = opening.join_all().await.into_iter();
            idle.extend(opened.map(|opened| opened.expect("it listens")));
            callers.check_served().await;
        }
    }
    idle
}

/// Nobody is waited for that says its request a byte at a time, or nothing.
async fn check_slow(callers: &Callers) {
    let header = get("/metrics");
    let half = &header[..header.len() - 2];
    let (mut peers, mut other_peers) = (callers.connect().await, callers.connect().await);
    let metrics = || async { TcpStream::connect(METRICS).await.expect("it listens") };
    let (mut metrics, mut other_metrics) = (metrics().await, metrics().await);
    let answers = tokio::join!(
        speak_slowly(&mut peers, ""),
        speak_slowly(&mut other_peers, half),
        speak_slowly(&mut metrics, ""),
        speak_slowly(&mut other_metrics, half),
    );
    assert!(!format!("{answers:?}").contains("200"), "{answers:?}");
}

/// Says a byte now and then until the connection ends.
async fn speak_slowly(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), begin: &str) -> String {
    const PAUSE: Duration = Duration::from_millis(500);
    let mut answer = Vec::new();
    let _refused = stream.write_all(begin.as_bytes()).await;
    loop {
        match timeout(PAUSE, stream.read_buf(&mut answer)).await {
            Ok(Ok(0) | Err(_)) => return String::from_utf8_lossy(&answer).into_owned(),
            Ok(Ok(_)) => {}
            Err(_nothing_yet) => {
                let _ended = stream.write_all(b"x").await;
            }
        }
    }
}

/// Bodies that nobody can want are not kept, whether they are announced or just sent.
async fn check_bodies(callers: &Callers) {
    let of = |path: &str, length: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n{length}\r\n\r\n"
        )
    };
    let announced = format!("content-length: {GIB}");
    for (length, status) in [
        (announced.as_str(), "413"),
        ("transfer-encoding: chunked", "411"),
    ] {
        let answer = ask_as(&callers.honest, &of(path::SUBMIT, length)).await;
        assert_status(&answer.expect("it is answered"), status);
    }
    let mut peers = callers.connect().await;
    pour(&mut peers, &of(path::ANNOUNCE, &announced)).await;
    let mut metrics = TcpStream::connect(METRICS).await.expect("it listens");
    pour(&mut metrics, &of("/metrics", &announced)).await;
    // A record that says it is a part of a handshake, and no end of them.
    let mut stranger = TcpStream::connect(PEERS).await.expect("it listens");
    pour(&mut stranger, "\u{16}\u{3}\u{1}").await;
}

/// Sends a gibibyte after this; the other end must have ended it before all of it was sent.
async fn pour(stream: &mut (impl AsyncWrite + Unpin), begin: &str) {
    let part = vec![0x16; 64 << 10];
    let mut sent = stream.write_all(begin.as_bytes()).await;
    for _ in 0..GIB / part.len() {
        if sent.is_err() {
            return;
        }
        sent = stream.write_all(&part).await;
    }
    panic!("all of it was read");
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
}

async fn connect_as(caller: &Arc<ClientConfig>) -> io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(PEERS).await?;
    let name = "a.nodes.skep.internal".try_into().expect("it is a name");
    TlsConnector::from(Arc::clone(caller))
        .connect(name, stream)
        .await
}

async fn ask_as(caller: &Arc<ClientConfig>, request: &str) -> io::Result<String> {
    ask(&mut connect_as(caller).await?, request).await
}

async fn ask(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    request: &str,
) -> io::Result<String> {
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[track_caller]
fn assert_status(answer: &str, status: &str) {
    let expected = format!("HTTP/1.1 {status}");
    assert!(answer.starts_with(&expected), "{answer}");
}
