//! The two ends of the link in the wire code beside this file, as the model and the simulation drive them.

use super::wire::bits::Bit;
use super::wire::control::{Answer, Ask};
use super::wire::receiver::{Outcome, Reaction, Receiver};
use super::wire::sender::{Failure, Lane, Sender, Step};
use crate::link::{self, Ended, Move, Reply, Signal};

/// This link.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Link;

impl link::Link for Link {
    type Client = Sender<'static>;
    type Server = Receiver;
}

impl link::Client for Sender<'static> {
    fn new(message: &'static [u8], tag: u16, timeout: u64) -> Self {
        Self::new(message, tag, timeout, Lane::Bit).unwrap()
    }

    fn poll(&mut self, now: u64) -> Move {
        match self.poll(now) {
            Step::Transmit { bit, value, .. } => Move::Send(signal(bit, value)),
            Step::Queue(_) => unreachable!("bits were asked for"),
            Step::Wait(until) => Move::Wait(until),
            Step::Finished(Ok(())) => Move::End(Ended::Delivered),
            Step::Finished(Err(Failure::Forgotten)) => Move::End(Ended::Forgotten),
            Step::Finished(Err(_)) => Move::End(Ended::Broken),
        }
    }

    fn hear(&mut self, now: u64, signal: Signal) {
        if let Some(heard) = signal.value.and_then(Answer::from_value) {
            self.answer(now, heard);
        }
    }

    fn acknowledged(&self) -> u64 {
        self.acknowledged()
    }
}

impl link::Server for Receiver {
    fn new() -> Self {
        Self::new(1000)
    }

    fn hear(&mut self, signal: Signal) -> Reply {
        let bit = Bit::from(signal.number == 1);
        let Reaction { answer, outcome } = match signal.value {
            None => self.bit(bit),
            Some(value) => match Ask::from_value(value) {
                Some(ask) => self.ask(bit, ask),
                None => Reaction::default(),
            },
        };
        // A bare bit is answered on the first signal, a question on its own: as the server does.
        let via = signal.value.map_or(Bit::Zero, |_| bit);
        Reply {
            answer: answer.map(|answer| self::signal(via, Some(answer.value()))),
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
        self.release().map(|answer| signal(Bit::Zero, Some(answer.value())))
    }

    fn settle(&mut self, tag: u16) -> Option<Signal> {
        self.settle(tag, Ok(())).map(|answer| signal(Bit::Zero, Some(answer.value())))
    }

    fn tag(&self) -> u16 {
        self.tag()
    }
}

fn signal(bit: Bit, value: Option<u64>) -> Signal {
    Signal { number: usize::from(bit == Bit::One), value }
}
