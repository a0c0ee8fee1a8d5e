//! The delivery of one message by a client, and its faults.

use std::mem;
use std::process::ExitStatus;
use std::thread;
use std::time::{Duration, Instant};

use minitalk::Pid;
use minitalk::internals::process::proc;

use super::isolation::Subject;
use super::not_passed::NotPassed;
use super::output_format::OutputFormat;
use super::report::quoted;
use super::server::Server;
use crate::cli::child::Patience;

/// How long after the end of the client the server may print nothing before the message counts as lost.
const QUIET: Duration = Duration::from_millis(1200);

/// How long a client may run after its text has been printed.
const LEAVE: Duration = Duration::from_secs(2);

/// Holds the result of a delivery.
pub struct Arrival {
    pub is_exact: bool,
    pub printed: Vec<u8>,
    /// How the client ended; `None` if it had to be killed.
    client: Option<ExitStatus>,
    pub elapsed: Duration,
    /// For how long the machine seems to have withheld its CPUs meanwhile, from this program or from the pair.
    pub withheld: Duration,
    /// Whether the time limit was reached.
    pub is_late: bool,
    /// Whether the pair was stuck at that time: both slept, and one of them was not woken.
    pub is_stuck: bool,
    /// Whether the client was seen not to end after its text was printed.
    is_hanging: bool,
    /// How the server ended, if it did.
    pub server: Option<ExitStatus>,
}

impl Arrival {
    /// Sends `text` to `server`, and waits until it is printed or can no longer be.
    pub fn run(
        server: &mut Server,
        client: Subject<'_>,
        text: &str,
        format: &OutputFormat,
        limit: Duration,
    ) -> Result<Self, String> {
        let start = Instant::now();
        let delay_before = run_delay(server.pid());
        let mut client = client.start_client(server.pid(), text, &[])?;
        let mut client_delay = Duration::ZERO;
        let mut patience = Patience::new(limit);
        let mut silence = Patience::new(QUIET);
        let mut has_left = false;
        let mut fits = false;
        let mut len = 0;
        let is_late = loop {
            let Some(nap) = patience.next().filter(|_| !fits) else {
                break !fits;
            };
            fits = server.wait(nap, &|printed| format.fits(text.as_bytes(), printed));
            let len_before = mem::replace(&mut len, server.stdout().len());
            if !has_left || len != len_before {
                silence = Patience::new(QUIET);
            }
            if !has_left {
                client_delay = run_delay(client.pid());
                has_left = client.ended().is_some();
            }
            let is_quiet = silence.next().is_none();
            // An empty text fits before anything is printed, and the rest of its line may only be late.
            if text.is_empty() {
                let is_blank = *format != OutputFormat::Plain && server.printed().is_empty();
                fits &= has_left && (!is_blank || is_quiet);
            }
            if has_left && is_quiet || server.ended().is_some() {
                break false;
            }
        };
        let server_delay = run_delay(server.pid()).saturating_sub(delay_before);
        let is_stuck = is_late && !has_left && are_stuck([client.pid(), server.pid()]);
        let ended = client.wait(if fits { LEAVE } else { Duration::ZERO });
        let is_hanging = fits && ended.is_none() && hangs(client.pid());
        let client = ended.or_else(|| client.ended());
        // Reads the output for the last time: the output of a late server after the limit counts too.
        let printed = server.skip();
        let printed_at = server.stdout().last_at().filter(|_| !text.is_empty());
        let elapsed = printed_at.map_or_else(Instant::now, |at| at.max(start)) - start;
        Ok(Self {
            is_exact: format.fits(text.as_bytes(), &printed),
            printed,
            client,
            elapsed,
            withheld: patience.late().max(server_delay + client_delay),
            is_late,
            is_stuck,
            is_hanging,
            server: server.ended(),
        })
    }

    /// Returns the delivery, or the fault in it.
    pub fn verdict(self, text: &str) -> Result<Self, NotPassed> {
        self.error(text).map_or(Ok(self), Err)
    }

    /// Returns the fault in the delivery.
    pub fn error(&self, text: &str) -> Option<NotPassed> {
        if let Some(status) = self.server {
            return Some(format!("the server {}", describe(status)).into());
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
            return Some(format!("{late}{what}{}", ended.unwrap_or_default()).into());
        }
        match self.client {
            None if self.is_hanging => Some("printed, but the client hangs".into()),
            None => {
                let why = "printed, but the client has not ended in time";
                Some(NotPassed::NotSure(why.into()))
            }
            Some(status) if status.success() => None,
            Some(status) => {
                let why = format!("printed, but the client {}", describe(status));
                // Some clients exit so when all is well.
                let may_be_usual = status.code().is_some();
                Some(if may_be_usual {
                    NotPassed::NotSure(why)
                } else {
                    why.into()
                })
            }
        }
    }
}

/// Returns whether both programs of a pair are asleep and one was not woken for some time, so that nothing goes on.
pub fn are_stuck(pair: [Pid; 2]) -> bool {
    /// How long the pair is watched: only a time without a wake-up shows that nothing goes on.
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

/// Returns whether a process does not end although it could: it was not woken for some time, or it had the CPU often enough.
pub fn hangs(pid: Pid) -> bool {
    /// How long the process is watched: only a time without a wake-up shows that it does not go on.
    const WATCH: Duration = Duration::from_secs(2);
    /// The most watches over a process that runs, in case it gets little of a CPU.
    const WATCHES: usize = 10;
    /// The wake-ups, and the ticks of CPU time, in which any program that has nothing left to wait for would have ended.
    const ENOUGH: u64 = 100;
    let look = || Some((wakeups(pid), ticks(pid)?));
    let Some(first) = look() else {
        return false;
    };
    let mut last = first;
    for _ in 0..WATCHES {
        thread::sleep(WATCH);
        let Some(now) = look() else {
            return false;
        };
        let woken_since = |before: (Option<u64>, u64)| Some(now.0?.saturating_sub(before.0?));
        let is_idle = now.1 == last.1;
        let is_asleep = is_idle && woken_since(last) == Some(0);
        let has_run =
            now.1 - first.1 >= ENOUGH || woken_since(first).is_some_and(|woken| woken >= ENOUGH);
        if is_asleep || has_run || is_idle {
            return is_asleep || has_run;
        }
        last = now;
    }
    false
}

/// Returns the user and system time of all threads so far, in hundredths of a second (`proc_pid_stat(5)`).
pub fn ticks(pid: Pid) -> Option<u64> {
    let stat = proc::read_text(&format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some(next()? + next()?)
}

/// Returns for how long the main thread has waited for a CPU so far (the kernel's `Documentation/scheduler/sched-stats.rst`);
/// zero if the kernel does not count it, and after the process was reaped.
pub fn run_delay(pid: Pid) -> Duration {
    let stat = proc::read_text(&format!("/proc/{pid}/schedstat")).unwrap_or_default();
    let delay = stat.split_ascii_whitespace().nth(1);
    Duration::from_nanos(delay.and_then(|delay| delay.parse().ok()).unwrap_or(0))
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
    use std::process::Command;

    use super::super::isolation::{Script, spawn_on_pipes};
    use super::*;
    use crate::cli::child::{Child, wait_until};

    const MINUTES: Duration = Duration::from_secs(600);

    const BUSY: &str = "while :; do :; done";

    fn shell(script: &str) -> Child {
        spawn_on_pipes(Command::new("sh").args(["-c", script])).unwrap()
    }

    #[test]
    fn a_pair_is_stuck_once_one_of_it_is_not_woken_any_more() {
        let napping = "while :; do sleep 0.01; done";
        let [asleep, busy, napping] = ["exec sleep 99", BUSY, napping].map(shell);
        let [asleep, busy, napping] = [&asleep, &busy, &napping].map(Child::pid);
        thread::scope(|scope| {
            scope.spawn(|| assert!(!are_stuck([busy, napping])));
            // Without a CPU the process does not show that it hangs.
            scope.spawn(|| assert!((0..60).any(|_| hangs(busy))));
            // The shell first has to become the program that sleeps.
            scope.spawn(|| assert!((0..60).any(|_| are_stuck([asleep, napping]))));
            scope.spawn(|| assert!((0..60).any(|_| hangs(asleep))));
        });
    }

    #[test]
    fn a_process_waits_for_a_cpu_that_others_use() {
        let cpus = thread::available_parallelism().unwrap().get();
        let busy: Vec<Child> = (0..=cpus).map(|_| shell(BUSY)).collect();
        let is_counted = std::fs::exists("/proc/self/schedstat").unwrap();
        let total = || -> Duration { busy.iter().map(|child| run_delay(child.pid())).sum() };
        let has_waited = || total() >= Duration::from_millis(200);
        assert!(!is_counted || wait_until(MINUTES, has_waited));
    }

    #[test]
    fn a_process_that_is_slow_or_has_ended_does_not_hang() {
        let slow = shell("while :; do sleep 0.5; done");
        assert!(!hangs(slow.pid()));
        let mut ended = shell("exit");
        ended.kill();
        assert!(!hangs(ended.pid()));
    }

    #[test]
    fn what_is_printed_after_the_limit_took_longer_than_the_limit() {
        const LIMIT: Duration = Duration::from_millis(20);
        let server = Script::new(
            "late-server",
            "trap 'echo text; exit 0' USR1; trap : USR2; echo $$; while :; do sleep 0.05; done",
        );
        let client = Script::new("late-client", "sleep 0.5; kill -USR1 $1; sleep 9");
        let late = (0..60).find_map(|_| {
            let mut server = Server::start(server.program(), &[]).ok()?;
            let format = OutputFormat::of(b"text", b"text\n")?;
            let delivery =
                Arrival::run(&mut server, client.program(), "text", &format, LIMIT).ok()?;
            delivery.is_exact.then_some(delivery)
        });
        assert!(late.unwrap().elapsed > LIMIT);
    }

    #[test]
    fn the_first_error_of_a_delivery_is_reported() {
        let error = |printed: &str, change: fn(&mut Arrival)| {
            let mut delivery = Arrival {
                is_exact: printed == "text",
                printed: printed.into(),
                client: Some(ExitStatus::from_raw(0)),
                elapsed: Duration::ZERO,
                withheld: Duration::ZERO,
                is_late: false,
                is_stuck: false,
                is_hanging: true,
                server: None,
            };
            change(&mut delivery);
            delivery
                .error("text")
                .map_or(String::new(), |error| error.to_string())
        };
        let unchanged: fn(&mut Arrival) = |_| {};
        assert_eq!(error("text", unchanged), "");
        assert_eq!(error("", unchanged), "nothing is printed");
        assert_eq!(
            error("test!", unchanged),
            "5 bytes are printed, different from byte 3 on: \"test!\" instead of \"text\""
        );
        let late = error("", |d| d.is_late = true);
        assert_eq!(late, "not finished in time: nothing is printed");
        let stuck = error("", |d| (d.is_late, d.is_stuck) = (true, true));
        assert_eq!(stuck, "hangs: nothing is printed");
        let failed = error("", |d| d.client = Some(ExitStatus::from_raw(6 << 8)));
        let ended = "the client ended with exit code";
        assert_eq!(failed, format!("nothing is printed; {ended} 6"));
        let killed = error("text", |d| d.client = None);
        assert_eq!(killed, "printed, but the client hangs");
        let slow = error("text", |d| (d.client, d.is_hanging) = (None, false));
        assert!(slow.starts_with("not sure: "));
        let refused = error("text", |d| d.client = Some(ExitStatus::from_raw(1 << 8)));
        assert_eq!(refused, format!("not sure: printed, but {ended} 1"));
        let ended = error("text", |d| d.client = Some(ExitStatus::from_raw(10)));
        assert_eq!(ended, "printed, but the client was ended by signal 10");
        let crashed = error("", |d| d.server = Some(ExitStatus::from_raw(11)));
        assert_eq!(crashed, "the server was ended by signal 11");
    }
}
