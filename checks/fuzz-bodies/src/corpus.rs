//! The inputs that are checked in.

use std::fs;
use std::path::{Path, PathBuf};

/// Fewer inputs than this are no corpus: a directory that was moved or emptied must not pass for one that was replayed.
pub const FEWEST: usize = 8;

/// Where the corpora are, one directory a target.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus")
}

/// The inputs in `directory`, in the order of their names.
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
