//! The volumes of a service, short and long.

use std::collections::BTreeMap;

use crate::compose::sections::{Identity, Sections};
use crate::compose::translator::{At, Fields, Translator};
use crate::tree::NodeId;

/// What to do about a path that every node would understand differently.
const ABSOLUTE: &str =
    "write an absolute path that is there on every node, or use a config, a secret or a volume";

impl<'a> Translator<'a> {
    pub(super) fn mounts(&mut self, volumes: At<'a>, sections: &Sections<'a>) -> Vec<NodeId> {
        let mut mounts = Vec::new();
        for at in self.items(volumes) {
            mounts.extend(if self.is_map(at) {
                self.long_mount(at, sections)
            } else {
                self.short_mount(at, sections)
            });
        }
        mounts
    }

    /// `tmpfs: PATH`, or a list of paths.
    pub(super) fn memory(&mut self, tmpfs: At<'a>) -> Vec<NodeId> {
        let paths = if self.is_list(tmpfs) {
            self.items(tmpfs)
        } else {
            vec![tmpfs]
        };
        let mut mounts = Vec::new();
        for at in paths {
            let span = self.span(at);
            let Some(word) = self.word(at) else {
                continue;
            };
            if word.contains(':') {
                let message = format!("the options of `{word}` cannot be honoured");
                self.report_value(at, message, "write it under `volumes` with `type: tmpfs`");
                continue;
            }
            let nothing = self.map(Fields::default(), span);
            let target = self.text(word, span);
            let mut fields = Fields::default();
            fields.put("tmpfs", span, Some(nothing));
            fields.put("target", span, Some(target));
            mounts.push(self.map(fields, span));
        }
        mounts
    }

    /// `[SOURCE:]TARGET[:MODE]`
    fn short_mount(&mut self, at: At<'a>, sections: &Sections<'a>) -> Option<NodeId> {
        let span = self.span(at);
        let word = self.word(at)?;
        let parts: Vec<&str> = word.split(':').collect();
        let (source, target, mode) = match parts[..] {
            [target] => (None, target, ""),
            [source, target] => (Some(source), target, ""),
            [source, target, mode] => (Some(source), target, mode),
            _ => {
                let message = format!("`{word}` is no mount");
                self.report_value(at, message, "write `SOURCE:TARGET`, or `SOURCE:TARGET:ro`");
                return None;
            }
        };
        let mut fields = Fields::default();
        match mode {
            "" | "rw" => {}
            "ro" => {
                let flag = self.flag(true, span);
                fields.put("readOnly", span, Some(flag));
            }
            _ => {
                let message = format!("the mode `{mode}` of `{word}` cannot be honoured");
                self.report_value(at, message, "write `ro`, `rw` or nothing");
            }
        }
        let (kind, source) = match source {
            None => ("volume", Some(self.map(Fields::default(), span))),
            Some(path) if path.starts_with(['/', '.', '~']) => ("bind", self.bind(at, path)),
            Some(name) => ("volume", self.volume(at, name, sections)),
        };
        fields.put(kind, span, Some(source?));
        let target = self.text(target, span);
        fields.put("target", span, Some(target));
        Some(self.map(fields, span))
    }

    fn long_mount(&mut self, mount: At<'a>, sections: &Sections<'a>) -> Option<NodeId> {
        let kind = self.entry(mount.node, "type");
        let Some(kind) = kind.and_then(|kind| self.word(kind)) else {
            let message = "a mount needs `type`".to_owned();
            self.report(
                "missing-field",
                self.span(mount),
                message,
                "`bind`, `volume` or `tmpfs`",
            );
            return None;
        };
        let mut fields = Fields::default();
        let mut source = None;
        let mut memory = Fields::default();
        for at in self.said(mount) {
            match at.key {
                "type" => {}
                "source" => source = Some(at),
                "target" => {
                    let value = self.copied(at);
                    fields.put("target", at.key_span, value);
                }
                "read_only" => {
                    let value = self.copied_flag(at);
                    fields.put("readOnly", at.key_span, value);
                }
                "tmpfs" if kind == "tmpfs" => memory = self.memory_options(at),
                "bind" | "volume" | "consistency" => {
                    self.report_unsupported(at, "remove it");
                }
                _ => {
                    let known = ["read_only", "source", "target", "tmpfs", "type"];
                    self.report_unknown(at, &known);
                }
            }
        }
        let span = self.span(mount);
        let word = source.and_then(|source| Some((source, self.word(source)?)));
        let value = match (kind, word) {
            ("bind", Some((at, path))) => self.bind(at, path)?,
            ("volume", Some((at, name))) => self.volume(at, name, sections)?,
            ("volume", None) => self.map(Fields::default(), span),
            ("tmpfs", None) => self.map(memory, span),
            _ => {
                let message = format!("there is no such mount of type `{kind}`");
                let help = "`bind` and `volume` have a `source`, `tmpfs` has none";
                self.report_value(mount, message, help);
                return None;
            }
        };
        fields.put(kind, span, Some(value));
        Some(self.map(fields, span))
    }

    fn memory_options(&mut self, options: At<'a>) -> Fields {
        let mut fields = Fields::default();
        for at in self.said(options) {
            match at.key {
                "size" => {
                    let value = self.memory_size(at);
                    fields.put("size", at.key_span, value);
                }
                "mode" => {
                    let value = self.file_mode(at);
                    fields.put("mode", at.key_span, value);
                }
                _ => self.report_unknown(at, &["mode", "size"]),
            }
        }
        fields
    }

    fn bind(&mut self, at: At<'a>, path: &str) -> Option<NodeId> {
        if !path.starts_with('/') {
            let message = format!("`{path}` means another place on every node, or none");
            self.report_value(at, message, ABSOLUTE);
            return None;
        }
        let span = self.span(at);
        let source = self.text(path, span);
        Some(self.choice("source", source, span))
    }

    /// A volume that the file declares.
    fn volume(&mut self, at: At<'a>, name: &str, sections: &Sections<'a>) -> Option<NodeId> {
        let span = self.span(at);
        let entry = sections.volumes.and_then(|it| self.entry(it.node, name));
        let Some(entry) = entry else {
            self.report_undeclared(span, "volume", name);
            return None;
        };
        let mut fields = Fields::default();
        let called = match self.identity(entry) {
            Identity::External(called) => called,
            Identity::Own(called) => {
                self.volume_options(entry, &mut fields);
                called
            }
        };
        let called = self.text(&called, span);
        fields.put("name", span, Some(called));
        Some(self.map(fields, span))
    }

    fn volume_options(&mut self, entry: At<'a>, fields: &mut Fields) {
        let mut labels = BTreeMap::new();
        for at in self.said(entry) {
            match at.key {
                "name" | "external" => {}
                "driver" => {
                    let value = self.copied(at);
                    fields.put("driver", at.key_span, value);
                }
                "driver_opts" => {
                    let value = self.copied_pairs(at);
                    fields.put("options", at.key_span, value);
                }
                "labels" => labels = self.labels(at),
                _ => {
                    let known = ["driver", "driver_opts", "external", "labels", "name"];
                    self.report_unknown(at, &known);
                }
            }
        }
        self.put_labels(fields, labels, entry.key_span);
    }
}
