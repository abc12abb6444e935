//! Certificates as whoever has a `cluster.key` can make them, derived here a second time.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ED25519, SanType, date_time_ymd,
};
use ring::{digest, hkdf};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore};

/// RFC 8410 §7: what precedes the 32 bytes of an Ed25519 key in PKCS #8.
const PKCS8: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// What a caller shows.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shown {
    /// No certificate.
    Nothing,
    /// One that ended in this year.
    Until(i32),
}

/// The certificate authority of a key.
pub(super) struct Authority {
    parameters: CertificateParams,
    key: KeyPair,
}

impl Authority {
    pub(super) fn of(file: &Path) -> Self {
        let text = fs::read_to_string(file).expect("the key is there");
        let digits = text.lines().nth(1).expect("the key is in its second line");
        let secret: Vec<u8> = (0..digits.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).expect("they are hexadecimal"))
            .collect();
        let mut seed = [0; 32];
        hkdf::Salt::new(hkdf::HKDF_SHA256, b"skep cluster.key version 1")
            .extract(&secret)
            .expand(&[b"certificate authority, Ed25519"], hkdf::HKDF_SHA256)
            .and_then(|output| output.fill(&mut seed))
            .expect("32 bytes are one block");
        let pkcs8 = [&PKCS8[..], &seed].concat();
        let key = KeyPair::try_from(&PrivatePkcs8KeyDer::from(pkcs8)).expect("it is a key");
        let hash = digest::digest(&digest::SHA256, key.public_key_raw());
        let name: String = hash
            .as_ref()
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let mut parameters = named(&format!("skep cluster {name}"));
        parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        Self { parameters, key }
    }

    /// Calls whoever `servers` vouches for, and shows this.
    pub(super) fn caller(&self, servers: &Self, shown: Shown) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        let root = servers.parameters.self_signed(&servers.key);
        let root = root.expect("it signs itself").der().clone();
        roots.add(root).expect("it is an authority");
        let caller = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[&TLS13])
            .expect("the provider speaks it")
            .with_root_certificates(roots);
        let Shown::Until(year) = shown else {
            return caller.with_no_client_auth();
        };
        let key = KeyPair::generate_for(&PKCS_ED25519).expect("there is randomness");
        let mut parameters = named("skep agent");
        let name = "b.nodes.skep.internal".try_into().expect("it is a name");
        parameters.subject_alt_names = vec![SanType::DnsName(name)];
        parameters.not_after = date_time_ymd(year, 1, 1);
        let issuer = Issuer::from_params(&self.parameters, &self.key);
        let certificate = parameters.signed_by(&key, &issuer).expect("it signs");
        let private = PrivatePkcs8KeyDer::from(key.serialize_der());
        caller
            .with_client_auth_cert(vec![certificate.der().clone()], private.into())
            .expect("they belong together")
    }
}

fn named(name: &str) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters
}
