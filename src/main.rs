//! The command line: `minitalk serve`, `minitalk send`, `minitalk demo`, and the classic pair by name.

mod cli;

fn main() -> std::process::ExitCode {
    cli::run()
}
