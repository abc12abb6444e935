//! Measures reading and linting many documents, or files that are made to hurt:
//! `cargo run --release --example measure [COUNT | FILE…]`.

#![expect(clippy::print_stdout, reason = "the numbers are what it is for")]
#![expect(clippy::disallowed_methods, reason = "it measures time")]

use std::fmt::Write;
use std::time::Instant;

use skep_lint::render::human::{self, Colour};
use skep_lint::{finding::Summary, lint};
use skep_manifest::parse::parse;
use skep_manifest::set::Source;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [] | [_] = arguments.as_slice()
        && let Ok(count) = arguments.first().map_or(Ok(1000), |count| count.parse())
    {
        return measure("many.yaml", manifests(count).into_bytes());
    }
    for file in arguments {
        let text = std::fs::read(&file).expect("the file can be read");
        measure(&file, text);
    }
}

fn measure(name: &str, text: Vec<u8>) {
    let length = text.len();
    let start = Instant::now();
    let set = parse(vec![Source {
        name: name.to_owned(),
        text,
    }]);
    let read = start.elapsed();
    let findings = lint(&set);
    let linted = start.elapsed() - read;
    let rendered = human::render(&set, &findings, Colour::Never);
    println!(
        "{name}: {} documents of {length} bytes: read {read:?}, linted {linted:?}, rendered {} bytes in {:?}; {}",
        set.documents.len(),
        rendered.len(),
        start.elapsed() - read - linted,
        Summary::of(&findings),
    );
}

/// A swarm of 50 nodes, and of the rest a third groups and two thirds services.
fn manifests(count: usize) -> String {
    let mut text =
        String::from("apiVersion: skep/v1\nkind: Swarm\nmetadata: {name: many}\nspec:\n  nodes:\n");
    let mut write = |line: String| writeln!(text, "{line}").expect("a string can be written to");
    for node in 0..50 {
        let role = if node < 3 { "manager" } else { "worker" };
        write(format!(
            "    - {{name: n{node}, address: 10.0.0.{node}, role: {role}, labels: {{rack: r{}}}}}",
            node % 7
        ));
    }
    for number in 0..count.saturating_sub(1) {
        if number % 3 == 0 {
            let (id, high, low) = (number / 3 % 255 + 1, number / 250 + 1, number % 250 + 1);
            write(format!(
                "---\napiVersion: skep/v1\nkind: VipGroup\nmetadata: {{name: g{number}}}\nspec:\n  virtualRouterId: {id}\n  version: 2\n  interface: eth{}\n  addresses: [10.1.{high}.{low}]\n  members:\n    - {{node: n{}, priority: 100}}\n    - {{node: n{}, priority: 90}}",
                number / 765,
                number % 50,
                (number + 1) % 50
            ));
        } else {
            write(format!(
                "---\napiVersion: skep/v1\nkind: Service\nmetadata: {{name: s{number}}}\nspec:\n  image: nginx:1.27\n  environment: {{TZ: UTC}}\n  mode: {{replicated: {{replicas: 9, maxPerNode: 1}}}}\n  ports: [{{published: {}, target: 80}}]\n  placement: {{constraints: [\"node.labels.rack == r{}\"]}}",
                number % 60000 + 1,
                number % 7
            ));
        }
    }
    text
}
