//! A simple password has more than the eight bytes that an advertisement can carry.
//!
//! ## What it does
//!
//! Measures the passwords of `authentication: {simple: ..}` that stand in the manifest.
//!
//! ## Why is this bad?
//!
//! Version 2 of VRRP has eight bytes for a password. What is longer is cut, here as in
//! keepalived, so the other routers must be given the first eight bytes, and a change after
//! them changes nothing. A longer password is no safer: it is readable on the wire anyway.
//!
//! ## Example
//!
//! ```yaml
//! authentication: {simple: {password: {value: mypassword}}}
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! authentication: {simple: {password: {value: mypasswo}}}
//! ```

use skep_manifest::problem::Severity;
use skep_manifest::value_source::ValueSource;
use skep_manifest::vip_group::authentication::Authentication;

use crate::finding::Finding;
use crate::fix::Edit;
use crate::manifests::Manifests;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule {
    id: "simple-password-too-long",
    severity: Severity::Warning,
    source: include_str!("simple_password_too_long.rs"),
    inspect,
};

/// RFC 2338 §5.3.10: the authentication data is eight bytes.
const LENGTH_MAX: usize = 8;

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    for group in &manifests.groups {
        let Some(Authentication::Simple(simple)) = &group.spec.authentication else {
            continue;
        };
        let ValueSource::Value(password) = &simple.password else {
            continue;
        };
        let length = password.len();
        if length <= LENGTH_MAX {
            continue;
        }
        let sent = &password.as_bytes()[..LENGTH_MAX];
        let span = group
            .document
            .span("/spec/authentication/simple/password/value");
        findings.push(match std::str::from_utf8(sent) {
            Ok(sent) => Finding::new(
                &RULE,
                span,
                format!("the password has {length} bytes, and an advertisement carries 8: `{sent}` is what goes over the wire"),
            )
            .help(format!("write `{sent}`, and give the group's other routers the same: nothing changes on the wire"))
            .fix([Edit { span, text: written(sent) }]),
            Err(_) => Finding::new(
                &RULE,
                span,
                format!("the password has {length} bytes, and an advertisement carries 8: it is cut within a character"),
            )
            .help("use a password of at most 8 bytes; characters outside ASCII take two or more"),
        });
    }
}

/// A text of eight letters and digits that begins with a letter is a text to every reader; any
/// other one stands in quotes.
fn written(password: &str) -> String {
    let is_plain = password.starts_with(|c: char| c.is_ascii_alphabetic())
        && password.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_plain {
        password.to_owned()
    } else {
        format!(
            "\"{}\"",
            password.replace('\\', "\\\\").replace('"', "\\\"")
        )
    }
}
