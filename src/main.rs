//! limbic: parse, run, print the error, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    leave_quietly();
    match limbic::cli::run(std::env::args_os()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("limbic: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// `limbic show | head`: a reader that has seen enough is no failure of ours, and a full disk is a sentence. `println!` panics.
fn leave_quietly() {
    let loud = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        match panic.payload_as_str().and_then(|t| t.split_once("printing to stdout: ")) {
            Some((_, why)) if why.contains("os error 32") => std::process::exit(0),
            Some((_, why)) => {
                eprintln!("limbic: cannot write to standard output: {why}");
                std::process::exit(1)
            }
            None => loud(panic),
        }
    }));
}
