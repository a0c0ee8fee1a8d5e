//! Copies the product's `src/wire/`: once unchanged, and once for each mutant.

mod mutants {
    include!("mutants.rs");
}

use mutants::{FAITHFUL, MUTANTS};
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

/// In every copy. Counts that are only reported, or only say how often to repeat or when to widen the window, would make the
/// states of a link endlessly many. Two unanswered requests for words are as good as eight. And the models compare clients by
/// what is private.
const FROZEN: [(&str, &str, &str); 5] = [
    ("receiver.rs", "        self.resent += 1;\n", ""),
    (
        "receiver.rs",
        "            self.repeated = self.repeated.saturating_add(1);\n",
        "",
    ),
    (
        "window.rs",
        "        self.since = self.since.saturating_add(news);\n",
        "",
    ),
    (
        "sender.rs",
        "const MAX_WORDS_REQUESTS: u32 = 8;",
        "const MAX_WORDS_REQUESTS: u32 = 2;",
    ),
    (
        "sender.rs",
        "    fn transmission(&mut self) -> Transmit {",
        include_str!("inspect.rs"),
    ),
];

fn main() {
    let here = env::var("CARGO_MANIFEST_DIR").unwrap();
    let out = env::var("OUT_DIR").unwrap();
    let wire = Path::new(&here).join("../../src/wire");
    println!("cargo::rerun-if-changed=mutants.rs");
    println!("cargo::rerun-if-changed=inspect.rs");
    println!("cargo::rerun-if-changed=src/ends.rs");
    println!("cargo::rerun-if-changed={}", wire.display());
    let ends = Path::new(&here).join("src/ends.rs");

    let mut modules = String::new();
    let mut each =
        String::from("macro_rules! for_each_variant {\n    ($do:ident) => {\n        $do! {");
    for (name, edits) in [(FAITHFUL, &[][..])]
        .into_iter()
        .chain(MUTANTS.iter().copied())
    {
        let copy = Path::new(&out).join(name);
        fs::create_dir_all(&copy).unwrap();
        let mut files = read(&wire);
        for edit in edits.iter().chain(&FROZEN) {
            replace(&mut files, edit);
        }
        for (file, text) in files {
            fs::write(copy.join(file), text).unwrap();
        }
        write!(
            modules,
            "/// A copy of the link.\npub mod {name} {{\n    #[path = {:?}]\n    #[allow(clippy::all, dead_code, unused, reason = \"a copy of the product, linted there\")]\n    \
             pub mod wire;\n    #[path = {ends:?}]\n    #[allow(clippy::duplicate_mod, reason = \"the same adapter, for each link\")]\n    mod ends;\n    pub use ends::Link;\n}}\n",
            copy.join("mod.rs")
        )
        .unwrap();
        write!(each, " {name}").unwrap();
    }
    fs::write(
        Path::new(&out).join("variants.rs"),
        modules + &each + " }\n    };\n}\n",
    )
    .unwrap();
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
