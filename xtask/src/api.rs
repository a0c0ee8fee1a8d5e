//! `cargo xtask api`: lists the public interface of the library in a file, so that a change of it is a change of the file.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use public_api::{Builder, PublicItem};

use crate::{failed, output, product, report};

const USAGE: &str = "\
usage: cargo xtask api --check|--write

Lists what a program that uses the library can name, with rustdoc's JSON: without features, and what the feature std adds.

options:
  --check   compare the list with docs/public-api.txt; exit code 1, and the differences, if they are not equal
  --write   write docs/public-api.txt
";

/// The path of the list.
const LIST: &str = "docs/public-api.txt";

/// The format of rustdoc's JSON that the crate `public-api` reads.
const FORMAT: &str = "\"format_version\":57";

/// Runs the command with its arguments.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<_> = arguments.collect();
    let [argument] = &*arguments else {
        eprint!("{USAGE}");
        return ExitCode::from(2);
    };
    let task = match argument.to_str() {
        Some("--check") => check,
        Some("--write") => write,
        Some("--help" | "-h") => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprint!("api: unexpected argument {argument:?}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let result = match list() {
        Ok(Some(list)) => task(&list),
        Ok(None) => {
            println!(
                "api: SKIPPED: rustdoc's JSON has another format than that of Rust 1.95 (see public-api in xtask/Cargo.toml)"
            );
            Ok(())
        }
        Err(error) => Err(error),
    };
    report("api", result)
}

fn write(list: &str) -> Result<(), String> {
    let path = product::repository().join(LIST);
    fs::write(&path, list).map_err(failed("write", &path))
}

fn check(list: &str) -> Result<(), String> {
    let path = product::repository().join(LIST);
    let committed = fs::read_to_string(&path).map_err(failed("read", &path))?;
    match differences(&committed, list) {
        None => Ok(()),
        Some(differences) => Err(format!(
            "the public interface is not the one in {LIST}; if that is intended, run cargo xtask api --write \
             and say in CHANGELOG.md what changes for users\n{differences}"
        )),
    }
}

/// Returns the lines that only one of two lists has; `None` if they are equal.
fn differences(committed: &str, list: &str) -> Option<String> {
    if committed == list {
        return None;
    }
    let only_in = |one: &str, other: &str, mark: &str| {
        let other: BTreeSet<_> = other.lines().collect();
        let lines = one.lines().filter(|line| !other.contains(line));
        lines
            .map(|line| format!("{mark} {line}\n"))
            .collect::<String>()
    };
    let lines = only_in(committed, list, "-") + &only_in(list, committed, "+");
    Some(if lines.is_empty() {
        "the order of the lines differs\n".into()
    } else {
        lines
    })
}

/// Returns the text of the list; `None` if this rustdoc writes a format that the crate `public-api` does not read.
fn list() -> Result<Option<String>, String> {
    let (Some(core), Some(std)) = (items("")?, items("std")?) else {
        return Ok(None);
    };
    let added: Vec<_> = std
        .into_iter()
        .filter(|item| !core.contains(item))
        .collect();
    let head = "# What a program that uses the library can name. cargo xtask api --write lists it, .ci/run api compares.\n";
    let section = |title, items: &[String]| format!("\n# {title}\n\n{}", arranged(items));
    let without = section("Without features", &core);
    let with_std = section("Added by the feature std", &added);
    Ok(Some(format!("{head}{without}{with_std}")))
}

/// Returns the items of the library with these features, in the order of their paths.
fn items(features: &str) -> Result<Option<Vec<String>>, String> {
    let json = rustdoc(features)?;
    let text = fs::read_to_string(&json).map_err(failed("read", &json))?;
    if !text.contains(FORMAT) {
        return Ok(None);
    }
    let api = Builder::from_rustdoc_json(&json)
        .omit_blanket_impls(true)
        .include_function_parameter_names(true)
        .build()
        .map_err(|error| format!("{}: {error}", json.display()))?;
    let items = api.items().map(|item| (item, item.to_string()));
    let is_of_trait = |(_, text): &(&PublicItem, String)| Implementation::parse(text).is_some();
    let (of_traits, items): (Vec<_>, Vec<_>) = items.partition(is_of_trait);
    let parents: BTreeSet<_> = of_traits.iter().map(|(item, _)| item.id().0).collect();
    // The trait says which functions it has, but not which types.
    let says_more = |(item, text): &(&PublicItem, String)| {
        text.starts_with("pub type ") || !item.parent_id().is_some_and(|id| parents.contains(&id.0))
    };
    let items = items.into_iter().filter(says_more).chain(of_traits);
    Ok(Some(items.map(|(_, text)| text).collect()))
}

/// Returns a line for each item, then a line for each type with all its traits.
fn arranged(items: &[String]) -> String {
    let mut lines = String::new();
    let mut traits: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for item in items {
        match Implementation::parse(item) {
            Some(Implementation { name, by, generics })
                if !UNSTABLE.contains(&name.trim_start_matches('!')) =>
            {
                traits.entry((by, generics)).or_default().insert(name);
            }
            // The functions of a type have its path.
            None if !item.starts_with("impl ") => lines += &format!("{item}\n"),
            _ => {}
        }
    }
    for ((by, generics), names) in traits {
        let names: Vec<_> = names.into_iter().collect();
        lines += &format!("impl{generics} {} for {by}\n", names.join(", "));
    }
    lines
}

/// The automatic traits that stable Rust cannot name.
const UNSTABLE: [&str; 3] = ["Freeze", "StructuralPartialEq", "UnsafeUnpin"];

/// An implementation of a trait.
#[derive(Debug, PartialEq)]
struct Implementation<'s> {
    /// The parameters, with the angle brackets.
    generics: &'s str,
    /// The trait without its path, with `!` if it is not implemented.
    name: String,
    /// The type, and the conditions.
    by: &'s str,
}

impl<'s> Implementation<'s> {
    /// Parses an item such as `impl<T> core::clone::Clone for minitalk::Ring<T>`; `None` if it is another kind.
    fn parse(item: &'s str) -> Option<Self> {
        let (head, by) = item.strip_prefix("impl")?.split_once(" for ")?;
        let (generics, path) = head.split_at(head.rfind("> ").map_or(0, |at| at + 1));
        let path = path.trim_start();
        let (mark, path) = path.split_at(usize::from(path.starts_with('!')));
        let start = path.find('<').unwrap_or(path.len());
        let start = path[..start].rfind("::").map_or(0, |at| at + 2);
        let name = format!("{mark}{}", &path[start..]);
        Some(Self { generics, name, by })
    }
}

/// Runs rustdoc on the library and returns the path of its JSON.
fn rustdoc(features: &str) -> Result<PathBuf, String> {
    let target = product::target().join("api");
    let mut cargo = product::cargo();
    cargo
        .args(["rustdoc", "--quiet", "--package", "minitalk", "--lib"])
        .args(["--no-default-features", "--features", features])
        .arg("--target-dir")
        .arg(&target)
        .args(["--", "-Zunstable-options", "--output-format=json"])
        .arg("--cap-lints=allow")
        // The format is unstable, and this is how a stable rustdoc writes it.
        .env("RUSTC_BOOTSTRAP", "1");
    output(&mut cargo)?;
    Ok(target.join("doc/minitalk.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_with_another_line_differs() {
        assert_eq!(differences("a\nb\n", "a\nb\n"), None);
        let changed = differences("a\nb\n", "a\nc\n");
        assert_eq!(changed.as_deref(), Some("- b\n+ c\n"));
        let other_order = differences("a\nb\n", "b\na\n");
        assert_eq!(
            other_order.as_deref(),
            Some("the order of the lines differs\n")
        );
    }

    #[test]
    fn the_traits_of_a_type_share_a_line() {
        let items = [
            "pub struct minitalk::Ring<W>",
            "impl minitalk::Pid",
            "impl core::marker::Send for minitalk::Pid",
            "impl !core::marker::Freeze for minitalk::Pid",
            "impl core::convert::From<std::io::Error> for minitalk::Pid",
            "impl<W> !core::marker::Send for minitalk::Ring<W>",
            "impl<const W: usize> minitalk::Ring<W>",
        ];
        let expected = "\
pub struct minitalk::Ring<W>
impl<const W: usize> minitalk::Ring<W>
impl From<std::io::Error>, Send for minitalk::Pid
impl<W> !Send for minitalk::Ring<W>
";
        assert_eq!(arranged(&items.map(String::from)), expected);
    }
}
