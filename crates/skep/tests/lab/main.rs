//! `skep lab` on the real kernel, as a person uses it.
//!
//! Run as root: `cargo test -p skep --features namespaces --test lab`.

mod lab;
#[path = "../docs/page.rs"]
#[expect(dead_code, reason = "the unit ring uses more of it")]
mod page;

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use lab::{Traces, TryLab, check_failure, skep, standalone};
use page::{How, Page};

#[test]
fn a_node_s_power_cut_and_return_move_the_vip_and_nothing_is_left_behind() {
    let before = Traces::of(&lab::full_name("whole"));
    assert_eq!(before, Traces::default());
    let lab = TryLab::up("whole", &standalone("10.0.0.70", &["a", "b", "c"]));
    assert_ne!(Traces::of(lab.name()), before);

    lab.wait_for_answer("c", "10.0.0.70");
    lab.wait_until("a holds 10.0.0.70", |lab| {
        lab.status("a").contains("on in - answers 10.0.0.70")
    });
    // Agents that are alone know each other by address only.
    let skep_wait = |holder: &str| {
        let goal = format!("--for=active={holder}");
        let program = env!("CARGO_BIN_EXE_skep");
        lab.try_run(&["exec", "b", "--", program, "wait", &goal, "vip/web"])
    };
    let by_address = skep_wait("10.0.0.71");
    assert!(by_address.status.success(), "{by_address:?}");
    check_failure(&skep_wait("a"), "ask the agent of a, or wait here for");
    check_failure(
        &skep_wait("d"),
        "d is no member of vipgroup/web: it has a, b, c",
    );
    lab.run(&["kill", "a"]);
    assert!(
        lab.status("a").contains("off out - silent -"),
        "{}",
        lab.status("a")
    );
    check_failure(
        &lab.try_run(&["exec", "a", "--", "true"]),
        "node `a` has no power: bring it back with `skep lab heal a`",
    );
    lab.wait_until("b holds 10.0.0.70", |lab| {
        lab.status("b").contains("answers 10.0.0.70")
    });
    lab.wait_for_answer("c", "10.0.0.70");
    // Two at once bring it back once.
    let words = ["lab", "heal", "--name", lab.name(), "a"];
    let heal = || {
        skep(&words)
            .stderr(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
    };
    let healing = [heal(), heal()].map(|heal| heal.expect("it runs"));
    let healed = healing.map(|heal| heal.wait_with_output().expect("it ends"));
    let said = healed.map(|output| String::from_utf8_lossy(&output.stderr).into_owned());
    let started = said.iter().filter(|said| said.contains("and started"));
    assert_eq!(started.count(), 1, "{said:?}");
    lab.wait_until("a holds it again", |lab| {
        lab.status("a").contains("on in - answers 10.0.0.70")
    });

    lab.run(&["down"]);
    assert_eq!(Traces::of(lab.name()), before);
}

#[test]
fn a_partition_has_a_holder_on_each_side_until_it_is_healed() {
    let lab = TryLab::up("split", &standalone("10.0.0.70", &["a", "b"]));
    lab.wait_until("a holds it", |lab| lab.status("a").contains("10.0.0.70"));
    lab.run(&["partition", "b"]);
    lab.wait_until("b holds it too", |lab| {
        lab.status("b").contains("on apart - answers 10.0.0.70")
    });
    lab.run(&["heal"]);
    lab.wait_until("only a holds it", |lab| {
        lab.status("b").contains("on in - answers -")
    });
    assert!(lab.status("a").contains("10.0.0.70"));
}

#[test]
fn programs_run_on_a_node_and_end_as_they_end() {
    let lab = TryLab::up("exec", &standalone("10.0.0.70", &["a", "b"]));
    assert_eq!(lab.run(&["exec", "b", "--", "hostname"]), "b\n");
    let output = lab.try_run(&["exec", "a", "--", "sh", "-c", "exit 7"]);
    assert_eq!(output.status.code(), Some(7));
    let skep = env!("CARGO_BIN_EXE_skep");
    // It may end with 1: not everything needs to be Ready yet.
    let status = lab.try_run(&["exec", "b", "--", skep, "status", "-o", "json"]);
    let own = String::from_utf8_lossy(&status.stdout).into_owned();
    assert!(own.contains("\"node\": \"b\""), "{own}");
    check_failure(
        &lab.try_run(&["exec", "z", "--", "true"]),
        "has no node `z`, it has a, b",
    );
}

#[test]
fn a_second_lab_of_the_same_name_is_refused_and_the_first_lives_on() {
    let manifest = standalone("10.0.0.70", &["a"]);
    let lab = TryLab::up("twice", &manifest);
    let again = TryLab::try_up(lab.name(), &manifest);
    check_failure(
        &again,
        "is up already: take it down with `skep lab down --name",
    );
    assert_eq!(lab.run(&["exec", "a", "--", "hostname"]), "a\n");
}

#[test]
fn the_nodes_of_a_swarm_share_a_key_also_without_engines() {
    let swarm = "apiVersion: skep/v1\nkind: Swarm\nmetadata: {name: cube}\nspec:\n  nodes:\n  \
                 - {name: cube01, address: 10.0.0.60, role: manager}\n  \
                 - {name: cube02, address: 10.0.0.61, role: worker}\n";
    let lab = TryLab::up_with("key", swarm, &["--engines", "none"]);
    let said = lab.run(&["status"]);
    assert!(
        said.contains("2 nodes, no engines, clustered agents"),
        "{said}"
    );
    assert!(
        lab.status("cube02")
            .contains("10.0.0.61/24 on in - answers -"),
        "{said}"
    );
}

#[test]
fn manifests_with_errors_make_no_lab() {
    let output = TryLab::try_up("broken", "apiVersion: skep/v1\nkind: VipGroop\n");
    check_failure(
        &output,
        "the manifests have errors, no lab is made from them",
    );
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("VipGroup"), "{said}");
    assert_eq!(Traces::of(&lab::full_name("broken")), Traces::default());
}

#[test]
fn ctrl_c_while_the_lab_comes_up_takes_it_down_again() {
    let nodes = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let (directory, mut command) = lab::up_command("ctrl-c", &standalone("10.0.0.70", &nodes), &[]);
    let mut child = command.stderr(Stdio::piped()).spawn().expect("it starts");
    let mut said = BufReader::new(child.stderr.take().expect("it is piped"));
    let mut first = String::new();
    said.read_line(&mut first).expect("it speaks");
    assert!(first.starts_with("a: agent"), "{first}");
    let signalled = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(signalled.expect("kill is installed").success());

    let rest: Vec<_> = said.lines().map_while(Result::ok).collect();
    assert_eq!(child.wait().expect("it ends").code(), Some(2), "{rest:?}");
    assert!(
        rest.iter().any(|line| line.contains("interrupted")),
        "{rest:?}"
    );
    assert_eq!(Traces::of(&lab::full_name("ctrl-c")), Traces::default());
    drop(directory);
}

/// The first things that a stranger tries, word for word but for the names of the labs.
#[test]
fn the_first_five_minutes_go_as_the_book_says() {
    follow("docs/start.md", "first");
    follow("docs/lab.md", "pair");
}

/// A push that moves a VIP, a slip that changes nothing, and the way back.
#[test]
fn what_is_pushed_counts_as_the_book_says() {
    follow("docs/gitops.md", "gitops");
}

/// Runs the commands of a page, in a lab that is called otherwise than `called`.
fn follow(page: &'static str, called: &str) {
    struct Down(String);
    impl Drop for Down {
        fn drop(&mut self) {
            let down = skep(&["lab", "down", "--name", &self.0]).output();
            assert!(down.is_ok_and(|it| it.status.success()), "{}", self.0);
        }
    }
    let name = lab::full_name(called);
    let _down = Down(name.clone());
    let mut page = Page::read(page);
    page.rename(called, &name);
    page.run(|how| matches!(how, How::InLab));
    assert_eq!(Traces::of(&name), Traces::default());
}

#[test]
fn taking_down_what_is_not_up_is_no_error() {
    let output = skep(&["lab", "down", "--name", "nobody-made-this"])
        .output()
        .expect("it runs");
    assert!(output.status.success());
}
