//! The verdict of minitalk-audit on the handlers of a program.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::isolation::spawn_on_pipes;
use super::report::{Section, Verdict};
use crate::cli::exec::{executable, in_path};
use crate::cli::text::in_line;

const AUDIT: &str = "minitalk-audit";

/// How long an audit may take.
const LIMIT: Duration = Duration::from_secs(30);

/// Finds the audit program: the given one, or else one beside this program or in PATH.
pub fn find(given: Option<PathBuf>, own_program: &Path) -> Option<PathBuf> {
    let beside = || executable(&own_program.with_file_name(AUDIT)).ok();
    given.or_else(beside).or_else(|| in_path(AUDIT.as_ref()))
}

/// Adds the verdict on the handlers of `program`.
pub fn add(program: &Path, audit: Option<&Path>, section: &mut Section) {
    let (verdict, detail) = match audit.map(|audit| run(audit, program)) {
        Some(Ok(found)) => found,
        Some(Err(why)) => (Verdict::Info, format!("not audited: {why}")),
        None => (
            Verdict::Info,
            format!("not audited: no {AUDIT} in PATH (cargo install --path audit; see --audit)"),
        ),
    };
    let detail = in_line(detail.as_bytes());
    section.add(verdict, "signal safety", &detail);
}

fn run(audit: &Path, program: &Path) -> Result<(Verdict, String), String> {
    let failed = |error| format!("{}: {error}", audit.display());
    let mut child = spawn_on_pipes(Command::new(audit).arg(program)).map_err(failed)?;
    let status = child.wait(LIMIT).ok_or("it does not end")?;
    child.drain();
    let [report, errors] = [&child.stdout, &child.stderr]
        .map(|capture| String::from_utf8_lossy(&capture.since(0)).into_owned());
    let finding = |prefix: &str| {
        let mut found = report.lines().filter(|line| line.starts_with(prefix));
        let first = found.next()?;
        Some(match found.count() {
            0 => first.to_owned(),
            more => format!("{first} (and {more} more: {AUDIT} PROGRAM)"),
        })
    };
    let (verdict, detail) = match status.code() {
        Some(0) => (Verdict::Ok, finding("").map(|_| "all handlers pass".into())),
        Some(1) => (Verdict::Warn, finding("violation[")),
        Some(2) => (Verdict::Info, finding("undecided[")),
        _ => (Verdict::Info, None),
    };
    let error = || errors.lines().next().unwrap_or("no report").to_owned();
    detail.map(|detail| (verdict, detail)).ok_or_else(error)
}
