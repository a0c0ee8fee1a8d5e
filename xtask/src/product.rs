//! Builds the binaries for the tasks that run them.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Returns the root of this repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."))
}

/// The target triple for static programs.
pub const MUSL: &str = "x86_64-unknown-linux-musl";

/// Builds the release binary and returns its path.
pub fn build() -> Result<PathBuf, String> {
    build_as(&["--release"], "release", None)
}

const SMALL: [&str; 5] = [
    "--profile",
    "small",
    "--no-default-features",
    "--features",
    "cli",
];

/// Builds the smallest binary, which can only serve and send, and returns its path.
pub fn build_small() -> Result<PathBuf, String> {
    build_as(&SMALL, "small", None)
}

/// Builds the smallest binary, static with musl; `None` if its standard library is not installed.
pub fn build_small_static() -> Result<Option<PathBuf>, String> {
    let output = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", MUSL])
        .output();
    let printed = output.map_err(|error| format!("cannot run rustc: {error}"))?;
    let directory = String::from_utf8_lossy(&printed.stdout).trim().to_owned();
    if !Path::new(&directory).is_dir() {
        return Ok(None);
    }
    build_as(&SMALL, "small", Some(MUSL)).map(Some)
}

fn build_as(options: &[&str], profile: &str, triple: Option<&str>) -> Result<PathBuf, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--quiet", "--bin", "minitalk"])
        .args(options)
        .args(triple.iter().flat_map(|triple| ["--target", triple]))
        .current_dir(repository())
        .status()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    if !status.success() {
        return Err(format!("the {profile} build failed"));
    }
    let target = target().join(triple.unwrap_or_default());
    Ok(target.join(profile).join("minitalk"))
}

/// Returns the target directory of cargo.
pub fn target() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from);
    repository().join(target)
}
