//! Findings as text: one file per form.

pub mod github;
pub mod human;
pub mod json;
pub mod junit;
pub mod sarif;
