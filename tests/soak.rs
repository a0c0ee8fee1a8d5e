//! Random clients of all kinds at servers that are stopped, hit by signal storms, lied to by a third process, and not read, and
//! endpoints and chats that talk to each other, for any length of time.
//!
//! `cargo test` runs it for some seconds, `cargo xtask soak` for minutes. The seed and its number determine each client, so
//! that a plan can be repeated; the scheduling of the processes cannot. Messages carry their numbers. In the end:
//!
//! * a message is printed exactly once if its client exited with 0, at most once otherwise, and never changed;
//! * a request whose client exited with 0 has one reply, and every reply is its request's;
//! * an undisturbed client has exited with 0;
//! * an end of a chat has printed all that the other has typed, in order, and no more than a part from its beginning if an end
//!   was killed;
//! * the servers have as many descriptors as at first, no more memory, and are no longer woken.

#[path = "soak/chat.rs"]
mod chat;
mod common;
#[path = "soak/oracle.rs"]
mod oracle;
#[path = "soak/plan.rs"]
mod plan;
#[path = "soak/servers.rs"]
mod servers;
#[path = "soak/talk.rs"]
mod talk;

use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::*;
use oracle::{Defect, Observations};
use plan::{Client, FOREIGN, REQUESTS, Random, Running, adversary};
use servers::{Footprint, SoakServer};
use talk::talker;

const USAGE: &str = "\
usage: soak [--minutes N | --seconds N] [--seed S] [--plant DEFECT]

Prints what was tried and each violation; exit code 0 without a violation. DEFECT is planted in the observations, and must be
detected: duplicate, loss, change, reply, silence, failure, gap, repeat, swap, cut, descriptor, memory.
";

/// The minimum number of clients of each worker, however long they take: too few would prove nothing.
const MIN_CLIENTS: usize = 6;

/// The minimum number of talks between two endpoints.
const MIN_TALKS: usize = 2;

/// The minimum number of chats.
const MIN_CHATS: usize = 2;

/// Native clients at the same time.
const AT_ONCE: usize = 4;

/// Replies with the message, and appends it to a file.
const EXEC: [&str; 5] = ["--exec", "sh", "--", "-c", "tee -a \"$0\" && echo >>\"$0\""];

/// Dialects that lose nothing by design: each bit is acknowledged, and the text has an end.
const DIALECTS: [&str; 5] = [
    "classic",
    "lsb",
    "head=len32,end=none",
    "order=lsb,one=usr1",
    "end=etx",
];

fn main() -> ExitCode {
    if is_case() {
        return run_cases(&[], cases![talker]);
    }
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
        // An oracle that detects nothing would accept everything.
        for defect in Defect::ALL {
            let mut planted = seen.clone();
            planted.plant(defect);
            if planted.violations().len() <= seen.violations().len() {
                violations.push(format!("{defect:?} is not detected when it is planted"));
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
    plant: Option<Defect>,
}

impl Options {
    /// Returns `None` if there is nothing to do, as for a filter of `cargo test` that names other tests.
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
                "--plant" => options.plant = Some(Defect::parse(&value()?)?),
                "--help" | "-h" => {
                    print!("{USAGE}");
                    return Ok(None);
                }
                // The options of libtest have no effect.
                arg if arg.starts_with('-') => {}
                filter if "soak".contains(filter) => {}
                _ => return Ok(None),
            }
        }
        Ok(Some(options))
    }
}

/// The part of a plan that is not a client.
const DISTURBANCES: u64 = u64::MAX;

/// The servers of all kinds.
struct Servers {
    native: SoakServer,
    /// Runs a program for each message.
    exec: SoakServer,
    foreign: [SoakServer; DIALECTS.len()],
}

impl Servers {
    /// Returns the footprint of each server once it is idle, in the order of the fields.
    fn when_idle(&self) -> Vec<Footprint> {
        let servers = [&self.native, &self.exec].into_iter().chain(&self.foreign);
        thread::scope(|scope| {
            let waits: Vec<_> = servers
                .map(|server| scope.spawn(|| server.when_idle()))
                .collect();
            let footprints = waits.into_iter().map(|wait| wait.join().unwrap());
            footprints.collect()
        })
    }
}

/// The numbers of the next clients, of the next talk and of the next chat.
struct Next {
    native: AtomicUsize,
    request: AtomicUsize,
    foreign: AtomicUsize,
    talk: AtomicUsize,
    chat: AtomicUsize,
}

fn take(number: &AtomicUsize) -> usize {
    // Ordering: only that each number comes once matters.
    number.fetch_add(1, Ordering::Relaxed)
}

fn soak(options: &Options) -> Observations {
    // Ends a server that hangs; it only has to happen some time.
    let limit = 2 * options.time + WATCHDOG;
    let folder = Folder::new("soak");
    let log = folder.0.join("messages");
    let exec = [&EXEC[..], &[log.to_str().unwrap()]].concat();
    let servers = Servers {
        native: SoakServer::start(&[], limit),
        exec: SoakServer::start(&exec, limit),
        foreign: DIALECTS.map(|dialect| SoakServer::start(&["--dialect", dialect], limit)),
    };
    let mut seen = Observations::default();
    // The footprint after a few clients of each kind is the one that the servers may have in the end.
    let next = Next {
        native: AtomicUsize::new(1),
        request: AtomicUsize::new(REQUESTS),
        foreign: AtomicUsize::new(FOREIGN),
        talk: AtomicUsize::new(0),
        chat: AtomicUsize::new(0),
    };
    let [before, after] =
        [(0, options.time / 4), (1, options.time / 4 * 3)].map(|(phase, time)| {
            let until = Instant::now() + time;
            run(options.seed, phase, until, &servers, &next, &mut seen);
            servers.when_idle()
        });
    let mut footprints = before.into_iter().zip(after);
    let mut finish = |server: SoakServer, name: &str, seen: &mut Observations| {
        let (before, after) = footprints.next().unwrap();
        server.finish(name, before, after, seen);
    };
    finish(servers.native, "for native clients", &mut seen);
    finish(servers.exec, "that runs programs", &mut seen);
    let printed = std::fs::read(log).unwrap_or_default();
    let lines = printed.split_inclusive(|byte| *byte == b'\n');
    seen.lines
        .extend(lines.map(|line| line.strip_suffix(b"\n").unwrap_or(line).to_vec()));
    for (server, dialect) in servers.foreign.into_iter().zip(DIALECTS) {
        finish(server, dialect, &mut seen);
    }
    seen
}

fn run(
    seed: u64,
    phase: u64,
    until: Instant,
    servers: &Servers,
    next: &Next,
    seen: &mut Observations,
) {
    let over = AtomicBool::new(false);
    let found = Mutex::new(Observations::default());
    let running = Running::default();
    let goes_on = |done: usize, least| done < least || Instant::now() < until;
    let run_client = |client: Client, server| {
        let (code, printed) = client.run(server, &running);
        let mut found = found.lock().unwrap();
        if client.is_request && (code == Some(0) || !printed.is_empty()) {
            found.replies.push((client.id, printed));
        }
        found.clients.push((client, code));
    };
    let native_clients = || {
        for _ in (0..).take_while(|done| goes_on(*done, MIN_CLIENTS)) {
            let client = Client::native(seed, take(&next.native));
            run_client(client, servers.native.pid());
        }
    };
    let requests = || {
        for _ in (0..).take_while(|done| goes_on(*done, MIN_CLIENTS)) {
            let client = Client::native(seed, take(&next.request));
            run_client(client, servers.exec.pid());
        }
    };
    let talks = || {
        for _ in (0..).take_while(|done| goes_on(*done, MIN_TALKS)) {
            let said = talk::run(seed, take(&next.talk));
            found.lock().unwrap().extend(said);
        }
    };
    let chats = || {
        for _ in (0..).take_while(|done| goes_on(*done, MIN_CHATS)) {
            let said = chat::run(seed, take(&next.chat));
            found.lock().unwrap().extend(said);
        }
    };
    // One client at a time: of two bits at once one is lost, and these clients do not retransmit.
    let foreign_clients = || {
        for _ in (0..).take_while(|done| goes_on(*done, MIN_CLIENTS)) {
            let id = take(&next.foreign);
            let which = id % DIALECTS.len();
            let client = Client::foreign(seed, id, DIALECTS[which]);
            let server = servers.foreign[which].pid();
            wait_until_taken(server);
            run_client(client, server);
        }
    };
    let mut random = Random::new(seed, DISTURBANCES - phase);
    let disturbances = thread::scope(|scope| {
        let mut workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(native_clients)).collect();
        workers.push(scope.spawn(foreign_clients));
        // Two at once, so that the server has clients that wait for each other's programs.
        workers.extend([scope.spawn(requests), scope.spawn(requests)]);
        workers.extend([scope.spawn(talks), scope.spawn(chats)]);
        let disturbances = scope.spawn(|| {
            let mut all = Vec::new();
            // Ordering: the flag publishes nothing else.
            while !over.load(Ordering::Relaxed) {
                all.push(disturb(&mut random, servers, &running));
            }
            all
        });
        for worker in workers {
            worker.join().unwrap();
        }
        over.store(true, Ordering::Relaxed);
        disturbances.join().unwrap()
    });
    let count = |wanted| disturbances.iter().filter(|one| **one == wanted).count();
    seen.storms += count(Disturbance::Storm);
    seen.adversaries += count(Disturbance::Adversary);
    seen.extend(found.into_inner().unwrap());
}

/// A disturbance of the servers.
#[derive(PartialEq)]
enum Disturbance {
    /// A server is stopped, or its output is not read.
    Pause,
    /// Strays come as fast as a process can send them.
    Storm,
    /// A third process forges signals between the server and a client.
    Adversary,
}

/// Disturbs a server for a while.
fn disturb(random: &mut Random, servers: &Servers, running: &Running) -> Disturbance {
    const LONG: Duration = Duration::from_millis(200);
    thread::sleep(random.time(LONG));
    let Servers {
        native,
        exec,
        foreign,
    } = servers;
    let own = random.pick(&[native, exec]);
    match random.below(5) {
        0 => {
            kill(own.pid(), libc::SIGSTOP);
            thread::sleep(random.time(LONG));
            kill(own.pid(), libc::SIGCONT);
            Disturbance::Pause
        }
        1 => {
            let which = usize::try_from(random.below(foreign.len() as u64)).unwrap();
            kill(foreign[which].pid(), libc::SIGSTOP);
            thread::sleep(random.time(LONG));
            kill(foreign[which].pid(), libc::SIGCONT);
            Disturbance::Pause
        }
        2 => {
            native.pause_reader(true);
            thread::sleep(random.time(2 * LONG));
            native.pause_reader(false);
            Disturbance::Pause
        }
        3 => {
            let Some((id, client)) = running.pick(random) else {
                return Disturbance::Pause;
            };
            let server = if id < REQUESTS { native } else { exec };
            // The oracle takes it for a changed message of this client, should it ever be printed.
            let forged = format!("#{id} forged");
            let adversary = adversary(random, [server.pid(), client], &forged);
            thread::sleep(random.time(LONG));
            drop(adversary);
            Disturbance::Adversary
        }
        _ => {
            let mut storm = Command::new(program("storm"));
            let storm = Process::spawn(storm.arg(own.pid().to_string()));
            thread::sleep(random.time(LONG / 4));
            drop(storm);
            Disturbance::Storm
        }
    }
}
