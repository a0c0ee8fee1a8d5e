//! The entry point of `cargo bench -p bench -- [options]`; the library of this package does all the work.

fn main() -> std::process::ExitCode {
    bench::main(std::env::args_os().skip(1).collect())
}
