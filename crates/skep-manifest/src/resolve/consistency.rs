//! Fields of a VIP group that cannot be together.

use std::collections::BTreeMap;

use super::{KnownSwarm, Resolver};
use crate::priority::{Priority, VirtualRouterId};
use crate::problem::Problem;
use crate::set::Document;
use crate::vip_group::VipGroupSpec;
use crate::vip_group::authentication::{Authentication, HmacAuthentication};
use crate::vip_group::member::Member;
use crate::vip_group::transport::Version;

impl Resolver<'_> {
    pub(super) fn check_consistency(&mut self, document: &Document, spec: &VipGroupSpec) {
        self.check_needs_swarm(document, spec);
        self.check_version(document, spec);
        self.check_members(document, spec);
        match &spec.authentication {
            Some(Authentication::Hmac(hmac)) => self.check_keys(document, hmac),
            Some(
                Authentication::None(_) | Authentication::Cluster(_) | Authentication::Simple(_),
            )
            | None => {}
        }
    }

    fn check_needs_swarm(&mut self, document: &Document, spec: &VipGroupSpec) {
        if !matches!(self.swarm, KnownSwarm::None) {
            return;
        }
        let mut needs = |pointer: &str, message: &str, help: &str| {
            let span = document.key_span(pointer);
            self.report(Problem::error("needs-swarm", span, message).help(help));
        };
        if spec.virtual_router_id == VirtualRouterId::Auto {
            needs(
                "/spec/virtualRouterId",
                "without a `Swarm` nobody can choose the `virtualRouterId`",
                "give a number from 1 to 255, the same on all members",
            );
        }
        if spec.selector.is_some() {
            needs(
                "/spec/selector",
                "without a `Swarm` there are no nodes to select from",
                "list the `members`",
            );
        }
        if matches!(spec.authentication, Some(Authentication::Cluster(_))) {
            needs(
                "/spec/authentication",
                "without a `Swarm` there is no cluster key",
                "use `hmac` with keys of your own",
            );
        }
    }

    fn check_version(&mut self, document: &Document, spec: &VipGroupSpec) {
        let mut refuse = |pointer: &str, message: String, help: &str| {
            let span = document.span(pointer);
            self.report(Problem::error("not-in-version", span, message).help(help));
        };
        let interval = spec.advertisement_interval;
        match spec.version {
            Version::V2 => {
                if !interval.fits_version_2() {
                    let message = format!("VRRP version 2 has no interval of {interval}");
                    let help = "use whole seconds up to `255s`, or version 3";
                    refuse("/spec/advertisementInterval", message, help);
                }
                if let Some(Authentication::Hmac(_) | Authentication::Cluster(_)) =
                    spec.authentication
                {
                    let message = "VRRP version 2 has no authentication codes".to_owned();
                    let help = "use version 3, `simple` or `none`";
                    refuse("/spec/authentication", message, help);
                }
                let sixth = spec
                    .addresses
                    .iter()
                    .position(|a| a.address.address().is_ipv6());
                if let Some(index) = sixth {
                    let message = "VRRP version 2 has no IPv6 addresses".to_owned();
                    refuse(
                        &format!("/spec/addresses/{index}"),
                        message,
                        "use version 3",
                    );
                }
            }
            Version::V3 => {
                if !interval.fits_version_3() {
                    let message = format!("VRRP version 3 has no interval of {interval}");
                    let help = "use at most `40.95s`, or version 2";
                    refuse("/spec/advertisementInterval", message, help);
                }
                if let Some(Authentication::Simple(_)) = spec.authentication {
                    let message = "VRRP version 3 has no simple password".to_owned();
                    refuse(
                        "/spec/authentication",
                        message,
                        "use `hmac`, `none` or version 2",
                    );
                }
            }
        }
    }

    fn check_members(&mut self, document: &Document, spec: &VipGroupSpec) {
        let mut first = BTreeMap::new();
        let place = |index: usize| document.span(&format!("/spec/members/{index}"));
        for (index, member) in spec.members.iter().enumerate() {
            match first.get(member.name()) {
                Some(before) => self.report(
                    Problem::error(
                        "duplicate-member",
                        place(index),
                        format!("`{}` is a member twice", member.name()),
                    )
                    .related(place(*before), "first listed here"),
                ),
                None => {
                    first.insert(member.name(), index);
                }
            }
            if let Member::Node(node) = member
                && node.owner
                && node
                    .priority
                    .is_some_and(|priority| priority != Priority::OWNER)
            {
                let span = document.span(&format!("/spec/members/{index}/priority"));
                let message = "the owner of the addresses always has priority 255";
                self.report(
                    Problem::error("conflicting-fields", span, message)
                        .help("remove `priority`, or `owner`"),
                );
            }
        }
    }

    fn check_keys(&mut self, document: &Document, hmac: &HmacAuthentication) {
        let mut first = BTreeMap::new();
        for (index, key) in hmac.keys.iter().enumerate() {
            let span = document.span(&format!("/spec/authentication/hmac/keys/{index}/id"));
            match first.get(&key.id) {
                Some(before) => self.report(
                    Problem::error(
                        "duplicate-key-id",
                        span,
                        format!("there are two keys with the id {}", key.id),
                    )
                    .related(*before, "first used here"),
                ),
                None => {
                    first.insert(key.id, span);
                }
            }
        }
        if !first.contains_key(&hmac.active_key) {
            let span = document.span("/spec/authentication/hmac/activeKey");
            let message = format!("there is no key with the id {}", hmac.active_key);
            let ids: Vec<String> = first.keys().map(ToString::to_string).collect();
            self.report(
                Problem::error("unresolved-reference", span, message)
                    .help(format!("allowed: {}", ids.join(", "))),
            );
        }
    }
}
