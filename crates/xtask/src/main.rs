//! Development tasks of the skep workspace.
fn main() {}
