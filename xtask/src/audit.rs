//! `cargo xtask audit`: the audit of minitalk's own handler and of the documents that describe it.

use std::ffi::OsString;
use std::process::ExitCode;

use minitalk_audit::Product;

use crate::product;

/// Runs the audit with the arguments after its name.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let product = Product {
        repository: product::repository(),
        build: product::build,
    };
    minitalk_audit::task(&product, arguments)
}
