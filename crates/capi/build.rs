//! Gives the shared library that plain `cargo build` makes the name that programs will look for.

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        // The first number of the version, as `cargo xtask install` names it.
        let major = env!("CARGO_PKG_VERSION_MAJOR");
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libnetipc.so.{major}");
    }
}
