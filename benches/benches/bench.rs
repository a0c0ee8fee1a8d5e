//! `cargo bench -p bench -- [options]`; everything is in the library beside it.

fn main() -> std::process::ExitCode {
    bench::main(std::env::args_os().skip(1).collect())
}
