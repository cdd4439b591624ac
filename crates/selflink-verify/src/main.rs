//! `selflink-verify`: see the library beside it.

use std::process::ExitCode;

fn main() -> ExitCode {
    selflink_verify::run(std::env::args_os(), &mut std::io::stdout().lock()).into()
}
