//! skep beside Debian's keepalived: both on the same segment, in one run.
//!
//! Run as root: `cargo xtask bench`.
#![expect(clippy::print_stdout, reason = "the table is what it is for")]
#![expect(clippy::print_stderr, reason = "it says what it is doing")]

#[path = "../../tests/cluster/cluster.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod cluster;
#[path = "../../tests/namespaces/clustered.rs"]
mod clustered;
#[path = "../../tests/interop/keepalived.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod keepalived;
#[path = "../../tests/namespaces/pair.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod pair;

mod costs;
mod deaths;
mod keeper;
mod moves;
mod repetitions;
mod sample;
mod site;
mod stress;
mod table;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use skep_linux::process::parent::{AtParentsEnd, follow_parent};

use clap::{Parser, ValueEnum};

use crate::repetitions::Both;
use crate::site::{KINDS, Site, Timing};
use crate::table::{Budget, Table};

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
    /// Measure in this process, with files in this directory.
    #[arg(long, hide = true)]
    within: Option<PathBuf>,
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
    /// Processes that are killed or stopped, advertisements every 100 ms.
    Deaths,
    /// A group that is moved by hand.
    Move,
    /// What 255 virtual routers need.
    Processor,
    /// Members on a machine that is busy with other things.
    Stress,
}

const SECOND: Timing = Timing::new("v2 1 s", 2, Duration::from_secs(1));
const TENTH: Timing = Timing::new("v3 100 ms", 3, Duration::from_millis(100));
const HUNDREDTH: Timing = Timing::new("v3 10 ms", 3, Duration::from_millis(10));

/// How often, as asked for.
#[derive(Clone, Copy)]
struct Repetitions {
    seconds: usize,
    fractions: usize,
    stress: Duration,
}

const FULL: Repetitions = Repetitions {
    seconds: 10,
    fractions: 10,
    stress: Duration::from_secs(60),
};
const QUICK: Repetitions = Repetitions {
    seconds: 1,
    fractions: 3,
    stress: Duration::from_secs(10),
};

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    match &arguments.within {
        _ if !arguments.bench => println!("nothing is measured: use `cargo xtask bench`"),
        Some(directory) => measure(&arguments, directory)?,
        None => return keeper::keep(),
    }
    Ok(ExitCode::SUCCESS)
}

fn measure(arguments: &Arguments, directory: &Path) -> anyhow::Result<()> {
    follow_parent(AtParentsEnd::Kill)?;
    tempfile::env::override_temp_dir(directory)
        .map_err(|other| anyhow::anyhow!("files are made in {}", other.display()))?;
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
    Ok(())
}

impl Part {
    fn measure(self, table: &mut Table, times: Repetitions) {
        match self {
            Self::Memory => costs::memory(table),
            Self::Second => repetitions::measure(table, SECOND, times.seconds),
            Self::Tenth => repetitions::measure(table, TENTH, times.fractions),
            Self::Hundredth => repetitions::measure(table, HUNDREDTH, times.fractions),
            Self::Deaths => deaths::measure(table, TENTH, times.fractions),
            Self::Move => moves::measure(table, times.fractions),
            Self::Processor => costs::processor(table),
            Self::Stress => stress_rows(table, times.stress),
        }
    }
}

/// What becomes of both kinds when the machine is busy for `time`.
fn stress_rows(table: &mut Table, time: Duration) {
    eprintln!("stress: {time:?}");
    let mut site = Site::new(TENTH);
    site.start_all();
    let (stood, load) = stress::under_load(&mut site, time);
    let (busy, written) = (load.busy, load.written);
    eprintln!("  {busy:.0} % busy, {written:.0} MiB/s written");
    let [mut failovers, mut gaps] = [(); 2].map(|()| Both::default());
    for (kind, stood) in KINDS.into_iter().zip(stood) {
        failovers.of(kind).push(stood.failovers as f64);
        gaps.push(kind, stood.longest_gap);
    }
    let what = |what| format!("{}, {time:?} of load: {what}", TENTH.name);
    let (none, open) = (Budget::None, Budget::Open);
    table.push(failovers.row(what("false failovers"), "", none));
    table.push(gaps.row(what("longest gap between advertisements"), "ms", open));
}
