mod hostile;
mod https;

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use skep_manifest::set::Source;
use tempfile::TempDir;
use tokio::time::timeout;

use super::*;
use crate::control::contents::Unread;

/// Far longer than git needs for a few files.
const PATIENCE: Duration = Duration::from_secs(60);

/// A work tree with its repository beside it, and what an agent keeps of that.
struct Pair {
    directory: TempDir,
}

impl Pair {
    /// With one commit that holds `vip.yaml`.
    fn new() -> Self {
        let pair = Self {
            directory: tempfile::tempdir().expect("a directory"),
        };
        fs::create_dir(pair.work()).expect("made");
        pair.git(&["init", "--quiet", "--initial-branch=main"]);
        let origin = pair.origin();
        let clone = [
            "clone",
            "--quiet",
            "--bare",
            ".",
            &origin.display().to_string(),
        ];
        pair.git(&clone);
        pair.git(&["remote", "add", "origin", &origin.display().to_string()]);
        pair.save("vip.yaml", "1");
        pair.push("one");
        pair
    }

    fn work(&self) -> PathBuf {
        self.directory.path().join("work")
    }

    fn origin(&self) -> PathBuf {
        self.directory.path().join("origin.git")
    }

    fn save(&self, path: &str, text: &str) {
        let path = self.work().join(path);
        fs::create_dir_all(path.parent().expect("a directory")).expect("made");
        fs::write(path, text).expect("written");
    }

    fn push(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", message]);
        self.git(&["push", "--quiet", "--force", "origin", "HEAD:main"]);
    }

    /// Runs git in the work tree; what it prints.
    fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org"])
            .args(["-c", "protocol.file.allow=always", "-c", "gc.auto=0"])
            .args(arguments)
            .current_dir(self.work())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .expect("git is installed");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}");
        let said = String::from_utf8_lossy(&output.stdout);
        said.trim().to_owned()
    }

    fn options(&self) -> GitOptions {
        let address = self.origin().display().to_string();
        GitOptions {
            address: address.parse().expect("a path"),
            branch: "main".parse().expect("a branch"),
            path: Subtree::default(),
            interval: Duration::from_secs(1),
            credentials: Credentials::default(),
            signers: None,
        }
    }

    fn state(&self) -> PathBuf {
        self.directory.path().join("state")
    }

    fn repository(&self) -> Repository {
        self.repository_of(self.options())
    }

    fn repository_of(&self, options: GitOptions) -> Repository {
        Repository::new(options, &self.state(), PATIENCE)
    }
}

fn texts(sources: &[Source]) -> Vec<String> {
    let text = |source: &Source| {
        let text = String::from_utf8_lossy(&source.text);
        format!("{}: {text}", source.name)
    };
    sources.iter().map(text).collect()
}

/// What the branch holds, a line for each file, or why that is not known.
async fn read(repository: &mut Repository) -> Result<Vec<String>, String> {
    let look = repository.look(None).await;
    let sources = look.sources.map_err(|unread| unread.message())?;
    Ok(texts(&sources))
}

async fn refusal(pair: &Pair) -> String {
    let look = pair.repository().look(None).await;
    match look.sources {
        Err(Unread::Refused(message)) => message,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn each_commit_is_read_with_who_made_it_and_what_it_is_made_from() {
    let pair = Pair::new();
    let mut repository = pair.repository();
    let first = repository.look(None).await;
    assert_eq!(texts(&first.sources.expect("read")), ["vip.yaml: 1"]);
    let first = first.commit.expect("a commit").origin;
    assert_eq!(first.commit, pair.git(&["rev-parse", "HEAD"]));
    assert!(first.to_string().ends_with("\"one\" (Ada)"), "{first}");

    pair.save("more/web.yml", "2");
    pair.save("README.md", "no manifest");
    pair.push("t\u{1b}[31mwo");
    pair.push("three");
    let look = repository.look(None).await;
    let expected = ["more/web.yml: 2", "vip.yaml: 1"];
    assert_eq!(texts(&look.sources.expect("read")), expected);
    let commit = look.commit.expect("a commit");
    assert_eq!(commit.line.len(), 3);
    assert_eq!(commit.line[2], first.commit);
    assert_eq!(pair.git(&["log", "--format=%H"]), commit.line.join("\n"));
}

#[tokio::test]
async fn a_path_is_the_root_of_what_is_read_and_one_that_is_gone_is_said() {
    let pair = Pair::new();
    pair.save("clusters/cube/vip.yaml", "2");
    pair.push("two");
    let options = GitOptions {
        path: "clusters/cube".parse().expect("a path"),
        ..pair.options()
    };
    let mut repository = pair.repository_of(options);
    assert_eq!(
        read(&mut repository).await,
        Ok(vec!["vip.yaml: 2".to_owned()])
    );
    fs::remove_dir_all(pair.work().join("clusters")).expect("removed");
    pair.push("three");
    let said = read(&mut repository).await.expect_err("it is gone");
    assert!(
        said.contains("there is no directory `clusters/cube`"),
        "{said}"
    );
}

#[tokio::test]
async fn a_branch_that_was_written_anew_deleted_or_made_again_is_read_as_it_is() {
    let pair = Pair::new();
    let mut repository = pair.repository();
    read(&mut repository).await.expect("read");
    pair.save("vip.yaml", "anew");
    pair.git(&["checkout", "--quiet", "--orphan", "anew"]);
    pair.push("anew");
    let look = repository.look(None).await;
    assert_eq!(texts(&look.sources.expect("read")), ["vip.yaml: anew"]);
    assert_eq!(look.commit.expect("a commit").line.len(), 1);

    let origin = format!("--git-dir={}", pair.origin().display());
    pair.git(&[&origin, "update-ref", "-d", "refs/heads/main"]);
    let said = read(&mut repository).await.expect_err("there is none");
    assert!(said.contains("couldn't find remote ref"), "{said}");
    pair.push("again");
    assert!(read(&mut repository).await.is_ok());
}

#[tokio::test]
async fn a_repository_that_is_away_is_read_when_it_is_back_and_a_broken_copy_is_made_anew() {
    let pair = Pair::new();
    let mut repository = pair.repository();
    read(&mut repository).await.expect("read");
    let copy = pair.state().join("copy");
    let mark = copy.join("mark");
    fs::write(&mark, "").expect("written");
    let away = pair.origin().with_extension("away");
    fs::rename(pair.origin(), &away).expect("moved");
    for _again in 0..2 {
        let look = repository.look(None).await;
        let unread = look.sources.expect_err("it is away");
        assert!(matches!(unread, Unread::Unreachable(_)), "{unread:?}");
    }
    fs::rename(away, pair.origin()).expect("moved");
    assert!(read(&mut repository).await.is_ok());
    assert!(mark.exists(), "what was fetched is not fetched again");

    for (text, part) in [("2", "HEAD"), ("3", "objects/pack")] {
        pair.save("vip.yaml", text);
        pair.push(text);
        spoil(&copy.join(part));
        let expected = vec![format!("vip.yaml: {text}")];
        assert_eq!(read(&mut repository).await, Ok(expected), "{part}");
    }
    // As an agent leaves them that was killed while git wrote.
    for (text, lock) in [("4", "shallow.lock"), ("5", "refs/skep/tip.lock")] {
        pair.save("vip.yaml", text);
        pair.push(text);
        fs::write(copy.join(lock), "").expect("written");
        fs::create_dir_all(pair.state().join("copy.new")).expect("made");
        fs::create_dir_all(pair.state().join("copy.old/objects")).expect("made");
        let expected = vec![format!("vip.yaml: {text}")];
        assert_eq!(read(&mut pair.repository()).await, Ok(expected), "{lock}");
    }
}

/// Leaves nothing in a file, or in those of a directory, as a power cut may.
fn spoil(path: &Path) {
    let entries = fs::read_dir(path).into_iter().flatten();
    let inside: Vec<PathBuf> = entries.map(|it| it.expect("read").path()).collect();
    let files = if inside.is_empty() {
        vec![path.to_owned()]
    } else {
        inside
    };
    for file in files {
        fs::remove_file(&file).expect("removed");
        fs::write(&file, "").expect("written");
    }
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up_and_no_process_stays() {
    let pair = Pair::new();
    let server = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = server.local_addr().expect("an address");
    let options = GitOptions {
        address: format!("http://{address}/cube")
            .parse()
            .expect("an address"),
        ..pair.options()
    };
    let mut repository = Repository::new(options, &pair.state(), Duration::from_secs(2));
    let look = timeout(PATIENCE, repository.look(None))
        .await
        .expect("it ends");
    let said = look.sources.expect_err("nobody answers").message();
    assert_eq!(said, "git did not end within 2s");
    // The server's end of the connection ends when the last of the processes does.
    let (mut connection, _) = server.accept().expect("it called");
    connection
        .set_read_timeout(Some(PATIENCE))
        .expect("a limit");
    let mut asked = Vec::new();
    std::io::Read::read_to_end(&mut connection, &mut asked).expect("it is closed");
    assert!(asked.starts_with(b"GET /cube/info/refs"), "it asked");
}

#[tokio::test]
async fn only_commits_signed_by_a_known_key_are_read_when_that_is_asked_for() {
    let pair = Pair::new();
    let key = |name: &str| {
        let path = pair.directory.path().join(name);
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-f"])
            .arg(&path)
            .status();
        assert!(made.expect("it is installed").success());
        path
    };
    let (ada, eve) = (key("ada"), key("eve"));
    let public = fs::read_to_string(ada.with_extension("pub")).expect("read");
    let signers = pair.directory.path().join("signers");
    fs::write(&signers, format!("ada@example.org {public}")).expect("written");
    let options = GitOptions {
        signers: Some(signers),
        ..pair.options()
    };
    let mut repository = pair.repository_of(options);
    let sign = |key: &Path, message: &str| {
        pair.save("vip.yaml", message);
        pair.git(&["add", "--all"]);
        let signing = format!("user.signingKey={}", key.display());
        let commit = ["commit", "--quiet", "-S", "-m", message];
        let configured = ["-c", "gpg.format=ssh", "-c", &signing];
        pair.git(&[&configured[..], &commit].concat());
        pair.git(&["push", "--quiet", "--force", "origin", "HEAD:main"]);
    };
    let unsigned = read(&mut repository).await.expect_err("it is not signed");
    assert!(
        unsigned.starts_with("it is not signed by a key"),
        "{unsigned}"
    );
    sign(&ada, "by ada");
    let by_ada = vec!["vip.yaml: by ada".to_owned()];
    assert_eq!(read(&mut repository).await, Ok(by_ada.clone()));
    sign(&eve, "by eve");
    let by_eve = read(&mut repository).await.expect_err("nobody knows eve");
    assert!(by_eve.starts_with("it is not signed by a key"), "{by_eve}");
    pair.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    pair.git(&["push", "--quiet", "--force", "origin", "HEAD:main"]);
    assert_eq!(read(&mut repository).await, Ok(by_ada));
}

#[tokio::test]
async fn an_agent_that_starts_again_begins_with_what_it_accepted_whatever_was_pushed_since() {
    let pair = Pair::new();
    let mut repository = pair.repository();
    assert!(repository.accepted().is_none());
    let look = repository.look(None).await;
    let first = look.commit.expect("a commit").origin;
    Accepted::keep(&pair.state(), &pair.options(), &first).expect("kept");
    for text in ["2", "3"] {
        pair.save("vip.yaml", text);
        pair.push(text);
        read(&mut repository).await.expect("read");
    }
    fs::remove_dir_all(pair.origin()).expect("removed");
    let again = pair.repository().accepted().expect("it was kept");
    assert_eq!(texts(&again.sources.expect("read")), ["vip.yaml: 1"]);
    assert_eq!(again.commit.expect("a commit").origin, first);
    let kept = fs::read_dir(pair.state().join("files"))
        .expect("there")
        .count();
    assert_eq!(kept, 2, "the accepted one and the latest");
}

#[tokio::test]
async fn what_cannot_be_written_costs_nothing_of_what_was_accepted() {
    let pair = Pair::new();
    pair.save("prod/vip.yaml", "1");
    symlink("/etc/hostname", pair.work().join("out.yaml")).expect("linked");
    pair.push("two");
    let of = |path: &str| GitOptions {
        path: path.parse().expect("a path"),
        ..pair.options()
    };
    let look = pair.repository_of(of("prod")).look(None).await;
    let origin = look.commit.expect("a commit").origin;
    Accepted::keep(&pair.state(), &of("prod"), &origin).expect("kept");
    // The same commit, of which more is asked for.
    assert!(refusal(&pair).await.contains("out.yaml"));
    let again = pair.repository().accepted().expect("it was kept");
    assert_eq!(texts(&again.sources.expect("read")), ["vip.yaml: 1"]);
    let mut repository = pair.repository_of(of("prod"));
    assert_eq!(read(&mut repository).await, Ok(vec!["vip.yaml: 1".into()]));
    let kept = fs::read_dir(pair.state().join("files")).expect("there");
    assert_eq!(kept.count(), 1, "nothing is left behind");
}

#[tokio::test]
async fn another_path_of_the_same_commit_is_something_else() {
    let pair = Pair::new();
    pair.save("prod/vip.yaml", "of prod");
    pair.save("test/vip.yaml", "of test");
    pair.push("two");
    let of = |path: &str| GitOptions {
        path: path.parse().expect("a path"),
        ..pair.options()
    };
    let look = pair.repository_of(of("prod")).look(None).await;
    let origin = look.commit.expect("a commit").origin;
    Accepted::keep(&pair.state(), &of("prod"), &origin).expect("kept");
    let mut repository = pair.repository_of(of("test"));
    let accepted = repository.accepted().expect("it was kept");
    assert_eq!(
        texts(&accepted.sources.expect("read")),
        ["vip.yaml: of prod"]
    );
    assert_eq!(accepted.commit, None, "that is not what it holds there");
    let of_test = Ok(vec!["vip.yaml: of test".to_owned()]);
    assert_eq!(read(&mut repository).await, of_test);
    // As long as that is not accepted, a restart begins with what was.
    let accepted = repository.accepted().expect("it was kept");
    assert_eq!(
        texts(&accepted.sources.expect("read")),
        ["vip.yaml: of prod"]
    );
}

#[tokio::test]
async fn what_was_fed_long_ago_is_found_however_many_commits_are_between() {
    let pair = Pair::new();
    let fed = pair.git(&["rev-parse", "HEAD"]);
    for number in 0..60 {
        let message = number.to_string();
        pair.git(&["commit", "--quiet", "--allow-empty", "-m", &message]);
    }
    pair.push("the last");
    let mut repository = pair.repository();
    let line = |look: Contents| look.commit.expect("a commit").line;
    let near = line(repository.look(None).await);
    assert_eq!(near.len(), 50);
    let far = line(repository.look(Some(&fed)).await);
    assert_eq!(far.last(), Some(&fed));
    assert_eq!(line(repository.look(Some(&fed)).await), far);
    // One that is nowhere is looked for once.
    let none = "0".repeat(40);
    assert_eq!(line(repository.look(Some(&none)).await), far);
}

#[tokio::test]
async fn a_repository_with_names_of_sha_256_is_read() {
    let pair = Pair::new();
    let make = |arguments: &[&str]| {
        let made = Command::new("git").args(arguments).status();
        assert!(made.expect("it is installed").success());
    };
    let origin = pair.origin().display().to_string();
    fs::remove_dir_all(pair.origin()).expect("removed");
    fs::remove_dir_all(pair.work().join(".git")).expect("removed");
    let work = pair.work().display().to_string();
    let sha256 = [
        "init",
        "--quiet",
        "--object-format=sha256",
        "--initial-branch=main",
    ];
    make(&[&sha256[..], &["--bare", &origin]].concat());
    make(&[&sha256[..], &[&work]].concat());
    pair.git(&["remote", "add", "origin", &origin]);
    pair.push("one");
    let mut repository = pair.repository();
    for text in ["1", "2"] {
        pair.save("vip.yaml", text);
        pair.push(text);
        let look = repository.look(None).await;
        assert_eq!(look.commit.expect("a commit").origin.commit.len(), 64);
        let expected = vec![format!("vip.yaml: {text}")];
        assert_eq!(texts(&look.sources.expect("read")), expected);
    }
}

#[tokio::test]
async fn a_nudge_delivers_what_the_branch_holds_before_the_next_look_is_due() {
    let pair = Pair::new();
    let options = GitOptions {
        interval: Duration::from_secs(86_400),
        ..pair.options()
    };
    let (sender, mut contents) = mpsc::channel(1);
    let nudge = feed(options, &pair.state(), sender).expect("a thread");
    let mut next = async || {
        let look = timeout(PATIENCE, contents.recv()).await.expect("in time");
        texts(&look.expect("it runs").sources.expect("read"))
    };
    assert_eq!(next().await, ["vip.yaml: 1"]);
    pair.save("vip.yaml", "2");
    pair.push("two");
    nudge.look();
    assert_eq!(next().await, ["vip.yaml: 2"]);
    nudge.look();
    assert_eq!(next().await, ["vip.yaml: 2"], "who asks is answered");
}
