//! The invariants of the data plane under every misfortune that a seed thinks of, and plans of big
//! swarms.

mod chaos;
mod seeds;
mod size;
