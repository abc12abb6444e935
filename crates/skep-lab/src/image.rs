//! Images for the lab's engines, made without a registry: a tar of a root and a default command.

mod tar;

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

/// Where Debian's busybox-static puts its one program.
const BUSYBOX: &str = "/bin/busybox";
/// Serves the container's host name on port 80. The shell is there to end at `SIGTERM`: the first
/// process of a container ignores what it does not handle, and the engine would wait ten seconds.
const SERVE_HOST_NAME: &str = "/bin/busybox hostname > /www/index.html; trap exit TERM; \
    /bin/busybox httpd -f -p 80 -h /www & wait";
const MODE_PROGRAM: u32 = 0o755;

/// The root of a container and how it is run.
#[derive(Clone, Debug)]
pub struct Image {
    root: Vec<u8>,
    /// What is run unless a service says otherwise.
    command: Vec<String>,
}

impl Image {
    /// A web server that answers on port 80 with the host name of its container.
    pub fn web() -> Result<Self> {
        let busybox = fs::read(BUSYBOX)
            .with_context(|| format!("cannot read {BUSYBOX}: install busybox-static"))?;
        let mut root = tar::Writer::default();
        root.directory("bin")?;
        root.file("bin/busybox", MODE_PROGRAM, &busybox)?;
        root.directory("www")?;
        let command = ["/bin/busybox", "sh", "-c", SERVE_HOST_NAME];
        Ok(Self {
            root: root.finish(),
            command: command.map(str::to_owned).to_vec(),
        })
    }

    /// The root in a tar file, such as `docker export` writes; whoever runs it says the command.
    pub fn read(path: &Path) -> Result<Self> {
        let root = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Self {
            root,
            command: Vec::new(),
        })
    }

    pub(crate) fn root(&self) -> &[u8] {
        &self.root
    }

    /// Where the engine takes it under this name.
    pub(crate) fn import_path(&self, name: &str) -> Result<String> {
        let (repository, tag) = repository_and_tag(name)?;
        let mut path = format!(
            "/images/create?fromSrc=-&repo={}&tag={}",
            percent_encoded(repository),
            percent_encoded(tag)
        );
        if !self.command.is_empty() {
            let words = serde_json::to_string(&self.command).context("words are JSON")?;
            path += "&changes=";
            path += &percent_encoded(&format!("CMD {words}"));
        }
        Ok(path)
    }
}

/// An image's name in two; a colon before the last `/` is a registry's port.
fn repository_and_tag(name: &str) -> Result<(&str, &str)> {
    if name.is_empty() || name.contains('@') {
        bail!("`{name}` is no name to import an image under: say REPOSITORY[:TAG]");
    }
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => Ok((repository, tag)),
        _ => Ok((name, "latest")),
    }
}

fn percent_encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_a_repository_and_a_tag() {
        let check = |name, expected| assert_eq!(repository_and_tag(name).unwrap(), expected);
        check("nginx", ("nginx", "latest"));
        check("nginx:1.27", ("nginx", "1.27"));
        check("registry:5000/web", ("registry:5000/web", "latest"));
        check("registry:5000/web:2", ("registry:5000/web", "2"));
    }

    #[test]
    fn a_digest_is_no_name_to_import_under() {
        assert!(repository_and_tag("nginx@sha256:00").is_err());
        assert!(repository_and_tag("").is_err());
    }

    #[test]
    fn the_command_survives_the_query() {
        let image = Image {
            root: Vec::new(),
            command: vec!["a".to_owned()],
        };
        assert_eq!(
            image.import_path("nginx").unwrap(),
            "/images/create?fromSrc=-&repo=nginx&tag=latest&changes=CMD%20%5B%22a%22%5D"
        );
    }
}
