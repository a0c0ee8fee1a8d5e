//! `cargo xtask`: the checks and other tasks of this repository that are programs.

use std::process::ExitCode;

use xtask::{
    api, audit, busy, dialects, dist, emulate, footprint, mutants, picture, rooms, soak, stress,
    verify,
};

const USAGE: &str = "usage: cargo xtask api|audit|dialects|dist|emulate|footprint|mutants|picture|rooms|soak|stress|verify [--help]";

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    match arguments.next().as_deref().and_then(|name| name.to_str()) {
        Some("api") => api::main(arguments),
        Some("audit") => audit::main(arguments),
        Some("dialects") => dialects::main(arguments),
        Some("dist") => dist::main(arguments),
        Some("emulate") => emulate::main(arguments),
        Some("footprint") => footprint::main(arguments),
        Some("mutants") => mutants::main(arguments),
        Some("picture") => picture::main(arguments),
        Some("rooms") => rooms::main(arguments),
        Some("soak") => soak::main(arguments),
        Some("stress") => stress::main(arguments),
        Some("verify") => verify::main(arguments),
        Some(busy::NEVER_SLEEP) => busy::never_sleep(),
        Some("help" | "--help" | "-h") => {
            println!("{USAGE}");
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}
