//! Agents that reach their repositories by ssh.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cluster::{Cluster, wait_until};
use crate::host;
use crate::pair::{self, A, B, CLIENT, PRIORITIES, VIP};
use crate::repository::{ingress, make_repository, push, start, wait_until_said};

/// The address of the host that serves.
const SERVER: &str = "10.0.0.99";
/// Serves whoever has the key, as a user that only this server knows.
const SCRIPT: &str = "mount --bind \"$1/passwd\" /etc/passwd && \
                      exec dropbear -F -E -s -r \"$1/host\" -P \"$1/pid\" -p 22";

/// The files of the server, and those of the agents.
struct Site {
    directory: PathBuf,
}

impl Site {
    fn start(cluster: &mut Cluster) -> Self {
        let directory = cluster.directory(CLIENT).join("ssh");
        let keys = directory.join("home/.ssh");
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder.create(&keys).expect("there is room");
        let home = directory.join("home");
        let passwd = format!(
            "root:x:0:0::/:/bin/sh\ngit:x:0:0::{}:/bin/sh\n",
            home.display()
        );
        fs::write(directory.join("passwd"), passwd).expect("there is room");
        for name in ["ada", "eve"] {
            make_key(&directory.join(name));
        }
        let made = Command::new("dropbearkey")
            .args(["-t", "ed25519", "-f"])
            .arg(directory.join("host"))
            .output();
        assert!(made.expect("dropbear is installed").status.success());
        let public = fs::read(directory.join("ada.pub")).expect("it was made");
        fs::write(keys.join("authorized_keys"), public).expect("there is room");
        let mut command = cluster.lab.command(CLIENT, "unshare").expect("it lives");
        command.args(["--mount", "sh", "-c", SCRIPT, "sh"]);
        command.arg(&directory);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        cluster.lab.spawn(command).expect("it starts");
        Self { directory }
    }

    /// A file of the agent's own.
    fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Puts this into a file of the agent's own.
    fn put(&self, name: &str, text: &str) {
        let path = self.file(name);
        fs::write(&path, text).expect("there is room");
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("its own");
    }

    /// Gives the agent the key of somebody.
    fn give(&self, whose: &str) {
        let key = fs::read_to_string(self.file(whose));
        self.put("key", &key.expect("it was made"));
    }
}

fn make_key(path: &Path) {
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(path)
        .status();
    assert!(made.expect("ssh is installed").success());
}

/// What `ssh-keyscan` prints of the server.
fn scan(cluster: &Cluster) -> String {
    let mut known = String::new();
    let came = wait_until(|| {
        let scan = ["ssh-keyscan", "-t", "ed25519", SERVER];
        let output = cluster.lab.exec(A, &scan).expect("the host lives");
        known = String::from_utf8(output.stdout).expect("text");
        known.starts_with(SERVER)
    });
    assert!(came, "the server never answers");
    known
}

/// Starts the agent of a host that watches what is at `url`, with the files of the site.
fn start_with(cluster: &mut Cluster, node: &str, url: &str, site: &Site) {
    let environment = [
        "SKEP_INTERVAL=1s",
        &format!("SKEP_GIT={url}"),
        &format!("SKEP_GIT_SSH_KEY={}", site.file("key").display()),
        &format!("SKEP_GIT_KNOWN_HOSTS={}", site.file("known").display()),
    ];
    start(cluster, node, &environment);
}

#[test]
fn a_branch_is_read_by_ssh_from_the_server_that_is_known_with_the_key_that_it_takes() {
    let mut cluster = pair::hosts("ssh");
    make_repository(&cluster, &ingress(PRIORITIES));
    let site = Site::start(&mut cluster);
    let known = scan(&cluster);
    site.put("known", "");
    site.give("ada");
    // Nobody ever takes the call.
    let listen = || TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("a port");
    let hanging = host::on(&cluster, CLIENT, listen);
    let port = hanging.local_addr().expect("it is bound").port();
    let url = format!("ssh://git@{SERVER}:{port}/origin.git");
    start_with(&mut cluster, B, &url, &site);

    let origin = cluster.directory(CLIENT).join("origin.git");
    let url = format!("git@{SERVER}:{}", origin.display());
    start_with(&mut cluster, A, &url, &site);
    let stranger = [
        "Host key verification failed",
        "/known does not know the server",
    ];
    wait_until_said(&cluster, A, &stranger);
    let still = fs::read_to_string(site.file("known")).expect("it is there");
    assert_eq!(still, "", "nobody is trusted for having been there first");

    let eve = fs::read_to_string(site.file("eve.pub")).expect("it was made");
    let of_eve = eve.rsplit_once(' ').expect("a comment").0;
    site.put("known", &format!("{SERVER} {of_eve}\n"));
    let another = ["the server shows another key than", "/known says"];
    wait_until_said(&cluster, A, &another);

    site.give("eve");
    site.put("known", &known);
    let refused = ["Permission denied", "does not take the key in", "/key"];
    wait_until_said(&cluster, A, &refused);
    assert_eq!(cluster.holders(VIP), [""; 0]);

    site.give("ada");
    cluster.wait_for_holder(VIP, A);
    wait_until_said(&cluster, A, &["from git main@", "\"begin\" (Ada)"]);
    push(&cluster, &ingress([110, 90]), "a change");
    wait_until_said(&cluster, A, &["\"a change\" (Ada) (1 document)"]);
    wait_until_said(&cluster, B, &["REJECTED", "timed out"]);
}
