//! Running `git` so that it can neither ask, nor wait for ever, nor be told by anybody else what to
//! do.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use skep_linux::process::errand;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::control::git::address::Scheme;
use crate::control::git::{Credentials, GitOptions, complaint};
use crate::control::secret_file::{check_private, read_secret};

/// Where programs are found.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// The largest file that git may write: manifests are a thousandth of it.
const FILE_BYTES_MAX: u64 = 256 << 20;

/// How much git may print about a commit.
pub(super) const OUTPUT_BYTES_MAX: usize = 16 << 20;

/// How much of what git complains about is kept.
const COMPLAINT_BYTES_MAX: usize = 8 << 10;

/// The longest token.
const TOKEN_BYTES_MAX: usize = 4096;

/// How a server is reached by way of a proxy: the only part of the agent's environment that git has.
const PROXIES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"];

/// `git`, as it is run for one repository.
pub(super) struct Git {
    directory: PathBuf,
    limit: Duration,
    environment: BTreeMap<&'static str, String>,
    given: Credentials,
}

impl Git {
    /// For the repository called `copy` in `directory`, with settings of its own there; the directory
    /// is made.
    pub(super) fn new(
        options: &GitOptions,
        directory: &Path,
        copy: &str,
        limit: Duration,
    ) -> Result<Self, String> {
        let refuse = |path: &Path, error: std::io::Error| {
            format!("cannot write {}: {error}", path.display())
        };
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(|error| refuse(directory, error))?;
        // Git runs in there, and would look for its settings below.
        let directory = from_root(directory);
        let settings = directory.join("settings");
        let text = text_of_settings(options);
        if fs::read_to_string(&settings).ok().as_ref() != Some(&text) {
            fs::write(&settings, text).map_err(|error| refuse(&settings, error))?;
        }
        let mut environment = environment(options, &settings)?;
        environment.insert("GIT_DIR", copy.to_owned());
        Ok(Self {
            directory,
            limit,
            environment,
            given: options.credentials.clone(),
        })
    }

    /// What git prints when it is run with `arguments`, or what it complains about.
    pub(super) async fn run(&self, arguments: &[&str]) -> Result<Vec<u8>, String> {
        self.run_with(Stdio::null(), OUTPUT_BYTES_MAX, arguments)
            .await
    }

    /// The same with something to read, for more output.
    pub(super) async fn run_on(
        &self,
        input: File,
        bytes_max: usize,
        arguments: &[&str],
    ) -> Result<Vec<u8>, String> {
        self.run_with(input.into(), bytes_max, arguments).await
    }

    async fn run_with(
        &self,
        input: Stdio,
        bytes_max: usize,
        arguments: &[&str],
    ) -> Result<Vec<u8>, String> {
        let mut command = Command::new("git");
        command
            .args(arguments)
            .env_clear()
            .envs(&self.environment)
            .current_dir(&self.directory)
            .stdin(input)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        errand::bounded(command.as_std_mut(), FILE_BYTES_MAX);
        let child = command.spawn();
        let child = child.map_err(|error| format!("`git` cannot be started: {error}"))?;
        let mut running = Running(child);
        match timeout(self.limit, running.end(bytes_max, &self.given)).await {
            Ok(ended) => ended,
            Err(_elapsed) => Err(format!("git did not end within {:?}", self.limit)),
        }
    }
}

/// A process with its session; dropping it ends them all.
struct Running(Child);

impl Running {
    /// What it prints, when it ends well.
    async fn end(&mut self, bytes_max: usize, given: &Credentials) -> Result<Vec<u8>, String> {
        let printed = read_all(self.0.stdout.take(), bytes_max);
        let complained = read_beginning(self.0.stderr.take());
        let (output, complaint) = tokio::try_join!(printed, complained)?;
        let status = self.0.wait().await;
        let status = status.map_err(|error| format!("git cannot be waited for: {error}"))?;
        if status.success() {
            return Ok(output);
        }
        let complaint = complaint::in_short(&complaint, given);
        Err(complaint.unwrap_or_else(|| format!("git ended with {status}")))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(id) = self.0.id() {
            errand::end(id);
        }
    }
}

async fn read_all(
    stream: Option<impl AsyncRead + Unpin>,
    bytes_max: usize,
) -> Result<Vec<u8>, String> {
    let mut read = Vec::new();
    if let Some(stream) = stream {
        let mut stream = stream.take(bytes_max as u64 + 1);
        let ended = stream.read_to_end(&mut read).await;
        ended.map_err(|error| format!("git cannot be read: {error}"))?;
    }
    if read.len() > bytes_max {
        return Err(format!("git prints more than {} MiB", bytes_max >> 20));
    }
    Ok(read)
}

/// Reads to the end, so that nobody stands still who says much, and keeps the beginning.
async fn read_beginning(stream: Option<impl AsyncRead + Unpin>) -> Result<Vec<u8>, String> {
    let mut kept = Vec::new();
    let mut buffer = [0; 1024];
    let Some(mut stream) = stream else {
        return Ok(kept);
    };
    loop {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return Ok(kept),
            Ok(length) => {
                let room = COMPLAINT_BYTES_MAX - kept.len();
                kept.extend_from_slice(&buffer[..length.min(room)]);
            }
        }
    }
}

/// What git would otherwise read from files of the user and of the system.
fn text_of_settings(options: &GitOptions) -> String {
    let scheme = options.address.scheme();
    let mut settings = vec![
        ("core.hooksPath", "/dev/null".to_owned()),
        ("core.fsmonitor", "false".to_owned()),
        ("core.askPass", "/bin/false".to_owned()),
        // Larger ones are never whole in memory.
        ("core.bigFileThreshold", "8m".to_owned()),
        ("protocol.allow", "never".to_owned()),
        ("fetch.recurseSubmodules", "false".to_owned()),
        // What was fetched is one file, whose size is bounded.
        ("fetch.unpackLimit", "1".to_owned()),
        ("gc.auto", "0".to_owned()),
        ("maintenance.auto", "false".to_owned()),
        // What a power cut spoils is fetched anew.
        ("core.fsync", "none".to_owned()),
        // A token is for the server that was named.
        ("http.followRedirects", "false".to_owned()),
        ("log.showSignature", "false".to_owned()),
        ("gpg.program", "/bin/false".to_owned()),
        ("gpg.x509.program", "/bin/false".to_owned()),
        ("gpg.minTrustLevel", "fully".to_owned()),
        ("transfer.bundleURI", "false".to_owned()),
    ];
    if scheme == Scheme::File {
        // Whoever named it means it, whoever owns it.
        settings.push(("safe.directory", "*".to_owned()));
    }
    if let Some(signers) = &options.signers {
        let signers = from_root(signers).display().to_string();
        settings.push(("gpg.ssh.allowedSignersFile", signers));
    }
    if let Some(authority) = &options.credentials.authority {
        let authority = from_root(authority).display().to_string();
        settings.push(("http.sslCAInfo", authority));
    }
    let mut text = format!("[protocol \"{}\"]\n\tallow = always\n", scheme.name());
    for (name, value) in settings {
        let (section, key) = name.rsplit_once('.').unwrap_or(("", name));
        let section = section.split_once('.').map_or_else(
            || section.to_owned(),
            |(section, sub)| format!("{section} \"{sub}\""),
        );
        let value = value.replace('\\', "\\\\").replace('"', "\\\"");
        let value = value.replace('\n', "\\n");
        text.push_str(&format!("[{section}]\n\t{key} = \"{value}\"\n"));
    }
    text
}

/// `path` as it is called from everywhere.
fn from_root(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn environment(
    options: &GitOptions,
    settings: &Path,
) -> Result<BTreeMap<&'static str, String>, String> {
    let mut environment = BTreeMap::from([
        ("PATH", PATH.to_owned()),
        ("HOME", "/nonexistent".to_owned()),
        ("LC_ALL", "C.UTF-8".to_owned()),
        ("GIT_ATTR_NOSYSTEM", "1".to_owned()),
        ("GIT_CONFIG_NOSYSTEM", "1".to_owned()),
        ("GIT_CONFIG_GLOBAL", settings.display().to_string()),
        ("GIT_TERMINAL_PROMPT", "0".to_owned()),
        ("GIT_NO_REPLACE_OBJECTS", "1".to_owned()),
    ]);
    for name in PROXIES {
        if let Ok(proxy) = std::env::var(name) {
            environment.insert(name, proxy);
        }
    }
    if let Some(ssh) = ssh_command(options)? {
        environment.insert("GIT_SSH_COMMAND", ssh);
        environment.insert("GIT_SSH_VARIANT", "ssh".to_owned());
    }
    if let Some(token) = &options.credentials.token {
        // Not on a command line, which everybody can read, nor in one more file.
        environment.insert("GIT_CONFIG_COUNT", "1".to_owned());
        let header = format!("http.{}.extraHeader", options.address);
        environment.insert("GIT_CONFIG_KEY_0", header);
        environment.insert("GIT_CONFIG_VALUE_0", authorization(token)?);
    }
    Ok(environment)
}

/// How git calls ssh: with one key, for servers that are known, and without any file of a user.
fn ssh_command(options: &GitOptions) -> Result<Option<String>, String> {
    let given = &options.credentials;
    let (Some(key), Some(known)) = (&given.ssh_key, &given.known_hosts) else {
        return Ok(None);
    };
    check_private(key)?;
    let mut words =
        "ssh -F /dev/null -o BatchMode=yes -o IdentitiesOnly=yes -o IdentityAgent=none \
                     -o StrictHostKeyChecking=yes -o GlobalKnownHostsFile=/dev/null \
                     -o ForwardAgent=no -o ConnectTimeout=10 -o ServerAliveInterval=10"
            .to_owned();
    for (option, path) in [("IdentityFile", key), ("UserKnownHostsFile", known)] {
        let path = from_root(path).display().to_string();
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._+-".contains(&byte);
        // A shell reads it, and ssh itself knows signs that stand for something else.
        if !path.bytes().all(is_plain) {
            return Err(format!(
                "{path}: a path for ssh has letters, digits and `/._+-`"
            ));
        }
        words.push_str(&format!(" -o {option}={path}"));
    }
    Ok(Some(words))
}

/// What says to a server who asks.
fn authorization(file: &Path) -> Result<String, String> {
    let text = read_secret(file, TOKEN_BYTES_MAX)?;
    let who = if text.contains(':') {
        text
    } else {
        // Any name will do for those who look at the token only.
        format!("x-access-token:{text}")
    };
    Ok(format!("Authorization: Basic {}", STANDARD.encode(who)))
}
