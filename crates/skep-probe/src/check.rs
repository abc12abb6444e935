//! One health check, looked at again and again.

use std::net::IpAddr;
use std::time::Duration;

use skep_manifest::health_check::{HealthCheckSpec, Probe};
use skep_manifest::name::Name;
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::aside::Aside;
use crate::judge::{Basis, Judge, Outcome, Verdict};
use crate::launch::Launch;
use crate::{exec, file, http, listening, process, route, tcp};

/// What a check says after a look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The check.
    pub check: Name,
    /// Whether it passes.
    pub verdict: Verdict,
    /// What that rests on.
    pub basis: Basis,
    /// What this one look came to.
    pub outcome: Outcome,
}

/// Looks at what `spec` says, at its interval, and sends what it finds, until the receiver is
/// gone. `own_address` is the address of the member that the check is run for; programs are started by `launch`.
pub async fn run(
    name: Name,
    spec: HealthCheckSpec,
    own_address: watch::Receiver<Option<IpAddr>>,
    findings: mpsc::Sender<Finding>,
    launch: Launch,
) {
    let mut judge = Judge::new(&spec);
    let aside = Aside::new();
    let mut due = interval(spec.interval.time());
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = due.tick() => {}
            () = findings.closed() => return,
        }
        let own_address = *own_address.borrow();
        let outcome = tokio::select! {
            outcome = look(&spec, own_address, launch, &aside) => outcome,
            () = findings.closed() => return,
        };
        let verdict = judge.hear(&outcome);
        let finding = Finding {
            check: name.clone(),
            verdict,
            basis: judge.basis(),
            outcome,
        };
        if findings.send(finding).await.is_err() {
            return;
        }
    }
}

/// One look.
async fn look(
    spec: &HealthCheckSpec,
    own_address: Option<IpAddr>,
    launch: Launch,
    aside: &Aside,
) -> Outcome {
    let limit = spec.timeout.unwrap_or(spec.interval).time();
    match timeout(
        limit,
        look_without_limit(&spec.probe, own_address, launch, aside),
    )
    .await
    {
        Ok(outcome) => outcome,
        Err(_elapsed) => Outcome::Failed(format!("no result within {}", seconds(limit))),
    }
}

async fn look_without_limit(
    probe: &Probe,
    own_address: Option<IpAddr>,
    launch: Launch,
    aside: &Aside,
) -> Outcome {
    match probe {
        Probe::Tcp(tcp) => tcp::probe(tcp.host.as_deref(), own_address, tcp.port, aside).await,
        Probe::Listening(listening) => {
            let address = listening.address.map(|address| address.0);
            listening::probe(listening.port, address, aside).await
        }
        Probe::Http(http) => http::probe(http, aside).await,
        Probe::Exec(exec) => exec::probe(exec, launch, aside).await,
        Probe::File(file) => file::probe(file, aside).await,
        Probe::Process(process) => process::probe(process, aside).await,
        Probe::Route(route) => route::probe(route, aside).await,
    }
}

fn seconds(limit: Duration) -> String {
    format!("{} s", limit.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::launch::tests::LAUNCH;

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
        tokio::spawn(run(name, spec, own_address, sender, LAUNCH));
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
        let outcome = look(&spec, None, LAUNCH, &Aside::new()).await;
        assert_eq!(
            outcome,
            Outcome::Failed("no result within 0.05 s".to_owned())
        );
    }

    /// How many looks it takes until the check says so.
    async fn looks_until(wanted: Verdict, findings: &mut mpsc::Receiver<Finding>) -> u8 {
        for looks in 1..100 {
            if findings.recv().await.expect("it looks").verdict == wanted {
                return looks;
            }
        }
        panic!("it is never {wanted:?}");
    }

    #[tokio::test]
    async fn rise_fall_and_the_beginning_are_what_is_declared() {
        let directory = tempfile::tempdir().expect("a directory");
        let flag = directory.path().join("flag");
        for (initially, rise, fall) in [("failing", 3, 1), ("passing", 1, 4)] {
            let _none = std::fs::remove_file(&flag);
            let spec = spec(&serde_json::json!({
                "file": {"path": flag}, "interval": "1ms", "timeout": "20s",
                "initially": initially, "rise": rise, "fall": fall,
            }));
            let (sender, mut findings) = mpsc::channel(1);
            let (_address, own_address) = watch::channel(None);
            let name: Name = "flag".parse().expect("a name");
            tokio::spawn(run(name, spec, own_address, sender, LAUNCH));
            if initially == "passing" {
                let failed = looks_until(Verdict::Failing, &mut findings).await;
                assert_eq!(failed, fall);
            }
            std::fs::write(&flag, "").expect("written");
            // Looks that were under way or waited to be heard still saw none.
            let passed = looks_until(Verdict::Passing, &mut findings).await;
            assert!((rise..=rise + 3).contains(&passed), "{passed}");
        }
    }

    #[tokio::test]
    async fn a_check_that_hangs_leaves_the_others_alone() {
        let (sender, mut findings) = mpsc::channel(1);
        let (_address, own_address) = watch::channel(None);
        for (name, argv) in [
            ("hangs", serde_json::json!(["/bin/sleep", "600"])),
            ("works", serde_json::json!(["/bin/true"])),
        ] {
            let spec = spec(&serde_json::json!({
                "exec": {"argv": argv}, "interval": "20ms", "timeout": "10s",
                "rise": 1,
            }));
            let name: Name = name.parse().expect("a name");
            tokio::spawn(run(name, spec, own_address.clone(), sender.clone(), LAUNCH));
        }
        for _ in 0..10 {
            let finding = findings.recv().await.expect("it looks");
            assert_eq!(finding.check.as_str(), "works");
            assert_eq!(finding.verdict, Verdict::Passing);
        }
    }
}
