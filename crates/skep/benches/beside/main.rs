//! skep beside Debian's keepalived: both on the same segment, in one run.
//!
//! Run as root: `cargo xtask bench`.
#![expect(clippy::print_stdout, reason = "the table is what it is for")]
#![expect(clippy::print_stderr, reason = "it says what it is doing")]

#[path = "../../tests/cluster/cluster.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod cluster;
#[path = "../../tests/interop/keepalived.rs"]
mod keepalived;

mod costs;
mod repetitions;
mod sample;
mod site;
mod table;

use std::time::Duration;

use clap::{Parser, ValueEnum};

use crate::site::Timing;
use crate::table::Table;

/// What it is asked.
#[derive(Parser)]
#[command(name = "cargo xtask bench", about = "Measure skep beside keepalived")]
struct Arguments {
    /// Fewer repetitions: less than three minutes.
    #[arg(long)]
    quick: bool,
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
    /// Measure only this; can be given again.
    #[arg(long)]
    only: Vec<Part>,
    /// What cargo says to every bench; without it nothing is measured.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What can be measured by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// What one member needs.
    Memory,
    /// Version 2, advertisements every second.
    #[value(name = "1s")]
    Second,
    /// Version 3, advertisements every 100 ms.
    #[value(name = "100ms")]
    Tenth,
    /// Version 3, advertisements every 10 ms.
    #[value(name = "10ms")]
    Hundredth,
    /// What 255 virtual routers need.
    Processor,
}

const SECOND: Timing = Timing::new("v2 1 s", 2, Duration::from_secs(1));
const TENTH: Timing = Timing::new("v3 100 ms", 3, Duration::from_millis(100));
const HUNDREDTH: Timing = Timing::new("v3 10 ms", 3, Duration::from_millis(10));

/// How often, as asked for.
#[derive(Clone, Copy)]
struct Repetitions {
    seconds: usize,
    fractions: usize,
}

const FULL: Repetitions = Repetitions {
    seconds: 10,
    fractions: 10,
};
const QUICK: Repetitions = Repetitions {
    seconds: 1,
    fractions: 3,
};

fn main() {
    let arguments = Arguments::parse();
    if !arguments.bench {
        println!("nothing is measured: use `cargo xtask bench`");
        return;
    }
    let times = if arguments.quick { QUICK } else { FULL };
    let mut table = Table::default();
    for part in Part::value_variants() {
        if arguments.only.is_empty() || arguments.only.contains(part) {
            part.measure(&mut table, times);
        }
    }
    if arguments.json {
        println!("{}", table.json());
    } else {
        print!("{}", table.text());
    }
}

impl Part {
    fn measure(self, table: &mut Table, times: Repetitions) {
        match self {
            Self::Memory => costs::memory(table),
            Self::Second => repetitions::measure(table, SECOND, times.seconds),
            Self::Tenth => repetitions::measure(table, TENTH, times.fractions),
            Self::Hundredth => repetitions::measure(table, HUNDREDTH, times.fractions),
            Self::Processor => costs::processor(table),
        }
    }
}
