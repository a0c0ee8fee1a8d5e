//! `minitalk-audit`: audits the signal handlers of any ELF file.

fn main() -> std::process::ExitCode {
    minitalk_audit::program(std::env::args_os().skip(1))
}
