//! Compose files: what `docker stack deploy` makes of one, as documents that declare the same.
//!
//! The documents stand where the compose file says what they say, so that everything that is wrong
//! with them is found in the compose file, and they are named and labelled as `docker stack` does
//! it. Nothing is left out silently: what has no counterpart is a problem.

mod environment_file;
mod interpolate;
mod prepare;
mod references;
mod sections;
mod service;
pub(crate) mod shell_words;
mod stack;
mod translator;

use std::collections::BTreeMap;

use crate::check;
use crate::object::{Kind, Object};
use crate::parse::typed;
use crate::problem::Problem;
use crate::schema::definition;
use crate::set::{Document, ManifestSet, SourceText};
use crate::stack::ComposeSource;
use crate::tree::Tree;
use crate::yaml::{self, Dialect};
use sections::{FileKind, Sections};
use stack::Stack;
use translator::{At, Translator};

pub use references::{Reference, references};
pub use translator::UNSUPPORTED;

/// The most stacks of a set, each a file to be read. All together they have no more values than a
/// file of manifests.
const STACKS_MAX: usize = 500;

/// Adds what the stacks of a set declare, as far as their compose files were read.
pub(crate) fn add_parts(set: &mut ManifestSet) {
    let mut compose_files = Vec::new();
    let mut parts = Vec::new();
    let mut values = 0;
    for document in &set.documents {
        let Object::Stack(resource) = &document.object else {
            continue;
        };
        if compose_files.len() == STACKS_MAX || values > yaml::NODES_MAX {
            set.problems.push(too_many(document));
            break;
        }
        let manifest = set.location(document.whole()).file;
        let (name, text, read) = match &resource.spec.compose {
            ComposeSource::Value(text) => (called(&manifest, document, None), text, None),
            ComposeSource::Read(read) => {
                let name = called(&manifest, document, read.name.as_deref());
                (name, &read.text, Some(read))
            }
            ComposeSource::FromFile(_) => continue,
        };
        let file = SourceText::new(name, text.clone());
        let index = set.sources.len() + compose_files.len();
        let (documents, reading) = yaml::read(index, &file, Dialect::Compose);
        values += reading.values;
        set.problems.extend(reading.problems);
        set.suppressions.extend(reading.suppressions);
        compose_files.push(file);
        let stack = Stack {
            name: &resource.metadata.name,
            environment: &resource.spec.environment,
            read,
        };
        match &documents[..] {
            [raw] if raw.whole => {
                let (trees, problems) = translate(&raw.tree, &stack);
                set.problems.extend(problems);
                for (kind, tree) in trees {
                    add_part(kind, tree, &mut parts, &mut set.problems);
                }
            }
            [_] => {}
            [] => set.problems.push(only_one(document, "it holds nothing")),
            [_, ..] => set
                .problems
                .push(only_one(document, "it holds more than one document")),
        }
    }
    set.compose_files = compose_files;
    set.parts = parts;
}

/// What a compose file is called in messages: its path, or that it stands in the manifest itself.
fn called(manifest: &str, document: &Document, path: Option<&str>) -> String {
    match (path, manifest.rsplit_once('/')) {
        (None, _) => format!("{manifest} ({})", document.object.key()),
        (Some(path), Some((directory, _))) if !path.starts_with('/') => {
            format!("{directory}/{path}")
        }
        (Some(path), _) => path.to_owned(),
    }
}

fn too_many(document: &Document) -> Problem {
    let message = format!(
        "the compose files up to here are more than {STACKS_MAX}, or have more than {} values",
        yaml::NODES_MAX
    );
    Problem::error("too-large", document.span("/spec/compose"), message)
        .help("apply fewer stacks or smaller ones: this one and those behind it are not read")
}

fn only_one(document: &Document, what: &str) -> Problem {
    let message = format!("this is no compose file: {what}");
    Problem::error("wrong-value", document.span("/spec/compose"), message)
}

fn add_part(kind: Kind, tree: Tree, parts: &mut Vec<Document>, problems: &mut Vec<Problem>) {
    let found = check::check(&tree, definition(kind.as_str()));
    match typed(kind, &tree) {
        Ok(object) => parts.push(Document { object, tree }),
        Err((pointer, message)) if found.is_empty() => {
            problems.push(Problem::error(
                "wrong-value",
                tree.closest(&pointer),
                message,
            ));
        }
        Err(_) => {}
    }
    problems.extend(found);
}

/// The documents that declare what a compose file does, and what is wrong with it.
fn translate(tree: &Tree, stack: &Stack<'_>) -> (Vec<(Kind, Tree)>, Vec<Problem>) {
    let (prepared, mut problems) = prepare::prepare(tree, stack.environment);
    let mut translator = Translator::new(&prepared, stack);
    let root = At {
        key: "the file",
        key_span: prepared.span(prepared.root()),
        node: prepared.root(),
    };
    let (services, sections) = sections_of(&mut translator, root);
    let mut documents = Vec::new();
    let mut used = BTreeMap::new();
    for service in services {
        documents.extend(translator.service(service, &sections, &mut used));
    }
    documents.extend(translator.networks(sections.networks, &used));
    documents.extend(translator.files(FileKind::Config, sections.configs));
    documents.extend(translator.files(FileKind::Secret, sections.secrets));
    problems.extend(translator.problems);
    (documents, problems)
}

/// The services of a file, and the other sections.
fn sections_of<'a>(translator: &mut Translator<'a>, root: At<'a>) -> (Vec<At<'a>>, Sections<'a>) {
    let mut services = Vec::new();
    let mut sections = Sections {
        networks: None,
        volumes: None,
        configs: None,
        secrets: None,
    };
    for at in translator.said(root) {
        match at.key {
            "version" => check_version(translator, at),
            "name" => check_name(translator, at),
            "services" => services = translator.entries(at),
            "networks" => sections.networks = Some(at),
            "volumes" => sections.volumes = Some(at),
            "configs" => sections.configs = Some(at),
            "secrets" => sections.secrets = Some(at),
            "include" => translator.report_unsupported(at, "declare each file as a `Stack`"),
            _ => translator.report_unknown(
                at,
                &[
                    "configs", "name", "networks", "secrets", "services", "version", "volumes",
                ],
            ),
        }
    }
    if services.is_empty() && translator.problems.is_empty() {
        let help = "a stack has at least one service";
        translator.report_value(root, "the file declares no `services`".to_owned(), help);
    }
    (services, sections)
}

/// Older versions mean something else by the same words.
fn check_version<'a>(translator: &mut Translator<'a>, at: At<'a>) {
    if translator
        .word(at)
        .is_some_and(|version| !version.starts_with('3'))
    {
        let help = "remove it, or write the file for version 3";
        let message = "`docker stack` takes version 3 only".to_owned();
        translator.report_value(at, message, help);
    }
}

fn check_name<'a>(translator: &mut Translator<'a>, at: At<'a>) {
    let stack = translator.stack.name.as_str();
    if translator.word(at).is_some_and(|name| name != stack) {
        let message = format!("the stack is called `{stack}` by its manifest");
        translator.report_value(at, message, "remove it, or give both the same name");
    }
}
