//! The binaries, for the tasks that run them.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of this repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."))
}

/// The target for static programs.
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

/// As [`build`], for the smallest one, which only serves and sends.
pub fn build_small() -> Result<PathBuf, String> {
    build_as(&SMALL, "small", None)
}

/// As [`build_small`], static, with musl; `None` where its standard library is not installed.
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

/// The directory that cargo builds in.
pub fn target() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from);
    repository().join(target)
}
