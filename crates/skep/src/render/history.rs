//! What the desired state was before, as a table.

use skep_api::generation::Past;

use crate::render::table::Table;

/// Enough of a digest to tell two apart.
const DIGEST_SHOWN: usize = 12;

/// One line for each generation, newest first.
pub(crate) fn table(past: &[Past]) -> String {
    let mut table = Table::new(["GENERATION", "ACCEPTED", "BY", "FILES", "DIGEST"]);
    for generation in past {
        let digest = generation.id.digest.chars().take(DIGEST_SHOWN).collect();
        table.row([
            generation.id.number.to_string(),
            to_the_second(&generation.accepted_at),
            generation.feeder.clone(),
            generation.files.to_string(),
            digest,
        ]);
    }
    table.to_string()
}

/// A moment as RFC 3339 writes it, without the fraction of its second.
fn to_the_second(moment: &str) -> String {
    match moment.split_once('.') {
        Some((second, fraction)) if fraction.ends_with('Z') => format!("{second}Z"),
        Some(_) | None => moment.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::to_the_second;

    #[test]
    fn moments_are_told_to_the_second() {
        for (moment, told) in [
            ("2026-11-21T13:41:16.187304006Z", "2026-11-21T13:41:16Z"),
            ("2026-11-21T13:41:16Z", "2026-11-21T13:41:16Z"),
            ("", ""),
        ] {
            assert_eq!(to_the_second(moment), told);
        }
    }
}
