//! The sections of a compose file: each of their entries is an object of its own, or names one that
//! somebody else made.

use std::collections::BTreeMap;

use super::stack::NAMESPACE;
use super::translator::{At, Fields, Translator};
use crate::object::Kind;
use crate::span::Span;
use crate::tree::{NodeId, Tree};
use crate::value_source::ValueSource;

/// The network of services that name none.
pub(super) const DEFAULT_NETWORK: &str = "default";

/// The sections of a compose file that services refer to.
#[derive(Clone, Copy)]
pub(super) struct Sections<'a> {
    pub(super) networks: Option<At<'a>>,
    pub(super) volumes: Option<At<'a>>,
    pub(super) configs: Option<At<'a>>,
    pub(super) secrets: Option<At<'a>>,
}

/// What an entry of a section stands for.
pub(super) enum Identity {
    /// An object of the stack, as the engine shall know it.
    Own(String),
    /// Something that somebody else made.
    External(String),
}

/// An object that is a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum FileKind {
    Config,
    Secret,
}

impl<'a> Translator<'a> {
    /// What an entry of a section stands for.
    pub(super) fn identity(&mut self, entry: At<'a>) -> Identity {
        let text = |translator: &Self, node: NodeId, key: &str| {
            let at = translator.entry(node, key)?;
            translator.from.text(at.node)
        };
        let own_name = text(self, entry.node, "name");
        let external = self.entry(entry.node, "external");
        match external {
            Some(external) if self.is_map(external) => {
                let name = text(self, external.node, "name").unwrap_or(entry.key);
                Identity::External(name.to_owned())
            }
            Some(external) if self.from.text(external.node) == Some("true") => {
                Identity::External(own_name.unwrap_or(entry.key).to_owned())
            }
            _ => {
                Identity::Own(own_name.map_or_else(|| self.stack.called(entry.key), str::to_owned))
            }
        }
    }

    /// Says that a service refers to something that no section declares.
    pub(super) fn report_undeclared(&mut self, span: Span, what: &str, name: &str) {
        let message = format!("the file declares no {what} `{name}`");
        let help = format!("declare it under `{what}s`");
        self.report("unresolved-reference", span, message, &help);
    }

    /// The documents of the networks that services are in.
    pub(super) fn networks(
        &mut self,
        section: Option<At<'a>>,
        used: &BTreeMap<String, Span>,
    ) -> Vec<(Kind, Tree)> {
        let mut documents = Vec::new();
        let declared = section.map_or_else(Vec::new, |section| self.entries(section));
        for entry in declared {
            if let Identity::Own(name) = self.identity(entry) {
                let spec = self.network(entry);
                let tree = self.document(Kind::Network, &name, spec, entry.key_span);
                if used.contains_key(entry.key) {
                    documents.push((Kind::Network, tree));
                }
            }
        }
        let is_declared = section.is_some_and(|it| self.entry(it.node, DEFAULT_NETWORK).is_some());
        if let Some(span) = used.get(DEFAULT_NETWORK).filter(|_| !is_declared) {
            let mut fields = Fields::default();
            self.put_labels(&mut fields, BTreeMap::new(), *span);
            let spec = self.map(fields, *span);
            let name = self.stack.called(DEFAULT_NETWORK);
            documents.push((
                Kind::Network,
                self.document(Kind::Network, &name, spec, *span),
            ));
        }
        documents
    }

    fn network(&mut self, entry: At<'a>) -> NodeId {
        let mut fields = Fields::default();
        let mut labels = BTreeMap::new();
        for at in self.said(entry) {
            match at.key {
                "name" | "external" => {}
                "driver" | "attachable" | "internal" => {
                    let value = match at.key {
                        "driver" => self.copied(at),
                        _ => self.copied_flag(at),
                    };
                    fields.put(at.key, at.key_span, value);
                }
                "driver_opts" => {
                    let value = self.copied_pairs(at);
                    fields.put("options", at.key_span, value);
                }
                "enable_ipv6" => {
                    let value = self.copied_flag(at);
                    fields.put("ipv6", at.key_span, value);
                }
                "ipam" => {
                    let value = self.subnets(at);
                    fields.put("subnets", at.key_span, value);
                }
                "labels" => labels = self.labels(at),
                "enable_ipv4" => self.report_unsupported(at, "remove it: networks have IPv4"),
                _ => self.report_unknown(
                    at,
                    &[
                        "attachable",
                        "driver",
                        "driver_opts",
                        "enable_ipv6",
                        "external",
                        "internal",
                        "ipam",
                        "labels",
                        "name",
                    ],
                ),
            }
        }
        self.put_labels(&mut fields, labels, entry.key_span);
        self.map(fields, self.from.span(entry.node))
    }

    fn subnets(&mut self, ipam: At<'a>) -> Option<NodeId> {
        let mut subnets = None;
        for at in self.said(ipam) {
            match at.key {
                "driver" if self.from.text(at.node) == Some("default") => {}
                "config" => {
                    let entries = self.items(at);
                    let entries = entries.into_iter().map(|entry| self.subnet(entry));
                    let entries = entries.collect();
                    subnets = Some(self.list(entries, self.span(at)));
                }
                "driver" | "options" => {
                    self.report_unsupported(
                        at,
                        "remove it: the engine's own address management is used",
                    );
                }
                _ => self.report_unknown(at, &["config", "driver", "options"]),
            }
        }
        subnets
    }

    fn subnet(&mut self, entry: At<'a>) -> NodeId {
        let mut fields = Fields::default();
        for at in self.said(entry) {
            match at.key {
                "subnet" | "gateway" => {
                    let value = self.copied(at);
                    fields.put(at.key, at.key_span, value);
                }
                "ip_range" | "aux_addresses" => {
                    self.report_unsupported(at, "remove it: all of the subnet is used");
                }
                _ => self.report_unknown(at, &["gateway", "subnet"]),
            }
        }
        self.map(fields, self.span(entry))
    }

    /// The documents of the configs or secrets that the file declares.
    pub(super) fn files(&mut self, kind: FileKind, section: Option<At<'a>>) -> Vec<(Kind, Tree)> {
        let mut documents = Vec::new();
        for entry in section.map_or_else(Vec::new, |section| self.entries(section)) {
            let Identity::Own(name) = self.identity(entry) else {
                continue;
            };
            let object = match kind {
                FileKind::Config => Kind::Config,
                FileKind::Secret => Kind::Secret,
            };
            if let Some(spec) = self.file(kind, entry) {
                documents.push((object, self.document(object, &name, spec, entry.key_span)));
            }
        }
        documents
    }

    fn file(&mut self, kind: FileKind, entry: At<'a>) -> Option<NodeId> {
        let mut labels = BTreeMap::new();
        let mut contents = Vec::new();
        let before = self.problems.len();
        for at in self.said(entry) {
            match at.key {
                "name" | "external" => {}
                "file" => contents.push((at, self.file_content(kind, at))),
                "content" if kind == FileKind::Config => {
                    let content = self.word(at).map(str::to_owned);
                    contents.push((at, content.map(ValueSource::Value)));
                }
                "environment" => contents.push((at, self.variable(at))),
                "labels" => labels = self.labels(at),
                "template_driver" | "driver" | "driver_opts" => {
                    self.report_unsupported(
                        at,
                        "remove it: what the file says is what containers get",
                    );
                }
                _ => self.report_unknown(
                    at,
                    &[
                        "content",
                        "environment",
                        "external",
                        "file",
                        "labels",
                        "name",
                    ],
                ),
            }
        }
        let mut fields = Fields::default();
        match &contents[..] {
            [(at, content)] => {
                let (word, value) = match content.as_ref()? {
                    ValueSource::Value(text) => ("value", text.as_str()),
                    ValueSource::Sealed(sealed) => ("sealed", sealed.as_str()),
                    ValueSource::FromFile(_)
                    | ValueSource::FromEnv(_)
                    | ValueSource::FromNodeFile(_) => return None,
                };
                let span = self.span(*at);
                let value = self.text(value, span);
                let data = self.choice(word, value, span);
                fields.put("data", at.key_span, Some(data));
            }
            _ if self.problems.len() > before => return None,
            _ => {
                let message = format!("nothing or too much says what `{}` holds", entry.key);
                let help = "give one of `file`, `content`, `environment`, or `external: true`";
                self.report("missing-choice", entry.key_span, message, help);
                return None;
            }
        }
        self.put_labels(&mut fields, labels, entry.key_span);
        Some(self.map(fields, self.span(entry)))
    }

    fn file_content(&mut self, kind: FileKind, at: At<'a>) -> Option<ValueSource> {
        let path = self.word(at)?;
        let read = self.stack.read;
        let known = read.and_then(|read| match kind {
            FileKind::Config => read.files.get(path),
            FileKind::Secret => read.secrets.get(path),
        });
        if known.is_none() {
            self.report_unread(at, path);
        }
        known.cloned()
    }

    /// Says that whoever submitted the stack did not read a file that it refers to.
    pub(super) fn report_unread(&mut self, at: At<'a>, path: &str) {
        let message = format!("`{path}` was not read by who submitted this");
        self.report(
            "unread-file",
            self.span(at),
            message,
            "submit with `skep apply`",
        );
    }

    /// What a variable of the stack says.
    fn variable(&mut self, at: At<'a>) -> Option<ValueSource> {
        let name = self.word(at)?;
        let value = self.stack.environment.get(name).cloned();
        if value.is_none() {
            let message = format!("the variable `{name}` is not set");
            let help = "give it in the stack's `environment`";
            self.report("unset-variable", self.span(at), message, help);
        }
        value.map(ValueSource::Value)
    }

    /// Puts labels, with the one that says which stack it is.
    pub(super) fn put_labels(
        &mut self,
        fields: &mut Fields,
        mut labels: BTreeMap<String, (String, Span)>,
        span: Span,
    ) {
        let stack = self.stack.name.to_string();
        labels.insert(NAMESPACE.to_owned(), (stack, span));
        let labels = self.text_map(&labels, span);
        fields.put("labels", span, Some(labels));
    }
}
