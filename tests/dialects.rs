//! Every dialect of the programs in `tests/dialects`, by real processes.
//!
//! The first lines of each program describe its dialect, so that a new program needs no other change:
//!
//! | line | meaning |
//! | --- | --- |
//! | `// dialect: SPEC` | the value of `--dialect` |
//! | `// auto: yes, why` | whether a server can detect the client's dialect: yes, no, or learned from the end of its first process |
//! | `// given: no, why` | a client that no SPEC describes, though a server detects its dialect; or learned, as `auto` |
//! | `// exits: no` | a client that does not end after its message; or 1, the exit status that it has then |
//! | `// newline: yes` | a server that prints a newline after each message |
//! | `// bytes: N` | the longest text to send, because the program is slow; 512 without this line |
//! | `// lossy: yes` | an unreliable program: it loses bits if the other process gets no CPU in time |

mod common;
#[path = "common/header.rs"]
mod header;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use common::*;
use header::Header;
use minitalk::dialect::encoder::TextEncoder;
use minitalk::dialect::{Dialect, Symbol};
use minitalk::wire::bits::Bit;

/// Attempts of an unreliable program.
const ATTEMPTS: usize = 2;

/// The limit of a wait for something that happens on a machine of any speed.
const LIMIT: Duration = Duration::from_secs(120);

/// How long a program that gets a CPU must make no progress before it is considered stuck after a lost signal.
const STUCK: Duration = Duration::from_secs(1);

/// Bytes that an unreliable program can deliver on a busy machine.
const LOSSY_BYTES: usize = 32;

/// Held by the test whose programs run: more at once would only take each other's CPUs, and a lossy program must be alone.
static RUNNING: Mutex<()> = Mutex::new(());

/// CPU time, in ticks, within which any client sends its next bit.
const BIT: u64 = 100;

struct Program {
    name: String,
    path: PathBuf,
    header: Header,
}

impl Program {
    fn read(kind: &str, source: &Path) -> Self {
        let name = source.file_stem().unwrap().to_str().unwrap();
        let text = std::fs::read_to_string(source).unwrap();
        let header = Header::parse(&text).unwrap_or_else(|| panic!("{source:?} names no dialect"));
        Self {
            name: format!("{kind}/{name}"),
            path: compile(source, &format!("dialect-{kind}-{name}")),
            header,
        }
    }

    fn says(&self, key: &str, value: &str) -> bool {
        self.header.says(key, value)
    }

    fn spec(&self) -> &str {
        self.header.spec()
    }

    fn is_lossy(&self) -> bool {
        self.says("lossy", "yes")
    }

    /// Returns a text for each length for which the program has time; only the first for a lossy program.
    fn texts(&self, bytes: &[usize]) -> Vec<Vec<u8>> {
        let count = if self.is_lossy() { 1 } else { bytes.len() };
        bytes[..count].iter().map(|most| self.text(*most)).collect()
    }

    /// Returns a text of at most `most` bytes, limited to what this program has time for.
    fn text(&self, most: usize) -> Vec<u8> {
        let limit = if self.is_lossy() {
            LOSSY_BYTES
        } else {
            usize::MAX
        };
        text(self.header.most_bytes().min(most).min(limit))
    }
}

/// Returns a text of this many bytes, or a little less, so that no character is cut.
fn text(bytes: usize) -> Vec<u8> {
    let mut text = String::new();
    for n in 0.. {
        text += &format!(
            "Line {n}: Sphinx of black quartz, judge my vow! ({n}/7 = [0.{n}])\t~{{|}}@^_`\\\"'\n\
             Zwölf Boxkämpfer, père Noël, Ελλάδα, 日本語 and 🦀 <&> #{n}; $5 + 3% = *?\n"
        );
        if text.len() >= bytes {
            break;
        }
    }
    let whole = (0..=bytes.min(text.len())).rev();
    text.truncate(
        whole
            .into_iter()
            .find(|at| text.is_char_boundary(*at))
            .unwrap(),
    );
    text.into_bytes()
}

fn clients() -> &'static [Program] {
    static CLIENTS: OnceLock<Vec<Program>> = OnceLock::new();
    CLIENTS.get_or_init(|| programs("clients"))
}

fn servers() -> &'static [Program] {
    static SERVERS: OnceLock<Vec<Program>> = OnceLock::new();
    SERVERS.get_or_init(|| programs("servers"))
}

/// Returns the programs of this kind.
fn programs(kind: &'static str) -> Vec<Program> {
    let mut sources = sources(kind);
    if let Ok(only) = std::env::var("DIALECT_PROGRAM") {
        sources.retain(|path| path.file_stem() == Some(OsStr::new(&only)));
    }
    // Compiled one after the other, they would take longer than some of the tests.
    let programs: Vec<_> = std::thread::scope(|scope| {
        let compilers: Vec<_> = sources
            .chunks(sources.len().div_ceil(4).max(1))
            .map(|some| {
                scope.spawn(|| -> Vec<_> {
                    some.iter()
                        .map(|source| Program::read(kind, source))
                        .collect()
                })
            })
            .collect();
        let programs = compilers.into_iter().flat_map(|thread| thread.join());
        programs.flatten().collect()
    });
    assert_eq!(programs.len(), sources.len(), "some do not compile");
    programs
}

fn sources(kind: &str) -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/dialects")
        .join(kind);
    let mut sources: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension() == Some(OsStr::new("c")))
        .collect();
    sources.sort();
    sources
}

/// Programs that run at the same time; each mostly waits for its peer.
const AT_ONCE: usize = 3;

/// Runs `row` for each program, and fails at the end with the list of all failures.
fn for_each<'p>(
    programs: impl IntoIterator<Item = &'p Program>,
    row: impl Fn(&Program) -> Result<(), String> + Sync,
) {
    let (lossy, sound): (Vec<_>, Vec<_>) = programs.into_iter().partition(|p| p.is_lossy());
    let count = lossy.len() + sound.len();
    let _running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    let explain = |program: &Program, result: Result<(), String>| {
        result
            .err()
            .map(|why| format!("{} ({}): {why}", program.name, program.spec()))
    };
    let mut failures: Vec<String> = std::thread::scope(|scope| {
        let shares: Vec<_> = sound
            .chunks(sound.len().div_ceil(AT_ONCE).max(1))
            .map(|share| {
                scope.spawn(|| -> Vec<_> {
                    let run = |program: &&Program| explain(program, row(program));
                    share.iter().filter_map(run).collect()
                })
            })
            .collect();
        let failures = shares
            .into_iter()
            .map(|share| share.join().expect("no row panics"));
        failures.flatten().collect()
    });
    for program in lossy {
        failures.extend(explain(program, row(program)));
    }
    assert!(
        failures.is_empty(),
        "{} of {count} failed:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

/// Waits for `limit` at most until `condition` holds; returns whether it does.
fn holds_within(limit: Duration, condition: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + limit;
    while !condition() {
        if Instant::now() > deadline {
            return false;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    true
}

/// Returns the output of a process, or an error if it does not end within `limit`.
fn finish(process: Process, limit: Duration) -> Result<Output, String> {
    if holds_within(limit, || !process.is_running()) {
        return Ok(process.output());
    }
    Err(format!("did not end in time; stderr: {}", process.stderr()))
}

/// Waits until a client has ended, as it does when its message was taken.
fn finish_well(client: &Program, process: Process) -> Result<(), String> {
    let output = finish(process, LIMIT)?;
    let stderr = stderr(&output);
    let wanted = i32::from(client.says("exits", "1"));
    match output.status.code() == Some(wanted) {
        true => Ok(()),
        false => Err(format!("ended with {}; stderr: {stderr}", output.status)),
    }
}

fn same(what: &str, found: &[u8], wanted: &[u8]) -> Result<(), String> {
    if found == wanted {
        return Ok(());
    }
    let at = found.iter().zip(wanted).take_while(|(a, b)| a == b).count();
    let here = |bytes: &[u8]| {
        bytes[at..bytes.len().min(at + 40)]
            .escape_ascii()
            .to_string()
    };
    Err(format!(
        "{what} {} bytes instead of {}, different from byte {at} on: \"{}\" instead of \"{}\"",
        found.len(),
        wanted.len(),
        here(found),
        here(wanted)
    ))
}

/// Lets processes of one program send a text to a `minitalk serve` with these options, until one is received and ends well.
fn serve_learns(client: &Program, options: &[&str]) -> Result<(), String> {
    let server = Server::start_with(&[&["--format", "raw"], options].concat());
    let text = b"Hello World!";
    // The first two may do no more than show the wrong answer, and a busy machine may lose bits of most others.
    let is_received = || {
        wait_until_taken(server.pid());
        let printed = server.stdout().len();
        let process = start_client(&mut Command::new(&client.path), server.pid(), text);
        finish_well(client, process).is_ok() && server.stdout()[printed..] == *text
    };
    const TRIES: usize = 12;
    match (0..TRIES).any(|_| is_received()) {
        true => Ok(()),
        false => Err(server.stderr()),
    }
}

/// Lets an unreliable client send a text to a `minitalk serve` with these options.
///
/// If every signal arrived in order, the text must be exact and the client must end. Otherwise the server must still work,
/// and the client may try again.
fn serve_tries(
    client: &Program,
    options: &[&str],
    text: &[u8],
    attempts: usize,
) -> Result<(), String> {
    let dialect: Dialect = client.spec().parse().unwrap();
    for _ in 0..attempts {
        let trace = ["--trace", "-v", "--format", "raw"];
        let server = Server::start_with(&[&trace, options].concat());
        let process = start_client(&mut Command::new(&client.path), server.pid(), text);
        let pid = pid_of(process.pid());
        let encoder = TextEncoder::new(&dialect, text, pid).unwrap();
        let sent: Vec<_> = encoder.symbols().collect();
        let arrived = || -> Vec<Symbol> {
            let stderr = server.stderr();
            let lines = stderr.lines().filter(|line| line.contains(" SI_USER "));
            lines
                .map(|line| Symbol::from(Bit::from(line.contains(" USR2 "))))
                .collect()
        };
        let is_done = || server.stdout() == text && !process.is_running();
        let used = || match process.is_running() {
            true => cpu_time(process.pid()),
            false => 0,
        };
        let mut last = (arrived().len(), Instant::now(), used());
        // A process that waits for a CPU is only slow. A client that waits by a counting loop needs the CPU time of a bit.
        let is_stuck = |(_, at, before): (usize, Instant, u64)| {
            at.elapsed() >= STUCK
                && state_of(server.pid()) != 'R'
                && (state_of(process.pid()) != 'R' || used() >= before + BIT)
        };
        while !is_done() && !is_stuck(last) {
            std::thread::sleep(Duration::from_millis(10));
            let now = arrived().len();
            if now != last.0 {
                last = (now, Instant::now(), used());
            }
        }
        if is_done() {
            finish_well(client, process)?;
            // A client that loses 16 zeros of a length of 32 bits sends one of 16 bits: another dialect, with the same text.
            if !options.is_empty() || !holds_within(STUCK, || arrived() == sent) {
                return Ok(());
            }
            holds_within(LIMIT, || server.stderr().contains(" speaks "));
            return check_report(client, &server.stderr());
        }
        if arrived() == sent {
            let printed = server.stdout();
            let stderr = server.stderr();
            same(
                "every signal arrived, and the server printed",
                &printed,
                text,
            )
            .and_then(|()| finish_well(client, process))
            .map_err(|why| format!("{why}; stderr: {stderr}"))?;
        }
        // Incomplete bits must not disturb other clients.
        let printed = server.stdout().len();
        deliver(server.pid(), b"after a loss");
        server.wait_stdout(|bytes| bytes[printed..].ends_with(b"after a loss"));
    }
    eprintln!(
        "{}: lost a signal, or the order of two, in each of {attempts} attempts",
        client.name
    );
    Ok(())
}

/// Lets one client after the other send a text to a `minitalk serve` with these options.
///
/// Calls `then` with the client and the server after each text has arrived.
fn serve_receives(
    client: &Program,
    options: &[&str],
    texts: &[Vec<u8>],
    then: impl Fn(Process, &Server) -> Result<(), String>,
) -> Result<(), String> {
    let server = Server::start_with(&[&["--format", "raw"], options].concat());
    let mut wanted = vec![];
    for text in texts {
        wanted.extend(text);
        let process = start_client(&mut Command::new(&client.path), server.pid(), text);
        holds_within(LIMIT, || {
            server.stdout().len() >= wanted.len() || !server.is_running()
        });
        if !server.is_running() {
            return Err(format!("the server ended; stderr: {}", server.stderr()));
        }
        same("the server printed", &server.stdout(), &wanted)
            .map_err(|why| format!("{why}; stderr: {}", server.stderr()))?;
        then(process, &server).map_err(|why| {
            let length = text.len();
            format!(
                "with {length} bytes, {why}; the server's stderr: {}",
                server.stderr()
            )
        })?;
    }
    kill(server.pid(), libc::SIGTERM);
    let output = finish(server.into_process(), LIMIT).map_err(|why| format!("the server {why}"))?;
    same("the server printed in the end", &output.stdout, &wanted)?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("the server ended with {}", output.status)),
    }
}

/// Checks the dialect that a server reports for a client, in the keys that affect the text or could kill the client.
fn check_report(client: &Program, stderr: &str) -> Result<(), String> {
    let spec = stderr.lines().find_map(|line| line.split_once(" speaks "));
    let found = Header::keys(spec.ok_or("nothing about the client")?.1);
    let wanted = Header::keys(client.spec());
    for key in [
        "order",
        "one",
        "hello",
        "head",
        "head-bytes",
        "counts-end",
        "end",
        "char-bits",
        "parity",
        "ack",
        "ack-head",
    ] {
        if wanted.contains_key(key) && wanted.get(key) != found.get(key) {
            return Err(format!("{key} was not detected"));
        }
    }
    Ok(())
}

#[test]
fn there_are_enough_programs_of_each_kind() {
    let (clients, servers) = (sources("clients").len(), sources("servers").len());
    assert!(clients >= 15, "{clients} clients");
    assert!(servers >= 12, "{servers} servers");
    assert!(clients + servers >= 24);
}

#[test]
fn every_client_is_received_in_its_dialect() {
    let is_described = |client: &&Program| !client.says("given", "no");
    for_each(clients().iter().filter(is_described), |client| {
        // Where the dialect is detected, the other test sends the long text, and tries more than once.
        let (most, attempts) = if client.says("auto", "yes") {
            (200, 1)
        } else {
            (512, ATTEMPTS)
        };
        let texts = client.texts(&[most, 60, 1, 0]);
        let options = ["--dialect", client.spec()];
        if client.says("given", "learned") {
            return serve_learns(client, &options);
        }
        if client.is_lossy() {
            return serve_tries(client, &options, &texts[0], attempts);
        }
        serve_receives(client, &options, &texts, |process, _| {
            if client.says("exits", "no") {
                return Ok(());
            }
            finish_well(client, process).map_err(|why| format!("the client {why}"))
        })
    });
}

#[test]
fn every_detectable_dialect_of_a_client_is_detected() {
    let is_detectable = |client: &&Program| client.says("auto", "yes");
    for_each(clients().iter().filter(is_detectable), |client| {
        let texts = client.texts(&[512, 100]);
        if client.is_lossy() {
            return serve_tries(client, &[], &texts[0], ATTEMPTS);
        }
        serve_receives(client, &[], &texts, |process, server| {
            if !client.says("exits", "no") {
                finish_well(client, process).map_err(|why| format!("the client {why}"))?;
            }
            // The server reports each dialect once.
            holds_within(LIMIT, || server.stderr().contains(" speaks "));
            check_report(client, &server.stderr())
        })
    });
}

#[test]
fn what_a_client_ends_on_is_known_of_its_program_afterwards() {
    let is_learned = |client: &&Program| client.says("auto", "learned");
    for_each(clients().iter().filter(is_learned), |client| {
        serve_learns(client, &[])
    });
}

#[test]
fn every_server_receives_messages_in_its_dialect() {
    for_each(servers(), |program| {
        let tries = if program.is_lossy() { ATTEMPTS } else { 1 };
        let mut result = Ok(());
        for _ in 0..tries {
            result = speak_to(program);
            if result.is_ok() {
                break;
            }
        }
        // A lossy server may lose a bit in each attempt.
        result.or_else(|why| program.is_lossy().then(|| eprintln!("{why}")).ok_or(why))
    });
}

/// Sends texts to a server in its dialect, and compares its output.
fn speak_to(program: &Program) -> Result<(), String> {
    let server = Server::spawn(&mut Command::new(&program.path));
    let pid = server.pid().to_string();
    let greeting = server.stdout();
    if !greeting
        .windows(pid.len())
        .any(|word| word == pid.as_bytes())
    {
        return Err("the server printed no PID".into());
    }
    // Some print their PID before they install their handlers.
    wait_ready_to_be_sent_to(server.pid());
    let mut wanted = vec![];
    for text in [
        program.text(512),
        program.text(60),
        b"x".to_vec(),
        b"".to_vec(),
    ] {
        wanted.extend(&text);
        if program.says("newline", "yes") {
            wanted.push(b'\n');
        }
        let mut send = minitalk(["send", "--dialect", program.spec()]);
        let process = start_client(&mut send, server.pid(), &text);
        let delivered = finish_well(program, process);
        let limit = match program.is_lossy() {
            true => STUCK,
            false => LIMIT,
        };
        if delivered.is_ok() {
            holds_within(limit, || server.printed().len() >= wanted.len());
        }
        delivered
            .and_then(|()| same("the server printed", &server.printed(), &wanted))
            .map_err(|why| format!("with {} bytes, send: {why}", text.len()))?;
    }
    // Time to print a duplicate.
    std::thread::sleep(Duration::from_millis(50));
    same("the server printed in the end", &server.printed(), &wanted)
}
