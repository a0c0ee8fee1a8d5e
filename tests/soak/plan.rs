//! The plan: random clients from a seed, and the disturbance of each.

use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use crate::common::*;

const MOST_BYTES: usize = 50_000;

/// A foreign client waits for each bit, so its messages are short.
const MOST_FOREIGN_BYTES: usize = 1_000;

/// The first number of a client that asks for a reply.
pub const REQUESTS: usize = 1 << 32;

/// The first number of a foreign client.
pub const FOREIGN: usize = 1 << 40;

/// The first number of a message between two endpoints.
pub const SPOKEN: usize = 1 << 48;

/// The first number of a part of the plan of a chat.
pub const CHATS: usize = 1 << 56;

/// Pseudo-random numbers from a seed (xorshift64*).
pub struct Random(u64);

impl Random {
    /// Returns the numbers of one part of a plan.
    pub fn new(seed: u64, part: u64) -> Self {
        // SplitMix64, so that neighbouring parts are independent.
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

    pub fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 11) % limit
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::try_from(self.below(from.len() as u64)).unwrap()]
    }

    /// Returns a number up to `most`, small ones as often as large ones.
    pub fn scale(&mut self, most: u64) -> u64 {
        let bits = u64::from(u64::BITS - most.leading_zeros());
        let limit = (1 << self.below(bits + 1)).min(most + 1);
        self.below(limit)
    }

    /// Returns a time up to `most`, short ones as often as long ones.
    pub fn time(&mut self, most: Duration) -> Duration {
        Duration::from_micros(self.scale(u64::try_from(most.as_micros()).unwrap()))
    }
}

/// The clients that run now, by number and PID.
#[derive(Default)]
pub struct Running(Mutex<Vec<(usize, i32)>>);

impl Running {
    /// Returns one of the native clients, if any runs.
    pub fn pick(&self, random: &mut Random) -> Option<(usize, i32)> {
        let clients = self.0.lock().unwrap();
        let native: Vec<_> = clients
            .iter()
            .copied()
            .filter(|(id, _)| *id < FOREIGN)
            .collect();
        (!native.is_empty()).then(|| random.pick(&native))
    }
}

/// The disturbance of a client.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fate {
    Undisturbed,
    /// The client is stopped after the first time, and continued after the second.
    Stopped(Duration, Duration),
    /// The client is sent this signal after this time.
    Ended(i32, Duration),
    /// The client gives up after this many milliseconds without an answer.
    ShortTimeout(u64),
}

#[derive(Clone, Debug)]
pub struct Client {
    pub id: usize,
    /// The options of `minitalk send`; `None` for the program `classic`.
    options: Option<Vec<String>>,
    pub message: Vec<u8>,
    pub fate: Fate,
    /// Whether it asks for a reply, which is the message itself.
    pub is_request: bool,
}

impl Client {
    /// Returns a client of the native protocol, which asks for a reply if its number is from [`REQUESTS`] on.
    pub fn native(seed: u64, id: usize) -> Self {
        let mut random = Random::new(seed, id as u64);
        let mut options: Vec<String> = vec![
            "--lane".into(),
            random.pick(&["auto", "bit", "word"]).into(),
        ];
        if random.below(8) == 0 {
            options.push("--eco".into());
        }
        let bytes = random.scale(MOST_BYTES as u64);
        // Every byte but the newline, which ends a message in the output.
        let message = message(
            &mut random,
            id,
            bytes,
            |byte| if byte == b'\n' { 0 } else { byte },
        );
        let fate = Self::fate(&mut random);
        if let Fate::ShortTimeout(milliseconds) = fate {
            options.extend(["--timeout".into(), format!("{}", milliseconds as f64 / 1e3)]);
        }
        let is_request = id >= REQUESTS;
        if is_request {
            options.extend(["--reply", "--reply-timeout", PATIENT].map(String::from));
        }
        let options = Some(options);
        Self {
            id,
            options,
            message,
            fate,
            is_request,
        }
    }

    /// Returns a message that an endpoint sends.
    pub fn endpoint(id: usize, message: Vec<u8>, is_request: bool, fate: Fate) -> Self {
        Self {
            id,
            options: None,
            message,
            fate,
            is_request,
        }
    }

    /// Returns a client of this dialect, as other programs speak it.
    pub fn foreign(seed: u64, id: usize, dialect: &str) -> Self {
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
                Fate::ShortTimeout(_) => Fate::Undisturbed,
                fate => fate,
            },
            is_request: false,
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
            6 => Fate::ShortTimeout(1 + random.below(100)),
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

    /// Runs the client with its disturbance beside the others, and returns its output, and its exit code if it has one.
    pub fn run(&self, server: i32, running: &Running) -> (Option<i32>, Vec<u8>) {
        let mut command = self.command(server);
        let process = match self.options {
            Some(_) => Process::spawn_fed(&mut command, self.message.clone()),
            None => Process::spawn(&mut command),
        };
        running.0.lock().unwrap().push((self.id, process.pid()));
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
            Fate::Undisturbed | Fate::ShortTimeout(_) => {}
        }
        let output = process.output();
        running.0.lock().unwrap().retain(|(id, _)| *id != self.id);
        let code = output.status.code();
        if self.fate == Fate::Undisturbed && code != Some(0) {
            println!("  client {}: {}", self.id, stderr(&output));
        }
        (code, output.stdout)
    }
}

/// Starts a third process that forges signals between two others, until it is dropped. `text` is the text that it tries to have
/// printed.
pub fn adversary(random: &mut Random, pids: [i32; 2], text: &str) -> Process {
    let kind = random.pick(&["words", "bits", "hellos", "answers", "all"]);
    let mut adversary = Command::new(program("adversary"));
    let adversary = adversary.arg(kind).args(pids.map(|pid| pid.to_string()));
    Process::spawn(adversary.arg(text).stdin(Stdio::piped()))
}

/// Stops or kills one of two processes that talk with each other, or leaves it alone.
pub fn disturb(random: &mut Random, pid: i32) -> Fate {
    const LONG: Duration = Duration::from_millis(200);
    let after = random.time(LONG);
    thread::sleep(after);
    match random.below(4) {
        0 => {
            kill(pid, libc::SIGKILL);
            Fate::Ended(libc::SIGKILL, after)
        }
        1 => {
            let lasts = random.time(LONG);
            kill(pid, libc::SIGSTOP);
            thread::sleep(lasts);
            kill(pid, libc::SIGCONT);
            Fate::Stopped(after, lasts)
        }
        _ => Fate::Undisturbed,
    }
}

fn os(bytes: &[u8]) -> &std::ffi::OsStr {
    std::os::unix::ffi::OsStrExt::from_bytes(bytes)
}

/// Returns `#`, the number, and random bytes; an empty message if it must have no bytes.
pub fn message(random: &mut Random, id: usize, bytes: u64, allow: impl Fn(u8) -> u8) -> Vec<u8> {
    if bytes == 0 {
        return vec![];
    }
    let mut message = format!("#{id} ").into_bytes();
    while (message.len() as u64) < bytes {
        message.push(allow(random.next() as u8));
    }
    message
}
