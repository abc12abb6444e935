//! The values of objects that may come from elsewhere.

use std::collections::BTreeMap;

use crate::notifier::NotifierSpec;
use crate::object::Object;
use crate::stack::{ComposeSource, ReadCompose};
use crate::value_source::ValueSource;
use crate::vip_group::authentication::Authentication;

/// How a value is read and kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Nature {
    /// A secret word: a password, a key. The line break at the end of its file is the editor's.
    Word,
    /// A secret file: every byte of it counts.
    SecretFile,
    /// A file that everyone may read: every byte of it counts.
    File,
}

/// A value of an object.
pub(super) struct Valued<'a> {
    /// Where its object names it.
    pub(super) pointer: String,
    pub(super) source: &'a ValueSource,
    pub(super) nature: Nature,
}

/// The values of an object that may come from elsewhere.
pub(super) fn values(object: &Object) -> Vec<Valued<'_>> {
    let valued = |pointer: &str, source, nature| Valued {
        pointer: pointer.to_owned(),
        source,
        nature,
    };
    let data = "/spec/data";
    match object {
        Object::VipGroup(group) => {
            let authentication = group.spec.authentication.as_ref();
            authentication.map_or_else(Vec::new, keys)
        }
        Object::Notifier(notifier) => match &notifier.spec {
            NotifierSpec::Email(email) => {
                let password = email.password.iter();
                password
                    .map(|password| valued("/spec/email/password", password, Nature::Word))
                    .collect()
            }
            NotifierSpec::Webhook(webhook) => {
                vec![valued("/spec/webhook/url", &webhook.url, Nature::Word)]
            }
            NotifierSpec::Exec(_) => Vec::new(),
        },
        Object::Config(config) => vec![valued(data, &config.spec.data, Nature::File)],
        Object::Secret(secret) => vec![valued(data, &secret.spec.data, Nature::SecretFile)],
        Object::Stack(stack) => match &stack.spec.compose {
            ComposeSource::Read(read) => files(read),
            ComposeSource::Value(_) | ComposeSource::FromFile(_) => Vec::new(),
        },
        Object::Swarm(swarm) => {
            let registries = swarm.spec.registries.iter().enumerate();
            registries
                .map(|(index, registry)| {
                    let pointer = format!("/spec/registries/{index}/password");
                    valued(&pointer, &registry.password, Nature::Word)
                })
                .collect()
        }
        Object::HealthCheck(_) | Object::Service(_) | Object::Network(_) => Vec::new(),
    }
}

/// The files that a compose file refers to.
fn files(read: &ReadCompose) -> Vec<Valued<'_>> {
    let lists = [
        ("files", Nature::File, &read.files),
        ("secrets", Nature::SecretFile, &read.secrets),
    ];
    let valued = |(word, nature, files)| {
        let files: &BTreeMap<String, ValueSource> = files;
        files.iter().map(move |(path, source)| {
            let path = path.replace('~', "~0").replace('/', "~1");
            Valued {
                pointer: format!("/spec/compose/read/{word}/{path}"),
                source,
                nature,
            }
        })
    };
    lists.into_iter().flat_map(valued).collect()
}

fn keys(authentication: &Authentication) -> Vec<Valued<'_>> {
    let word = |pointer, source| Valued {
        pointer,
        source,
        nature: Nature::Word,
    };
    match authentication {
        Authentication::Simple(simple) => {
            let pointer = "/spec/authentication/simple/password".to_owned();
            vec![word(pointer, &simple.password)]
        }
        Authentication::Hmac(hmac) => {
            let keys = hmac.keys.iter().enumerate();
            keys.map(|(index, key)| {
                let pointer = format!("/spec/authentication/hmac/keys/{index}/key");
                word(pointer, &key.key)
            })
            .collect()
        }
        Authentication::None(_) | Authentication::Cluster(_) => Vec::new(),
    }
}
