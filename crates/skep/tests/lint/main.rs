//! `skep lint` as a shell sees it: what it prints where, with which exit code, and what it does to
//! files.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

const CLEAN: &str = "\
apiVersion: skep/v1
kind: VipGroup
metadata: {name: web}
spec:
  virtualRouterId: 51
  version: 2
  interface: eth0
  addresses: [10.0.0.70]
  authentication: {simple: {password: {value: mypasswo}}} # as in the old file
  members: [lb1, lb2]
";

/// A directory with one manifest.
fn site(manifest: &str) -> TempDir {
    let site = tempfile::tempdir().expect("there is room");
    fs::write(site.path().join("skep.yaml"), manifest).expect("there is room");
    site
}

fn lint(site: &TempDir, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_skep"))
        .current_dir(site.path())
        .arg("lint")
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("the command runs")
}

#[track_caller]
fn check(manifest: &str, arguments: &[&str], code: i32) -> String {
    let output = lint(&site(manifest), arguments);
    let said = String::from_utf8(output.stdout).expect("text");
    assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{said}");
    said
}

#[test]
fn the_exit_code_says_whether_there_is_anything_to_fix() {
    let warning = CLEAN.replace("mypasswo}", "mypassword}");
    let error = CLEAN.replace("interface:", "interfase:");
    check(CLEAN, &["skep.yaml"], 0);
    check(CLEAN, &["skep.yaml", "--deny", "warnings"], 0);
    check(&warning, &["skep.yaml"], 0);
    check(&warning, &["skep.yaml", "--deny", "warnings"], 1);
    check(&error, &["."], 1);
    check(CLEAN, &["other.yaml"], 2);
    check(CLEAN, &["--format", "xml", "skep.yaml"], 2);
}

#[test]
fn every_format_says_the_same() {
    let warning = CLEAN.replace("mypasswo}", "mypassword}");
    for format in ["human", "json", "sarif", "github", "junit"] {
        let said = check(&warning, &["skep.yaml", "--format", format], 0);
        assert!(
            said.contains("simple-password-too-long"),
            "{format}: {said}"
        );
        assert!(said.contains("skep.yaml"), "{format}: {said}");
        // Nobody looks at a terminal here.
        assert!(!said.contains('\u{1b}'), "{format}: {said}");
    }
}

#[test]
fn all_findings_are_shown_in_one_run() {
    let broken = format!(
        "{}---\nkind: Nothing\n---\na: [\n---\n{}",
        CLEAN.replace("interface:", "interfase:"),
        CLEAN
            .replace("name: web", "name: other")
            .replace("lb1, lb2", "lb1")
    );
    let said = check(&broken, &["skep.yaml"], 1);
    for rule in [
        "unknown-field",
        "unknown-kind",
        "syntax",
        "single-member-group",
    ] {
        assert!(said.contains(rule), "{rule}: {said}");
    }
}

#[test]
fn a_correction_changes_the_file_and_nothing_else_in_it() {
    let site = site(&CLEAN.replace("mypasswo}", "'mypassword'}"));
    let file = site.path().join("skep.yaml");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("it is ours");
    let output = lint(&site, &["--fix", "."]);
    assert_eq!(output.status.code(), Some(0));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("corrected 1 finding in 1 file"), "{told}");
    assert_eq!(fs::read_to_string(&file).expect("it is there"), CLEAN);
    let mode = fs::metadata(&file).expect("it is there").permissions();
    assert_eq!(mode.mode() & 0o777, 0o640);
    assert_eq!(fs::read_dir(site.path()).expect("it is there").count(), 1);

    let before = fs::metadata(&file)
        .and_then(|it| it.modified())
        .expect("a time");
    let output = lint(&site, &["--fix", "."]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("corrected 0 findings"), "{told}");
    let after = fs::metadata(&file)
        .and_then(|it| it.modified())
        .expect("a time");
    assert_eq!(before, after);
}

#[test]
fn a_correction_follows_a_link_and_leaves_it() {
    let site = site(&CLEAN.replace("mypasswo}", "mypassword}"));
    let (file, link) = (site.path().join("skep.yaml"), site.path().join("link.yaml"));
    std::os::unix::fs::symlink("skep.yaml", &link).expect("linked");
    assert_eq!(lint(&site, &["--fix", "link.yaml"]).status.code(), Some(0));
    assert!(link.is_symlink());
    assert_eq!(fs::read_to_string(file).expect("it is there"), CLEAN);
}

/// The commands of the page about CI do what they say.
#[test]
fn the_commands_of_the_page_run() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/ci.md");
    let page = fs::read_to_string(page).expect("the page is there");
    let site = tempfile::tempdir().expect("there is room");
    fs::create_dir(site.path().join("manifests")).expect("there is room");
    fs::write(site.path().join("manifests/skep.yaml"), CLEAN).expect("there is room");
    let commands = page.lines().map(str::trim);
    let commands = commands.filter_map(|line| line.strip_prefix("skep lint "));
    let mut count = 0;
    for command in commands {
        let words = command.split(" > ").next().unwrap_or(command);
        let output = lint(&site, &words.split(' ').collect::<Vec<_>>());
        assert_eq!(output.status.code(), Some(0), "{command}");
        assert!(!output.stdout.is_empty(), "{command}");
        count += 1;
    }
    assert_eq!(count, 3);
}

#[test]
fn standard_input_is_no_file_to_correct() {
    let output = lint(&site(CLEAN), &["--fix", "-"]);
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("name the files"), "{told}");
}

/// Whatever a file holds, it is refused or read with the memory that real manifests need: the
/// kernel gives the process no more.
#[test]
fn hostile_files_are_refused_in_bounded_memory() {
    const KIBIBYTES_MAX: u32 = 512 << 10;
    const LENGTH: usize = 4_000_000;
    let bomb = (1..30).fold("a0: &a0 [x, x, x, x, x]\n".to_owned(), |text, level| {
        let before = format!("*a{}, ", level - 1).repeat(10);
        format!("{text}a{level}: &a{level} [{before}]\n")
    });
    let site = site(&bomb);
    for (name, bytes) in [
        ("deep.yaml", vec![b'['; LENGTH]),
        ("deeper.yaml", "{a: ".repeat(LENGTH / 4).into_bytes()),
        ("zero.yaml", vec![0; LENGTH]),
        ("binary.yaml", vec![0xff; LENGTH]),
        ("text.yaml", vec![b'x'; LENGTH]),
        ("lines.yaml", "- x\n".repeat(LENGTH / 4).into_bytes()),
        ("anchors.yaml", "- &a *a\n".repeat(LENGTH / 8).into_bytes()),
        ("documents.yaml", "---\nx\n".repeat(LENGTH / 6).into_bytes()),
        ("comments.yaml", "#\n".repeat(LENGTH / 16).into_bytes()),
        (
            "keys.yaml",
            (0..LENGTH / 9)
                .map(|key| format!("{key:06}: \n"))
                .collect::<String>()
                .into_bytes(),
        ),
    ] {
        fs::write(site.path().join(name), bytes).expect("there is room");
    }
    let large = fs::File::create(site.path().join("large.yaml")).expect("there is room");
    large.set_len(100 << 20).expect("a hole needs no room");
    for entry in fs::read_dir(site.path()).expect("it is there") {
        let file = entry.expect("it is there").path();
        let output = Command::new("sh")
            .args(["-c", "ulimit -v \"$1\"; exec \"$2\" lint \"$3\"", "sh"])
            .arg(KIBIBYTES_MAX.to_string())
            .arg(env!("CARGO_BIN_EXE_skep"))
            .arg(&file)
            .output()
            .expect("the command runs");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let code = output.status.code();
        assert!(
            matches!(code, Some(0..=2)),
            "{}: {code:?} {told}",
            file.display()
        );
        assert!(
            code != Some(0) || file.ends_with("comments.yaml"),
            "{}",
            file.display()
        );
    }
}
