//! What words of the language and of conditions mean.

use skep_manifest::explain::{self, Explanation, Field, Word};
use skep_manifest::object::Kind;

/// Every kind, and how to ask on.
pub(crate) fn kinds() -> String {
    let mut text = String::new();
    for kind in Kind::ALL {
        let explained = explain::explain(kind, []).ok();
        let meaning = explained.map(|explained| explained.field.description);
        text.push_str(&word(&Word {
            word: kind.to_string(),
            meaning: meaning.unwrap_or_default(),
        }));
    }
    text.push_str("\nand `skep explain conditions`; further: `skep explain vipgroup.spec`\n");
    text
}

/// A field with what stands below it.
pub(crate) fn place(explained: &Explanation) -> String {
    let Explanation {
        path,
        field,
        fields,
    } = explained;
    let mut text = format!("{path}: {}\n\n", traits(field));
    paragraphs(&mut text, "", &field.description);
    if !field.words.is_empty() {
        text.push_str("\nONE OF\n");
    }
    for one in &field.words {
        text.push_str(&indented(&word(one)));
    }
    if !fields.is_empty() {
        text.push_str("\nFIELDS\n");
    }
    // What must be written comes first.
    let (required, others): (Vec<_>, Vec<_>) = fields.iter().partition(|(_, it)| it.required);
    for (name, field) in required.into_iter().chain(others) {
        text.push_str(&format!("  {name}: {}\n", traits(field)));
        paragraphs(&mut text, "      ", &field.description);
    }
    text
}

/// Every condition that can be seen.
pub(crate) fn conditions() -> String {
    let mut text = "TYPES\n".to_owned();
    for known in explain::condition_types() {
        text.push_str(&indented(&word(&known)));
    }
    text.push_str("\nREASONS\n");
    for known in explain::reasons() {
        text.push_str(&indented(&word(&known)));
    }
    text
}

/// A word and below it what it means.
pub(crate) fn word(word: &Word) -> String {
    let mut text = format!("{}\n", word.word);
    paragraphs(&mut text, "    ", &word.meaning);
    text
}

/// How a field is written.
fn traits(field: &Field) -> String {
    let form = match field.words.as_slice() {
        [only] => format!("`{}`", only.word),
        _ => field.form.clone(),
    };
    let mut traits = vec![form];
    if field.required {
        traits.push("required".to_owned());
    }
    traits.extend(
        field
            .default
            .as_ref()
            .map(|default| format!("default {default}")),
    );
    traits.retain(|one| !one.is_empty());
    traits.join(", ")
}

/// Each paragraph on a line of its own: the terminal breaks it.
fn paragraphs(text: &mut String, indent: &str, written: &str) {
    for paragraph in written.split("\n\n").filter(|one| !one.is_empty()) {
        let line = paragraph.replace('\n', " ");
        text.push_str(&format!("{indent}{line}\n"));
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}
