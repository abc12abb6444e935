//! Files of keepalived as manifests, and back.

mod fixture;
mod hostile;
mod seeds;
mod shapes;
