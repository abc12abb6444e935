//! A secret stands in the manifest, readable by everyone who can read the file.
//!
//! ## What it does
//!
//! Looks for `value:` where a secret belongs: keys of `hmac`, passwords of registries and of mail
//! servers, and the data of a `Secret`. The password of `authentication: {simple: ..}` is left
//! out: every machine of the segment can read it on the wire anyway.
//!
//! ## Why is this bad?
//!
//! Manifests lie in repositories, and repositories are copied. Whoever reads the key of a VIP
//! group can take its addresses; a secret that was once committed stays in the history.
//!
//! ## Example
//!
//! ```yaml
//! kind: Secret
//! spec: {data: {value: "correct horse battery staple"}}
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! kind: Secret
//! spec: {data: {sealed: skep1.Zm9v}}
//! ```

use skep_manifest::notifier::NotifierSpec;
use skep_manifest::object::Object;
use skep_manifest::problem::Severity;
use skep_manifest::value_source::ValueSource;
use skep_manifest::vip_group::authentication::Authentication;

use crate::finding::Finding;
use crate::manifests::Manifests;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule {
    id: "inline-secret",
    severity: Severity::Note,
    source: include_str!("inline_secret.rs"),
    inspect,
};

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    for document in &manifests.set.documents {
        for (pointer, source) in secrets(&document.object) {
            let ValueSource::Value(_) = source else {
                continue;
            };
            findings.push(
                Finding::new(
                    &RULE,
                    document.key_span(&format!("{pointer}/value")),
                    "a secret stands in clear text: everyone who can read this file knows it",
                )
                .help("use `sealed:` with what `skep seal` prints, or `fromNodeFile:` for a file on the nodes"),
            );
        }
    }
}

/// The secrets of an object, each with its place.
fn secrets(object: &Object) -> Vec<(String, &ValueSource)> {
    match object {
        Object::Swarm(swarm) => {
            let registries = swarm.spec.registries.iter().enumerate();
            registries
                .map(|(at, registry)| {
                    (
                        format!("/spec/registries/{at}/password"),
                        &registry.password,
                    )
                })
                .collect()
        }
        Object::VipGroup(group) => match &group.spec.authentication {
            Some(Authentication::Hmac(hmac)) => {
                let keys = hmac.keys.iter().enumerate();
                let place = |at| format!("/spec/authentication/hmac/keys/{at}/key");
                keys.map(|(at, key)| (place(at), &key.key)).collect()
            }
            Some(
                Authentication::None(_) | Authentication::Cluster(_) | Authentication::Simple(_),
            )
            | None => Vec::new(),
        },
        Object::Notifier(notifier) => match &notifier.spec {
            NotifierSpec::Email(email) => {
                let place = || "/spec/email/password".to_owned();
                email.password.iter().map(|it| (place(), it)).collect()
            }
            NotifierSpec::Webhook(_) | NotifierSpec::Exec(_) => Vec::new(),
        },
        Object::Secret(secret) => vec![("/spec/data".to_owned(), &secret.spec.data)],
        Object::HealthCheck(_)
        | Object::Service(_)
        | Object::Stack(_)
        | Object::Network(_)
        | Object::Config(_) => Vec::new(),
    }
}
