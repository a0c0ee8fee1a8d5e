//! What can be said from outside about what a signal handler calls.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::report::{Section, Verdict};
use super::running::Running;
use crate::cli::format::for_terminal;

const AUDIT: &str = "minitalk-audit";

/// How long an audit may take.
const LIMIT: Duration = Duration::from_secs(30);

/// Functions that a handler must not call and that students' handlers do (`signal-safety(7)` names those that it may).
const UNSAFE: &[&str] = &[
    "printf",
    "__printf_chk",
    "fprintf",
    "puts",
    "putchar",
    "fflush",
    "malloc",
    "calloc",
    "realloc",
    "free",
    "exit",
    "syslog",
];

/// What larger is than this is no program of the exercise.
const MOST: u64 = 8 << 20;

/// The audit program that was given, or that lies where one is looked for.
pub fn find_audit(given: Option<&Path>, ours: &Path) -> Option<PathBuf> {
    if let Some(path) = given {
        return Some(path.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let beside = ours.parent().map(Path::to_path_buf);
    let places = beside.into_iter().chain(std::env::split_paths(&path));
    places
        .map(|place| place.join(AUDIT))
        .find(|path| path.is_file())
}

/// Adds what there is to say.
pub fn add(program: &Path, audit: Option<&Path>, section: &mut Section) {
    let what = "signal safety";
    let why = match audit.map(|audit| run(audit, program)) {
        Some(Ok(Outcome::Passes(handlers))) => {
            return section.add(Verdict::Ok, what, format!("the audit passes {handlers}"));
        }
        Some(Ok(Outcome::Fails(violations))) => {
            return section.add(Verdict::Warn, what, violations);
        }
        Some(Err(why)) => format!("the handler was not audited: {why}"),
        None => format!(
            "the handler was not audited, for there is no {AUDIT} beside this program or in PATH (see --audit)"
        ),
    };
    section.add(Verdict::Info, what, why);
    let imports = imports(program);
    if !imports.is_empty() {
        let imports = imports.join(", ");
        section.add(
            Verdict::Info,
            what,
            format!("imports {imports}: make sure that no handler calls it"),
        );
    }
}

enum Outcome {
    Passes(String),
    Fails(String),
}

fn run(audit: &Path, program: &Path) -> Result<Outcome, String> {
    let mut command = Command::new(audit);
    command.arg("--binary").arg(program).arg("--follow");
    let failed = |error| format!("{}: {error}", audit.display());
    let mut running = Running::on_pipes(&mut command).map_err(failed)?;
    let status = running.wait(LIMIT).ok_or("the audit hangs")?;
    // The pipes are read by threads, which may be behind.
    running.stdout.settle(Duration::from_millis(20), LIMIT);
    let text = String::from_utf8_lossy(&running.stdout.since(0)).into_owned();
    match status.code() {
        Some(0) => Ok(Outcome::Passes(handlers(&text))),
        Some(1) => Ok(Outcome::Fails(violations(&text))),
        _ => {
            let said = String::from_utf8_lossy(&running.stderr.since(0)).into_owned();
            let line = said.lines().next().unwrap_or("it does not say why");
            Err(for_terminal(line.as_bytes()))
        }
    }
}

fn handlers(text: &str) -> String {
    let names = text.lines().filter_map(|line| line.strip_suffix(": PASS"));
    for_terminal(names.collect::<Vec<_>>().join(", ").as_bytes())
}

fn violations(text: &str) -> String {
    let lines: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("violation["))
        .collect();
    let first = lines
        .first()
        .map_or("", |line| line.trim_start_matches("violation"));
    let more = match lines.len() {
        0 | 1 => String::new(),
        count => format!(" (and {} more: {AUDIT} --follow --binary)", count - 1),
    };
    format!("the audit finds {}{more}", for_terminal(first.as_bytes()))
}

/// Which of the unsafe functions stand in the program's table of names: a search of its bytes, for it need be no more than a
/// hint.
fn imports(program: &Path) -> Vec<&'static str> {
    let is_small = fs::metadata(program).is_ok_and(|m| m.is_file() && m.len() <= MOST);
    let bytes = match fs::read(program) {
        Ok(bytes) if is_small && bytes.starts_with(b"\x7fELF") => bytes,
        _ => return Vec::new(),
    };
    let names: std::collections::HashSet<&[u8]> = bytes.split(|byte| *byte == 0).collect();
    let found = UNSAFE.iter().filter(|name| names.contains(name.as_bytes()));
    found.copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_audit_says_is_told_in_a_line() {
        let text = "violation[call] on_bit+0x10 at 0x1: `call printf` x [y]\nviolation[loop] z\non_bit: FAIL, violations: 2\n";
        assert_eq!(
            violations(text),
            "the audit finds [call] on_bit+0x10 at 0x1: `call printf` x [y] (and 1 more: minitalk-audit --follow --binary)"
        );
        assert_eq!(handlers("a: PASS\n  x\nb: PASS\n"), "a, b");
    }
}
