//! The tables of `docs/dialect-counts.md`.

use std::fs;
use std::time::Duration;

use super::trial::Tally;
use crate::{failed, product};

const PAGE: &str = "docs/dialect-counts.md";
const BEGIN: &str = "<!-- counts:begin -->\n";
const END: &str = "<!-- counts:end -->\n";

/// The texts that arrived with minitalk, and with a program's own partner.
pub struct Counts {
    pub ours: Tally,
    pub own: Option<Tally>,
}

/// The figures of one program.
pub struct Row {
    pub name: String,
    pub what: String,
    pub idle: Counts,
    pub busy: Option<Counts>,
    /// The time of a longer text with minitalk, and with the partner.
    pub times: Option<[Duration; 2]>,
}

/// Returns both tables, of clients and of servers.
pub fn render(tables: &[Vec<Row>], runs: usize, busy: usize) -> String {
    let titles = [
        ("Clients, to `minitalk serve`", "client", "its own server"),
        ("Servers, from `minitalk send`", "server", "its own client"),
    ];
    let mut text = format!("{runs} texts for each count; {busy} busy loops.\n");
    for ((title, kind, partner), rows) in titles.into_iter().zip(tables) {
        text += &format!(
            "\n### {title}\n\n\
             | {kind} | what it does | exact | {partner} | busy | {partner}, busy | time | to {partner}'s |\n\
             | --- | --- | --- | --- | --- | --- | ---: | ---: |\n"
        );
        text.extend(rows.iter().map(line));
    }
    text
}

fn line(row: &Row) -> String {
    let own = |counts: &Counts| counts.own.map_or("-".into(), |tally| tally.to_string());
    let busy = row.busy.as_ref();
    let [time, ratio] = row.times.map_or(["-".into(), "-".into()], |[ours, own]| {
        let ratio = ours.as_secs_f64() / own.as_secs_f64();
        [
            format!("{:.1} ms", 1e3 * ours.as_secs_f64()),
            format!("{ratio:.2}"),
        ]
    });
    let cells = [
        format!("`{}`", row.name),
        row.what.replace('|', "\\|"),
        row.idle.ours.to_string(),
        own(&row.idle),
        busy.map_or("-".into(), |counts| counts.ours.to_string()),
        busy.map_or("-".into(), own),
        time,
        ratio,
    ];
    format!("| {} |\n", cells.join(" | "))
}

/// Replaces what the page has between its marks.
pub fn write(tables: &str) -> Result<(), String> {
    let path = product::repository().join(PAGE);
    let page = fs::read_to_string(&path).map_err(failed("read", &path))?;
    let parts = page
        .split_once(BEGIN)
        .and_then(|(head, rest)| Some((head, rest.split_once(END)?.1)));
    let (head, tail) = parts.ok_or(format!("{PAGE} has no marks"))?;
    let page = format!("{head}{BEGIN}{tables}{END}{tail}");
    fs::write(&path, page).map_err(failed("write", &path))
}
