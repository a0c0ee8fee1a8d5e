//! A server under way, ours or theirs, and messages to it.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use minitalk::Pid;
use minitalk::client;
use minitalk::dialect::Dialect;
use minitalk::internals::process::peer::Peer;

use super::report::quoted;
use super::running::Running;
use super::shape::Shape;
use crate::cli::exit::chain;

/// How long a server may take to say its PID, and then to handle the signals.
const START: Duration = Duration::from_secs(3);
const HANDLERS: Duration = Duration::from_secs(1);

/// A banner comes in one go.
const BANNER: Duration = Duration::from_millis(15);

/// When the client has ended and nothing was printed for so long, the rest will not come.
const QUIET: Duration = Duration::from_millis(1200);

/// How long after a text its newline may come.
const NEWLINE: Duration = Duration::from_millis(30);

/// What a server prints too much it prints at once.
const TOO_MUCH: Duration = Duration::from_millis(40);

/// How long a client may stay whose text has been printed.
const LEAVE: Duration = Duration::from_secs(2);

/// Where a server comes from.
pub enum Origin<'a> {
    Theirs(&'a Path),
    /// The path is our own; no dialect: find it out.
    Ours(&'a Path, Option<&'a Dialect>),
}

/// A server that waits for messages.
pub struct Server {
    running: Running,
    /// What is wrong with how it said its PID.
    pub complaint: Option<String>,
    /// Bytes on its screen that are none of the next message's.
    seen: usize,
}

impl Server {
    pub fn start(origin: &Origin<'_>) -> Result<Self, String> {
        let running = match origin {
            Origin::Theirs(path) => Running::on_terminal(&mut Command::new(path)),
            Origin::Ours(path, dialect) => {
                let mut command = Command::new(path);
                command.args(["serve", "--format", "raw"]);
                if let Some(dialect) = dialect {
                    command.args(["--dialect", &dialect.to_string()]);
                }
                Running::on_pipes(&mut command)
            }
        };
        let mut running = running.map_err(|error| format!("cannot be started: {error}"))?;
        let pid = running.pid();
        let screen = match origin {
            Origin::Theirs(_) => &running.stdout,
            Origin::Ours(..) => &running.stderr,
        };
        let says_pid = screen.wait(0, START, |text| has_number(text, pid.get()));
        screen.settle(BANNER, HANDLERS);
        if let Some(status) = running.ended() {
            return Err(format!("{} before any message", describe(status)));
        }
        let mut complaint = None;
        if !says_pid {
            let printed = running.stdout.since(0);
            complaint = Some(match printed.is_empty() {
                true => "it prints none".into(),
                false => format!("it prints {}, and its PID is {pid}", quoted(&printed)),
            });
        }
        let mut server = Self {
            running,
            complaint,
            seen: 0,
        };
        server.wait_for_handlers()?;
        server.skip();
        Ok(server)
    }

    fn wait_for_handlers(&mut self) -> Result<(), String> {
        let until = Instant::now() + HANDLERS;
        while let Err(error) = client::find(self.pid(), false) {
            if Instant::now() >= until {
                return Err(format!("cannot be sent anything: {}", chain(&error)));
            }
            thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    pub const fn pid(&self) -> Pid {
        self.running.pid()
    }

    pub fn peer(&self) -> Result<Peer, String> {
        client::find(self.pid(), false).map_err(|error| chain(&error))
    }

    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.running.ended()
    }

    /// What it said on the standard error.
    pub fn notes(&self) -> String {
        String::from_utf8_lossy(&self.running.stderr.since(0)).into_owned()
    }

    /// Waits until it has said so on the standard error.
    pub fn wait_notes(&self, limit: Duration, text: &str) {
        let says = |notes: &[u8]| String::from_utf8_lossy(notes).contains(text);
        self.running.stderr.wait(0, limit, says);
    }

    /// What it has printed since the last message.
    pub fn printed(&self) -> Vec<u8> {
        self.running.stdout.since(self.seen)
    }

    /// Waits until what it printed since the last message is what is wanted.
    pub fn wait(&self, limit: Duration, wanted: impl Fn(&[u8]) -> bool) -> bool {
        self.running.stdout.wait(self.seen, limit, wanted)
    }

    /// The shape in which it prints `text`, if it does so in time.
    pub fn shape(&self, text: &str, limit: Duration) -> Option<Shape> {
        let of = |printed: &[u8]| Shape::of(text.as_bytes(), printed);
        if !self.wait(limit, |printed| of(printed).is_some()) {
            return None;
        }
        self.wait(NEWLINE, |_| false);
        of(&self.printed())
    }

    /// Waits until it prints nothing more for a moment, and takes what it printed for seen.
    pub fn skip(&mut self) -> Vec<u8> {
        self.running.stdout.settle(TOO_MUCH, HANDLERS);
        let printed = self.printed();
        self.seen += printed.len();
        printed
    }

    /// Has `sender` deliver `text`, and waits until that is done or cannot be.
    pub fn deliver(
        &mut self,
        sender: &Sender<'_>,
        text: &str,
        shape: &Shape,
        limit: Duration,
    ) -> Result<Delivery, String> {
        let start = Instant::now();
        let mut client = sender.start(self.pid(), text)?;
        let until = start + limit;
        let mut left: Option<Instant> = None;
        let mut fits = false;
        while Instant::now() < until && !fits {
            fits = self.wait(Duration::from_millis(5), |printed| {
                shape.fits(text.as_bytes(), printed)
            });
            let now = Instant::now();
            if left.is_none() && client.ended().is_some() {
                left = Some(now);
            }
            let last = self.running.stdout.last().max(left).unwrap_or(now);
            if left.is_some() && now - last >= QUIET || self.ended().is_some() {
                break;
            }
        }
        let arrived = self.running.stdout.last().filter(|_| !text.is_empty());
        let elapsed = arrived.map_or_else(Instant::now, |at| at.max(start)) - start;
        let is_late = !fits && Instant::now() >= until;
        let patience = if fits { LEAVE } else { Duration::ZERO };
        let status = client.wait(patience);
        let printed = self.skip();
        Ok(Delivery {
            is_exact: shape.fits(text.as_bytes(), &printed),
            printed,
            status,
            elapsed,
            is_late,
            server: self.ended(),
        })
    }
}

/// Who sends.
pub enum Sender<'a> {
    Theirs(&'a Path),
    /// The path is our own; without a dialect it speaks our own protocol.
    Ours(&'a Path, Option<Dialect>),
}

impl Sender<'_> {
    pub fn start(&self, pid: Pid, text: &str) -> Result<Running, String> {
        self.start_with(pid, text, &[])
    }

    /// As [`start`](Self::start), with these options of `send` where it is ours.
    pub fn start_with(&self, pid: Pid, text: &str, options: &[&str]) -> Result<Running, String> {
        let running = match self {
            Self::Theirs(path) => {
                Running::on_pipes(Command::new(path).args([&pid.to_string(), text]))
            }
            Self::Ours(path, dialect) => {
                let mut command = Command::new(path);
                command.args(["send", "--timeout", "3"]).args(options);
                if let Some(dialect) = dialect {
                    command.args(["--dialect", &dialect.to_string()]);
                }
                Running::on_pipes(command.args(["--", &pid.to_string(), text]))
            }
        };
        running.map_err(|error| format!("the client cannot be started: {error}"))
    }
}

/// What became of a message.
pub struct Delivery {
    pub is_exact: bool,
    pub printed: Vec<u8>,
    /// How the client ended; `None`: it had to be killed.
    pub status: Option<ExitStatus>,
    pub elapsed: Duration,
    /// Whether time ran out.
    pub is_late: bool,
    /// How the server ended, which it should not have.
    pub server: Option<ExitStatus>,
}

impl Delivery {
    /// Itself, or what is wrong with it.
    pub fn verdict(self, text: &str) -> Result<Self, String> {
        self.complaint(text).map_or(Ok(self), Err)
    }

    /// What is wrong with it, if anything is.
    pub fn complaint(&self, text: &str) -> Option<String> {
        if let Some(status) = self.server {
            return Some(format!("the server {}", describe(status)));
        }
        if !self.is_exact {
            let what = difference(text.as_bytes(), &self.printed);
            return Some(match self.is_late {
                true => format!("hangs: {what}"),
                false => what,
            });
        }
        match self.status {
            None => Some("printed, but the client hangs".into()),
            Some(status) if !status.success() => {
                Some(format!("printed, but the client {}", describe(status)))
            }
            Some(_) => None,
        }
    }
}

fn difference(wanted: &[u8], printed: &[u8]) -> String {
    if printed.is_empty() {
        return "nothing is printed".into();
    }
    let at = wanted
        .iter()
        .zip(printed)
        .take_while(|(a, b)| a == b)
        .count();
    let from = at.saturating_sub(4);
    format!(
        "{} bytes are printed, different from byte {} on: {} where {} is wanted",
        printed.len(),
        at + 1,
        quoted(&printed[from..]),
        quoted(&wanted[from..]),
    )
}

/// How a process ended, in words.
pub fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with exit code {code}"),
        (_, Some(signal)) => format!("was ended by signal {signal}"),
        _ => format!("ended with {status}"),
    }
}

/// Whether the number stands somewhere in the text, in digits.
fn has_number(text: &[u8], number: i32) -> bool {
    text.split(|byte| !byte.is_ascii_digit())
        .any(|digits| digits == number.to_string().as_bytes())
}

/// Our own program.
pub fn ours() -> std::io::Result<PathBuf> {
    std::env::current_exe()
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    #[test]
    fn the_first_thing_that_is_wrong_with_a_delivery_is_said() {
        let delivery = |printed: &str| Delivery {
            is_exact: printed == "text",
            printed: printed.into(),
            status: Some(ExitStatus::from_raw(0)),
            elapsed: Duration::ZERO,
            is_late: false,
            server: None,
        };
        let complaint = |delivery: Delivery| delivery.complaint("text").unwrap_or_default();
        assert_eq!(complaint(delivery("text")), "");
        assert_eq!(complaint(delivery("")), "nothing is printed");
        assert_eq!(
            complaint(delivery("test!")),
            "5 bytes are printed, different from byte 3 on: \"test!\" where \"text\" is wanted"
        );
        let late = Delivery {
            is_late: true,
            ..delivery("")
        };
        assert_eq!(complaint(late), "hangs: nothing is printed");
        let killed = Delivery {
            status: None,
            ..delivery("text")
        };
        assert_eq!(complaint(killed), "printed, but the client hangs");
        let refused = Delivery {
            status: Some(ExitStatus::from_raw(1 << 8)),
            ..delivery("text")
        };
        assert_eq!(
            complaint(refused),
            "printed, but the client ended with exit code 1"
        );
        let crashed = Delivery {
            server: Some(ExitStatus::from_raw(11)),
            ..delivery("")
        };
        assert_eq!(complaint(crashed), "the server was ended by signal 11");
    }

    #[test]
    fn a_pid_is_found_among_other_numbers_and_not_within_one() {
        assert!(has_number(b"v1.0 PID: \x1b[32m4242\x1b[0m\n", 4242));
        assert!(!has_number(b"PID 14242 42420", 4242));
    }
}
