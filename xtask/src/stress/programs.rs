//! The test programs that cargo builds.

use std::path::PathBuf;

use crate::product;

/// A test program; without a path, the tests in the documentation.
pub struct Program {
    pub name: String,
    pub path: Option<PathBuf>,
}

/// Builds the tests of the product, and returns their programs.
pub fn build(wanted: &[String]) -> Result<Vec<Program>, String> {
    let mut cargo = product::cargo();
    let built = product::test_programs(cargo.args(["test", "--no-run", "--color", "never"]))?;
    let built = built.into_iter().map(|(name, path)| (name, Some(path)));
    let all = built.chain([("doc".into(), None)]);
    let mut programs: Vec<_> = all.map(|(name, path)| Program { name, path }).collect();
    for name in wanted {
        if programs.iter().all(|program| program.name != *name) {
            return Err(format!("there is no test program {name:?}"));
        }
    }
    programs.retain(|program| wanted.is_empty() || wanted.contains(&program.name));
    Ok(programs)
}
