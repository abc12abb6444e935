//! What `skep` says to somebody who asks it for what it cannot do: what is wrong, and what to do.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// A directory with what these commands are given.
fn site() -> TempDir {
    let directory = tempfile::tempdir().expect("there is room");
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    symlink(
        top.join("manifests/seeds/003"),
        directory.path().join("cube"),
    )
    .expect("linked");
    fs::create_dir(directory.path().join("empty")).expect("there is room");
    let trouble = directory.path().join("stuck.trouble");
    fs::write(trouble, "the port is taken\n").expect("there is room");
    directory
}

/// What `skep` with `words` complains about; it must end with `code`.
fn check(words: &str, code: i32, expected: &str) {
    let site = site();
    let output = Command::new(env!("CARGO_BIN_EXE_skep"))
        .current_dir(site.path())
        .args(words.split(' '))
        .env("SKEP_SOCKET", "no.sock")
        .env("SKEP_LOG", "not=a=filter")
        .output()
        .expect("the command runs");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{words}: {complaint}");
    assert!(complaint.contains(expected), "{words}: {complaint}");
}

#[test]
fn nothing_to_look_at_is_said() {
    check(
        "lint empty",
        0,
        "warning: there are no manifests in `empty`",
    );
    check("lint nowhere", 2, "error: cannot read nowhere");
    check(
        "apply -f empty",
        2,
        "error: there are no manifests in `empty`",
    );
    check("lint - cube", 2, "`-` is standard input and stands alone");
    check(
        "diff -f - -f cube",
        2,
        "`-` is standard input and stands alone",
    );
}

#[test]
fn an_agent_whose_control_cannot_start_says_why_where_it_is_asked() {
    check(
        "--socket stuck.sock status",
        2,
        "error: no agent answers on stuck.sock: its control cannot start: the port is taken\n\
         hint: mend that: the agent tries again by itself",
    );
}

#[test]
fn a_node_without_an_engine_has_nothing_to_back_up_and_learns_what_to_keep() {
    let words = "backup --out kept --docker-host unix:///nowhere.sock --data-root empty";
    check(
        words,
        2,
        "error: there is no part of a swarm in empty/swarm",
    );
    check(words, 2, "/nowhere.sock");
    check(words, 2, "keep /etc/skep");
}

#[test]
fn a_mistyped_command_is_told_what_it_may_have_meant_and_nothing_that_is_hidden() {
    check("aply", 2, "a similar subcommand exists: 'apply'");
    let output = Command::new(env!("CARGO_BIN_EXE_skep"))
        .arg("cert")
        .output();
    let complaint = output.expect("the command runs").stderr;
    let complaint = String::from_utf8_lossy(&complaint);
    assert!(complaint.contains("'cert'"), "{complaint}");
    assert!(!complaint.contains("generate"), "{complaint}");
}

#[test]
fn what_has_no_end_is_not_read() {
    check("lint /dev/zero", 2, "/dev/zero is larger than 3 MiB");
    let endless = "simulate -f cube --scenario /dev/zero";
    check(endless, 2, "/dev/zero is larger than 3 MiB");
}

#[test]
fn nobody_who_answers_comes_with_a_hint() {
    for words in ["status", "get vips", "apply -f cube", "move web --back"] {
        check(words, 2, "error: no agent answers on no.sock");
        check(words, 2, "hint: start it with `skep agent`");
    }
}

#[test]
fn a_log_filter_that_is_none_is_not_passed_over() {
    let without_supervisor = "agent --process control";
    check(without_supervisor, 2, "SKEP_LOG is no filter");
}

#[test]
fn a_key_is_written_where_there_is_a_directory() {
    check("keygen --out no/key", 2, "there is no directory for no/key");
}

#[test]
fn files_of_keepalived_need_their_nodes() {
    check("import keepalived", 2, "name the file of each node");
    check(
        "import keepalived a.conf b.conf",
        2,
        "`a.conf` does not say whose file it is: write NODE=a.conf",
    );
    check("import keepalived a=no.conf", 2, "cannot read no.conf");
    check(
        "export keepalived -f cube --node nobody",
        2,
        "`nobody` is no member of any VIP group",
    );
    // The password that is sent is what the manifest has; nothing is left to say.
    check("export keepalived -f cube --node cube01", 0, "");
}
