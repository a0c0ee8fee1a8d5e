//! `cargo xtask dialects`: counts the texts that arrive between minitalk and each program of `tests/dialects`, and between that
//! program and its own partner.

mod page;
mod program;
mod trial;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use crate::marked::{self, Mark};
use crate::{busy, product, report};
use page::{Counts, Row};
use program::{Kind, Program};
use trial::{Argv, Series, Tally};

const USAGE: &str = "\
usage: cargo xtask dialects [--runs N] [--busy N] [--program NAME]... [--write]

Lets each client of tests/dialects send 12 bytes to one `minitalk serve`, N times one after the other, and `minitalk send`
the same to each server. Does the same with the program's own partner, where tests/dialects has one of the same dialect.
Then everything once more beside busy loops. Prints tables of the texts that arrived exactly, and of the time that longer ones
took on the idle machine. The third client of a program that hangs for 20 s is the last one. Takes an hour or two; run nothing else
meanwhile. If it is ended before, the page has what was counted.

options:
  --runs N         texts for each count (default 20)
  --busy N         busy loops (default 8); 0: on the idle machine only
  --program NAME   this program only, in both roles; may be repeated
  --write          write the tables into docs/dialect-counts.md
";

/// The text that is counted.
const TEXT: &[u8] = b"Hello World!";

/// After so many clients that hang, a count ends.
const MOST_HUNG: usize = 3;

/// The texts for a time, and their length in bytes, if the program is fast enough.
const TIMED: usize = 5;
const TIMED_BYTES: usize = 200;

struct Options {
    runs: usize,
    busy: usize,
    programs: Vec<String>,
    write: bool,
}

/// Runs the command with its arguments.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    match parse(arguments) {
        Ok(Some(options)) => report("dialects", count_all(&options)),
        Ok(None) => {
            print!("{USAGE}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprint!("dialects: {error}\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Option<Options>, lexopt::Error> {
    use lexopt::{Arg, ValueExt};
    let mut options = Options {
        runs: 20,
        busy: 8,
        programs: vec![],
        write: false,
    };
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Short('h') | Arg::Long("help") => return Ok(None),
            Arg::Long("runs") => options.runs = parser.value()?.parse()?,
            Arg::Long("busy") => options.busy = parser.value()?.parse()?,
            Arg::Long("program") => options.programs.push(parser.value()?.string()?),
            Arg::Long("write") => options.write = true,
            other => return Err(other.unexpected()),
        }
    }
    if options.write && !options.programs.is_empty() {
        return Err("--write needs all programs".into());
    }
    Ok(Some(options))
}

fn count_all(options: &Options) -> Result<(), String> {
    let mark = Mark::new();
    marked::kill_all_on_signals(&mark)
        .map_err(|error| format!("cannot handle signals: {error}"))?;
    let minitalk = product::build()?;
    let clients = program::compile_all(Kind::Client)?;
    let servers = program::compile_all(Kind::Server)?;
    let both = [(&clients, &servers), (&servers, &clients)].map(|(programs, partners)| {
        let chosen = programs
            .iter()
            .filter(|p| options.programs.is_empty() || options.programs.contains(&p.name));
        let pairs = chosen.map(|program| Pairs {
            program,
            partner: program.partner(partners),
            minitalk: &minitalk,
            mark: &mark,
        });
        pairs.collect::<Vec<_>>()
    });
    let mut tables = [vec![], vec![]];
    let text = |tables: &[Vec<Row>; 2]| page::render(tables, options.runs, options.busy);
    // A run that is cut short leaves what it has counted.
    let keep = |tables: &[Vec<Row>; 2]| match options.write {
        true => page::write(&text(tables)),
        false => Ok(()),
    };
    for (number, pairs) in both.iter().enumerate() {
        for pairs in pairs {
            tables[number].push(pairs.row(options.runs)?);
            keep(&tables)?;
        }
    }
    let _busy = busy::start(options.busy)?;
    for (number, pairs) in both.iter().enumerate().filter(|_| options.busy > 0) {
        for (index, pairs) in pairs.iter().enumerate() {
            tables[number][index].busy = Some(pairs.counts(options.runs)?);
            keep(&tables)?;
        }
    }
    if !options.write {
        print!("{}", text(&tables));
    }
    Ok(())
}

/// A program with minitalk, and with its own partner.
struct Pairs<'a> {
    program: &'a Program,
    partner: Option<&'a Program>,
    minitalk: &'a Path,
    mark: &'a Mark,
}

impl Pairs<'_> {
    /// Returns the figures of the idle machine.
    fn row(&self, runs: usize) -> Result<Row, String> {
        Ok(Row {
            name: self.program.name.clone(),
            what: self.program.what.clone(),
            idle: self.counts(runs)?,
            busy: None,
            times: self.times()?,
        })
    }

    /// Counts the texts that arrive from or at minitalk, and the program's own partner.
    fn counts(&self, runs: usize) -> Result<Counts, String> {
        let count = |mut series: Series| {
            let mut tally = Tally::default();
            for _ in 0..runs {
                tally.add(series.try_text(TEXT)?);
                if series.hung == MOST_HUNG {
                    break;
                }
            }
            eprintln!("{}: {tally} of {runs}", series.name);
            Ok::<_, String>(tally)
        };
        Ok(Counts {
            ours: count(self.ours())?,
            own: self.own().map(count).transpose()?,
        })
    }

    /// Returns the median times of a longer text, with minitalk and with the program's own partner, taken in turn.
    fn times(&self) -> Result<Option<[Duration; 2]>, String> {
        let Some(mut own) = self.own() else {
            return Ok(None);
        };
        let mut ours = self.ours();
        let text = trial::prose(self.program.header.most_bytes().min(TIMED_BYTES));
        let mut times = [vec![], vec![]];
        // The first process of a program is the one whose dialect has to be found.
        for run in 0..=TIMED {
            for (series, times) in [&mut ours, &mut own].into_iter().zip(&mut times) {
                let time = series.try_text(&text)?.exact_in();
                times.extend(time.filter(|_| run > 0));
            }
            if ours.hung + own.hung > 0 {
                return Ok(None);
            }
        }
        let [ours, own] = times.map(trial::median);
        Ok(ours.zip(own).map(|(ours, own)| [ours, own]))
    }

    fn ours(&self) -> Series<'_> {
        match self.program.kind {
            Kind::Client => self.series(None, Some(self.program)),
            Kind::Server => self.series(Some(self.program), None),
        }
    }

    fn own(&self) -> Option<Series<'_>> {
        let partner = self.partner?;
        Some(match self.program.kind {
            Kind::Client => self.series(Some(partner), Some(self.program)),
            Kind::Server => self.series(Some(self.program), Some(partner)),
        })
    }

    /// Returns texts from a client to a server; `None` is minitalk.
    fn series(&self, server: Option<&Program>, client: Option<&Program>) -> Series<'_> {
        let says = |program: &Program, key, value| program.header.says(key, value);
        let given = ["--dialect", self.program.header.spec()];
        let serve = || match says(self.program, "auto", "no") {
            true => self.minitalk(&[&["serve", "--format", "raw"], &given[..]].concat()),
            false => self.minitalk(&["serve", "--format", "raw"]),
        };
        let send = || self.minitalk(&[&["send"], &given[..]].concat());
        let name = |program: Option<&Program>| program.map_or("minitalk", |it| &it.name).to_owned();
        Series {
            name: format!("{} to {}", name(client), name(server)),
            server: server.map_or_else(serve, Program::argv),
            client: client.map_or_else(send, Program::argv),
            has_newline: server.is_some_and(|server| says(server, "newline", "yes")),
            client_ends: client.is_none_or(|client| !says(client, "exits", "no")),
            is_kept: server.is_none(),
            mark: self.mark,
            receiver: None,
            hung: 0,
        }
    }

    fn minitalk(&self, arguments: &[&str]) -> Argv {
        let arguments = arguments.iter().map(OsString::from);
        [self.minitalk.into()]
            .into_iter()
            .chain(arguments)
            .collect()
    }
}
