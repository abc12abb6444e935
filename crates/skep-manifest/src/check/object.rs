//! Maps: their fields, what must be given, and what excludes each other.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::hint::place_of;
use super::words::{listed, remedy, similar};
use super::{Checker, PROBLEMS_MAX, Place, habit, is_object, shortened};
use crate::problem::Problem;
use crate::tree::{Content, NodeId};

/// For how many mistakes a field is looked for elsewhere: with more it is another kind of file.
const PLACES_MAX: usize = 100;

impl Checker<'_> {
    pub(super) fn check_object(&mut self, schema: &'static Value, at: Place) {
        let Content::Mapping(entries) = self.tree.content(at.node) else {
            if schema["type"] == "object" {
                self.report_not_a_map(schema, at);
            }
            return;
        };
        let meant = self.check_unknown(schema, entries, at);
        self.check_required(schema, entries, &meant, at);
        let chosen = self.check_choice(schema, entries, &meant, at);
        self.check_exclusion(schema, entries);
        let conditions = conditions(schema);
        if conditions.is_empty() {
            self.check_fields(schema, entries, &meant);
        }
        for (key, then) in conditions {
            if chosen && self.given(entries, key).is_some() {
                self.check(then, at);
            }
        }
    }

    /// Every field by its own schema. Unknown ones have been reported, and where what belongs below
    /// a field stands beside it, that there is nothing below it is no news.
    fn check_fields(
        &mut self,
        schema: &'static Value,
        entries: &[(NodeId, NodeId)],
        meant: &BTreeSet<&'static str>,
    ) {
        let others = schema
            .get("additionalProperties")
            .filter(|others| others.is_object());
        for (key, node) in entries {
            let Some(name) = self.tree.text(*key) else {
                continue;
            };
            let place = Place {
                node: *node,
                key: Some(*key),
                entry: false,
            };
            match (schema["properties"].get(name), others) {
                (Some(_), _) if meant.contains(name) && self.is_nothing(*node) => {}
                (Some(field), _) => self.check(field, place),
                (None, Some(others)) => {
                    self.warn_of_old_boolean(*key);
                    self.check(others, place);
                }
                (None, None) => {}
            }
        }
    }

    /// Reports fields that do not exist, and says which existing ones they were meant to be.
    fn check_unknown(
        &mut self,
        schema: &'static Value,
        entries: &[(NodeId, NodeId)],
        at: Place,
    ) -> BTreeSet<&'static str> {
        let mut meant = BTreeSet::new();
        let fields = schema["properties"].as_object();
        let names: Vec<&str> = fields
            .into_iter()
            .flat_map(Map::keys)
            .map(String::as_str)
            .collect();
        // A union does not know its branches' fields; there only a slip in the key that chooses
        // the branch can be told.
        let closed = schema["additionalProperties"] == false;
        let open_union = !conditions(schema).is_empty()
            && !names.iter().any(|name| self.given(entries, name).is_some());
        if !closed && !open_union {
            return meant;
        }
        for (key, node) in entries {
            // Nobody is told of more, and a guess is work.
            if self.problems.len() >= PROBLEMS_MAX {
                break;
            }
            let text = self.tree.text(*key).unwrap_or_default();
            if names.contains(&text) {
                continue;
            }
            if let Some(name) = self.without_space(text, &names, (*key, *node)) {
                meant.insert(name);
                continue;
            }
            let guess = similar(text, names.iter().copied());
            if !closed && guess.is_none() {
                continue;
            }
            meant.extend(guess);
            let (message, help) = if at.key.is_none() && text == "status" {
                let message = "`status` is written by skep, never by users".to_owned();
                (message, "remove it".to_owned())
            } else {
                let message = format!("{} has no field `{}`", self.container(at), shortened(text));
                let looks = guess.is_none() && self.problems.len() < PLACES_MAX;
                let elsewhere = habit::field(text, &names)
                    .or_else(|| looks.then(|| place_of(schema, text)).flatten());
                let below = |name: &&&str| {
                    let mut places = elsewhere.iter();
                    places.any(|it| it.below.iter().any(|field| field == **name))
                };
                meant.extend(names.iter().filter(below));
                let help = elsewhere.map_or_else(|| remedy(text, &names), |it| it.help);
                (message, help)
            };
            self.report(Problem::error("unknown-field", self.tree.span(*key), message).help(help));
        }
        meant
    }

    fn check_required(
        &mut self,
        schema: &'static Value,
        entries: &[(NodeId, NodeId)],
        meant: &BTreeSet<&'static str>,
        at: Place,
    ) {
        let required = schema["required"].as_array().into_iter().flatten();
        for name in required.filter_map(Value::as_str) {
            if self.given(entries, name).is_none() && !meant.contains(name) {
                let message = format!("{} needs `{name}`", self.container(at));
                let problem = Problem::error("missing-field", self.head(at), message);
                let property = &schema["properties"][name];
                let only = property["const"].as_str();
                let only = only.map(|only| format!("write `{name}: {only}`"));
                let description = property["description"].as_str();
                let help = only.or_else(|| Some(format!("`{name}`: {}", description?)));
                self.report(match help {
                    Some(help) => problem.help(help),
                    None => problem,
                });
            }
        }
        if schema["minProperties"]
            .as_u64()
            .is_some_and(|least| (entries.len() as u64) < least)
        {
            let message = format!("{} must say something", self.container(at));
            let names: Vec<&str> = names(schema);
            self.report(
                Problem::error("missing-field", self.head(at), message)
                    .help(format!("give at least one of {}", listed(&names))),
            );
        }
    }

    /// Whether exactly one of the fields is given of which exactly one must be.
    fn check_choice(
        &mut self,
        schema: &'static Value,
        entries: &[(NodeId, NodeId)],
        meant: &BTreeSet<&'static str>,
        at: Place,
    ) -> bool {
        let names = choices(schema);
        if names.is_empty() {
            return true;
        }
        let given: Vec<(&str, NodeId)> = names
            .iter()
            .filter_map(|name| self.given(entries, name).map(|key| (*name, key)))
            .collect();
        match given.as_slice() {
            [_] => true,
            [] => {
                if !names.iter().any(|name| meant.contains(name)) {
                    let message = format!("{} needs one of {}", self.container(at), listed(&names));
                    self.report(Problem::error("missing-choice", self.head(at), message));
                }
                false
            }
            [(first, first_key), others @ ..] => {
                let (second, second_key) = others[0];
                let message = format!("`{second}` cannot be given beside `{first}`");
                let mut problem =
                    Problem::error("conflicting-fields", self.tree.span(second_key), message)
                        .help(format!("give exactly one of {}", listed(&names)))
                        .related(
                            self.tree.span(*first_key),
                            format!("`{first}` is given here"),
                        );
                for (other, key) in &others[1..] {
                    let what = format!("`{other}` is given here");
                    problem = problem.related(self.tree.span(*key), what);
                }
                self.report(problem);
                false
            }
        }
    }

    /// Fields of which at most one may be given.
    fn check_exclusion(&mut self, schema: &'static Value, entries: &[(NodeId, NodeId)]) {
        let Some(names) = schema.get("not").and_then(|not| not["required"].as_array()) else {
            return;
        };
        let given: Option<Vec<(&str, NodeId)>> = names
            .iter()
            .map(|name| {
                name.as_str()
                    .and_then(|name| Some((name, self.given(entries, name)?)))
            })
            .collect();
        if let Some([(first, first_key), (second, second_key), ..]) = given.as_deref() {
            let message = format!("`{second}` cannot be given beside `{first}`");
            self.report(
                Problem::error("conflicting-fields", self.tree.span(*second_key), message)
                    .help("give one of them or none")
                    .related(
                        self.tree.span(*first_key),
                        format!("`{first}` is given here"),
                    ),
            );
        }
    }

    fn report_not_a_map(&mut self, schema: &'static Value, at: Place) {
        let names = choices(schema);
        let written = self.tree.text(at.node).unwrap_or_default();
        let expected = if names.is_empty() {
            "a map".to_owned()
        } else {
            format!("a map with one of {}", listed(&names))
        };
        let message = format!(
            "{} must be {expected}, found {}",
            self.name(at),
            self.found(at.node)
        );
        let problem = Problem::error("wrong-type", self.tree.span(at.node), message);
        let meant = names.iter().find(|name| **name == written);
        let help = match meant {
            Some(name) => Some(format!("write `{{{name}: {}}}`", example(schema, name))),
            None => self.nothing_below(at).or_else(|| self.as_map(schema, at)),
        };
        self.report(match help {
            Some(help) => problem.help(help),
            None => problem,
        });
    }

    fn given(&self, entries: &[(NodeId, NodeId)], name: &str) -> Option<NodeId> {
        entries
            .iter()
            .find(|(key, _)| self.tree.text(*key) == Some(name))
            .map(|(key, _)| *key)
    }

    /// What a map is called in messages.
    fn container(&self, at: Place) -> String {
        if at.key.is_some() {
            self.name(at)
        } else {
            "the document".to_owned()
        }
    }
}

/// The names of which a schema wants exactly one.
pub(super) fn choices(schema: &'static Value) -> Vec<&'static str> {
    let branches = schema["oneOf"].as_array().into_iter().flatten();
    branches
        .filter_map(|branch| branch["required"][0].as_str())
        .collect()
}

/// The keys that choose a branch of a union, with the branch.
fn conditions(schema: &'static Value) -> Vec<(&'static str, &'static Value)> {
    let parts = schema["allOf"].as_array().into_iter().flatten();
    parts
        .filter_map(|part| Some((part["if"]["required"][0].as_str()?, part.get("then")?)))
        .collect()
}

pub(super) fn names(schema: &'static Value) -> Vec<&'static str> {
    schema["properties"]
        .as_object()
        .into_iter()
        .flat_map(Map::keys)
        .map(String::as_str)
        .collect()
}

/// What may stand under the key of a choice: an empty map, or something to be filled in.
fn example(schema: &'static Value, name: &str) -> &'static str {
    let field = &schema["properties"][name];
    let inner = super::resolved(field["allOf"].get(0).unwrap_or(field));
    if is_object(inner) && inner["required"].is_null() {
        "{}"
    } else {
        "…"
    }
}
