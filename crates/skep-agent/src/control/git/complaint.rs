//! What `git` and `ssh` complain about, in a line that says what helps.

use std::path::Path;

use crate::control::git::Credentials;

/// How much of a complaint is shown.
const CHARS_MAX: usize = 300;

/// What git says last when ssh said before what is wrong.
const SEE_ABOVE: &str = "fatal: Could not read from remote repository.";

/// The complaint in one line, with the remedy where what was `given` is at fault.
pub(super) fn in_short(complaint: &[u8], given: &Credentials) -> Option<String> {
    let text = String::from_utf8_lossy(complaint);
    let line = most_telling(&text)?;
    let remedy = remedy(&text, given).map_or_else(String::new, |remedy| format!(" ({remedy})"));
    Some(format!("{}{remedy}", printable(line, CHARS_MAX)))
}

/// The beginning of what somebody else wrote, without what would act on a terminal or let it be read
/// in another order than it stands in.
pub(super) fn printable(text: &str, chars_max: usize) -> String {
    let turns = |c| matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let plain = text.chars().filter(|c| !c.is_control() && !turns(*c));
    plain.take(chars_max).collect()
}

/// The line that says most: what git itself calls fatal, or what ssh said before it, or the last.
fn most_telling(text: &str) -> Option<&str> {
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let of_git = lines().find(|line| line.starts_with("fatal: "));
    if of_git == Some(SEE_ABOVE) {
        let before = lines().take_while(|line| *line != SEE_ABOVE);
        return before.last().or(of_git);
    }
    of_git.or_else(|| lines().next_back())
}

/// What helps against `text`.
fn remedy(text: &str, given: &Credentials) -> Option<String> {
    let says = |any: &[&str]| any.iter().any(|words| text.contains(words));
    let file = |path: &Option<_>| path.as_deref().map_or_else(String::new, shown);
    if says(&["REMOTE HOST IDENTIFICATION HAS CHANGED"]) {
        return Some(format!(
            "the server shows another key than {} says: somebody stands between, or it got a new \
             one; ask its owner before you put that there",
            file(&given.known_hosts)
        ));
    }
    if says(&["Host key verification failed"]) {
        return Some(format!(
            "{} does not know the server: `ssh-keyscan HOST` prints its keys, compare them with what \
             its owner says",
            file(&given.known_hosts)
        ));
    }
    if says(&["Permission denied (publickey"]) {
        return Some(format!(
            "the server does not take the key in {}: let its owner add the public half, which \
             `ssh-keygen -y -f` prints",
            file(&given.ssh_key)
        ));
    }
    if says(&["Authentication failed", "could not read Username"]) {
        return Some(match &given.token {
            Some(token) => format!("the server does not take the token in {}", shown(token)),
            None => "the server asks who that is: give it a token with --git-token FILE".to_owned(),
        });
    }
    // As OpenSSL and as GnuTLS have it.
    if says(&[
        "unable to get local issuer certificate",
        "self-signed certificate",
        "self signed certificate",
        "certificate verification failed",
    ]) {
        return Some(match &given.authority {
            Some(file) => format!("no authority in {} vouches for the server", shown(file)),
            None => "no authority that this node knows vouches for the server: name the right one \
                     with --git-ca FILE"
                .to_owned(),
        });
    }
    None
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(complaint: &str, expected: &str) {
        let given = Credentials {
            ssh_key: Some("/k/key".into()),
            known_hosts: Some("/k/hosts".into()),
            ..Credentials::default()
        };
        let said = in_short(complaint.as_bytes(), &given);
        assert_eq!(said.as_deref(), Some(expected));
    }

    #[test]
    fn the_line_that_says_most_is_told_and_what_helps() {
        let see_above = "fatal: Could not read from remote repository.\n\nPlease make sure you have \
                         the correct access rights\nand the repository exists.\n";
        check(
            &format!("ssh: connect to host h port 22: Connection refused\r\n{see_above}"),
            "ssh: connect to host h port 22: Connection refused",
        );
        check(
            &format!(
                "No ED25519 host key is known\r\nHost key verification failed.\r\n{see_above}"
            ),
            "Host key verification failed. (/k/hosts does not know the server: `ssh-keyscan HOST` \
             prints its keys, compare them with what its owner says)",
        );
        check(
            &format!("fatal: '/x' does not appear to be a git repository\n{see_above}"),
            "fatal: '/x' does not appear to be a git repository",
        );
        check(
            "fatal: unable to access 'https://h/': server certificate verification failed. CAfile: \
             none CRLfile: none\n",
            "fatal: unable to access 'https://h/': server certificate verification failed. CAfile: \
             none CRLfile: none (no authority that this node knows vouches for the server: name \
             the right one with --git-ca FILE)",
        );
        check("\u{1b}[2Jboo\u{202e}\n", "[2Jboo");
    }
}
