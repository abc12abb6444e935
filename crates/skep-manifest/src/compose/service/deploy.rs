//! The `deploy` section: how a swarm runs a service.

use super::Service;
use crate::compose::translator::{At, Fields, Translator};
use crate::tree::NodeId;

/// The units of memory in compose files, each a power of 1024.
const UNITS: [(&str, u32); 5] = [("b", 0), ("k", 1), ("m", 2), ("g", 3), ("t", 4)];

impl<'a> Translator<'a> {
    pub(super) fn deploy(&mut self, deploy: At<'a>, service: &mut Service<'a>) {
        let (mut mode, mut replicas, mut placement) = (None, None, None);
        for at in self.said(deploy) {
            let (name, value) = match at.key {
                "mode" => {
                    mode = Some(at);
                    continue;
                }
                "replicas" => {
                    replicas = Some(at);
                    continue;
                }
                "placement" => {
                    placement = Some(at);
                    ("placement", self.placement(at))
                }
                "labels" => {
                    service.labels.extend(self.labels(at));
                    continue;
                }
                "endpoint_mode" => ("endpoint", self.copied(at)),
                "resources" => ("resources", self.resources(at)),
                "restart_policy" => ("restart", self.restart(at)),
                "update_config" => ("update", self.rollout(at)),
                "rollback_config" => ("rollback", self.rollout(at)),
                _ => {
                    let known = [
                        "endpoint_mode",
                        "labels",
                        "mode",
                        "placement",
                        "replicas",
                        "resources",
                        "restart_policy",
                        "rollback_config",
                        "update_config",
                    ];
                    self.report_unknown(at, &known);
                    continue;
                }
            };
            service.fields.put(name, at.key_span, value);
        }
        let most = placement.and_then(|it| self.entry(it.node, "max_replicas_per_node"));
        let value = self.mode(deploy, mode, replicas, most);
        service.fields.put(
            "mode",
            mode.map_or(deploy.key_span, |mode| mode.key_span),
            value,
        );
    }

    fn mode(
        &mut self,
        deploy: At<'a>,
        mode: Option<At<'a>>,
        replicas: Option<At<'a>>,
        most: Option<At<'a>>,
    ) -> Option<NodeId> {
        let word = match mode {
            Some(mode) => self.word(mode)?,
            None => "replicated",
        };
        let (name, count, has_most) = match word {
            "replicated" => ("replicated", Some("replicas"), true),
            "global" => ("global", None, false),
            "replicated-job" => ("replicatedJob", Some("completions"), false),
            "global-job" => ("globalJob", None, false),
            _ => {
                let message = format!("there is no mode `{word}`");
                let help = "allowed: `replicated`, `global`, `replicated-job` or `global-job`";
                self.report_value(mode.unwrap_or(deploy), message, help);
                return None;
            }
        };
        let mut fields = Fields::default();
        for (at, field) in [(replicas, count), (most, has_most.then_some("maxPerNode"))] {
            match (at, field) {
                (Some(at), Some(field)) => {
                    let value = self.copied_number(at);
                    fields.put(field, at.key_span, value);
                }
                (Some(at), None) => {
                    let message = format!("a service of mode `{word}` has no `{}`", at.key);
                    self.report(
                        "conflicting-fields",
                        at.key_span,
                        message,
                        "remove one of them",
                    );
                }
                (None, _) => {}
            }
        }
        let span = mode.map_or(deploy.key_span, |mode| self.span(mode));
        let inner = self.map(fields, span);
        Some(self.choice(name, inner, span))
    }

    fn placement(&mut self, placement: At<'a>) -> Option<NodeId> {
        let mut fields = Fields::default();
        for at in self.said(placement) {
            match at.key {
                "constraints" => {
                    let value = self.copied_list(at);
                    fields.put("constraints", at.key_span, value);
                }
                "preferences" => {
                    let value = self.preferences(at);
                    fields.put("spread", at.key_span, value);
                }
                // It stands with the replicas.
                "max_replicas_per_node" => {}
                _ => self
                    .report_unknown(at, &["constraints", "max_replicas_per_node", "preferences"]),
            }
        }
        Some(self.map(fields, self.span(placement)))
    }

    fn preferences(&mut self, preferences: At<'a>) -> Option<NodeId> {
        let mut spread = Vec::new();
        for item in self.items(preferences) {
            for at in self.said(item) {
                if at.key == "spread" {
                    spread.extend(self.copied(at));
                } else {
                    self.report_unknown(at, &["spread"]);
                }
            }
        }
        Some(self.list(spread, self.span(preferences)))
    }

    fn resources(&mut self, resources: At<'a>) -> Option<NodeId> {
        let mut fields = Fields::default();
        for at in self.said(resources) {
            if !["limits", "reservations"].contains(&at.key) {
                self.report_unknown(at, &["limits", "reservations"]);
                continue;
            }
            let mut bounds = Fields::default();
            for bound in self.said(at) {
                let value = match bound.key {
                    "cpus" => self.copied(bound),
                    "memory" => self.memory_size(bound),
                    "pids" if at.key == "limits" => self.copied_number(bound),
                    "devices" | "generic_resources" => {
                        self.report_unsupported(bound, "remove it, and choose nodes by label");
                        continue;
                    }
                    _ => {
                        self.report_unknown(bound, &["cpus", "memory", "pids"]);
                        continue;
                    }
                };
                bounds.put(bound.key, bound.key_span, value);
            }
            let bounds = self.map(bounds, self.span(at));
            fields.put(at.key, at.key_span, Some(bounds));
        }
        Some(self.map(fields, self.span(resources)))
    }

    /// An amount of memory as compose files write it: `64M`, `1gb`, `1024`.
    pub(super) fn memory_size(&mut self, at: At<'a>) -> Option<NodeId> {
        let word = self.word(at)?.to_ascii_lowercase();
        let bytes = bytes(&word);
        if bytes.is_none() {
            let message = format!("`{word}` is no amount of memory");
            self.report_value(at, message, "write a number of bytes, or of k, m, g: `64m`");
        }
        Some(self.text(&bytes?.to_string(), self.span(at)))
    }

    fn restart(&mut self, policy: At<'a>) -> Option<NodeId> {
        let mut fields = Fields::default();
        for at in self.said(policy) {
            let (name, value) = match at.key {
                "condition" | "delay" | "window" => (at.key, self.copied(at)),
                "max_attempts" => ("maxAttempts", self.copied_number(at)),
                _ => {
                    let known = ["condition", "delay", "max_attempts", "window"];
                    self.report_unknown(at, &known);
                    continue;
                }
            };
            fields.put(name, at.key_span, value);
        }
        Some(self.map(fields, self.span(policy)))
    }

    fn rollout(&mut self, config: At<'a>) -> Option<NodeId> {
        let mut fields = Fields::default();
        for at in self.said(config) {
            let (name, value) = match at.key {
                "parallelism" => ("parallelism", self.copied_number(at)),
                "delay" | "order" | "monitor" => (at.key, self.copied(at)),
                "failure_action" => ("onFailure", self.copied(at)),
                "max_failure_ratio" => ("maxFailureRatio", self.ratio(at)),
                _ => {
                    let known = [
                        "delay",
                        "failure_action",
                        "max_failure_ratio",
                        "monitor",
                        "order",
                        "parallelism",
                    ];
                    self.report_unknown(at, &known);
                    continue;
                }
            };
            fields.put(name, at.key_span, value);
        }
        Some(self.map(fields, self.span(config)))
    }

    fn ratio(&mut self, at: At<'a>) -> Option<NodeId> {
        match self.word(at)?.parse() {
            Ok(ratio) => Some(self.fraction(ratio, self.span(at))),
            Err(_) => {
                self.report_type(at, "a number");
                None
            }
        }
    }
}

fn bytes(word: &str) -> Option<u64> {
    let digits = word
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(word.len());
    let (number, unit) = word.split_at(digits);
    let unit = match unit.trim_start() {
        "" => "b",
        unit => unit
            .strip_suffix('b')
            .filter(|it| !it.is_empty())
            .unwrap_or(unit),
    };
    let unit = unit.strip_suffix('i').unwrap_or(unit);
    let (_, power) = UNITS.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(1024u64.pow(*power))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_counted_as_docker_does() {
        for (word, expected) in [
            ("1024", Some(1024)),
            ("10b", Some(10)),
            ("64m", Some(64 << 20)),
            ("64mb", Some(64 << 20)),
            ("64mib", Some(64 << 20)),
            ("1g", Some(1 << 30)),
            ("2 k", Some(2048)),
            ("", None),
            ("m", None),
            ("1x", None),
            ("1.5g", None),
            ("99999999999t", None),
        ] {
            assert_eq!(bytes(word), expected, "{word}");
        }
    }
}
