//! Behaviour of the crate at its edge: bytes, the rules of the RFCs, several routers on one clock.

mod golden;
mod properties;
mod rfc9568;
mod segment;
mod takeover;
mod trailer;
