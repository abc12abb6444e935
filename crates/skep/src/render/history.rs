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
            generation.accepted_at.clone(),
            generation.feeder.clone(),
            generation.files.to_string(),
            digest,
        ]);
    }
    table.to_string()
}
