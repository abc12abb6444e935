//! The file while it is written.

use std::time::Duration;

use skep_manifest::name::NodeName;

use super::Export;

const INDENT: &str = "    ";

/// The file while it is written, and what does not come into it.
pub(super) struct Page {
    text: String,
    depth: usize,
    left_out: Vec<String>,
}

impl Page {
    pub(super) fn new(node: &NodeName) -> Self {
        Self {
            text: format!("# keepalived.conf of {node}, made from a manifest of skep.\n"),
            depth: 0,
            left_out: Vec::new(),
        }
    }

    pub(super) fn line(&mut self, line: impl AsRef<str>) {
        self.text.push_str(&INDENT.repeat(self.depth));
        self.text.push_str(line.as_ref());
        self.text.push('\n');
    }

    pub(super) fn open(&mut self, keyword: &str) {
        if self.depth == 0 {
            self.text.push('\n');
        }
        self.line(format!("{keyword} {{"));
        self.depth += 1;
    }

    pub(super) fn close(&mut self) {
        self.depth -= 1;
        self.line("}");
    }

    /// A block with a line each; nothing when there are none.
    pub(super) fn list(&mut self, keyword: &str, lines: &[String]) {
        if lines.is_empty() {
            return;
        }
        self.open(keyword);
        lines.iter().for_each(|line| self.line(line));
        self.close();
    }

    pub(super) fn leave_out(&mut self, what: impl Into<String>) {
        let what = what.into();
        if !self.left_out.contains(&what) {
            self.left_out.push(what);
        }
    }

    pub(super) fn finish(self) -> Export {
        Export {
            text: self.text,
            left_out: self.left_out,
        }
    }
}

/// A length of time as keepalived reads it.
pub(super) fn seconds(time: Duration) -> String {
    let (whole, micros) = (time.as_secs(), time.subsec_micros());
    if micros == 0 {
        whole.to_string()
    } else {
        format!("{whole}.{micros:06}")
            .trim_end_matches('0')
            .to_owned()
    }
}

/// The same where keepalived reads whole seconds only: rounded up, so that nothing is hurried.
pub(super) fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// The longest word: a line of keepalived has 1,023 bytes.
const WORD_BYTES_MAX: usize = 900;

/// A value as one word for keepalived; nothing when it cannot be written there: nothing is escaped
/// between quotation marks, and parameters are replaced.
pub(super) fn word(text: &str) -> Option<String> {
    let stands_alone = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !text.is_empty() && text.len() <= WORD_BYTES_MAX && text.chars().all(stands_alone) {
        return Some(text.to_owned());
    }
    let is_replaced = text.contains("$_") || text.contains("${_");
    let ends = text.contains('"') || text.ends_with('\\') || text.contains(char::is_control);
    (text.len() <= WORD_BYTES_MAX && !is_replaced && !ends).then(|| format!("\"{text}\""))
}
