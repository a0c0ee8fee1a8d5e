//! The allow-list: functions that a handler may call, each with the authority that says so.

use std::collections::BTreeMap;
use std::path::Path;

/// Holds a set of function names with their citations.
#[derive(Default)]
pub struct Allow(BTreeMap<String, String>);

impl Allow {
    /// Reads a list: `name citation` a line, `#` begins a comment line.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("cannot read the allow-list {}: {error}", path.display()))?;
        Self::parse(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Returns the list in the repository.
    pub fn of_the_repository() -> Result<Self, String> {
        Self::parse(include_str!("../allow.txt"))
            .map_err(|error| format!("audit/allow.txt: {error}"))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut names = BTreeMap::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let Some((name, citation)) = line.split_once(char::is_whitespace) else {
                return Err(format!(
                    "line {}: {line} has no citation: who says that a handler may call it?",
                    number + 1
                ));
            };
            names.insert(name.to_owned(), citation.trim().to_owned());
        }
        Ok(Self(names))
    }

    /// Adds the names of another list.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Returns the source that lets a handler call `name`, or `None` if there is none.
    pub fn citation(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

/// Returns whether the list of the repository has the name.
pub fn is_listed(name: &str) -> bool {
    use std::sync::LazyLock;
    static LIST: LazyLock<Allow> = LazyLock::new(|| Allow::of_the_repository().unwrap_or_default());
    LIST.citation(name).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_without_a_citation_is_refused() {
        assert!(Allow::parse("# text\nwrite  POSIX\n").is_ok());
        assert!(Allow::parse("write\n").is_err());
    }

    #[test]
    fn the_list_in_the_repository_names_the_safe_and_not_the_unsafe() {
        let list = Allow::of_the_repository().unwrap();
        assert!(list.citation("write").unwrap().contains("2.4.3"));
        // Earlier POSIX versions required the functions that POSIX.1-2024 withdrew to be safe.
        for withdrawn in ["sigpause", "sigset", "utime"] {
            assert!(list.citation(withdrawn).is_some(), "{withdrawn}");
        }
        for unsafe_one in ["malloc", "printf", "exit", "fork", "longjmp"] {
            assert_eq!(list.citation(unsafe_one), None);
        }
    }
}
