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

/// What `docker save` puts at the top of its tars.
const MARK_OF_SAVED: &str = "manifest.json";

/// An image in a tar.
#[derive(Clone, Debug)]
pub struct Image {
    tar: Vec<u8>,
    content: Content,
}

/// What a tar holds.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// The root of a container.
    Root {
        /// What is run unless a service says otherwise.
        command: Vec<String>,
    },
    /// What `docker save` wrote: layers, and how they are run.
    Saved,
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
            tar: root.finish(),
            content: Content::Root {
                command: command.map(str::to_owned).to_vec(),
            },
        })
    }

    /// An image in a file that `docker save` wrote, or the root that `docker export` wrote, for
    /// which whoever runs it says the command.
    pub fn read(path: &Path) -> Result<Self> {
        let tar = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let content = if tar::contains(&tar, MARK_OF_SAVED) {
            Content::Saved
        } else {
            Content::Root {
                command: Vec::new(),
            }
        };
        Ok(Self { tar, content })
    }

    pub(crate) fn tar(&self) -> &[u8] {
        &self.tar
    }

    pub(crate) const fn content(&self) -> &Content {
        &self.content
    }
}

/// Where an engine takes a root under this name.
pub(crate) fn import_path(name: &str, command: &[String]) -> Result<String> {
    let mut path = format!("/images/create?fromSrc=-&{}", name_query(name)?);
    if !command.is_empty() {
        let words = serde_json::to_string(command).context("words are JSON")?;
        path += "&changes=";
        path += &percent_encoded(&format!("CMD {words}"));
    }
    Ok(path)
}

/// Where an engine gives the image it calls `known` another name.
pub(crate) fn tag_path(known: &str, name: &str) -> Result<String> {
    let known = percent_encoded(known);
    Ok(format!("/images/{known}/tag?{}", name_query(name)?))
}

fn name_query(name: &str) -> Result<String> {
    let (repository, tag) = repository_and_tag(name)?;
    let (repository, tag) = (percent_encoded(repository), percent_encoded(tag));
    Ok(format!("repo={repository}&tag={tag}"))
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
    fn a_saved_image_is_known_by_what_lies_at_its_top() {
        let mut saved = tar::Writer::default();
        saved.directory("blobs").unwrap();
        saved.file("oci-layout", 0o644, &[b'x'; 700]).unwrap();
        saved.file("manifest.json", 0o644, b"[]").unwrap();
        let saved = saved.finish();
        assert!(tar::contains(&saved, MARK_OF_SAVED));
        assert!(!tar::contains(&saved[..1024], MARK_OF_SAVED));
        assert!(!tar::contains(&[7; 2048], MARK_OF_SAVED));
        assert!(!tar::contains(&[b'7'; 2048], MARK_OF_SAVED));
        assert!(!tar::contains(&[0; 1024], MARK_OF_SAVED));
    }

    #[test]
    fn the_command_survives_the_query() {
        assert_eq!(
            import_path("nginx", &["a".to_owned()]).unwrap(),
            "/images/create?fromSrc=-&repo=nginx&tag=latest&changes=CMD%20%5B%22a%22%5D"
        );
    }
}
