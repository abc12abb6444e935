//! `skep diff --from`: two sets of manifests compared, without a cluster.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// A repository in which a seed was committed as `main`, and then changed.
fn repository(changes: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().expect("there is room");
    let seed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../manifests/seeds/003/skep.yaml");
    let mut manifest = fs::read_to_string(seed).expect("a manifest of the repository");
    let file = directory.path().join("manifests/skep.yaml");
    fs::create_dir(directory.path().join("manifests")).expect("there is room");
    fs::write(&file, &manifest).expect("there is room");
    for words in [
        &["init", "--quiet", "--initial-branch", "main"][..],
        &["add", "."],
        &[
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@b",
            "commit",
            "--quiet",
            "-m",
            "first",
        ],
    ] {
        let status = Command::new("git")
            .current_dir(&directory)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .args(words)
            .status();
        assert!(status.expect("git runs").success(), "{words:?}");
    }
    for (from, to) in changes {
        assert!(manifest.contains(from), "{from}");
        manifest = manifest.replace(from, to);
    }
    fs::write(&file, &manifest).expect("there is room");
    directory
}

fn skep(directory: &TempDir, words: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_skep"))
        .current_dir(directory)
        .args(words.split(' '))
        .output()
        .expect("the command runs")
}

#[track_caller]
fn check(directory: &TempDir, words: &str, code: i32) -> (String, String) {
    let output = skep(directory, words);
    let text = |bytes| String::from_utf8(bytes).expect("text");
    let (said, complaint) = (text(output.stdout), text(output.stderr));
    assert_eq!(output.status.code(), Some(code), "{said}{complaint}");
    (said, complaint)
}

/// What was printed, which is as the schema says.
#[track_caller]
fn valid(printed: &str) -> serde_json::Value {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/skep-diff.v1.json");
    let schema = fs::read_to_string(schema).expect("a schema of the repository");
    let schema = serde_json::from_str(&schema).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let value = serde_json::from_str(printed).expect("JSON");
    let errors: Vec<String> = validator
        .iter_errors(&value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}\n{printed}");
    value
}

/// Everything that there is comes, and goes: every sort of step but those of a swarm that runs.
#[test]
fn what_programs_read_is_as_the_schema_says() {
    let site = repository(&[]);
    let manifests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../manifests");
    let seeds = ["seeds/000", "seeds/003", "standalone", "dual-stack"];
    for (from, to) in seeds.iter().flat_map(|a| seeds.map(|b| (a, b))) {
        let path = |seed: &str| manifests.join(seed).display().to_string();
        let words = format!("diff --from {} -f {} -o json", path(from), path(to));
        let (said, _) = check(&site, &words, i32::from(*from != to));
        valid(&said);
    }
    // The schema is one that something can be wrong by.
    let wrong = r#"{"steps": [{"object": 1}]}"#;
    assert!(std::panic::catch_unwind(|| valid(wrong)).is_err());
}

#[test]
fn what_a_branch_changes_is_told_with_what_follows() {
    let site = repository(&[
        ("cube01, priority: 100", "cube01, priority: 60"),
        ("image: nginx", "image: nginx:1.27"),
    ]);
    let (said, _) = check(&site, "diff --from git:main -f manifests", 1);
    assert_eq!(
        said,
        "\
# Services
~ update service/web: the manifest changed
    image: docker.io/library/nginx:latest -> docker.io/library/nginx:1.27
    => interruption: its tasks are replaced 1 at a time, each ends before the new one starts: on that node nobody answers meanwhile

# VIP groups
~ change vipgroup/ingress
    priority of cube01: 100 -> 60
    => interruption: the VIP moves from cube01 to cube02: about 0 packets lost, connections end

# 2 to change
# interruption: service/web, vipgroup/ingress
"
    );
    let (json, _) = check(&site, "diff --from git:main -f manifests -o json", 1);
    let json = valid(&json);
    assert_eq!(json["summary"]["change"], 2);
    assert_eq!(json["summary"]["interruptions"][0], "service/web");
    assert_eq!(
        json["effects"]["vipgroup/ingress"][0]["risk"],
        "interruption"
    );
    assert_eq!(json["steps"][0]["object"], "service/web");
    // The repository is as it was.
    let status = Command::new("git")
        .current_dir(&site)
        .args(["status", "--short"])
        .output();
    let status = String::from_utf8(status.expect("git runs").stdout).expect("text");
    assert_eq!(status, " M manifests/skep.yaml\n");
}

#[test]
fn nothing_changes_where_nothing_does() {
    let site = repository(&[]);
    let same = ["git:main", "git:HEAD", "manifests", "manifests/skep.yaml"];
    for from in same {
        let words = format!("diff --from {from} -f manifests");
        let (said, told) = check(&site, &words, 0);
        assert_eq!(
            (said.as_str(), told.as_str()),
            ("", "nothing would change\n")
        );
    }
}

#[test]
fn what_cannot_be_compared_with_is_said() {
    let site = repository(&[]);
    let complaint = |words: &str| check(&site, words, 2).1;
    let said = complaint("diff --from git:nothing -f manifests");
    assert!(said.contains("nothing"), "{said}");
    let said = complaint("diff --from @four -f manifests");
    assert!(said.contains("skep history"), "{said}");
    let said = complaint("--socket none diff --from @4 -f manifests");
    assert!(said.contains("no agent answers"), "{said}");
    let said = complaint("diff --from git:main --prune -f manifests");
    assert!(said.contains("leave them out"), "{said}");
    let said = complaint("diff --from git:--output=x -f manifests");
    assert!(said.contains("a branch, a tag or a commit"), "{said}");
    let said = complaint("diff --from git:main -f -");
    assert!(said.contains("standard input"), "{said}");
    // What did not exist in that commit is all new.
    fs::create_dir(site.path().join("new")).expect("there is room");
    fs::rename(
        site.path().join("manifests/skep.yaml"),
        site.path().join("new/skep.yaml"),
    )
    .expect("both are ours");
    let (said, _) = check(&site, "diff --from git:main -f new", 1);
    assert!(said.contains("+ create swarm/cube"), "{said}");
}
