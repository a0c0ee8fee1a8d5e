//! The tables of `docs/dialect-counts.md`.

use std::fmt::Write;
use std::fs;

use super::program::{Kind, Program};
use crate::{failed, product};

const PAGE: &str = "docs/dialect-counts.md";
const BEGIN: &str = "<!-- counts:begin -->\n";
const END: &str = "<!-- counts:end -->\n";

/// The counts of a program: two cells of its row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Part {
    /// The texts that arrive exactly, with minitalk and with the program's own partner.
    Idle,
    /// The texts that arrive exactly beside busy loops.
    Busy,
    /// The time of a longer text, and its ratio to that with the partner.
    Times,
}

impl Part {
    /// All parts with their names, in the order in which they are counted.
    pub const ALL: [(&'static str, Self); 3] = [
        ("idle", Self::Idle),
        ("times", Self::Times),
        ("busy", Self::Busy),
    ];

    const fn column(self) -> usize {
        match self {
            Self::Idle => 0,
            Self::Busy => 2,
            Self::Times => 4,
        }
    }
}

/// The cells of a program.
struct Row {
    kind: Kind,
    name: String,
    what: String,
    cells: [String; 6],
}

/// The tables of clients and of servers.
pub struct Tables {
    rows: Vec<Row>,
}

impl Tables {
    /// Returns the tables with a row for each program. Cells that the page has of it are kept until they are counted again.
    pub fn of<'p>(programs: impl Iterator<Item = &'p Program>) -> Result<Self, String> {
        let page = read()?;
        let (_, tables, _) = split(&page)?;
        let row = |program: &Program| Row {
            kind: program.kind,
            name: program.name.clone(),
            what: program.what.replace('|', "\\|"),
            cells: cells_of(program, tables).unwrap_or_else(|| ["-"; 6].map(Into::into)),
        };
        let rows = programs.map(row).collect();
        Ok(Self { rows })
    }

    /// Sets the two cells of a part of a program.
    pub fn set(&mut self, program: &Program, part: Part, cells: [String; 2]) {
        let mut rows = self.rows.iter_mut();
        if let Some(row) = rows.find(|row| row.kind == program.kind && row.name == program.name) {
            let column = part.column();
            row.cells[column..column + 2].clone_from_slice(&cells);
        }
    }

    /// Replaces the tables of the page.
    pub fn write(&self) -> Result<(), String> {
        let page = read()?;
        let (head, _, tail) = split(&page)?;
        let page = format!("{head}{BEGIN}{}{END}{tail}", self.render());
        let path = product::repository().join(PAGE);
        fs::write(&path, page).map_err(failed("write", &path))
    }

    pub fn render(&self) -> String {
        let mut text = String::new();
        for kind in [Kind::Client, Kind::Server] {
            let title = title(kind);
            let (name, partner) = match kind {
                Kind::Client => ("client", "its own server"),
                Kind::Server => ("server", "its own client"),
            };
            _ = write!(
                text,
                "{title}\n\
                 | {name} | what it does | exact | {partner} | busy | {partner}, busy | time | to {partner}'s |\n\
                 | --- | --- | --- | --- | --- | --- | ---: | ---: |\n"
            );
            for row in self.rows.iter().filter(|row| row.kind == kind) {
                let cells = row.cells.join(" | ");
                _ = writeln!(text, "| `{}` | {} | {cells} |", row.name, row.what);
            }
            text.push('\n');
        }
        text
    }
}

/// Returns the cells that a program has in these tables.
fn cells_of(program: &Program, tables: &str) -> Option<[String; 6]> {
    let (_, table) = tables.split_once(title(program.kind))?;
    let start = format!("| `{}` | ", program.name);
    let line = table.lines().find(|line| line.starts_with(&start))?;
    let cells: Vec<&str> = line.trim_end_matches(" |").split(" | ").collect();
    let last = cells.last_chunk::<6>().filter(|_| cells.len() >= 8)?;
    Some(last.map(Into::into))
}

const fn title(kind: Kind) -> &'static str {
    match kind {
        Kind::Client => "### Clients, to `minitalk serve`\n",
        Kind::Server => "### Servers, from `minitalk send`\n",
    }
}

fn read() -> Result<String, String> {
    let path = product::repository().join(PAGE);
    fs::read_to_string(&path).map_err(failed("read", &path))
}

/// Returns the text before the page's tables, the tables, and the text after them.
fn split(page: &str) -> Result<(&str, &str, &str), String> {
    let parts = || {
        let (head, rest) = page.split_once(BEGIN)?;
        let (tables, tail) = rest.split_once(END)?;
        Some((head, tables, tail))
    };
    parts().ok_or(format!("{PAGE} has no marks"))
}
