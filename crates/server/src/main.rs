//! The `lamplight` program.

use std::process::ExitCode;

use kernel::World;

/// Requests make and drop many small trees; the system's allocator took a tenth of the server's time and kept the memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Before anything speaks TLS: one cryptography for the whole program. It fails only where one is set already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    server::cli::run(std::env::args_os(), World::system())
}
