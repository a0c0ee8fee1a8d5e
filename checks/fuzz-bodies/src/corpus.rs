//! The checked-in inputs.

use std::fs;
use std::path::{Path, PathBuf};

/// The minimum number of inputs: a directory that was moved or emptied must not pass for a replayed corpus.
pub const FEWEST: usize = 8;

/// Returns the directory of the corpora, with one directory for each target.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus")
}

/// Returns the inputs in `directory`, in the order of their names.
///
/// # Panics
/// When the directory cannot be read or holds fewer than [`FEWEST`] files.
pub fn inputs(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(directory)
        .unwrap_or_else(|error| panic!("no corpus in {}: {error}", directory.display()));
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("a readable directory").path())
        .collect();
    paths.sort();
    assert!(
        paths.len() >= FEWEST,
        "{} holds {} inputs, which is no corpus",
        directory.display(),
        paths.len()
    );
    let read = |path: PathBuf| {
        let bytes = fs::read(&path)
            .unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
        (path, bytes)
    };
    paths.into_iter().map(read).collect()
}
