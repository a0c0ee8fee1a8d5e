//! `cargo xtask audit`: the audit of minitalk's own handlers and of the documents that describe them.

use std::ffi::OsString;
use std::process::ExitCode;

use minitalk_audit::{Built, Product, Unbuilt};

use crate::cross::Architecture;
use crate::product;

/// Runs the audit with the arguments after its name.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let product = Product {
        repository: product::repository(),
        build,
    };
    minitalk_audit::task(&product, arguments)
}

/// Builds the release binary for the machine of that name.
fn build(machine: &str) -> Result<Built, Unbuilt> {
    let path = if machine == std::env::consts::ARCH {
        product::build().map_err(Unbuilt::Failed)?
    } else {
        let architecture = Architecture::of(machine).map_err(Unbuilt::Failed)?;
        architecture.prepare().map_err(Unbuilt::Skipped)?;
        architecture.build().map_err(Unbuilt::Failed)?
    };
    let handlers: &[_] = match machine {
        "aarch64" => &["minitalk_on_signal", "minitalk_on_signal_without_lse"],
        _ => &["minitalk_on_signal"],
    };
    Ok(Built { path, handlers })
}
