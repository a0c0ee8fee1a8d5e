//! One end of a floor: it waits for the next signal in the measured way.

use std::collections::VecDeque;
use std::thread;
use std::time::{Duration, Instant};

use minitalk::Inbox;
use minitalk::internals::ffi;
use minitalk::wire::word::Word;
use minitalk::{Event, Origin, SignalSet};

use super::Wait;
use crate::Result;

/// How long the other end may be silent.
const LIMIT: Duration = Duration::from_secs(20);

/// The number of polls after which the other end gets the CPU, in case both share one.
const LOOKS: u32 = 1_000;

/// One end of a floor.
pub struct End {
    wait: Wait,
    inbox: Option<Inbox>,
    came: VecDeque<Event>,
}

impl End {
    /// Returns an end that waits in this way. The caller has blocked the signals on every thread.
    pub fn new(wait: Wait) -> Result<Self> {
        let inbox = match wait {
            Wait::Handler => Some(Inbox::open()?),
            Wait::Poll | Wait::Take => None,
        };
        Ok(Self {
            wait,
            inbox,
            came: VecDeque::new(),
        })
    }

    /// Waits for the next signal.
    pub fn next(&mut self) -> Result<Event> {
        let event = match self.wait {
            Wait::Poll => poll(),
            Wait::Take => ffi::take(SignalSet::MINITALK, LIMIT).and_then(Event::decode),
            Wait::Handler => self.handled()?,
        };
        event.ok_or_else(|| "the other end is silent".into())
    }

    fn handled(&mut self) -> Result<Option<Event>> {
        let Some(inbox) = &mut self.inbox else {
            return Ok(None);
        };
        let start = Instant::now();
        while self.came.is_empty() && start.elapsed() < LIMIT {
            inbox.drain(|event| self.came.push_back(event));
            if self.came.is_empty() {
                inbox
                    .wait(None, Some(LIMIT))
                    .map_err(std::io::Error::from)?;
            }
        }
        Ok(self.came.pop_front())
    }
}

fn poll() -> Option<Event> {
    let start = Instant::now();
    while start.elapsed() < LIMIT {
        if let Some(entry) = (0..LOOKS).find_map(|_| ffi::take(SignalSet::MINITALK, Duration::ZERO))
        {
            return Event::decode(entry);
        }
        thread::yield_now();
    }
    None
}

/// Returns the number that a word or an acknowledgement carries.
pub fn value(event: Event) -> Option<u32> {
    match event.origin {
        Origin::Claimed { packet, .. } => packet.value.try_into().ok(),
        Origin::Unknown { packet } => Some(Word::from_packet(&packet)?.index),
        Origin::Attested { .. } => None,
    }
}
