//! Names of keepalived as names of objects.

use std::collections::{BTreeMap, BTreeSet};

use skep_manifest::name::Name;

/// The longest name of an object, less room for a number.
const LENGTH_MAX: usize = 58;

/// The names of one kind of object.
#[derive(Debug, Default)]
pub(super) struct Names {
    given: BTreeMap<String, Name>,
    taken: BTreeSet<Name>,
    /// The last number that was tried behind each label: a thousand instances of one name are not
    /// counted from the first each.
    numbers: BTreeMap<String, usize>,
}

impl Names {
    /// The name for what keepalived calls `original`: always the same, and no other's.
    pub(super) fn name(&mut self, original: &str) -> Name {
        if let Some(name) = self.given.get(original) {
            return name.clone();
        }
        let name = self.another(original);
        self.given.insert(original.to_owned(), name.clone());
        name
    }

    /// Whether `original` was asked for.
    pub(super) fn has(&self, original: &str) -> bool {
        self.given.contains_key(original)
    }

    /// A name like `original` that nothing has.
    pub(super) fn another(&mut self, original: &str) -> Name {
        let label = label(original);
        let last = self.numbers.get(&label).copied().unwrap_or_default();
        let (number, free) = (last + 1..)
            .map(|number| match number {
                1 => (1, label.clone()),
                number => (number, format!("{label}-{number}")),
            })
            .filter_map(|(number, text)| Some((number, text.parse::<Name>().ok()?)))
            .find(|(_, name)| !self.taken.contains(name))
            .expect("there are more numbers than names");
        self.numbers.insert(label, number);
        self.taken.insert(free.clone());
        free
    }
}

/// Lower-case letters, digits and `-`.
pub(super) fn label(original: &str) -> String {
    let letters = original.chars().map(|c| match c.to_ascii_lowercase() {
        c if c.is_ascii_alphanumeric() => c,
        _ => '-',
    });
    let text: String = letters.take(LENGTH_MAX).collect();
    let text = text.trim_matches('-');
    if text.is_empty() { "unnamed" } else { text }.to_owned()
}
