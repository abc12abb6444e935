//! Does one action. What exists already in the wanted form is no error, so every action can be
//! done again when its outcome is not known.

mod file;
mod membership;
mod network;
mod node;
mod service;

use serde::Deserialize;
use serde_json::Value;
use skep_plan::action::Action;

pub(crate) use membership::init_body;

use crate::engine::{Client, EngineError, REGISTRY_LIMIT};
use crate::registries::MissingCredentials;
use crate::token::JoinToken;

/// How often an object is read and written anew when others write it too: the managers themselves
/// do, for a moment after each change.
const TRIES_MAX: usize = 5;

/// What doing an action came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It was done.
    Done,
    /// It had been done before.
    AlreadyDone,
}

/// Why an action was not done.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The engine did not do it.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A join needs a token: ask for a grant.
    #[error("joining a swarm needs a join token")]
    TokenMissing,
    /// The image of a service needs credentials that cannot be had.
    #[error(transparent)]
    MissingCredentials(#[from] MissingCredentials),
    /// The registry of an image takes too long.
    #[error("it did not answer within {} s", REGISTRY_LIMIT.as_secs())]
    RegistryLate,
    /// Another object has the name; it is not touched.
    #[error("{0} exists and is another one")]
    NameTaken(String),
    /// What a service names is not there.
    #[error("the swarm has no {kind} `{name}`")]
    Missing {
        /// Whether it is a config or a secret.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// The object was changed by others each time before it could be written.
    #[error("`{path}` was changed by others {TRIES_MAX} times while it was to be written")]
    Contended {
        /// The object, as the engine's interface names it.
        path: String,
    },
    /// What is to be changed is not what an engine keeps there.
    #[error("the specification of `{path}` is no object")]
    NoSpecification {
        /// The object, as the engine's interface names it.
        path: String,
    },
}

impl ApplyError {
    /// Whether doing the same again may help, after looking at the world anew.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Engine(error) => error.is_retryable(),
            Self::Contended { .. } | Self::RegistryLate => true,
            Self::TokenMissing
            | Self::MissingCredentials(_)
            | Self::NameTaken(_)
            | Self::Missing { .. }
            | Self::NoSpecification { .. } => false,
        }
    }
}

/// Does an action on this engine. The token is for a join.
///
/// # Errors
///
/// [`ApplyError`]; with [`EngineError::Late`] or [`EngineError::Silent`] within, the action may
/// have been done all the same.
pub async fn apply(
    client: &Client,
    action: &Action,
    token: Option<&JoinToken>,
) -> Result<Applied, ApplyError> {
    match action {
        Action::InitSwarm(init) => membership::init(client, init).await,
        Action::JoinSwarm(join) => {
            membership::join(client, join, token.ok_or(ApplyError::TokenMissing)?).await
        }
        Action::UpdateSwarm(update) => membership::update(client, update).await,
        Action::LabelNode(label) => node::label(client, label).await,
        Action::SetAvailability(set) => node::set_availability(client, set).await,
        Action::SetRole(set) => node::set_role(client, set).await,
        Action::LeaveSwarm(_) => membership::leave(client).await,
        Action::RemoveNode(remove) => node::remove(client, remove).await,
        Action::CreateNetwork(create) => network::create(client, create).await,
        Action::RemoveNetwork(remove) => network::remove(client, remove).await,
        Action::CreateFile(create) => file::create(client, create).await,
        Action::RemoveFile(remove) => file::remove(client, remove).await,
        Action::CreateService(create) => service::create(client, create).await,
        Action::UpdateService(update) => service::update(client, update).await,
        Action::RemoveService(remove) => service::remove(client, remove).await,
    }
}

/// Reads an object's specification, changes it and writes it back under the version index it was
/// read with, everything else in it as it was. `change` says nothing when nothing is to be done.
pub(crate) async fn change(
    path: &str,
    options: &str,
    client: &Client,
    change: impl Fn(&Value) -> Option<Value>,
) -> Result<Applied, ApplyError> {
    for _ in 0..TRIES_MAX {
        let Object { version, spec } = client.read(path).await?;
        if !spec.is_object() {
            return Err(ApplyError::NoSpecification {
                path: path.to_owned(),
            });
        }
        let Some(changed) = change(&spec) else {
            return Ok(Applied::AlreadyDone);
        };
        let update = format!("{path}/update?version={}{options}", version.index);
        match client.write(&update, &changed).await {
            Err(EngineError::OutOfSequence) => {}
            Err(error) => return Err(error.into()),
            Ok(()) => return Ok(Applied::Done),
        }
    }
    Err(ApplyError::Contended {
        path: path.to_owned(),
    })
}

/// Removes the object at `path`, unless it is gone already.
async fn remove(client: &Client, path: &str) -> Result<Applied, ApplyError> {
    match client.remove(path).await {
        Ok(()) => Ok(Applied::Done),
        Err(EngineError::NotFound(_)) => Ok(Applied::AlreadyDone),
        Err(error) => Err(error.into()),
    }
}

/// What is to be written, unless it is so already.
fn differs(spec: &Value, changed: Value) -> Option<Value> {
    (*spec != changed).then_some(changed)
}

/// An object of the swarm, as the engine keeps it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Object {
    version: Version,
    spec: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Version {
    index: u64,
}

#[cfg(test)]
mod tests;
