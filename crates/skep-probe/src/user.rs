//! The users of this host, by name.

use std::fs;

/// Where users are listed. Directories like LDAP are not asked: a check must not hang on them.
const USERS: &str = "/etc/passwd";

/// Who a program runs as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) id: u32,
    pub(crate) group: u32,
}

impl User {
    /// The user called `name`, or why there is none.
    pub(crate) fn named(name: &str) -> Result<Self, String> {
        let users = fs::read_to_string(USERS)
            .map_err(|error| format!("user `{name}` cannot be found in {USERS}: {error}"))?;
        find(&users, name).ok_or_else(|| format!("there is no user `{name}` in {USERS}"))
    }
}

/// `name:password:id:group:…`
fn find(users: &str, name: &str) -> Option<User> {
    let line = users
        .lines()
        .find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    let id = fields.next()?.parse().ok()?;
    let group = fields.next()?.parse().ok()?;
    Some(User { id, group })
}

#[cfg(test)]
mod tests {
    use super::{User, find};

    #[test]
    fn users_are_found_by_their_whole_name() {
        let users = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\nodd:x\n";
        assert_eq!(
            find(users, "nobody"),
            Some(User {
                id: 65534,
                group: 65534
            })
        );
        assert_eq!(find(users, "nob"), None);
        assert_eq!(find(users, "odd"), None);
    }
}
