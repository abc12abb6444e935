//! From what was seen to what is wrong.

use super::{Asked, Seen, Verdict, nodes, vrrp, ways};

/// What `seen` means for nodes that need of each other what is `asked`.
#[must_use]
pub fn judge(asked: &Asked, seen: &Seen) -> Verdict {
    let attempts = ways::attempts(asked, seen);
    let tries = vrrp::tries(asked, seen);
    let passed = attempts.iter().filter(|attempt| attempt.failure.is_none());
    let heard = tries.iter().filter(|one| one.failure.is_none());
    let passed = passed.count() + heard.count();
    let mut findings = ways::findings(asked, &attempts);
    findings.extend(vrrp::findings(&tries));
    findings.extend(vrrp::untried(asked, seen));
    findings.extend(nodes::findings(asked, seen));
    findings.sort_by_key(|finding| finding.severity);
    Verdict {
        nodes: asked.nodes.iter().map(|node| node.name.clone()).collect(),
        passed,
        findings,
    }
}
