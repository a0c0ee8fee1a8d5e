//! Random clients of all kinds at servers that are stopped, stormed at and not read, for as long as one likes.
//!
//! `cargo test` runs it for some seconds, `cargo xtask soak` for minutes. Each client is drawn from the seed and its number
//! alone, so that a plan can be run again; how the processes are scheduled cannot. Messages carry their numbers. In the end:
//!
//! * a message is printed exactly once if its client ended with 0, and at most once if not, and never changed;
//! * a client that nothing was done to has ended with 0;
//! * the servers have as many descriptors as at first, no more memory, and are not woken any more.

mod common;

use std::collections::BTreeMap;
use std::io::Read;
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use common::*;
use minitalk::Pid;
use minitalk::Signal;
use minitalk::internals::process::proc;

const USAGE: &str = "\
usage: soak [--minutes N | --seconds N] [--seed S] [--plant DEFECT]

Prints what was tried and what went wrong; exit code 0 if that is nothing. DEFECT is put into what was seen, and has to be
noticed: duplicate, loss, change, failure, descriptor, memory.
";

/// How many clients each worker runs at least, however long they take: too few would prove nothing.
const LEAST: usize = 6;

/// Clients of our own protocol at once.
const AT_ONCE: usize = 4;

const MOST_BYTES: usize = 50_000;

/// Such a client waits for each bit, so that its messages are short ones.
const MOST_FOREIGN_BYTES: usize = 1_000;

/// What other programs speak that loses nothing by nature: each bit is acknowledged, and the text has an end.
const DIALECTS: [&str; 5] = [
    "classic",
    "lsb",
    "head=len32,end=none",
    "order=lsb,one=usr1",
    "end=etx",
];

/// By how much a server may have grown after so many more clients: what the allocator keeps.
const SLACK_BYTES: u64 = 3 << 20;

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

// ---- the plan ----------------------------------------------------------------------------------------------------

/// Numbers that look random, from a seed (xorshift64*).
struct Random(u64);

impl Random {
    /// Those of one part of a plan.
    fn new(seed: u64, part: u64) -> Self {
        // SplitMix64, so that neighbours have nothing in common.
        let mut z =
            seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ part.wrapping_mul(0xD1B5_4A32_D192_ED03);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Self((z ^ (z >> 31)) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 11) % limit
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::try_from(self.below(from.len() as u64)).unwrap()]
    }

    /// Small numbers as often as large ones, up to `most`.
    fn scale(&mut self, most: u64) -> u64 {
        let bits = u64::from(u64::BITS - most.leading_zeros());
        let limit = (1 << self.below(bits + 1)).min(most + 1);
        self.below(limit)
    }

    /// Small times as often as long ones.
    fn time(&mut self, most: Duration) -> Duration {
        Duration::from_micros(self.scale(u64::try_from(most.as_micros()).unwrap()))
    }
}

/// What is done to a client.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Undisturbed,
    /// It is stopped after so long, and continued after so long.
    Stopped(Duration, Duration),
    /// It is sent this signal after so long.
    Ended(i32, Duration),
    /// It gives up after this many milliseconds without an answer.
    Hasty(u64),
}

#[derive(Clone, Debug)]
struct Client {
    id: usize,
    /// The options of `minitalk send`; none for the program `classic`.
    options: Option<Vec<String>>,
    message: Vec<u8>,
    fate: Fate,
}

impl Client {
    /// One that speaks our own protocol.
    fn of_ours(seed: u64, id: usize) -> Self {
        let mut random = Random::new(seed, id as u64);
        let mut options: Vec<String> = vec![
            "--lane".into(),
            random.pick(&["auto", "bit", "word"]).into(),
        ];
        if random.below(8) == 0 {
            options.push("--eco".into());
        }
        let bytes = random.scale(MOST_BYTES as u64);
        // Everything but the end of a line, of which it is one.
        let message = message(
            &mut random,
            id,
            bytes,
            |byte| if byte == b'\n' { 0 } else { byte },
        );
        let fate = Self::fate(&mut random);
        if let Fate::Hasty(milliseconds) = fate {
            options.extend(["--timeout".into(), format!("{}", milliseconds as f64 / 1e3)]);
        }
        let options = Some(options);
        Self {
            id,
            options,
            message,
            fate,
        }
    }

    /// One that speaks this dialect, as others do.
    fn foreign(seed: u64, id: usize, dialect: &str) -> Self {
        let mut random = Random::new(seed, id as u64);
        let bytes = 8 + random.scale(MOST_FOREIGN_BYTES as u64);
        let message = message(&mut random, id, bytes, |byte| b' ' + byte % 95);
        let is_in_c = dialect == "classic" && random.below(2) == 0;
        let options = ["--dialect", dialect].map(String::from).into();
        Self {
            id,
            options: (!is_in_c).then_some(options),
            message,
            fate: match Self::fate(&mut random) {
                Fate::Hasty(_) => Fate::Undisturbed,
                fate => fate,
            },
        }
    }

    fn fate(random: &mut Random) -> Fate {
        const LONG: Duration = Duration::from_millis(300);
        match random.below(20) {
            0..2 => Fate::Stopped(random.time(LONG), random.time(LONG)),
            2..5 => Fate::Ended(libc::SIGKILL, random.time(LONG)),
            5 => Fate::Ended(
                random.pick(&[libc::SIGINT, libc::SIGTERM]),
                random.time(LONG),
            ),
            6 => Fate::Hasty(1 + random.below(100)),
            _ => Fate::Undisturbed,
        }
    }

    fn command(&self, server: i32) -> Command {
        let server = server.to_string();
        let Some(options) = &self.options else {
            let mut command = Command::new(program("classic"));
            command.args([&server, "acked"]).arg(os(&self.message));
            return command;
        };
        let mut command = minitalk([&["send".to_string()], &options[..]].concat());
        command.arg(server);
        command
    }

    /// Runs it to its end, does to it what is planned, and returns its exit code if it has one.
    fn run(&self, server: i32) -> Option<i32> {
        let mut command = self.command(server);
        let process = match self.options {
            Some(_) => Process::spawn_fed(&mut command, self.message.clone()),
            None => Process::spawn(&mut command),
        };
        match self.fate {
            Fate::Stopped(after, lasts) => {
                thread::sleep(after);
                kill(process.pid(), libc::SIGSTOP);
                thread::sleep(lasts);
                kill(process.pid(), libc::SIGCONT);
            }
            Fate::Ended(signal, after) => {
                thread::sleep(after);
                kill(process.pid(), signal);
            }
            Fate::Undisturbed | Fate::Hasty(_) => {}
        }
        let output = process.output();
        let code = output.status.code();
        if self.fate == Fate::Undisturbed && code != Some(0) {
            println!("  client {}: {}", self.id, stderr(&output));
        }
        code
    }
}

fn os(bytes: &[u8]) -> &std::ffi::OsStr {
    std::os::unix::ffi::OsStrExt::from_bytes(bytes)
}

/// `#`, the number, and bytes from the seed; nothing at all if it is to have no bytes.
fn message(random: &mut Random, id: usize, bytes: u64, allow: impl Fn(u8) -> u8) -> Vec<u8> {
    if bytes == 0 {
        return vec![];
    }
    let mut message = format!("#{id} ").into_bytes();
    while (message.len() as u64) < bytes {
        message.push(allow(random.next() as u8));
    }
    message
}

// ---- the servers -------------------------------------------------------------------------------------------------

/// A server whose output is read by a thread that can be told to rest.
struct Soaked {
    process: Process,
    lines: Arc<Mutex<Vec<Vec<u8>>>>,
    rests: Arc<(Mutex<bool>, Condvar)>,
    reader: JoinHandle<()>,
    before: Option<Footprint>,
}

/// What a server has that must not grow.
#[derive(Clone, Copy, Debug)]
struct Footprint {
    descriptors: usize,
    memory: u64,
}

impl Soaked {
    fn start(options: &[&str], limit: Duration) -> Self {
        let mut command = minitalk([&["serve"], options].concat());
        let (mut pipe, writer) = std::io::pipe().unwrap();
        let process = Process::spawn_for(limit, command.stdout(writer));
        drop(command);
        let lines = Arc::new(Mutex::new(Vec::new()));
        let rests = Arc::new((Mutex::new(false), Condvar::new()));
        let reader = {
            let (lines, rests) = (Arc::clone(&lines), Arc::clone(&rests));
            thread::spawn(move || {
                let mut buffer = vec![0; 1 << 14];
                let mut line = Vec::new();
                while let Ok(count @ 1..) = pipe.read(&mut buffer) {
                    for part in buffer[..count].split_inclusive(|byte| *byte == b'\n') {
                        line.extend(part);
                        if line.ends_with(b"\n") {
                            line.pop();
                            lines.lock().unwrap().push(std::mem::take(&mut line));
                        }
                    }
                    let resting = rests.0.lock().unwrap();
                    drop(rests.1.wait_while(resting, |rests| *rests).unwrap());
                }
                assert_eq!(line, b"", "the server ended in the middle of a line");
            })
        };
        let soaked = Self {
            process,
            lines,
            rests,
            reader,
            before: None,
        };
        wait_until("the server prints its PID", || {
            !soaked.lines.lock().unwrap().is_empty()
        });
        soaked.lines.lock().unwrap().clear();
        soaked
    }

    fn pid(&self) -> i32 {
        self.process.pid()
    }

    /// Whether what it prints is left in the pipe.
    fn let_rest(&self, rests: bool) {
        *self.rests.0.lock().unwrap() = rests;
        self.rests.1.notify_all();
    }

    /// Waits until it has nothing left to do: it sleeps for a second. Returns what it has then.
    fn when_idle(&self) -> Footprint {
        let work = || (switches(self.pid()), cpu_time(self.pid()));
        wait_until("an idle server sleeps for a second", || {
            let before = work();
            thread::sleep(Duration::from_secs(1));
            work() == before
        });
        let pid = self.pid();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let rss = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes: u64 = rss.unwrap().trim().trim_end_matches(" kB").parse().unwrap();
        Footprint {
            descriptors: std::fs::read_dir(format!("/proc/{pid}/fd"))
                .unwrap()
                .count(),
            memory: 1024 * kilobytes,
        }
    }

    /// Ends it, and adds what it has printed to what was seen.
    fn finish(self, name: &str, seen: &mut Seen) {
        let after = self.when_idle();
        seen.growth.push(Growth {
            server: name.into(),
            before: self.before.unwrap_or(after),
            after,
        });
        kill(self.pid(), libc::SIGTERM);
        let output = self.process.output();
        if !output.status.success() {
            let said = stderr(&output);
            seen.others.push(format!(
                "server {name} ended with {}: {said}",
                output.status
            ));
        }
        self.reader.join().unwrap();
        seen.lines.append(&mut self.lines.lock().unwrap());
    }
}

// ---- the run -----------------------------------------------------------------------------------------------------

/// The parts of a plan that are not clients.
const TROUBLE: u64 = u64::MAX;

/// The numbers of clients of other programs begin here.
const FOREIGN: usize = 1 << 40;

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

// ---- the oracle --------------------------------------------------------------------------------------------------

/// A defect that is put into what was seen.
#[derive(Clone, Copy, Debug)]
enum Plant {
    /// A message is printed twice.
    Duplicate,
    /// A message whose client ended with 0 is not printed.
    Loss,
    /// A byte of a message is another.
    Change,
    /// A client that nothing was done to does not end with 0.
    Failure,
    /// A server has a descriptor more.
    Descriptor,
    /// A server has more memory.
    Memory,
}

impl Plant {
    const ALL: [Self; 6] = [
        Self::Duplicate,
        Self::Loss,
        Self::Change,
        Self::Failure,
        Self::Descriptor,
        Self::Memory,
    ];

    fn parse(name: &str) -> Result<Self, String> {
        let found = Self::ALL
            .iter()
            .find(|plant| format!("{plant:?}").to_lowercase() == name);
        found.copied().ok_or(format!("there is no defect {name:?}"))
    }
}

#[derive(Clone, Default)]
struct Seen {
    clients: Vec<(Client, Option<i32>)>,
    lines: Vec<Vec<u8>>,
    growth: Vec<Growth>,
    storms: usize,
    others: Vec<String>,
}

#[derive(Clone, Debug)]
struct Growth {
    server: String,
    before: Footprint,
    after: Footprint,
}

impl Seen {
    fn plant(&mut self, plant: Plant) {
        let delivered = |seen: &Self| {
            let (client, _) = seen
                .clients
                .iter()
                .find(|(client, code)| {
                    client.fate == Fate::Undisturbed
                        && *code == Some(0)
                        && client.message.len() > 20
                })
                .expect("some message is delivered");
            let line = seen.lines.iter().position(|line| *line == client.message);
            line.expect("it is printed")
        };
        match plant {
            Plant::Duplicate => self.lines.push(self.lines[delivered(self)].clone()),
            Plant::Loss => drop(self.lines.remove(delivered(self))),
            Plant::Change => {
                let line = delivered(self);
                *self.lines[line].last_mut().unwrap() ^= 1;
            }
            Plant::Failure => {
                let mut clients = self.clients.iter_mut();
                let client = clients.find(|(client, _)| client.fate == Fate::Undisturbed);
                client.expect("some are not disturbed").1 = Some(6);
            }
            Plant::Descriptor => self.growth[0].after.descriptors += 1,
            Plant::Memory => self.growth[0].after.memory += 2 * SLACK_BYTES,
        }
    }

    /// All that must not be.
    fn violations(&self) -> Vec<String> {
        let mut violations = self.others.clone();
        let mut printed: BTreeMap<usize, usize> = BTreeMap::new();
        let by_id: BTreeMap<usize, &Client> = self
            .clients
            .iter()
            .map(|(client, _)| (client.id, client))
            .collect();
        let mut empty = 0;
        for line in &self.lines {
            // What a storm says is anything but this.
            let Some(id) = id_of(line) else {
                empty += usize::from(line.is_empty());
                continue;
            };
            match by_id.get(&id) {
                Some(client) if client.message == *line => *printed.entry(id).or_default() += 1,
                Some(_) => violations.push(format!("the message of client {id} is changed")),
                None => violations.push(format!("there is no client {id}, but a message of it")),
            }
        }
        let (mut least, mut most) = (0, 0);
        for (client, code) in &self.clients {
            let Client { id, fate, .. } = client;
            let has_failed = *code != Some(0);
            if client.message.is_empty() {
                least += usize::from(!has_failed);
                most += 1;
            } else {
                match printed.get(id).copied().unwrap_or(0) {
                    0 if has_failed => {}
                    1 => {}
                    0 => violations.push(format!(
                        "client {id} ended with 0, and its message is lost ({fate:?})"
                    )),
                    times => violations.push(format!(
                        "the message of client {id} is printed {times} times ({fate:?})"
                    )),
                }
            }
            if has_failed && matches!(fate, Fate::Undisturbed | Fate::Stopped(..)) {
                violations.push(format!("client {id} ended with {code:?} ({fate:?})"));
            }
        }
        // An empty message has no number; and a storm may print some.
        if empty < least || (empty > most && self.storms == 0) {
            violations.push(format!("{empty} empty messages, and not {least} to {most}"));
        }
        for Growth {
            server,
            before,
            after,
        } in &self.growth
        {
            if after.descriptors != before.descriptors {
                violations.push(format!(
                    "server {server}: descriptors: {before:?}, then {after:?}"
                ));
            }
            if after.memory > before.memory + SLACK_BYTES {
                violations.push(format!(
                    "server {server}: memory: {before:?}, then {after:?}"
                ));
            }
        }
        violations
    }

    fn summary(&self) -> String {
        let count = |wanted: fn(&Client, Option<i32>) -> bool| {
            let found = self
                .clients
                .iter()
                .filter(|(client, code)| wanted(client, *code));
            found.count()
        };
        let grown = self
            .growth
            .iter()
            .map(|g| g.after.memory.saturating_sub(g.before.memory));
        format!(
            "{} clients: {} delivered; {} spoke a dialect, {} were stopped, {} ended by a signal, {} hasty; {} storms; {} bytes; \
             the servers have grown by at most {} KB",
            self.clients.len(),
            count(|_, code| code == Some(0)),
            count(|client, _| client.id >= FOREIGN),
            count(|client, _| matches!(client.fate, Fate::Stopped(..))),
            count(|client, _| matches!(client.fate, Fate::Ended(..))),
            count(|client, _| matches!(client.fate, Fate::Hasty(_))),
            self.storms,
            self.clients
                .iter()
                .map(|(client, _)| client.message.len())
                .sum::<usize>(),
            grown.max().unwrap_or(0) / 1000,
        )
    }
}

/// The number in front of a message.
fn id_of(line: &[u8]) -> Option<usize> {
    let end = line.iter().position(|byte| *byte == b' ')?;
    std::str::from_utf8(line.get(1..end)?)
        .ok()
        .filter(|_| line.starts_with(b"#"))?
        .parse()
        .ok()
}
