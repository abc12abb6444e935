//! One request to a web server and the beginning of its answer.

use std::pin::pin;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, HOST, HeaderMap, HeaderValue, USER_AGENT};
use hyper::http::uri::Scheme;
use hyper::{Method, Request, Response, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::aside::Aside;
use crate::connect::connect;
use crate::tls::Trust;

/// How requests introduce themselves.
const AGENT: &str = concat!("skep/", env!("CARGO_PKG_VERSION"));

/// What is asked.
pub(crate) struct Ask<'a> {
    pub(crate) url: &'a str,
    /// The name the server is asked for, where that is not the host of the URL.
    pub(crate) host: Option<&'a str>,
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) trust: Trust,
    /// How much of the answer's body is wanted.
    pub(crate) wanted_bytes: usize,
}

/// What is answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The beginning of it.
    pub(crate) body: Vec<u8>,
}

/// Sends one request on a connection of its own; redirects are answers like others. Nothing of it
/// is left when the future is dropped.
pub(crate) async fn exchange(ask: Ask<'_>, aside: &Aside) -> Result<Answer, String> {
    let uri: Uri = ask
        .url
        .parse()
        .map_err(|error| format!("the URL cannot be used: {error}"))?;
    let authority = uri.authority().ok_or("the URL has no host")?;
    let host = authority.host().trim_matches(['[', ']']);
    let is_https = match uri.scheme() {
        Some(scheme) if *scheme == Scheme::HTTPS => true,
        Some(scheme) if *scheme == Scheme::HTTP => false,
        _ => return Err("the URL does not begin with `http://` or `https://`".to_owned()),
    };
    let port = authority
        .port_u16()
        .unwrap_or(if is_https { 443 } else { 80 });
    let wanted_bytes = ask.wanted_bytes;
    let stream = connect(host, port, aside).await?;
    if !is_https {
        return converse(stream, request(&uri, ask)?, wanted_bytes).await;
    }
    let name = ask.host.map_or(host, without_port).to_owned();
    let name = ServerName::try_from(name)
        .map_err(|error| format!("the host cannot have a certificate: {error}"))?;
    let connector = ask.trust.connector(aside).await?;
    let stream = connector
        .connect(name, stream)
        .await
        .map_err(|error| format!("no TLS connection: {error}"))?;
    converse(stream, request(&uri, ask)?, wanted_bytes).await
}

fn request(uri: &Uri, ask: Ask<'_>) -> Result<Request<Full<Bytes>>, String> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    // A user and a password in the URL are no part of the name.
    let named = uri.authority().map_or("", |authority| authority.as_str());
    let named = named.rsplit_once('@').map_or(named, |(_, named)| named);
    let host = HeaderValue::from_str(ask.host.unwrap_or(named))
        .map_err(|error| format!("the host cannot be asked for: {error}"))?;
    let mut request = Request::new(Full::new(ask.body));
    *request.method_mut() = ask.method;
    *request.uri_mut() = path
        .parse()
        .map_err(|error| format!("the URL cannot be used: {error}"))?;
    let headers = request.headers_mut();
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    headers.extend(ask.headers);
    headers.entry(HOST).or_insert(host);
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    Ok(request)
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: Request<Full<Bytes>>,
    wanted_bytes: usize,
) -> Result<Answer, String> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(no_answer)?;
    let mut connection = pin!(connection);
    let mut answer = pin!(async {
        let response = sender.send_request(request).await.map_err(no_answer)?;
        read(response, wanted_bytes).await
    });
    tokio::select! {
        biased;
        answer = &mut answer => return answer,
        // What was received is still to be read.
        _ended = &mut connection => {}
    }
    answer.await
}

async fn read(response: Response<Incoming>, wanted_bytes: usize) -> Result<Answer, String> {
    let status = response.status().as_u16();
    let mut body = response.into_body();
    let mut kept = Vec::new();
    while kept.len() < wanted_bytes
        && let Some(frame) = body.frame().await
    {
        let frame = frame.map_err(|error| format!("the answer breaks off: {error}"))?;
        if let Some(data) = frame.data_ref() {
            let room = wanted_bytes - kept.len();
            kept.extend_from_slice(&data[..data.len().min(room)]);
        }
    }
    Ok(Answer { status, body: kept })
}

fn no_answer(error: hyper::Error) -> String {
    format!("no answer: {error}")
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) | None => host,
    }
    .trim_matches(['[', ']'])
}
