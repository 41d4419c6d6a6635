//! The `neuvo` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    neuvo::cli::run()
}
