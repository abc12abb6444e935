//! A field of a VIP group says something that another field makes meaningless.
//!
//! ## What it does
//!
//! Looks for `preemption.delay` with preemption off, `announcements.refreshCount` with
//! `refresh: 0s`, `priorities` where the members have priorities, and `checksum` in version 2.
//!
//! ## Why is this bad?
//!
//! Whoever wrote it expects something that does not happen, and whoever changes it wonders why
//! nothing changes.
//!
//! ## Example
//!
//! ```yaml
//! kind: VipGroup
//! spec:
//!   preemption: {enabled: false, delay: 30s}
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! kind: VipGroup
//! spec:
//!   preemption: {delay: 30s}
//! ```

use skep_manifest::problem::Severity;
use skep_manifest::vip_group::VipGroupSpec;
use skep_manifest::vip_group::member::Member;
use skep_manifest::vip_group::transport::Version;

use crate::finding::Finding;
use crate::manifests::Manifests;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule {
    id: "setting-without-effect",
    severity: Severity::Warning,
    source: include_str!("setting_without_effect.rs"),
    inspect,
};

/// A field, when it is meaningless, and because of what.
struct Idle {
    pointer: &'static str,
    is_idle: fn(&VipGroupSpec) -> bool,
    cause: &'static str,
    why: &'static str,
}

const FIELDS: &[Idle] = &[
    Idle {
        pointer: "/spec/preemption/delay",
        is_idle: |spec| !spec.preemption.enabled && !spec.preemption.delay.is_zero(),
        cause: "/spec/preemption/enabled",
        why: "preemption is off",
    },
    Idle {
        pointer: "/spec/announcements/refreshCount",
        is_idle: |spec| spec.announcements.refresh.is_zero(),
        cause: "/spec/announcements/refresh",
        why: "`0s` means never",
    },
    Idle {
        pointer: "/spec/priorities",
        is_idle: |spec| spec.members.iter().any(has_priority),
        cause: "/spec/members",
        why: "the members have priorities",
    },
    Idle {
        pointer: "/spec/checksum",
        is_idle: |spec| spec.version == Version::V2,
        cause: "/spec/version",
        why: "version 2 has one kind of checksum",
    },
];

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    for group in &manifests.groups {
        for field in FIELDS.iter().filter(|field| (field.is_idle)(group.spec)) {
            let Some(span) = group.document.key_span_of(field.pointer) else {
                continue;
            };
            let name = field.pointer.trim_start_matches("/spec/").replace('/', ".");
            findings.push(
                Finding::new(&RULE, span, format!("`{name}` has no effect here"))
                    .related(group.document.key_span(field.cause), field.why)
                    .help(format!("remove `{name}`, or what makes it meaningless")),
            );
        }
    }
}

fn has_priority(member: &Member) -> bool {
    match member {
        Member::Node(member) => member.priority.is_some(),
        Member::External(_) => false,
    }
}
