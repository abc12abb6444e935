//! What a client of a web service sees: a request every ten milliseconds, and what became of each.
//!
//! The client knows several servers, as a load balancer does: when one does not answer, it asks the
//! next one.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};

use crate::Lab;
use crate::namespace;

/// The time between two requests.
const INTERVAL: Duration = Duration::from_millis(10);
/// How many requests may be on their way: one that waits for its server holds no other up.
const AT_ONCE: u32 = 16;
/// How long one server may take.
const ANSWER_LIMIT: Duration = Duration::from_millis(300);
/// A request that no server answered by then has failed.
const FAILED_AFTER: Duration = Duration::from_secs(1);
/// The longest answer that is read.
const ANSWER_BYTES_MAX: u64 = 64 << 10;

/// Requests that go on until they are stopped.
#[derive(Debug)]
pub struct Visitor {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<Vec<Visit>>>,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// When it began, counted from the first.
    pub begun: Duration,
    /// How many servers were asked.
    pub tries: usize,
    /// What one of them answered; nothing when the request failed.
    pub page: Option<String>,
}

impl Visitor {
    /// Asks `servers` for `path` a hundred times a second, from a node of the lab.
    pub fn start(lab: &Lab, node: &str, servers: &[SocketAddr], path: &str) -> Result<Self> {
        lab.plan().position(node)?;
        let namespace = lab.plan().node_namespace(node);
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, servers) = (Arc::clone(&stop), servers.to_vec());
        let request = format!("GET {path} HTTP/1.0\r\n\r\n");
        let thread = thread::Builder::new()
            .name("visitor".to_owned())
            .spawn(move || {
                namespace::enter(&namespace)?;
                Ok(visit_at_once(&servers, &request, &stopped))
            })
            .context("cannot start a thread")?;
        Ok(Self { stop, thread })
    }

    /// Stops, and says what became of all requests.
    pub fn finish(self) -> Result<Vec<Visit>> {
        self.stop.store(true, Ordering::Relaxed);
        let visits = self.thread.join();
        visits.map_err(|_panic| anyhow!("the visitor died"))?
    }
}

/// All visits, in the order they began.
fn visit_at_once(servers: &[SocketAddr], request: &str, stopped: &AtomicBool) -> Vec<Visit> {
    let started = Instant::now();
    let mut visits: Vec<Visit> = thread::scope(|scope| {
        let visitors: Vec<_> = (0..AT_ONCE)
            .map(|own| {
                let first = started + INTERVAL * own;
                scope.spawn(move || visit(servers, request, stopped, started, first))
            })
            .collect();
        let visits = visitors.into_iter().map(|visitor| visitor.join());
        visits
            .flat_map(|visits| visits.expect("nothing in a visit panics"))
            .collect()
    });
    visits.sort_by_key(|visit| visit.begun);
    visits
}

/// The visits that begin at `first` and one round after the other.
fn visit(
    servers: &[SocketAddr],
    request: &str,
    stopped: &AtomicBool,
    started: Instant,
    first: Instant,
) -> Vec<Visit> {
    let mut visits = Vec::new();
    let mut next = first;
    let mut turn = servers.iter().cycle();
    loop {
        thread::sleep(next.saturating_duration_since(Instant::now()));
        if stopped.load(Ordering::Relaxed) {
            return visits;
        }
        let begun = Instant::now();
        let mut visit = Visit {
            begun: begun - started,
            tries: 0,
            page: None,
        };
        while visit.page.is_none() && begun.elapsed() < FAILED_AFTER {
            let Some(server) = turn.next() else { break };
            visit.tries += 1;
            visit.page = ask(server, request);
        }
        visits.push(visit);
        // Requests that were late are not made up for.
        next = (next + INTERVAL * AT_ONCE).max(Instant::now());
    }
}

/// The page, from a server that answers in time and to the end.
fn ask(server: &SocketAddr, request: &str) -> Option<String> {
    let mut stream = TcpStream::connect_timeout(server, ANSWER_LIMIT).ok()?;
    stream.set_read_timeout(Some(ANSWER_LIMIT)).ok()?;
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    let mut stream = stream.take(ANSWER_BYTES_MAX);
    stream.read_to_string(&mut answer).ok()?;
    let (head, page) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1);
    (status == Some("200")).then(|| page.to_owned())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_page_is_what_a_server_answered_with_success_and_to_its_end() {
        for (answer, page) in [
            ("HTTP/1.0 200 OK\r\n\r\nhello\n", Some("hello\n")),
            ("HTTP/1.0 404 Not Found\r\n\r\nhello\n", None),
            ("HTTP/1.0 200 OK\r\n", None),
            ("", None),
        ] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let server = listener.local_addr().unwrap();
            let serving = thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = stream.read(&mut [0; 1024]).unwrap();
                stream.write_all(answer.as_bytes()).unwrap();
            });
            let said = ask(&server, "GET / HTTP/1.0\r\n\r\n");
            assert_eq!(said.as_deref(), page, "{answer:?}");
            serving.join().unwrap();
        }
    }

    #[test]
    fn a_server_that_does_not_answer_is_followed_by_the_next() {
        let closed = {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            listener.local_addr().unwrap()
        };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let servers = [closed, listener.local_addr().unwrap()];
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = stream.read(&mut [0; 1024]).unwrap();
                stop.store(true, Ordering::Relaxed);
                stream.write_all(b"HTTP/1.0 200 OK\r\n\r\nhere").unwrap();
            });
            let now = Instant::now();
            let visits = visit(&servers, "GET / HTTP/1.0\r\n\r\n", &stop, now, now);
            let [only] = &visits[..] else {
                panic!("{visits:?}");
            };
            assert_eq!((only.tries, only.page.as_deref()), (2, Some("here")));
        });
    }
}
