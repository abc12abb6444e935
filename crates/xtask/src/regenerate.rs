//! Writes the files that are generated from the code, by asking the code's own binary.

use crate::run;

/// Writes `schemas/`.
pub(crate) fn regenerate() -> anyhow::Result<()> {
    run::succeed(&mut run::cargo(&[
        "run",
        "--quiet",
        "--package",
        "skep",
        "--",
        "schema",
        "--write",
        "schemas",
    ]))
}
