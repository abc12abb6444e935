//! A placeholder of a template was never filled in.
//!
//! ## What it does
//!
//! Looks for texts that are a placeholder as a whole, such as `<virtual_ip>`, `<IP>` or `${TAG}`,
//! and for `{{ name }}` anywhere in a text. Docker's own templates begin with a dot or a word and
//! more (`{{.Node.Hostname}}`) and are left alone, as are the contents of configs and secrets.
//!
//! ## Why is this bad?
//!
//! skep fills in nothing: the placeholder itself is what would be used. Whatever was to render
//! the file did not run, or has another name for it.
//!
//! ## Example
//!
//! ```yaml
//! kind: Service
//! spec:
//!   environment: {ENDPOINT: "{{ endpoint }}"}
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! kind: Service
//! spec:
//!   environment: {ENDPOINT: "https://10.0.0.70"}
//! ```

use skep_manifest::object::Kind;
use skep_manifest::problem::Severity;

use crate::finding::Finding;
use crate::manifests::Manifests;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule {
    id: "unsubstituted-placeholder",
    severity: Severity::Warning,
    source: include_str!("unsubstituted_placeholder.rs"),
    inspect,
};

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    for document in &manifests.set.documents {
        match document.object.kind() {
            Kind::Config | Kind::Secret | Kind::Stack => continue,
            Kind::Swarm
            | Kind::VipGroup
            | Kind::HealthCheck
            | Kind::Notifier
            | Kind::Service
            | Kind::Network => {}
        }
        for (text, span) in document.texts() {
            if let Some(placeholder) = placeholder(text) {
                findings.push(
                    Finding::new(
                        &RULE,
                        span,
                        format!("`{placeholder}` is a placeholder, and skep fills in nothing"),
                    )
                    .help("write what belongs there, or run the template before skep reads it"),
                );
            }
        }
    }
}

fn placeholder(text: &str) -> Option<&str> {
    let whole = |inner: Option<&str>| inner.is_some_and(is_identifier);
    let braces = text.strip_prefix("${").and_then(|it| it.strip_suffix('}'));
    let angles = text.strip_prefix('<').and_then(|it| it.strip_suffix('>'));
    if whole(braces) || angles.is_some_and(is_phrase) {
        return Some(text);
    }
    let start = text.find("{{")?;
    let length = text[start..].find("}}")?;
    let inner = text[start + 2..start + length].trim();
    is_identifier(inner).then(|| &text[start..start + length + 2])
}

fn is_identifier(text: &str) -> bool {
    let mut bytes = text.bytes();
    let first = bytes.next();
    first.is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// What people write between angle brackets, and no element of HTML is: `<your-token>`, `<IP>`.
fn is_phrase(text: &str) -> bool {
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"_- ".contains(&byte);
    let is_word = text.bytes().all(|byte| byte.is_ascii_uppercase());
    !text.is_empty() && text.bytes().all(letters) && (is_word || text.contains(['_', '-', ' ']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_told_from_templates_and_markup() {
        for (text, found) in [
            ("<virtual_ip_address>", true),
            ("<IP>", true),
            ("<your token>", true),
            ("<html>", false),
            ("<h1>it works</h1>", false),
            ("${TAG}", true),
            ("-Dpath=${HOME}", false),
            ("{{ endpoint }}", true),
            ("https://{{host}}/", true),
            ("{{.Node.Hostname}}", false),
            ("{{ .Task.Slot }}", false),
            ("{{json .State}}", false),
            ("{{", false),
            ("}}{{", false),
            ("<>", false),
        ] {
            assert_eq!(placeholder(text).is_some(), found, "{text}");
        }
    }
}
