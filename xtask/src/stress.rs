//! `cargo xtask stress`: runs the tests of `cargo test` on a slowed machine and as an unprivileged user.

mod cgroup;
mod condition;
mod programs;
mod report;
mod run;

use std::ffi::OsString;
use std::fs;
use std::process::ExitCode;
use std::time::Duration;

use crate::{failed, product};
use condition::{ActiveCondition, Condition};
use programs::build;
use report::{Row, table};
use run::{Cleaner, run};

const USAGE: &str = "\
usage: cargo xtask stress [--rounds N] [--only CONDITION]... [--test NAME]... [-- FILTER...]

Builds the tests of `cargo test` and runs all of them under each condition, N times. Prints the failures, and a table at the
end. Exit code 0 only if nothing failed, 2 for a usage error; a condition that this machine cannot provide is a failure.
The output of each test program is in target/stress.

options:
  --rounds N          number of runs under each condition (default 1)
  --only CONDITION    this condition only; may be repeated
  --test NAME         this test program only: a file of tests/ without .rs, or lib, or doc; may be repeated
  --minutes N         time limit of one test program (default 60)

conditions:
";

struct Options {
    rounds: usize,
    conditions: Vec<Condition>,
    tests: Vec<String>,
    filters: Vec<OsString>,
    limit: Duration,
}

/// Runs the command with its arguments.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let options = match parse(arguments) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{}", usage());
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("stress: {error}\n{}", usage());
            return ExitCode::from(2);
        }
    };
    match stress(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("stress: {error}");
            ExitCode::FAILURE
        }
    }
}

fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Option<Options>, String> {
    use lexopt::{Arg, ValueExt};
    let mut options = Options {
        rounds: 1,
        conditions: vec![],
        tests: vec![],
        filters: vec![],
        limit: Duration::from_secs(3600),
    };
    let mut parser = lexopt::Parser::from_args(arguments);
    let mut run = || {
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Short('h') | Arg::Long("help") => return Ok(false),
                Arg::Long("rounds") => options.rounds = parser.value()?.parse()?,
                Arg::Long("test") => options.tests.push(parser.value()?.string()?),
                Arg::Long("minutes") => {
                    options.limit = Duration::from_secs(60 * parser.value()?.parse::<u64>()?);
                }
                Arg::Long("only") => {
                    let name = parser.value()?.string()?;
                    options.conditions.push(Condition::parse(&name)?);
                }
                Arg::Value(filter) => options.filters.push(filter),
                other => return Err(other.unexpected()),
            }
        }
        Ok(true)
    };
    if !run().map_err(|error: lexopt::Error| error.to_string())? {
        return Ok(None);
    }
    if options.conditions.is_empty() {
        options.conditions = Condition::USUAL.into();
    }
    Ok(Some(options))
}

fn usage() -> String {
    let mut text = USAGE.to_string();
    for (_, name, what) in Condition::ALL {
        text += &format!("  {name:<10} {what}\n");
    }
    text
}

/// Runs the tests under all conditions, and returns whether all passed.
fn stress(options: &Options) -> Result<bool, String> {
    let cleaner = Cleaner::start().map_err(|error| format!("cannot handle signals: {error}"))?;
    let programs = build(&options.tests)?;
    let logs = product::target().join("stress");
    fs::create_dir_all(&logs).map_err(failed("create", &logs))?;
    let mut rows = vec![];
    for condition in &options.conditions {
        let mut row = Row::new(condition.name());
        match ActiveCondition::start(*condition, &cleaner) {
            Err(why) => row
                .failed
                .push(format!("not possible on this machine: {why}")),
            Ok(active) => {
                for round in 1..=options.rounds {
                    row.runs += 1;
                    for program in &programs {
                        if *condition == Condition::User && program.path.is_none() {
                            continue;
                        }
                        let log = format!("{}-{round}-{}.log", row.condition, program.name);
                        let mut command = active.command(program);
                        command.args(&options.filters);
                        let run = run(
                            command,
                            &logs.join(&log),
                            options.limit,
                            active.condition,
                            &cleaner,
                        );
                        row.add(&program.name, run, options.filters.is_empty());
                    }
                }
            }
        }
        rows.push(row);
    }
    print!("\n{}", table(&rows));
    Ok(rows.iter().all(|row| row.failed.is_empty()))
}
