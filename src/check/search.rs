//! Which dialect a server speaks: each candidate is tried on a fresh server, for a wrong one leaves half a byte behind.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use minitalk::Inbox;
use minitalk::client::{self, SendError};
use minitalk::dialect::{Ack, Dialect};
use minitalk::internals::ffi;
use minitalk::{Signal, SignalSet};

use super::answers::{self, Answer};
use super::candidates;
use super::server::{Origin, Server};
use super::shape::Shape;
use crate::cli::exit::Failure;

const PROBE: &str = "Hello";

/// What shows that nothing of the probe was left over.
const SECOND: &str = "and again, 42";

/// How long an acknowledgement may take, until it is known to come, and then.
const ANSWER: Duration = Duration::from_millis(250);

/// How long a text may take that has been sent, from a server that prints in its handler, and from one whose main loop sleeps.
const PRINT: Duration = Duration::from_millis(30);
const PRINT_LATE: Duration = Duration::from_millis(1200);

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
        inbox: Inbox::open_for(SignalSet::BITS.union(SignalSet::STOPS))?,
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

/// What a fresh server did with a text.
struct Heard {
    said: Said,
    shape: Option<Shape>,
    server: Server,
}

/// How it went to send a text, and what was answered.
struct Said {
    result: Result<(), SendError>,
    answers: Vec<Answer>,
}

impl Search<'_> {
    fn run(&mut self) -> Result<Found, Stop> {
        let (ack, admits) = self.habits()?;
        for (print, most) in [(PRINT, usize::MAX), (PRINT_LATE, PATIENT)] {
            for candidate in candidates::of(ack, admits, self.confined).take(most) {
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
        let untried = match self.confined {
            true => "",
            false => {
                "; those in which it could be led to signal a stranger were not tried, which this kernel would let it (Linux 6.12 would not)"
            }
        };
        Err(Stop::Report(format!(
            "none of {} known ones makes it print {PROBE:?}; {acks}{untried}",
            self.tried
        )))
    }

    /// What it acknowledges, and whether it could be one that admits its clients: for that it answers the first signal.
    fn habits(&mut self) -> Result<(Ack, bool), Stop> {
        let said = self.attempt(&Dialect::CLASSIC, PRINT)?.said;
        if said.answers.len() > 1 {
            return Ok((Ack::Bit, true));
        }
        let admits = matches!(said.result, Err(SendError::Unanswered { signal: 2 }));
        let unanswered = candidates::parse(&["ack=none"]).unwrap_or(Dialect::CLASSIC);
        let said = self.attempt(&unanswered, PRINT)?.said;
        // A byte of the probe may not have been one to the server.
        let ack = match said.answers.len() {
            3.. => Ack::Byte,
            _ => Ack::None,
        };
        Ok((ack, admits))
    }

    fn consider(&mut self, candidate: &Dialect, print: Duration) -> Result<Option<Found>, Stop> {
        let heard = self.attempt(candidate, print)?;
        let (Some(shape), Ok(())) = (heard.shape, heard.said.result) else {
            return Ok(None);
        };
        drop(heard.server);
        let named = answers::named(candidate, PROBE, ffi::getpid(), &heard.said.answers);
        for dialect in [named, *candidate] {
            if self.holds(&dialect, &shape)? {
                return Ok(Some(Found { dialect, shape }));
            }
        }
        Ok(None)
    }

    /// Whether two texts in a row arrive.
    fn holds(&mut self, dialect: &Dialect, shape: &Shape) -> Result<bool, Stop> {
        let mut heard = self.attempt(dialect, PRINT_LATE)?;
        if heard.said.result.is_err() || heard.shape.as_ref() != Some(shape) {
            return Ok(false);
        }
        heard.server.skip();
        let said = self.say(&heard.server, dialect, SECOND)?;
        let fits = |printed: &[u8]| shape.fits(SECOND.as_bytes(), printed);
        Ok(said.result.is_ok() && heard.server.wait(PRINT_LATE, fits))
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
        let said = self.say(&server, dialect, PROBE)?;
        let shape = match said.result {
            Ok(()) => server.shape(PROBE, print),
            Err(_) => None,
        };
        Ok(Heard {
            said,
            shape,
            server,
        })
    }

    fn say(&mut self, server: &Server, dialect: &Dialect, text: &str) -> Result<Said, Stop> {
        let mut answers = Vec::new();
        let Ok(peer) = server.peer() else {
            let result = Err(SendError::NoSuchProcess);
            return Ok(Said { result, answers });
        };
        let mut watch = |sent: u64, answer: Option<Signal>| {
            answers.extend(answer.map(|signal| (sent, signal)));
            ControlFlow::Continue(())
        };
        let result = client::send_as_watched(
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
        // Even if that failed: what is left would be taken for an answer of the next server.
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
        let result = result.map(drop);
        Ok(Said { result, answers })
    }
}
