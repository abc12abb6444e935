//! One connection to the engine: a request and its answer, or a request and lines without end.

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::path::Path;

use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{Connection, SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{HeaderMap, Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::UnixStream;
use tokio::task::JoinHandle;

use super::{ANSWER_LENGTH_MAX, EngineError};

/// The longest line that is read: an event is a few hundred bytes.
const LINE_LENGTH_MAX: usize = 1 << 20;

/// The header with the credentials for the image of a service.
const REGISTRY: &str = "X-Registry-Auth";

/// What an engine is asked.
pub(super) struct Question {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) body: Option<Vec<u8>>,
    /// The credentials for an image.
    pub(super) registry: Option<String>,
}

impl Question {
    pub(super) fn get(path: &str) -> Self {
        Self {
            method: Method::GET,
            path: path.to_owned(),
            body: None,
            registry: None,
        }
    }

    pub(super) fn post(path: &str, body: &Value) -> Self {
        Self {
            method: Method::POST,
            body: Some(body.to_string().into_bytes()),
            ..Self::get(path)
        }
    }
}

/// An engine's answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// The lines of an answer that does not end.
#[derive(Debug)]
pub(crate) struct Lines {
    body: Incoming,
    /// What was received of the next lines.
    buffer: Vec<u8>,
    _driver: Driver,
}

/// The task that moves a connection's bytes; it ends with this value.
#[derive(Debug)]
struct Driver(JoinHandle<()>);

type Socket = TokioIo<UnixStream>;

/// Sends a request and reads the whole answer. The connection ends with this future.
pub(super) async fn exchange(socket: &Path, question: Question) -> Result<Answer, EngineError> {
    let silent = |source| silent(socket, source);
    let (mut sender, connection) = connect(socket).await?;
    let request = request(question).map_err(|error| silent(io::Error::other(error)))?;
    let answer = async {
        let response = sender.send_request(request).await;
        let response = response.map_err(|error| silent(io::Error::other(error)))?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, ANSWER_LENGTH_MAX).collect().await;
        let body = body.map_err(|error| match error.downcast::<LengthLimitError>() {
            Ok(_) => EngineError::TooLarge,
            Err(error) => silent(io::Error::other(error)),
        })?;
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body: body.to_bytes().into(),
        })
    };
    tokio::select! {
        answer = answer => answer,
        never = drive(connection) => match never {},
    }
}

/// Sends a request and returns when the answer begins.
pub(super) async fn listen(socket: &Path, path: &str) -> Result<(StatusCode, Lines), EngineError> {
    let silent = |source| silent(socket, source);
    let (mut sender, connection) = connect(socket).await?;
    let request = request(Question::get(path));
    let request = request.map_err(|error| silent(io::Error::other(error)))?;
    let driver = Driver(tokio::spawn(async move {
        // What breaks a connection ends the answer's body too.
        let _ = connection.await;
    }));
    let response = sender.send_request(request).await;
    let response = response.map_err(|error| silent(io::Error::other(error)))?;
    let status = response.status();
    let lines = Lines {
        body: response.into_body(),
        buffer: Vec::new(),
        _driver: driver,
    };
    Ok((status, lines))
}

impl Lines {
    /// The next line, or nothing once the connection is at its end or says what cannot be read.
    ///
    /// What was received stays if this is cancelled.
    pub(crate) async fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.buffer.drain(..=end).collect();
                line.pop();
                return Some(line);
            }
            if self.buffer.len() > LINE_LENGTH_MAX {
                return None;
            }
            let frame = self.body.frame().await?.ok()?;
            if let Ok(data) = frame.into_data() {
                self.buffer.extend_from_slice(&data);
            }
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn connect(
    socket: &Path,
) -> Result<(SendRequest<Full<Bytes>>, Connection<Socket, Full<Bytes>>), EngineError> {
    let stream = UnixStream::connect(socket).await;
    let stream = stream.map_err(|source| silent(socket, source))?;
    let opened = handshake(TokioIo::new(stream)).await;
    opened.map_err(|error| silent(socket, io::Error::other(error)))
}

fn request(question: Question) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
    let Question {
        method,
        path,
        body,
        registry,
    } = question;
    // The engine looks at no host, but the protocol wants one.
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, "docker");
    if body.is_some() {
        request = request.header(CONTENT_TYPE, "application/json");
    }
    if let Some(credentials) = registry {
        request = request.header(REGISTRY, credentials);
    }
    request.body(Full::from(body.unwrap_or_default()))
}

/// Moves a connection's bytes; an error of it is told to the request as well.
async fn drive(connection: Connection<Socket, Full<Bytes>>) -> Infallible {
    let _ = connection.await;
    pending().await
}

fn silent(socket: &Path, source: io::Error) -> EngineError {
    EngineError::Silent {
        socket: socket.to_owned(),
        source,
    }
}
