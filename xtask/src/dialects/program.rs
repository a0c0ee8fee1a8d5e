//! The programs of `tests/dialects`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::trial::Argv;
use crate::header::Header;
use crate::{failed, output, product};

/// The role of a program.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Client,
    Server,
}

impl Kind {
    fn folder(self) -> &'static str {
        match self {
            Self::Client => "clients",
            Self::Server => "servers",
        }
    }
}

/// A compiled program.
pub struct Program {
    pub kind: Kind,
    pub name: String,
    pub header: Header,
    /// The first sentence of the comment at its head.
    pub what: String,
    path: PathBuf,
}

/// Compiles the programs of a kind; returns them by name.
pub fn compile_all(kind: Kind) -> Result<Vec<Program>, String> {
    let folder = product::repository()
        .join("tests/dialects")
        .join(kind.folder());
    let entries = fs::read_dir(&folder).map_err(failed("list", &folder))?;
    let mut sources: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    sources.retain(|path| path.extension().is_some_and(|it| it == "c"));
    sources.sort();
    sources.iter().map(|source| compile(kind, source)).collect()
}

fn compile(kind: Kind, source: &Path) -> Result<Program, String> {
    let text = fs::read_to_string(source).map_err(failed("read", source))?;
    let name = source.file_stem().unwrap_or_default().to_string_lossy();
    let directory = product::target().join("dialects").join(kind.folder());
    fs::create_dir_all(&directory).map_err(failed("create", &directory))?;
    let path = directory.join(&*name);
    let mut cc = Command::new("cc");
    cc.args(["-O1", "-o"]).arg(&path).arg(source);
    output(&mut cc)?;
    Ok(Program {
        kind,
        name: name.into_owned(),
        header: Header::parse(&text).ok_or(format!("{} names no dialect", source.display()))?,
        what: first_sentence(&text),
        path,
    })
}

/// Returns the first sentence of the comment with which a source begins.
fn first_sentence(source: &str) -> String {
    let comment = source.split_once("/*").map_or("", |(_, rest)| rest);
    let comment = comment.split_once("*/").map_or("", |(comment, _)| comment);
    let words: Vec<&str> = comment
        .split_whitespace()
        .filter(|word| *word != "*")
        .collect();
    let comment = words.join(" ");
    let end = comment.find(". ").map_or(comment.len(), |at| at + 1);
    comment[..end].trim_end_matches('.').into()
}

impl Program {
    pub fn argv(&self) -> Argv {
        vec![self.path.clone().into()]
    }

    /// Returns a program of the same dialect: that of the same name, if there is one.
    pub fn partner<'p>(&self, others: &'p [Program]) -> Option<&'p Program> {
        let mut same = others
            .iter()
            .filter(|other| shared_keys(other) == shared_keys(self));
        let first = same.clone().next();
        same.find(|other| other.name == self.name).or(first)
    }
}

/// Returns those keys of a dialect in which two partners must agree.
fn shared_keys(program: &Program) -> Vec<(String, String)> {
    const OF_ONE_END: [&str; 3] = ["pace", "wait", "silence"];
    let keys = Header::keys(program.header.spec()).into_iter();
    keys.filter(|(key, _)| !OF_ONE_END.contains(&&**key))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_described_by_the_first_sentence_of_its_comment() {
        for (source, what) in [
            ("/* Waits. Then sends. */\nint main;", "Waits"),
            ("/* Sends in\n * two lines. */", "Sends in two lines"),
            ("int main;", ""),
        ] {
            assert_eq!(first_sentence(source), what);
        }
    }
}
