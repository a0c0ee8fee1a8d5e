//! `minitalk trace` and `--trace`: a readable record of every signal that reaches a server, and of what it answers.

use std::fmt::Write;
use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use minitalk::dialect::{Dialect, Order};
use minitalk::internals::process::pid::{Pid, PidMap};
use minitalk::server::Note;
use minitalk::wire::bits::Bit;
use minitalk::wire::control::{Reply, Request, Status};
use minitalk::wire::word::Word;
use minitalk::{Event, Origin, Signal};

use super::format::for_terminal;
use super::units::{MICROSECOND, MILLISECOND, SECOND, decimal};

/// Where colours may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Everywhere.
    Always,
    /// Nowhere.
    Never,
}

impl Color {
    /// Whether they are to be used on `stream`.
    pub fn on(self, stream: &impl IsTerminal) -> bool {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        match self {
            Self::Auto => stream.is_terminal() && !unwanted,
            Self::Always => true,
            Self::Never => false,
        }
    }
}

/// The record, line by line.
pub struct Tracer {
    is_colored: bool,
    /// A line for each signal, not for each byte.
    every_signal: bool,
    given: Option<Dialect>,
    start: Instant,
    last: Instant,
    talkers: PidMap<Talker>,
    /// The signal that is being dealt with, what was answered to it, and what else there is to say of it.
    current: Option<(Event, Vec<Reply>, Vec<Note>)>,
}

/// Clients at most of which something is known.
const TALKERS: usize = 4096;

/// What is known of one client.
#[derive(Default)]
struct Talker {
    /// Whether the kernel attested a signal of it.
    is_attested: bool,
    dialect: Option<Dialect>,
    /// Whether it announced itself, so that a frame follows.
    is_ours: bool,
    /// The bits of the byte that is under way, in the order in which they came.
    bits: Vec<bool>,
    /// Whether the signal that opens a handshake has come.
    greeted: bool,
    /// Bytes of the message so far, up to the end of the length.
    head: Vec<u8>,
    bytes: u64,
    /// When the byte's first bit came, after what.
    pause: Option<Duration>,
}

/// The parts of a line, in the widths of the columns.
struct Line {
    pause: Duration,
    who: String,
    signal: String,
    what: String,
    answers: String,
}

impl Tracer {
    pub fn new(is_colored: bool, every_signal: bool, given: Option<Dialect>) -> Self {
        let now = Instant::now();
        Self {
            is_colored,
            every_signal,
            given,
            start: now,
            last: now,
            talkers: PidMap::default(),
            current: None,
        }
    }

    /// What there is to say of `note`: a line, or nothing yet.
    pub fn line(&mut self, note: &Note) -> Option<String> {
        match note {
            Note::Heard(event) => {
                self.current = Some((*event, Vec::new(), Vec::new()));
                None
            }
            Note::Told { answer, .. } if self.current.is_some() => {
                self.current.as_mut()?.1.push(*answer);
                None
            }
            Note::Handled => {
                let (event, answers, notes) = self.current.take()?;
                let mut lines = self.signal(event, &answers);
                for note in notes {
                    let more = self.line(&note);
                    lines = match (lines, more) {
                        (Some(lines), Some(more)) => Some(format!("{lines}\n{more}")),
                        (lines, more) => lines.or(more),
                    };
                }
                lines
            }
            // The line of the signal comes first.
            note if self.current.is_some() => {
                self.current.as_mut()?.2.push(note.clone());
                None
            }
            Note::Told {
                pid,
                signal,
                answer,
            } => {
                let pause = self.pause();
                Some(self.render(&Line {
                    pause,
                    who: pid.to_string(),
                    signal: String::new(),
                    what: "(unasked)".into(),
                    answers: format!("{} on {}", said(*answer), name(*signal)),
                }))
            }
            Note::Forgotten(pid) => {
                self.talkers.remove(pid);
                None
            }
            Note::Complete { pid, bytes, framed } => {
                self.talkers.remove(pid);
                let frame = if *framed { "frame" } else { "text" };
                Some(self.remark(&format!("{frame} of client {pid} complete: {bytes} bytes")))
            }
            Note::Speaks { pid, dialect, .. } => {
                self.talker(*pid).dialect = Some(*dialect);
                Some(self.remark(&note.to_string()))
            }
            other => Some(self.remark(&other.to_string())),
        }
    }

    fn remark(&self, text: &str) -> String {
        let seconds = decimal(self.start.elapsed().as_nanos(), SECOND, 6);
        self.paint("1", &format!("{seconds:>10} s  {text}"))
    }

    /// Since the last signal that was looked at.
    fn pause(&mut self) -> Duration {
        let now = Instant::now();
        now.duration_since(std::mem::replace(&mut self.last, now))
    }

    fn signal(&mut self, event: Event, answers: &[Reply]) -> Option<String> {
        let pause = self.pause();
        let said: Vec<_> = answers.iter().map(|answer| said(*answer)).collect();
        let line = |who: String, code: &str, what: String| Line {
            pause,
            who,
            signal: format!("{:<5} {code:<8}", name(event.signal)),
            what,
            answers: said.join(", "),
        };
        let line = match event.origin {
            Origin::Unknown { code } => line("?".into(), &format!("{code}"), "no sender".into()),
            Origin::Claimed { pid, value, .. } => {
                let what = if event.errno == 0 {
                    self.question(pid, event.signal, value, pause)
                } else {
                    word(&Word::from_parts(event.errno, value, event.more))
                };
                line(pid.to_string(), "SI_QUEUE", what)
            }
            Origin::Attested { pid, .. } => {
                let is_bit = matches!(event.signal, Signal::Usr1 | Signal::Usr2);
                let (what, pause) = if is_bit {
                    self.bit(pid, Bit::from(event.signal == Signal::Usr2), pause)?
                } else {
                    (String::new(), pause)
                };
                Line {
                    pause,
                    ..line(pid.to_string(), "SI_USER", what)
                }
            }
        };
        Some(self.render(&line))
    }

    fn question(&mut self, pid: Pid, signal: Signal, value: u64, pause: Duration) -> String {
        match Request::from_value(value) {
            Some(Request::Hello { tag, .. }) => {
                if signal == Signal::Usr1 {
                    let talker = Talker {
                        is_ours: true,
                        ..Talker::default()
                    };
                    *self.talker(pid) = talker;
                }
                format!("hello, transfer {tag:#06x}")
            }
            Some(Request::Resend { index, .. }) => {
                let bit = Bit::from(signal == Signal::Usr2);
                let again = format!("bit {index} again");
                let is_next = |talker: &Talker| talker.is_ours && talker.next() == index;
                // The first one was lost, so that this is the one that belongs to the byte.
                let byte = if self.talkers.get(&pid).is_some_and(is_next) {
                    self.bit(pid, bit, pause)
                } else {
                    None
                };
                match byte {
                    Some((byte, _)) => format!("{byte}  ({again})"),
                    None => format!("{again}: {}", u8::from(signal == Signal::Usr2)),
                }
            }
            Some(Request::Words { size: 0, .. }) => "how does it stand?".into(),
            Some(Request::Words { size, .. }) => format!("words of {size} bytes?"),
            None => format!("value {value:#x}"),
        }
    }

    /// What is known of the client `pid`. A PID that nobody has can be claimed, and the server never says that its client has
    /// ended; so all are forgotten when there are too many, clients in mid-message too, whose bytes are then out of step.
    fn talker(&mut self, pid: Pid) -> &mut Talker {
        if self.talkers.len() >= TALKERS && !self.talkers.contains_key(&pid) {
            self.talkers.retain(|_, talker| talker.is_attested);
            if self.talkers.len() >= TALKERS {
                self.talkers.clear();
            }
        }
        self.talkers.entry(pid).or_default()
    }

    /// What to say of a bit, and the pause to say; nothing before its byte is complete, unless every signal is wanted.
    fn bit(&mut self, pid: Pid, signal: Bit, pause: Duration) -> Option<(String, Duration)> {
        let given = self.given;
        let talker = self.talker(pid);
        talker.is_attested = true;
        let dialect = talker.dialect.or(given).unwrap_or(Dialect::CLASSIC);
        if dialect.hello && !talker.greeted && !talker.is_ours {
            talker.greeted = true;
            return Some(("asks for the turn".into(), pause));
        }
        let first = *talker.pause.get_or_insert(pause);
        talker.bits.push(dialect.is_one(signal));
        let mut what: String = talker
            .bits
            .iter()
            .map(|bit| if *bit { '1' } else { '0' })
            .collect();
        if talker.bits.len() < 8 {
            return self.every_signal.then_some((what, pause));
        }
        let in_head = talker.bytes < u64::from(dialect.head.width().unwrap_or(0));
        let order = if in_head && !talker.is_ours {
            dialect.head_order
        } else {
            dialect.order
        };
        let bits = talker.bits.drain(..);
        let byte = bits.fold(0u8, |byte, bit| match order {
            Order::Msb => byte << 1 | u8::from(bit),
            Order::Lsb => byte >> 1 | u8::from(bit) << 7,
        });
        let _ = write!(what, "  0x{byte:02x}  {}", talker.meaning(byte, in_head));
        talker.pause = None;
        let pause = if self.every_signal { pause } else { first };
        Some((what, pause))
    }

    fn render(&self, line: &Line) -> String {
        let (unit, name) = match line.pause.as_millis() {
            0..10 => (MICROSECOND, "us"),
            10..10_000 => (MILLISECOND, "ms"),
            _ => (SECOND, "s "),
        };
        let pause = format!("{:>8} {name}", decimal(line.pause.as_nanos(), unit, 1));
        let answers = if line.answers.is_empty() {
            String::new()
        } else {
            format!("-> {}", line.answers)
        };
        format!(
            "{}  {:>7}  {}  {:<34} {}",
            self.paint("2", &format!("+{pause}")),
            line.who,
            self.paint("36", &format!("{:<14}", line.signal)),
            line.what,
            self.paint("32", &answers),
        )
        .trim_ascii_end()
        .to_string()
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.is_colored && !text.is_empty() {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_string()
        }
    }
}

impl Talker {
    /// The index of the bit that comes next.
    fn next(&self) -> u64 {
        8 * self.bytes + self.bits.len() as u64
    }

    /// What a byte is in its message.
    fn meaning(&mut self, byte: u8, in_head: bool) -> String {
        let at = self.bytes;
        self.bytes += 1;
        if !self.is_ours {
            return if in_head {
                "head".into()
            } else {
                character(byte)
            };
        }
        if at < 6 {
            self.head.push(byte);
        }
        let length = match self.head[..] {
            [_, _, a, b, c, d] => u64::from(u32::from_be_bytes([a, b, c, d])),
            _ => 0,
        };
        match at {
            0 => "a frame begins".into(),
            1 => "version".into(),
            2..=5 => "length".into(),
            _ if at < 6 + length => character(byte),
            _ => "checksum".into(),
        }
    }
}

fn character(byte: u8) -> String {
    match byte {
        0 => "NUL".into(),
        b' ' => "' '".into(),
        byte if byte.is_ascii_graphic() => format!("'{}'", char::from(byte)),
        byte if byte >= 0x80 => "UTF-8".into(),
        byte => byte.escape_ascii().to_string(),
    }
}

fn word(word: &Word) -> String {
    let Some(index) = word.index() else {
        return "no word".into();
    };
    let bytes = for_terminal(&word.bytes);
    let asks = if word.wants_reply() { ", asks" } else { "" };
    format!("word {index}{asks}: {bytes}")
}

fn name(signal: Signal) -> &'static str {
    match signal {
        Signal::Usr1 => "USR1",
        Signal::Usr2 => "USR2",
        Signal::Int => "INT",
        Signal::Term => "TERM",
        Signal::Word => "RT44",
    }
}

fn said(answer: Reply) -> String {
    match answer.status {
        Status::Greeted { words } => format!("greeted, words of {words}"),
        Status::Ok(next) => format!("ok, next {next}"),
        Status::Wait(next) => format!("wait, next {next}"),
        Status::Delivered(next) => format!("delivered {next}"),
        Status::Rejected(reason) => format!("rejected: {reason}"),
        Status::Reset => "unknown transfer".into(),
        Status::Words(next) => format!("words, next {next}"),
    }
}

/// Where a trace goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    /// To the standard output, with the messages; otherwise to standard error.
    pub to_stdout: bool,
    pub every_signal: bool,
    pub color: Color,
}

impl Trace {
    pub fn tracer(self, given: Option<Dialect>) -> Tracer {
        let is_colored = if self.to_stdout {
            self.color.on(&io::stdout())
        } else {
            self.color.on(&io::stderr())
        };
        Tracer::new(is_colored, self.every_signal, given)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(tracer: &mut Tracer, pid: i32, signal: Signal, value: Option<u64>) -> Option<String> {
        let pid = Pid::new(pid).unwrap();
        let origin = match value {
            Some(value) => Origin::Claimed { pid, uid: 0, value },
            None => Origin::Attested { pid, uid: 0 },
        };
        let (errno, more) = (0, [0; 2]);
        let event = Event {
            signal,
            origin,
            errno,
            more,
        };
        assert_eq!(tracer.line(&Note::Heard(event)), None);
        tracer.line(&Note::Handled)
    }

    #[test]
    fn the_next_process_of_a_pid_begins_with_a_whole_byte() {
        let mut tracer = Tracer::new(false, false, None);
        for _ in 0..4 {
            assert_eq!(heard(&mut tracer, 7, Signal::Usr2, None), None);
        }
        tracer.line(&Note::Forgotten(Pid::new(7).unwrap()));
        for bit in [0, 1, 0, 0, 0, 0, 0] {
            let signal = [Signal::Usr1, Signal::Usr2][bit];
            assert_eq!(heard(&mut tracer, 7, signal, None), None);
        }
        let line = heard(&mut tracer, 7, Signal::Usr2, None).unwrap();
        assert!(line.contains("'A'"), "{line}");
    }

    #[test]
    fn what_is_claimed_takes_no_more_than_a_certain_room() {
        let hello = Request::Hello { tag: 7, version: 1 }.value();
        let mut tracer = Tracer::new(false, false, None);
        for _ in 0..4 {
            heard(&mut tracer, 1, Signal::Usr2, None);
        }
        for pid in 2..20_000 {
            heard(&mut tracer, pid, Signal::Usr1, Some(hello));
            assert!(tracer.talkers.len() <= TALKERS);
        }
        let attested = tracer.talkers.get(&Pid::new(1).unwrap());
        assert_eq!(attested.map(|talker| talker.bits.len()), Some(4));
    }
}
