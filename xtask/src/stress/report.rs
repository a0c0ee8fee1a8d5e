//! The table of what passed and what failed.

use std::process::ExitStatus;
use std::time::Duration;

use super::run::Run;

/// A row of the table.
pub struct Row {
    pub condition: &'static str,
    pub runs: usize,
    passed: usize,
    took: Duration,
    pub failed: Vec<String>,
}

impl Row {
    pub fn new(condition: &'static str) -> Self {
        Self {
            condition,
            runs: 0,
            passed: 0,
            took: Duration::ZERO,
            failed: vec![],
        }
    }

    /// Adds the result of a test program; with `must_run`, a program that ran no test has failed.
    pub fn add(&mut self, program: &str, run: Run, must_run: bool) {
        let (passed, mut failed) = verdicts(&run.printed);
        let is_success = run.status.as_ref().is_ok_and(ExitStatus::success);
        if run.timed_out {
            failed.push("(did not end)".into());
        } else if failed.is_empty() && !is_success {
            failed.push(match run.status {
                Ok(status) => format!("({status})"),
                Err(error) => format!("({error})"),
            });
        } else if failed.is_empty() && passed == 0 && must_run && !has_none(&run.printed) {
            failed.push("(ran no test)".into());
        }
        let (condition, seconds) = (self.condition, run.took.as_secs());
        println!(
            "{condition}: {program}: {passed} passed, {} failed in {seconds} s{}",
            failed.len(),
            match run.left {
                0 => String::new(),
                left => format!(", {left} leftover processes"),
            }
        );
        if !failed.is_empty() {
            let lines: Vec<_> = run.printed.lines().collect();
            for line in &lines[lines.len().saturating_sub(60)..] {
                println!("    {line}");
            }
        }
        self.passed += passed;
        self.took += run.took;
        self.failed
            .extend(failed.iter().map(|test| format!("{program}::{test}")));
    }
}

/// Returns whether the test harness reports that the program contains no test.
fn has_none(printed: &str) -> bool {
    printed.lines().any(|line| line == "running 0 tests")
}

/// Counts the passed tests and lists the failed ones, by the lines of the test harness.
fn verdicts(printed: &str) -> (usize, Vec<String>) {
    let mut passed = 0;
    let mut failed = vec![];
    for line in printed.lines() {
        let Some((name, verdict)) = line
            .strip_prefix("test ")
            .and_then(|rest| rest.rsplit_once(" ... "))
        else {
            continue;
        };
        if verdict == "ok" {
            passed += 1;
        } else if verdict.starts_with("FAILED") {
            failed.push(name.into());
        }
    }
    (passed, failed)
}

pub fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| condition | runs | tests passed | failures | minutes | failed |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    for row in rows {
        let mut names = row.failed.clone();
        names.sort();
        names.dedup();
        let times = |name: &String| row.failed.iter().filter(|failed| *failed == name).count();
        let names: Vec<_> = names
            .iter()
            .map(|name| match times(name) {
                1 => name.clone(),
                times => format!("{name} ({times} times)"),
            })
            .collect();
        text += &format!(
            "| {} | {} | {} | {} | {:.1} | {} |\n",
            row.condition,
            row.runs,
            row.passed,
            row.failed.len(),
            row.took.as_secs_f64() / 60.0,
            names.join(", ")
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::marked::Mark;
    use crate::stress::condition::{Condition, with};
    use crate::stress::run::{Cleaner, run};

    /// Returns the row for a test program that is this script, and the number of leftover processes.
    fn row_of(script: &str, limit: Duration) -> (Row, usize) {
        let name = format!("minitalk-stress-{:?}.log", Mark::new());
        let log = std::env::temp_dir().join(name);
        let command = with("sh", &["-c", script]);
        let run = run(command, &log, limit, Condition::None, &Cleaner::default());
        fs::remove_file(log).unwrap();
        let left = run.left;
        let mut row = Row::new("none");
        row.add("p", run, true);
        (row, left)
    }

    const LONG: Duration = Duration::from_secs(600);

    #[test]
    fn failures_are_named_and_counted() {
        let (row, _) = row_of(
            "echo 'test a ... ok'; echo 'test b ... FAILED'; exit 101",
            LONG,
        );
        assert_eq!((row.passed, &row.failed[..]), (1, &["p::b".into()][..]));
        let (row, _) = row_of("echo 'test a ... ok'", LONG);
        assert_eq!((row.passed, row.failed.len()), (1, 0));
        let rows = [Row {
            failed: ["p::b", "p::a", "p::b"].map(String::from).into(),
            ..Row::new("busy")
        }];
        assert!(table(&rows).ends_with("| busy | 0 | 0 | 3 | 0.0 | p::a, p::b (2 times) |\n"));
    }

    #[test]
    fn a_program_that_dies_or_runs_no_test_has_failed() {
        for (script, why) in [
            ("echo 'test a ... ok'; exit 3", "p::(exit status: 3)"),
            (
                "echo 'test a ... ok'; kill -9 $$",
                "p::(signal: 9 (SIGKILL))",
            ),
            ("echo 'running 5 tests'", "p::(ran no test)"),
            ("", "p::(ran no test)"),
        ] {
            assert_eq!(row_of(script, LONG).0.failed, [why], "{script}");
        }
        assert_eq!(row_of("echo 'running 0 tests'", LONG).0.failed.len(), 0);
    }

    #[test]
    fn leftover_processes_are_counted_and_killed() {
        let (row, left) = row_of("echo 'test a ... ok'; setsid sleep 1000 &", LONG);
        assert_eq!((row.failed.len(), left), (0, 1));
    }
}
