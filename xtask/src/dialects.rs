//! `cargo xtask dialects`: counts the texts that arrive between minitalk and each program of `tests/dialects`, and between that
//! program and its own partner.

mod page;
mod program;
mod trial;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use crate::marked::{self, Mark};
use crate::{busy, product, report};
use page::{Part, Tables};
use program::{Kind, Program};
use trial::{Argv, Series, Tally};

const USAGE: &str = "\
usage: cargo xtask dialects [--runs N] [--busy N] [--jobs N] [--part PART]... [--program NAME]... [--write]

Lets each client of tests/dialects send 12 bytes to one `minitalk serve`, N times one after the other, and `minitalk send`
the same to each server. Does the same with the program's own partner, where tests/dialects has one of the same dialect.
Counts the texts that arrive exactly on the idle machine and beside busy loops, and takes the time of longer ones on the idle
machine. The third client of a program that hangs for 20 s is the last one. Takes an hour or two; run nothing else meanwhile.

options:
  --runs N         texts for each count (default 20)
  --busy N         busy loops (default 8)
  --jobs N         counts that run at once (default 1); times are always taken one at a time
  --part PART      count this part only: idle, times or busy; may be repeated
  --program NAME   this program only, in both roles; may be repeated
  --write          write into docs/dialect-counts.md what is counted, after each program; all else there stays
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
    jobs: usize,
    parts: Vec<Part>,
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
        jobs: 1,
        parts: vec![],
        programs: vec![],
        write: false,
    };
    let part = |name: String| {
        let found = Part::ALL.into_iter().find(|(it, _)| *it == name);
        let error = || format!("there is no part {name}; parts are idle, times and busy");
        found.map(|(_, part)| part).ok_or_else(error)
    };
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Short('h') | Arg::Long("help") => return Ok(None),
            Arg::Long("runs") => options.runs = parser.value()?.parse()?,
            Arg::Long("busy") => options.busy = parser.value()?.parse()?,
            Arg::Long("jobs") => options.jobs = parser.value()?.parse::<usize>()?.max(1),
            Arg::Long("part") => options.parts.push(part(parser.value()?.string()?)?),
            Arg::Long("program") => options.programs.push(parser.value()?.string()?),
            Arg::Long("write") => options.write = true,
            other => return Err(other.unexpected()),
        }
    }
    if options.parts.is_empty() {
        options.parts = Part::ALL.map(|(_, part)| part).into();
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
    let programs = || clients.iter().chain(&servers);
    let is_unknown = |name: &&String| !programs().any(|program| program.name == **name);
    if let Some(name) = options.programs.iter().find(is_unknown) {
        return Err(format!("tests/dialects has no program {name}"));
    }
    let pairs = programs()
        .filter(|it| options.programs.is_empty() || options.programs.contains(&it.name))
        .map(|program| Pairs {
            program,
            partner: program.partner(match program.kind {
                Kind::Client => &servers,
                Kind::Server => &clients,
            }),
            minitalk: &minitalk,
            mark: &mark,
        });
    let pairs: Vec<Pairs> = pairs.collect();
    let mut tables = Tables::of(programs())?;
    for part in &options.parts {
        let (jobs, loops) = match part {
            Part::Idle => (options.jobs, 0),
            Part::Times => (1, 0),
            Part::Busy => (options.jobs, options.busy),
        };
        let _busy = busy::start(loops)?;
        at_once(
            jobs,
            &pairs,
            |pairs| pairs.cells(*part, options.runs),
            |pairs, cells| {
                tables.set(pairs.program, *part, cells?);
                // A run that is cut short leaves its counts so far.
                if options.write {
                    tables.write()?;
                }
                Ok(())
            },
        )?;
    }
    if !options.write {
        print!("{}", tables.render());
    }
    Ok(())
}

/// Calls `work` with each item, on as many threads, and `take` with each result on this one. Ends at the first error.
fn at_once<'i, T: Sync, R: Send>(
    jobs: usize,
    items: &'i [T],
    work: impl Fn(&T) -> R + Sync,
    mut take: impl FnMut(&'i T, R) -> Result<(), String>,
) -> Result<(), String> {
    let queue = Mutex::new(items.iter());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let (sender, results) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..jobs {
            let (sender, work) = (sender.clone(), &work);
            scope.spawn(move || {
                while let Some(item) = next()
                    && sender.send((item, work(item))).is_ok()
                {}
            });
        }
        drop(sender);
        // An error drops the receiver, and with it the threads end.
        results
            .into_iter()
            .try_for_each(|(item, result)| take(item, result))
    })
}

/// A program with minitalk, and with its own partner.
struct Pairs<'a> {
    program: &'a Program,
    partner: Option<&'a Program>,
    minitalk: &'a Path,
    mark: &'a Mark,
}

impl Pairs<'_> {
    /// Returns the counts of a part in the tables.
    fn cells(&self, part: Part, runs: usize) -> Result<[String; 2], String> {
        if part == Part::Times {
            let times = self.times()?;
            return Ok(times.map_or(["-".into(), "-".into()], |times| {
                let [ours, own] = times.map(|time| time.as_secs_f64());
                [
                    format!("{:.1} ms", 1e3 * ours),
                    format!("{:.2}", ours / own),
                ]
            }));
        }
        let own = self.own().map(|series| count(series, runs)).transpose()?;
        let own = own.map_or("-".into(), |tally| tally.to_string());
        Ok([count(self.ours(), runs)?.to_string(), own])
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
            status: i32::from(client.is_some_and(|client| says(client, "exits", "1"))),
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

/// Counts the texts of a series that arrive.
fn count(mut series: Series, runs: usize) -> Result<Tally, String> {
    let mut tally = Tally::default();
    for _ in 0..runs {
        tally.add(series.try_text(TEXT)?);
        if series.hung == MOST_HUNG {
            break;
        }
    }
    eprintln!("{}: {tally} of {runs}", series.name);
    Ok(tally)
}
