use std::sync::{Arc, Mutex};

use skep_manifest::vip_group::MemberState;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::notify::event::tests::event;
use crate::server::serve;

/// Reads a request with the length of its body in its head.
async fn read(stream: &mut TcpStream) -> (String, String) {
    let mut bytes = Vec::new();
    loop {
        let mut buffer = [0; 1024];
        let length = stream.read(&mut buffer).await.expect("it is sent");
        bytes.extend_from_slice(&buffer[..length]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        if length.and_then(|length| length.parse().ok()) == Some(body.len()) {
            return (head.to_owned(), body.to_owned());
        }
    }
}

#[tokio::test]
async fn what_happened_is_posted_as_json_with_a_key_that_attempts_share() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let listening = Arc::clone(&heard);
    let server = serve(move |mut stream| {
        let heard = Arc::clone(&listening);
        async move {
            let request = read(&mut stream).await;
            heard.lock().expect("whole").push(request);
            let _gone = stream.write_all(b"HTTP/1.1 202 Fine\r\n\r\n").await;
        }
    })
    .await;
    let webhook: Webhook = serde_json::from_value(json!({
        "url": {"value": format!("http://{server}/vip?token=x")},
        "headers": {"Authorization": "Bearer y"},
    }))
    .expect("a webhook");
    let event = event(MemberState::Active, 1);
    let aside = Aside::new();
    for repetition in [0, 0, 1] {
        let posted = post(&webhook, &event, repetition, Trust::System, &aside).await;
        assert_eq!(posted, Ok(()));
    }
    let heard = heard.lock().expect("whole");
    let (head, body) = &heard[0];
    assert!(head.starts_with("POST /vip?token=x HTTP/1.1\r\n"), "{head}");
    for line in [
        "content-type: application/json",
        "authorization: Bearer y",
        "idempotency-key: skep-lb1-web-active-2026-11-20T13:00:01Z-0",
    ] {
        assert!(head.lines().any(|found| found == line), "{line}: {head}");
    }
    let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
    let expected = json!({
        "group": "web", "state": "active", "because": "nobody advertised", "node": "lb1",
        "priority": 100, "addresses": ["10.10.10.2", "10.10.10.3"],
        "at": "2026-11-20T13:00:01Z", "repetition": 0,
    });
    assert_eq!(body, expected);
    assert_eq!(heard[0].0, heard[1].0, "another attempt has the same key");
    assert!(heard[2].0.contains("01Z-1"), "a repetition has another");
}

#[tokio::test]
async fn every_answer_but_success_is_an_error_that_does_not_repeat_the_url() {
    for (answer, part) in [
        ("HTTP/1.1 500 No\r\n\r\n", "status 500"),
        (
            "HTTP/1.1 301 Moved\r\nlocation: http://127.0.0.1:1/\r\n\r\n",
            "status 301",
        ),
        ("", "no answer"),
    ] {
        let server = serve(move |mut stream| async move {
            read(&mut stream).await;
            let _gone = stream.write_all(answer.as_bytes()).await;
        })
        .await;
        for (url, part) in [
            (format!("http://{server}/hidden"), part),
            ("hidden".to_owned(), "the URL"),
            ("ftp://127.0.0.1/hidden".to_owned(), "does not begin with"),
            ("http://127.0.0.1:1/hidden".to_owned(), "does not accept"),
        ] {
            let webhook = serde_json::from_value(json!({"url": {"value": url}}));
            let webhook: Webhook = webhook.expect("a webhook");
            let event = event(MemberState::Fault, 1);
            let posted = post(&webhook, &event, 0, Trust::System, &Aside::new()).await;
            let error = posted.expect_err("it is not told");
            assert!(error.contains(part) && !error.contains("hidden"), "{error}");
        }
    }
}
