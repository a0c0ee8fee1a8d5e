//! A command: its help text and the function that runs it.

use std::fmt::Write;

use super::exit::Failure;
use super::flags::{Args, Flag, HELP};

/// Limits the columns of a help text, and gives the column where the explanations of the options begin.
const WIDTH: usize = 120;
const INDENT: usize = 27;

/// Describes a command of the program.
pub struct Command {
    pub name: &'static str,
    /// Lists the arguments, as the help text shows them.
    pub synopsis: &'static str,
    /// Explains the command in the list of commands.
    pub summary: &'static str,
    /// Holds the paragraphs of the help text before the options.
    pub about: &'static str,
    /// Holds the tables of options, without `--help`.
    pub flags: &'static [&'static [Flag]],
    /// Returns the help text after the options.
    pub notes: fn() -> String,
    pub run: fn(Args) -> Result<(), Failure>,
}

impl Command {
    /// Returns the command line of the help text.
    pub fn usage(&self) -> String {
        format!("minitalk {} {}", self.name, self.synopsis)
            .trim_ascii_end()
            .into()
    }

    /// Returns the options, with `--help`.
    pub fn all_flags(&self) -> impl Iterator<Item = &'static Flag> {
        self.flags.iter().copied().flatten().chain([&HELP])
    }

    /// Returns the help text.
    pub fn help(&self) -> String {
        let mut text = format!("usage: {}\n\n{}\noptions:\n", self.usage(), self.about);
        for flag in self.all_flags() {
            let mut names = format!("  {}", flag.usage);
            if names.len() + 2 > INDENT {
                let _ = writeln!(text, "{names}");
                names.clear();
            }
            for line in wrap(flag.help, WIDTH - INDENT) {
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

/// Breaks `text` into lines of at most `width` characters: between words, and within a word that is longer.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > width {
            lines.push(String::new());
            used = 0;
        }
        let space = (used > 0).then_some(' ');
        for c in space.into_iter().chain(word.chars()) {
            if used == width {
                lines.push(String::new());
                used = 0;
            }
            if let Some(line) = lines.last_mut() {
                line.push(c);
            }
            used += 1;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::super::COMMANDS;
    use super::*;

    #[test]
    fn help_texts_fit_in_120_columns() {
        for command in COMMANDS {
            for line in command.help().lines() {
                assert!(line.chars().count() <= WIDTH, "{}: {line}", command.name);
            }
        }
    }

    #[test]
    fn every_option_has_one_row_and_an_explanation() {
        for command in COMMANDS {
            let flags: Vec<_> = command.all_flags().collect();
            for flag in &flags {
                assert!(flag.long().starts_with("--"), "{}", flag.usage);
                assert!(!flag.help.is_empty(), "{}", flag.usage);
            }
            let mut names: Vec<_> = flags.iter().flat_map(|flag| flag.names()).collect();
            let count = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), count, "{} has an option twice", command.name);
        }
    }

    #[test]
    fn lines_break_between_words_and_within_long_words() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("a bbbbbb cc d", 4), ["a", "bbbb", "bb", "cc d"]);
        assert_eq!(wrap("éééé é", 4), ["éééé", "é"]);
        assert_eq!(wrap("", 4), [""]);
    }
}
