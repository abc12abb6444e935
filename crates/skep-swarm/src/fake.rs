//! An engine for tests that answers what it is told to, byte for byte.

use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;

use crate::engine::Client;

/// The answer to a ping of Docker 20.10.
pub(crate) const PONG: &str = "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 2\r\n\r\nOK";

const SOCKET: &str = "docker.sock";

/// How the fake engine answers a request.
pub(crate) enum Reply {
    /// With these bytes, then it hangs up.
    Bytes(Vec<u8>),
    /// With these bytes, then with nothing more.
    Stall(Vec<u8>),
}

/// An engine on a socket of its own, and what it was asked.
pub(crate) struct Fake {
    pub(crate) client: Client,
    asked: mpsc::UnboundedReceiver<String>,
    credentials: mpsc::UnboundedReceiver<String>,
    directory: TempDir,
}

impl Fake {
    /// Answers each request as told; its method and path are given.
    pub(crate) fn new(mut reply: impl FnMut(&str) -> Reply + 'static) -> Self {
        Self::with(move |request, _| reply(request))
    }

    fn with(reply: impl FnMut(&str, &str) -> Reply + 'static) -> Self {
        let directory = TempDir::new().unwrap();
        let socket: PathBuf = directory.path().join(SOCKET);
        let listener = UnixListener::bind(&socket).unwrap();
        let (tell, asked) = mpsc::unbounded_channel();
        let (show, credentials) = mpsc::unbounded_channel();
        tokio::task::spawn_local(serve(listener, [tell, show], reply));
        Self {
            client: Client::new(&socket),
            asked,
            credentials,
            directory,
        }
    }

    /// Speaks version 1.41 and answers with this status and JSON, by method and path.
    pub(crate) fn answering(mut answer: impl FnMut(&str) -> (u16, Value) + 'static) -> Self {
        Self::answering_bodies(move |request, _| answer(request))
    }

    /// The same, by the JSON that was sent as well.
    pub(crate) fn answering_bodies(
        mut answer: impl FnMut(&str, &Value) -> (u16, Value) + 'static,
    ) -> Self {
        Self::with(move |request, body| match request {
            "GET /_ping" => Reply::Bytes(PONG.into()),
            _ => {
                let sent = serde_json::from_str(body).unwrap_or_default();
                let (status, body) = answer(&request.replacen("/v1.41", "", 1), &sent);
                Reply::Bytes(http(status, &body.to_string()))
            }
        })
    }

    /// Where it listens.
    pub(crate) fn socket(&self) -> PathBuf {
        self.directory.path().join(SOCKET)
    }

    /// The requests so far, each as its first line and its body.
    pub(crate) fn asked(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.asked.try_recv().ok()).collect()
    }

    /// The credentials for images that came with them.
    pub(crate) fn credentials(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.credentials.try_recv().ok()).collect()
    }
}

/// A whole answer.
pub(crate) fn http(status: u16, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status} Words\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
}

async fn serve(
    listener: UnixListener,
    [tell, show]: [mpsc::UnboundedSender<String>; 2],
    mut reply: impl FnMut(&str, &str) -> Reply,
) {
    let mut stalled = Vec::new();
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (head, body) = read(&mut stream).await;
        let mut lines = head.lines();
        let line = lines.next().unwrap();
        if let Some(credentials) = lines.find_map(|line| line.strip_prefix("x-registry-auth: ")) {
            let _ = show.send(credentials.to_owned());
        }
        let request = line.trim_end_matches(" HTTP/1.1").to_owned();
        let _ = tell.send(format!("{request} {body}").trim_end().to_owned());
        match reply(&request, &body) {
            // A client that gave up does not take it all.
            Reply::Bytes(bytes) => drop(stream.write_all(&bytes).await),
            Reply::Stall(bytes) => {
                drop(stream.write_all(&bytes).await);
                stalled.push(stream);
            }
        }
    }
}

/// A request's head and body.
async fn read(stream: &mut UnixStream) -> (String, String) {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8(bytes.clone()).unwrap();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse().unwrap());
            if body.len() >= length {
                return (head.to_owned(), body.to_owned());
            }
        }
        assert!(
            stream.read_buf(&mut bytes).await.unwrap() > 0,
            "a request ends"
        );
    }
}
