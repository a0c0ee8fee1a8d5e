//! Finds the dialect of a server: each candidate is tried on a new server, because a wrong one leaves half a byte behind.

use std::mem;
use std::path::Path;
use std::time::{Duration, Instant};

use minitalk::client::{self, DialectOptions, SendError};
use minitalk::dialect::candidates::{from_parts, to_try};
use minitalk::dialect::{Ack, Chars, Dialect, FinalAck, Head, HeadAck};
use minitalk::internals::ffi;
use minitalk::{Inbox, Signal, SignalSet};

use super::acks::{self, ReceivedAck};
use super::delivery::run_delay;
use super::isolation::Subject;
use super::not_passed::NotPassed;
use super::output_format::{FormatOf, OutputFormat};
use super::server::Server;
use crate::cli::child::Patience;
use crate::cli::exit::Failure;

const PROBE: &str = "Hello";

/// The second text, which shows that nothing of the probe was left over.
const SECOND: &str = "and again, 42";

/// The second text for a server that may take code points instead of bytes.
const SECOND_WIDE: &str = "and again, 42 €";

/// How long an acknowledgement may take: until it is known that there are any, and in an attempt.
const FIRST_ACK: Duration = Duration::from_millis(1500);
const ACK: Duration = Duration::from_millis(800);

/// How long a text may take after its last bit: from a server that prints in its handler, and from one whose main loop sleeps.
const PRINT: Duration = Duration::from_millis(60);
const PRINT_LATE: Duration = Duration::from_millis(1200);

/// How many candidates get the longer time.
const LATE_CANDIDATES: usize = 8;

/// How long acknowledgements are collected after the last bit.
const FINAL_ACKS: Duration = Duration::from_millis(60);

/// Holds the dialect of a server, the format in which it prints, and the signals that it was seen to send.
pub struct ServerDialect {
    pub dialect: Dialect,
    pub format: OutputFormat,
    pub signals: String,
}

/// Searches for the dialect.
///
/// Unless the signals of servers are `confined`, no server is sent a number that it could take for a PID and signal. The dialect
/// of its client, if that is known, is tried first. The search ends at `until`.
pub fn find(
    program: &Path,
    confined: bool,
    of_client: Option<Dialect>,
    until: Instant,
) -> Result<ServerDialect, SearchEnd> {
    let inbox = Inbox::open_for(SignalSet::BITS.union(SignalSet::STOPS));
    let mut search = ServerSearch {
        inbox: inbox.map_err(|error| SearchEnd::Command(error.into()))?,
        program,
        confined,
        until,
        ack_timeout: FIRST_ACK,
        // In another dialect than the client's, a NUL behind the text may show that the text has no end.
        format_of: OutputFormat::with_end,
        doubtful: Vec::new(),
        tried: 0,
        start: Instant::now(),
        withheld: Duration::ZERO,
    };
    search.run(of_client)
}

/// Says why a search has ended without a dialect.
pub enum SearchEnd {
    /// Holds the detail of the report.
    Report(NotPassed),
    /// Holds the error that ends the whole check.
    Command(Failure),
}

struct ServerSearch<'a> {
    inbox: Inbox,
    program: &'a Path,
    confined: bool,
    until: Instant,
    ack_timeout: Duration,
    format_of: FormatOf,
    /// Candidates in which the server printed the probe, but not two texts in a row.
    doubtful: Vec<Dialect>,
    tried: u32,
    start: Instant,
    /// For how long the servers have waited for a CPU.
    withheld: Duration,
}

/// Holds an exchange with a new server, which still runs.
struct Attempt {
    exchange: Exchange,
    format: Option<OutputFormat>,
    server: Server,
}

/// Holds the result of sending a text, and the acknowledgements.
struct Exchange {
    result: Result<(), SendError>,
    /// How many signals the server was sent.
    sent: u64,
    acks: Vec<ReceivedAck>,
}

impl ServerSearch<'_> {
    fn run(&mut self, of_client: Option<Dialect>) -> Result<ServerDialect, SearchEnd> {
        let confined = self.confined;
        let is_safe = move |d: &Dialect| confined || !may_mislead(d);
        // The NUL behind a counted text may be no part of it: a client whose handler sends the next bit may go on into that.
        let without_end = of_client.filter(|d| d.head.is_length() && !d.counts_end);
        let without_end = without_end.map(|d| Dialect { end: None, ..d });
        for dialect in of_client.into_iter().chain(without_end).filter(is_safe) {
            if let Some(found) = self.consider(&dialect, PRINT_LATE)? {
                return Ok(found);
            }
        }
        self.format_of = OutputFormat::of;
        let (ack, may_handshake) = self.observe_acks()?;
        self.ack_timeout = ACK;
        for (print, count) in [(PRINT, usize::MAX), (PRINT_LATE, LATE_CANDIDATES)] {
            for candidate in candidates(ack, may_handshake, self.confined)
                .into_iter()
                .take(count)
            {
                if let Some(found) = self.consider(&candidate, print)? {
                    return self.or_likelier(found);
                }
            }
        }
        let acks = match ack {
            Ack::Bit => "it acknowledges every bit",
            Ack::Byte => "it acknowledges every byte",
            _ => "it does not acknowledge bits",
        };
        let untried = match self.confined {
            true => "",
            false => {
                "; dialects in which it could be led to signal a stranger were not tried, because this kernel cannot prevent that (Linux 6.12 can)"
            }
        };
        let why = format!(
            "it prints {PROBE:?} in none of {} known dialects; {acks}{untried}",
            self.tried
        );
        let why = NotPassed::in_vain(why, self.withheld, self.start.elapsed());
        Err(SearchEnd::Report(why))
    }

    /// Returns which parts of a message the server acknowledges, and whether it may expect a handshake: then it answers the first
    /// signal alone.
    fn observe_acks(&mut self) -> Result<(Ack, bool), SearchEnd> {
        let exchange = self.attempt(&Dialect::CLASSIC, PRINT)?.exchange;
        if exchange.acks.len() > 1 {
            return Ok((Ack::Bit, true));
        }
        let may_handshake = matches!(exchange.result, Err(SendError::Unanswered { signal: 2 }));
        let without_acks = from_parts(&["ack=none"]).unwrap_or(Dialect::CLASSIC);
        let exchange = self.attempt(&without_acks, PRINT)?.exchange;
        let bytes = PROBE.len() + 1;
        Ok(match exchange.acks.len() {
            // Every bit is acknowledged, once a first signal has asked for admission.
            count if count > bytes + 2 => (Ack::Bit, true),
            // The server may not have read every byte of the probe as a byte.
            3.. => (Ack::Byte, may_handshake),
            _ => (Ack::None, may_handshake),
        })
    }

    /// Tries a candidate; if the server prints the probe, tries again with what its acknowledgements show.
    fn consider(
        &mut self,
        candidate: &Dialect,
        print: Duration,
    ) -> Result<Option<ServerDialect>, SearchEnd> {
        let attempt = self.attempt(candidate, print)?;
        let Some(format) = attempt.format else {
            return Ok(None);
        };
        drop(attempt.server);
        let acks = &attempt.exchange.acks;
        let seen = |wanted| acks.iter().any(|(_, signal)| *signal == wanted);
        let signals = SignalSet::BITS.iter().filter(|signal| seen(*signal));
        let signals: Vec<_> = signals.map(|signal| signal.to_string()).collect();
        let mut refined = acks::refine(*candidate, PROBE, ffi::getpid(), acks);
        if attempt.exchange.result.is_err() {
            refined.final_ack = FinalAck::None;
        }
        // While a text is sent without waiting, acknowledgements merge: those of bits after the head look like a single one.
        let after_head = [HeadAck::Last, HeadAck::None].map(|ack_head| Dialect {
            ack: Ack::Bit,
            ack_head,
            final_ack: FinalAck::Same,
            ..refined
        });
        let has_unasked = !acks.is_empty() && !matches!(candidate.ack, Ack::Bit | Ack::Byte);
        let may_skip_head = has_unasked && refined.head != Head::None;
        let after_head = after_head.into_iter().filter(|_| may_skip_head);
        let unicode = Dialect {
            chars: Chars::Unicode,
            ..refined
        };
        let unicode = Some(unicode).filter(|_| refined.char_bits > 9);
        let forms = after_head.chain(unicode).chain([refined, *candidate]);
        for dialect in forms {
            if self.holds(&dialect, &format)? {
                let signals = signals.join(" and ");
                return Ok(Some(ServerDialect {
                    dialect,
                    format,
                    signals,
                }));
            }
        }
        self.doubtful.push(*candidate);
        Ok(None)
    }

    /// Returns a likelier dialect if that fits too: on a busy machine its turn may have been too short.
    fn or_likelier(&mut self, found: ServerDialect) -> Result<ServerDialect, SearchEnd> {
        let plain = Dialect {
            order: found.dialect.order,
            one: found.dialect.one,
            ack: found.dialect.ack,
            ..Dialect::CLASSIC
        };
        for likelier in [plain].into_iter().chain(mem::take(&mut self.doubtful)) {
            if likelier.visible_form() != found.dialect.visible_form() {
                match self.consider(&likelier, PRINT_LATE) {
                    Ok(Some(likelier)) => return Ok(likelier),
                    Ok(None) => {}
                    // Without time for more trials, the dialects found so far are the answer.
                    Err(SearchEnd::Report(_)) => break,
                    Err(end) => return Err(end),
                }
            }
        }
        Ok(found)
    }

    /// Returns whether two texts in a row arrive.
    fn holds(&mut self, dialect: &Dialect, format: &OutputFormat) -> Result<bool, SearchEnd> {
        let mut attempt = self.attempt(dialect, PRINT_LATE)?;
        if attempt.exchange.result.is_err() || attempt.format.as_ref() != Some(format) {
            return Ok(false);
        }
        attempt.server.skip();
        let second = match dialect.chars {
            Chars::Bytes => SECOND,
            Chars::Unicode => SECOND_WIDE,
        };
        let exchange = self.exchange(&attempt.server, dialect, second)?;
        let fits = |printed: &[u8]| format.fits(second.as_bytes(), printed);
        Ok(exchange.result.is_ok() && attempt.server.wait(PRINT_LATE, &fits))
    }

    /// Sends the probe to a new server.
    fn attempt(&mut self, dialect: &Dialect, print: Duration) -> Result<Attempt, SearchEnd> {
        if Instant::now() >= self.until {
            let progress = format!(" after {} of the known dialects", self.tried);
            return Err(SearchEnd::Report(NotPassed::unfinished(&progress)));
        }
        self.tried += 1;
        let program = Subject::Foreign(self.program);
        let server = Server::start(program, &[]).map_err(|why| SearchEnd::Report(why.into()))?;
        let mut exchange = self.exchange(&server, dialect, PROBE)?;
        let format = match exchange.result {
            Ok(()) | Err(SendError::LastUnanswered) => {
                server.output_format(PROBE, print, self.format_of)
            }
            Err(_) => None,
        };
        self.withheld += run_delay(server.pid());
        // Once the server's acknowledgements are known, its answers to a text that it misreads show nothing more.
        if exchange.result.is_ok() && (format.is_some() || self.ack_timeout == FIRST_ACK) {
            let late = self.collect_acks(FINAL_ACKS)?;
            let sent = exchange.sent;
            exchange
                .acks
                .extend(late.into_iter().map(|ack| (sent, ack)));
        }
        Ok(Attempt {
            exchange,
            format,
            server,
        })
    }

    /// Sends a text and collects the acknowledgements.
    fn exchange(
        &mut self,
        server: &Server,
        dialect: &Dialect,
        text: &str,
    ) -> Result<Exchange, SearchEnd> {
        let mut acks = Vec::new();
        let options = DialectOptions {
            dialect: *dialect,
            timeout: self.ack_timeout,
            limit: None,
        };
        // Discards the acknowledgements of the last server, which has been killed.
        self.collect_acks(Duration::ZERO)?;
        let mut on_ack = |sent, signal| acks.push((sent, signal));
        let (inbox, text) = (&mut self.inbox, text.as_bytes());
        let result = match server.peer() {
            Ok(peer) => client::send_as(inbox, &peer, text, &options, &mut on_ack),
            Err(_) => Err(SendError::NoSuchProcess),
        };
        if let Err(error @ SendError::Interrupted(_)) = &result {
            return Err(interrupted(error));
        }
        let sent = result.as_ref().map_or(0, |report| report.signals);
        let last = self.collect_acks(Duration::ZERO)?;
        acks.extend(last.into_iter().map(|ack| (sent, ack)));
        Ok(Exchange {
            result: result.map(drop),
            sent,
            acks,
        })
    }

    /// Returns the acknowledgements that come within this time.
    fn collect_acks(&mut self, time: Duration) -> Result<Vec<Signal>, SearchEnd> {
        let mut patience = Patience::new(time);
        let (mut acks, mut stop) = (Vec::new(), None);
        loop {
            self.inbox.drain(|event| match event.signal {
                Signal::USR1 | Signal::USR2 => acks.push(event.signal),
                Signal::INT | Signal::TERM => stop = Some(event.signal),
                _ => {}
            });
            if let Some(signal) = stop {
                return Err(interrupted(&SendError::Interrupted(signal)));
            }
            let Some(nap) = patience.next() else {
                return Ok(acks);
            };
            let _ = self.inbox.wait(None, Some(nap));
        }
    }
}

/// Returns the end of a search that was interrupted while it sent to a server.
fn interrupted(error: &SendError) -> SearchEnd {
    SearchEnd::Command(Failure::send("the server", error))
}

/// Returns the dialects that a server with these acknowledgements may use, the likely ones first.
///
/// `may_handshake`: the server could answer a handshake. `confined`: it can signal only what this process has started.
fn candidates(ack: Ack, may_handshake: bool, confined: bool) -> Vec<Dialect> {
    let fits = move |d: &Dialect| (may_handshake || !d.hello) && (confined || !may_mislead(d));
    let acks = format!("ack={}", ack.word());
    to_try(&acks, 1).filter(fits).collect()
}

/// Returns whether a server could take a number in the message for its client's PID and signal a bystander.
///
/// The text of a probe cannot be a PID. A server that acknowledges every bit knows its client from the kernel.
fn may_mislead(dialect: &Dialect) -> bool {
    matches!(dialect.ack, Ack::None | Ack::Message) && dialect.head != Head::None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_is_sent_to_an_unconfined_server_that_may_take_it_for_a_pid() {
        for ack in [Ack::Bit, Ack::Byte, Ack::None] {
            for dialect in candidates(ack, true, false) {
                let knows_its_client = matches!(ack, Ack::Bit | Ack::Byte);
                assert!(knows_its_client || dialect.head == Head::None, "{dialect}");
            }
        }
        let of = |ack, hello, confined| candidates(ack, hello, confined).into_iter();
        assert!(of(Ack::None, true, true).any(|d| d.head == Head::Pid));
        assert!(of(Ack::Bit, true, false).any(|d| d.head == Head::PidDigits));
        assert!(of(Ack::None, false, true).all(|d| !d.hello));
    }
}
