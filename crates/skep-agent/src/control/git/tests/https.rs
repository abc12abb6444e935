//! Repositories behind https, served by git's own program behind a server of the test.

use std::io;
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use super::*;

/// The only token that the server takes.
const TOKEN: &str = "sweet-as-honey";

/// What a server does with requests.
#[derive(Clone)]
enum Manner {
    /// It serves the repositories in this directory to who has the token.
    Serves(PathBuf),
    /// It sends everybody there.
    Redirects(String),
}

/// A server, and the authority that vouches for it.
struct Server {
    address: SocketAddr,
    authority: String,
    /// Who asked for what.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Serves on a free port of this host, for which it has a certificate, until the runtime ends.
    async fn start(manner: Manner) -> Self {
        let (authority, acceptor) = certified("127.0.0.1");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a port");
        let address = listener.local_addr().expect("it is bound");
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let heard = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, manner) = (acceptor.clone(), manner.clone());
                let heard = Arc::clone(&heard);
                tokio::spawn(async move {
                    // Who takes it for a stranger hangs up.
                    if let Ok(stream) = acceptor.accept(stream).await {
                        let _hung_up = answer(stream, &manner, &heard).await;
                    }
                });
            }
        });
        Self {
            address,
            authority,
            asked,
        }
    }

    fn url(&self) -> String {
        format!("https://{}/origin.git", self.address)
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("whole").clone()
    }
}

/// An authority in PEM, and what serves with a certificate from it for `name`.
fn certified(name: &str) -> (String, TlsAcceptor) {
    let key = KeyPair::generate().expect("a key");
    let mut authority = CertificateParams::new(Vec::new()).expect("no names");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = authority.self_signed(&key).expect("signed");
    let issuer = Issuer::new(authority, key);
    let own_key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
    let certificate = params.signed_by(&own_key, &issuer).expect("signed");
    let private = PrivateKeyDer::try_from(own_key.serialize_der()).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring knows them")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .expect("they belong together");
    (pem(root.der()), TlsAcceptor::from(Arc::new(config)))
}

/// RFC 7468: in lines of 64 letters.
fn pem(certificate: &[u8]) -> String {
    let encoded = STANDARD.encode(certificate);
    let lines = encoded.as_bytes().chunks(64).map(String::from_utf8_lossy);
    let lines: String = lines.map(|line| format!("{line}\n")).collect();
    format!("-----BEGIN CERTIFICATE-----\n{lines}-----END CERTIFICATE-----\n")
}

/// Answers one request.
async fn answer(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    manner: &Manner,
    heard: &Mutex<Vec<String>>,
) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match line.trim_end() {
            "" => break,
            line => head.push(line.to_owned()),
        }
    }
    let field = |name: &str| {
        let mut fields = head.iter().filter_map(|line| line.split_once(": "));
        let found = fields.find(|(field, _)| field.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.to_owned()).unwrap_or_default()
    };
    let mut body = vec![0; field("content-length").parse().unwrap_or(0)];
    stream.read_exact(&mut body).await?;
    let request = head.first().cloned().unwrap_or_default();
    let shown = field("authorization");
    heard
        .lock()
        .expect("whole")
        .push(format!("{request} {shown}"));
    let told = match manner {
        Manner::Redirects(to) => format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\n\r\n").into(),
        Manner::Serves(_) if shown != expected() => {
            b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\n\r\n".to_vec()
        }
        Manner::Serves(directory) => of_git(directory, &request, field, &body).await?,
    };
    stream.write_all(&told).await?;
    stream.shutdown().await
}

/// What who has the token shows.
fn expected() -> String {
    let who = format!("x-access-token:{TOKEN}");
    format!("Basic {}", STANDARD.encode(who))
}

/// What git's own program answers to a request, as a server of the web would run it.
async fn of_git(
    directory: &Path,
    request: &str,
    field: impl Fn(&str) -> String,
    body: &[u8],
) -> io::Result<Vec<u8>> {
    let mut words = request.split(' ');
    let method = words.next().unwrap_or_default();
    let target = words.next().unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut program = tokio::process::Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", directory)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("REQUEST_METHOD", method)
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("CONTENT_TYPE", field("content-type"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", field("content-encoding"))
        .env("GIT_PROTOCOL", field("git-protocol"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut input = program.stdin.take().expect("it is piped");
    input.write_all(body).await?;
    drop(input);
    let said = program.wait_with_output().await?.stdout;
    let head = String::from_utf8_lossy(&said).into_owned();
    let status = head.lines().find_map(|line| line.strip_prefix("Status: "));
    let status = status.unwrap_or("200 OK").trim_end();
    let line = format!("HTTP/1.1 {status}\r\nConnection: close\r\n");
    Ok([line.as_bytes(), &said].concat())
}

/// A repository behind a server, and the files that who fetches has.
struct Remote {
    pair: Pair,
    server: Server,
}

impl Remote {
    async fn new() -> Self {
        let pair = Pair::new();
        let directory = pair.directory.path().to_owned();
        let server = Server::start(Manner::Serves(directory)).await;
        Self { pair, server }
    }

    /// A file that nobody else can read.
    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.pair.directory.path().join(name);
        fs::write(&path, text).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("its own");
        path
    }

    /// The repository at `url` for who shows these.
    fn at(&self, url: &str, token: Option<&Path>, authority: Option<&Path>) -> Repository {
        let options = GitOptions {
            address: url.parse().expect("an address"),
            credentials: Credentials {
                token: token.map(Path::to_owned),
                authority: authority.map(Path::to_owned),
                ..Credentials::default()
            },
            ..self.pair.options()
        };
        options.check().expect("it can be reached");
        self.pair.repository_of(options)
    }
}

#[tokio::test]
async fn a_repository_behind_https_is_read_with_a_token_and_only_then() {
    let remote = Remote::new().await;
    let authority = remote.file("authority.pem", &remote.server.authority);
    let url = remote.server.url();
    let said = read(&mut remote.at(&url, None, Some(&authority))).await;
    let said = said.expect_err("it is asked who that is");
    assert!(said.contains("give it a token with --git-token"), "{said}");

    let token = remote.file("token", "sour\n");
    let mut repository = remote.at(&url, Some(&token), Some(&authority));
    let said = read(&mut repository).await.expect_err("it is another one");
    let does_not = format!("the server does not take the token in {}", token.display());
    assert!(said.contains(&does_not), "{said}");
    assert!(!said.contains("sour"), "{said}");

    // The file is read with every look.
    remote.file("token", &format!("{TOKEN}\n"));
    assert_eq!(
        read(&mut repository).await,
        Ok(vec!["vip.yaml: 1".to_owned()])
    );
    let before = remote.server.asked().len();
    assert!(read(&mut repository).await.is_ok());
    // What the server can do, and where the branch is: it makes no pack.
    assert_eq!(remote.server.asked().len(), before + 2);
    remote.pair.save("vip.yaml", "2");
    remote.pair.push("two");
    assert_eq!(
        read(&mut repository).await,
        Ok(vec!["vip.yaml: 2".to_owned()])
    );

    fs::set_permissions(&token, fs::Permissions::from_mode(0o644)).expect("its own");
    let said = read(&mut repository).await.expect_err("others can read it");
    assert!(said.contains("`chmod 600` it"), "{said}");
}

#[tokio::test]
async fn nobody_is_shown_a_token_who_is_not_the_server_that_was_named() {
    let remote = Remote::new().await;
    let token = remote.file("token", TOKEN);
    let own = remote.file("authority.pem", &remote.server.authority);
    let other = remote.file("other.pem", &certified("127.0.0.1").0);
    let url = remote.server.url();
    let by_name = url.replace("127.0.0.1", "localhost");
    for (url, authority, expected) in [
        (&url, None, "name the right one with --git-ca FILE"),
        (&url, Some(&other), "other.pem vouches for the server"),
        (&by_name, Some(&own), "subject name"),
    ] {
        let authority = authority.map(PathBuf::as_path);
        let said = read(&mut remote.at(url, Some(&token), authority)).await;
        let said = said.expect_err("it is a stranger");
        assert!(said.contains(expected), "{said}");
    }
    assert_eq!(remote.server.asked(), [""; 0]);

    let elsewhere = Server::start(Manner::Redirects(url)).await;
    let vouched = remote.file("elsewhere.pem", &elsewhere.authority);
    let mut repository = remote.at(&elsewhere.url(), Some(&token), Some(&vouched));
    let said = read(&mut repository).await.expect_err("it is elsewhere");
    assert!(said.contains("302"), "{said}");
    assert_eq!(remote.server.asked(), [""; 0]);
}

#[tokio::test]
async fn a_server_that_never_says_who_it_is_is_given_up() {
    let remote = Remote::new().await;
    let server = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = server.local_addr().expect("an address");
    let options = GitOptions {
        address: format!("https://{address}/cube").parse().expect("a place"),
        ..remote.pair.options()
    };
    let state = remote.pair.state();
    let mut repository = Repository::new(options, &state, Duration::from_secs(2));
    let look = timeout(PATIENCE, repository.look(None))
        .await
        .expect("it ends");
    let said = look.sources.expect_err("nobody answers").message();
    assert_eq!(said, "git did not end within 2s");
}
