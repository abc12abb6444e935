//! Settings of the swarm that no engine takes.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use super::Resolver;
use crate::address::Subnet;
use crate::problem::Problem;
use crate::set::Document;
use crate::swarm::SwarmSpec;

/// The most address pools: each is compared with all others.
const POOLS_MAX: usize = 1_000;

/// The engine issues no certificate for a shorter time.
const CERTIFICATE_EXPIRY_MIN: Duration = Duration::from_secs(3600);

impl Resolver<'_> {
    pub(super) fn check_swarm(&mut self, document: &Document, spec: &SwarmSpec) {
        if spec.certificate_expiry.time() < CERTIFICATE_EXPIRY_MIN {
            let span = document.span("/spec/certificateExpiry");
            let message = format!(
                "certificates valid for {} are too short",
                spec.certificate_expiry
            );
            let problem = Problem::error("out-of-range", span, message);
            self.report(problem.help("give `1h` or more"));
        }
        self.check_address_pools(document, spec);
        self.check_registries(document, spec);
    }

    /// A service has one set of credentials: of two for one registry one would count for nothing.
    fn check_registries(&mut self, document: &Document, spec: &SwarmSpec) {
        let place = |index: usize| document.span(&format!("/spec/registries/{index}/host"));
        let mut places = BTreeMap::new();
        for (index, registry) in spec.registries.iter().enumerate() {
            let first = *places
                .entry(registry.host.to_ascii_lowercase())
                .or_insert(index);
            if first < index {
                let message = format!("the registry `{}` is listed twice", registry.host);
                self.report(
                    Problem::error("duplicate-registry", place(index), message)
                        .help("keep one of them")
                        .related(place(first), "first listed here"),
                );
            }
        }
    }

    fn check_address_pools(&mut self, document: &Document, spec: &SwarmSpec) {
        let pools = &spec.address_pools;
        if pools.len() > POOLS_MAX {
            let span = document.key_span("/spec/addressPools");
            let message = format!("there are more than {POOLS_MAX} address pools");
            let help = "one pool may be as large as many";
            return self.report(Problem::error("too-many-entries", span, message).help(help));
        }
        for (index, pool) in pools.iter().enumerate() {
            let place = |field: &str| document.span(&format!("/spec/addressPools/{index}/{field}"));
            let mut refuse = |field: &str, message: String, help: &str| {
                let problem = Problem::error("unusable-address-pool", place(field), message);
                self.report(problem.help(help));
            };
            if matches!(pool.base.base(), IpAddr::V6(_)) {
                let message = format!("`{}` is no pool of IPv4 addresses", pool.base);
                refuse("base", message, "Docker has pools of IPv4 addresses only");
            }
            if pool.prefix_length < pool.base.prefix_length() {
                let message = format!(
                    "no network of length {} lies in `{}`",
                    pool.prefix_length, pool.base
                );
                refuse(
                    "prefixLength",
                    message,
                    "give a longer prefix, or a larger pool",
                );
            }
            if pool.prefix_length != pools[0].prefix_length {
                let message = format!(
                    "this pool is cut at {}, the first one at {}",
                    pool.prefix_length, pools[0].prefix_length
                );
                let help = "Docker cuts all pools of a swarm alike: give all the same";
                refuse("prefixLength", message, help);
            }
            let before = pools[..index].iter();
            if let Some(other) = before
                .map(|pool| pool.base)
                .find(|base| overlap(*base, pool.base))
            {
                let message = format!("`{}` and `{other}` overlap", pool.base);
                refuse("base", message, "a pool may not lie in another one");
            }
        }
    }
}

fn overlap(one: Subnet, other: Subnet) -> bool {
    one.contains(other.base()) || other.contains(one.base())
}
