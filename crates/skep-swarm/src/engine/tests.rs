use serde_json::{Value, json};

use super::*;
use crate::fake::{Fake, PONG, Reply, http};
use crate::images::digest;

/// Runs a test with a fake engine beside it.
async fn beside<T>(test: impl Future<Output = T>) -> T {
    tokio::task::LocalSet::new().run_until(test).await
}

/// What a client makes of an engine that answers `GET /nodes` with these bytes.
async fn answer(bytes: impl Into<Vec<u8>>) -> Result<Value, EngineError> {
    let bytes = bytes.into();
    beside(async move {
        let fake = Fake::new(move |request| match request {
            "GET /_ping" => Reply::Bytes(PONG.into()),
            _ => Reply::Bytes(bytes.clone()),
        });
        fake.client.read("/nodes").await
    })
    .await
}

#[tokio::test]
async fn the_version_is_asked_once_and_said_in_every_path() {
    beside(async {
        let mut fake = Fake::answering(|_| (200, json!([])));
        for _ in 0..2 {
            fake.client.read::<Value>("/nodes").await.unwrap();
        }
        assert_eq!(
            fake.asked(),
            ["GET /_ping", "GET /v1.41/nodes", "GET /v1.41/nodes"]
        );
    })
    .await;
}

/// The answer to a ping of an engine whose newest version this is.
fn pong(version: &str) -> Vec<u8> {
    PONG.replace("1.41", version).into_bytes()
}

#[tokio::test]
async fn an_engine_that_may_be_another_is_asked_for_its_version_again() {
    let too_new = r#"{"message":"client version 1.41 is too new. Maximum supported API version"}"#;
    for broken in [Vec::new(), http(400, too_new)] {
        beside(async {
            let mut newest = "1.41";
            let mut fake = Fake::new(move |request| match request {
                "GET /_ping" => Reply::Bytes(pong(newest)),
                "GET /v1.41/nodes" => {
                    newest = "1.47";
                    Reply::Bytes(broken.clone())
                }
                _ => Reply::Bytes(http(200, "[]")),
            });
            let error = fake.client.read::<Value>("/nodes").await.unwrap_err();
            assert!(error.is_retryable(), "{error:?}");
            fake.client.read::<Value>("/nodes").await.unwrap();
            assert_eq!(fake.asked().last().unwrap(), "GET /v1.47/nodes");
        })
        .await;
    }
}

#[tokio::test]
async fn an_engine_that_is_too_old_is_refused_with_both_versions() {
    beside(async {
        let fake = Fake::new(move |_| Reply::Bytes(pong("1.40")));
        let error = fake.client.version().await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the engine speaks version 1.40 of its interface, skep speaks 1.41 and later"
        );
        assert!(!error.is_retryable());
    })
    .await;
}

#[tokio::test]
async fn what_says_no_version_is_no_engine() {
    for answer in [http(200, "OK"), pong("new"), pong("\u{7f}")] {
        beside(async {
            let fake = Fake::new(move |_| Reply::Bytes(answer.clone()));
            let error = fake.client.version().await.unwrap_err();
            assert!(
                matches!(error, EngineError::NoEngine | EngineError::Silent { .. }),
                "{error:?}"
            );
        })
        .await;
    }
}

#[tokio::test]
async fn nobody_on_the_socket_is_silence() {
    let directory = tempfile::TempDir::new().unwrap();
    let client = Client::new(&directory.path().join("docker.sock"));
    let error = client.read::<Value>("/info").await.unwrap_err();
    assert!(matches!(error, EngineError::Silent { .. }), "{error:?}");
    assert!(error.is_retryable());
}

#[tokio::test]
async fn an_answer_cut_short_is_silence() {
    for bytes in [
        &b""[..],
        b"HTTP/1.1 200 O",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n[]",
        b"SSH-2.0-OpenSSH_9.2\r\n",
    ] {
        let error = answer(bytes).await.unwrap_err();
        assert!(matches!(error, EngineError::Silent { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn an_answer_that_is_not_the_json_expected_is_not_understood() {
    for body in ["", "[", "<html>", "\u{0}", "{\"a\":1}x"] {
        let error = answer(http(200, body)).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the engine's answer to `/nodes` is not understood"
        );
    }
    let deep = "[".repeat(1 << 20);
    let error = answer(http(200, &deep)).await.unwrap_err();
    assert!(
        matches!(error, EngineError::NotUnderstood { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let head = "HTTP/1.1 200 OK\r\n\r\n".as_bytes();
    let endless = [head, &vec![b' '; ANSWER_LENGTH_MAX + 1]].concat();
    let error = answer(endless).await.unwrap_err();
    assert!(matches!(error, EngineError::TooLarge), "{error:?}");
}

#[tokio::test]
async fn an_engine_that_stalls_is_late() {
    for begun in [
        "",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n[",
        "HTTP/1.1 200",
    ] {
        beside(async move {
            let fake = Fake::new(move |request| match request {
                "GET /_ping" => Reply::Bytes(PONG.into()),
                _ => Reply::Stall(begun.into()),
            });
            fake.client.version().await.unwrap();
            tokio::time::pause();
            let asked = tokio::time::Instant::now();
            let error = fake.client.read::<Value>("/nodes").await.unwrap_err();
            assert!(matches!(error, EngineError::Late), "{error:?}");
            assert!(asked.elapsed() < ANSWER_LIMIT * 2);
            tokio::time::resume();
        })
        .await;
    }
}

#[tokio::test]
async fn a_registry_may_take_longer_than_an_engine() {
    beside(async {
        let fake = Fake::new(|request| match request {
            "GET /_ping" => Reply::Bytes(PONG.into()),
            _ => Reply::Stall(Vec::new()),
        });
        fake.client.version().await.unwrap();
        tokio::time::pause();
        let asked = tokio::time::Instant::now();
        let image = "registry.lab/app:1".parse().unwrap();
        let error = digest(&fake.client, &image).await.unwrap_err();
        assert!(matches!(error, ApplyError::RegistryLate), "{error:?}");
        assert!(asked.elapsed() >= REGISTRY_LIMIT, "{:?}", asked.elapsed());
        tokio::time::resume();
    })
    .await;
}

#[tokio::test]
async fn lines_come_as_they_are_complete() {
    beside(async {
        let fake = Fake::new(|request| match request {
            "GET /_ping" => Reply::Bytes(PONG.into()),
            _ => Reply::Bytes(b"HTTP/1.1 200 OK\r\n\r\none\ntwo\nthr".to_vec()),
        });
        let mut lines = fake.client.lines("/events").await.unwrap();
        assert_eq!(lines.next().await.unwrap(), b"one");
        assert_eq!(lines.next().await.unwrap(), b"two");
        assert_eq!(lines.next().await, None);
    })
    .await;
}

#[tokio::test]
async fn lines_that_are_refused_are_an_error_with_the_engine_s_words() {
    beside(async {
        let fake = Fake::new(|request| match request {
            "GET /_ping" => Reply::Bytes(PONG.into()),
            _ => Reply::Bytes(http(400, "{\"message\":\"invalid filter\"}\n")),
        });
        let error = fake.client.lines("/events").await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the engine refused (400): invalid filter"
        );
    })
    .await;
}

#[tokio::test]
async fn a_line_without_end_ends_the_lines() {
    beside(async {
        let endless = [&b"HTTP/1.1 200 OK\r\n\r\n"[..], &vec![b'x'; 8 << 20]].concat();
        let fake = Fake::new(move |request| match request {
            "GET /_ping" => Reply::Bytes(PONG.into()),
            _ => Reply::Stall(endless.clone()),
        });
        let mut lines = fake.client.lines("/events").await.unwrap();
        let line = tokio::time::timeout(ANSWER_LIMIT, lines.next()).await;
        assert_eq!(line, Ok(None));
    })
    .await;
}

#[test]
fn a_name_cannot_leave_its_place_in_a_path() {
    assert_eq!(percent_encoded("web-1"), "web-1");
    assert_eq!(percent_encoded("../x?y=1 ä"), "%2E%2E%2Fx%3Fy%3D1%20%C3%A4");
}
