//! The invariants of the data plane under every misfortune that a seed thinks of.

mod chaos;
mod seeds;
