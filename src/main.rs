//! limbic: parse, run, print the error, exit code.

fn main() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
