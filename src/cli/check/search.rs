//! Which dialect a server speaks: each candidate is tried on a fresh server, for a wrong one leaves half a byte behind.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use minitalk::client::{self, SendError};
use minitalk::dialect::{Ack, AckSignal, Dialect, Final};
use minitalk::event::{Signal, SignalSet};
use minitalk::inbox::Inbox;
use minitalk::wire::bits::Bit;

use super::candidates;
use super::server::{Origin, Server};
use super::shape::Shape;
use crate::cli::exit::Failure;

const PROBE: &str = "Hello";

/// What shows that nothing of the probe was left over.
const SECOND: &str = "and again, 42";

/// How long an acknowledgement may take, until it is known to come, and then.
const ANSWER: Duration = Duration::from_millis(250);

/// How long a text may take that has been sent; for a server whose main loop sleeps, the second.
const PRINT: [Duration; 2] = [Duration::from_millis(30), Duration::from_millis(1200)];

/// How many candidates are worth the longer wait.
const PATIENT: usize = 8;

/// How long acknowledgements are listened for when all has been said.
const ENCORE: Duration = Duration::from_millis(60);

/// How long all of it may take.
const LIMIT: Duration = Duration::from_secs(40);

/// What was found out.
pub struct Found {
    pub dialect: Dialect,
    pub shape: Shape,
}

/// Searches; the error in the inner result is what stands in the report.
///
/// Unless signals are `confined`, no server is told what could lead it to signal a stranger.
pub fn dialect(path: &Path, confined: bool) -> Result<Result<Found, String>, Failure> {
    let mut search = Search {
        inbox: Inbox::open_for(SignalSet::BITS.and(SignalSet::STOPS))?,
        path,
        confined,
        until: Instant::now() + LIMIT,
        tried: 0,
    };
    match search.run() {
        Ok(found) => Ok(Ok(found)),
        Err(Stop::Report(why)) => Ok(Err(why)),
        Err(Stop::Command(failure)) => Err(failure),
    }
}

enum Stop {
    Report(String),
    Command(Failure),
}

struct Search<'a> {
    inbox: Inbox,
    path: &'a Path,
    confined: bool,
    until: Instant,
    tried: u32,
}

/// What a server did with a text.
struct Heard {
    result: Result<(), SendError>,
    /// Signals sent before each acknowledgement, and its signal.
    answers: Vec<(u64, Signal)>,
    shape: Option<Shape>,
    server: Server,
}

impl Search<'_> {
    fn run(&mut self) -> Result<Found, Stop> {
        let first = self.attempt(&Dialect::CLASSIC, PRINT[0])?;
        let bits = first.answers.len();
        let is_handshake = matches!(first.result, Err(SendError::Unanswered { signal: 2 }));
        let mut ack = Ack::Bit;
        if bits < 2 {
            let unanswered = candidates::parse(&["ack=none"]).unwrap_or(Dialect::CLASSIC);
            let heard = self.attempt(&unanswered, PRINT[0])?;
            ack = match heard.answers.len() {
                3.. => Ack::Byte,
                _ => Ack::None,
            };
        }
        for (print, most) in [(PRINT[0], usize::MAX), (PRINT[1], PATIENT)] {
            for candidate in candidates::of(ack).take(most) {
                // Whoever does not answer the first signal does not admit anybody.
                if candidate.hello && ack != Ack::Bit && !is_handshake {
                    continue;
                }
                if !self.confined && candidates::may_mislead(&candidate) {
                    continue;
                }
                if let Some(found) = self.consider(&candidate, print)? {
                    return Ok(found);
                }
            }
        }
        let acks = match ack {
            Ack::Bit => "it acknowledges every bit",
            Ack::Byte => "it acknowledges every byte",
            _ => "it acknowledges no bit",
        };
        Err(Stop::Report(format!(
            "none of {} known ones makes it print {PROBE:?}; {acks}",
            self.tried
        )))
    }

    fn consider(&mut self, candidate: &Dialect, print: Duration) -> Result<Option<Found>, Stop> {
        let heard = self.attempt(candidate, print)?;
        let (Some(shape), Ok(())) = (&heard.shape, &heard.result) else {
            return Ok(None);
        };
        let named = named(candidate, &heard.answers);
        let shape = shape.clone();
        drop(heard);
        for dialect in [named, *candidate] {
            if self.holds(&dialect, &shape)? {
                return Ok(Some(Found { dialect, shape }));
            }
        }
        Ok(None)
    }

    /// Whether two texts in a row arrive.
    fn holds(&mut self, dialect: &Dialect, shape: &Shape) -> Result<bool, Stop> {
        let mut heard = self.attempt(dialect, PRINT[1])?;
        if heard.result.is_err() || heard.shape.as_ref() != Some(shape) {
            return Ok(false);
        }
        heard.server.skip();
        let (result, _) = self.say(&heard.server, dialect, SECOND)?;
        let fits = |printed: &[u8]| shape.fits(SECOND.as_bytes(), printed);
        Ok(result.is_ok() && heard.server.wait(PRINT[1], fits))
    }

    fn attempt(&mut self, dialect: &Dialect, print: Duration) -> Result<Heard, Stop> {
        if Instant::now() >= self.until {
            return Err(Stop::Report(format!(
                "not found in {} s, after {} of the known ones",
                LIMIT.as_secs(),
                self.tried
            )));
        }
        self.tried += 1;
        let server = Server::start(&Origin::Theirs(self.path)).map_err(Stop::Report)?;
        let (result, answers) = self.say(&server, dialect, PROBE)?;
        let is_said = |printed: &[u8]| Shape::of(PROBE.as_bytes(), printed).is_some();
        let mut shape = None;
        if result.is_ok() && server.wait(print, is_said) {
            // A newline may still be on its way.
            server.wait(Duration::from_millis(20), |_| false);
            shape = Shape::of(PROBE.as_bytes(), &server.printed());
        }
        Ok(Heard {
            result,
            answers,
            shape,
            server,
        })
    }

    #[allow(clippy::type_complexity)]
    fn say(
        &mut self,
        server: &Server,
        dialect: &Dialect,
        text: &str,
    ) -> Result<(Result<(), SendError>, Vec<(u64, Signal)>), Stop> {
        let mut answers = Vec::new();
        let peer = match server.peer() {
            Ok(peer) => peer,
            Err(_) => return Ok((Err(SendError::NoSuchProcess), answers)),
        };
        let mut watch = |sent: u64, answer: Option<Signal>| {
            answers.extend(answer.map(|signal| (sent, signal)));
            ControlFlow::Continue(())
        };
        let result = client::speak_watched(
            &mut self.inbox,
            &peer,
            text.as_bytes(),
            dialect,
            ANSWER,
            &mut watch,
        );
        if let Err(error @ SendError::Interrupted(_)) = &result {
            return Err(Stop::Command(Failure::send("the server", error)));
        }
        let sent = result.as_ref().map_or(0, |report| report.signals);
        let until = Instant::now() + ENCORE;
        loop {
            let mut stop = None;
            self.inbox.drain(|event| match event.signal {
                Signal::Usr1 | Signal::Usr2 => answers.push((sent, event.signal)),
                Signal::Int | Signal::Term => stop = Some(event.signal),
                Signal::Word => {}
            });
            if let Some(signal) = stop {
                let error = SendError::Interrupted(signal);
                return Err(Stop::Command(Failure::send("the server", &error)));
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || result.is_err() {
                break;
            }
            let _ = self.inbox.wait(None, Some(left));
        }
        Ok((result.map(drop), answers))
    }
}

/// The dialect with what the acknowledgements of the probe say about them.
fn named(candidate: &Dialect, answers: &[(u64, Signal)]) -> Dialect {
    let mut dialect = *candidate;
    let Some(&(last, _)) = answers.last() else {
        return dialect;
    };
    if dialect.ack == Ack::None {
        dialect.ack = Ack::Message;
    }
    let Ok(speech) =
        minitalk::dialect::speech::Speech::new(&dialect, PROBE.as_bytes(), client_pid())
    else {
        return dialect;
    };
    let hello = u64::from(dialect.hello);
    let sent = |count: u64| {
        let index = usize::try_from(count.checked_sub(1 + hello)?).ok()?;
        speech.signal(index)
    };
    let bit = |signal: Signal| match signal {
        Signal::Usr2 => Bit::One,
        _ => Bit::Zero,
    };
    // The PID in a head is not this process's when a child sends, but the text is the same.
    let before: Vec<_> = answers
        .iter()
        .filter(|(at, _)| (1 + hello..last).contains(at))
        .collect();
    let all = |wanted: Signal| before.iter().all(|(_, signal)| *signal == wanted);
    let echoes = before
        .iter()
        .all(|(at, signal)| sent(*at) == Some(bit(*signal)));
    let at_last: Vec<_> = answers
        .iter()
        .filter(|(at, _)| *at == last)
        .map(|(_, s)| bit(*s))
        .collect();
    dialect.ack_signal = match before.is_empty() {
        true if at_last[0] == Bit::One => AckSignal::Usr2,
        true => AckSignal::Usr1,
        false if all(Signal::Usr1) => AckSignal::Usr1,
        false if all(Signal::Usr2) => AckSignal::Usr2,
        false if echoes => AckSignal::Echo,
        false => dialect.ack_signal,
    };
    let usual = sent(last).map(|signal| dialect.acknowledgement(signal));
    dialect.last = match at_last[..] {
        [only] if Some(only) != usual => Final::Other,
        [first, second, ..] if first == second => Final::Twice,
        [_, _, ..] => Final::Both,
        _ => Final::Same,
    };
    dialect
}

fn client_pid() -> minitalk::pid::Pid {
    minitalk::ffi::getpid()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(of: impl Fn(u64) -> Vec<Signal>) -> Vec<(u64, Signal)> {
        (1..=48)
            .flat_map(|at| of(at).into_iter().map(move |s| (at, s)))
            .collect()
    }

    #[test]
    fn acknowledgements_tell_their_own_habits() {
        use Signal::{Usr1, Usr2};
        let name = |answers: &[_]| named(&Dialect::CLASSIC, answers).to_string();
        assert_eq!(name(&answers(|_| vec![Usr1])), "classic");
        assert_eq!(name(&answers(|_| vec![Usr2])), "ack-signal=usr2");
        let last = |signals: &'static [Signal]| {
            answers(|at| {
                if at == 48 {
                    signals.to_vec()
                } else {
                    vec![Usr1]
                }
            })
        };
        assert_eq!(name(&last(&[Usr2])), "final=other");
        assert_eq!(name(&last(&[Usr1, Usr1])), "final=twice");
        assert_eq!(name(&last(&[Usr1, Usr2])), "final=both");
        let speech = minitalk::dialect::speech::Speech::new(
            &Dialect::CLASSIC,
            PROBE.as_bytes(),
            client_pid(),
        );
        let speech = speech.unwrap();
        let echo = answers(|at| match speech.signal(at as usize - 1) {
            Some(Bit::One) => vec![Usr2],
            _ => vec![Usr1],
        });
        assert_eq!(name(&echo), "ack-signal=echo");
        let unanswered = candidates::parse(&["ack=none"]).unwrap();
        assert_eq!(named(&unanswered, &[]).to_string(), "ack=none");
        assert_eq!(named(&unanswered, &[(48, Usr1)]).to_string(), "ack=message");
    }
}
