//! The commands of the book run, and so do the steps of the action: what people copy works.
//!
//! Those that need network namespaces run in the ring of that name (`tests/lab`).

mod action;
#[expect(dead_code, reason = "the ring `namespaces` uses more of it")]
mod page;

use page::{How, Page};

#[test]
fn the_offline_commands_of_the_book_run() {
    for name in page::NAMES {
        let page = Page::read(name);
        for block in &page.blocks {
            match &block.how {
                How::Shown(reason) => {
                    println!("{name}:{}: not run: {reason}", block.line);
                }
                How::InLab => println!("{name}:{}: run in the ring `namespaces`", block.line),
                How::Offline { .. } => println!("{name}:{}: run", block.line),
            }
        }
        page.run(|how| matches!(how, How::Offline { .. }));
    }
}

#[test]
fn every_command_of_the_book_says_how_it_is_run() {
    for name in page::NAMES {
        let page = Page::read(name);
        let commands = ["skep ", "cargo ", "git ", "docker "];
        for (line, text) in &page.others {
            let is_command = commands.iter().any(|command| text.starts_with(command));
            assert!(
                !is_command,
                "{name}:{line}: a command that no test runs: {text}"
            );
        }
    }
}

#[test]
fn every_link_of_the_book_leads_somewhere() {
    for name in page::NAMES {
        for link in Page::read(name).links {
            let target = page::top().join(name);
            let target = target.parent().expect("a folder").join(&link);
            assert!(target.exists(), "{name}: {link}");
        }
    }
}

/// What a merge left behind would be read by everybody.
#[test]
fn no_page_shows_both_sides_of_a_merge() {
    for name in page::NAMES.iter().chain(&["CHANGELOG.md"]) {
        let text = std::fs::read_to_string(page::top().join(name)).expect("it is there");
        let left = |line: &&str| {
            ["<<<<<<< ", ">>>>>>> "]
                .iter()
                .any(|it| line.starts_with(it))
        };
        assert_eq!(text.lines().find(left), None, "{name}");
    }
}
