//! The port at which a server that keeps repositories says that somebody pushed.
//!
//! All it can do is to let the branch be looked at now; what it says about the push is not read.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use skep_manifest::hexadecimal;
use tokio::net::TcpListener;

use crate::control::admission::Room;
use crate::control::git::Nudge;
use crate::control::secret_file::read_secret;
use crate::control::serving::{self, Bounds};

/// The longest push that is told: what is longer is found with the next look.
const BODY_BYTES_MAX: usize = 1 << 20;

/// The longest secret.
const SECRET_BYTES_MAX: usize = 4096;

/// The shortest: whoever can reach the port may try.
const SECRET_BYTES_MIN: usize = 16;

/// What a server gets that tells of a push.
const BOUNDS: Bounds = Bounds {
    room: Room {
        overall: 16,
        each: 4,
    },
    questions: serving::Questions::One,
    exchange: Duration::from_secs(10),
};

/// Where pushes are told, and the secret that proves who tells.
#[derive(Clone, Debug)]
pub struct WebhookOptions {
    /// The address and port.
    pub address: SocketAddr,
    /// The file with the secret.
    pub secret: PathBuf,
}

/// Serves whoever tells of pushes; each who proves to know the secret makes `nudge` look.
pub(super) async fn serve(options: &WebhookOptions, nudge: Nudge) -> anyhow::Result<()> {
    let WebhookOptions { address, secret } = options;
    let word = read_secret(secret, SECRET_BYTES_MAX).map_err(|error| anyhow!(error))?;
    anyhow::ensure!(
        word.len() >= SECRET_BYTES_MIN,
        "{}: a secret has at least {SECRET_BYTES_MIN} characters (`openssl rand -hex 32`)",
        secret.display()
    );
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen for pushes on {address}"))?;
    let router = Router::new()
        .route("/", post(handle_push))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state((Arc::new(word), nudge));
    tokio::spawn(serving::serve(listener, router, BOUNDS));
    Ok(())
}

async fn handle_push(
    State((secret, nudge)): State<(Arc<String>, Nudge)>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    if !is_proven(&secret, &headers, &body) {
        return StatusCode::UNAUTHORIZED;
    }
    nudge.look();
    StatusCode::ACCEPTED
}

/// Whether whoever sends this knows `secret`: GitHub, Gitea and Forgejo sign what they send with it,
/// GitLab sends it along.
fn is_proven(secret: &str, headers: &HeaderMap, body: &[u8]) -> bool {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(signature) = header("x-hub-signature-256") {
        let code = signature.strip_prefix("sha256=");
        return code.is_some_and(|code| is_code_of(secret, body, code));
    }
    if let Some(code) = header("x-gitea-signature") {
        return is_code_of(secret, body, code);
    }
    // Both as codes of the same: comparing them tells nothing about how they begin.
    header("x-gitlab-token").is_some_and(|token| {
        let token = code(secret, token.as_bytes()).finalize().into_bytes();
        code(secret, secret.as_bytes()).verify_slice(&token).is_ok()
    })
}

fn is_code_of(secret: &str, body: &[u8], digits: &str) -> bool {
    let Some(claimed) = hexadecimal::parse(digits.as_bytes()) else {
        return false;
    };
    code(secret, body).verify_slice(&claimed).is_ok()
}

fn code(secret: &str, body: &[u8]) -> Hmac<Sha256> {
    let mut code = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length is a key");
    code.update(body);
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "a secret of the hive";
    const BODY: &[u8] = b"{\"ref\":\"refs/heads/main\"}";
    /// `openssl dgst -sha256 -hmac "$SECRET"` of the body.
    const CODE: &str = "610e9a59ba5a75828b77bf35e5c7294e2bc1cb21cb0bb3bbc8194cb375344a4f";

    fn proven(headers: &[(&'static str, &str)]) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().expect("a value"));
        }
        is_proven(SECRET, &map, BODY)
    }

    #[test]
    fn only_who_knows_the_secret_is_heard() {
        let github = format!("sha256={CODE}");
        assert!(proven(&[("x-hub-signature-256", &github)]));
        assert!(proven(&[("x-gitea-signature", CODE)]));
        assert!(proven(&[("x-gitlab-token", SECRET)]));
        let other = github.replace('a', "b");
        for headers in [
            &[][..],
            &[("x-hub-signature-256", CODE)],
            &[("x-hub-signature-256", &other)],
            &[("x-hub-signature-256", "sha256=")],
            &[("x-hub-signature-256", "sha256=zz")],
            &[("x-gitea-signature", &CODE[1..])],
            &[("x-gitlab-token", "a secret of the hivf")],
            &[("x-gitlab-token", "")],
            // Of two proofs the wrong one counts.
            &[("x-hub-signature-256", &other), ("x-gitlab-token", SECRET)],
        ] {
            assert!(!proven(headers), "{headers:?}");
        }
    }
}
