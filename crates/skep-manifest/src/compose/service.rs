//! A service of a compose file as a `Service`.

mod attached;
mod container;
mod deploy;
mod mounts;
mod ports;
mod refused;

use std::collections::BTreeMap;

use super::sections::Sections;
use super::stack::{IMAGE, NAMESPACE};
use super::translator::{At, Fields, Translator};
use crate::object::Kind;
use crate::span::Span;
use crate::tree::{NodeId, Tree};

/// A service that is being translated.
struct Service<'a> {
    /// Its entry in the file.
    at: At<'a>,
    fields: Fields,
    labels: BTreeMap<String, (String, Span)>,
    container_labels: BTreeMap<String, (String, Span)>,
    /// From files, and beside them.
    environment: [BTreeMap<String, (String, Span)>; 2],
    mounts: Vec<NodeId>,
    restart: Option<At<'a>>,
}

impl<'a> Translator<'a> {
    /// The document of a service; the networks it is in are noted in `used`.
    pub(super) fn service(
        &mut self,
        at: At<'a>,
        sections: &Sections<'a>,
        used: &mut BTreeMap<String, Span>,
    ) -> Option<(Kind, Tree)> {
        let mut service = Service {
            at,
            fields: Fields::default(),
            labels: BTreeMap::new(),
            container_labels: BTreeMap::new(),
            environment: [BTreeMap::new(), BTreeMap::new()],
            mounts: Vec::new(),
            restart: None,
        };
        let entries = self.said(at);
        if entries.is_empty() && !self.is_map(at) && !self.is_null(at) {
            return None;
        }
        let networks = entries
            .iter()
            .find(|entry| entry.key == "networks")
            .copied();
        for entry in entries {
            self.field(entry, &mut service, sections);
        }
        self.attach(networks, &mut service, sections, used);
        self.finish(service)
    }

    fn field(&mut self, at: At<'a>, service: &mut Service<'a>, sections: &Sections<'a>) {
        let (name, value) = match at.key {
            "image" => ("image", self.image(at, service)),
            "entrypoint" => ("command", self.words(at)),
            "command" => ("args", self.words(at)),
            "hostname" | "user" => (at.key, self.copied(at)),
            "init" => ("init", self.copied_flag(at)),
            "working_dir" => ("workingDirectory", self.copied(at)),
            "read_only" => ("readOnly", self.copied_flag(at)),
            "sysctls" => ("sysctls", self.copied_pairs(at)),
            "ports" => ("ports", self.ports(at)),
            "configs" => ("configs", self.configs(at, sections)),
            "secrets" => ("secrets", self.secrets(at, sections)),
            "healthcheck" => ("containerHealth", self.health(at)),
            "logging" => ("logging", self.logging(at)),
            "ulimits" => ("ulimits", self.ulimits(at)),
            "extra_hosts" => ("hosts", self.hosts(at)),
            "environment" => return service.environment[1] = self.environment(at),
            "env_file" => return service.environment[0] = self.environment_files(at),
            "labels" => return service.container_labels = self.labels(at),
            "volumes" => return service.mounts.extend(self.mounts(at, sections)),
            "tmpfs" => return service.mounts.extend(self.memory(at)),
            "deploy" => return self.deploy(at, service),
            "restart" => return service.restart = Some(at),
            // Tasks reach each other on every port anyway.
            "expose" => return drop(self.items(at)),
            // Put together at the end, or beside the networks that the service is in.
            "cap_add" | "cap_drop" | "dns" | "dns_search" | "dns_opt" | "networks"
            | "stop_signal" | "stop_grace_period" => return,
            _ => return self.refuse(at),
        };
        service.fields.put(name, at.key_span, value);
    }

    fn image(&mut self, at: At<'a>, service: &mut Service<'a>) -> Option<NodeId> {
        let image = self.word(at)?.to_owned();
        service
            .labels
            .insert(IMAGE.to_owned(), (image, self.span(at)));
        self.copied(at)
    }

    fn finish(&mut self, mut service: Service<'a>) -> Option<(Kind, Tree)> {
        let at = service.at;
        if service.fields.find("image").is_none() {
            if self.entry(at.node, "image").is_none() {
                let message = format!("the service `{}` has no `image`", at.key);
                let help = "a swarm runs images only; build it, push it and name it";
                self.report("missing-field", at.key_span, message, help);
            }
            return None;
        }
        self.put_groups(&mut service);
        self.put_restart(&mut service);
        let stack = (self.stack.name.to_string(), at.key_span);
        service.labels.insert(NAMESPACE.to_owned(), stack.clone());
        service.container_labels.insert(NAMESPACE.to_owned(), stack);
        let [from_files, mut environment] = service.environment;
        for (name, value) in from_files {
            environment.entry(name).or_insert(value);
        }
        let mut fields = service.fields;
        for (name, texts) in [
            ("labels", &service.labels),
            ("containerLabels", &service.container_labels),
            ("environment", &environment),
        ] {
            let value = self.text_map(texts, at.key_span);
            fields.put(name, at.key_span, Some(value));
        }
        let mounts = self.list(service.mounts, at.key_span);
        fields.put("mounts", at.key_span, Some(mounts));
        let spec = self.map(fields, self.span(at));
        let name = self.stack.called(at.key);
        let tree = self.document(Kind::Service, &name, spec, at.key_span);
        Some((Kind::Service, tree))
    }

    /// Puts what several keys of the file say together.
    fn put_groups(&mut self, service: &mut Service<'a>) {
        let at = service.at;
        let mut capabilities = Fields::default();
        let mut dns = Fields::default();
        let mut stop = Fields::default();
        for (key, name) in [("cap_add", "add"), ("cap_drop", "drop")] {
            if let Some(entry) = self.entry(at.node, key).filter(|it| !self.is_null(*it)) {
                let value = self.copied_list(entry);
                capabilities.put(name, entry.key_span, value);
            }
        }
        for (key, name) in [
            ("dns", "nameservers"),
            ("dns_search", "search"),
            ("dns_opt", "options"),
        ] {
            if let Some(entry) = self.entry(at.node, key).filter(|it| !self.is_null(*it)) {
                let value = self.copied_list_or_one(entry);
                dns.put(name, entry.key_span, value);
            }
        }
        if let Some(entry) = self.entry(at.node, "stop_signal") {
            let value = self.signal(entry);
            stop.put("signal", entry.key_span, value);
        }
        if let Some(entry) = self.entry(at.node, "stop_grace_period") {
            let value = self.copied(entry);
            stop.put("grace", entry.key_span, value);
        }
        for (name, group) in [("capabilities", capabilities), ("dns", dns), ("stop", stop)] {
            if !group.is_empty() {
                let value = self.map(group, at.key_span);
                service.fields.put(name, at.key_span, Some(value));
            }
        }
    }

    /// What containers do when they end says `deploy`; what older files say instead counts where it
    /// means the same.
    fn put_restart(&mut self, service: &mut Service<'a>) {
        let Some(at) = service.restart else {
            return;
        };
        let word = self.word(at).unwrap_or_default();
        let means_any = ["always", "unless-stopped"].contains(&word);
        if service.fields.find("restart").is_some() || !means_any {
            let remedy =
                "say it with `deploy.restart_policy.condition`: `none`, `on-failure` or `any`";
            self.report_unsupported(at, remedy);
        }
    }
}
