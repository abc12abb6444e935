//! Whom TLS connections believe.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;

use crate::aside::Aside;

/// Whose certificates are believed.
#[derive(Clone, Debug)]
pub(crate) enum Trust {
    /// Everybody's: the connection is only encrypted.
    Anybody,
    /// Those of the authorities that this host trusts.
    System,
    /// Those of one authority.
    #[cfg(test)]
    Only(CertificateDer<'static>),
}

/// The authorities of this host, once they were read. A host that has none yet is asked again.
static SYSTEM: OnceCell<Vec<CertificateDer<'static>>> = OnceCell::const_new();

impl Trust {
    /// The certificates of the authorities that are believed; none where everybody is.
    pub(crate) async fn authorities(
        &self,
        aside: &Aside,
    ) -> Result<Vec<CertificateDer<'static>>, String> {
        match self {
            Self::Anybody => Ok(Vec::new()),
            Self::System => {
                let read = || async { aside.run(read_system).await? };
                SYSTEM.get_or_try_init(read).await.cloned()
            }
            #[cfg(test)]
            Self::Only(authority) => Ok(vec![authority.clone()]),
        }
    }

    /// What makes connections that believe like this.
    pub(crate) async fn connector(&self, aside: &Aside) -> Result<TlsConnector, String> {
        let provider = Arc::new(ring::default_provider());
        let versions = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("TLS cannot be used: {error}"))?;
        let configuration = match self {
            Self::Anybody => versions
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Believing(provider)))
                .with_no_client_auth(),
            _ => {
                let mut roots = RootCertStore::empty();
                roots.add_parsable_certificates(self.authorities(aside).await?);
                versions.with_root_certificates(roots).with_no_client_auth()
            }
        };
        Ok(TlsConnector::from(Arc::new(configuration)))
    }
}

fn read_system() -> Result<Vec<CertificateDer<'static>>, String> {
    let mut read = rustls_native_certs::load_native_certs();
    // Some that a host trusts are too odd to be used; the others still count.
    read.certs
        .retain(|authority| RootCertStore::empty().add(authority.clone()).is_ok());
    if read.certs.is_empty() {
        let why = read.errors.first();
        let why = why.map_or_else(String::new, |error| format!(": {error}"));
        return Err(format!(
            "this host trusts no certificate authority (install ca-certificates){why}"
        ));
    }
    Ok(read.certs)
}

/// Believes every certificate, but still wants the server to have its key.
#[derive(Debug)]
struct Believing(Arc<CryptoProvider>);

impl ServerCertVerifier for Believing {
    fn verify_server_cert(
        &self,
        _certificate: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
