//! Where a repository is, and what of it is watched: nothing that `git` or `ssh` could take for an
//! option or a program.

use std::fmt;
use std::path::{Component, Path};
use std::str::FromStr;

use anyhow::{anyhow, bail, ensure};

use crate::control::git::Credentials;

/// How a repository is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    /// A directory of this machine.
    File,
    /// In clear: whoever is on the way can change what arrives.
    Http,
    /// Authenticated by certificates.
    Https,
    /// Authenticated by the keys of hosts.
    Ssh,
}

impl Scheme {
    /// As git names the protocol.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Http => "http",
            Self::Https => "https",
            Self::Ssh => "ssh",
        }
    }
}

/// Where a repository is: `https://…`, `ssh://…`, `user@host:path` or a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    text: String,
    scheme: Scheme,
}

impl Address {
    pub(super) const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// As git understands it.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Checks that what is given to reach it is enough, and nothing of it in vain.
    pub(super) fn check(&self, given: &Credentials, is_signed: bool) -> anyhow::Result<()> {
        let Credentials {
            ssh_key,
            known_hosts,
            token,
            authority,
        } = given;
        let has_ssh = ssh_key.is_some() || known_hosts.is_some();
        match self.scheme {
            Scheme::Ssh if ssh_key.is_none() || known_hosts.is_none() => bail!(
                "{self} needs --git-ssh-key FILE and --git-known-hosts FILE (`ssh-keyscan HOST` \
                 prints the latter: compare it with what the server's owner says)"
            ),
            Scheme::Http if !is_signed => bail!(
                "{self}: whoever is on the way can change what arrives by http: use https, or let \
                 commits be signed (--git-signers FILE)"
            ),
            Scheme::File | Scheme::Http | Scheme::Ssh if authority.is_some() => {
                bail!("--git-ca is for https, and {self} is not")
            }
            Scheme::Ssh if token.is_some() => bail!("a token is for https, and {self} is not"),
            Scheme::File | Scheme::Http if token.is_some() => {
                bail!("a token is for https, and {self} is not")
            }
            Scheme::File | Scheme::Http | Scheme::Https if has_ssh => {
                bail!("--git-ssh-key and --git-known-hosts are for ssh, and {self} is not")
            }
            Scheme::File | Scheme::Http | Scheme::Https | Scheme::Ssh => Ok(()),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Address {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        ensure!(
            !text.chars().any(|c| c.is_whitespace() || c.is_control()),
            "an address has no spaces"
        );
        let made = |scheme, text: &str| Self {
            text: text.to_owned(),
            scheme,
        };
        if text.starts_with('/') {
            return Ok(made(Scheme::File, text));
        }
        if let Some(path) = text.strip_prefix("file://") {
            ensure!(
                path.starts_with('/') && !path.contains('%'),
                "name the directory itself: /PATH"
            );
            return Ok(made(Scheme::File, path));
        }
        for scheme in [Scheme::Https, Scheme::Http, Scheme::Ssh] {
            let rest = text.strip_prefix(scheme.name());
            if let Some(rest) = rest.and_then(|rest| rest.strip_prefix("://")) {
                check_server(scheme, rest.split('/').next().unwrap_or(""))?;
                return Ok(made(scheme, text));
            }
        }
        // As scp writes it; `ext::PROGRAM` is none.
        if let Some((server, path)) = text.split_once(':')
            && server.contains('@')
        {
            check_server(Scheme::Ssh, server)?;
            ensure!(
                !path.is_empty() && !path.starts_with(['-', ':']),
                "after `{server}:` there is a path"
            );
            return Ok(made(Scheme::Ssh, text));
        }
        Err(anyhow!(
            "a repository is at https://HOST/PATH, ssh://USER@HOST/PATH, USER@HOST:PATH or /PATH"
        ))
    }
}

/// Checks `server`, a host with what may stand before and behind it.
fn check_server(scheme: Scheme, server: &str) -> anyhow::Result<()> {
    let (user, host) = server.rsplit_once('@').unwrap_or(("", server));
    let is_plain = |text: &str, more: &[u8]| {
        let mut bytes = text.bytes();
        bytes.all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
    };
    ensure!(
        user.is_empty() || scheme == Scheme::Ssh,
        "an address holds no user and no token, for it is shown: use --git-token FILE"
    );
    ensure!(
        is_plain(user, b"._-") && !user.starts_with('-'),
        "the user is a name, and a password does not stand in an address"
    );
    ensure!(
        !host.is_empty() && is_plain(host, b".-:[]") && !host.starts_with('-'),
        "`{host}` is no host"
    );
    Ok(())
}

/// The name of a branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch(String);

impl fmt::Display for Branch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Branch {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let is_plain = |c: char| c.is_alphanumeric() || "._-/+#".contains(c);
        let is_part = |part: &str| {
            let stands = !part.is_empty() && !part.starts_with(['.', '-']);
            stands && !part.ends_with(['.']) && !part.ends_with(".lock")
        };
        ensure!(
            text.chars().all(is_plain) && text.split('/').all(is_part) && !text.contains(".."),
            "`{text}` is no name of a branch (such as `main` or `clusters/prod`)"
        );
        Ok(Self(text.to_owned()))
    }
}

/// A directory in a repository, nothing for all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subtree(String);

impl Subtree {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// As it follows the name of a branch.
impl fmt::Display for Subtree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_str() {
            "" => Ok(()),
            path => write!(f, ":{path}"),
        }
    }
}

impl FromStr for Subtree {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        ensure!(
            !text.chars().any(char::is_control),
            "a path has no line breaks"
        );
        let mut parts = Vec::new();
        for part in Path::new(text).components() {
            match part {
                Component::CurDir => {}
                Component::Normal(part) => parts.extend(part.to_str()),
                _ => bail!("`{text}` is no directory in a repository (such as `clusters/prod`)"),
            }
        }
        Ok(Self(parts.join("/")))
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn what_could_be_an_option_a_program_or_a_secret_is_no_address() {
        for (text, scheme) in [
            ("https://git.example.org/cube.git", Scheme::Https),
            ("https://[2001:db8::1]:8443/cube", Scheme::Https),
            ("http://gitea:3000/cube", Scheme::Http),
            ("ssh://git@host:2222/cube", Scheme::Ssh),
            ("git@github.com:bees/cube.git", Scheme::Ssh),
            ("/srv/git/cube.git", Scheme::File),
            ("file:///srv/git/cube.git", Scheme::File),
        ] {
            let address: Address = text.parse().expect(text);
            assert_eq!(address.scheme, scheme, "{text}");
        }
        for text in [
            "",
            "-oProxyCommand=x",
            "--upload-pack=x",
            "ext::sh -c x",
            "ext::x@y:z",
            "fd::17",
            "git://host/cube",
            "relative/path",
            "host:path",
            "file://host/%2e",
            "ssh://-oProxyCommand=x/cube",
            "ssh://-x@host/cube",
            "ssh://$(x)@host/cube",
            "a@-oProxyCommand=x:cube",
            "a@host:-x",
            "https://user:token@host/cube",
            "https://token@host/cube",
            "ssh://git:word@host/cube",
            "https:///cube",
            "https://host\n/cube",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }

    #[test]
    fn branches_and_paths_stay_what_they_are() {
        for text in ["main", "clusters/prod", "v1.2", "größer"] {
            assert!(text.parse::<Branch>().is_ok(), "{text}");
        }
        for text in [
            "", "-x", "a..b", "a b", "a:b", "/a", "a/", "a//b", "a.lock", "a@{1}", "+a/-b", "a^",
        ] {
            assert!(text.parse::<Branch>().is_err(), "{text}");
        }
        for (text, path) in [("", ""), (".", ""), ("./a/b/", "a/b")] {
            let subtree: Subtree = text.parse().expect(text);
            assert_eq!(subtree.as_str(), path);
        }
        for text in ["/etc", "..", "a/../..", "a\nb"] {
            assert!(text.parse::<Subtree>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_missing_to_reach_it_or_given_in_vain_is_named() {
        let file = || Some(PathBuf::from("/etc/skep/file"));
        let nothing = Credentials::default();
        let ssh = Credentials {
            ssh_key: file(),
            known_hosts: file(),
            ..Credentials::default()
        };
        let authority = Credentials {
            authority: file(),
            ..Credentials::default()
        };
        let token = Credentials {
            token: file(),
            ..Credentials::default()
        };
        let check = |text: &str, given: &Credentials, is_signed| {
            let address: Address = text.parse().expect(text);
            let checked = address.check(given, is_signed);
            checked.map_err(|error| error.to_string()).err()
        };
        assert_eq!(check("/srv/git", &nothing, false), None);
        assert_eq!(check("https://host/a", &token, false), None);
        assert_eq!(check("https://host/a", &authority, false), None);
        assert_eq!(check("git@host:a", &ssh, false), None);
        assert_eq!(check("http://host/a", &nothing, true), None);
        for (text, given, expected) in [
            ("git@host:a", &nothing, "--git-known-hosts FILE"),
            ("http://host/a", &nothing, "--git-signers FILE"),
            ("git@host:a", &token, "--git-known-hosts FILE"),
            ("/srv/git", &token, "a token is for https"),
            ("/srv/git", &authority, "--git-ca is for https"),
            ("https://host/a", &ssh, "are for ssh"),
        ] {
            let told = check(text, given, false).expect("it is refused");
            assert!(told.contains(expected), "{told}");
        }
    }
}
