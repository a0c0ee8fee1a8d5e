//! An empty corpus must not pass.

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

use fuzz_bodies::corpus::{FEWEST, inputs};

fn scratch(name: &str, files: usize) -> std::path::PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).unwrap();
    for n in 0..files {
        fs::write(directory.join(format!("{n:02}")), [n as u8]).unwrap();
    }
    directory
}

#[test]
fn a_missing_or_thin_corpus_is_an_error() {
    let missing = scratch("missing", 0).join("nowhere");
    let thin = scratch("thin", FEWEST - 1);
    assert!(catch_unwind(|| inputs(&missing)).is_err());
    assert!(catch_unwind(|| inputs(&thin)).is_err());
}

#[test]
fn a_corpus_is_read_whole_and_in_order() {
    let whole = inputs(&scratch("whole", FEWEST));
    let bytes: Vec<_> = whole.into_iter().map(|(_, bytes)| bytes).collect();
    assert_eq!(bytes, (0..FEWEST).map(|n| [n as u8]).collect::<Vec<_>>());
}
