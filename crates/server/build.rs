//! The web app is taken into the binary when it has been built: see `scripts/web.sh`.

fn main() {
    println!("cargo:rerun-if-changed=../../web/dist");
    println!("cargo:rerun-if-changed=build.rs");
}
