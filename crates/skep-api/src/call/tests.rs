use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::{ANSWER_BYTES_MAX, CallError, Place, Question, ask};

const LIMIT: Duration = Duration::from_secs(3);

fn place() -> Place {
    Place::Socket(PathBuf::from("agent.sock"))
}

/// The answer to a question over a stream at whose other end `server` stands.
async fn answer_of<Answer: DeserializeOwned, Served: Future<Output = ()>>(
    question: Question,
    server: impl FnOnce(DuplexStream) -> Served,
) -> Result<Answer, CallError> {
    let (near, far) = duplex(64 << 10);
    let asked = ask(question, place(), LIMIT, async { Ok(near) });
    let serving = server(far);
    tokio::pin!(serving);
    tokio::select! {
        biased;
        () = async { serving.await; std::future::pending().await } => unreachable!(),
        answer = asked => answer,
    }
}

/// Reads the head of a request, says `answer` and leaves.
async fn say(mut stream: DuplexStream, answer: &[u8]) {
    read_until(&mut stream, b"\r\n\r\n").await;
    stream.write_all(answer).await.unwrap();
}

async fn read_until(stream: &mut DuplexStream, end: &[u8]) -> String {
    let mut seen = Vec::new();
    while !seen.ends_with(end) {
        seen.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(seen).unwrap()
}

#[test]
fn an_agent_that_left_its_socket_behind_is_to_be_looked_after_and_not_only_to_be_started() {
    for (kind, expected) in [
        (ErrorKind::ConnectionRefused, "look at its log"),
        (ErrorKind::NotFound, "start it with `skep agent`"),
    ] {
        let error = CallError::NoAgent {
            place: place(),
            source: kind.into(),
        };
        let hint = error.hint().expect("there is something to do");
        assert!(hint.contains(expected), "{hint}");
    }
}

async fn check(answer: &'static str) -> Result<u32, CallError> {
    let question = Question::get("/v1/number").unwrap();
    answer_of(question, |stream| say(stream, answer.as_bytes())).await
}

#[tokio::test]
async fn an_answer_is_read_as_what_was_expected() {
    let answer = check("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n42").await;
    assert_eq!(answer.unwrap(), 42);
}

#[tokio::test]
async fn a_question_with_a_body_carries_it_as_json() {
    let question = Question::post("/v1/numbers", &[1, 2]).unwrap();
    let (heard, hears) = tokio::sync::oneshot::channel();
    let answer: Result<u32, CallError> = answer_of(question, |mut stream| async move {
        heard.send(read_until(&mut stream, b"[1,2]").await).unwrap();
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n3";
        stream.write_all(answer).await.unwrap();
    })
    .await;
    assert_eq!(answer.unwrap(), 3);
    let heard = hears.await.unwrap();
    assert!(
        heard.starts_with("POST /v1/numbers HTTP/1.1\r\n"),
        "{heard}"
    );
    assert!(
        heard.contains("content-type: application/json\r\n"),
        "{heard}"
    );
    assert!(heard.contains("content-length: 5\r\n"), "{heard}");
}

#[tokio::test]
async fn a_refusal_carries_the_agents_words() {
    let answer = "HTTP/1.1 409 Conflict\r\ncontent-length: 4\r\n\r\nbusy";
    let error = check(answer).await.unwrap_err();
    assert_eq!(error.to_string(), "the agent refuses: busy");
}

#[tokio::test]
async fn an_answer_of_another_shape_is_not_understood() {
    let error = check("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ntrue").await;
    assert!(
        matches!(error, Err(CallError::NotUnderstood(_))),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_answer_that_is_cut_short_is_unreadable() {
    let error = check("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n42").await;
    assert!(matches!(error, Err(CallError::Unreadable(_))), "{error:?}");
}

#[tokio::test]
async fn bytes_that_are_not_http_break_the_call() {
    for answer in ["", "SSH-2.0-OpenSSH_9.2\r\n", "HTTP/9.9 999\r\n\r\n\0\0"] {
        let error = check(answer).await;
        assert!(matches!(error, Err(CallError::Broken(_))), "{error:?}");
    }
}

#[tokio::test]
async fn an_endless_answer_is_given_up_at_the_limit() {
    let question = Question::get("/v1/number").unwrap();
    let error: Result<u32, CallError> = answer_of(question, |mut stream| async move {
        read_until(&mut stream, b"\r\n\r\n").await;
        let head = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n";
        stream.write_all(head).await.unwrap();
        let block = [b' '; 64 << 10];
        let mut sent = 0;
        while stream.write_all(&block).await.is_ok() {
            sent += block.len();
            assert!(sent <= ANSWER_BYTES_MAX + (1 << 20), "too much is read");
        }
    })
    .await;
    assert!(matches!(error, Err(CallError::Unreadable(_))), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_silent_agent_is_waited_for_no_longer_than_the_limit() {
    let question = Question::get("/v1/number").unwrap();
    let error: Result<u32, CallError> = answer_of(question, |mut stream| async move {
        read_until(&mut stream, b"\r\n\r\n").await;
        std::future::pending::<()>().await;
    })
    .await;
    let message = error.unwrap_err().to_string();
    assert_eq!(message, "the agent on agent.sock did not answer within 3s");
}

#[test]
fn a_path_that_is_none_is_an_error() {
    let question = Question::get("/v1/a path").map(|_question| ());
    assert!(matches!(question, Err(CallError::Unaskable(_))));
}
