//! Moving a group by hand, which keepalived has no command for.

use std::time::Duration;

use crate::clustered;
use crate::pair::{A, B, CLIENT, VIP};
use crate::repetitions::all_dark;
use crate::sample::Sample;
use crate::table::{Budget, Row, Table};

/// Moves a group between the agents of one cluster, there and back.
pub(crate) fn measure(table: &mut Table, times: usize) {
    let cluster = clustered::up("bench-move");
    let mut skep = Sample::default();
    for number in 1..=times {
        eprintln!("move: {number} of {times}");
        let prober = cluster.probe(CLIENT, VIP);
        for (node, words) in [(B, &["--to", B][..]), (A, &["--back"])] {
            let words = [&["move", "ingress"], words].concat();
            let (code, said) = cluster.agent(A).ask(&words);
            assert_eq!(code, 0, "{said}");
            cluster.wait_for_holder(VIP, node);
        }
        let dark: Duration = all_dark(prober);
        skep.push(dark.as_secs_f64() * 1e3);
    }
    table.push(Row {
        what: "v3 100 ms: moved there and back: dark".to_owned(),
        unit: "ms",
        keepalived: Sample::default(),
        skep,
        budget: Budget::None,
    });
}
