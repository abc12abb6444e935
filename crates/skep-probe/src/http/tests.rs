use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use super::*;
use crate::server::{certified, serve};

fn probe_of(yaml: &serde_json::Value) -> HttpProbe {
    serde_json::from_value(yaml.clone()).expect("an http probe")
}

/// Reads a request's head and answers it.
async fn respond(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: &str) -> String {
    let mut head = Vec::new();
    let mut buffer = [0; 1024];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut buffer).await {
            Ok(length @ 1..) => head.extend_from_slice(&buffer[..length]),
            Ok(_) | Err(_) => break,
        }
    }
    let head = String::from_utf8(head).expect("text");
    let answer = answer.replace("REQUEST", &head);
    let _gone = stream.write_all(answer.as_bytes()).await;
    let _gone = stream.shutdown().await;
    head
}

/// What comes of asking a server that gives this answer; `REQUEST` in it repeats the request.
async fn check(answer: &'static str, mut fields: serde_json::Value, expected: Result<(), &str>) {
    let server = serve(move |stream| async move {
        respond(stream, answer).await;
    })
    .await;
    fields["url"] = format!("http://{server}/health?deep=1").into();
    let result = ask(&probe_of(&fields), Trust::System, &Aside::new()).await;
    match (&result, expected) {
        (Ok(()), Ok(())) => {}
        (Err(reason), Err(part)) if reason.contains(part) => {}
        _ => panic!("{answer:?} for {fields}: {result:?} instead of {expected:?}"),
    }
}

const ECHO: &str = "HTTP/1.1 200 OK\r\n\r\nREQUEST";

#[tokio::test]
async fn the_status_decides_and_redirects_are_not_followed() {
    use serde_json::json;
    check("HTTP/1.1 200 OK\r\n\r\n", json!({}), Ok(())).await;
    check("HTTP/1.1 204 No Content\r\n\r\n", json!({}), Ok(())).await;
    check("HTTP/1.1 503 No\r\n\r\n", json!({}), Err("status 503")).await;
    let moved = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\n\r\n";
    check(moved, json!({}), Err("status 302")).await;
    check(moved, json!({"statuses": ["200", "300-399"]}), Ok(())).await;
}

#[tokio::test]
async fn the_request_is_what_is_declared() {
    use serde_json::json;
    let first_line = json!({"contains": "GET /health?deep=1 HTTP/1.1\r\n"});
    check(ECHO, first_line, Ok(())).await;
    check(
        ECHO,
        json!({"contains": "POST /", "method": "POST"}),
        Ok(()),
    )
    .await;
    let named = json!({"contains": "host: www.example.com\r\n", "host": "www.example.com"});
    check(ECHO, named, Ok(())).await;
    check(ECHO, json!({"contains": "host: 127.0.0.1:"}), Ok(())).await;
    check(ECHO, json!({"contains": "absent"}), Err("does not contain")).await;
    check("HTTP/1.1 200 OK\r\n\r\n", json!({"method": "HEAD"}), Ok(())).await;
}

#[tokio::test]
async fn what_is_no_answer_fails() {
    use serde_json::json;
    check("", json!({}), Err("no answer")).await;
    check("nonsense\r\n\r\n", json!({}), Err("no answer")).await;
    let broken = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort";
    check(broken, json!({}), Ok(())).await;
    check(broken, json!({"contains": "absent"}), Err("breaks off")).await;
    let refused = probe_of(&json!({"url": "http://127.0.0.1:1/"}));
    let reason = ask(&refused, Trust::System, &Aside::new()).await;
    let reason = reason.expect_err("nobody is there");
    assert!(reason.contains("does not accept connections"), "{reason}");
}

#[tokio::test]
async fn an_answer_without_end_is_read_only_so_far() {
    let server = serve(|mut stream| async move {
        let _gone = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
    })
    .await;
    let url = format!("http://{server}/");
    let endless = probe_of(&serde_json::json!({"url": url, "contains": "absent"}));
    let aside = Aside::new();
    let asked = ask(&endless, Trust::System, &aside);
    let result = timeout(Duration::from_secs(20), asked).await;
    let result = result.expect("it ends");
    assert_eq!(
        result,
        Err("the answer does not contain the text".to_owned())
    );
    let begun = Instant::now();
    let heads = serve(|mut stream| async move {
        let _gone = stream.write_all(b"HTTP/1.1 200 OK\r\n").await;
        while stream.write_all(b"x: 0123456789\r\n").await.is_ok() {}
    })
    .await;
    let flood = probe_of(&serde_json::json!({"url": format!("http://{heads}/")}));
    let result = ask(&flood, Trust::System, &Aside::new()).await;
    assert!(result.is_err_and(|reason| reason.contains("no answer")));
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn a_certificate_must_be_of_a_trusted_authority_and_for_the_host_unless_insecure() {
    let (authority, acceptor) = certified("www.example.com");
    let server = serve(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                respond(stream, "HTTP/1.1 200 OK\r\n\r\n").await;
            }
        }
    })
    .await;
    let url = format!("https://{server}/");
    let named = probe_of(&serde_json::json!({"url": url, "host": "www.example.com"}));
    let unnamed = probe_of(&serde_json::json!({"url": url}));
    let aside = Aside::new();
    let trusted = Trust::Only(authority);
    assert_eq!(ask(&named, trusted.clone(), &aside).await, Ok(()));
    assert_eq!(ask(&unnamed, Trust::Anybody, &aside).await, Ok(()));
    for (http, trust) in [(&unnamed, trusted), (&named, Trust::System)] {
        let result = ask(http, trust, &aside).await;
        let reason = result.expect_err("it is not trusted");
        assert!(
            reason.contains("TLS") || reason.contains("no certificate authority"),
            "{reason}"
        );
    }
    let insecure = probe_of(&serde_json::json!({"url": url, "insecure": true}));
    assert_eq!(probe(&insecure, &aside).await, Outcome::Passed);
}
