//! What a service has of the file's sections: networks, configs and secrets.

use std::collections::BTreeMap;

use super::Service;
use crate::compose::sections::{DEFAULT_NETWORK, FileKind, Identity, Sections};
use crate::compose::translator::{At, Fields, Translator};
use crate::span::Span;
use crate::tree::NodeId;

/// The networks of every engine in which tasks have no names.
const NAMELESS: [&str; 4] = ["bridge", "default", "host", "none"];

impl<'a> Translator<'a> {
    /// Puts the networks of a service; without any it is in the default one of its stack.
    pub(super) fn attach(
        &mut self,
        networks: Option<At<'a>>,
        service: &mut Service<'a>,
        sections: &Sections<'a>,
        used: &mut BTreeMap<String, Span>,
    ) {
        let own = service.at;
        let mut named: Vec<(&'a str, Span, Option<At<'a>>)> = Vec::new();
        match networks {
            Some(networks) if self.is_list(networks) => {
                for item in self.items(networks) {
                    let span = self.span(item);
                    named.extend(self.word(item).map(|name| (name, span, None)));
                }
            }
            Some(networks) => {
                let entries = self.entries(networks);
                let options = |at: At<'a>| (!self.is_null(at)).then_some(at);
                named.extend(
                    entries
                        .into_iter()
                        .map(|at| (at.key, at.key_span, options(at))),
                );
            }
            None => {}
        }
        if named.is_empty() {
            named.push((DEFAULT_NETWORK, own.key_span, None));
        }
        let mut attachments = Vec::new();
        for (name, span, options) in named {
            used.entry(name.to_owned()).or_insert(span);
            let aliases = options.map_or_else(Vec::new, |options| self.aliases(options));
            attachments.extend(self.attachment((name, span), aliases, own, sections));
        }
        let span = networks.map_or(own.key_span, |it| it.key_span);
        let value = self.list(attachments, span);
        service.fields.put("networks", span, Some(value));
    }

    fn aliases(&mut self, options: At<'a>) -> Vec<String> {
        let mut aliases = Vec::new();
        for at in self.said(options) {
            match at.key {
                "aliases" => {
                    let items = self.items(at);
                    let words = items.into_iter().filter_map(|item| self.word(item));
                    aliases.extend(words.map(str::to_owned));
                }
                "ipv4_address" | "ipv6_address" | "link_local_ips" | "mac_address" => {
                    self.report_unsupported(at, "remove it: tasks get the next free address");
                }
                "priority" | "gw_priority" | "driver_opts" | "interface_name" => {
                    self.report_unsupported(at, "remove it");
                }
                _ => self.report_unknown(at, &["aliases"]),
            }
        }
        aliases
    }

    /// In each network the service is known by what the file calls it as well.
    fn attachment(
        &mut self,
        (name, span): (&str, Span),
        mut aliases: Vec<String>,
        own: At<'a>,
        sections: &Sections<'a>,
    ) -> Option<NodeId> {
        let entry = sections.networks.and_then(|it| self.entry(it.node, name));
        let identity = match entry {
            Some(entry) => self.identity(entry),
            None if name == DEFAULT_NETWORK => Identity::Own(self.stack.called(name)),
            None => {
                self.report_undeclared(span, "network", name);
                return None;
            }
        };
        let (word, called) = match identity {
            Identity::Own(called) => ("network", called),
            Identity::External(called) => ("external", called),
        };
        if !NAMELESS.contains(&called.as_str()) || word == "network" {
            aliases.push(own.key.to_owned());
        }
        let called = self.text(&called, span);
        let aliases = self.texts(&aliases, span);
        let mut fields = Fields::default();
        fields.put(word, span, Some(called));
        fields.put("aliases", span, Some(aliases));
        Some(self.map(fields, span))
    }

    pub(super) fn configs(&mut self, configs: At<'a>, sections: &Sections<'a>) -> Option<NodeId> {
        self.attached_files(configs, FileKind::Config, sections.configs)
    }

    pub(super) fn secrets(&mut self, secrets: At<'a>, sections: &Sections<'a>) -> Option<NodeId> {
        self.attached_files(secrets, FileKind::Secret, sections.secrets)
    }

    fn attached_files(
        &mut self,
        files: At<'a>,
        kind: FileKind,
        section: Option<At<'a>>,
    ) -> Option<NodeId> {
        let mut entries = Vec::new();
        for at in self.items(files) {
            entries.extend(self.attached_file(at, kind, section));
        }
        Some(self.list(entries, self.span(files)))
    }

    fn attached_file(
        &mut self,
        file: At<'a>,
        kind: FileKind,
        section: Option<At<'a>>,
    ) -> Option<NodeId> {
        let what = match kind {
            FileKind::Config => "config",
            FileKind::Secret => "secret",
        };
        let mut fields = Fields::default();
        let source = if self.is_map(file) {
            self.file_options(file, &mut fields)
        } else {
            Some(file)
        };
        let Some(source) = source else {
            let message = format!("this names no {what}");
            self.report(
                "missing-field",
                self.span(file),
                message,
                "name it with `source`",
            );
            return None;
        };
        let name = self.word(source)?;
        let span = self.span(source);
        let Some(entry) = section.and_then(|it| self.entry(it.node, name)) else {
            self.report_undeclared(span, what, name);
            return None;
        };
        let (word, called) = match self.identity(entry) {
            Identity::Own(called) => (what, called),
            Identity::External(called) => ("external", called),
        };
        let called = self.text(&called, span);
        fields.put(word, span, Some(called));
        if fields.find("target").is_none() {
            let target = match kind {
                FileKind::Config => self.text(&format!("/{name}"), span),
                FileKind::Secret => self.text(name, span),
            };
            fields.put("target", span, Some(target));
        }
        if fields.find("mode").is_none() {
            let mode = self.text("0444", span);
            fields.put("mode", span, Some(mode));
        }
        Some(self.map(fields, self.span(file)))
    }

    /// Puts what a long entry says, and returns which file it means.
    fn file_options(&mut self, file: At<'a>, fields: &mut Fields) -> Option<At<'a>> {
        let mut source = None;
        for at in self.said(file) {
            let value = match at.key {
                "source" => {
                    source = Some(at);
                    continue;
                }
                "target" | "uid" | "gid" => self.copied(at),
                "mode" => self.file_mode(at),
                _ => {
                    self.report_unknown(at, &["gid", "mode", "source", "target", "uid"]);
                    continue;
                }
            };
            fields.put(at.key, at.key_span, value);
        }
        source
    }

    /// A file's permissions. A number that begins with a zero is octal, as YAML 1.1 has it and
    /// compose files mean it.
    pub(super) fn file_mode(&mut self, at: At<'a>) -> Option<NodeId> {
        let word = self.word(at)?;
        let octal = word.strip_prefix("0o").or_else(|| word.strip_prefix('0'));
        let bits = match octal {
            Some(digits) => u16::from_str_radix(digits, 8).ok(),
            None => word.parse().ok(),
        };
        let Some(bits) = bits.filter(|bits| *bits <= 0o7777) else {
            let message = format!("`{word}` are no permissions");
            self.report_value(
                at,
                message,
                "write octal digits with a zero before them: `0440`",
            );
            return None;
        };
        Some(self.text(&format!("{bits:04o}"), self.span(at)))
    }
}
