//! Image names.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::checked_text;

/// The name of an image: `nginx`, `nginx:1.27`, `registry.example.com/team/app:1.0`, optionally
/// with `@sha256:…`.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend(
    "pattern" = "^([A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]+)?/)?[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?$"
))]
pub struct Image(String);

checked_text!(
    Image,
    is_image,
    "an image",
    "such as `nginx:1.27` or `registry.example.com/team/app:1.0`, the repository in lower case"
);

/// The registry of an image that names none.
const DEFAULT_REGISTRY: &str = "docker.io";

impl Image {
    /// The registry it lives in, as its name says: `docker.io` when it says none.
    #[must_use]
    pub fn registry(&self) -> &str {
        let looks_like_host = |first: &&str| {
            *first == "localhost"
                || first.contains(['.', ':'])
                || first.bytes().any(|byte| byte.is_ascii_uppercase())
        };
        let first = self.0.split_once('/').map(|(first, _)| first);
        match first.filter(looks_like_host) {
            None | Some("index.docker.io") => DEFAULT_REGISTRY,
            Some(registry) => registry,
        }
    }
}

/// Whether the image's tag is followed, pinned, or left to the nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum DigestPolicy {
    /// Each node pulls the tag as it is when a task starts there.
    #[default]
    Ignore,
    /// The tag is resolved once, before the service is created or gets this image, and its content
    /// stays.
    Pin,
    /// The tag is resolved again every five minutes, and the service follows it.
    Follow,
}

fn is_image(text: &str) -> bool {
    const LENGTH_MAX: usize = 512;
    let (name, digest) = text
        .split_once('@')
        .map_or((text, None), |(name, digest)| (name, Some(digest)));
    let (first, rest) = name
        .split_once('/')
        .map_or((None, name), |(first, rest)| (Some(first), rest));
    let (path, tag) = rest
        .split_once(':')
        .map_or((rest, None), |(path, tag)| (path, Some(tag)));
    text.len() <= LENGTH_MAX
        && first.is_none_or(|first| is_registry(first) || is_component(first))
        && path.split('/').all(is_component)
        && tag.is_none_or(is_tag)
        && digest.is_none_or(is_digest)
}

fn is_registry(text: &str) -> bool {
    let (host, port) = text
        .split_once(':')
        .map_or((text, None), |(host, port)| (host, Some(port)));
    let host_bytes = host
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
    host.bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_alphanumeric())
        && host_bytes
        && port
            .is_none_or(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_component(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    bytes.first().is_some_and(|byte| word(*byte))
        && bytes.last().is_some_and(|byte| word(*byte))
        && bytes
            .iter()
            .all(|byte| word(*byte) || b"._-".contains(byte))
}

fn is_tag(text: &str) -> bool {
    const LENGTH_MAX: usize = 128;
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.len() <= LENGTH_MAX
        && text.bytes().next().is_some_and(word)
        && text.bytes().all(|byte| word(byte) || b".-".contains(&byte))
}

fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|hex| {
        hex.len() == 64
            && hex
                .bytes()
                .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_lives_where_its_name_says_or_in_the_registry_of_docker() {
        for (text, registry) in [
            ("nginx", "docker.io"),
            ("traefik/whoami:v1.10", "docker.io"),
            ("index.docker.io/library/nginx", "docker.io"),
            ("localhost/app", "localhost"),
            ("localhost:5000/app:1", "localhost:5000"),
            ("registry.example.com/team/app:1.0", "registry.example.com"),
        ] {
            assert_eq!(text.parse::<Image>().unwrap().registry(), registry);
        }
    }

    #[test]
    fn images_are_named_as_docker_names_them() {
        let digest = format!("nginx@sha256:{}", "0".repeat(64));
        for text in [
            "nginx",
            "nginx:1.27",
            "traefik/whoami:v1.10",
            "registry.example.com/webapp:1.0",
            "localhost:5000/a/b_c/d-e",
            "a.b/c",
            &digest,
        ] {
            assert!(text.parse::<Image>().is_ok(), "{text}");
        }
        for text in [
            "",
            "Nginx",
            "nginx:",
            "nginx:a b",
            "nginx@sha256:0",
            "/nginx",
            "a//b",
            "nginx:1:2",
            "a/B",
            "-a",
        ] {
            assert!(text.parse::<Image>().is_err(), "{text}");
        }
    }
}
