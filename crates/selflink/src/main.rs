//! `selflink`: see `selflink --help`.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    selflink::run(selflink::instance(), std::env::args_os())
}
