//! One manifest for a Docker Swarm and its floating IPs.
fn main() {}
