//! One file per command.

pub(crate) mod agent;
pub(crate) mod apply;
pub(crate) mod backup;
pub(crate) mod completion;
pub(crate) mod confirm;
pub(crate) mod cordon;
pub(crate) mod delete;
pub(crate) mod describe;
pub(crate) mod diff;
pub(crate) mod drain;
pub(crate) mod events;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod generate;
pub(crate) mod get;
pub(crate) mod history;
pub(crate) mod import;
pub(crate) mod keygen;
pub(crate) mod lab;
mod left_over;
pub(crate) mod lint;
pub(crate) mod man;
mod manifests;
pub(crate) mod move_group;
pub(crate) mod pause;
pub(crate) mod preflight;
pub(crate) mod recover;
pub(crate) mod restore;
pub(crate) mod resume;
pub(crate) mod rollback;
pub(crate) mod schema;
pub(crate) mod seal;
pub(crate) mod simulate;
pub(crate) mod status;
mod submitted;
pub(crate) mod uncordon;
pub(crate) mod version;
pub(crate) mod wait;

use std::str::FromStr;

use anyhow::{Context, bail};
use clap::ValueEnum;
use skep_manifest::object as manifest;

/// Waits for the answer of an agent.
fn ask<T, E>(question: impl Future<Output = Result<T, E>>) -> anyhow::Result<T>
where
    E: std::error::Error + Send + Sync + 'static,
{
    runtime()?.block_on(question).map_err(anyhow::Error::from)
}

/// What questions to agents run on.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.context("cannot start the client")
}

/// How something is printed that is either read or computed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// A kind of thing that can be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Node,
    Service,
    VipGroup,
}

impl Kind {
    /// As objects of this kind are called: `vipgroup/ingress`.
    const fn word(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Service => "service",
            Self::VipGroup => "vipgroup",
        }
    }

    /// As `skep get` calls them.
    const fn plural(self) -> &'static str {
        match self {
            Self::Node => "nodes",
            Self::Service => "services",
            Self::VipGroup => "vips",
        }
    }
}

impl FromStr for Kind {
    type Err = anyhow::Error;

    fn from_str(word: &str) -> anyhow::Result<Self> {
        match word.to_ascii_lowercase().as_str() {
            "node" | "nodes" => Ok(Self::Node),
            "service" | "services" | "svc" => Ok(Self::Service),
            "vip" | "vips" | "vipgroup" | "vipgroups" => Ok(Self::VipGroup),
            _ => bail!("there is no kind `{word}` to look at: one of nodes, services, vips"),
        }
    }
}

/// The kind of manifest that `word` names, in any case, in the singular, the plural or short.
fn manifest_kind(word: &str) -> anyhow::Result<manifest::Kind> {
    let word = word.to_ascii_lowercase();
    let full = match word.as_str() {
        "vip" | "vips" => "vipgroup",
        "svc" => "service",
        other => other,
    };
    let is_it = |kind: &manifest::Kind| {
        let name = kind.as_str().to_ascii_lowercase();
        full == name || full.strip_suffix('s') == Some(&name)
    };
    let Some(kind) = manifest::Kind::ALL.into_iter().find(is_it) else {
        let names = manifest::Kind::ALL.map(manifest::Kind::as_str).join(", ");
        bail!("there is no kind `{word}`: one of {names}");
    };
    Ok(kind)
}

/// What a person points at: `KIND`, `KIND NAME` or `KIND/NAME`.
#[derive(Debug, PartialEq, Eq)]
struct Target {
    kind: Kind,
    name: Option<String>,
}

impl Target {
    fn parse(words: &[String]) -> anyhow::Result<Self> {
        let (kind, name) = match words {
            [one] => match one.split_once('/') {
                Some((kind, name)) => (kind, Some(name)),
                None => (one.as_str(), None),
            },
            [kind, name] => (kind.as_str(), Some(name.as_str())),
            _ => bail!("name one thing: KIND, KIND NAME or KIND/NAME"),
        };
        let name = name.map(str::to_owned);
        Ok(Self {
            kind: kind.parse()?,
            name,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Target};

    fn check(words: &[&str], name: Option<&str>) {
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        let target = Target::parse(&words).expect("it names a kind");
        let name = name.map(str::to_owned);
        assert_eq!(
            target,
            Target {
                kind: Kind::VipGroup,
                name
            }
        );
    }

    #[test]
    fn kinds_are_named_in_singular_plural_short_and_with_a_slash() {
        check(&["vip"], None);
        check(&["VipGroups"], None);
        check(&["vips", "ingress"], Some("ingress"));
        check(&["vipgroup/ingress"], Some("ingress"));
    }

    #[test]
    fn an_unknown_kind_is_answered_with_the_known_ones() {
        let error = Target::parse(&["pods".to_owned()]).expect_err("there are no pods");
        assert_eq!(
            error.to_string(),
            "there is no kind `pods` to look at: one of nodes, services, vips"
        );
    }
}
