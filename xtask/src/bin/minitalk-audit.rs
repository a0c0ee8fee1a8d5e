//! `minitalk-audit`: `cargo xtask audit` for other programs, which `minitalk check` runs.

fn main() -> std::process::ExitCode {
    xtask::audit::foreign(std::env::args_os().skip(1))
}
