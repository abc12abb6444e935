//! The whole of skep on real Docker engines, driven as a person drives it.
//!
//! Run as root: `cargo test -p skep --features engines --test engines`.

mod adopting;
mod autolock;
mod bare;
mod changes;
mod control;
mod drain;
mod drift;
mod engine;
mod feeders;
mod five;
mod generations;
mod images;
mod leader;
mod load;
mod membership;
mod preflight;
mod process;
mod recovery;
mod refusals;
mod rotation;
mod seeds;
mod site;
mod stacks;
mod takeover;
mod told;
mod traces;
mod trust;
mod twins;
mod unmoved;
mod watcher;
