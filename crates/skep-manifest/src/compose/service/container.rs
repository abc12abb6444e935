//! What a service says about its containers.

use std::collections::BTreeMap;

use crate::compose::environment_file::variables;
use crate::compose::shell_words::shell_words;
use crate::compose::translator::{At, Fields, Translator};
use crate::span::Span;
use crate::tree::NodeId;
use crate::value_source::ValueSource;

impl<'a> Translator<'a> {
    /// A command: a list, or a line that is taken apart as a shell does it.
    pub(super) fn words(&mut self, at: At<'a>) -> Option<NodeId> {
        let span = self.span(at);
        let words = if self.is_list(at) {
            let items = self.items(at);
            let words = items.into_iter().filter_map(|item| self.word(item));
            Some(words.map(str::to_owned).collect())
        } else {
            shell_words(self.word(at)?)
        };
        match words {
            Some(words) if words.is_empty() => {
                let message = format!("`{}` is empty", at.key);
                self.report_value(at, message, "remove it: then the image's own counts");
                None
            }
            Some(words) => Some(self.texts(&words, span)),
            None => {
                let message = format!("a quote of `{}` is not closed", at.key);
                self.report_value(at, message, "close it, or write a list of words");
                None
            }
        }
    }

    /// Variables; those without a value have the one that the stack gives them.
    pub(super) fn environment(&mut self, at: At<'a>) -> BTreeMap<String, (String, Span)> {
        self.pairs(at, Self::inherited)
    }

    fn inherited(&mut self, name: &str, span: Span) -> Option<String> {
        let value = self.stack.environment.get(name).cloned();
        if value.is_none() {
            let message = format!("the variable `{name}` has no value");
            let help = "give it one here or in the stack's `environment`";
            self.report("unset-variable", span, message, help);
        }
        value
    }

    /// The variables of files; of those in several the last one counts.
    pub(super) fn environment_files(&mut self, at: At<'a>) -> BTreeMap<String, (String, Span)> {
        let files = if self.is_list(at) {
            self.items(at)
        } else {
            vec![at]
        };
        let mut environment = BTreeMap::new();
        for file in files {
            let span = self.span(file);
            let Some(path) = self.word(file) else {
                continue;
            };
            let read = self.stack.read.and_then(|read| read.files.get(path));
            let Some(ValueSource::Value(text)) = read else {
                self.report_unread(file, path);
                continue;
            };
            for (name, value) in variables(text) {
                let value = match value {
                    Some(value) => Some(value.to_owned()),
                    None => self.inherited(name, span),
                };
                environment.extend(value.map(|value| (name.to_owned(), (value, span))));
            }
        }
        environment
    }

    pub(super) fn signal(&mut self, at: At<'a>) -> Option<NodeId> {
        let word = self.word(at)?.to_ascii_uppercase();
        let signal = match word.strip_prefix("SIG") {
            Some(_) => word,
            None => format!("SIG{word}"),
        };
        Some(self.text(&signal, self.span(at)))
    }

    pub(super) fn health(&mut self, health: At<'a>) -> Option<NodeId> {
        let mut fields = Fields::default();
        let mut is_disabled = false;
        for at in self.said(health) {
            let (name, value) = match at.key {
                "test" => ("test", self.health_test(at)),
                "interval" | "timeout" => (at.key, self.copied(at)),
                "start_period" => ("startPeriod", self.copied(at)),
                "retries" => ("retries", self.copied_number(at)),
                "disable" => {
                    is_disabled = self.boolean(at) == Some(true);
                    continue;
                }
                "start_interval" => {
                    self.report_unsupported(at, "remove it: `interval` counts from the start");
                    continue;
                }
                _ => {
                    let known = [
                        "disable",
                        "interval",
                        "retries",
                        "start_period",
                        "test",
                        "timeout",
                    ];
                    self.report_unknown(at, &known);
                    continue;
                }
            };
            fields.put(name, at.key_span, value);
        }
        if is_disabled {
            let span = self.span(health);
            let test = self.texts(&["NONE".to_owned()], span);
            return Some(self.choice("test", test, span));
        }
        if fields.is_empty() {
            return None;
        }
        if self.entry(health.node, "test").is_none() {
            let message = "`healthcheck` needs `test`".to_owned();
            let help = "write the image's own test out as well";
            self.report("missing-field", health.key_span, message, help);
            return None;
        }
        Some(self.map(fields, self.span(health)))
    }

    /// The program itself and its arguments: what the shell runs is named with the shell.
    fn health_test(&mut self, at: At<'a>) -> Option<NodeId> {
        let span = self.span(at);
        let shell = |line: &str| ["/bin/sh", "-c", line].map(str::to_owned).to_vec();
        if !self.is_list(at) {
            let line = self.word(at)?;
            return Some(self.texts(&shell(line), span));
        }
        let items = self.items(at);
        let words = items.into_iter().filter_map(|item| self.word(item));
        let words: Vec<&str> = words.collect();
        let words = match &words[..] {
            ["NONE"] => vec!["NONE".to_owned()],
            ["CMD", words @ ..] if !words.is_empty() => {
                words.iter().map(|word| (*word).to_owned()).collect()
            }
            ["CMD-SHELL", line] => shell(line),
            _ => {
                let message = "a test begins with `CMD`, `CMD-SHELL` or `NONE`".to_owned();
                self.report_value(at, message, "write `[CMD, program, argument]`, or one text");
                return None;
            }
        };
        Some(self.texts(&words, span))
    }

    pub(super) fn logging(&mut self, logging: At<'a>) -> Option<NodeId> {
        let mut fields = Fields::default();
        for at in self.said(logging) {
            let value = match at.key {
                "driver" => self.copied(at),
                "options" => self.copied_pairs(at),
                _ => {
                    self.report_unknown(at, &["driver", "options"]);
                    continue;
                }
            };
            fields.put(at.key, at.key_span, value);
        }
        if self.entry(logging.node, "driver").is_none() && !fields.is_empty() {
            let message = "`logging` needs `driver`".to_owned();
            let help = "name the driver whose options these are, such as `json-file`";
            self.report("missing-field", logging.key_span, message, help);
            return None;
        }
        Some(self.map(fields, self.span(logging)))
    }

    pub(super) fn ulimits(&mut self, ulimits: At<'a>) -> Option<NodeId> {
        let mut fields = Fields::default();
        for at in self.said(ulimits) {
            let span = self.span(at);
            let mut bounds = Fields::default();
            if self.is_map(at) {
                for bound in self.said(at) {
                    let value = self.copied_number(bound);
                    bounds.put(bound.key, bound.key_span, value);
                }
            } else {
                for bound in ["soft", "hard"] {
                    let value = self.copied_number(at);
                    bounds.put(bound, span, value);
                }
            }
            let bounds = self.map(bounds, span);
            fields.put(at.key, at.key_span, Some(bounds));
        }
        Some(self.map(fields, self.span(ulimits)))
    }

    /// Host names with their addresses: a map, or a list of `NAME:ADDRESS`.
    pub(super) fn hosts(&mut self, hosts: At<'a>) -> Option<NodeId> {
        if !self.is_list(hosts) {
            return self.copied_pairs(hosts);
        }
        let mut fields = Fields::default();
        for at in self.items(hosts) {
            let span = self.span(at);
            let Some(line) = self.word(at) else {
                continue;
            };
            let Some((name, address)) = line.split_once([':', '=']) else {
                let message = format!("`{line}` names no host with its address");
                self.report_value(at, message, "write `NAME:ADDRESS`");
                continue;
            };
            if fields.find(name).is_some() {
                let message = format!("`{name}` has an address already");
                self.report_value(at, message, "keep one of them");
                continue;
            }
            let address = address.trim_start_matches('[').trim_end_matches(']');
            let address = self.text(address, span);
            fields.put(name, span, Some(address));
        }
        Some(self.map(fields, self.span(hosts)))
    }
}
