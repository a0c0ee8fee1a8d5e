//! Random clients of all kinds at servers that are stopped, stormed at and not read, for as long as one likes.
//!
//! `cargo test` runs it for some seconds, `cargo xtask soak` for minutes. Each client is drawn from the seed and its number
//! alone, so that a plan can be run again; how the processes are scheduled cannot. Messages carry their numbers. In the end:
//!
//! * a message is printed exactly once if its client ended with 0, and at most once if not, and never changed;
//! * a client that nothing was done to has ended with 0;
//! * the servers have as many descriptors as at first, no more memory, and are not woken any more.

mod common;
#[path = "soak/oracle.rs"]
mod oracle;
#[path = "soak/plan.rs"]
mod plan;
#[path = "soak/servers.rs"]
mod servers;

use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::*;
use minitalk::process::pid::Pid;
use minitalk::process::proc;
use minitalk::signal::event::Signal;
use oracle::{Plant, Seen};
use plan::{Client, FOREIGN, Random};
use servers::Soaked;

const USAGE: &str = "\
usage: soak [--minutes N | --seconds N] [--seed S] [--plant DEFECT]

Prints what was tried and what went wrong; exit code 0 if that is nothing. DEFECT is put into what was seen, and has to be
noticed: duplicate, loss, change, failure, descriptor, memory.
";

/// How many clients each worker runs at least, however long they take: too few would prove nothing.
const LEAST: usize = 6;

/// Clients of our own protocol at once.
const AT_ONCE: usize = 4;

/// What other programs speak that loses nothing by nature: each bit is acknowledged, and the text has an end.
const DIALECTS: [&str; 5] = [
    "classic",
    "lsb",
    "head=len32,end=none",
    "order=lsb,one=usr1",
    "end=etx",
];

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => return ExitCode::SUCCESS,
        Err(error) => {
            eprint!("soak: {error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    println!(
        "soak: {} s with seed {}",
        options.time.as_secs(),
        options.seed
    );
    let mut seen = soak(&options);
    println!("{}", seen.summary());
    let mut violations = Vec::new();
    if let Some(plant) = options.plant {
        seen.plant(plant);
    } else {
        // An oracle that notices nothing would be content with everything.
        for plant in Plant::ALL {
            let mut planted = seen.clone();
            planted.plant(plant);
            if planted.violations().len() <= seen.violations().len() {
                violations.push(format!("{plant:?} is not noticed when it is planted"));
            }
        }
    }
    violations.extend(seen.violations());
    for violation in violations.iter().take(50) {
        println!("  VIOLATION: {violation}");
    }
    let verdict = if violations.is_empty() {
        "ok"
    } else {
        "FAILED"
    };
    println!("test soak ... {verdict}");
    ExitCode::from(u8::from(!violations.is_empty()))
}

struct Options {
    time: Duration,
    seed: u64,
    plant: Option<Plant>,
}

impl Options {
    /// `None`: there is nothing to do, as for a filter of `cargo test` that means other tests.
    fn parse(mut args: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let mut options = Self {
            time: Duration::from_secs(5),
            seed: 1,
            plant: None,
        };
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or(format!("{arg} lacks its value"));
            let number = |text: String| text.parse::<u64>().map_err(|e| format!("{text:?}: {e}"));
            match arg.as_str() {
                "--minutes" => options.time = Duration::from_secs(60 * number(value()?)?),
                "--seconds" => options.time = Duration::from_secs(number(value()?)?),
                "--seed" => options.seed = number(value()?)?,
                "--plant" => options.plant = Some(Plant::parse(&value()?)?),
                "--help" | "-h" => {
                    print!("{USAGE}");
                    return Ok(None);
                }
                // Those of libtest have no meaning here.
                arg if arg.starts_with('-') => {}
                filter if "soak".contains(filter) => {}
                _ => return Ok(None),
            }
        }
        Ok(Some(options))
    }
}

/// The parts of a plan that are not clients.
const TROUBLE: u64 = u64::MAX;

fn soak(options: &Options) -> Seen {
    // What ends a server that hangs: as late as it likes, if only it comes.
    let limit = 2 * options.time + WATCHDOG;
    let mut ours = Soaked::start(&[], limit);
    let mut foreign = DIALECTS.map(|dialect| Soaked::start(&["--dialect", dialect], limit));
    let mut seen = Seen::default();
    // What they have when they have seen a few of everything is what they may have in the end.
    let ids = (AtomicUsize::new(1), AtomicUsize::new(FOREIGN));
    for (phase, time) in [(0, options.time / 4), (1, options.time / 4 * 3)] {
        let until = Instant::now() + time;
        run(options.seed, phase, until, &ours, &foreign, &ids, &mut seen);
        if phase == 0 {
            ours.before = Some(ours.when_idle());
            for server in &mut foreign {
                server.before = Some(server.when_idle());
            }
        }
    }
    ours.finish("of our own protocol", &mut seen);
    for (server, dialect) in foreign.into_iter().zip(DIALECTS) {
        server.finish(dialect, &mut seen);
    }
    seen
}

fn run(
    seed: u64,
    phase: u64,
    until: Instant,
    ours: &Soaked,
    foreign: &[Soaked],
    ids: &(AtomicUsize, AtomicUsize),
    seen: &mut Seen,
) {
    let over = AtomicBool::new(false);
    let clients = Mutex::new(Vec::new());
    let goes_on = |done: usize| done < LEAST || Instant::now() < until;
    let of_ours = || {
        for _ in (0..).take_while(|done| goes_on(*done)) {
            // Ordering: only that each number comes once matters.
            let id = ids.0.fetch_add(1, Ordering::Relaxed);
            let client = Client::of_ours(seed, id);
            let code = client.run(ours.pid());
            clients.lock().unwrap().push((client, code));
        }
    };
    // One at a time: of two bits at once one is lost, and these clients do not send it again.
    let of_others = || {
        for _ in (0..).take_while(|done| goes_on(*done)) {
            let id = ids.1.fetch_add(1, Ordering::Relaxed);
            let which = id % DIALECTS.len();
            let client = Client::foreign(seed, id, DIALECTS[which]);
            let server = foreign[which].pid();
            // What a killed client left pending at a stopped server would swallow the first signal of the next, which does
            // not repeat it.
            wait_until("the server has taken what came before", || {
                let status = proc::status(Pid::new(server).unwrap()).unwrap();
                status.pending & (Signal::Usr1.mask() | Signal::Usr2.mask()) == 0
            });
            let code = client.run(server);
            clients.lock().unwrap().push((client, code));
        }
    };
    let mut trouble = Random::new(seed, TROUBLE - phase);
    let storms = thread::scope(|scope| {
        let mut workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(of_ours)).collect();
        workers.push(scope.spawn(of_others));
        let storms = scope.spawn(|| {
            let mut storms = 0;
            // Ordering: nothing else is handed over by the flag.
            while !over.load(Ordering::Relaxed) {
                storms += make_trouble(&mut trouble, ours, foreign);
            }
            storms
        });
        for worker in workers {
            worker.join().unwrap();
        }
        over.store(true, Ordering::Relaxed);
        storms.join().unwrap()
    });
    seen.storms += storms;
    seen.clients.extend(clients.into_inner().unwrap());
}

/// Does one thing to a server for a while; returns 1 for a storm.
fn make_trouble(random: &mut Random, ours: &Soaked, foreign: &[Soaked]) -> usize {
    const LONG: Duration = Duration::from_millis(200);
    thread::sleep(random.time(LONG));
    match random.below(4) {
        0 => {
            kill(ours.pid(), libc::SIGSTOP);
            thread::sleep(random.time(LONG));
            kill(ours.pid(), libc::SIGCONT);
            0
        }
        1 => {
            let which = usize::try_from(random.below(foreign.len() as u64)).unwrap();
            kill(foreign[which].pid(), libc::SIGSTOP);
            thread::sleep(random.time(LONG));
            kill(foreign[which].pid(), libc::SIGCONT);
            0
        }
        2 => {
            ours.let_rest(true);
            thread::sleep(random.time(2 * LONG));
            ours.let_rest(false);
            0
        }
        _ => {
            let mut storm = Command::new(program("storm"));
            let storm = Process::spawn(storm.arg(ours.pid().to_string()));
            thread::sleep(random.time(LONG / 4));
            drop(storm);
            1
        }
    }
}
