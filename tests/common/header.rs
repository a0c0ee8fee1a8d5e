//! The lines `// key: value` at the head of a program of `tests/dialects`; `tests/dialects.rs` explains them.
//!
//! The tests and `cargo xtask dialects` share this file; it needs nothing but std.

use std::collections::BTreeMap;

/// The values by their keys.
pub struct Header(BTreeMap<String, String>);

impl Header {
    /// Reads the lines from the source of a program; `None` if it names no dialect.
    pub fn parse(source: &str) -> Option<Self> {
        let lines = source.lines();
        let pairs = lines.filter_map(|line| line.strip_prefix("// ")?.split_once(": "));
        let header = Self(pairs.map(|(k, v)| (k.into(), v.into())).collect());
        header.0.contains_key("dialect").then_some(header)
    }

    /// Returns the dialect of the program, as a SPEC.
    pub fn spec(&self) -> &str {
        &self.0["dialect"]
    }

    /// Returns whether the line of this key has this value, whatever reason follows it behind a comma.
    pub fn says(&self, key: &str, value: &str) -> bool {
        let line = self.0.get(key).map(String::as_str).unwrap_or_default();
        line.split(',').next() == Some(value)
    }

    /// Returns the longest text, in bytes, for which the program is fast enough.
    pub fn most_bytes(&self) -> usize {
        let bytes = self.0.get("bytes");
        bytes.map_or(512, |n| n.parse().expect("a number of bytes"))
    }

    /// Returns the keys of a SPEC that differ from the preset classic.
    pub fn keys(spec: &str) -> BTreeMap<String, String> {
        let words = spec.trim().split(',').filter(|word| *word != "classic");
        words
            .map(|word| word.split_once('=').expect(spec))
            .map(|(key, value)| (key.into(), value.into()))
            .collect()
    }
}
