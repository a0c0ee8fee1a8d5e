//! Runs the command `minitalk`: `serve`, `send`, `demo` and others, or `server` and `client` when started under these names.

#[cfg(feature = "tools")]
mod check;
mod cli;

minitalk::before_main!();

fn main() -> std::process::ExitCode {
    cli::run()
}
