// The two ends of the link in the wire code beside this file, as driven by the model and the simulation.

use super::wire::bits::Bit;
use super::wire::control::{Answer, Ask};
use super::wire::receiver::{Outcome, Reaction, Receiver};
use super::wire::sender::{Failure, Lane, Sender, Step};
use super::wire::word::Word;
use crate::link::{self, Ended, Move, Phase, REAL_TIME, Reply, Signal};

/// The link of this copy.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Link;

impl link::Link for Link {
    type Client = Sender<'static>;
    type Server = Receiver;
}

impl link::Client for Sender<'static> {
    fn new(message: &'static [u8], tag: u16, timeout: u64, lane: link::Lane) -> Self {
        let lane = match lane {
            link::Lane::Bits => Lane::Bit,
            link::Lane::Words => Lane::Word,
            link::Lane::Either => Lane::Auto,
        };
        Self::new(message, tag, timeout, lane).unwrap()
    }

    fn poll(&mut self, now: u64) -> Move {
        match self.poll(now) {
            Step::Transmit { bit, value, .. } => Move::Send(signal(bit, value)),
            Step::Queue(word) => Move::Send(queued(&word)),
            Step::Wait(until) => Move::Wait(until),
            Step::Finished(Ok(())) => Move::End(Ended::Delivered),
            Step::Finished(Err(Failure::Forgotten)) => Move::End(Ended::Forgotten),
            Step::Finished(Err(_)) => Move::End(Ended::Broken),
        }
    }

    fn receive(&mut self, now: u64, signal: Signal) {
        if let Some(heard) = signal.value.and_then(Answer::from_value) {
            self.answer(now, heard);
        }
    }

    fn no_room(&mut self, now: u64) {
        self.no_room(now);
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

impl link::Server for Receiver {
    fn new(lane: link::Lane) -> Self {
        match lane {
            link::Lane::Bits => Self::new(1000),
            link::Lane::Words | link::Lane::Either => Self::offering(1000, WORD),
        }
    }

    fn receive(&mut self, signal: Signal) -> Reply {
        let bit = Bit::from(signal.number == 1);
        let ask = signal.value.filter(|_| signal.errno == 0).and_then(Ask::from_value);
        // As in the server, the question for words counts only on the real-time signal, and the others only elsewhere.
        let ask = ask.filter(|ask| (signal.number == REAL_TIME) == matches!(ask, Ask::Words { .. }));
        let Reaction { answer, outcome } = match (signal.value, ask) {
            (None, _) => self.bit(bit),
            (Some(_), Some(ask)) => self.ask(bit, ask),
            (Some(value), None) if signal.errno != 0 => {
                self.word(&Word::from_parts(signal.errno, value, [0; 2]))
            }
            (Some(_), None) => Reaction::default(),
        };
        // As in the server, a bare bit is answered on the first signal, a question and a word on its own signal.
        let via = signal.value.map_or(0, |_| signal.number);
        Reply {
            answer: answer.map(|answer| on(via, answer)),
            rejected: matches!(outcome, Some(Outcome::Rejected(_))),
            complete: match outcome {
                Some(Outcome::Complete { payload, framed, .. }) => Some((payload, framed)),
                _ => None,
            },
        }
    }

    fn hold(&mut self) {
        self.hold(true);
    }

    fn release(&mut self) -> Option<Signal> {
        let answer = self.release()?;
        Some(on(unasked(self), answer))
    }

    fn settle(&mut self, tag: u16) -> Option<Signal> {
        let answer = self.settle(tag, Ok(()))?;
        Some(on(unasked(self), answer))
    }

    fn tag(&self) -> u16 {
        self.tag()
    }
}

/// Returns the number of the signal on which the client expects an answer to an earlier question.
fn unasked(server: &Receiver) -> usize {
    if server.takes_words() { REAL_TIME } else { 0 }
}

fn on(number: usize, answer: Answer) -> Signal {
    let value = Some(answer.value());
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
