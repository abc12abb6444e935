//! The two shorthands of the language: an address and a member may be a bare string.
//!
//! Used as `#[serde(with = "shorthand")]` on a list of either.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What may be written as a bare string when there is nothing special about it.
pub(crate) trait Shorthand: Sized {
    /// What the bare string is.
    type Bare;

    /// The whole value that `bare` stands for.
    fn from_bare(bare: Self::Bare) -> Self;

    /// The bare string that says it all, unless there is more to say.
    fn to_bare(&self) -> Option<Self::Bare>;
}

/// One entry of such a list: a bare string, or a map when there is more to say.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "{Full}OrBare")]
pub(crate) enum Written<Bare, Full> {
    Bare(Bare),
    Full(Full),
}

pub(crate) fn serialize<T, S>(list: &[T], serializer: S) -> Result<S::Ok, S::Error>
where
    T: Shorthand + Serialize,
    T::Bare: Serialize,
    S: Serializer,
{
    serializer.collect_seq(list.iter().map(|entry| match entry.to_bare() {
        Some(bare) => Written::Bare(bare),
        None => Written::Full(entry),
    }))
}

pub(crate) fn deserialize<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: Shorthand + Deserialize<'de>,
    T::Bare: Deserialize<'de>,
    D: Deserializer<'de>,
{
    let list = Vec::<Written<T::Bare, T>>::deserialize(deserializer)?;
    Ok(list
        .into_iter()
        .map(|written| match written {
            Written::Bare(bare) => T::from_bare(bare),
            Written::Full(full) => full,
        })
        .collect())
}
