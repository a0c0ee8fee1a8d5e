//! The cost of minitalk, compared with the cost of bare signals.
//!
//! All series are measured round-robin, in several rounds, so that other load affects all of them equally. A series is compared
//! with its floor round by round.
//!
//! The measured processes are this program again, started with `role` as its first argument (see [`role`]), so that none of
//! them is forked from a process with threads.
//!
//! | module | one idea |
//! | --- | --- |
//! | [`options`] | the command line |
//! | [`role`] | roles of this program: started, sent lines, waited for with a limit, ended |
//! | `child` | child processes and their output, as in the process tests |
//! | [`placement`] | on which CPUs two ends run and how they wait |
//! | [`floors`] | bare loops of signals, without a protocol |
//! | [`lane`] | messages through the library |
//! | [`streams`] | the same sizes through a pipe and a socket |
//! | [`latency`] | short messages, one at a time |
//! | [`clients`] | many clients at once |
//! | [`both`] | two endpoints that send to each other |
//! | [`storms`] | messages while others signal both ends |
//! | [`pair`] | any server and client through their command lines |
//! | [`instructions`] | user-space instructions a bit, by callgrind |
//! | [`stats`], [`table`], [`number`], [`pattern`] | medians, tables, units, messages |
//! | [`machine`], [`product`], [`plot`] | the measured machine, the command itself, plots |

pub mod both;
#[path = "../../tests/common/child.rs"]
mod child;
pub mod clients;
pub mod floors;
pub mod instructions;
pub mod lane;
pub mod latency;
pub mod machine;
pub mod number;
pub mod options;
pub mod pair;
pub mod pattern;
pub mod placement;
pub mod plot;
pub mod product;
pub mod role;
pub mod stats;
pub mod storms;
pub mod streams;
pub mod table;

use std::error::Error;
use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Instant;

use both::Both;
use clients::Clients;
use floors::Floors;
use lane::Lanes;
use latency::Latency;
use options::{Command, Options, Part};
use pair::Pairs;
use role::Role;
use storms::Storms;
use streams::Streams;

/// An error message for the user.
pub type Failure = Box<dyn Error + Send + Sync>;

/// A value or an error message.
pub type Result<T> = std::result::Result<T, Failure>;

/// Runs the benchmark with these arguments.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    if arguments.first().is_some_and(|word| word == "role") {
        return role::main(&arguments[1..]);
    }
    match options::parse(arguments) {
        Ok(Command::Help) => {
            print!("{}", options::HELP);
            ExitCode::SUCCESS
        }
        Ok(Command::Nothing) => ExitCode::SUCCESS,
        Ok(Command::Run(options)) => match run(&options) {
            Ok(0) => ExitCode::SUCCESS,
            Ok(failures) => {
                eprintln!("bench: {failures} measurements failed or were not intact");
                ExitCode::FAILURE
            }
            Err(error) => {
                eprintln!("bench: {error}");
                ExitCode::FAILURE
            }
        },
        Err(error) => {
            eprintln!("bench: {error}; see --help");
            ExitCode::from(2)
        }
    }
}

/// Counts failures, and reports each on standard error.
#[derive(Default)]
pub struct Failures(u32);

impl Failures {
    /// Returns the value of a measurement, or reports its failure.
    pub fn note<T>(&mut self, what: &str, result: Result<T>) -> Option<T> {
        result
            .inspect_err(|error| {
                self.0 += 1;
                eprintln!("bench: {what}: {error}");
            })
            .ok()
    }
}

/// Measures, prints and plots; returns how many measurements failed.
fn run(options: &Options) -> Result<u32> {
    let start = Instant::now();
    let has = |part| options.parts.contains(&part);
    println!("{}", machine::describe());
    if options.busy > 0 {
        println!("* busy loops beside it: {}\n", options.busy);
    }
    let busy = (0..options.busy).map(|_| Role::start(&["busy"]));
    let _busy = busy.collect::<Result<Vec<_>>>()?;
    let mut failures = Failures::default();
    let mut floors = has(Part::Floors).then(|| Floors::new(options));
    let mut lanes = has(Part::Lanes).then(|| Lanes::new(options));
    let mut streams = has(Part::Streams).then(|| Streams::new(options));
    let mut latency = has(Part::Latency).then(|| Latency::new(options));
    let mut clients = has(Part::Clients).then(|| Clients::new(options));
    let mut storms = has(Part::Storms).then(|| Storms::new(options));
    let mut both = has(Part::Both).then(|| Both::new(options));
    let mut pairs = has(Part::Pair).then(|| Pairs::new(options)).transpose()?;
    for round in 0..options.rounds {
        if let Some(part) = &mut floors {
            part.round(&mut failures);
        }
        if let Some(part) = &mut lanes {
            part.round(round, &mut failures);
        }
        if let Some(part) = &mut streams {
            part.round(&mut failures);
        }
        if let Some(part) = &mut latency {
            part.round(&mut failures);
        }
        if let Some(part) = &mut clients {
            part.round(round, &mut failures);
        }
        if let Some(part) = &mut both {
            part.round(&mut failures);
        }
        if let Some(part) = &mut storms {
            part.round(round, &mut failures);
        }
        if let Some(part) = &mut pairs {
            part.round(&mut failures);
        }
        let seconds = start.elapsed().as_secs();
        eprintln!(
            "bench: round {} of {}, {seconds} s",
            round + 1,
            options.rounds
        );
    }
    let floors = floors.as_ref();
    if let Some(part) = floors {
        part.print();
    }
    if let Some(part) = &lanes {
        part.print(floors);
    }
    if let Some(part) = &streams {
        part.print();
    }
    if let Some(part) = &latency {
        part.print(floors);
    }
    if let Some(part) = &clients {
        part.print();
    }
    if let Some(part) = &both {
        part.print();
    }
    if let Some(part) = &storms {
        part.print();
    }
    if let Some(part) = &pairs {
        part.print();
    }
    if has(Part::Instructions)
        && let Some(text) = failures.note("instructions", instructions::measure(options.quick))
    {
        println!("{text}");
    }
    if let Some(directory) = &options.svg {
        let files = plot::draw(
            directory,
            floors,
            lanes.as_ref(),
            streams.as_ref(),
            latency.as_ref(),
            clients.as_ref(),
        )?;
        for file in files {
            eprintln!("bench: wrote {}", file.display());
        }
    }
    Ok(failures.0)
}
