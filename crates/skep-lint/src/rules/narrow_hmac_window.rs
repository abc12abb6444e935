//! The window of an HMAC is one that no peer would accept advertisements in.
//!
//! ## What it does
//!
//! Looks for `hmac` with `replay: time` and a `window` below one second or above five minutes.
//!
//! ## Why is this bad?
//!
//! The window is how far two clocks may differ. Clocks that a time service keeps are some
//! milliseconds apart, and seconds after a boot: in too narrow a window the members take each
//! other's advertisements for replays, and each holds the addresses. In too wide a window
//! recorded advertisements count again. keepalived takes one second to 300.
//!
//! ## Example
//!
//! ```yaml
//! authentication: {hmac: {keys: [{id: 1, key: {fromNodeFile: /etc/skep/vrrp.key}}], activeKey: 1, window: 50ms}}
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! authentication: {hmac: {keys: [{id: 1, key: {fromNodeFile: /etc/skep/vrrp.key}}], activeKey: 1, window: 5s}}
//! ```

use std::time::Duration;

use skep_manifest::problem::Severity;
use skep_manifest::vip_group::authentication::{Authentication, Replay};

use crate::finding::Finding;
use crate::manifests::Manifests;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule {
    id: "narrow-hmac-window",
    severity: Severity::Warning,
    source: include_str!("narrow_hmac_window.rs"),
    inspect,
};

const WINDOW_MIN: Duration = Duration::from_secs(1);
const WINDOW_MAX: Duration = Duration::from_secs(300);

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    for group in &manifests.groups {
        let Some(Authentication::Hmac(hmac)) = &group.spec.authentication else {
            continue;
        };
        let window = hmac.window.time();
        let message = match hmac.replay {
            Replay::Monotonic => continue,
            Replay::Time if window < WINDOW_MIN => {
                "clocks that differ by more make two holders of the addresses"
            }
            Replay::Time if window > WINDOW_MAX => "what was recorded so long ago counts again",
            Replay::Time => continue,
        };
        let span = group.document.span("/spec/authentication/hmac/window");
        findings.push(
            Finding::new(&RULE, span, format!("a window of {}: {message}", hmac.window)).help(
                "give `5s`, or with `replay: monotonic` do without clocks; keepalived takes 1 s to 300 s",
            ),
        );
    }
}
