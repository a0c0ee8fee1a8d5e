//! What can be said from outside about what a signal handler calls.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::report::{Section, Verdict};
use crate::cli::child::Running;
use crate::cli::format::for_terminal;

const AUDIT: &str = "minitalk-audit";

/// What the rows are called.
const WHAT: &str = "signal safety";

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
    let why = match audit.map(|audit| run(audit, program)) {
        Some(Ok(report)) => {
            for (verdict, detail) in report.rows() {
                section.add(verdict, WHAT, &detail);
            }
            return;
        }
        Some(Err(why)) => format!("the handler was not audited: {why}"),
        None => format!(
            "the handler was not audited, for there is no {AUDIT} beside this program or in PATH (see --audit)"
        ),
    };
    section.add(Verdict::Info, WHAT, &why);
    let imports = imports(program);
    if !imports.is_empty() {
        let imports = imports.join(", ");
        section.add(
            Verdict::Info,
            WHAT,
            &format!("imports {imports}: make sure that no handler calls it"),
        );
    }
}

fn run(audit: &Path, program: &Path) -> Result<Report, String> {
    let mut command = Command::new(audit);
    command.arg("--binary").arg(program).arg("--follow");
    let failed = |error| format!("{}: {error}", audit.display());
    let mut running = Running::on_pipes(&mut command).map_err(failed)?;
    let status = running.wait(LIMIT).ok_or("the audit hangs")?;
    running.drain();
    match status.code() {
        Some(code @ 0..=2) if code < 2 || !running.stdout.since(0).is_empty() => {
            let text = running.stdout.since(0);
            let report = Report::read(&String::from_utf8_lossy(&text));
            match code == 1 && report.violations.is_empty() {
                true => Err("the audit does not say what is wrong".into()),
                false => Ok(report),
            }
        }
        _ => {
            let said = String::from_utf8_lossy(&running.stderr.since(0)).into_owned();
            let line = said.lines().next().unwrap_or("it does not say why");
            Err(for_terminal(line.as_bytes()))
        }
    }
}

/// What an audit found in somebody else's handlers. It judges them as if they were ours, which must not even loop; what is a
/// hazard in any handler is a call of what may be under way in the code that it interrupts.
struct Report {
    handlers: Vec<String>,
    /// Each a rule, and what was found where.
    violations: Vec<(String, String)>,
}

/// How bad it is to break one of the audit's rules.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Weight {
    Hazard,
    /// The rest of the handler was not seen.
    Doubt,
    /// It may be meant, and is then harmless: a loop that ends, an errno that is put back.
    Oddity,
}

impl Weight {
    fn of(rule: &str) -> Self {
        match rule {
            "call" | "panic" => Self::Hazard,
            "indirect" | "undecodable" | "runs-off" | "undecided" => Self::Doubt,
            _ => Self::Oddity,
        }
    }
}

impl Report {
    fn read(text: &str) -> Self {
        let handler = |line: &str| {
            let (name, _) = line
                .split_once(": PASS")
                .or_else(|| line.split_once(": CANNOT DECIDE, "))
                .or_else(|| line.split_once(": FAIL, "))?;
            Some(name.to_owned())
        };
        let violation = |line: &str| {
            if let Some(open) = line.strip_prefix("undecided[") {
                let (_, found) = open.split_once("] ")?;
                return Some(("undecided".to_owned(), found.to_owned()));
            }
            let (rule, found) = line.strip_prefix("violation[")?.split_once("] ")?;
            Some((rule.to_owned(), found.to_owned()))
        };
        Self {
            handlers: text.lines().filter_map(handler).collect(),
            violations: text.lines().filter_map(violation).collect(),
        }
    }

    fn rows(&self) -> Vec<(Verdict, String)> {
        let weighing = |weight| {
            let all = self.violations.iter();
            all.filter(move |(rule, _)| Weight::of(rule) == weight)
        };
        let first = |weight| {
            let (rule, found) = weighing(weight).next()?;
            let more = match weighing(weight).count() {
                1 => String::new(),
                count => format!(" (and {} more: {AUDIT} --follow --binary)", count - 1),
            };
            Some(format!("[{rule}] {found}{more}"))
        };
        let mut rows = Vec::new();
        if let Some(found) = first(Weight::Hazard) {
            rows.push((Verdict::Warn, format!("the audit finds {found}")));
        }
        if let Some(found) = first(Weight::Doubt) {
            rows.push((
                Verdict::Info,
                format!("the audit does not see beyond {found}"),
            ));
        }
        if rows.is_empty() {
            let names = self.handlers.join(", ");
            rows.push((Verdict::Ok, format!("no call that is not safe: {names}")));
        }
        let mut oddities: Vec<&str> = Vec::new();
        for (rule, _) in weighing(Weight::Oddity) {
            if let Err(at) = oddities.binary_search(&&**rule) {
                oddities.insert(at, rule);
            }
        }
        if !oddities.is_empty() {
            let detail = format!(
                "{}: harmless if meant ({AUDIT} --follow --binary says where)",
                oddities.join(", ")
            );
            rows.push((Verdict::Info, detail));
        }
        let shown = |(verdict, detail): (_, String)| (verdict, for_terminal(detail.as_bytes()));
        rows.into_iter().map(shown).collect()
    }
}

/// Which of the unsafe functions stand in the program's table of names: a search of its bytes, for it need be no more than a
/// hint.
fn imports(program: &Path) -> Vec<&'static str> {
    let is_small = fs::metadata(program).is_ok_and(|m| m.is_file() && m.len() <= MOST);
    let bytes = match fs::read(program) {
        Ok(bytes) if is_small && bytes.starts_with(b"\x7fELF") => bytes,
        _ => return Vec::new(),
    };
    let is_named = |function: &&&str| {
        let mut names = bytes.split(|byte| *byte == 0);
        names.any(|name| name == function.as_bytes())
    };
    UNSAFE.iter().filter(is_named).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<(Verdict, String)> {
        Report::read(text).rows()
    }

    #[test]
    fn a_call_that_a_handler_must_not_make_is_a_warning() {
        let text = "violation[call] on_bit+0x10 at 0x1: `call printf` x [y]\n\
                    violation[loop] z\n\
                    violation[call] w\n\
                    on_bit: FAIL, violations: 3\n";
        let finds = "the audit finds [call] on_bit+0x10 at 0x1: `call printf` x [y] (and 1 more: minitalk-audit --follow --binary)";
        assert_eq!(rows(text)[0], (Verdict::Warn, finds.into()));
        let loops = "loop: harmless if meant (minitalk-audit --follow --binary says where)";
        assert_eq!(rows(text)[1..], [(Verdict::Info, loops.into())]);
    }

    #[test]
    fn a_loop_is_none() {
        let text = "violation[loop] on_bit+0x10 at 0x1: x\n\
                    violation[loop] on_bit+0x20 at 0x2: x\n\
                    violation[thread-local] on_bit+0x30 at 0x3: x\n\
                    on_bit: FAIL, violations: 3\nother: PASS\n  x\n";
        let verdicts: Vec<_> = rows(text).into_iter().map(|(verdict, _)| verdict).collect();
        assert_eq!(verdicts, [Verdict::Ok, Verdict::Info]);
        assert_eq!(rows(text)[0].1, "no call that is not safe: on_bit, other");
        assert!(rows(text)[1].1.starts_with("loop, thread-local: "));
    }

    #[test]
    fn what_the_audit_does_not_see_is_not_called_safe() {
        let text = "violation[indirect] on_bit+0x10 at 0x1: x\non_bit: FAIL, violations: 1\n";
        let sees = "the audit does not see beyond [indirect] on_bit+0x10 at 0x1: x";
        assert_eq!(rows(text), [(Verdict::Info, sees.into())]);
    }

    #[test]
    fn functions_that_no_handler_may_call_are_found_by_their_names() {
        let path = std::env::temp_dir().join(format!("minitalk-hints.{}", std::process::id()));
        fs::write(&path, b"\x7fELF\0printf\0carefree\0malloc@GLIBC\0free\0").unwrap();
        let found = imports(&path);
        fs::write(&path, b"#!/bin/sh\0printf\0").unwrap();
        let in_a_script = imports(&path);
        fs::remove_file(&path).unwrap();
        assert_eq!(found, ["printf", "free"]);
        assert_eq!(in_a_script, [""; 0]);
    }
}
