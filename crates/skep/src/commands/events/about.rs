//! Which events somebody asks for.

use anyhow::{anyhow, bail};
use skep_api::event::Event;

use crate::commands::manifest_kind;

/// What takes no part in a kind: which desired state counts.
const DESIRED: &str = "desired";
const NODE: &str = "node";

/// A kind of object, or one of them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct About {
    /// As objects of the kind are called: `vipgroup`.
    kind: String,
    name: Option<String>,
}

impl About {
    /// What `words` name; none of them is everything.
    pub(super) fn parse(words: &[String]) -> anyhow::Result<Option<Self>> {
        let (kind, name) = match words {
            [] => return Ok(None),
            [one] => match one.split_once('/') {
                Some((kind, name)) => (kind, Some(name)),
                None => (one.as_str(), None),
            },
            [kind, name] => (kind.as_str(), Some(name.as_str())),
            _ => bail!("name one thing: KIND, KIND NAME or KIND/NAME"),
        };
        let kind = match kind.to_ascii_lowercase().as_str() {
            DESIRED => DESIRED.to_owned(),
            NODE | "nodes" => NODE.to_owned(),
            word => manifest_kind(word)
                .map_err(|error| anyhow!("{error}, Node"))?
                .as_str()
                .to_ascii_lowercase(),
        };
        let name = name.map(str::to_owned);
        Ok(Some(Self { kind, name }))
    }

    /// Whether `event` is about it; of a node that is also what happened on it.
    pub(super) fn holds(&self, event: &Event) -> bool {
        let (kind, name) = event
            .object
            .split_once('/')
            .unwrap_or((event.object.as_str(), ""));
        match &self.name {
            None => self.kind == kind,
            Some(node) if self.kind == NODE && event.node == *node => true,
            Some(wanted) => self.kind == kind && wanted == name,
        }
    }
}

#[cfg(test)]
mod tests {
    use skep_api::event::{Event, EventKind};

    use super::About;

    fn about(words: &[&str]) -> anyhow::Result<Option<About>> {
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        About::parse(&words)
    }

    fn check(words: &[&str], objects: &[&str]) {
        let about = about(words).expect("it names a kind");
        let told = [
            "desired",
            "node/b",
            "vipgroup/db",
            "vipgroup/web",
            "service/web",
        ];
        let is_told = |object: &&str| {
            let event = Event {
                at: String::new(),
                age_ms: 0,
                node: "a".to_owned(),
                kind: EventKind::Raised,
                object: (*object).to_owned(),
                message: String::new(),
            };
            about.as_ref().is_none_or(|about| about.holds(&event))
        };
        let told: Vec<&str> = told.into_iter().filter(is_told).collect();
        assert_eq!(told, objects, "{words:?}");
    }

    #[test]
    fn things_are_named_in_singular_plural_short_and_with_a_slash() {
        for words in [&["vip/web"][..], &["vips", "web"], &["VipGroup/web"]] {
            check(words, &["vipgroup/web"]);
        }
        check(&["vip"], &["vipgroup/db", "vipgroup/web"]);
        check(&["svc/web"], &["service/web"]);
        check(&["desired"], &["desired"]);
        check(&["node/b"], &["node/b"]);
        check(&["nodes"], &["node/b"]);
        let all = [
            "desired",
            "node/b",
            "vipgroup/db",
            "vipgroup/web",
            "service/web",
        ];
        check(&["node/a"], &all);
        check(&[], &all);
    }

    #[test]
    fn what_names_no_kind_is_refused_and_not_nothing() {
        let error = about(&["web"]).expect_err("it is the name of a group");
        assert!(error.to_string().ends_with("Secret, Node"), "{error}");
    }
}
