use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use skep_manifest::set::SOURCE_BYTES_MAX;

use super::{ReadError, read};

fn names(directory: &Path) -> Vec<String> {
    let tree = read(&[directory.to_owned()]).expect("the directory is readable");
    let prefix = format!("{}/", directory.display());
    tree.sources
        .iter()
        .map(|source| source.name.trim_start_matches(&prefix).to_owned())
        .collect()
}

#[test]
fn a_tree_is_read_in_order_without_hidden_and_foreign_files() {
    let directory = tempfile::tempdir().expect("a directory");
    let root = directory.path();
    fs::create_dir_all(root.join("b/.git")).expect("created");
    for name in [
        "z.yaml",
        "a.yml",
        "b/c.yaml",
        "b/.git/config.yaml",
        "notes.txt",
        ".swap.yaml",
    ] {
        fs::write(root.join(name), "").expect("written");
    }
    assert_eq!(names(root), ["a.yml", "b/c.yaml", "z.yaml"]);
}

#[test]
fn symbolic_links_are_followed_and_a_loop_ends() {
    let directory = tempfile::tempdir().expect("a directory");
    let root = directory.path();
    fs::create_dir_all(root.join("releases/1")).expect("created");
    fs::create_dir_all(root.join("watched")).expect("created");
    fs::write(root.join("releases/1/vip.yaml"), "").expect("written");
    symlink("../releases/1", root.join("watched/current")).expect("linked");
    symlink("..", root.join("releases/1/loop")).expect("linked");
    assert_eq!(names(&root.join("watched")), ["current/vip.yaml"]);
}

#[test]
fn the_directories_that_decide_include_those_of_links_and_their_targets() {
    let directory = tempfile::tempdir().expect("a directory");
    let root = directory.path().canonicalize().expect("it exists");
    fs::create_dir_all(root.join("releases/1")).expect("created");
    fs::create_dir_all(root.join("watched")).expect("created");
    fs::write(root.join("releases/1/vip.yaml"), "").expect("written");
    symlink("../releases/1", root.join("watched/current")).expect("linked");
    let tree = read(&[root.join("watched")]).expect("readable");
    for needed in ["", "watched", "watched/current", "releases"] {
        let needed: PathBuf = root.join(needed).components().collect();
        assert!(
            tree.directories.contains(&needed),
            "{needed:?} of {:?}",
            tree.directories
        );
    }
}

#[test]
fn a_dangling_link_is_as_if_it_were_not_there() {
    let directory = tempfile::tempdir().expect("a directory");
    symlink("nowhere.yaml", directory.path().join("a.yaml")).expect("linked");
    assert_eq!(names(directory.path()), Vec::<String>::new());
}

#[test]
fn a_huge_file_is_refused_by_name() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("image.yaml");
    fs::File::create(&path)
        .and_then(|file| file.set_len(SOURCE_BYTES_MAX as u64 + 1))
        .expect("a sparse file");
    let error = read(&[directory.path().to_owned()]).expect_err("it is too large");
    assert!(matches!(error, ReadError::TooLarge { path: refused } if refused == path));
}

#[test]
fn a_name_that_would_act_on_a_terminal_is_refused_and_shown_harmless() {
    let directory = tempfile::tempdir().expect("a directory");
    let root = directory.path();
    fs::write(root.join("x\u{1b}[31m\n.txt"), "").expect("written");
    assert_eq!(names(root), [""; 0]);
    fs::write(root.join("x\u{1b}[31m\n.yaml"), "").expect("written");
    let error = read(&[root.to_owned()]).expect_err("it cannot be shown");
    let said = error.to_string();
    assert!(said.contains("x\\u{1b}[31m\\n.yaml"), "{said}");
    assert!(!said.contains(char::is_control), "{said}");
}
