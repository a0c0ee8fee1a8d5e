//! Builds the binaries for the tasks that run them.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::output;

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
    let printed =
        output(Command::new("rustc").args(["--print", "target-libdir", "--target", MUSL]))?;
    let directory = String::from_utf8_lossy(&printed).trim().to_owned();
    if !Path::new(&directory).is_dir() {
        return Ok(None);
    }
    build_as(&SMALL, "small", Some(MUSL)).map(Some)
}

fn build_as(options: &[&str], profile: &str, triple: Option<&str>) -> Result<PathBuf, String> {
    let mut cargo = cargo();
    cargo
        .args(["build", "--quiet", "--bin", "minitalk"])
        .args(options)
        .args(triple.iter().flat_map(|triple| ["--target", triple]));
    output(&mut cargo).map_err(|error| format!("the {profile} build failed: {error}"))?;
    let target = target().join(triple.unwrap_or_default());
    Ok(target.join(profile).join("minitalk"))
}

/// Returns a cargo command that runs in this repository.
pub fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(repository());
    cargo
}

/// Returns the target directory of cargo.
pub fn target() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from);
    repository().join(target)
}

/// Builds the tests that a cargo command names, and returns their programs, each with the name of its source.
pub fn test_programs(cargo: &mut Command) -> Result<Vec<(String, PathBuf)>, String> {
    let built = cargo
        .output()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    let printed = String::from_utf8_lossy(&built.stderr);
    if !built.status.success() {
        return Err(format!("the tests do not build:\n{printed}"));
    }
    Ok(printed.lines().filter_map(executable).collect())
}

/// Parses the name and the path from a line such as `  Executable tests/cli.rs (target/debug/deps/cli-0123)`.
fn executable(line: &str) -> Option<(String, PathBuf)> {
    let (source, path) = line.trim().strip_prefix("Executable ")?.split_once(" (")?;
    let source = source.trim_start_matches("unittests ");
    let name = Path::new(source).file_stem()?.to_str()?;
    Some((name.into(), repository().join(path.strip_suffix(')')?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_programs_are_parsed_from_the_output_of_cargo() {
        for (line, name, path) in [
            (
                "  Executable unittests src/lib.rs (target/debug/deps/minitalk-01)",
                "lib",
                "deps/minitalk-01",
            ),
            (
                "  Executable tests/cli.rs (target/debug/deps/cli-01)",
                "cli",
                "deps/cli-01",
            ),
        ] {
            let (found, program) = executable(line).unwrap();
            assert_eq!((&*found, program.ends_with(path)), (name, true));
        }
        assert_eq!(executable("   Compiling minitalk"), None);
    }
}
