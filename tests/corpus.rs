//! Every input of the checked-in fuzz corpora, through the bodies of the fuzz targets.

use fuzz_bodies::{TARGETS, corpus};

#[test]
fn every_checked_in_input_passes() {
    for target in TARGETS {
        for (path, input) in corpus::inputs(&corpus::root().join(target.name)) {
            // libtest prints this only after a panic: then the last line names the input.
            eprintln!("{}", path.display());
            (target.run)(&input);
        }
    }
}

#[test]
fn every_corpus_has_its_target() {
    let entries = std::fs::read_dir(corpus::root()).expect("the corpora");
    let mut names: Vec<_> = entries
        .map(|entry| entry.expect("a readable directory").file_name())
        .collect();
    names.sort();
    assert_eq!(names, TARGETS.map(|target| target.name));
}
