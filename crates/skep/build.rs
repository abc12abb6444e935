//! Has the linker lay side by side what agents run at rest.

use std::env;
use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=rest.ld");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|set| set == value);
    if is("PROFILE", "release") && is("CARGO_CFG_TARGET_OS", "linux") {
        let directory = env::var("CARGO_MANIFEST_DIR").expect("cargo says where the crate lies");
        let order = Path::new(&directory).join("rest.ld");
        println!("cargo::rustc-link-arg-bins=-T{}", order.display());
    }
}
