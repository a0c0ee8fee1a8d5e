//! The report: sections of rows, for a terminal and as JSON.

use std::io::{self, IsTerminal};
use std::path::Path;
use std::time::Duration;

use super::not_passed::NotPassed;
use crate::cli::command::wrap;
use crate::cli::exit::Failure;
use crate::cli::help;
use crate::cli::stdio::has_colors;
use crate::cli::text::{in_line, json_string};
use crate::cli::units::{SECOND, amount, decimal};

/// Describes the verdict of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Ok,
    /// The exercise demands more.
    Fail,
    /// The program could be better, but the exercise does not demand it.
    Warn,
    /// Neither good nor bad.
    Info,
}

impl Verdict {
    /// Returns the word of the report, and the number of its colour on a terminal.
    const fn style(self) -> (&'static str, &'static str) {
        match self {
            Self::Ok => ("ok", "32"),
            Self::Fail => ("FAIL", "1;31"),
            Self::Warn => ("warn", "33"),
            Self::Info => ("info", "36"),
        }
    }
}

/// Holds the result of a test.
pub struct Row {
    pub verdict: Verdict,
    pub what: String,
    pub detail: String,
    /// The time of a message, and its bytes per second.
    pub timing: Option<(Duration, u64)>,
}

impl Row {
    pub fn new(verdict: Verdict, what: &str, detail: &str) -> Self {
        Self {
            verdict,
            what: what.into(),
            detail: detail.into(),
            timing: None,
        }
    }

    /// Returns the row on one line, which can be searched, or folded for a terminal.
    fn text(&self, is_terminal: bool, is_colored: bool) -> String {
        let timing = self.timing.map_or(String::new(), |(time, rate)| {
            let seconds = decimal(time.as_nanos(), SECOND, 2);
            format!(", {seconds} s, {}/s", amount(rate))
        });
        let (word, colour) = self.verdict.style();
        let word = match is_colored {
            true => format!("\x1b[{colour}m{word:<4}\x1b[0m"),
            false => format!("{word:<4}"),
        };
        let mut detail = format!("{}{timing}", self.detail);
        if is_terminal {
            let next = format!("\n{:DETAIL$}", "");
            detail = wrap(&detail, WIDTH - DETAIL).join(&next);
        }
        format!("  {word}  {:<20} {detail}\n", self.what)
    }
}

/// The column where the details begin.
const DETAIL: usize = 29;

/// Columns of the narrowest usual terminal.
const WIDTH: usize = 80;

/// Holds the rows about one program, or about a client and a server together.
pub struct Section {
    /// The key in JSON.
    key: &'static str,
    title: String,
    pub dialect: Option<String>,
    pub rows: Vec<Row>,
    /// Whether the program and its partner together meet the demands on texts.
    pub passes_with_partner: bool,
    /// Whether the title and each row are printed as soon as they are known, because a check takes long.
    is_shown: bool,
    /// An error of printing, which the end of the check reports: the exit code has the verdict too.
    pub unshown: Option<Failure>,
}

impl Section {
    pub fn new(key: &'static str, programs: &[&Path], is_shown: bool) -> Self {
        let names = programs.iter().map(|path| path.display().to_string());
        let mut section = Self {
            key,
            title: names.collect::<Vec<_>>().join(" to "),
            dialect: None,
            rows: Vec::new(),
            passes_with_partner: false,
            is_shown,
            unshown: None,
        };
        let title = format!("{key}: {}\n", in_line(section.title.as_bytes()));
        section.show(&title);
        section
    }

    fn show(&mut self, text: &str) {
        if self.is_shown {
            self.unshown = help::print(text).err().or(self.unshown.take());
        }
    }

    pub fn add(&mut self, verdict: Verdict, what: &str, detail: &str) {
        self.push(Row::new(verdict, what, detail));
    }

    pub fn push(&mut self, row: Row) {
        let stdout = io::stdout();
        self.show(&row.text(stdout.is_terminal(), has_colors(&stdout)));
        self.rows.push(row);
    }

    /// Adds the result of a test that must pass.
    pub fn demand(&mut self, what: &str, result: Result<String, NotPassed>) {
        self.add_result(Verdict::Fail, what, result);
    }

    /// Adds the result of a test of texts, which the program may fail because minitalk does not know its dialect.
    pub fn demand_of_texts(&mut self, what: &str, result: Result<String, NotPassed>) {
        if !self.passes_with_partner {
            return self.demand(what, result);
        }
        let unsure = |error| match error {
            NotPassed::Failed(why) => {
                NotPassed::NotSure(format!("{why}; with its partner it passes"))
            }
            undecided => undecided,
        };
        self.advise(what, result.map_err(unsure));
    }

    /// Adds the result of a test that should pass.
    pub fn advise(&mut self, what: &str, result: Result<String, NotPassed>) {
        self.add_result(Verdict::Warn, what, result);
    }

    fn add_result(&mut self, otherwise: Verdict, what: &str, result: Result<String, NotPassed>) {
        match result {
            Ok(detail) => self.add(Verdict::Ok, what, &detail),
            Err(error) if error.is_undecided() => self.add(Verdict::Warn, what, &error.to_string()),
            Err(error) => self.add(otherwise, what, &error.to_string()),
        }
    }

    pub fn passes(&self) -> bool {
        self.rows.iter().all(|row| row.verdict != Verdict::Fail)
    }

    fn json(&self) -> String {
        let rows = self.rows.iter().map(|row| {
            let (seconds, rate) = match row.timing {
                Some((time, rate)) => (decimal(time.as_nanos(), SECOND, 6), rate.to_string()),
                None => ("null".into(), "null".into()),
            };
            format!(
                "{{\"verdict\":{},\"what\":{},\"detail\":{},\"seconds\":{seconds},\"bytes_per_second\":{rate}}}",
                json_string(&row.verdict.style().0.to_ascii_lowercase()),
                json_string(&row.what),
                json_string(&row.detail),
            )
        });
        format!(
            "\"{}\":{{\"program\":{},\"dialect\":{},\"passed\":{},\"rows\":[{}]}}",
            self.key,
            json_string(&self.title),
            self.dialect.as_deref().map_or("null".into(), json_string),
            self.passes(),
            rows.collect::<Vec<_>>().join(","),
        )
    }
}

/// Returns all sections as one object.
pub fn json(sections: &[Section]) -> String {
    let passed = sections.iter().all(Section::passes);
    let parts: Vec<_> = sections.iter().map(Section::json).collect();
    format!("{{\"passed\":{passed},{}}}\n", parts.join(","))
}

/// Returns a number with commas between its thousands.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Returns the first bytes of a program's output, in quotes.
pub fn quoted(bytes: &[u8]) -> String {
    const LIMIT: usize = 40;
    let more = if bytes.len() > LIMIT { "..." } else { "" };
    let shown = in_line(&bytes[..bytes.len().min(LIMIT)]);
    format!("\"{shown}{more}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_commas_between_thousands() {
        assert_eq!(
            [0, 999, 1000, 1_234_567].map(grouped),
            ["0", "999", "1,000", "1,234,567"]
        );
    }

    #[test]
    fn a_row_is_one_line_or_fits_a_terminal() {
        let words = "the server prints what nobody sent ".repeat(4);
        let mut row = Row::new(Verdict::Warn, "two clients at once", words.trim_end());
        row.timing = Some((Duration::from_millis(1500), 2000));
        let line = row.text(false, false);
        assert!(line.starts_with("  warn  two clients at once  the server prints"));
        assert!(line.ends_with("nobody sent, 1.50 s, 2.0 KB/s\n") && line.lines().count() == 1);
        let lines = row.text(true, false);
        assert!(lines.lines().count() > 2);
        for (i, text) in lines.lines().enumerate() {
            assert!(text.len() <= WIDTH, "{text}");
            assert!(
                i == 0 || text.len() - text.trim_start().len() == DETAIL,
                "{text}"
            );
        }
        let words = |text: &str| {
            text.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(words(&lines), words(&line));
        assert!(
            row.text(true, true)
                .starts_with("  \x1b[33mwarn\x1b[0m  two")
        );
    }

    #[test]
    fn what_is_undecided_fails_no_section_in_whatever_words() {
        let mut section = Section::new("server", &[Path::new("a")], false);
        for undecided in [NotPassed::no_time(), NotPassed::unfinished("")] {
            section.demand_of_texts("x", Err(undecided.map(|why| format!("then: {why}"))));
        }
        assert!(section.passes());
        let details = ["not tried: then: the time", "not sure: then: the time"];
        for (row, detail) in section.rows.iter().zip(details) {
            assert!(row.detail.starts_with(detail), "{}", row.detail);
        }
        section.demand_of_texts("x", Err("y".into()));
        assert!(!section.passes());
        section.passes_with_partner = true;
        section.demand_of_texts("x", Err("y".into()));
        assert_eq!(section.rows[3].verdict, Verdict::Warn);
    }

    #[test]
    fn one_failure_fails_the_section_and_foreign_bytes_are_escaped() {
        let mut section = Section::new("server", &[Path::new("a\x1b[2J")], false);
        section.add(Verdict::Warn, "x", "y");
        assert!(section.passes());
        section.add(Verdict::Fail, "x", &quoted(b"\x1b[2J"));
        assert!(!section.passes());
        assert!(
            json(&[section]).starts_with("{\"passed\":false,\"server\":{\"program\":\"a\\u001b")
        );
    }
}
