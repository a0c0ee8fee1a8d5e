// The two ends of the link in the wire code beside this file, as driven by the model and the simulation.

use super::wire::bits::Bit;
use super::wire::control::{Reply, Request};
use super::wire::receiver::{FrameReceiver, Outcome, Response};
use super::wire::sender::{Failure, FrameSender, Lane, Transmit};
use super::wire::time::{Duration, Instant};
use super::wire::word::Word;
use crate::link::{self, Ended, Move, Phase, REAL_TIME, Reaction, Signal};

/// The link of this copy.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Link;

impl link::Link for Link {
    type Client = FrameSender<'static>;
    type Server = FrameReceiver;
}

impl link::Client for FrameSender<'static> {
    fn new(message: &'static [u8], tag: u16, timeout: u64, lane: link::Lane) -> Self {
        let lane = match lane {
            link::Lane::Bits => Lane::Bit,
            link::Lane::Words => Lane::Word,
            link::Lane::Either => Lane::Auto,
        };
        Self::new(message, tag, Duration::from_nanos(timeout), lane).unwrap()
    }

    fn poll(&mut self, now: u64) -> Move {
        match (self.poll_transmit(Instant::from_nanos(now)), self.result()) {
            (Some(Transmit::Signal { bit, value, .. }), _) => Move::Send(signal(bit, value)),
            (Some(Transmit::Word(word)), _) => Move::Send(queued(&word)),
            (None, None) => Move::Wait(self.poll_timeout().map_or(u64::MAX, Instant::as_nanos)),
            (None, Some(Ok(()))) => Move::End(Ended::Delivered),
            (None, Some(Err(Failure::Forgotten))) => Move::End(Ended::Forgotten),
            (None, Some(Err(_))) => Move::End(Ended::Broken),
        }
    }

    fn receive(&mut self, now: u64, signal: Signal) {
        if let Some(reply) = signal.value.and_then(Reply::from_value) {
            self.handle_reply(reply, Instant::from_nanos(now));
        }
    }

    fn no_room(&mut self, now: u64) {
        self.handle_eagain(Instant::from_nanos(now));
    }

    fn acknowledged(&self) -> u64 {
        self.acknowledged()
    }

    fn phase(&self) -> Phase {
        [
            Phase::HelloZero,
            Phase::HelloOne,
            Phase::HelloWords,
            Phase::Words,
            Phase::Bits,
            Phase::Finished,
        ][self.phase_number()]
    }

    fn fingerprint(&self) -> u64 {
        self.fingerprint()
    }
}

/// The number of bytes in a word.
const WORD: u8 = 8;

impl link::Server for FrameReceiver {
    fn new(lane: link::Lane) -> Self {
        match lane {
            link::Lane::Bits => Self::new(1000),
            link::Lane::Words | link::Lane::Either => Self::with_words(1000, WORD),
        }
    }

    fn receive(&mut self, signal: Signal) -> Reaction {
        let bit = Bit::from(signal.number == 1);
        let request = signal.value.filter(|_| signal.errno == 0).and_then(Request::from_value);
        // The request for words counts on the real-time signal only, the others only elsewhere: as the server does.
        let request = request
            .filter(|request| (signal.number == REAL_TIME) == matches!(request, Request::Words { .. }));
        let Response { reply, outcome } = match (signal.value, request) {
            (None, _) => self.handle_bit(bit),
            (Some(_), Some(request)) => self.handle_request(bit, request),
            (Some(value), None) if signal.errno != 0 => {
                self.handle_word(&Word::from_parts(signal.errno, value, [0; 2]))
            }
            (Some(_), None) => Response::default(),
        };
        // A bare bit is answered on the first signal, a request and a word on its own: as the server does.
        let via = signal.value.map_or(0, |_| signal.number);
        Reaction {
            answer: reply.map(|reply| on(via, reply)),
            rejected: matches!(outcome, Some(Outcome::Rejected(_))),
            complete: match outcome {
                Some(Outcome::Complete { payload, .. }) => Some(payload),
                _ => None,
            },
        }
    }

    fn hold(&mut self) {
        self.hold(true);
    }

    fn release(&mut self) -> Option<Signal> {
        let reply = self.release()?;
        Some(on(unasked(self), reply))
    }

    fn settle(&mut self, tag: u16) -> Option<Signal> {
        let reply = self.handle_written(tag, Ok(()))?;
        Some(on(unasked(self), reply))
    }

    fn tag(&self) -> u16 {
        self.tag()
    }
}

/// Where the client expects what it has not just asked for.
fn unasked(server: &FrameReceiver) -> usize {
    if server.uses_words() { REAL_TIME } else { 0 }
}

fn on(number: usize, reply: Reply) -> Signal {
    let value = Some(reply.value());
    Signal { number, value, errno: 0 }
}

fn signal(bit: Bit, value: Option<u64>) -> Signal {
    Signal { number: usize::from(bit == Bit::One), value, errno: 0 }
}

fn queued(word: &Word) -> Signal {
    let (errno, value, more) = word.parts();
    assert_eq!(more, [0; 2], "a word of more than was offered");
    Signal { number: REAL_TIME, value: Some(value), errno }
}
