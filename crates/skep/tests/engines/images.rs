//! Images out of a registry that wants to know who asks, pinned and followed.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use crate::process::{Part, signal};
use crate::site::Site;

const MANIFEST: &str = "\
apiVersion: skep/v1
kind: Swarm
metadata: {name: pulling}
spec:
  nodes:
    - {name: first, address: 10.0.0.60, role: manager}
  registries:
    - {host: \"127.0.0.1:5000\", username: puller, password: {fromFile: password.txt}}
---
apiVersion: skep/v1
kind: Service
metadata: {name: pinned}
spec: {image: \"127.0.0.1:5000/app:1\", digest: pin}
---
apiVersion: skep/v1
kind: Service
metadata: {name: followed}
spec: {image: \"127.0.0.1:5000/app:1\", digest: follow}
";
/// An engine asks a registry at this address without TLS; each node has its own.
const IMAGE: &str = "127.0.0.1:5000/app:1";
const PASSWORD: &str = "pull-only-by-word";
/// The password as `htpasswd -B` writes it.
const USERS: &str = "puller:$2y$05$q2VgujLGLjedVADpGexThe77hCN7/wXpDSVqF3KSBGiwRUc8KB..S\n";

/// A registry on a node, which ends with the test.
struct Registry<'a> {
    site: &'a Site,
    process: Child,
    login: PathBuf,
}

#[test]
fn a_pinned_image_stays_and_a_followed_one_goes_with_its_tag() {
    let site = Site::up_with("images", MANIFEST);
    let registry = Registry::start(&site);
    let first = registry.push("1");
    let manifest = site.write(MANIFEST);
    let path = manifest.display().to_string();
    write_password(&site, "another word");
    let said = site.skep("first", &["apply", "-f", &path]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let refused = format!("its registry does not say what {IMAGE} is");
    site.wait_until("the registry refuses", || {
        site.skep("first", &["status"]).output.contains(&refused)
    });
    assert_eq!(image_of(&site, "pinned"), "");

    write_password(&site, PASSWORD);
    site.apply("first", &manifest);
    let image = |digest: &str| format!("{IMAGE}@{digest}");
    assert_eq!(image_of(&site, "pinned"), image(&first));
    assert_eq!(image_of(&site, "followed"), image(&first));

    let second = registry.push("2");
    assert_ne!(first, second);
    // Images are looked up every few minutes, and when control starts.
    let control = site.process("first", Part::Control).expect("it runs");
    signal("-KILL", control);
    site.wait_until("the image is followed", || {
        image_of(&site, "followed") == image(&second)
    });
    site.apply("first", &manifest);
    assert_eq!(image_of(&site, "pinned"), image(&first));
    let said = site.skep("first", &["diff", "-f", &path]);
    assert_eq!((said.code, said.output.as_str()), (Some(0), ""), "{said:?}");
}

fn write_password(site: &Site, password: &str) {
    let path = site.directory().join("password.txt");
    fs::write(path, password).expect("there is room for files");
}

/// The image that a service names.
fn image_of(site: &Site, service: &str) -> String {
    let service = site.engine("first").service(service).unwrap_or_default();
    let image = &service["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"];
    image.as_str().unwrap_or_default().to_owned()
}

impl<'a> Registry<'a> {
    /// Starts it, and waits until it lets its user in.
    fn start(site: &'a Site) -> Self {
        let directory = site.directory();
        let users = directory.join("users");
        fs::write(&users, USERS).expect("there is room for files");
        let settings = format!(
            "version: 0.1\nlog: {{level: error}}\nhttp: {{addr: \"127.0.0.1:5000\"}}\n\
             storage: {{filesystem: {{rootdirectory: {}}}}}\n\
             auth: {{htpasswd: {{realm: lab, path: {}}}}}\n",
            directory.join("registry").display(),
            users.display()
        );
        let path = directory.join("registry.yml");
        fs::write(&path, settings).expect("there is room for files");
        let path = path.display().to_string();
        let mut command = site.exec_command("first", &["docker-registry", "serve", &path]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let registry = Self {
            site,
            process: command.spawn().expect("docker-registry is installed"),
            login: directory.join("login"),
        };
        site.wait_until("the registry answers", || {
            let words = ["login", "-u", "puller", "-p", PASSWORD, "127.0.0.1:5000"];
            registry.docker(&words).is_some()
        });
        registry
    }

    /// Pushes an image with this in its labels, and leaves none on the node; its digest.
    fn push(&self, version: &str) -> String {
        let container = self.site.docker("first", &["create", "nginx"]);
        let container = container.trim();
        let label = format!("LABEL version={version}");
        self.site
            .docker("first", &["commit", "--change", &label, container, IMAGE]);
        self.site.docker("first", &["rm", container]);
        let said = self.docker(&["push", IMAGE]).expect("it is pushed");
        self.site.docker("first", &["rmi", IMAGE]);
        let digest = said
            .split_whitespace()
            .find(|word| word.starts_with("sha256:"));
        digest.expect("it says the digest").to_owned()
    }

    /// What the engine's command line says as the registry's user, when it succeeds.
    fn docker(&self, words: &[&str]) -> Option<String> {
        let login = self.login.display().to_string();
        let said = self
            .site
            .docker_said("first", &[&["--config", &login], words].concat());
        (said.code == Some(0)).then_some(said.output)
    }
}

impl Drop for Registry<'_> {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _ended = self.process.wait();
    }
}
