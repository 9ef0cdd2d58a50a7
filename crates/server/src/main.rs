//! The `lamplight` program.

use std::process::ExitCode;

use kernel::World;

fn main() -> ExitCode {
    // Before anything speaks TLS: one cryptography for the whole program. It fails only where one is set already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    server::cli::run(std::env::args_os(), World::system())
}
