//! Writes the files that are generated from the code, by asking the code's own binary.

use crate::run;

/// Writes `schemas/` and what is generated of `docs/reference/`.
pub(crate) fn regenerate() -> anyhow::Result<()> {
    let arguments = ["run", "--quiet", "--package", "skep", "--", "generate", "."];
    run::succeed(&mut run::cargo(&arguments))
}
