//! A command: what runs it, and what is printed of it.

use std::ffi::OsString;
use std::fmt::Write;

use super::exit::Failure;
use super::flags::{HELP, Spec};

/// Columns of the longest line of a help text, and where the explanations of the options begin.
const WIDTH: usize = 120;
const INDENT: usize = 27;

/// A command of the program.
pub struct Command {
    pub name: &'static str,
    /// What follows the name.
    pub synopsis: &'static str,
    /// What it does, in a few words.
    pub summary: &'static str,
    /// What it does, in paragraphs.
    pub about: &'static str,
    /// Its options, but for `--help`.
    pub specs: fn() -> Vec<&'static Spec>,
    /// What comes behind the options.
    pub notes: fn() -> String,
    pub run: fn(&Self, Vec<OsString>) -> Result<(), Failure>,
}

impl Command {
    /// What is typed to run it.
    pub fn usage(&self) -> String {
        format!("minitalk {} {}", self.name, self.synopsis)
            .trim_ascii_end()
            .into()
    }

    /// Its options, `--help` among them.
    pub fn all_specs(&self) -> impl Iterator<Item = &'static Spec> {
        (self.specs)().into_iter().chain([&HELP])
    }

    /// The help text.
    pub fn help(&self) -> String {
        let mut text = format!("usage: {}\n\n{}\noptions:\n", self.usage(), self.about);
        for spec in self.all_specs() {
            let mut names = format!("  {}", spec.usage);
            if names.len() + 2 > INDENT {
                let _ = writeln!(text, "{names}");
                names.clear();
            }
            for line in wrap(spec.help, WIDTH - INDENT) {
                let _ = writeln!(text, "{names:INDENT$}{line}");
                names.clear();
            }
        }
        let notes = (self.notes)();
        if !notes.is_empty() {
            let _ = write!(text, "\n{notes}");
        }
        text
    }
}

/// Breaks `text` between words into lines of at most `width` bytes.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines
            .last_mut()
            .filter(|line| line.is_empty() || line.len() + 1 + word.len() <= width);
        match line {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) => *line = format!("{line} {word}"),
            None => lines.push(word.into()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::super::COMMANDS;
    use super::*;

    #[test]
    fn help_texts_fit_a_wide_terminal() {
        for command in COMMANDS {
            for line in command.help().lines() {
                assert!(line.chars().count() <= WIDTH, "{}: {line}", command.name);
            }
        }
    }

    #[test]
    fn an_option_has_one_row_and_an_explanation() {
        for command in COMMANDS {
            let specs: Vec<_> = command.all_specs().collect();
            for spec in &specs {
                assert!(spec.long().starts_with("--"), "{}", spec.usage);
                assert!(!spec.help.is_empty(), "{}", spec.usage);
            }
            let mut names: Vec<_> = specs.iter().flat_map(|spec| spec.names()).collect();
            let count = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), count, "an option of {} twice", command.name);
        }
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(
            wrap("incomprehensible it is", 7),
            ["incomprehensible", "it is"]
        );
    }
}
