//! Plans against simulated worlds: scripts that a person can read, and random worlds.

mod converging;
mod manifests;
mod scripts;
mod simulation;
mod world;
