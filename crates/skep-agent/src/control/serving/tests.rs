use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use axum::serve::Listener;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use super::{
    BODY_BYTES_MAX, Bounds, HEADER_BYTES_MAX, HEADER_LIMIT, Questions, serve, within_memory,
};
use crate::control::admission::Room;

const BOUNDS: Bounds = Bounds {
    room: Room {
        overall: 8,
        each: 8,
    },
    questions: Questions::One,
    exchange: Duration::from_secs(20),
};

const CALLER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 1);

const GIB: usize = 1 << 30;
const HELLO: &str = "GET /hello HTTP/1.1\r\nhost: a\r\n\r\n";

/// Connections in memory: the clock of a test stands still while they have something to say.
struct Calls(mpsc::Receiver<DuplexStream>);

impl Listener for Calls {
    type Io = DuplexStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (DuplexStream, SocketAddr) {
        match self.0.recv().await {
            Some(stream) => (stream, CALLER),
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(CALLER)
    }
}

struct Served(mpsc::Sender<DuplexStream>);

impl Served {
    fn start() -> Self {
        let large = Router::new()
            .route("/body", post(|body: String| async move { body }))
            .layer(DefaultBodyLimit::max(BODY_BYTES_MAX));
        let router = Router::new()
            .route("/hello", get(|| async { "hello" }))
            .merge(within_memory(large));
        let (calls, called) = mpsc::channel(1);
        tokio::spawn(serve(Calls(called), router, BOUNDS));
        Self(calls)
    }

    /// A connection on which this was said.
    async fn say(&self, words: &str) -> DuplexStream {
        let (mut near, far) = duplex(64 << 10);
        self.0.send(far).await.unwrap();
        near.write_all(words.as_bytes()).await.unwrap();
        near
    }

    async fn ask(&self, request: &str) -> String {
        read(&mut self.say(request).await).await
    }
}

fn post_of(length: usize) -> String {
    format!("POST /body HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\n\r\n")
}

/// What comes back until the connection ends.
async fn read(stream: &mut DuplexStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[track_caller]
fn assert_status(answer: &str, status: &str) {
    let expected = format!("HTTP/1.1 {status}");
    assert!(answer.starts_with(&expected), "{answer}");
}

#[tokio::test]
async fn a_connection_ends_with_its_answer() {
    let answer = Served::start().ask(&HELLO.repeat(2)).await;
    assert_status(&answer, "200");
    assert_eq!(answer.matches("hello").count(), 1, "{answer}");
}

#[tokio::test(start_paused = true)]
async fn who_says_its_header_a_byte_at_a_time_is_not_waited_for() {
    let served = Served::start();
    let begun = Instant::now();
    let mut stream = served.say("GET /hello HTTP/1.1\r\nx: ").await;
    while stream.write_all(b"y").await.is_ok() {
        assert!(begun.elapsed() <= HEADER_LIMIT);
        sleep(Duration::from_millis(100)).await;
    }
    assert!(begun.elapsed() >= HEADER_LIMIT);
}

#[tokio::test(start_paused = true)]
async fn who_says_nothing_or_its_body_slowly_is_not_waited_for() {
    let served = Served::start();
    for (words, limit) in [("", HEADER_LIMIT), (&post_of(10), BOUNDS.exchange)] {
        let begun = Instant::now();
        let answer = served.ask(words).await;
        assert!(!answer.contains("200"), "{answer}");
        assert_eq!(begun.elapsed().as_secs(), limit.as_secs());
    }
}

#[tokio::test]
async fn an_endless_header_is_not_kept() {
    let long = "x".repeat(2 * HEADER_BYTES_MAX);
    let answer = Served::start()
        .ask(&format!("GET /hello HTTP/1.1\r\nlong: {long}"))
        .await;
    assert_status(&answer, "431");
}

#[tokio::test]
async fn a_body_that_is_too_large_or_of_no_length_is_refused_before_it_is_read() {
    let served = Served::start();
    assert_status(&served.ask(&post_of(GIB)).await, "413");
    assert_status(&served.ask(&post_of(BODY_BYTES_MAX + 1)).await, "413");
    let request = "POST /body HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
    assert_status(&served.ask(request).await, "411");
}

#[tokio::test(start_paused = true)]
async fn bodies_wait_for_memory_and_what_has_no_body_does_not() {
    const A_MOMENT: Duration = Duration::from_millis(100);
    let served = Served::start();
    let (one, other) = (
        served.say(&post_of(BODY_BYTES_MAX)).await,
        served.say(&post_of(BODY_BYTES_MAX)).await,
    );
    // Theirs is all there is.
    sleep(A_MOMENT).await;
    let mut third = served.say(&(post_of(4) + "body")).await;
    assert!(timeout(A_MOMENT, third.read_u8()).await.is_err());
    assert_status(&served.ask(HELLO).await, "200");

    // Who leaves gives it back.
    drop((one, other));
    assert_status(&read(&mut third).await, "200");
}
