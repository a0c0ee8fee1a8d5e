//! What was found out: rows, and how they are shown.

use std::io::{self, IsTerminal};
use std::mem;
use std::path::Path;
use std::time::Duration;

use crate::cli::format::for_terminal;
use crate::cli::text as json;
use crate::cli::trace::Color;
use crate::cli::units::{SECOND, decimal};

/// How a row came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// The exercise demands otherwise.
    Fail,
    /// It could be better, and need not be.
    Warn,
    /// Neither good nor bad.
    Info,
}

impl Verdict {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Fail => "FAIL",
            Self::Warn => "warn",
            Self::Info => "info",
        }
    }

    const fn colour(self) -> &'static str {
        match self {
            Self::Ok => "32",
            Self::Fail => "1;31",
            Self::Warn => "33",
            Self::Info => "36",
        }
    }
}

/// One thing that was looked at.
pub struct Row {
    pub verdict: Verdict,
    pub what: String,
    pub detail: String,
    /// How long the message took, and at how many bytes a second.
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

    /// For people: on a line for those who search, on more of them for those who look at a terminal.
    fn text(&self, is_terminal: bool, is_colored: bool) -> String {
        let timing = self.timing.map_or(String::new(), |(time, rate)| {
            let seconds = decimal(time.as_nanos(), SECOND, 2);
            format!(", {seconds} s, {} bytes/s", grouped(rate))
        });
        let word = self.verdict.word();
        let word = match is_colored {
            true => format!("\x1b[{}m{word:<4}\x1b[0m", self.verdict.colour()),
            false => format!("{word:<4}"),
        };
        let mut detail = format!("{}{timing}", self.detail);
        if is_terminal {
            let next = format!("\n{:DETAIL$}", "");
            detail = folded(&detail, WIDTH - DETAIL).join(&next);
        }
        format!("  {word}  {:<20} {detail}\n", self.what)
    }
}

/// The column in which the details begin.
const DETAIL: usize = 29;

/// Of a terminal whose width nobody asked for: hardly any is narrower.
const WIDTH: usize = 80;

/// Lines of at most so many characters, broken between words where there is more than one.
fn folded(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut line, mut used) = (String::new(), 0);
    for word in text.split(' ') {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > width {
            lines.push(mem::take(&mut line));
            used = 0;
        } else if used > 0 {
            line.push(' ');
            used += 1;
        }
        for c in word.chars() {
            if used == width {
                lines.push(mem::take(&mut line));
                used = 0;
            }
            line.push(c);
            used += 1;
        }
    }
    lines.push(line);
    lines
}

/// The rows about one program, or about two of them together.
pub struct Section {
    /// Its key in JSON.
    pub key: &'static str,
    pub title: String,
    pub dialect: Option<String>,
    pub rows: Vec<Row>,
    show: Show,
}

/// What becomes of a row, or of a title, as soon as it is known: a check takes its time.
pub type Show = fn(&str);

impl Section {
    pub fn new(key: &'static str, programs: &[&Path], show: Show) -> Self {
        let names = programs.iter().map(|path| path.display().to_string());
        let title = names.collect::<Vec<_>>().join(" to ");
        show(&format!("{key}: {}\n", for_terminal(title.as_bytes())));
        Self {
            key,
            title,
            dialect: None,
            rows: Vec::new(),
            show,
        }
    }

    pub fn add(&mut self, verdict: Verdict, what: &str, detail: &str) {
        self.push(Row::new(verdict, what, detail));
    }

    pub fn push(&mut self, row: Row) {
        let stdout = io::stdout();
        (self.show)(&row.text(stdout.is_terminal(), Color::Auto.on(&stdout)));
        self.rows.push(row);
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
                json::string(&row.verdict.word().to_ascii_lowercase()),
                json::string(&row.what),
                json::string(&row.detail),
            )
        });
        format!(
            "\"{}\":{{\"program\":{},\"dialect\":{},\"passed\":{},\"rows\":[{}]}}",
            self.key,
            json::string(&self.title),
            self.dialect.as_deref().map_or("null".into(), json::string),
            self.passes(),
            rows.collect::<Vec<_>>().join(","),
        )
    }
}

/// All sections as one object.
pub fn json(sections: &[Section]) -> String {
    let passed = sections.iter().all(Section::passes);
    let parts: Vec<_> = sections.iter().map(Section::json).collect();
    format!("{{\"passed\":{passed},{}}}\n", parts.join(","))
}

/// A number with commas between its thousands.
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

/// Some bytes of a foreign program, in quotes and not too many.
pub fn quoted(bytes: &[u8]) -> String {
    const MOST: usize = 40;
    let more = if bytes.len() > MOST { "..." } else { "" };
    format!(
        "\"{}{more}\"",
        for_terminal(&bytes[..bytes.len().min(MOST)])
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_told_apart() {
        assert_eq!(
            [0, 999, 1000, 1_234_567].map(grouped),
            ["0", "999", "1,000", "1,234,567"]
        );
    }

    #[test]
    fn a_row_is_a_line_and_on_a_terminal_not_wider_than_that() {
        let words = "the server prints what nobody sent ".repeat(4);
        let mut row = Row::new(Verdict::Warn, "two clients at once", words.trim_end());
        row.timing = Some((Duration::from_millis(1500), 2000));
        let line = row.text(false, false);
        assert!(line.starts_with("  warn  two clients at once  the server prints"));
        assert!(
            line.ends_with("nobody sent, 1.50 s, 2,000 bytes/s\n") && line.lines().count() == 1
        );
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
    fn a_word_that_is_too_long_is_broken_all_the_same() {
        assert_eq!(folded("a bbbbbb cc d", 4), ["a", "bbbb", "bb", "cc d"]);
        assert_eq!(folded("éééé é", 4), ["éééé", "é"]);
        assert_eq!(folded("", 4), [""]);
    }

    #[test]
    fn one_failure_fails_the_section_and_nothing_foreign_reaches_the_terminal() {
        let show = |text: &str| assert!(!text.contains('\x1b'), "{text:?}");
        let mut section = Section::new("server", &[Path::new("a\x1b[2J")], show);
        section.add(Verdict::Warn, "x", "y");
        assert!(section.passes());
        section.add(Verdict::Fail, "x", &quoted(b"\x1b[2J"));
        assert!(!section.passes());
        assert!(
            json(&[section]).starts_with("{\"passed\":false,\"server\":{\"program\":\"a\\u001b")
        );
    }
}
