//! Who is told about the transitions of VIP groups, in which order and how often it is tried.

mod attempt;
mod courier;
mod email;
pub mod event;
pub mod outbox;
mod queue;
pub mod record;
mod secret;
pub mod subscription;
mod webhook;
