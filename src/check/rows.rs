//! The rows: what is tried, and what is demanded.

use std::path::Path;
use std::thread;
use std::time::Duration;

use minitalk::Pid;
use minitalk::Signal;
use minitalk::dialect::Dialect;
use minitalk::dialect::speech::Speech;
use minitalk::internals::process::peer::Peer;

use crate::cli::units::{self, SECOND, decimal};

use super::report::{Row, Section, Verdict, grouped, quoted};
use super::running::Running;
use super::server::{Delivery, Origin, Sender, Server, describe};
use super::shape::Shape;

/// Lengths of texts, and how long each may take before the programs hang. The longest is not demanded if it takes longer.
const SIZES: [(usize, Duration); 4] = [
    (1, Duration::from_secs(5)),
    (100, Duration::from_secs(8)),
    (1000, Duration::from_secs(40)),
    (LONGEST, Duration::from_secs(30)),
];
const LONGEST: usize = 10_000;

/// The exercise: "1 second for displaying 100 characters is way too much".
const HUNDRED: Duration = Duration::from_secs(1);

/// How long any other text may take.
const SHORT: Duration = Duration::from_secs(5);

const UTF8: &str = "Zwölf Boxkämpfer, père Noël, Ελλάδα, 日本語, 🦀";

const NEXT: &str = "the next message, 123";

/// How long a server may take to notice that a client is gone.
const NOTICE: Duration = Duration::from_secs(1);

/// A PID that no process has: the kernel's limit on PIDs where it is highest (`PID_MAX_LIMIT`), which it never reaches.
const NOBODY: &str = "4194304";

/// Bytes a second of a server that has not been measured.
const RATE: u64 = 500;

/// One server after the other, and who sends to them.
pub struct Stage<'a> {
    pub origin: Origin<'a>,
    pub sender: Sender<'a>,
    pub shape: Shape,
    pub server: Option<Server>,
    /// Bytes a second with 1,000 bytes.
    rate: Option<u64>,
}

impl<'a> Stage<'a> {
    pub const fn new(origin: Origin<'a>, sender: Sender<'a>, shape: Shape) -> Self {
        Self {
            origin,
            sender,
            shape,
            server: None,
            rate: None,
        }
    }

    /// The server that waits, or a fresh one. Whoever takes it puts it back if it is still good.
    fn take(&mut self) -> Result<Server, String> {
        let mut server = match self.server.take() {
            Some(server) => server,
            None => Server::start(&self.origin)?,
        };
        server.skip();
        Ok(server)
    }

    /// As [`Server::deliver`]; a server that failed is not used again.
    fn deliver(&mut self, text: &str, limit: Duration) -> Result<Delivery, String> {
        let mut server = self.take()?;
        let delivery = server.deliver(&self.sender, text, &self.shape, limit)?;
        if delivery.complaint(text).is_none() {
            self.server = Some(server);
        }
        Ok(delivery)
    }

    fn attempt(&mut self, text: &str, limit: Duration) -> Result<Delivery, String> {
        self.deliver(text, limit)?.verdict(text)
    }
}

/// Adds a row of what must hold.
fn demand(section: &mut Section, what: &str, result: Result<String, String>) {
    match result {
        Ok(detail) => section.add(Verdict::Ok, what, &detail),
        Err(detail) => section.add(Verdict::Fail, what, &detail),
    }
}

/// Adds a row of what is good to have.
fn advise(section: &mut Section, what: &str, result: Result<String, String>) {
    match result {
        Ok(detail) => section.add(Verdict::Ok, what, &detail),
        Err(detail) => section.add(Verdict::Warn, what, &detail),
    }
}

/// Whether texts arrive as they were sent: of all lengths, without any, and beyond ASCII.
pub fn exactness(stage: &mut Stage<'_>, section: &mut Section) {
    if let Some(elapsed) = lengths(stage, section) {
        speed(stage, elapsed, section);
    }
    let empty = stage.attempt("", SHORT).and_then(|_| {
        let next = stage.attempt(NEXT, SHORT);
        next.map_err(|why| format!("the message after it is not exact: {why}"))
    });
    let exact = |_| "exact".to_owned();
    demand(section, "empty string", empty.map(exact));
    let utf8 = stage.attempt(UTF8, SHORT);
    demand(section, "UTF-8", utf8.map(exact));
}

/// A row for each length, until one fails; how long 100 bytes took.
fn lengths(stage: &mut Stage<'_>, section: &mut Section) -> Option<Duration> {
    let mut failed: Option<String> = None;
    let mut hundred = None;
    for (bytes, limit) in SIZES {
        let unit = if bytes == 1 { "byte" } else { "bytes" };
        let what = format!("{} {unit}", grouped(bytes as u64));
        if let Some(before) = &failed {
            let why = format!("not tried, for {before} failed");
            section.add(Verdict::Warn, &what, &why);
            continue;
        }
        let is_demanded = bytes < LONGEST;
        let time = stage
            .rate
            .map_or(Duration::ZERO, |rate| time_of(bytes, rate));
        if !is_demanded && time > limit {
            let seconds = decimal(time.as_nanos(), SECOND, 0);
            let why = format!("not tried, for it would take {seconds} s");
            section.add(Verdict::Warn, &what, &why);
            continue;
        }
        let text = text(bytes);
        let delivery = stage.deliver(&text, limit);
        let is_late = delivery.as_ref().is_ok_and(|delivery| delivery.is_late);
        match delivery.and_then(|delivery| delivery.verdict(&text)) {
            Ok(delivery) => {
                let rate = units::rate(bytes as u64, delivery.elapsed);
                let mut row = Row::new(Verdict::Ok, &what, "exact");
                row.timing = Some((delivery.elapsed, rate));
                section.push(row);
                match bytes {
                    100 => hundred = Some(delivery.elapsed),
                    1000 => stage.rate = Some(rate),
                    _ => {}
                }
            }
            Err(_) if is_late && !is_demanded => {
                let why = format!("not finished in {} s", limit.as_secs());
                section.add(Verdict::Warn, &what, &why);
            }
            Err(why) => {
                section.add(Verdict::Fail, &what, &why);
                failed = Some(what);
            }
        }
    }
    hundred
}

/// Returns how long `bytes` bytes take at `rate` bytes a second.
fn time_of(bytes: usize, rate: u64) -> Duration {
    let nanos = bytes as u128 * SECOND / u128::from(rate.max(1));
    Duration::from_nanos(nanos.try_into().unwrap_or(u64::MAX))
}

/// Whether 100 bytes take no more than they may, which took so long the first time.
fn speed(stage: &mut Stage<'_>, mut elapsed: Duration, section: &mut Section) {
    // A machine that is busy with something else says nothing about the programs.
    for _ in 0..2 {
        if elapsed < HUNDRED {
            break;
        }
        if let Ok(again) = stage.attempt(&text(100), SIZES[1].1) {
            elapsed = elapsed.min(again.elapsed);
        }
    }
    let seconds = decimal(elapsed.as_nanos(), SECOND, 2);
    let result = match elapsed < HUNDRED {
        true => Ok(format!("100 bytes in {seconds} s")),
        false => Err(format!(
            "100 bytes take {seconds} s, and a second is way too much"
        )),
    };
    demand(section, "speed", result);
}

/// Two messages at once.
pub fn together(stage: &mut Stage<'_>, section: &mut Section) {
    let result = both(stage);
    advise(section, "two clients at once", result);
}

fn both(stage: &mut Stage<'_>) -> Result<String, String> {
    let server = stage.take()?;
    let texts = ["a".repeat(150), "b".repeat(150)];
    let mut clients = Vec::new();
    for text in &texts {
        clients.push(stage.sender.start(server.pid(), text)?);
    }
    let (a, b) = (texts[0].as_bytes(), texts[1].as_bytes());
    let fits = |printed: &[u8]| {
        (0..=printed.len()).any(|cut| {
            let (first, second) = printed.split_at(cut);
            let is = |x, y| stage.shape.fits(x, first) && stage.shape.fits(y, second);
            is(a, b) || is(b, a)
        })
    };
    let printed_both = server.wait(2 * SHORT, fits);
    let mut stay = 0;
    for client in &mut clients {
        stay += usize::from(printed_both && client.wait(NOTICE).is_none());
    }
    let printed = server.printed();
    match (printed_both, stay) {
        (true, 0) => {
            stage.server = Some(server);
            Ok("both exact".into())
        }
        (true, _) => Err(format!("both are printed, but of the clients {stay} hang")),
        (false, _) if printed.is_empty() => Err("nothing is printed".into()),
        (false, _) => Err(format!("mixed up: {}", quoted(&printed))),
    }
}

/// A client of ours that is killed in mid-message.
pub fn client_killed(stage: &mut Stage<'_>, section: &mut Section) {
    let result = half(stage).and_then(|mut server| {
        thread::sleep(NOTICE);
        if let Some(status) = server.ended() {
            return Err(format!("the server {}", describe(status)));
        }
        server.skip();
        let delivery = server.deliver(&stage.sender, NEXT, &stage.shape, SHORT)?;
        let complaint = delivery.complaint(NEXT);
        // What it had of the half message may come now, on a line of its own.
        let mut lines = (1..=delivery.printed.len()).filter(|at| delivery.printed[at - 1] == b'\n');
        let on_a_line = lines.any(|at| stage.shape.fits(NEXT.as_bytes(), &delivery.printed[at..]));
        match complaint {
            None => {
                stage.server = Some(server);
                Ok("the next message is exact".into())
            }
            Some(_) if on_a_line && delivery.server.is_none() => {
                Ok("the next message is exact, on a line of its own".into())
            }
            Some(why) => Err(format!("the next message is not exact: {why}")),
        }
    });
    advise(section, "client killed", result);
}

/// A server that has half a message, whose client has ended.
fn half(stage: &mut Stage<'_>) -> Result<Server, String> {
    match &stage.sender {
        Sender::Ours(_, Some(dialect)) => {
            let dialect = *dialect;
            half_a_byte(stage, &dialect)
        }
        _ => half_the_time(stage),
    }
}

/// It ends in mid-byte: a server that starts every client's first byte anew has no such excuse.
fn half_a_byte(stage: &mut Stage<'_>, dialect: &Dialect) -> Result<Server, String> {
    let text = text(20);
    let server = stage.take()?;
    let speech = Speech::new(dialect, text.as_bytes(), server.pid());
    let signals = speech.map_err(|why| why.to_string())?.len();
    let first = (signals / 16 * 8 + 3).to_string();
    let client = &["--first", &first];
    let mut client = stage.sender.start_with(server.pid(), &text, client)?;
    match client.wait(SHORT) {
        Some(status) if status.success() => Ok(server),
        Some(status) => Err(format!("half a message: the client {}", describe(status))),
        None => Err("half a message: the client hangs".into()),
    }
}

/// It is killed half-way as the clock has it, for it cannot be told to end.
fn half_the_time(stage: &mut Stage<'_>) -> Result<Server, String> {
    let rate = stage.rate.unwrap_or(RATE);
    for part in [2, 4, 10] {
        // So long that half of it can be told from all of it.
        let bytes = (rate / 2).clamp(50, 9000) as usize;
        let server = stage.take()?;
        let mut client = stage.sender.start(server.pid(), &text(bytes))?;
        thread::sleep(time_of(bytes, rate) / part);
        if client.ended().is_none() {
            client.kill();
            return Ok(server);
        }
    }
    Err("not tried, for every message was through before its client could be killed".into())
}

/// Signals from one who is no client.
pub fn strays(stage: &mut Stage<'_>, section: &mut Section) {
    let result = stage.take().and_then(|server| {
        send_strays(&server.peer()?)?;
        stage.server = Some(server);
        let delivery = stage.attempt(NEXT, SHORT);
        delivery
            .map(|_| "the next message is exact".into())
            .map_err(|why| format!("after three of SIGUSR1: {why}"))
    });
    advise(section, "stray signals", result);
}

fn send_strays(peer: &Peer) -> Result<(), String> {
    for _ in 0..3 {
        peer.send(Signal::Usr1, None)
            .map_err(|error| format!("it was ended by one: {error}"))?;
        thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// What a server costs that has nothing to do.
pub fn idle(stage: &mut Stage<'_>, section: &mut Section) {
    const LOOK: Duration = Duration::from_secs(1);
    let result = stage.take().and_then(|server| {
        let pid = server.pid();
        let before = ticks(pid).ok_or("/proc does not show it")?;
        thread::sleep(LOOK);
        let after = ticks(pid).ok_or("it has ended")?;
        stage.server = Some(server);
        // 100 of them are a second (USER_HZ).
        let percent = after - before;
        match percent {
            0..=5 => Ok(format!("{percent} % of a CPU")),
            _ => Err(format!("busy waiting: {percent} % of a CPU")),
        }
    });
    demand(section, "idle CPU", result);
}

/// User and system time of all threads so far (`proc_pid_stat(5)`).
fn ticks(pid: Pid) -> Option<u64> {
    let stat = minitalk::internals::process::proc::read_text(&format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some(next()? + next()?)
}

/// What a client does with a PID that nobody has.
pub fn dead_pid(client: &Path, section: &mut Section) {
    let mut command = std::process::Command::new(client);
    let running = Running::on_pipes(command.args([NOBODY, NEXT]));
    let result = running
        .map_err(|error| error.to_string())
        .and_then(|mut running| {
            let Some(status) = running.wait(SHORT) else {
                return Err("the client hangs".into());
            };
            running.drain();
            let said = [running.stdout.since(0), running.stderr.since(0)].concat();
            match (status.code(), said.is_empty()) {
                (None, _) => Err(format!("the client {}", describe(status))),
                (Some(0), true) => {
                    Err("the client says nothing and ends as if all were well".into())
                }
                (Some(0), false) => Ok(format!("it says {}", quoted(first_line(&said)))),
                (Some(code), true) => Ok(format!("refused with exit code {code}")),
                (Some(code), false) => Ok(format!(
                    "refused with exit code {code}: {}",
                    quoted(first_line(&said))
                )),
            }
        });
    demand(section, "dead PID", result);
}

fn first_line(text: &[u8]) -> &[u8] {
    text.split(|byte| *byte == b'\n').next().unwrap_or_default()
}

/// What a client does whose server is killed in mid-message.
pub fn server_killed(stage: &mut Stage<'_>, section: &mut Section) {
    let result = midway(stage).and_then(|(server, mut client, _)| {
        drop(server);
        let before = client.stdout.len() + client.stderr.len();
        let Some(status) = client.wait(Duration::from_secs(3)) else {
            return Err("the client hangs".into());
        };
        client.drain();
        let says = client.stdout.len() + client.stderr.len() > before;
        match (status.code(), says) {
            (None, _) => Err(format!("the client {}", describe(status))),
            (Some(0), false) => Err("the client ends as if all were well".into()),
            _ => Ok(format!("the client {}", describe(status))),
        }
    });
    advise(section, "server killed", result);
}

/// A server and a client in mid-message, and the message.
fn midway(stage: &mut Stage<'_>) -> Result<(Server, Running, String), String> {
    let rate = stage.rate.unwrap_or(RATE);
    let bytes = (rate.saturating_mul(4) / 5).clamp(50, 9000) as usize;
    let text = text(bytes);
    let server = stage.take()?;
    let mut client = stage.sender.start(server.pid(), &text)?;
    thread::sleep(time_of(bytes, rate) / 4);
    match client.ended() {
        Some(_) => Err("not tried, for the message was through too soon".into()),
        None => Ok((server, client, text)),
    }
}

/// Signals to a client in mid-message, from one who is not its server.
pub fn strays_to_client(stage: &mut Stage<'_>, section: &mut Section) {
    let result = midway(stage).and_then(|(server, mut client, text)| {
        let peer = Peer::open(client.pid()).map_err(|error| error.to_string())?;
        let handles = peer.inspect().is_ok_and(|look| look.handles(Signal::Usr1));
        if !handles {
            return Err("not tried, for the client does not handle SIGUSR1".into());
        }
        send_strays(&peer)?;
        let is_exact = server.wait(2 * SHORT, |printed| {
            stage.shape.fits(text.as_bytes(), printed)
        });
        match (is_exact, client.wait(NOTICE)) {
            (true, Some(_)) => Ok("in mid-message: exact all the same".into()),
            (true, None) => Err("exact, but the client hangs".into()),
            (false, _) => Err("three of SIGUSR1 in mid-message: the text is not exact".into()),
        }
    });
    advise(section, "stray signals", result);
}

/// The shape in which their server prints what is sent.
pub fn shape_between(server: &Path, sender: &Sender<'_>) -> Result<Shape, String> {
    const PROBE: &str = "Hello";
    let server = Server::start(&Origin::Theirs(server))?;
    let mut client = sender.start(server.pid(), PROBE)?;
    server.shape(PROBE, SHORT);
    // With the client's last bits a newline may come.
    client.wait(NOTICE);
    let shape = server.shape(PROBE, Duration::ZERO);
    shape.ok_or_else(|| match server.printed() {
        printed if printed.is_empty() => format!("of {PROBE:?} nothing is printed"),
        printed => format!("of {PROBE:?} the server prints {}", quoted(&printed)),
    })
}

/// Printable text of so many bytes, all of ASCII in no order; but for the backslash, which a server may escape that looks where
/// it prints.
fn text(bytes: usize) -> String {
    if bytes == 1 {
        return "x".into();
    }
    let mut state = 0x9E37_79B9u32;
    (0..bytes)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            match b' ' + ((state >> 16) % 95) as u8 {
                b'\\' => '/',
                byte => char::from(byte),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_printable_and_has_its_length() {
        let text = text(10_000);
        assert_eq!(text.len(), 10_000);
        assert!(text.bytes().all(|b| (b' '..=b'~').contains(&b)));
    }

    #[test]
    fn the_time_of_this_process_is_known_and_that_of_nobody_is_not() {
        assert!(ticks(minitalk::internals::ffi::getpid()).is_some());
        assert_eq!(Pid::parse(NOBODY).ok().and_then(ticks), None);
    }
}
