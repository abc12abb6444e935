//! Runs health checks: what is looked at, how often, and what counts as failing.
//!
//! A check is a task of its own on the caller's runtime. Whatever it looks at can hang, flood or
//! fork: it is given a time, an amount of output and a user, and nothing it does reaches further
//! than its own result.

pub mod check;
mod exec;
pub mod judge;
mod listening;
mod tcp;
mod user;
