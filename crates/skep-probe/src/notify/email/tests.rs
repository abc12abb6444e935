use std::sync::{Arc, Mutex};

use skep_manifest::vip_group::MemberState;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::notify::event::tests::event;
use crate::server::{certified, serve};

/// What a mail server is like.
#[derive(Clone)]
struct Server {
    acceptor: TlsAcceptor,
    starttls: bool,
    implicit: bool,
    refuses: &'static str,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Talks until the other side leaves. Everything said after `STARTTLS` is marked with `*`.
    async fn talk(self, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) {
        if self.implicit {
            if let Ok(stream) = self.acceptor.accept(stream).await {
                self.converse(BufReader::new(stream), "*", true).await;
            }
            return;
        }
        let mut stream = BufReader::new(stream);
        if self.converse(&mut stream, "", true).await
            && let Ok(stream) = self.acceptor.accept(stream).await
        {
            self.converse(BufReader::new(stream), "*", false).await;
        }
    }

    /// Whether the line is to be encrypted.
    async fn converse(
        &self,
        mut stream: impl AsyncBufReadExt + AsyncWrite + Unpin,
        mark: &str,
        greets: bool,
    ) -> bool {
        if greets && stream.write_all(b"220 ready\r\n").await.is_err() {
            return false;
        }
        let mut is_mail = false;
        loop {
            let mut line = String::new();
            if !matches!(stream.read_line(&mut line).await, Ok(1..)) {
                return false;
            }
            let line = line.trim_end();
            self.heard
                .lock()
                .expect("whole")
                .push(format!("{mark}{line}"));
            let word = line.split(' ').next().unwrap_or_default();
            let answer = match word {
                _ if is_mail && line == "." => {
                    is_mail = false;
                    "250 taken"
                }
                _ if is_mail => continue,
                _ if word == self.refuses => "554 no",
                "EHLO" if self.starttls && mark.is_empty() => "250-me\r\n250 STARTTLS",
                "EHLO" => "250-me\r\n250 AUTH PLAIN LOGIN",
                "STARTTLS" => "220 go on",
                "DATA" => {
                    is_mail = true;
                    "354 speak"
                }
                "AUTH" => "235 welcome",
                _ => "250 fine",
            };
            let answer = format!("{answer}\r\n");
            if stream.write_all(answer.as_bytes()).await.is_err() {
                return false;
            }
            if word == "STARTTLS" {
                return true;
            }
        }
    }
}

/// Sends a mail with these fields to a server like this one; what it heard.
async fn send_to(
    change: impl FnOnce(&mut Server),
    mut fields: serde_json::Value,
) -> (Result<(), String>, String) {
    let (authority, acceptor) = certified("localhost");
    let heard = Arc::new(Mutex::new(Vec::new()));
    let mut server = Server {
        acceptor,
        starttls: true,
        implicit: false,
        refuses: "",
        heard: Arc::clone(&heard),
    };
    change(&mut server);
    let address = serve(move |stream| server.clone().talk(stream)).await;
    fields["to"] = serde_json::json!(["Joe <joe@example.com>", "ops@example.com"]);
    fields["from"] = "keepalived@example.com".into();
    let host = fields["server"].as_str().unwrap_or("localhost").to_owned();
    fields["server"] = format!("{host}:{}", address.port()).into();
    let email: Email = serde_json::from_value(fields).expect("an email notifier");
    let event = event(MemberState::Active, 1);
    let trust = Trust::Only(authority);
    let sent = send(&email, &event, 0, &trust, &Aside::new()).await;
    let heard = heard.lock().expect("whole").join("\n");
    (sent, heard)
}

#[tokio::test]
async fn a_mail_says_what_happened_where_and_when() {
    let (sent, heard) = send_to(|_| {}, serde_json::json!({"tls": "none"})).await;
    assert_eq!(sent, Ok(()), "{heard}");
    for line in [
        "EHLO lb1",
        "MAIL FROM:<keepalived@example.com>",
        "RCPT TO:<joe@example.com>",
        "RCPT TO:<ops@example.com>",
        "From: keepalived@example.com",
        "To: Joe <joe@example.com>, ops@example.com",
        "Subject: [lb1] VIP group web is active",
        "Message-ID: <skep-lb1-web-active-2026-11-20T13.00.01Z-0@lb1>",
        "Auto-Submitted: auto-generated",
        "Because:   nobody advertised",
        "Addresses: 10.10.10.2, 10.10.10.3",
        "At:        2026-11-20T13:00:01Z",
        "QUIT",
    ] {
        assert!(heard.lines().any(|found| found == line), "{line}: {heard}");
    }
    assert!(
        heard.lines().any(|line| line.starts_with("Date: ")),
        "{heard}"
    );
    assert!(!heard.contains('*'), "{heard}");
}

#[tokio::test]
async fn the_line_is_encrypted_as_declared() {
    use serde_json::json;
    let offers: fn(&mut Server) = |_| {};
    let plain: fn(&mut Server) = |server| server.starttls = false;
    let implicit: fn(&mut Server) = |server| server.implicit = true;
    for (server, tls, expected) in [
        (offers, "opportunistic", Ok(true)),
        (plain, "opportunistic", Ok(false)),
        (offers, "starttls", Ok(true)),
        (plain, "starttls", Err("does not offer STARTTLS")),
        (offers, "none", Ok(false)),
        (implicit, "implicit", Ok(true)),
        (offers, "implicit", Err("no TLS connection")),
    ] {
        let (sent, heard) = send_to(server, json!({"tls": tls})).await;
        match (sent, expected) {
            (Ok(()), Ok(encrypted)) => {
                assert_eq!(heard.contains("*MAIL FROM"), encrypted, "{tls}: {heard}");
            }
            (Err(error), Err(part)) => {
                assert!(error.contains(part), "{tls}: {error}");
                assert!(!heard.contains("MAIL FROM"), "{tls}: {heard}");
            }
            (sent, expected) => panic!("{tls}: {sent:?} instead of {expected:?}: {heard}"),
        }
    }
}

#[tokio::test]
async fn a_password_goes_only_over_a_line_to_a_trusted_server_unless_tls_is_none() {
    use serde_json::json;
    // The base64 of `\0keepalived\0sesame`.
    const PASSWORD: &str = "AGtlZXBhbGl2ZWQAc2VzYW1l";
    let user = |tls: &str, host: &str| {
        json!({
            "tls": tls, "server": host, "username": "keepalived", "password": {"value": "sesame"},
        })
    };
    for tls in ["opportunistic", "starttls"] {
        let (sent, heard) = send_to(|_| {}, user(tls, "localhost")).await;
        assert_eq!(sent, Ok(()), "{heard}");
        assert!(
            heard.contains(&format!("*AUTH PLAIN {PASSWORD}")),
            "{heard}"
        );
        // Its certificate is for another name.
        let (sent, heard) = send_to(|_| {}, user(tls, "127.0.0.1")).await;
        assert!(sent.is_err_and(|error| error.contains("TLS")), "{heard}");
        assert!(!heard.contains("AUTH"), "{heard}");
    }
    let without = |server: &mut Server| server.starttls = false;
    let (sent, heard) = send_to(without, user("opportunistic", "localhost")).await;
    let error = sent.expect_err("it is not sent in the clear");
    assert!(
        error.contains("a password is not sent in the clear"),
        "{error}"
    );
    assert!(!heard.contains("AUTH"), "{heard}");
    let (sent, heard) = send_to(without, user("none", "localhost")).await;
    assert_eq!(sent, Ok(()), "{heard}");
    assert!(heard.contains(&format!("AUTH PLAIN {PASSWORD}")), "{heard}");
    // Without a password an unknown certificate still keeps listeners away.
    let (sent, heard) = send_to(|_| {}, json!({"server": "127.0.0.1"})).await;
    assert_eq!(sent, Ok(()), "{heard}");
    assert!(heard.contains("*MAIL FROM"), "{heard}");
}

#[tokio::test]
async fn a_refusal_is_told_in_the_servers_words() {
    for (refuses, part) in [
        ("EHLO", "is no mail server"),
        ("MAIL", "the mail is not accepted"),
        ("RCPT", "the mail is not accepted"),
        ("DATA", "the mail is not accepted"),
    ] {
        let refusing = |server: &mut Server| server.refuses = refuses;
        let (sent, heard) = send_to(refusing, serde_json::json!({"tls": "none"})).await;
        let error = sent.expect_err("it is refused");
        assert!(error.contains(part), "{refuses}: {error}: {heard}");
        assert!(error.contains("no"), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_talks_without_end_is_cut_off() {
    let server =
        serve(|mut stream| async move { while stream.write_all(&[b'2'; 4096]).await.is_ok() {} })
            .await;
    let email = serde_json::json!({
        "to": ["a@example.com"], "from": "b@example.com", "server": server.to_string(),
    });
    let email: Email = serde_json::from_value(email).expect("an email notifier");
    let event = event(MemberState::Backup, 1);
    let sent = send(&email, &event, 0, &Trust::System, &Aside::new()).await;
    let error = sent.expect_err("it says nothing sensible");
    assert!(error.contains("does not stop talking"), "{error}");
}
