//! A service gets a secret as an environment variable.
//!
//! ## What it does
//!
//! Looks for environment variables of services whose names end in a word such as `PASSWORD`,
//! `SECRET`, `TOKEN` or `API_KEY`, with a value. Names that end in `_FILE` are the way out and
//! left alone.
//!
//! ## Why is this bad?
//!
//! The value stands in the manifest, in the swarm's store, in `docker service inspect` and in the
//! environment of every process of the container. A `Secret` is a file that the service's own
//! containers have and nobody else.
//!
//! ## Example
//!
//! ```yaml
//! kind: Service
//! spec:
//!   image: postgres:17
//!   environment: {POSTGRES_PASSWORD: swordfish}
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! kind: Service
//! spec:
//!   image: postgres:17
//!   environment: {POSTGRES_PASSWORD_FILE: /run/secrets/postgres}
//!   secrets: [{secret: postgres}]
//! ```

use skep_manifest::problem::Severity;

use crate::finding::Finding;
use crate::manifests::{Manifests, escaped};
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule {
    id: "secret-in-environment",
    severity: Severity::Warning,
    source: include_str!("secret_in_environment.rs"),
    inspect,
};

/// What the last words of a name say that its value is a secret.
const WORDS: &[&str] = &[
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "SECRET",
    "TOKEN",
    "API_KEY",
    "ACCESS_KEY",
    "PRIVATE_KEY",
];

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    for service in &manifests.services {
        for (name, value) in &service.spec.environment {
            if value.is_empty() || !is_secret(name) {
                continue;
            }
            let pointer = format!("/spec/environment/{}", escaped(name));
            findings.push(
                Finding::new(
                    &RULE,
                    service.document.key_span(&pointer),
                    format!("`{name}` is a secret that `docker service inspect` shows to everyone"),
                )
                .help(format!(
                    "declare a `Secret`, list it under `secrets`, and give its path: many images read `{name}_FILE`"
                )),
            );
        }
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    WORDS.iter().any(|word| {
        let before = name.strip_suffix(word);
        before.is_some_and(|before| before.is_empty() || before.ends_with('_'))
    })
}
