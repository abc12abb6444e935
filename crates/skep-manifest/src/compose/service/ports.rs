//! The ports of a service, short and long.

use crate::compose::translator::{At, Fields, Translator};
use crate::span::Span;
use crate::tree::NodeId;

/// The most ports of one range: who writes more made a slip.
const RANGE_MAX: u16 = 1000;

/// A port, or several in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    first: u16,
    last: u16,
}

/// What a short entry says.
#[derive(Debug, PartialEq, Eq)]
struct Short<'a> {
    published: Option<Range>,
    target: Range,
    protocol: &'a str,
}

impl<'a> Translator<'a> {
    pub(super) fn ports(&mut self, ports: At<'a>) -> Option<NodeId> {
        let mut entries = Vec::new();
        for at in self.items(ports) {
            if self.is_map(at) {
                entries.push(self.long_port(at));
            } else if let Some(word) = self.word(at) {
                match short(word) {
                    Ok(short) => entries.extend(self.short_ports(&short, self.span(at))),
                    Err(help) => {
                        let message = format!("`{word}` is no port that a swarm can publish");
                        self.report_value(at, message, help);
                    }
                }
            }
        }
        Some(self.list(entries, self.span(ports)))
    }

    fn short_ports(&mut self, short: &Short<'_>, span: Span) -> Vec<NodeId> {
        let mut entries = Vec::new();
        for (index, target) in (short.target.first..=short.target.last).enumerate() {
            let mut fields = Fields::default();
            if let Some(published) = short.published {
                let published = usize::from(published.first) + index;
                let published = self.number(published as i128, span);
                fields.put("published", span, Some(published));
            }
            let target = self.number(target.into(), span);
            fields.put("target", span, Some(target));
            let protocol = self.text(short.protocol, span);
            fields.put("protocol", span, Some(protocol));
            entries.push(self.map(fields, span));
        }
        entries
    }

    fn long_port(&mut self, port: At<'a>) -> NodeId {
        let mut fields = Fields::default();
        for at in self.said(port) {
            let value = match at.key {
                "target" | "published" => self.copied_number(at),
                "protocol" | "mode" => self.copied(at),
                "host_ip" => {
                    self.report_unsupported(at, "remove it: a node answers on all its addresses");
                    continue;
                }
                // For people.
                "name" | "app_protocol" => continue,
                _ => {
                    self.report_unknown(at, &["mode", "protocol", "published", "target"]);
                    continue;
                }
            };
            fields.put(at.key, at.key_span, value);
        }
        self.map(fields, self.span(port))
    }
}

/// `[PUBLISHED:]TARGET[/PROTOCOL]`, or what to do about it.
fn short(word: &str) -> Result<Short<'_>, &'static str> {
    const SHAPE: &str = "write `PUBLISHED:TARGET`, such as `8080:80`";
    let (ports, protocol) = word.split_once('/').unwrap_or((word, "tcp"));
    let (published, target) = match ports.rsplit_once(':') {
        Some((published, _)) if published.contains(':') || published.contains('.') => {
            return Err("leave the address out: a node answers on all its addresses");
        }
        Some((published, target)) => (Some(range(published).ok_or(SHAPE)?), target),
        None => (None, ports),
    };
    let target = range(target).ok_or(SHAPE)?;
    let length = |range: Range| range.last - range.first;
    if published.is_some_and(|published| length(published) != length(target)) {
        return Err("both ranges must be of the same length");
    }
    Ok(Short {
        published,
        target,
        protocol,
    })
}

fn range(text: &str) -> Option<Range> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    let is_sound = first <= last && last - first < RANGE_MAX;
    is_sound.then_some(Range { first, last })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_entries_are_published_target_and_protocol() {
        let one = |first, last| Range { first, last };
        for (word, published, target, protocol) in [
            ("80", None, one(80, 80), "tcp"),
            ("8080:80", Some(one(8080, 8080)), one(80, 80), "tcp"),
            ("53:53/udp", Some(one(53, 53)), one(53, 53), "udp"),
            ("3000-3002:80-82", Some(one(3000, 3002)), one(80, 82), "tcp"),
        ] {
            let expected = Short {
                published,
                target,
                protocol,
            };
            assert_eq!(short(word), Ok(expected), "{word}");
        }
        for word in [
            "",
            "a",
            "80:",
            ":80",
            "1-3:80",
            "127.0.0.1:80:80",
            "[::1]:80:80",
            "9-8",
            "70000",
        ] {
            assert!(short(word).is_err(), "{word}");
        }
    }
}
