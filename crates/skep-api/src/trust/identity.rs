//! What an agent shows its peers and whom it believes.

use std::fmt;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_ED25519, SanType,
};
use ring::digest;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use rustls::RootCertStore;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, DnsName, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use skep_manifest::hexadecimal;
use skep_manifest::name::NodeName;
use skep_plan::rotation::Fingerprint;
use time::OffsetDateTime;
use time::macros::datetime;

use super::certificate::NodeCertificate;
use super::key::{ClusterKey, ClusterKeys, KEY_BYTES};
use super::name::{NameTooLong, Proven, Standing, certified_name, mark_of_certified};

/// A board without a clock starts in 1970.
const VALID_FROM: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

/// RFC 5280 §4.1.2.5: the end of a certificate that has none.
const VALID_UNTIL: OffsetDateTime = datetime!(9999-12-31 23:59:59 UTC);

const AUTHORITY_PURPOSE: &[u8] = b"certificate authority, Ed25519";

/// RFC 8410 §7: what precedes the 32 bytes of an Ed25519 key in PKCS #8.
const ED25519_PKCS8_PREFIX: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// An agent's certificate, its private key and the authorities it believes. It lives in memory.
#[derive(Clone)]
pub struct Identity {
    own: Proven,
    certificate: Arc<CertifiedKey>,
    /// What it shows to those that call it by another name of its own.
    others: Vec<(NodeName, Arc<CertifiedKey>)>,
    authorities: Arc<RootCertStore>,
}

/// Why an agent could not issue itself a certificate.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The node's name does not fit.
    #[error(transparent)]
    Name(#[from] NameTooLong),
    /// The certificate could not be made.
    #[error("cannot issue a certificate")]
    Certificate(#[from] rcgen::Error),
    /// The certificate cannot be used.
    #[error("cannot use the certificate that was issued")]
    Unusable(#[from] rustls::Error),
}

impl Identity {
    /// The identity of `node`, issued with the first of `keys`; it believes whoever holds any.
    ///
    /// # Errors
    ///
    /// [`IssueError`] when the node's name is too long for a certificate or randomness is missing.
    pub fn issue(keys: &ClusterKeys, node: &NodeName) -> Result<Self, IssueError> {
        let mut authorities = RootCertStore::empty();
        for key in keys.trusted() {
            authorities.add(Authority::derive(key)?.certificate()?)?;
        }
        let parameters = agent_parameters(&[certified_name(node)?])?;
        let (certificate, private_key) = Authority::derive(keys.issuing())?.issue(&parameters)?;
        let own = Proven {
            node: node.clone(),
            standing: Standing::KeyHolder,
        };
        Ok(Self {
            own,
            certificate: Arc::new(certified_key(certificate, private_key)?),
            others: Vec::new(),
            authorities: Arc::new(authorities),
        })
    }

    /// The identity that `certificate` gives its node.
    ///
    /// # Errors
    ///
    /// [`IssueError::Unusable`] when certificate and key do not belong together.
    pub fn certified(certificate: &NodeCertificate) -> Result<Self, IssueError> {
        let mut authorities = RootCertStore::empty();
        for authority in &certificate.authorities {
            authorities.add(authority.clone())?;
        }
        let shown = certified_key(certificate.certificate.clone(), certificate.private_key())?;
        let own = Proven {
            node: certificate.node().clone(),
            standing: Standing::Certified,
        };
        Ok(Self {
            own,
            certificate: Arc::new(shown),
            others: Vec::new(),
            authorities: Arc::new(authorities),
        })
    }

    /// The same, which also answers those that call `other`'s node: another name of this one.
    #[must_use]
    pub fn answering_as(mut self, other: Self) -> Self {
        self.others.push((other.own.node, other.certificate));
        self
    }

    /// The node this identity is of, and what it proves that with.
    #[must_use]
    pub const fn proven(&self) -> &Proven {
        &self.own
    }

    pub(crate) fn certificate(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.certificate)
    }

    /// What it shows to those that call it `name`, if it goes by another name than its first.
    pub(crate) fn certificate_as(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        let is_called = |node: &NodeName| {
            certified_name(node).is_ok_and(|certified| certified.as_ref() == name)
        };
        let mut others = self.others.iter();
        let (_, certificate) = others.find(|(node, _)| is_called(node))?;
        Some(Arc::clone(certificate))
    }

    pub(crate) fn authorities(&self) -> Arc<RootCertStore> {
        Arc::clone(&self.authorities)
    }
}

impl NodeCertificate {
    /// A certificate for `node` alone, made with the first of `keys`, that ends at `until`.
    ///
    /// # Errors
    ///
    /// [`IssueError`] when the node's name is too long for a certificate or randomness is missing.
    pub fn issue(
        keys: &ClusterKeys,
        node: &NodeName,
        until: OffsetDateTime,
    ) -> Result<Self, IssueError> {
        let names = [certified_name(node)?, mark_of_certified(node)?];
        let mut parameters = agent_parameters(&names)?;
        // A certificate states seconds.
        parameters.not_after = until.replace_nanosecond(0).unwrap_or(until);
        let (certificate, private_key) = Authority::derive(keys.issuing())?.issue(&parameters)?;
        let trusted = keys.trusted();
        let authorities = trusted.map(|key| Authority::derive(key)?.certificate());
        Ok(Self {
            node: node.clone(),
            certificate,
            private_key: private_key.secret_pkcs8_der().to_vec(),
            authorities: authorities.collect::<Result<_, _>>()?,
            until: parameters.not_after,
        })
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Identity")
            .field("node", &self.own.node)
            .finish_non_exhaustive()
    }
}

/// The certificate authority that every holder of a key derives from it.
struct Authority {
    parameters: CertificateParams,
    key: KeyPair,
}

impl Authority {
    fn derive(key: &ClusterKey) -> Result<Self, rcgen::Error> {
        let pkcs8 = [&ED25519_PKCS8_PREFIX[..], &key.authority_seed()[..]].concat();
        let key = KeyPair::try_from(&PrivatePkcs8KeyDer::from(pkcs8))?;
        let fingerprint = fingerprint(key.public_key_raw());
        let mut parameters = lasting_parameters(&format!("skep cluster {fingerprint}"));
        parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        Ok(Self { parameters, key })
    }

    /// The certificate that is believed. Only its name and public key count, and both follow from
    /// the secret.
    fn certificate(&self) -> Result<CertificateDer<'static>, rcgen::Error> {
        let certificate = self.parameters.self_signed(&self.key)?;
        Ok(certificate.der().clone())
    }

    /// A certificate with `parameters`, and a private key of its own.
    fn issue(
        &self,
        parameters: &CertificateParams,
    ) -> Result<(CertificateDer<'static>, PrivatePkcs8KeyDer<'static>), rcgen::Error> {
        let key = KeyPair::generate_for(&PKCS_ED25519)?;
        let issuer = Issuer::from_params(&self.parameters, &self.key);
        let certificate = parameters.signed_by(&key, &issuer)?;
        let private_key = PrivatePkcs8KeyDer::from(key.serialize_der());
        Ok((certificate.der().clone(), private_key))
    }
}

/// A certificate and its private key, if they belong together.
fn certified_key(
    certificate: CertificateDer<'static>,
    private_key: PrivatePkcs8KeyDer<'static>,
) -> Result<CertifiedKey, rustls::Error> {
    CertifiedKey::from_der(vec![certificate], private_key.into(), &default_provider())
}

/// An agent serves its peers and calls them: its certificate is good for both.
fn agent_parameters(names: &[DnsName<'static>]) -> Result<CertificateParams, rcgen::Error> {
    let mut parameters = lasting_parameters("skep agent");
    let names = names
        .iter()
        .map(|name| Ok(SanType::DnsName(name.as_ref().try_into()?)));
    parameters.subject_alt_names = names.collect::<Result<_, rcgen::Error>>()?;
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::ClientAuth,
    ];
    Ok(parameters)
}

fn lasting_parameters(common_name: &str) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.not_before = VALID_FROM;
    parameters.not_after = VALID_UNTIL;
    parameters.distinguished_name = DistinguishedName::new();
    parameters
        .distinguished_name
        .push(DnType::CommonName, common_name);
    parameters
}

impl ClusterKey {
    /// What tells this secret from others: the fingerprint of the authority that is made of it.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let pair = Ed25519KeyPair::from_seed_unchecked(&self.authority_seed());
        let pair = pair.expect("a seed has 32 bytes");
        Fingerprint(fingerprint(pair.public_key().as_ref()))
    }

    fn authority_seed(&self) -> [u8; KEY_BYTES] {
        self.derive(AUTHORITY_PURPOSE)
    }
}

/// Tells authorities apart, so that a foreign one is called unknown instead of badly signed.
fn fingerprint(public_key: &[u8]) -> String {
    const BYTES: usize = 8;
    let hash = digest::digest(&digest::SHA256, public_key);
    hexadecimal::digits(&hash.as_ref()[..BYTES])
}

#[cfg(test)]
mod tests;
