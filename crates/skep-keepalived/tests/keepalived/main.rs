//! Files of keepalived as manifests, and back.

mod examples;
mod fixture;
mod hostile;
mod round;
mod seeds;
mod shapes;
