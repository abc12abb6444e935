//! Runs health checks and notifiers: what is looked at, how often and what counts as failing; who
//! is told, in which order and how often it is tried.
//!
//! A check is a task of its own on the caller's runtime, and so is a queue of notices. Whatever
//! they touch can hang, flood or fork: it is given a time, an amount of output and a user, and
//! nothing it does reaches further than its own result.

mod aside;
pub mod check;
mod connect;
mod exec;
mod family;
mod file;
mod http;
pub mod judge;
pub mod launch;
mod listening;
pub mod notify;
mod process;
mod program;
mod route;
#[cfg(test)]
mod server;
mod stat;
mod tcp;
mod tls;
mod user;
mod web;
