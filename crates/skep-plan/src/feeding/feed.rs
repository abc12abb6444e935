//! What a feeder feeds meets what is kept.

use std::collections::BTreeSet;

use skep_manifest::object::ObjectKey;

use super::shelf::Shelf;
use super::{Feeding, Kept, Refused, pruning};

/// What is kept once `feeding` counts.
pub(super) fn feed(kept: &Kept, feeding: &Feeding) -> Result<Kept, Refused> {
    let feeder = feeding.feeder.as_str();
    if kept.feeders.get(feeder).is_some_and(|known| known.paused) {
        return Err(Refused::Errors(vec![format!(
            "the feeder `{feeder}` is paused: let it feed again with `skep resume {feeder}`"
        )]));
    }
    if feeding.documents.is_empty() {
        return Err(Refused::Errors(vec![
            "there are no manifests in it: nothing is removed because of that".to_owned(),
        ]));
    }
    let was_fed = feeding
        .source
        .as_ref()
        .is_some_and(|source| kept.has_fed(feeder, &source.to));
    if was_fed && !feeding.confirmed {
        // Another copy of the same source was faster.
        return Ok(kept.clone());
    }
    if !feeding.confirmed {
        check_source(kept, feeding)?;
    }
    let old = Shelf::read(&kept.documents);
    let new = Shelf::of(feeder, &feeding.documents);
    let Meeting {
        mut gone,
        theirs,
        mut says_nothing_new,
    } = meet(&old, &new, feeding)?;
    let left_out = if feeding.prune {
        let own = old.owned_by(feeder).into_iter();
        own.filter(|key| !new.index.contains_key(*key)).collect()
    } else {
        BTreeSet::new()
    };
    says_nothing_new &= left_out.is_empty();
    if says_nothing_new {
        return Ok(kept.clone());
    }
    gone.extend(&left_out);
    let mut documents = old.without(&gone);
    documents.extend(new.without(&theirs));
    documents.sort_by(|one, other| {
        (&one.feeder, &one.manifest.name).cmp(&(&other.feeder, &other.manifest.name))
    });
    // What cannot be read is not what somebody left out: its errors are told by who reads the whole.
    if !feeding.confirmed && !new.has_errors() {
        pruning::check(&old, feeder, left_out, &documents)?;
    }
    let mut feeders = kept.feeders.clone();
    if let Some(source) = &feeding.source {
        let known = feeders.entry(feeder.to_owned()).or_default();
        known.digest = Some(source.to.clone());
        known.origin.clone_from(&source.origin);
    }
    Ok(Kept {
        documents,
        feeders,
        availability: kept.availability.clone(),
    })
}

/// What comes of the objects that are fed and were there before.
struct Meeting<'a> {
    /// Those that are replaced.
    gone: BTreeSet<&'a ObjectKey>,
    /// Those that stay with another feeder, who says the same of them.
    theirs: BTreeSet<&'a ObjectKey>,
    /// Whether a person feeds nothing but what this person fed before.
    says_nothing_new: bool,
}

fn meet<'a>(old: &Shelf, new: &'a Shelf, feeding: &Feeding) -> Result<Meeting<'a>, Refused> {
    let (mut gone, mut theirs) = (BTreeSet::new(), BTreeSet::new());
    let mut errors = Vec::new();
    let mut says_nothing_new = feeding.source.is_none() && new.set.problems.is_empty();
    for key in new.index.keys() {
        let Some(document) = old.find(key) else {
            says_nothing_new = false;
            continue;
        };
        let is_same = new.find(key).is_some_and(|it| it.object == document.object);
        let is_own = old.owner(document) == feeding.feeder;
        if is_own || feeding.take_over {
            gone.insert(key);
            says_nothing_new &= is_own && is_same;
        } else if is_same {
            theirs.insert(key);
        } else {
            errors.push(old.refusal(document));
        }
    }
    if !errors.is_empty() {
        return Err(Refused::Errors(errors));
    }
    Ok(Meeting {
        gone,
        theirs,
        says_nothing_new,
    })
}

/// What watches a source changes only what it fed itself: a source that was not followed meanwhile
/// would take back what others did.
fn check_source(kept: &Kept, feeding: &Feeding) -> Result<(), Refused> {
    let Some(source) = &feeding.source else {
        return Ok(());
    };
    let feeder = &feeding.feeder;
    let recorded = kept.feeders.get(feeder).and_then(|it| it.digest.as_ref());
    if recorded == source.from.as_ref() && (recorded.is_some() || kept.documents.is_empty()) {
        return Ok(());
    }
    let told = if recorded.is_some() {
        "it does not start from what was fed last"
    } else {
        "there is a desired state already, and this did not feed it"
    };
    Err(Refused::SourceDiffers(told.to_owned()))
}
