//! Mutual TLS between agents: who calls proves its node, and who answers does.
//!
//! TLS 1.3 only, and every connection is verified anew: nothing is resumed, so a secret that was
//! replaced counts for nothing from the next connection on.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::{
    ClientHello, NoServerSessionStorage, ResolvesServerCert, WebPkiClientVerifier,
};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::time_provider::{DefaultTimeProvider, TimeProvider};
use rustls::version::TLS13;
use rustls::{AlertDescription, CertificateError, ClientConfig, ServerConfig};
use skep_manifest::name::NodeName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

use crate::trust::identity::Identity;
use crate::trust::name::{NameTooLong, Proven, Standing, certified_name, node_called, proven_by};

/// How long a handshake may take: an honest one takes milliseconds, and retransmissions on a bad
/// network a second or two.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(5);

/// Answers handshakes of peers.
#[derive(Clone)]
pub struct Acceptor(TlsAcceptor);

/// Begins handshakes with peers.
#[derive(Clone)]
pub struct Connector(TlsConnector);

/// Why two agents did not come to trust a connection.
#[derive(Debug, thiserror::Error)]
pub enum HandshakeError {
    /// It took too long.
    #[error("the handshake took longer than {} s", HANDSHAKE_LIMIT.as_secs())]
    Late,
    /// One does not believe the other's certificate, or there is none.
    #[error("the two agents do not hold the same cluster key")]
    NotTrusted(#[source] rustls::Error),
    /// The caller knows the authority of the certificate, and looks for another node.
    #[error(
        "the caller looks for another node here: a name or an address in the manifest is not that of \
         its node, or an agent is started with another --node"
    )]
    TakenForAnother(#[source] rustls::Error),
    /// A node's certificate has ended.
    #[error(
        "a node's certificate has ended, or a clock is wrong: make another with `skep keygen --node`"
    )]
    Ended(#[source] rustls::Error),
    /// The peer belongs to the cluster and is another node, which is named.
    #[error("the agent that answers there is {0}")]
    OtherNode(String),
    /// The peer's certificate is good and names no node.
    #[error("the peer's certificate does not name one node")]
    Nameless,
    /// The name of the node to be called does not fit into a certificate.
    #[error(transparent)]
    Name(#[from] NameTooLong),
    /// The connection broke, or the peer does not speak TLS.
    #[error("the handshake broke")]
    Broken(#[source] io::Error),
}

impl Acceptor {
    /// Answers as `identity`.
    #[must_use]
    pub fn new(identity: &Identity) -> Self {
        let configuration = server_configuration(identity, Arc::new(DefaultTimeProvider));
        Self(TlsAcceptor::from(Arc::new(configuration)))
    }

    /// Makes a connection of `stream` and says which node proved to be at its other end.
    ///
    /// # Errors
    ///
    /// [`HandshakeError`] when the other end proves nothing or takes too long.
    pub async fn accept<S>(
        &self,
        stream: S,
    ) -> Result<(server::TlsStream<S>, Proven), HandshakeError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let stream = within_limit(self.0.accept(stream)).await?;
        let proven = proven_by_chain(stream.get_ref().1.peer_certificates())?;
        Ok((stream, proven))
    }
}

impl Connector {
    /// Calls as `identity`.
    #[must_use]
    pub fn new(identity: &Identity) -> Self {
        let configuration = client_configuration(identity, Arc::new(DefaultTimeProvider));
        Self(TlsConnector::from(Arc::new(configuration)))
    }

    /// Makes a connection of `stream` whose other end proved to be `node`, and says with what.
    ///
    /// # Errors
    ///
    /// [`HandshakeError`] when the other end is somebody else or takes too long.
    pub async fn connect<S>(
        &self,
        node: &NodeName,
        stream: S,
    ) -> Result<(client::TlsStream<S>, Standing), HandshakeError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let name = ServerName::DnsName(certified_name(node)?);
        let stream = within_limit(self.0.connect(name, stream)).await?;
        let proven = proven_by_chain(stream.get_ref().1.peer_certificates())?;
        Ok((stream, proven.standing))
    }
}

impl HandshakeError {
    /// What TLS says of the other end, when it says anything of trust. It may be said after the
    /// handshake: a peer refuses a certificate when the caller's part of it is done.
    pub(crate) fn from_tls(error: &rustls::Error) -> Option<Self> {
        use rustls::Error::{AlertReceived, InvalidCertificate, NoCertificatesPresented};
        match error {
            InvalidCertificate(CertificateError::NotValidForNameContext { presented, .. }) => {
                Some(Self::OtherNode(node_among(presented)))
            }
            InvalidCertificate(CertificateError::NotValidForName) => {
                Some(Self::OtherNode(node_among(&[])))
            }
            InvalidCertificate(
                CertificateError::Expired | CertificateError::ExpiredContext { .. },
            )
            | AlertReceived(AlertDescription::CertificateExpired) => {
                Some(Self::Ended(error.clone()))
            }
            // What TLS says to a certificate of a good authority that names others.
            AlertReceived(AlertDescription::BadCertificate) => {
                Some(Self::TakenForAnother(error.clone()))
            }
            InvalidCertificate(_) | NoCertificatesPresented => {
                Some(Self::NotTrusted(error.clone()))
            }
            AlertReceived(alert) if concerns_certificate(*alert) => {
                Some(Self::NotTrusted(error.clone()))
            }
            _ => None,
        }
    }

    fn from_io(error: io::Error) -> Self {
        tls_error(&error)
            .and_then(Self::from_tls)
            .unwrap_or(Self::Broken(error))
    }
}

/// The node that a certificate names, of whose names TLS says that they are others.
fn node_among(presented: &[String]) -> String {
    let mut names = presented
        .iter()
        .filter_map(|shown| shown.strip_prefix("DnsName(\"")?.strip_suffix("\")"));
    let node = names.find_map(node_called);
    node.unwrap_or("another node").to_owned()
}

/// What TLS said, when `error` of a connection comes from it.
pub(crate) fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

fn proven_by_chain(chain: Option<&[CertificateDer<'_>]>) -> Result<Proven, HandshakeError> {
    chain
        .and_then(|chain| proven_by(chain.first()?))
        .ok_or(HandshakeError::Nameless)
}

const fn concerns_certificate(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateUnknown
            | AlertDescription::CertificateRequired
            | AlertDescription::UnknownCA
            | AlertDescription::DecryptError
    )
}

async fn within_limit<T>(
    handshake: impl Future<Output = io::Result<T>>,
) -> Result<T, HandshakeError> {
    tokio::time::timeout(HANDSHAKE_LIMIT, handshake)
        .await
        .map_err(|_elapsed| HandshakeError::Late)?
        .map_err(HandshakeError::from_io)
}

fn server_configuration(identity: &Identity, clock: Arc<dyn TimeProvider>) -> ServerConfig {
    let provider = Arc::new(default_provider());
    let callers =
        WebPkiClientVerifier::builder_with_provider(identity.authorities(), Arc::clone(&provider))
            .build()
            .expect("an identity believes at least its own authority");
    let mut configuration = ServerConfig::builder_with_details(provider, clock)
        .with_protocol_versions(&[&TLS13])
        .expect("the provider speaks TLS 1.3")
        .with_client_cert_verifier(callers)
        .with_cert_resolver(Arc::new(Shown(identity.clone())));
    configuration.session_storage = Arc::new(NoServerSessionStorage {});
    configuration.send_tls13_tickets = 0;
    configuration
}

/// What is shown to callers: what proves the name by which they call, when it is one of this node.
#[derive(Debug)]
struct Shown(Identity);

impl ResolvesServerCert for Shown {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let other = hello.server_name();
        let other = other.and_then(|name| self.0.certificate_as(name));
        Some(other.unwrap_or_else(|| self.0.certificate()))
    }
}

fn client_configuration(identity: &Identity, clock: Arc<dyn TimeProvider>) -> ClientConfig {
    let provider = Arc::new(default_provider());
    let servers =
        WebPkiServerVerifier::builder_with_provider(identity.authorities(), Arc::clone(&provider))
            .build()
            .expect("an identity believes at least its own authority");
    let mut configuration = ClientConfig::builder_with_details(provider, clock)
        .with_protocol_versions(&[&TLS13])
        .expect("the provider speaks TLS 1.3")
        .with_webpki_verifier(servers)
        .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(identity.certificate())));
    configuration.resumption = Resumption::disabled();
    configuration
}

#[cfg(test)]
mod tests;
