//! The command line: `minitalk serve`, `minitalk send`, `minitalk demo`, and the classic pair by name.

#[cfg(feature = "tools")]
mod check;
mod cli;

minitalk::before_main!();

fn main() -> std::process::ExitCode {
    cli::run()
}
