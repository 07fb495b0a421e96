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

/// `limbic show | head`: a reader that has seen enough is no failure of ours. `println!` panics there.
fn leave_quietly() {
    let loud = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if panic.payload_as_str().is_some_and(|text| text.contains("printing to stdout") && text.contains("os error 32")) {
            std::process::exit(0);
        }
        loud(panic);
    }));
}
