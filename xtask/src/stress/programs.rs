//! The test programs that cargo builds.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::product;

/// A test program; without a path, the tests in the documentation.
pub struct Program {
    pub name: String,
    pub path: Option<PathBuf>,
}

/// Builds the tests of the product, and returns their programs.
pub fn build(wanted: &[String]) -> Result<Vec<Program>, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["test", "--no-run", "--color", "never"])
        .current_dir(product::repository())
        .output()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("the tests do not build:\n{said}"));
    }
    let mut programs = programs(&said);
    for name in wanted {
        if programs.iter().all(|program| program.name != *name) {
            return Err(format!("there is no test program {name:?}"));
        }
    }
    programs.retain(|program| wanted.is_empty() || wanted.contains(&program.name));
    Ok(programs)
}

/// Parses the lines of `cargo test --no-run`: `Executable tests/cli.rs (target/debug/deps/cli-0123456789abcdef)`.
fn programs(said: &str) -> Vec<Program> {
    let lines = said
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Executable "));
    let program = |line: &str| {
        let (source, path) = line.strip_suffix(')')?.rsplit_once(" (")?;
        let source = Path::new(source.strip_prefix("unittests ").unwrap_or(source));
        Some(Program {
            name: source.file_stem()?.to_str()?.into(),
            path: Some(product::repository().join(path)),
        })
    };
    let doc = Program {
        name: "doc".into(),
        path: None,
    };
    lines.filter_map(program).chain([doc]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_test_program_that_cargo_names_is_run() {
        let said = "   Compiling minitalk v0.1.0\n  \
            Executable unittests src/lib.rs (target/debug/deps/minitalk-0f)\n  \
            Executable tests/cli.rs (target/debug/deps/cli-12)\n";
        let found = programs(said);
        let names: Vec<_> = found.iter().map(|program| program.name.as_str()).collect();
        assert_eq!(names, ["lib", "cli", "doc"]);
        let path = found[1].path.as_ref().unwrap();
        assert!(path.ends_with("target/debug/deps/cli-12"));
    }
}
