//! limbic: parse, run, print the error, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    match limbic::cli::run(std::env::args_os()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("limbic: {error:#}");
            ExitCode::FAILURE
        }
    }
}
