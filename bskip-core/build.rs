//! Sets `small_code` if the crate is optimised for size: then functions are inlined only where that saves code.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-check-cfg=cfg(small_code)");
    let level = std::env::var("OPT_LEVEL").unwrap_or_default();
    if level == "s" || level == "z" {
        println!("cargo:rustc-cfg=small_code");
    }
}
