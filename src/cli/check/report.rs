//! What was found out: rows, and how they are shown.

use std::io::{self, IsTerminal};
use std::path::Path;

use crate::cli::format::for_terminal;
use crate::cli::json;

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
#[derive(Clone, Debug)]
pub struct Row {
    pub verdict: Verdict,
    pub what: String,
    pub detail: String,
    /// How long the message took, and at how many bytes a second.
    pub timing: Option<(f64, f64)>,
}

impl Row {
    pub fn new(verdict: Verdict, what: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            verdict,
            what: what.into(),
            detail: detail.into(),
            timing: None,
        }
    }

    /// For people, on a line.
    fn text(&self) -> String {
        let timing = self.timing.map_or(String::new(), |(seconds, rate)| {
            format!(", {seconds:.2} s, {} bytes/s", grouped(rate as u64))
        });
        let word = self.verdict.word();
        let word = match wants_colour() {
            true => format!("\x1b[{}m{word:<4}\x1b[0m", self.verdict.colour()),
            false => format!("{word:<4}"),
        };
        format!("  {word}  {:<20} {}{timing}\n", self.what, self.detail)
    }
}

fn wants_colour() -> bool {
    let is_refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    io::stdout().is_terminal() && !is_refused
}

/// The rows about one program, or about two of them together.
#[derive(Debug)]
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

    pub fn add(&mut self, verdict: Verdict, what: impl Into<String>, detail: impl Into<String>) {
        self.push(Row::new(verdict, what, detail));
    }

    pub fn push(&mut self, row: Row) {
        (self.show)(&row.text());
        self.rows.push(row);
    }

    pub fn passes(&self) -> bool {
        self.rows.iter().all(|row| row.verdict != Verdict::Fail)
    }

    fn json(&self) -> String {
        let rows = self.rows.iter().map(|row| {
            let (seconds, rate) = match row.timing {
                Some((seconds, rate)) => (format!("{seconds:.6}"), format!("{rate:.0}")),
                None => ("null".into(), "null".into()),
            };
            format!(
                "{{\"verdict\":{},\"what\":{},\"detail\":{},\"seconds\":{seconds},\"bytes_per_second\":{rate}}}",
                json::string(&row.verdict.word().to_lowercase()),
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
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
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
    fn one_failure_fails_the_section_and_nothing_foreign_reaches_the_terminal() {
        let show = |text: &str| assert!(!text.contains('\x1b'), "{text:?}");
        let mut section = Section::new("server", &[Path::new("a\x1b[2J")], show);
        section.add(Verdict::Warn, "x", "y");
        assert!(section.passes());
        section.add(Verdict::Fail, "x", quoted(b"\x1b[2J"));
        assert!(!section.passes());
        assert!(
            json(&[section]).starts_with("{\"passed\":false,\"server\":{\"program\":\"a\\u001b")
        );
    }
}
