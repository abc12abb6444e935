//! The names of images, as the docker command line understands and the engine stores them.

/// The registry of an image that names none.
const DEFAULT_REGISTRY: &str = "docker.io";
/// The folder of an image of the default registry that names none.
const DEFAULT_FOLDER: &str = "library";

/// The name with a tag, as short as it was written: `nginx` becomes `nginx:latest`.
///
/// This is what the docker command line stores. An image that exists on the node only, under
/// exactly this name, is found by it.
pub(crate) fn tagged(image: &str) -> String {
    let (name, digest) = split_digest(image);
    if digest.is_some() || has_tag(name) {
        image.to_owned()
    } else {
        format!("{image}:latest")
    }
}

/// The whole name, for comparison: `nginx` becomes `docker.io/library/nginx:latest`.
pub(crate) fn normalised(image: &str) -> String {
    let image = tagged(image);
    let (first, rest) = image.split_once('/').unwrap_or(("", &image));
    if !is_registry(first) {
        if first.is_empty() {
            format!("{DEFAULT_REGISTRY}/{DEFAULT_FOLDER}/{image}")
        } else {
            format!("{DEFAULT_REGISTRY}/{image}")
        }
    } else if first == "index.docker.io" || first == DEFAULT_REGISTRY {
        if rest.contains('/') {
            format!("{DEFAULT_REGISTRY}/{rest}")
        } else {
            format!("{DEFAULT_REGISTRY}/{DEFAULT_FOLDER}/{rest}")
        }
    } else {
        image
    }
}

/// The name without the digest, and the digest.
pub(crate) fn split_digest(image: &str) -> (&str, Option<&str>) {
    match image.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (image, None),
    }
}

fn has_tag(name: &str) -> bool {
    name.rsplit('/')
        .next()
        .is_some_and(|last| last.contains(':'))
}

/// Whether the first part of a name is a registry: it looks like a host.
fn is_registry(first: &str) -> bool {
    first == "localhost"
        || first.contains(['.', ':'])
        || first.bytes().any(|byte| byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_a_tag_means_the_latest_and_stays_short() {
        let digest = format!("nginx@sha256:{}", "0".repeat(64));
        for (written, stored) in [
            ("nginx", "nginx:latest"),
            ("nginx:1.27", "nginx:1.27"),
            ("localhost:5000/app", "localhost:5000/app:latest"),
            (digest.as_str(), digest.as_str()),
        ] {
            assert_eq!(tagged(written), stored);
        }
    }

    #[test]
    fn all_ways_to_write_one_image_are_compared_alike() {
        for (written, whole) in [
            ("nginx", "docker.io/library/nginx:latest"),
            ("nginx:latest", "docker.io/library/nginx:latest"),
            ("library/nginx", "docker.io/library/nginx:latest"),
            ("docker.io/nginx", "docker.io/library/nginx:latest"),
            (
                "docker.io/library/nginx:latest",
                "docker.io/library/nginx:latest",
            ),
            (
                "index.docker.io/library/nginx",
                "docker.io/library/nginx:latest",
            ),
            ("traefik/whoami:v1.10", "docker.io/traefik/whoami:v1.10"),
            ("localhost/app", "localhost/app:latest"),
            ("localhost:5000/app", "localhost:5000/app:latest"),
            (
                "registry.example.com/team/app:1.0",
                "registry.example.com/team/app:1.0",
            ),
        ] {
            assert_eq!(normalised(written), whole, "{written}");
        }
    }
}
