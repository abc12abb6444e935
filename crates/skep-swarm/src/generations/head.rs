//! The head: the one config whose labels say which generation is the latest. Replacing them under
//! the version they were read with is what makes a submission the next one.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::parts::PARTS_MAX;

/// The label with the number of the latest generation; 0 before the first.
const GENERATION: &str = "skep.generation";
/// The label with the digest of the latest generation.
const DIGEST: &str = "skep.digest";
/// The label with the revision of the manifest language that the latest generation is written in.
const SCHEMA_REVISION: &str = "skep.schemaRevision";
/// The label that lists the generations that are kept, newest first.
const HISTORY: &str = "skep.history";

/// How many generations are kept.
pub const KEPT: usize = 32;

/// What the head says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The number of the latest generation; 0 before the first.
    pub number: u64,
    /// The digest of its desired state.
    pub digest: String,
    /// The revision of the manifest language it is written in.
    pub schema_revision: u32,
    /// The generations that are kept, newest first: the latest is among them.
    pub history: Vec<Entry>,
}

/// Where the content of a generation lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The number of the generation.
    pub number: u64,
    /// What its content is called.
    pub(super) content: String,
    /// How many parts that lies in.
    pub(super) parts: usize,
}

/// A label of the head that skep does not write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its label `{0}` is not what skep writes: was it edited by hand?")]
pub struct InvalidLabel(&'static str);

impl Head {
    pub(super) fn of_labels(labels: &BTreeMap<String, String>) -> Result<Self, InvalidLabel> {
        let label = |key: &'static str| labels.get(key).ok_or(InvalidLabel(key));
        let head = Self {
            number: parse(label(GENERATION)?, GENERATION)?,
            digest: label(DIGEST)?.clone(),
            schema_revision: parse(label(SCHEMA_REVISION)?, SCHEMA_REVISION)?,
            history: label(HISTORY)?
                .split(',')
                .filter(|entry| !entry.is_empty())
                .map(|entry| parse(entry, HISTORY))
                .collect::<Result<_, _>>()?,
        };
        let latest = head.history.first().map_or(0, |entry| entry.number);
        let falls = head
            .history
            .is_sorted_by(|newer, older| newer.number > older.number);
        if latest == head.number && falls {
            Ok(head)
        } else {
            Err(InvalidLabel(HISTORY))
        }
    }

    pub(super) fn labels(&self) -> BTreeMap<String, String> {
        let history: Vec<String> = self.history.iter().map(ToString::to_string).collect();
        BTreeMap::from([
            (GENERATION.to_owned(), self.number.to_string()),
            (DIGEST.to_owned(), self.digest.clone()),
            (SCHEMA_REVISION.to_owned(), self.schema_revision.to_string()),
            (HISTORY.to_owned(), history.join(",")),
        ])
    }

    /// Whether its latest generation is the one of this number and digest; or it has none yet.
    pub(super) fn is(&self, expected: Option<(u64, &str)>) -> bool {
        (self.number, self.digest.as_str()) == expected.unwrap_or_default()
    }

    /// The head with one more generation, and those that are kept no longer.
    pub(super) fn advanced(
        &self,
        digest: &str,
        schema_revision: u32,
        entry: Entry,
    ) -> (Self, Vec<Entry>) {
        let number = entry.number;
        let mut history = vec![entry];
        history.extend(self.history.iter().cloned());
        let forgotten = history.split_off(history.len().min(KEPT));
        let head = Self {
            number,
            digest: digest.to_owned(),
            schema_revision,
            history,
        };
        (head, forgotten)
    }
}

fn parse<T: FromStr>(text: &str, label: &'static str) -> Result<T, InvalidLabel> {
    text.parse().map_err(|_| InvalidLabel(label))
}

/// `NUMBER:CONTENT:PARTS`
impl fmt::Display for Entry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            number,
            content,
            parts,
        } = self;
        write!(formatter, "{number}:{content}:{parts}")
    }
}

impl FromStr for Entry {
    type Err = InvalidLabel;

    fn from_str(text: &str) -> Result<Self, InvalidLabel> {
        let invalid = InvalidLabel(HISTORY);
        let mut words = text.split(':');
        let (Some(number), Some(content), Some(parts), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(invalid);
        };
        let entry = Self {
            number: parse(number, HISTORY)?,
            content: content.to_owned(),
            parts: parse(parts, HISTORY)?,
        };
        // A name that is put into a path is looked at, whoever wrote it.
        let is_name = content.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_name && (1..=PARTS_MAX).contains(&entry.parts) {
            Ok(entry)
        } else {
            Err(invalid)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: u64) -> Entry {
        Entry {
            number,
            content: format!("{number:x}"),
            parts: 1,
        }
    }

    fn head(numbers: impl IntoIterator<Item = u64>) -> Head {
        let mut head = Head::default();
        for number in numbers {
            (head, _) = head.advanced("abc", 1, entry(number));
        }
        head
    }

    #[test]
    fn labels_say_what_the_head_says() {
        for head in [Head::default(), head([1]), head(1..=5)] {
            assert_eq!(Head::of_labels(&head.labels()), Ok(head));
        }
    }

    #[test]
    fn the_last_ones_are_kept_and_the_others_are_named() {
        let full = head(1..=KEPT as u64);
        let (next, forgotten) = full.advanced("abc", 1, entry(33));
        assert_eq!(next.history.len(), KEPT);
        assert_eq!(forgotten, [entry(1)]);
    }

    #[test]
    fn labels_that_were_edited_are_refused() {
        let labels = head(1..=3).labels();
        let refused = [
            (GENERATION, "-1"),
            (GENERATION, "4"),
            (SCHEMA_REVISION, ""),
            (HISTORY, ""),
            (HISTORY, "3:3:1,3:3:1"),
            (HISTORY, "3:3:0"),
            (HISTORY, "3:3:33"),
            (HISTORY, "3:../x:1"),
            (HISTORY, "3:3:1:1"),
        ];
        for (label, text) in refused {
            let mut edited = labels.clone();
            edited.insert(label.to_owned(), text.to_owned());
            assert!(Head::of_labels(&edited).is_err(), "{label}={text}");
        }
        for label in labels.keys() {
            let mut edited = labels.clone();
            edited.remove(label);
            assert!(Head::of_labels(&edited).is_err(), "no {label}");
        }
    }
}
