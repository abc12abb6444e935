//! `cargo xtask demo`: one manifest becomes a swarm, a service and a VIP that fails over.
//!
//! It types the commands a person would type, shows them, and measures what a client sees.

mod prober;
mod skep;
mod traces;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

use crate::demo::prober::Prober;
use crate::demo::skep::{LAB, Skep};
use crate::demo::traces::Traces;
use crate::interrupt::Interrupt;
use crate::packages::{self, Need};

/// What the demo shows.
const MANIFEST: &str = "manifests/seeds/003";
const VIP: &str = "10.0.0.70";
/// The node that holds the VIP when all is well, the next one, and the one that plays the client.
const FIRST: &str = "cube01";
const SECOND: &str = "cube02";
const CLIENT: &str = "cube04";
/// What the protocol allows between the last advertisement and the takeover of priority 90 with
/// advertisements every second: RFC 3768 section 6.1, 3 × 1 s + (256 − 90) / 256 s.
const DARK_MAX: Duration = Duration::from_millis(3_648);
/// What the machine may add to it.
const DARK_SLACK: Duration = Duration::from_millis(250);
/// How long a change of the holder may take, a node's start included.
const PATIENCE: Duration = Duration::from_secs(40);
/// How long the VIP is watched after it came back to its first holder.
const AFTERWARDS: Duration = Duration::from_secs(2);

/// Sets up, builds, shows and tears down.
pub(crate) fn demo() -> anyhow::Result<ExitCode> {
    ensure!(
        packages::is_root(),
        "the demo makes network namespaces and runs Docker engines in them: it needs root"
    );
    packages::ensure_installed(&[Need::Lab, Need::Engines])?;
    let skep = Skep::build()?;
    let interrupt = Interrupt::watch()?;
    let started = Instant::now();
    let before = Traces::look()?;
    let shown = Demo {
        skep: &skep,
        interrupt: &interrupt,
    }
    .show();
    if let Err(error) = &shown {
        println!("\nthe demo FAILED: {error:#}");
    }
    heading(6, "everything is torn down");
    skep.run_to_the_end(&["lab", "down", "--name", LAB])?;
    before.ensure_no_others()?;
    println!("no namespace, link, mount or process of it is left");
    println!("\nall of it took {:.0} s", started.elapsed().as_secs_f64());
    Ok(match shown {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    })
}

struct Demo<'a> {
    skep: &'a Skep,
    interrupt: &'a Interrupt,
}

impl Demo<'_> {
    fn show(&self) -> anyhow::Result<()> {
        heading(1, "four bare machines: an engine and an agent each");
        self.run(&[
            "lab",
            "up",
            "-f",
            MANIFEST,
            "--name",
            LAB,
            "--image",
            "nginx=@web",
        ])?;
        heading(2, "one manifest: swarm, service and VIP");
        let started = Instant::now();
        self.apply()?;
        println!("took {:.1} s", started.elapsed().as_secs_f64());
        heading(3, "who holds what");
        self.ask(FIRST, &["status"])?;
        self.web_answers_from(FIRST)?;
        self.cut_power()?;
        self.return_power()
    }

    fn cut_power(&self) -> anyhow::Result<()> {
        heading(4, "the Active node's power is cut");
        let mut prober = Prober::start(self.skep, CLIENT, VIP)?;
        prober.wait_for_answer(PATIENCE)?;
        self.run(&["lab", "kill", "--name", LAB, FIRST])?;
        prober.wait_for_gap(DARK_MAX + PATIENCE)?;
        let report = prober.stop();
        let dark = report.longest_dark();
        println!(
            "dark for {:.3} s as {CLIENT} sees it; the protocol allows {:.3} s",
            dark.as_secs_f64(),
            DARK_MAX.as_secs_f64()
        );
        self.ask(SECOND, &["get", "vips"])?;
        self.web_answers_from(SECOND)?;
        ensure!(
            dark <= DARK_MAX + DARK_SLACK,
            "the VIP was dark for too long: {:.3} s",
            dark.as_secs_f64()
        );
        Ok(())
    }

    fn return_power(&self) -> anyhow::Result<()> {
        heading(5, "the node returns, and the VIP with it");
        let mut prober = Prober::start(self.skep, CLIENT, VIP)?;
        prober.wait_for_answer(PATIENCE)?;
        self.run(&["lab", "heal", "--name", LAB, FIRST])?;
        self.wait_until_active(FIRST)?;
        prober.watch(AFTERWARDS)?;
        let report = prober.stop();
        println!(
            "{} of {} probes lost, longest silence {:.0} ms",
            report.lost(),
            report.sent(),
            report.longest_dark().as_secs_f64() * 1e3
        );
        self.ask(FIRST, &["get", "vips"])?;
        self.web_answers_from(FIRST)
    }

    /// Applies the manifest, and shows of the progress what is done.
    fn apply(&self) -> anyhow::Result<()> {
        let socket = skep::socket(FIRST);
        let words = [
            "--socket",
            &socket,
            "apply",
            "-f",
            MANIFEST,
            "--wait",
            "--timeout",
            "60s",
        ];
        let ran = self
            .skep
            .run_and_show(&words, &["accepted", "done ", "everything"]);
        self.interrupt.check()?;
        ran
    }

    fn run(&self, words: &[&str]) -> anyhow::Result<()> {
        self.interrupt.check()?;
        let ran = self.skep.run(words);
        // Ctrl-C reaches the command as well: then its failure is not the news.
        self.interrupt.check()?;
        ran
    }

    /// Runs a command that talks to the agent of a node.
    fn ask(&self, node: &str, words: &[&str]) -> anyhow::Result<()> {
        let socket = skep::socket(node);
        self.run(&[&["--socket", &socket], words].concat())
    }

    /// Asks for the page at the VIP, and makes sure that a container of `node` serves it.
    fn web_answers_from(&self, node: &str) -> anyhow::Result<()> {
        let url = format!("http://{VIP}");
        let fetch = ["timeout", "5", "busybox", "wget", "-q", "-O", "-", &url];
        let deadline = Instant::now() + PATIENCE;
        // The engine starts the task anew on a node that came back.
        let page = loop {
            self.interrupt.check()?;
            match self.skep.on_node(CLIENT, &fetch) {
                Ok(page) => break page,
                Err(error) if Instant::now() > deadline => return Err(error),
                Err(_) => {}
            }
        };
        let containers = self
            .skep
            .on_node(node, &["docker", "ps", "--format", "{{.ID}}"])?;
        let container = page.trim();
        ensure!(
            containers.lines().any(|id| id == container),
            "http://{VIP} is answered by `{container}`, which is no container of {node}"
        );
        println!(
            "$ {}",
            skep::shown(&[&["lab", "exec", "--name", LAB, CLIENT, "--"], &fetch[..]].concat())
        );
        println!("{container}   <- a container of {node}");
        Ok(())
    }

    fn wait_until_active(&self, node: &str) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.interrupt.check()?;
            let vips =
                self.skep
                    .say(&["--socket", &skep::socket(node), "get", "vips", "-o", "json"]);
            let groups: serde_json::Value = match vips {
                Ok(text) => serde_json::from_str(&text).context("`get vips` says no JSON")?,
                Err(_) => serde_json::Value::Null,
            };
            if groups[0]["routers"][0]["state"] == "Active" {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!("{node} does not hold the VIP again within {PATIENCE:?}");
            }
            std::thread::sleep(skep::POLL);
        }
    }
}

fn heading(number: u8, text: &str) {
    println!("\n== {number}/6 {text}");
}
