//! The binaries, for the tasks that run them.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of this repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."))
}

/// Builds the release binary and returns its path.
pub fn build() -> Result<PathBuf, String> {
    build_as(&["--release"], "release")
}

/// As [`build`], for the smallest one, which only serves and sends.
pub fn build_small() -> Result<PathBuf, String> {
    let options = [
        "--profile",
        "small",
        "--no-default-features",
        "--features",
        "cli",
    ];
    build_as(&options, "small")
}

fn build_as(options: &[&str], profile: &str) -> Result<PathBuf, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--quiet", "--bin", "minitalk"])
        .args(options)
        .current_dir(repository())
        .status()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    if !status.success() {
        return Err(format!("the {profile} build failed"));
    }
    Ok(target().join(profile).join("minitalk"))
}

/// The directory that cargo builds in.
pub fn target() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from);
    repository().join(target)
}
