//! Copies the product's `src/wire/` and its scheduler of turns: once unchanged, and once for each mutant.

#[macro_use]
mod mutants {
    include!("mutants.rs");
}

use mutants::{Edits, FAITHFUL, MUTANTS, MUTANTS_OF_BOTH};
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

/// In every copy, to keep the states few: see the text of `src/lib.rs`, which says what is frozen.
const FROZEN: Edits = edits! {
    // One byte of length, without a kind: each frame is a message. One byte of checksum.
    "frame.rs" "const KIND_SHIFT: u32 = 8 * HEADER_LEN as u32 - 2;" => "const KIND_SHIFT: u32 = 8 * HEADER_LEN as u32;",
    "frame.rs" "pub const HEADER_LEN: usize = 4;" => "pub const HEADER_LEN: usize = 1;",
    "frame.rs" "pub const TRAILER_LEN: usize = 4;" => "pub const TRAILER_LEN: usize = 1;",
    "frame.rs" "(hasher.finish() as u32).to_be_bytes();" => "[hasher.finish() as u8];",
    "decoder.rs" "*so_far == self.hasher.finish() as u32;" => "*so_far as u8 == self.hasher.finish() as u8;",
    // A window of bits grows with each reply that brings news.
    "control.rs" "pub const MAX_BITS_IN_FLIGHT: u32 = 32;" => "pub const MAX_BITS_IN_FLIGHT: u32 = 3;",
    "bit_window.rs" "const GROW_AFTER: (u32, u32) = (8, 1024);" => "const GROW_AFTER: (u32, u32) = (1, 1);",
    // One of words does not.
    "word_window.rs" "        self.since = self.since.saturating_add(news);\n" => "",
    // Two unanswered hellos on the real-time signal are as good as eight, and a hello at every second timeout as one at every
    // fourth.
    "sender.rs" "const MAX_QUEUED_HELLOS: u32 = 8;" => "const MAX_QUEUED_HELLOS: u32 = 2;",
    "sender.rs" "const HELLO_EVERY: u32 = 4;" => "const HELLO_EVERY: u32 = 2;",
    "sender/transmit.rs" "match (attempt ^ (attempt / HELLO_EVERY)) % 2 {" => "match attempt % 2 {",
    // Only reported, or only how often to repeat.
    "receiver.rs" "            self.resent += 1;\n            self.count_repeated();" => "            self.count_repeated();",
    "receiver.rs" "            self.resent += 1;\n        }\n        if word" => "        }\n        if word",
    "receiver.rs" "            self.repeated = self.repeated.saturating_add(1);\n" => "",
};

/// In every copy of the scheduler, so that it compiles beside the copied link, and its states can be compared.
const FITTED: Edits = edits! {
    SCHEDULER "use crate::process::pid::Pid;" => "use crate::link::Pid;",
    SCHEDULER "use crate::wire::Nanos;" => "use super::wire::Nanos;",
    SCHEDULER "#[derive(Clone, Copy, Debug, PartialEq, Eq)]\npub enum Party {"
        => "#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]\npub enum Party {",
    SCHEDULER "#[derive(Debug, Default)]\npub struct TurnScheduler {"
        => "#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]\npub struct TurnScheduler {",
    SCHEDULER "#[derive(Debug)]\nstruct Holder {" => "#[derive(Clone, Debug, PartialEq, Eq, Hash)]\nstruct Holder {",
};

/// The file of `src/server/` that decides whose turn it is.
const SCHEDULER: &str = "scheduler.rs";

/// The file that drives a copy: it tells answers from requests, so mutants change it too.
const ENDS: &str = "ends.rs";

/// What is added to the files of every copy: the models compare clients by what is private.
const INSPECT: [(&str, &str); 5] = [
    ("sender.rs", include_str!("inspect/sender.rs")),
    ("bit_window.rs", include_str!("inspect/bit_window.rs")),
    ("bit_buffer.rs", include_str!("inspect/bit_buffer.rs")),
    ("receiver.rs", include_str!("inspect/receiver.rs")),
    (SCHEDULER, include_str!("inspect/scheduler.rs")),
];

fn main() {
    let here = env::var("CARGO_MANIFEST_DIR").unwrap();
    let out = env::var("OUT_DIR").unwrap();
    let source = Path::new(&here).join("../../src");
    let wire = source.join("wire");
    let scheduler = source.join("server").join(SCHEDULER);
    println!("cargo::rerun-if-changed=mutants.rs");
    println!("cargo::rerun-if-changed=inspect");
    println!("cargo::rerun-if-changed=src/ends.rs");
    println!("cargo::rerun-if-changed={}", wire.display());
    println!("cargo::rerun-if-changed={}", scheduler.display());
    let ends = fs::read_to_string(Path::new(&here).join("src/ends.rs")).unwrap();

    let mut modules = String::new();
    for (name, edits) in [(FAITHFUL, &[][..])]
        .into_iter()
        .chain(MUTANTS.iter().chain(MUTANTS_OF_BOTH).copied())
    {
        let copy = Path::new(&out).join(name);
        let mut files = read(&wire);
        files.push((ENDS.to_owned(), ends.clone()));
        files.push((SCHEDULER.to_owned(), without_tests(&scheduler)));
        for edit in edits.iter().chain(FROZEN).chain(FITTED) {
            replace(&mut files, edit);
        }
        for (name, text) in INSPECT {
            let (_, file) = files.iter_mut().find(|(file, _)| file == name).unwrap();
            file.push_str(text);
        }
        for (file, text) in files {
            let path = copy.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        write!(
            modules,
            "/// A copy of the link.\npub mod {name} {{\n    #[path = {:?}]\n    #[allow(clippy::all, dead_code, unused, reason = \"a copy of the product, linted there\")]\n    \
             pub mod wire;\n    #[path = {:?}]\n    #[allow(clippy::all, dead_code, reason = \"a copy of the product, linted there\")]\n    \
             mod scheduler;\n    #[path = {:?}]\n    mod ends;\n    pub use ends::Link;\n}}\n",
            copy.join("mod.rs"),
            copy.join(SCHEDULER),
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
    let mut folders = vec![wire.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.ends_with("tests") || path.ends_with("tests.rs") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(wire).unwrap().to_str().unwrap();
            files.push((name.to_owned(), without_tests(&path)));
        }
    }
    files
}

fn without_tests(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let text = text.replace("#[cfg(test)]\nmod tests;\n", "");
    text.split("#[cfg(test)]").next().unwrap().to_owned()
}

/// Each text must occur exactly once: a mutant that changes nothing, or another place, would prove nothing.
fn replace(files: &mut [(String, String)], (file, old, new): &(&str, &str, &str)) {
    let (_, text) = files.iter_mut().find(|(name, _)| name == file).unwrap();
    let found = text.matches(old).count();
    assert_eq!(found, 1, "{found} times in {file}, not once:\n{old}");
    *text = text.replacen(old, new, 1);
}
