//! A compose file as it is meant: variables filled in and merge keys written out. Every node keeps
//! its place.

use std::collections::{BTreeMap, BTreeSet};

use super::interpolate::{Trouble, interpolate};
use crate::problem::Problem;
use crate::span::Span;
use crate::tree::{Content, Meaning, NodeId, Scalar, Tree};

/// `tree` with the variables filled in and the merge keys written out, and what is wrong with it.
/// What the file says under `x-…` counts only where an alias takes it.
pub(super) fn prepare(tree: &Tree, variables: &BTreeMap<String, String>) -> (Tree, Vec<Problem>) {
    let mut preparation = Preparation {
        from: tree,
        to: Tree::new(),
        variables,
        done: BTreeMap::new(),
        problems: Vec::new(),
    };
    let root = match tree.content(tree.root()) {
        Content::Mapping(entries) => {
            let said = |key: NodeId| tree.text(key).is_none_or(|key| !key.starts_with("x-"));
            let entries = entries.iter().copied();
            let said: Vec<_> = entries.filter(|(key, _)| said(*key)).collect();
            preparation.mapping(&said, tree.span(tree.root()))
        }
        Content::Scalar(_) | Content::Sequence(_) => preparation.node(tree.root()),
    };
    preparation.to.set_root(root);
    (preparation.to, preparation.problems)
}

struct Preparation<'a> {
    from: &'a Tree,
    to: Tree,
    variables: &'a BTreeMap<String, String>,
    /// What was prepared already: aliases stay as small as they are.
    done: BTreeMap<NodeId, NodeId>,
    problems: Vec<Problem>,
}

impl Preparation<'_> {
    fn node(&mut self, node: NodeId) -> NodeId {
        if let Some(done) = self.done.get(&node) {
            return *done;
        }
        let span = self.from.span(node);
        let done = match self.from.content(node) {
            Content::Scalar(scalar) => self.scalar(scalar, span),
            Content::Sequence(entries) => {
                let entries = entries.iter().map(|entry| self.node(*entry)).collect();
                self.to.add(Content::Sequence(entries), span)
            }
            Content::Mapping(entries) => self.mapping(entries, span),
        };
        self.done.insert(node, done);
        done
    }

    fn scalar(&mut self, scalar: &Scalar, span: Span) -> NodeId {
        let mut scalar = scalar.clone();
        if scalar.text.contains('$') {
            match interpolate(&scalar.text, self.variables) {
                Ok(text) => scalar.text = text,
                Err(trouble) => self.report(&trouble, span),
            }
            scalar.meaning = Meaning::Text;
        }
        self.to.add(Content::Scalar(scalar), span)
    }

    /// What is written itself counts before what is merged in.
    fn mapping(&mut self, entries: &[(NodeId, NodeId)], span: Span) -> NodeId {
        let (mut own, mut merged) = (Vec::new(), Vec::new());
        for (key, value) in entries {
            if self.from.text(*key) == Some("<<") {
                merged.extend(self.merged(*value));
            } else {
                let key = self.key(*key);
                own.push((key, self.node(*value)));
            }
        }
        let text = |tree: &Tree, key: NodeId| tree.text(key).unwrap_or_default().to_owned();
        let mut known: BTreeSet<String> = own.iter().map(|(key, _)| text(&self.to, *key)).collect();
        for (key, value) in merged {
            if known.insert(text(&self.to, key)) {
                own.push((key, value));
            }
        }
        self.to.add(Content::Mapping(own), span)
    }

    fn key(&mut self, key: NodeId) -> NodeId {
        let content = self.from.content(key).clone();
        self.to.add(content, self.from.span(key))
    }

    /// The entries that a merge key takes over: of a map, or of the maps of a list.
    fn merged(&mut self, value: NodeId) -> Vec<(NodeId, NodeId)> {
        let maps = match self.from.content(value) {
            Content::Sequence(entries) => entries.clone(),
            Content::Mapping(_) | Content::Scalar(_) => vec![value],
        };
        let mut merged = Vec::new();
        for map in maps {
            let map = self.node(map);
            if let Some(entries) = self.to.entries(map) {
                merged.extend_from_slice(entries);
            } else {
                let span = self.to.span(map);
                let message = "`<<` takes over a map, or a list of maps";
                self.problems
                    .push(Problem::error("wrong-type", span, message));
            }
        }
        merged
    }

    fn report(&mut self, trouble: &Trouble, span: Span) {
        let problem = match trouble {
            Trouble::Unset(name) => Problem::error(
                "unset-variable",
                span,
                format!("the variable `{name}` is not set"),
            )
            .help(format!(
                "give it in the stack's `environment`, or say what stands in for it: \
                 `${{{name}:-}}`"
            )),
            Trouble::Required(name, why) => Problem::error(
                "unset-variable",
                span,
                format!("the variable `{name}` is needed: {why}"),
            )
            .help("give it in the stack's `environment`"),
            Trouble::Malformed => {
                Problem::error("wrong-value", span, "after this `$` there is no variable")
                    .help("a `$` that is meant as such is written `$$`")
            }
        };
        self.problems.push(problem);
    }
}
