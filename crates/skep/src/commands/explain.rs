//! `skep explain`.

use std::iter;

use anyhow::bail;
use skep_manifest::explain;

use crate::commands::manifest_kind;
use crate::exit::Exit;
use crate::{output, render};

/// The word beside the kinds that can be explained.
const CONDITIONS: &str = "conditions";

/// Say what a kind, a field or a condition means.
///
/// `skep explain vipgroup.spec.tracking` explains a field and lists what stands below it,
/// `skep explain conditions` every condition with its cause and its remedy.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// `KIND`, `KIND.FIELD.FIELD`, `conditions` or `conditions.REASON`; all kinds when left out.
    path: Option<String>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let text = match &arguments.path {
        None => render::explain::kinds(),
        Some(path) => explained(path)?,
    };
    output::print(&text)?;
    Ok(Exit::Success)
}

fn explained(path: &str) -> anyhow::Result<String> {
    // A list stands for its elements: `addresses[].interface` is `addresses.interface`.
    let path = path.replace("[]", "");
    // What a shell completes ends with a dot.
    let path = path.trim_end_matches('.');
    let mut steps = path.split('.');
    let first = steps.next().unwrap_or_default();
    if is_condition(first) {
        return match steps.next() {
            None => Ok(render::explain::conditions()),
            Some(reason) => condition(reason),
        };
    }
    let kind = manifest_kind(first)?;
    let below_spec = iter::once("spec").chain(steps.clone());
    let found = explain::explain(kind, steps)
        .or_else(|error| explain::explain(kind, below_spec).map_err(|_| error))?;
    Ok(render::explain::place(&found))
}

fn is_condition(word: &str) -> bool {
    word.eq_ignore_ascii_case(CONDITIONS) || word.eq_ignore_ascii_case("condition")
}

fn condition(reason: &str) -> anyhow::Result<String> {
    let mut reasons = explain::reasons().into_iter();
    let Some(found) = reasons.find(|known| known.word.eq_ignore_ascii_case(reason)) else {
        bail!("there is no condition `{reason}`: `skep explain conditions` lists them");
    };
    Ok(render::explain::word(&found))
}

#[cfg(test)]
mod tests {
    use skep_manifest::explain::reasons;

    use super::explained;

    #[test]
    fn every_condition_is_listed_with_its_cause_and_its_remedy() {
        let text = explained("conditions").expect("it is a word of the command");
        for known in reasons() {
            let at = text.find(&format!("\n  {}\n", known.word));
            let rest = &text[at.expect("it is listed")..];
            let lines: Vec<&str> = rest.lines().skip(2).take(2).collect();
            assert!(lines[0].starts_with("      "), "{lines:?}");
            assert!(lines[1].starts_with("      Remedy: "), "{lines:?}");
        }
    }

    #[test]
    fn a_field_is_named_with_or_without_the_brackets_of_its_list() {
        let text = explained("vip.spec.addresses[].interface").expect("it is a field");
        assert!(
            text.starts_with("VipGroup.spec.addresses.interface: text\n"),
            "{text}"
        );
        assert_eq!(
            explained("VIPGroup.spec.addresses.interface").ok(),
            Some(text)
        );
    }

    #[test]
    fn the_spec_and_a_dot_at_the_end_may_be_left_out_or_in() {
        let text = explained("vip.interface").expect("it is a field");
        assert!(
            text.starts_with("VipGroup.spec.interface: text\n"),
            "{text}"
        );
        assert_eq!(explained("vip.spec.interface.").ok(), Some(text));
    }

    #[test]
    fn what_is_not_there_is_an_error_that_says_what_is() {
        for (path, expected) in [
            ("pods", "there is no kind `pods`: one of Swarm, VipGroup"),
            ("vip.spce", "there is no `spce` in VipGroup: one of"),
            ("conditions.Bored", "`skep explain conditions` lists them"),
        ] {
            let error = explained(path).expect_err("there is no such thing");
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
