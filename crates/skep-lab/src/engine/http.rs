//! One HTTP call over a Unix socket. HTTP/1.0, so that the answer ends where the connection ends.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

/// The largest answer that is read.
const ANSWER_LENGTH_MAX: u64 = 1 << 20;

/// What is asked.
pub(super) struct Request<'a> {
    head: String,
    body: &'a [u8],
}

/// What is answered.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

impl<'a> Request<'a> {
    pub(super) fn get(path: &str) -> Self {
        Self {
            head: format!("GET {path} HTTP/1.0\r\nHost: docker\r\n\r\n"),
            body: &[],
        }
    }

    pub(super) fn post(path: &str, content_type: &str, body: &'a [u8]) -> Self {
        let length = body.len();
        Self {
            head: format!(
                "POST {path} HTTP/1.0\r\nHost: docker\r\nContent-Type: {content_type}\r\n\
                 Content-Length: {length}\r\n\r\n"
            ),
            body,
        }
    }
}

/// Asks and waits for the answer, at most `patience` for each part of it.
pub(super) fn call(socket: &Path, request: &Request<'_>, patience: Duration) -> Result<Answer> {
    let mut stream = UnixStream::connect(socket)
        .with_context(|| format!("nobody listens on {}", socket.display()))?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    stream.write_all(request.head.as_bytes())?;
    // An engine that refuses answers without reading everything.
    let written = stream.write_all(request.body);
    let mut answer = Vec::new();
    stream.take(ANSWER_LENGTH_MAX).read_to_end(&mut answer)?;
    match split(&answer) {
        Some(answer) => Ok(answer),
        None => {
            written.context("it does not take what is sent")?;
            bail!("the answer is not HTTP")
        }
    }
}

fn split(answer: &[u8]) -> Option<Answer> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = str::from_utf8(&answer[..end]).ok()?;
    Some(Answer {
        status: head.split(' ').nth(1)?.parse().ok()?,
        body: answer[end + 4..].to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_split_into_status_and_body() {
        let answer = split(b"HTTP/1.0 200 OK\r\nServer: Docker\r\n\r\nOK").unwrap();
        assert_eq!((answer.status, &*answer.body), (200, &b"OK"[..]));
    }

    #[test]
    fn what_is_not_http_is_no_answer() {
        for bytes in [
            &b""[..],
            b"OK",
            b"HTTP/1.0\r\n\r\n",
            b"HTTP/1.0 many\r\n\r\n",
        ] {
            assert!(split(bytes).is_none());
        }
    }
}
