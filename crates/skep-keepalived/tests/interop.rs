//! What the real keepalived says of the files that are written for it.

#[path = "keepalived/examples.rs"]
mod examples;

use std::fs;
use std::path::Path;
use std::process::Command;

use skep_keepalived::export::export;
use skep_manifest::desired::Runs;
use skep_manifest::parse::parse;
use skep_manifest::resolve::resolve;
use skep_manifest::set::Source;

/// A network of its own with the interfaces and the mail server that the files name, and keepalived
/// in it, which looks for both.
const CHECK: &str = "mount --bind \"$1\" /etc/hosts && \
    ip link add eth0 type veth peer name eth1 && ip link set eth0 up && \
    ip link set eth1 up && ip link add ens18 type veth peer name other && ip link set ens18 up && \
    exec keepalived --config-test --use-file \"$0\"";

/// Every node's file of the manifest at `path` is accepted without a word.
fn check(path: &Path) {
    let set = parse(vec![Source {
        name: path.display().to_string(),
        text: fs::read(path).expect("it can be read"),
    }]);
    let (desired, _) = resolve(&set);
    let interface = "eth0".parse().expect("it is a name");
    let directory = tempfile::tempdir().expect("there is room");
    let hosts = directory.path().join("hosts");
    fs::write(&hosts, "192.0.2.25 smtp.example.com\n").expect("there is room");
    let mut checked = 0;
    for member in desired.vip_groups.values().flat_map(|group| &group.members) {
        if member.runs != Runs::Agent {
            continue;
        }
        let written = export(&desired, &member.name, Some(&interface)).expect("it is a member");
        let file = directory.path().join(format!("{}.conf", member.name));
        fs::write(&file, &written.text).expect("there is room");
        let output = Command::new("unshare")
            .args(["--net", "--mount", "sh", "-c", CHECK])
            .args([&file, &hosts])
            .output()
            .expect("unshare runs");
        let said =
            String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success(),
            "{}: {}\n{said}\n{}",
            path.display(),
            output.status,
            written.text
        );
        checked += 1;
    }
    assert!(checked > 0, "{} has members", path.display());
}

#[test]
fn keepalived_accepts_the_files_of_every_example() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../manifests");
    for example in examples::below(&top) {
        check(&top.join(example).join("skep.yaml"));
    }
}

#[test]
fn keepalived_accepts_all_that_its_language_reaches() {
    check(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/reach.yaml"));
}
