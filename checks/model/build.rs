//! Copies the product's `src/wire/`: once unchanged, and once for each mutant.

mod mutants {
    include!("mutants.rs");
}

use mutants::{FAITHFUL, MUTANTS, MUTANTS_OF_BOTH};
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

/// In every copy, to keep the states few: see the text of `src/lib.rs`, which says what is frozen.
const FROZEN: &[(&str, &str, &str)] = &[
    // One byte of length, without a kind: each frame is a message. One byte of checksum.
    (
        "frame.rs",
        "const KIND_SHIFT: u32 = 8 * HEADER_LEN as u32 - 2;",
        "const KIND_SHIFT: u32 = 8 * HEADER_LEN as u32;",
    ),
    (
        "frame.rs",
        "pub const HEADER_LEN: usize = 4;",
        "pub const HEADER_LEN: usize = 1;",
    ),
    (
        "frame.rs",
        "pub const TRAILER_LEN: usize = 4;",
        "pub const TRAILER_LEN: usize = 1;",
    ),
    (
        "frame.rs",
        "(hasher.finish() as u32).to_be_bytes();",
        "[hasher.finish() as u8];",
    ),
    (
        "decoder.rs",
        "*so_far == self.hasher.finish() as u32;",
        "*so_far as u8 == self.hasher.finish() as u8;",
    ),
    // A window of bits grows with each reply that brings news.
    (
        "control.rs",
        "pub const MAX_BITS_IN_FLIGHT: u32 = 32;",
        "pub const MAX_BITS_IN_FLIGHT: u32 = 3;",
    ),
    (
        "bit_window.rs",
        "const GROW_AFTER: (u32, u32) = (8, 1024);",
        "const GROW_AFTER: (u32, u32) = (1, 1);",
    ),
    // One of words does not.
    (
        "word_window.rs",
        "        self.since = self.since.saturating_add(news);\n",
        "",
    ),
    // Two unanswered hellos on the real-time signal are as good as eight, and a hello at every second timeout as one at every
    // fourth.
    (
        "sender.rs",
        "const MAX_QUEUED_HELLOS: u32 = 8;",
        "const MAX_QUEUED_HELLOS: u32 = 2;",
    ),
    (
        "sender.rs",
        "const HELLO_EVERY: u32 = 4;",
        "const HELLO_EVERY: u32 = 2;",
    ),
    (
        "sender.rs",
        "match (attempt ^ (attempt / HELLO_EVERY)) % 2 {",
        "match attempt % 2 {",
    ),
    // Only reported, or only how often to repeat.
    (
        "receiver.rs",
        "            self.resent += 1;\n            self.count_repeated();",
        "            self.count_repeated();",
    ),
    (
        "receiver.rs",
        "            self.resent += 1;\n        }\n        if word",
        "        }\n        if word",
    ),
    (
        "receiver.rs",
        "            self.repeated = self.repeated.saturating_add(1);\n",
        "",
    ),
];

/// The file that drives a copy: it tells answers from requests, so mutants change it too.
const ENDS: &str = "ends.rs";

/// What is added to the files of every copy: the models compare clients by what is private.
const INSPECT: [(&str, &str); 4] = [
    ("sender.rs", include_str!("inspect/sender.rs")),
    ("bit_window.rs", include_str!("inspect/bit_window.rs")),
    ("bit_buffer.rs", include_str!("inspect/bit_buffer.rs")),
    ("receiver.rs", include_str!("inspect/receiver.rs")),
];

fn main() {
    let here = env::var("CARGO_MANIFEST_DIR").unwrap();
    let out = env::var("OUT_DIR").unwrap();
    let wire = Path::new(&here).join("../../src/wire");
    println!("cargo::rerun-if-changed=mutants.rs");
    println!("cargo::rerun-if-changed=inspect");
    println!("cargo::rerun-if-changed=src/ends.rs");
    println!("cargo::rerun-if-changed={}", wire.display());
    let ends = fs::read_to_string(Path::new(&here).join("src/ends.rs")).unwrap();

    let mut modules = String::new();
    for (name, edits) in [(FAITHFUL, &[][..])]
        .into_iter()
        .chain(MUTANTS.iter().chain(MUTANTS_OF_BOTH).copied())
    {
        let copy = Path::new(&out).join(name);
        fs::create_dir_all(&copy).unwrap();
        let mut files = read(&wire);
        files.push((ENDS.to_owned(), ends.clone()));
        for edit in edits.iter().chain(FROZEN) {
            replace(&mut files, edit);
        }
        for (name, text) in INSPECT {
            let (_, file) = files.iter_mut().find(|(file, _)| file == name).unwrap();
            file.push_str(text);
        }
        for (file, text) in files {
            fs::write(copy.join(file), text).unwrap();
        }
        write!(
            modules,
            "/// A copy of the link.\npub mod {name} {{\n    #[path = {:?}]\n    #[allow(clippy::all, dead_code, unused, reason = \"a copy of the product, linted there\")]\n    \
             pub mod wire;\n    #[path = {:?}]\n    mod ends;\n    pub use ends::Link;\n}}\n",
            copy.join("mod.rs"),
            copy.join(ENDS)
        )
        .unwrap();
    }
    for (list, mutants) in [("variant", MUTANTS), ("variant_of_both", MUTANTS_OF_BOTH)] {
        let names: Vec<_> = mutants.iter().map(|(name, _)| *name).collect();
        let names = names.join(" ");
        write!(
            modules,
            "macro_rules! for_each_{list} {{\n    ($do:ident) => {{\n        $do! {{ {FAITHFUL} {names} }}\n    }};\n}}\n"
        )
        .unwrap();
    }
    fs::write(Path::new(&out).join("variants.rs"), modules).unwrap();
}

/// The files, without their unit tests.
fn read(wire: &Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(wire).unwrap() {
        let path = entry.unwrap().path();
        // The folder of a module has its unit tests.
        if path.is_dir() {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap();
        files.push((
            path.file_name().unwrap().to_str().unwrap().to_owned(),
            text.to_owned(),
        ));
    }
    files
}

/// Each text must occur exactly once: a mutant that changes nothing, or another place, would prove nothing.
fn replace(files: &mut [(String, String)], (file, old, new): &(&str, &str, &str)) {
    let (_, text) = files.iter_mut().find(|(name, _)| name == file).unwrap();
    let found = text.matches(old).count();
    assert_eq!(found, 1, "{found} times in {file}, not once:\n{old}");
    *text = text.replacen(old, new, 1);
}
