//! The delivery of one message by a client, and what is wrong with it.

use std::path::Path;
use std::process::{Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use minitalk::Pid;
use minitalk::dialect::Dialect;
use minitalk::internals::process::proc;

use super::isolation::spawn_on_pipes;
use super::output_format::OutputFormat;
use super::report::quoted;
use super::server::Server;
use crate::cli::child::Child;

/// How long after the end of the client the server may print nothing before the message counts as lost.
const QUIET: Duration = Duration::from_millis(1200);

/// How long a client may run after its text has been printed.
const LEAVE: Duration = Duration::from_secs(2);

/// The program of a client.
pub enum ClientProgram<'a> {
    Foreign(&'a Path),
    /// This program; without a dialect it uses minitalk's own protocol.
    Own(&'a Path, Option<Dialect>),
}

impl ClientProgram<'_> {
    /// Starts a client that sends `text`; `options` are those of `minitalk send`.
    pub fn start(&self, pid: Pid, text: &str, options: &[&str]) -> Result<Child, String> {
        let child = match self {
            Self::Foreign(path) => {
                spawn_on_pipes(Command::new(path).args([&pid.to_string(), text]))
            }
            Self::Own(path, dialect) => {
                let mut command = Command::new(path);
                command.args(["send", "--timeout", "3"]).args(options);
                if let Some(dialect) = dialect {
                    command.args(["--dialect", &dialect.to_string()]);
                }
                spawn_on_pipes(command.args(["--", &pid.to_string(), text]))
            }
        };
        child.map_err(|error| format!("the client cannot be started: {error}"))
    }
}

/// The result of a delivery.
pub struct Delivery {
    pub is_exact: bool,
    pub printed: Vec<u8>,
    /// How the client ended; `None` if it had to be killed.
    client: Option<ExitStatus>,
    pub elapsed: Duration,
    /// Whether the time limit was reached.
    pub is_late: bool,
    /// Whether nothing went on between the programs any more at that time.
    pub is_stuck: bool,
    /// How the server ended, if it did.
    pub server: Option<ExitStatus>,
}

impl Delivery {
    /// Sends `text` to `server`, and waits until it is printed, or cannot be any more.
    pub fn run(
        server: &mut Server,
        client: &ClientProgram<'_>,
        text: &str,
        format: &OutputFormat,
        limit: Duration,
    ) -> Result<Self, String> {
        let start = Instant::now();
        let mut client = client.start(server.pid(), text, &[])?;
        let until = start + limit;
        let mut left_at: Option<Instant> = None;
        let mut fits = false;
        while Instant::now() < until && !fits {
            fits = server.wait(Duration::from_millis(5), |printed| {
                format.fits(text.as_bytes(), printed)
            });
            let now = Instant::now();
            if left_at.is_none() && client.ended().is_some() {
                left_at = Some(now);
            }
            let last = server.stdout().last_at().max(left_at).unwrap_or(now);
            // An empty text fits before anything is printed, and the rest of its line may only be late.
            if text.is_empty() {
                let is_blank = *format != OutputFormat::Plain && server.printed().is_empty();
                fits &= left_at.is_some() && (!is_blank || now - last >= QUIET);
            }
            if left_at.is_some() && now - last >= QUIET || server.ended().is_some() {
                break;
            }
        }
        let printed_at = server.stdout().last_at().filter(|_| !text.is_empty());
        let elapsed = printed_at.map_or_else(Instant::now, |at| at.max(start)) - start;
        let is_late = !fits && Instant::now() >= until;
        let is_stuck = is_late && left_at.is_none() && are_stuck([client.pid(), server.pid()]);
        let client = client.wait(if fits { LEAVE } else { Duration::ZERO });
        let printed = server.skip();
        Ok(Self {
            is_exact: format.fits(text.as_bytes(), &printed),
            printed,
            client,
            elapsed,
            is_late,
            is_stuck,
            server: server.ended(),
        })
    }

    /// Returns what is wrong with the delivery, or itself.
    pub fn verdict(self, text: &str) -> Result<Self, String> {
        self.error(text).map_or(Ok(self), Err)
    }

    /// Returns what is wrong with the delivery.
    pub fn error(&self, text: &str) -> Option<String> {
        if let Some(status) = self.server {
            return Some(format!("the server {}", describe(status)));
        }
        if !self.is_exact {
            let what = difference(text.as_bytes(), &self.printed);
            let late = match (self.is_stuck, self.is_late) {
                (true, _) => "hangs: ",
                (_, true) => "not finished in time: ",
                _ => "",
            };
            let failed = self.client.filter(|status| !status.success());
            let ended = failed.map(|status| format!("; the client {}", describe(status)));
            return Some(format!("{late}{what}{}", ended.unwrap_or_default()));
        }
        match self.client {
            None => Some("printed, but the client hangs".into()),
            Some(status) if !status.success() => {
                Some(format!("printed, but the client {}", describe(status)))
            }
            Some(_) => None,
        }
    }
}

/// Returns whether both programs of a pair are asleep and one was not woken for some time, so that nothing goes on.
fn are_stuck(pair: [Pid; 2]) -> bool {
    const WATCH: Duration = Duration::from_secs(2);
    let before = pair.map(wakeups);
    thread::sleep(WATCH);
    let after = pair.map(wakeups);
    // Without a CPU neither of them would go on.
    let are_asleep = before.iter().chain(&after).all(Option::is_some);
    are_asleep
        && before
            .iter()
            .zip(&after)
            .any(|(before, after)| before == after)
}

/// Returns how often a process that sleeps has been given a CPU, of which another one may have taken it (`proc_pid_status(5)`).
fn wakeups(pid: Pid) -> Option<u64> {
    let status = proc::read_text(&format!("/proc/{pid}/status")).ok()?;
    let value = |key: &str| {
        let mut lines = status.lines().filter_map(|line| line.split_once(':'));
        lines
            .find(|(name, _)| *name == key)
            .map(|(_, value)| value.trim_ascii())
    };
    let switches = value("voluntary_ctxt_switches")?.parse().ok();
    switches.filter(|_| value("State").is_some_and(|state| state.starts_with('S')))
}

fn difference(wanted: &[u8], printed: &[u8]) -> String {
    if printed.is_empty() {
        return "nothing is printed".into();
    }
    let pairs = wanted.iter().zip(printed);
    let at = pairs.take_while(|(a, b)| a == b).count();
    let from = at.saturating_sub(4);
    format!(
        "{} printed, different from byte {} on: {} instead of {}",
        match printed.len() {
            1 => "1 byte is".into(),
            bytes => format!("{bytes} bytes are"),
        },
        at + 1,
        quoted(&printed[from..]),
        quoted(&wanted[from..]),
    )
}

/// Describes how a process ended.
pub fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with exit code {code}"),
        (_, Some(signal)) => format!("was ended by signal {signal}"),
        _ => format!("ended with {status}"),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    #[test]
    fn a_pair_is_stuck_once_one_of_it_is_not_woken_any_more() {
        let start = |script: &str| {
            let child = spawn_on_pipes(Command::new("sh").args(["-c", script]));
            child.unwrap()
        };
        let [asleep, busy, napping] = [
            "exec sleep 99",
            "while :; do :; done",
            "while :; do sleep 0.01; done",
        ]
        .map(start);
        assert!(!are_stuck([busy.pid(), napping.pid()]));
        // Not before the shell has become the program that sleeps.
        assert!((0..60).any(|_| are_stuck([asleep.pid(), napping.pid()])));
    }

    #[test]
    fn the_first_error_of_a_delivery_is_reported() {
        let delivery = |printed: &str| Delivery {
            is_exact: printed == "text",
            printed: printed.into(),
            client: Some(ExitStatus::from_raw(0)),
            elapsed: Duration::ZERO,
            is_late: false,
            is_stuck: false,
            server: None,
        };
        let error = |delivery: Delivery| delivery.error("text").unwrap_or_default();
        assert_eq!(error(delivery("text")), "");
        assert_eq!(error(delivery("")), "nothing is printed");
        assert_eq!(
            error(delivery("test!")),
            "5 bytes are printed, different from byte 3 on: \"test!\" instead of \"text\""
        );
        let late = Delivery {
            is_late: true,
            ..delivery("")
        };
        assert_eq!(error(late), "not finished in time: nothing is printed");
        let stuck = Delivery {
            is_late: true,
            is_stuck: true,
            ..delivery("")
        };
        assert_eq!(error(stuck), "hangs: nothing is printed");
        let failed = Delivery {
            client: Some(ExitStatus::from_raw(6 << 8)),
            ..delivery("")
        };
        assert_eq!(
            error(failed),
            "nothing is printed; the client ended with exit code 6"
        );
        let killed = Delivery {
            client: None,
            ..delivery("text")
        };
        assert_eq!(error(killed), "printed, but the client hangs");
        let refused = Delivery {
            client: Some(ExitStatus::from_raw(1 << 8)),
            ..delivery("text")
        };
        assert_eq!(
            error(refused),
            "printed, but the client ended with exit code 1"
        );
        let crashed = Delivery {
            server: Some(ExitStatus::from_raw(11)),
            ..delivery("")
        };
        assert_eq!(error(crashed), "the server was ended by signal 11");
    }
}
