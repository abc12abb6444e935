//! What whoever may push could try.

use super::*;
use crate::control::git::program::Git;

#[tokio::test]
async fn nothing_of_a_repository_is_run_and_nothing_of_the_user_is_read() {
    let pair = Pair::new();
    let trace = pair.directory.path().join("trace");
    let program = pair.directory.path().join("program");
    let script = format!("#!/bin/sh\ntouch {}\ncat\n", trace.display());
    fs::write(&program, script).expect("written");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("made a program");
    let program = program.display().to_string();
    for hook in [
        "pre-receive",
        "post-checkout",
        "reference-transaction",
        "upload-pack",
    ] {
        let hook = pair.origin().join("hooks").join(hook);
        fs::create_dir_all(hook.parent().expect("a directory")).expect("made");
        symlink(&program, hook).expect("linked");
    }
    // Hooks of the server run where the server is: only this one would run for who fetches.
    let config = pair.origin().join("config");
    let mut text = fs::read_to_string(&config).expect("read");
    text.push_str(&format!("[uploadpack]\n\tpackObjectsHook = {program}\n"));
    text.push_str(&format!("[filter \"x\"]\n\tsmudge = {program}\n"));
    fs::write(&config, text).expect("written");
    pair.save(".gitattributes", "*.yaml filter=x export-ignore\n");
    pair.save(".gitconfig", &format!("[core]\n\tfsmonitor = {program}\n"));
    pair.git(&["config", "filter.x.clean", "cat"]);
    fs::remove_file(pair.origin().join("hooks/pre-receive")).expect("removed");
    fs::remove_file(pair.origin().join("hooks/reference-transaction")).expect("removed");
    pair.push("two");
    assert_eq!(
        read(&mut pair.repository()).await,
        Ok(vec!["vip.yaml: 1".to_owned()])
    );
    assert!(!trace.exists(), "a program of the repository ran");
}

#[tokio::test]
async fn git_finds_its_settings_also_where_the_state_directory_is_named_from_here() {
    let pair = Pair::new();
    let here = std::env::current_dir().expect("there is one");
    let up: PathBuf = here.components().skip(1).map(|_| "..").collect();
    // Deeper than here, so that the way there from another directory is another one.
    let deep = here
        .components()
        .fold(pair.state(), |it, _| it.join("deep"));
    let state = up.join(deep.strip_prefix("/").expect("it is absolute"));
    let mut repository = Repository::new(pair.options(), &state, PATIENCE);
    assert!(read(&mut repository).await.is_ok());
    let git = Git::new(&pair.options(), &state, "copy", PATIENCE).expect("settings");
    let listed = git.run(&["config", "--get", "protocol.allow"]).await;
    assert_eq!(listed, Ok(b"never\n".to_vec()));
}

#[tokio::test]
async fn what_somebody_writes_about_a_commit_is_told_in_short_and_acts_on_no_terminal() {
    let pair = Pair::new();
    fs::write(pair.work().join("../long"), "x".repeat(500_000)).expect("written");
    let long = ["commit", "--quiet", "--allow-empty", "--file=../long"];
    // Together more than may be printed about a branch.
    for _commit in 0..40 {
        pair.git(&long);
    }
    let told = "\u{1b}]0;x\u{7}two\u{202e}";
    let author = "--author=E\u{1b}[31mve <eve@example.org>";
    pair.git(&["commit", "--quiet", "--allow-empty", author, "-m", told]);
    pair.git(&["push", "--quiet", "origin", "HEAD:main"]);
    let look = pair.repository().look(None).await;
    let commit = look.commit.expect("a commit");
    assert_eq!(commit.origin.author, "E[31mve");
    assert_eq!(commit.origin.message, "]0;xtwo");
    assert_eq!(commit.line.len(), 42);
}

#[tokio::test]
async fn a_file_that_cannot_be_called_by_its_name_is_told_without_it() {
    let pair = Pair::new();
    pair.save("x\u{1b}[31m\n.txt", "no manifest");
    pair.push("two");
    let mut repository = pair.repository();
    let one = vec!["vip.yaml: 1".to_owned()];
    assert_eq!(read(&mut repository).await, Ok(one));
    for (name, target) in [("x\u{1b}[31m\n.yaml", "vip.yaml"), ("y\u{1b}[31m", "..")] {
        let path = pair.work().join(name);
        symlink(target, &path).expect("linked");
        pair.push("three");
        let said = read(&mut repository).await.expect_err("it is refused");
        assert!(!said.contains(char::is_control), "{said}");
        fs::remove_file(&path).expect("removed");
    }
}

#[tokio::test]
async fn links_and_names_that_lead_out_submodules_and_floods_are_refused_with_their_path() {
    let pair = Pair::new();
    fs::write(pair.directory.path().join("secret.yaml"), "hive").expect("written");
    let links = [
        ("out.yaml", "../secret.yaml"),
        ("etc.yaml", "/etc/hostname"),
        ("self.yaml", "self.yaml"),
        ("deep/all", ".."),
        ("nowhere.yaml", "missing.yaml"),
    ];
    for (name, target) in links {
        let path = pair.work().join(name);
        fs::create_dir_all(path.parent().expect("a directory")).expect("made");
        symlink(target, &path).expect("linked");
        pair.push(name);
        let said = refusal(&pair).await;
        assert!(
            said.starts_with(&format!("{name} is a symbolic link")),
            "{said}"
        );
        fs::remove_file(path).expect("removed");
    }
    // A file beside it is no way out.
    symlink("../vip.yaml", pair.work().join("deep/same.yaml")).expect("linked");
    pair.push("inside");
    let expected = ["deep/same.yaml: 1".to_owned(), "vip.yaml: 1".to_owned()];
    assert_eq!(read(&mut pair.repository()).await, Ok(expected.to_vec()));

    let commit = pair.git(&["rev-parse", "HEAD"]);
    let submodule = format!("160000,{commit},module");
    pair.git(&["update-index", "--add", "--cacheinfo", &submodule]);
    pair.git(&["commit", "--quiet", "-m", "submodule"]);
    pair.git(&["push", "--quiet", "--force", "origin", "HEAD:main"]);
    let said = refusal(&pair).await;
    assert!(said.starts_with("module is a submodule"), "{said}");

    pair.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    pair.save("large.bin", &"0".repeat((8 << 20) + 1));
    pair.push("large");
    let said = refusal(&pair).await;
    assert!(said.starts_with("large.bin is larger than 8 MiB"), "{said}");
}

#[test]
fn a_tree_that_no_honest_git_makes_is_refused() {
    let object = "0".repeat(40);
    let listed = |path: &str| format!("100644 blob {object}       1\t{path}\0");
    assert_eq!(
        tree::parse(listed("a/b.yaml").as_bytes()).map(|it| it.len()),
        Ok(1)
    );
    for path in ["../a", "/etc/skep/a", "a/../../b", "."] {
        let said = tree::parse(listed(path).as_bytes()).expect_err(path);
        assert!(said.contains("leads out"), "{said}");
    }
    let many: String = (0..10_001)
        .map(|number| listed(&number.to_string()))
        .collect();
    let said = tree::parse(many.as_bytes()).expect_err("too many");
    assert!(said.contains("10000 files"), "{said}");
    let heavy = listed("a").replace("       1", " 8388608");
    let heavy: String = (0..9).map(|_| heavy.as_str()).collect();
    let said = tree::parse(heavy.as_bytes()).expect_err("too much");
    assert!(said.contains("64 MiB"), "{said}");
}
