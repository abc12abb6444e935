use super::*;

fn running(latest: Option<(Verdict, Basis)>) -> Running {
    let spec = serde_json::json!({"listening": {"port": 80}});
    Running {
        spec: serde_json::from_value(spec).expect("a health check"),
        task: tokio::spawn(async {}),
        latest: latest.map(|(verdict, basis)| Finding {
            check: "web".parse().expect("a name"),
            verdict,
            basis,
            outcome: Outcome::Passed,
        }),
    }
}

fn check(latest: Option<(Verdict, Basis)>, known: Option<Health>, expected: Option<Health>) {
    let name = "web".parse().expect("a name");
    let told = running(latest).input(&name, |_| known);
    let expected = expected.map(|health| Command::Input {
        name: check_input(&name),
        health,
    });
    assert_eq!(told, expected, "{latest:?} {known:?}");
}

#[tokio::test]
async fn what_is_only_presumed_is_told_to_a_data_plane_that_knows_nothing() {
    use Health::{Failing, Passing, Unknown};
    let presumed = Some((Verdict::Failing, Basis::Presumed));
    for latest in [None, presumed] {
        check(latest, Some(Unknown), Some(Failing));
        // Control started again: the data plane goes on with what it knows.
        check(latest, Some(Passing), None);
        check(latest, Some(Failing), None);
        // It has not said yet what it knows.
        check(latest, None, None);
    }
    for known in [None, Some(Unknown), Some(Passing), Some(Failing)] {
        let confirmed = |verdict| Some((verdict, Basis::Confirmed));
        check(confirmed(Verdict::Failing), known, Some(Failing));
        check(confirmed(Verdict::Passing), known, Some(Passing));
    }
}
