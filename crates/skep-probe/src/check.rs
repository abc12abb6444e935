//! One health check, looked at again and again.

use std::net::IpAddr;
use std::time::Duration;

use skep_manifest::health_check::{HealthCheckSpec, Probe};
use skep_manifest::name::Name;
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::judge::{Judge, Outcome, Verdict};
use crate::{exec, listening, tcp};

/// What a check says after a look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The check.
    pub check: Name,
    /// Whether it passes.
    pub verdict: Verdict,
    /// What this one look came to.
    pub outcome: Outcome,
}

/// Looks at what `spec` says, at its interval, and sends what it finds, until the receiver is
/// gone. `own_address` is the address of the member that the check is run for.
pub async fn run(
    name: Name,
    spec: HealthCheckSpec,
    own_address: watch::Receiver<Option<IpAddr>>,
    findings: mpsc::Sender<Finding>,
) {
    let mut judge = Judge::new(&spec);
    let mut due = interval(spec.interval.time());
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = due.tick() => {}
            () = findings.closed() => return,
        }
        let own_address = *own_address.borrow();
        let outcome = tokio::select! {
            outcome = look(&spec, own_address) => outcome,
            () = findings.closed() => return,
        };
        let verdict = judge.hear(&outcome);
        let finding = Finding {
            check: name.clone(),
            verdict,
            outcome,
        };
        if findings.send(finding).await.is_err() {
            return;
        }
    }
}

/// One look.
async fn look(spec: &HealthCheckSpec, own_address: Option<IpAddr>) -> Outcome {
    let limit = spec.timeout.unwrap_or(spec.interval).time();
    match timeout(limit, look_without_limit(&spec.probe, own_address)).await {
        Ok(outcome) => outcome,
        Err(_elapsed) => Outcome::Failed(format!("no result within {}", seconds(limit))),
    }
}

async fn look_without_limit(probe: &Probe, own_address: Option<IpAddr>) -> Outcome {
    match probe {
        Probe::Tcp(probe) => tcp::probe(probe.host.as_deref(), own_address, probe.port).await,
        Probe::Listening(probe) => {
            listening::probe(probe.port, probe.address.map(|address| address.0))
        }
        Probe::Exec(probe) => exec::probe(probe).await,
        Probe::Http(_) | Probe::File(_) | Probe::Process(_) | Probe::Route(_) => {
            Outcome::Failed("this kind of check is not supported yet".to_owned())
        }
    }
}

fn seconds(limit: Duration) -> String {
    format!("{} s", limit.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn spec(yaml: &serde_json::Value) -> HealthCheckSpec {
        serde_json::from_value(yaml.clone()).expect("a health check")
    }

    #[tokio::test]
    async fn a_check_follows_what_it_looks_at() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let port = listener.local_addr().expect("it is bound").port();
        let spec = spec(&serde_json::json!({
            "tcp": {"port": port}, "interval": "10ms", "timeout": "5s", "rise": 1, "fall": 2,
        }));
        let (sender, mut findings) = mpsc::channel(1);
        let name: Name = "web".parse().expect("a name");
        let (_address, own_address) = watch::channel(Some(IpAddr::from([127, 0, 0, 1])));
        tokio::spawn(run(name, spec, own_address, sender));
        let first = findings.recv().await.expect("it looks");
        assert_eq!(
            (first.verdict, first.outcome),
            (Verdict::Passing, Outcome::Passed)
        );
        drop(listener);
        loop {
            let finding = findings.recv().await.expect("it looks");
            if finding.verdict == Verdict::Failing {
                assert!(matches!(finding.outcome, Outcome::Failed(_)));
                return;
            }
        }
    }

    #[tokio::test]
    async fn a_look_ends_in_time() {
        let spec = spec(&serde_json::json!({
            "exec": {"argv": ["/bin/sleep", "600"]}, "interval": "50ms",
        }));
        let outcome = look(&spec, None).await;
        assert_eq!(
            outcome,
            Outcome::Failed("no result within 0.05 s".to_owned())
        );
    }
}
