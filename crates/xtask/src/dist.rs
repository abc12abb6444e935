//! Builds the static binary that is shipped.

use anyhow::Context;

use crate::run;

const TARGET: &str = "x86_64-unknown-linux-musl";

/// Builds `skep` for the musl target and says where it lies and how large it is.
pub(crate) fn dist() -> anyhow::Result<()> {
    run::succeed(&mut run::cargo(&[
        "build",
        "--release",
        "--package",
        "skep",
        "--target",
        TARGET,
    ]))
    .with_context(|| format!("is the target installed? rustup target add {TARGET}"))?;
    let binary = run::target_directory()?.join(TARGET).join("release/skep");
    let size = std::fs::metadata(&binary)
        .with_context(|| format!("cannot read {}", binary.display()))?
        .len();
    println!("{} ({size} bytes, static)", binary.display());
    Ok(())
}
