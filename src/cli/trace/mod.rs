//! `minitalk trace` and `--trace`: a line for every byte or signal that reaches a server, with the answers.

mod clients;
mod values;

use std::io;
use std::time::{Duration, Instant};

use minitalk::dialect::Dialect;
use minitalk::server::Note;
use minitalk::wire::bits::Bit;
use minitalk::wire::control::{Reply, Request};
use minitalk::wire::packet::Packet;
use minitalk::{Event, Origin, Pid, Signal};

use self::clients::Clients;
use super::stdio::has_colors;
use super::units::{MICROSECOND, MILLISECOND, SECOND, count, decimal};

/// Holds the options of a trace.
#[derive(Clone, Copy, Debug)]
pub struct Trace {
    /// Says whether the trace goes to standard output, with the messages, instead of to standard error.
    pub to_stdout: bool,
    /// Says whether there is a line for each signal instead of for each byte.
    pub every_signal: bool,
}

/// Turns the notes of a server into the lines of a trace.
pub struct Tracer {
    is_colored: bool,
    every_signal: bool,
    /// Holds the dialect of all clients, if it was given.
    dialect: Option<Dialect>,
    start: Instant,
    last: Instant,
    clients: Clients,
    current: Option<Current>,
}

/// Describes the signal that the server is handling.
struct Current {
    event: Event,
    answers: Vec<String>,
    /// Holds the other notes about the signal, whose lines follow the line of the signal.
    notes: Vec<Note>,
}

impl Tracer {
    pub fn new(trace: Trace, dialect: Option<Dialect>) -> Self {
        let now = Instant::now();
        Self {
            is_colored: match trace.to_stdout {
                true => has_colors(&io::stdout()),
                false => has_colors(&io::stderr()),
            },
            every_signal: trace.every_signal,
            dialect,
            start: now,
            last: now,
            clients: Clients::default(),
            current: None,
        }
    }

    /// Returns the lines that `note` adds to the trace.
    pub fn line(&mut self, note: &Note) -> Option<String> {
        match (note, &mut self.current) {
            (Note::Received(event), current) => {
                *current = Some(Current {
                    event: *event,
                    answers: Vec::new(),
                    notes: Vec::new(),
                });
                None
            }
            (Note::Handled, current) => {
                let current = current.take()?;
                let mut lines = Vec::from_iter(self.signal(current.event, &current.answers));
                lines.extend(current.notes.iter().filter_map(|note| self.remark(note)));
                (!lines.is_empty()).then(|| lines.join("\n"))
            }
            (Note::Answered { answer, .. }, Some(current)) => {
                current.answers.push(values::answer(*answer));
                None
            }
            (note, Some(current)) => {
                current.notes.push(note.clone());
                None
            }
            (note, None) => self.remark(note),
        }
    }

    /// Returns the line of a note that is not about the current signal.
    fn remark(&mut self, note: &Note) -> Option<String> {
        let text = match note {
            Note::Answered {
                pid,
                signal,
                answer,
            } => {
                let answer = format!("{} on {}", values::answer(*answer), values::name(*signal));
                let pause = self.pause();
                return Some(self.render(pause, &pid.to_string(), "", "(unasked)", &answer));
            }
            Note::SessionEnded(pid) => {
                self.clients.remove(*pid);
                return None;
            }
            Note::Complete { pid, bytes, framed } => {
                self.clients.remove(*pid);
                let frame = if *framed { "frame" } else { "text" };
                format!(
                    "{frame} of client {pid} complete: {}",
                    count(*bytes as u64, "byte")
                )
            }
            Note::DialectFound { pid, dialect, .. } => {
                self.clients.get(*pid).dialect = Some(*dialect);
                note.to_string()
            }
            other => other.to_string(),
        };
        let seconds = decimal(self.start.elapsed().as_nanos(), SECOND, 6);
        Some(self.paint("1", &format!("{seconds:>10} s  {text}")))
    }

    /// Returns the time since the last call.
    fn pause(&mut self) -> Duration {
        let now = Instant::now();
        now.duration_since(std::mem::replace(&mut self.last, now))
    }

    fn signal(&mut self, event: Event, answers: &[String]) -> Option<String> {
        let mut pause = self.pause();
        let bit = Bit::from(event.signal == Signal::USR2);
        let (who, code, what) = match event.origin {
            Origin::Unknown { packet } => match self.clients.sender_of(&packet) {
                Some(pid) => {
                    let what = self.request(pid, bit, &packet, pause)?;
                    (pid.to_string(), "SI_SIGIO".into(), what)
                }
                None => ("?".into(), event.code.to_string(), "no sender".into()),
            },
            Origin::Claimed { pid, packet } => {
                let what = self.request(pid, bit, &packet, pause)?;
                (pid.to_string(), "SI_QUEUE".into(), what)
            }
            Origin::Attested { pid, .. } => {
                let mut what = String::new();
                if matches!(event.signal, Signal::USR1 | Signal::USR2) {
                    self.clients.get(pid).is_attested = true;
                    let first;
                    (what, first) = self.bit(pid, bit, pause)?;
                    // The line of a byte shows the pause before its first bit.
                    pause = if self.every_signal { pause } else { first };
                }
                (pid.to_string(), "SI_USER".into(), what)
            }
        };
        let signal = format!("{:<5} {code:<8}", values::name(event.signal));
        Some(self.render(pause, &who, &signal, &what, &answers.join(", ")))
    }

    /// Describes a signal with a value; `None` for a bit that does not end a byte, unless every signal is described.
    fn request(&mut self, pid: Pid, bit: Bit, packet: &Packet, pause: Duration) -> Option<String> {
        Some(match Request::from_packet(packet) {
            Some(Request::Hello { version, .. }) => format!("hello, version {version}"),
            Some(Request::Open {
                nonces, in_words, ..
            }) => {
                self.clients.get(pid).open(nonces);
                format!("open, in {}", if in_words { "words" } else { "bits" })
            }
            Some(Request::Bit {
                nonces,
                index,
                serial,
                ..
            }) => {
                let what = format!("bit {index}: {}", u8::from(bit == Bit::One));
                let client = self.clients.get(pid);
                let Some(bits) = client.insert(nonces, index, serial, bit) else {
                    return Some(format!("{what}, again"));
                };
                let bytes = bits.into_iter().filter_map(|bit| self.bit(pid, bit, pause));
                let bytes: Vec<_> = bytes.map(|(byte, _)| byte).collect();
                let Some(last) = bytes.last() else {
                    return self.every_signal.then_some(what);
                };
                // In a line for every signal, the last shows all bits so far.
                let shown = match self.every_signal {
                    true => last.clone(),
                    false => bytes.join("  "),
                };
                let lost = self.clients.get(pid).take_lost();
                format!("{what}{lost}  {shown}")
            }
            Some(Request::Word(word)) => {
                let remark = self.clients.get(pid).place(&word);
                values::word(&word, &remark)
            }
            None => match Reply::from_packet(packet) {
                // A reply that no transfer waits for, such as a late copy.
                Some(reply) => format!("answer, {}", values::answer(Some(reply))),
                None => format!("value {:#x}", packet.value),
            },
        })
    }

    /// Returns what to print for a bit, and the pause before the first bit of its byte.
    fn bit(&mut self, pid: Pid, signal: Bit, pause: Duration) -> Option<(String, Duration)> {
        let (given, every_signal) = (self.dialect, self.every_signal);
        let client = self.clients.get(pid);
        let dialect = client.dialect.or(given).unwrap_or(Dialect::CLASSIC);
        client.push(&dialect, signal, pause, every_signal)
    }

    fn render(
        &self,
        pause: Duration,
        who: &str,
        signal: &str,
        what: &str,
        answers: &str,
    ) -> String {
        let (unit, name) = match pause.as_millis() {
            0..10 => (MICROSECOND, "us"),
            10..10_000 => (MILLISECOND, "ms"),
            _ => (SECOND, "s "),
        };
        let pause = format!("+{:>8} {name}", decimal(pause.as_nanos(), unit, 1));
        let pause = self.paint("2", &pause);
        let signal = self.paint("36", &format!("{signal:<14}"));
        let answers = match answers {
            "" => String::new(),
            answers => self.paint("32", &format!("-> {answers}")),
        };
        let line = format!("{pause}  {who:>7}  {signal}  {what:<34} {answers}");
        line.trim_ascii_end().to_string()
    }

    fn paint(&self, code: &str, text: &str) -> String {
        match self.is_colored {
            true => format!("\x1b[{code}m{text}\x1b[0m"),
            false => text.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::clients::MAX_CLIENTS;
    use super::*;
    use minitalk::wire::control::Nonces;
    use minitalk::wire::word::{SIZE, Word, proof};

    const NONCES: Nonces = Nonces {
        client: 1,
        server: 2,
    };

    fn tracer() -> Tracer {
        let trace = Trace {
            to_stdout: false,
            every_signal: false,
        };
        Tracer::new(trace, None)
    }

    /// Returns the lines of a signal from `pid`.
    fn trace(
        tracer: &mut Tracer,
        pid: i32,
        signal: Signal,
        request: Option<Request>,
    ) -> Option<String> {
        let pid = Pid::new(pid).unwrap();
        let origin = match request.map(Request::packet) {
            Some(packet) if packet.is_word() => Origin::Unknown { packet },
            Some(packet) => Origin::Claimed { pid, packet },
            None => Origin::Attested { pid, uid: 0 },
        };
        let event = Event {
            signal,
            code: 0,
            origin,
        };
        assert_eq!(tracer.line(&Note::Received(event)), None);
        tracer.line(&Note::Handled)
    }

    fn open(tracer: &mut Tracer, pid: i32, in_words: bool) -> String {
        let nonces = NONCES;
        let open = Request::Open {
            nonces,
            in_words,
            sleeps: false,
        };
        trace(tracer, pid, Signal::USR1, Some(open)).unwrap()
    }

    /// Returns the lines of bits with these indexes and serials, of which those with an odd index are 1.
    fn bits(tracer: &mut Tracer, nonces: Nonces, sent: &[(u64, u8)]) -> Vec<Option<String>> {
        let line = |(index, serial): &(u64, u8)| {
            let bit = Request::Bit {
                nonces,
                index: *index,
                serial: *serial,
                wants_reply: false,
            };
            trace(tracer, 7, Signal::of_bit(index % 2 == 1), Some(bit))
        };
        sent.iter().map(line).collect()
    }

    #[test]
    fn the_next_process_with_a_pid_starts_with_a_whole_byte() {
        let mut tracer = tracer();
        for _ in 0..4 {
            assert_eq!(trace(&mut tracer, 7, Signal::USR2, None), None);
        }
        tracer.line(&Note::SessionEnded(Pid::new(7).unwrap()));
        for bit in [false, true, false, false, false, false, false] {
            let line = trace(&mut tracer, 7, Signal::of_bit(bit), None);
            assert_eq!(line, None);
        }
        let line = trace(&mut tracer, 7, Signal::USR2, None).unwrap();
        assert!(line.contains("'A'"), "{line}");
    }

    #[test]
    fn the_bits_of_a_frame_may_swap_and_its_opening_may_be_repeated() {
        let mut tracer = tracer();
        open(&mut tracer, 7, false);
        let lines = bits(&mut tracer, NONCES, &[(0, 1), (2, 3), (1, 2)]);
        assert!(lines.iter().all(Option::is_none), "{lines:?}");
        open(&mut tracer, 7, false);
        let lines = bits(&mut tracer, NONCES, &[(3, 4), (5, 6), (4, 5), (7, 8)]);
        assert!(lines.iter().all(Option::is_none), "{lines:?}");
        let stranger = Nonces {
            client: 1,
            server: 3,
        };
        assert!(bits(&mut tracer, stranger, &[(6, 7)])[0].is_some());
        let line = bits(&mut tracer, NONCES, &[(6, 7)]).remove(0).unwrap();
        assert!(line.contains("bit 6: 0  01010101  0x55  request"), "{line}");
    }

    #[test]
    fn a_line_says_how_many_signals_were_lost_before_it() {
        let mut tracer = tracer();
        open(&mut tracer, 7, false);
        // Bits 3 and 5 are lost; 3 is lost again, and both come at last.
        let sent = [(0, 1), (1, 2), (2, 3), (4, 5), (6, 7), (7, 8), (5, 10)];
        let lines = bits(&mut tracer, NONCES, &sent);
        assert!(lines.iter().all(Option::is_none), "{lines:?}");
        let line = bits(&mut tracer, NONCES, &[(3, 11)]).remove(0).unwrap();
        assert!(line.contains("bit 3: 1, 3 lost before  01010101"), "{line}");
        let next: Vec<_> = (8..16).map(|index| (index, index as u8 + 4)).collect();
        let line = bits(&mut tracer, NONCES, &next).pop().flatten().unwrap();
        assert!(line.contains("bit 15: 1  01010101"), "{line}");

        open(&mut tracer, 8, true);
        for (index, remark) in [
            (0, ": a"),
            (2, ", 1 word missing before: a"),
            (1, ": a"),
            (0, ", again: a"),
        ] {
            let word = Request::Word(Word {
                index,
                wants_reply: false,
                proof: proof(NONCES.server),
                bytes: [b'a'; SIZE],
            });
            let line = trace(&mut tracer, 8, Signal::WORD, Some(word)).unwrap();
            assert!(line.contains(&format!("word {index}{remark}")), "{line}");
        }
    }

    #[test]
    fn claimed_clients_take_bounded_memory() {
        let mut tracer = tracer();
        for _ in 0..4 {
            trace(&mut tracer, 1, Signal::USR2, None);
        }
        for pid in 2..20_000 {
            open(&mut tracer, pid, false);
            assert!(tracer.clients.len() <= MAX_CLIENTS);
        }
        let attested = tracer.clients.get(Pid::new(1).unwrap());
        assert_eq!(attested.len(), 4);
    }
}
