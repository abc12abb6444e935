//! How much a configuration may come to: a few lines of definitions can ask for more than any
//! memory holds.

use super::line::Line;

/// The most bytes that all lines come to, those of every step of an expansion counted: a thousand
/// routers written out are a tenth of it.
const BYTES_MAX: usize = 8 << 20;
/// The most lines: more than two thousand routers written out.
pub(super) const LINES_MAX: usize = 50_000;
/// The most files that may be included; keepalived itself has no bound.
const FILES_MAX: usize = 1_000;
/// The deepest that includes may nest.
pub(super) const INCLUDE_DEPTH_MAX: usize = 16;
/// The deepest that blocks may nest; keepalived's own language nests four.
pub(super) const BLOCK_DEPTH_MAX: usize = 32;

/// The most statements; a line may hold many.
pub(super) const STATEMENTS_MAX: usize = 100_000;

/// What is left of all that.
#[derive(Debug)]
pub(super) struct Allowance {
    bytes: usize,
    lines: usize,
    files: usize,
}

/// It is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooMuch;

impl Allowance {
    pub(super) const fn new() -> Self {
        Self {
            bytes: BYTES_MAX,
            lines: LINES_MAX,
            files: FILES_MAX,
        }
    }

    /// Takes a line of `bytes`.
    pub(super) fn line(&mut self, bytes: usize) -> Result<(), TooMuch> {
        self.lines = self.lines.checked_sub(1).ok_or(TooMuch)?;
        self.bytes = self.bytes.checked_sub(bytes).ok_or(TooMuch)?;
        Ok(())
    }

    /// Takes lines that an expansion made.
    pub(super) fn lines(&mut self, lines: &[Line]) -> Result<(), TooMuch> {
        lines.iter().try_for_each(|line| self.line(line.text.len()))
    }

    /// How many bytes are left.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes a file of `bytes`.
    pub(super) fn file(&mut self, bytes: usize) -> Result<(), TooMuch> {
        self.files = self.files.checked_sub(1).ok_or(TooMuch)?;
        self.bytes = self.bytes.checked_sub(bytes).ok_or(TooMuch)?;
        Ok(())
    }
}
