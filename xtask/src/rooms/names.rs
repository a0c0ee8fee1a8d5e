//! The types of a tree of sources: no two have one name, so that a name has one meaning.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

/// Returns a line for each type of a tree that has the name of another one.
pub fn repeated(tree: &Path) -> io::Result<Vec<String>> {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in super::sources(tree)? {
        let text = fs::read_to_string(&file)?;
        for (n, line) in text.lines().enumerate() {
            if let Some(name) = defined(line) {
                let place = format!("{}:{}", file.display(), n + 1);
                places.entry(name.to_owned()).or_default().push(place);
            }
        }
    }
    let repeated = places.into_iter().filter(|(_, places)| places.len() > 1);
    let line = |(name, places): (_, Vec<_>)| format!("types named {name}: {}", places.join(", "));
    Ok(repeated.map(line).collect())
}

/// Returns the name of the type or trait that the line defines.
fn defined(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let line = match line.strip_prefix("pub") {
        Some(rest) => rest.trim_start_matches(|c| c != ' ').trim_start(),
        None => line,
    };
    let (kind, rest) = line.split_once(' ')?;
    let end = rest
        .find(|c: char| !c.is_alphanumeric())
        .unwrap_or(rest.len());
    (matches!(kind, "struct" | "enum" | "trait") && end > 0).then_some(&rest[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_are_told_from_other_lines() {
        for (line, name) in [
            ("pub struct Ring<T> {", Some("Ring")),
            ("    pub(super) enum Held {", Some("Held")),
            ("trait Clock: Sized {", Some("Clock")),
            ("struct Unit;", Some("Unit")),
            ("// struct Ring", None),
            ("impl Ring {", None),
            ("let structure = 1;", None),
        ] {
            assert_eq!(defined(line), name, "{line}");
        }
    }

    #[test]
    fn a_name_of_two_types_is_reported_with_both_places() {
        let tree = std::env::temp_dir().join(format!("minitalk-names-{}", std::process::id()));
        fs::create_dir_all(tree.join("inner")).unwrap();
        fs::write(tree.join("a.rs"), "struct One;\nstruct Two;\n").unwrap();
        fs::write(tree.join("inner/b.rs"), "\npub enum Two {}\n").unwrap();
        let found = repeated(&tree).unwrap();
        fs::remove_dir_all(&tree).unwrap();
        let places = ["a.rs:2", "inner/b.rs:2"].map(|place| tree.join(place).display().to_string());
        assert_eq!(found, [format!("types named Two: {}", places.join(", "))]);
    }
}
