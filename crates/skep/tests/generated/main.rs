//! What is made from the command line itself: its page, its manual, its completion; and that what
//! is shipped with it fits.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn skep(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_skep"))
        .args(words)
        .stdin(Stdio::null())
        .output()
        .expect("the command runs")
}

#[track_caller]
fn printed(words: &[&str]) -> String {
    let output = skep(words);
    assert!(output.status.success(), "{words:?}: {output:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// The commands that stand in the page, such as `import keepalived`.
fn commands() -> Vec<String> {
    let page = committed("docs/reference/cli.md");
    let headings = page
        .lines()
        .filter_map(|line| line.strip_prefix("## skep "));
    headings.map(str::to_owned).collect()
}

fn committed(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn what_is_committed_is_what_the_commands_say() {
    let top = tempfile::tempdir().expect("there is room");
    for directory in ["schemas", "docs/reference"] {
        fs::create_dir_all(top.path().join(directory)).expect("there is room");
    }
    printed(&["generate", top.path().to_str().expect("text")]);
    for file in ["docs/reference/cli.md", "schemas/skep-diff.v1.json"] {
        let made = fs::read_to_string(top.path().join(file));
        assert!(
            made.expect("it was written") == committed(file),
            "{file} is stale: run `cargo xtask regenerate`"
        );
    }
}

#[test]
fn every_command_has_a_manual_page_that_names_it() {
    let commands = commands();
    assert!(commands.len() > 30, "{commands:?}");
    for command in commands {
        let words: Vec<&str> = ["man"].into_iter().chain(command.split(' ')).collect();
        let page = printed(&words);
        let title = format!("skep\\-{}", command.replace([' ', '-'], "\\-"));
        assert!(page.contains(&title), "{command}: {page}");
    }
    let unknown = skep(&["man", "import", "nothing"]);
    assert_eq!(unknown.status.code(), Some(2));

    let pages = tempfile::tempdir().expect("there is room");
    printed(&["man", "--directory", pages.path().to_str().expect("text")]);
    assert!(pages.path().join("skep.1").exists());
    assert!(pages.path().join("skep-import-keepalived.1").exists());
}

#[test]
fn bash_completes_commands_options_and_values() {
    let script = printed(&["completion", "bash"]);
    let ask = |words: &[&str]| {
        let last = words.len() - 1;
        let program = format!(
            "{script}\nCOMP_WORDS=({})\nCOMP_CWORD={last}\n_skep skep '{}' '{}'\necho \"${{COMPREPLY[@]}}\"",
            words.join(" "),
            words[last],
            words[last - 1],
        );
        let bash = Command::new("bash")
            .args(["--norc", "-c", &program])
            .output();
        String::from_utf8(bash.expect("bash runs").stdout).expect("text")
    };
    assert_eq!(ask(&["skep", "unc"]).trim(), "uncordon");
    assert_eq!(ask(&["skep", "lint", "--den"]).trim(), "--deny");
    assert_eq!(ask(&["skep", "lint", "--format", "sar"]).trim(), "sarif");
    assert_eq!(ask(&["skep", "import", "keep"]).trim(), "keepalived");
    for shell in ["zsh", "fish", "elvish", "powershell"] {
        assert!(
            printed(&["completion", shell]).contains("uncordon"),
            "{shell}"
        );
    }
    assert_eq!(skep(&["completion", "cmd"]).status.code(), Some(2));
}

#[test]
fn the_unit_runs_what_there_is_with_the_variables_that_there_are() {
    let unit = committed("crates/skep/assets/skep.service");
    let mut started = 0;
    for line in unit.lines() {
        let Some((_, command)) = line.split_once("=/").or_else(|| line.split_once("=-/")) else {
            continue;
        };
        if let Some(words) = command.strip_prefix("usr/bin/skep ") {
            started += 1;
            let words: Vec<&str> = words.split(' ').chain(["--help"]).collect();
            printed(&words);
        }
    }
    assert_eq!(started, 2, "to run, and to release");
    let help = printed(&["agent", "--help"]);
    let variables = committed("crates/skep/assets/skep.default");
    let variables: Vec<&str> = variables
        .lines()
        .filter_map(|line| line.strip_prefix('#')?.split_once('='))
        .map(|(name, _)| name)
        .filter(|name| name.starts_with("SKEP_"))
        .collect();
    assert_eq!(variables.len(), 3);
    for name in variables {
        assert!(help.contains(&format!("{name}=")), "{name}: {help}");
    }
}

#[test]
fn systemd_finds_nothing_wrong_with_the_unit() {
    let directory = tempfile::tempdir().expect("there is room");
    let file = directory.path().join("skep.service");
    let unit = committed("crates/skep/assets/skep.service");
    let unit = unit.replace("/usr/bin/skep", env!("CARGO_BIN_EXE_skep"));
    fs::write(&file, unit).expect("there is room");
    let verify = Command::new("systemd-analyze")
        .args(["verify", "--man=no", "--recursive-errors=no"])
        .arg(&file)
        .output();
    match verify {
        Ok(output) => {
            let found = String::from_utf8_lossy(&output.stderr);
            assert!(!found.contains("skep.service"), "{found}");
            assert!(output.status.success(), "{found}");
        }
        Err(error) => println!("NOT TRIED: systemd-analyze cannot be run: {error}"),
    }
}
