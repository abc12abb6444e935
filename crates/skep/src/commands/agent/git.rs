//! What `skep agent` is told about a repository.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::ensure;
use skep_agent::control::git::address::{Address, Branch, Subtree};
use skep_agent::control::git::{Credentials, GitOptions};
use skep_agent::control::webhook::WebhookOptions;
use skep_manifest::duration::Interval;

/// More often a server would take it for an attack.
const INTERVAL_MIN: Duration = Duration::from_secs(1);

/// Less often nobody would remember what was pushed.
const INTERVAL_MAX: Duration = Duration::from_secs(86_400);

/// A branch to watch.
#[derive(clap::Args)]
#[command(next_help_heading = "Manifests from git")]
pub(super) struct Branched {
    /// Watch a branch of this repository in place of the directory: https://, ssh://, USER@HOST:PATH
    /// or a path.
    #[arg(long, env = "SKEP_GIT", value_name = "URL")]
    git: Option<Address>,
    /// The branch.
    #[arg(long, env = "SKEP_BRANCH", default_value = "main", value_name = "NAME")]
    branch: Branch,
    /// The directory in the repository that holds the manifests [default: all of it].
    #[arg(long, env = "SKEP_PATH", value_name = "DIR")]
    path: Option<Subtree>,
    /// How often the branch is looked at.
    #[arg(
        long,
        env = "SKEP_INTERVAL",
        default_value = "1m",
        value_name = "DURATION"
    )]
    interval: Interval,
    /// The private key for ssh.
    #[arg(long, env = "SKEP_GIT_SSH_KEY", value_name = "FILE")]
    git_ssh_key: Option<PathBuf>,
    /// The keys of the servers for ssh, as `ssh-keyscan` prints them.
    #[arg(long, env = "SKEP_GIT_KNOWN_HOSTS", value_name = "FILE")]
    git_known_hosts: Option<PathBuf>,
    /// The token for https, or USER:TOKEN.
    #[arg(long, env = "SKEP_GIT_TOKEN", value_name = "FILE")]
    git_token: Option<PathBuf>,
    /// The certificate of the authority that vouches for the server of https, in PEM, where this
    /// node does not know it.
    #[arg(long, env = "SKEP_GIT_CA", value_name = "FILE")]
    git_ca: Option<PathBuf>,
    /// Take only commits that are signed by one of these ssh keys: an `allowed_signers` file, see
    /// ssh-keygen(1).
    #[arg(long, env = "SKEP_GIT_SIGNERS", value_name = "FILE")]
    git_signers: Option<PathBuf>,
    /// Where GitHub, GitLab, Gitea or Forgejo tell of a push, over http [default: nowhere].
    #[arg(
        long,
        env = "SKEP_WEBHOOK",
        value_name = "ADDRESS:PORT",
        requires_all = ["git", "webhook_secret"]
    )]
    webhook: Option<SocketAddr>,
    /// The secret that they share with this agent.
    #[arg(long, env = "SKEP_WEBHOOK_SECRET", value_name = "FILE")]
    webhook_secret: Option<PathBuf>,
}

/// The branch to watch, if one is.
pub(super) fn options(arguments: &Branched) -> anyhow::Result<Option<GitOptions>> {
    let Some(address) = arguments.git.clone() else {
        return Ok(None);
    };
    let interval = arguments.interval.time();
    ensure!(
        (INTERVAL_MIN..=INTERVAL_MAX).contains(&interval),
        "--interval is between 1s and 24h"
    );
    let options = GitOptions {
        address,
        branch: arguments.branch.clone(),
        path: arguments.path.clone().unwrap_or_default(),
        interval,
        credentials: Credentials {
            ssh_key: arguments.git_ssh_key.clone(),
            known_hosts: arguments.git_known_hosts.clone(),
            token: arguments.git_token.clone(),
            authority: arguments.git_ca.clone(),
        },
        signers: arguments.git_signers.clone(),
    };
    options.check()?;
    Ok(Some(options))
}

/// Where pushes are told, if anywhere.
pub(super) fn webhook(arguments: &Branched) -> Option<WebhookOptions> {
    let (address, secret) = (arguments.webhook?, arguments.webhook_secret.clone()?);
    Some(WebhookOptions { address, secret })
}
