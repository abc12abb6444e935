//! Findings as text: one file per form.

pub mod human;
pub mod json;
