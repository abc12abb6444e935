use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;

use skep_manifest::set::Source;

use super::feed;
use crate::control::contents::{Contents, Unread};

/// Far longer than any change takes to arrive, far shorter than the reading without a hint.
const PATIENCE: Duration = Duration::from_secs(10);

/// A fed directory: what it holds arrives as one string per file, `name: text`.
struct Fed {
    contents: mpsc::Receiver<Contents>,
}

impl Fed {
    fn start(directory: PathBuf) -> Self {
        let (sender, contents) = mpsc::channel(1);
        feed(directory, sender).expect("a thread");
        Self { contents }
    }

    async fn next(&mut self) -> Result<Vec<Source>, Unread> {
        let contents = timeout(PATIENCE, self.contents.recv())
            .await
            .expect("the change is noticed")
            .expect("the feeder runs");
        contents.sources
    }

    /// Waits until the directory was read as exactly `expected`.
    async fn becomes(&mut self, expected: &[&str]) {
        loop {
            let read = self.next().await.expect("the directory is readable");
            let texts: Vec<String> = read
                .iter()
                .map(|source| String::from_utf8_lossy(&source.text).into_owned())
                .collect();
            if texts == expected {
                return;
            }
        }
    }
}

fn save_by_rename(path: &Path, text: &str) {
    let new = path.with_extension("new");
    fs::write(&new, text).expect("written");
    fs::rename(&new, path).expect("renamed");
}

fn swap_link(link: &Path, target: &str) {
    let new = link.with_extension("swap");
    symlink(target, &new).expect("linked");
    fs::rename(&new, link).expect("renamed");
}

#[tokio::test]
async fn saves_by_rename_are_seen_every_time() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("vip.yaml");
    fs::write(&path, "1").expect("written");
    let mut fed = Fed::start(directory.path().to_owned());
    fed.becomes(&["1"]).await;
    for text in ["2", "3", "4"] {
        save_by_rename(&path, text);
        fed.becomes(&[text]).await;
    }
}

#[tokio::test]
async fn a_file_that_is_being_written_is_read_when_it_is_closed() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("vip.yaml");
    fs::write(&path, "1\n2\n").expect("written");
    let mut fed = Fed::start(directory.path().to_owned());
    fed.becomes(&["1\n2\n"]).await;
    let mut file = fs::File::create(&path).expect("opened");
    for line in ["3\n", "4\n"] {
        // Longer than anything else is waited for.
        let half = timeout(Duration::from_millis(200), fed.contents.recv()).await;
        assert!(half.is_err(), "{half:?}");
        file.write_all(line.as_bytes()).expect("written");
    }
    drop(file);
    let whole = fed.next().await.expect("readable");
    assert_eq!(whole[0].text, b"3\n4\n", "the first delivery is whole");
}

#[tokio::test]
async fn a_file_that_an_editor_puts_away_to_write_it_anew_is_never_missing() {
    let directory = tempfile::tempdir().expect("a directory");
    let root = directory.path();
    let path = root.join("vip.yaml");
    fs::write(root.join("other.yaml"), "other").expect("written");
    fs::write(&path, "1").expect("written");
    let mut fed = Fed::start(root.to_owned());
    fed.becomes(&["other", "1"]).await;
    fs::write(root.join(".vip.yaml.swp"), "swap").expect("written");
    symlink("user@host.1", root.join(".#vip.yaml")).expect("linked");
    fs::write(root.join("#vip.yaml#"), "saved by itself").expect("written");
    fs::write(root.join("4913"), "").expect("written");
    fs::rename(&path, root.join("vip.yaml~")).expect("renamed");
    let missing = timeout(Duration::from_millis(100), fed.contents.recv()).await;
    assert!(missing.is_err(), "{missing:?}");
    fs::write(&path, "2").expect("written");
    fs::remove_file(root.join("vip.yaml~")).expect("removed");
    let next = fed.next().await.expect("readable");
    let texts: Vec<&[u8]> = next.iter().map(|source| source.text.as_slice()).collect();
    assert_eq!(texts, [&b"other"[..], b"2"]);
    fs::remove_file(&path).expect("removed");
    fed.becomes(&["other"]).await;
}

#[tokio::test]
async fn swaps_of_a_linked_release_are_seen_every_time() {
    let directory = tempfile::tempdir().expect("a directory");
    let root = directory.path();
    for release in ["1", "2", "3"] {
        fs::create_dir_all(root.join(release)).expect("created");
        fs::write(root.join(release).join("vip.yaml"), release).expect("written");
    }
    swap_link(&root.join("current"), "1");
    let mut fed = Fed::start(root.join("current"));
    fed.becomes(&["1"]).await;
    for release in ["2", "3", "1"] {
        swap_link(&root.join("current"), release);
        fed.becomes(&[release]).await;
    }
}

#[tokio::test]
async fn a_directory_that_was_deleted_is_reported_and_followed_when_it_returns() {
    let directory = tempfile::tempdir().expect("a directory");
    let manifests = directory.path().join("manifests");
    let create = |text: &str| {
        fs::create_dir_all(&manifests).expect("created");
        fs::write(manifests.join("vip.yaml"), text).expect("written");
    };
    create("1");
    let mut fed = Fed::start(manifests.clone());
    fed.becomes(&["1"]).await;
    for text in ["2", "3"] {
        fs::remove_dir_all(&manifests).expect("removed");
        while fed.next().await.is_ok() {}
        create(text);
        fed.becomes(&[text]).await;
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_seen_to_be_mended() {
    let directory = tempfile::tempdir().expect("a directory");
    let root = directory.path();
    let sub = root.join("sub");
    fs::create_dir(&sub).expect("created");
    fs::write(root.join("vip.yaml"), "1").expect("written");
    symlink("loop.yaml", sub.join("loop.yaml")).expect("linked");
    let mut fed = Fed::start(root.to_owned());
    let unread = fed.next().await.expect_err("it leads nowhere");
    assert!(unread.message().contains("loop.yaml"), "{unread:?}");
    swap_link(&sub.join("other.yaml"), "other.yaml");
    fs::remove_file(sub.join("loop.yaml")).expect("removed");
    let unread = fed.next().await.expect_err("the other one does neither");
    assert!(unread.message().contains("other.yaml"), "{unread:?}");
    fs::remove_file(sub.join("other.yaml")).expect("removed");
    fed.becomes(&["1"]).await;
}

#[tokio::test]
async fn files_in_new_directories_are_seen() {
    let directory = tempfile::tempdir().expect("a directory");
    let root = directory.path();
    let mut fed = Fed::start(root.to_owned());
    fed.becomes(&[]).await;
    fs::create_dir_all(root.join("a/b")).expect("created");
    fs::write(root.join("a/b/vip.yaml"), "1").expect("written");
    fed.becomes(&["1"]).await;
    save_by_rename(&root.join("a/b/vip.yaml"), "2");
    fed.becomes(&["2"]).await;
}

#[tokio::test]
async fn a_change_that_changes_nothing_is_not_delivered() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("vip.yaml");
    fs::write(&path, "1").expect("written");
    let mut fed = Fed::start(directory.path().to_owned());
    fed.becomes(&["1"]).await;
    save_by_rename(&path, "1");
    save_by_rename(&directory.path().join("other.yaml"), "2");
    let next = fed.next().await.expect("readable");
    assert_eq!(
        next.len(),
        2,
        "the first delivery after the start holds the new file"
    );
}

#[tokio::test]
async fn a_source_that_does_not_answer_holds_up_nobody_else() {
    let directory = tempfile::tempdir().expect("a directory");
    // Opening a pipe waits for who writes, as a file on a dead server waits for the server.
    let pipe = directory.path().join("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("it is installed").success());
    let (answer, is_to_answer) = std::sync::mpsc::channel();
    let server = std::thread::spawn({
        let pipe = pipe.clone();
        move || {
            let asked = is_to_answer.recv_timeout(PATIENCE);
            fs::write(pipe, "1").expect("somebody reads");
            asked.is_ok()
        }
    });
    let mut fed = Fed::start(pipe);
    let nothing = timeout(Duration::from_millis(50), fed.contents.recv()).await;
    assert!(nothing.is_err(), "nobody wrote yet");
    answer.send(()).expect("it waits to be asked");
    assert!(server.join().expect("it wrote"), "who waits was held up");
}
