//! Copies the product's `ring.rs` for loom: once faithfully, and once for each mutant.

mod mutants {
    include!("mutants.rs");
}

use mutants::{FAITHFUL, MUTANTS};
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

/// Texts of the source, each occurring once, and their replacements for loom, whose atomics cannot be made in a constant. The
/// words of a slot become the checked types of `atomics.rs`.
const FOR_LOOM: &[(&str, &str)] = &[
    (
        "use core::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};",
        "use crate::atomics::{AtomicBool, AtomicUsize, Ordering, Tag, Word};",
    ),
    (
        "/// Holds the signals that this process's handler received and the main loop has not yet drained.\npub static RING: Ring<CAPACITY, REST> = Ring::new();\n",
        "",
    ),
    (
        "    pub const fn new() -> Self {\n        const {",
        "    pub fn new() -> Self {\n        const {",
    ),
    (
        "slots: [const { Slot::new() }; N],",
        "slots: core::array::from_fn(|_| Slot::new()),",
    ),
    (
        "    tag: AtomicU64,\n    rest: [AtomicU64; W],\n",
        "    tag: Tag,\n    rest: [Word; W],\n",
    ),
    (
        "    const fn new() -> Self {\n        Self {\n            tag",
        "    fn new() -> Self {\n        Self {\n            tag",
    ),
    ("tag: AtomicU64::new(0)", "tag: Tag::new()"),
    (
        "rest: [const { AtomicU64::new(0) }; W]",
        "rest: core::array::from_fn(|_| Word::new())",
    ),
];

fn main() {
    let here = env::var("CARGO_MANIFEST_DIR").unwrap();
    let out = env::var("OUT_DIR").unwrap();
    let source = Path::new(&here).join("../../src/signal/ring.rs");
    println!("cargo::rerun-if-changed=mutants.rs");
    println!("cargo::rerun-if-changed=src/models.rs");
    println!("cargo::rerun-if-changed={}", source.display());
    let product = fs::read_to_string(source).unwrap();
    let product = product.split("#[cfg(test)]").next().unwrap();
    demand_a_mutant_for_each_ordering(product);
    let ring = replace_all(product, FOR_LOOM);

    let mut modules = String::new();
    let mut list = String::from("pub static VARIANTS: &[Variant] = &[\n");
    for (name, edits) in [(FAITHFUL, &[][..])]
        .into_iter()
        .chain(MUTANTS.iter().copied())
    {
        let path = Path::new(&out).join(format!("{name}.rs"));
        fs::write(&path, replace_all(&ring, edits)).unwrap();
        write!(
            modules,
            "#[allow(clippy::duplicate_mod, reason = \"the same models, for each ring\")]\n\
             mod {name} {{\n    #[path = {path:?}]\n    #[allow(dead_code, clippy::all, reason = \"a copy of the product, linted there\")]\n    mod ring;\n    #[path = {here:?}]\n    pub mod models;\n}}\n",
            here = Path::new(&here).join("src/models.rs"),
        )
        .unwrap();
        writeln!(list, "    Variant {{ name: {name:?}, models: {name}::models::ALL, let_in_too_early: &{name}::models::LET_IN_TOO_EARLY, two_alone: &{name}::models::TWO_ALONE }},").unwrap();
    }
    fs::write(
        Path::new(&out).join("variants.rs"),
        modules + &list + "];\n",
    )
    .unwrap();
}

/// Each text must occur exactly once: a mutant that changes nothing, or another place, would prove nothing.
fn replace_all(source: &str, edits: &[(&str, &str)]) -> String {
    edits.iter().fold(source.to_owned(), |text, (old, new)| {
        let found = text.matches(old).count();
        assert_eq!(found, 1, "{found} times in ring.rs, not once:\n{old}");
        text.replacen(old, new, 1)
    })
}

/// Fails the build if an ordering of the ring has no mutant that shows that it is needed.
fn demand_a_mutant_for_each_ordering(product: &str) {
    let strong = ["Acquire", "Release", "AcqRel", "SeqCst"]
        .map(|ordering| product.matches(&format!("Ordering::{ordering}")).count())
        .iter()
        .sum::<usize>();
    let mutated = MUTANTS
        .iter()
        .filter(|(_, edits)| {
            edits
                .iter()
                .any(|(_, new)| new.contains("Ordering::Relaxed)"))
        })
        .filter(|(name, _)| name.starts_with("relaxed_"))
        .count();
    assert_eq!(
        strong, mutated,
        "orderings above Relaxed in ring.rs, and mutants that relax one"
    );
}
