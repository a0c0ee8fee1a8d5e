//! A sender in words, whose server answers anything at any time: `sender` with options from [`WORDS`] up.
//!
//! Here operation 1 is a poll whose word finds no room, "ok" acknowledges words once the hellos are over, and numbers count
//! from one before the first unacknowledged word.

use minitalk::wire::Nanos;
use minitalk::wire::bits::Bit;
use minitalk::wire::control::{Reply, Request, STATUS_ONLY, Status, Tag};
use minitalk::wire::frame::Frame;
use minitalk::wire::rtt::PAUSED_INTERVAL;
use minitalk::wire::sender::{Failure, FrameSender};
use minitalk::wire::window::MAX_WINDOW;
use minitalk::wire::word::{MAX_SIZE, Word};

use crate::sender::{Kind, TAG};
use crate::serve::{Step, no_room, step};

/// The first value of the options that selects a sender of words.
pub const WORDS: u8 = 0xE0;

/// The word size that the server offers.
const SIZE: u8 = 8;

/// A sender and the answers that it got.
pub struct Watched<'m, 'a> {
    pub sender: FrameSender<'m>,
    pub answer: &'a mut dyn FnMut(&mut FrameSender<'_>, Nanos, Reply),
    pub frame: Frame<'m>,
    pub now: Nanos,
    /// The hellos sent, and the question for words.
    pub hellos: [bool; 3],
    /// Whether the server ever accepted words, after the question.
    pub opened: bool,
    /// The number of words sent at least once.
    pub sent: u32,
    /// The number of words that the server acknowledged.
    pub told: u64,
    /// The number of words that a correct server would have.
    pub taken: u32,
    pub delivered: bool,
    pub ended: Option<Result<(), Failure>>,
}

impl Watched<'_, '_> {
    fn end(&self) -> u64 {
        self.frame.bytes().div_ceil(SIZE.into()) as u64
    }

    /// Checks what must hold after any operation.
    pub fn watch(&self) {
        let bits = self.sender.acknowledged();
        assert!(bits <= self.frame.bits());
        let told = if self.delivered {
            self.end()
        } else {
            self.told
        };
        assert!(bits <= told * 8 * u64::from(SIZE), "more than it was told");
    }

    /// Returns an answer of this kind; its number counts from one before the next.
    pub fn status(&self, kind: Kind, number: u64) -> Status {
        let next = self.sender.acknowledged().div_ceil(8 * u64::from(SIZE));
        let next = (next + number).saturating_sub(1);
        match kind {
            Kind::Greeted => Status::Greeted { words: SIZE },
            Kind::Ok if self.hellos[2] => Status::Words(next),
            Kind::Ok => Status::Ok(next),
            other => other.of(next),
        }
    }

    /// Returns the answer of a correct server.
    pub fn due(&self) -> Status {
        match self.hellos {
            [_, false, _] => Status::Greeted { words: SIZE },
            [.., false] => Status::Ok(0),
            _ if u64::from(self.taken) == self.end() => Status::Delivered(self.end()),
            _ => Status::Words(self.taken.into()),
        }
    }

    pub fn hear(&mut self, status: Status, tag: Tag) {
        if tag == TAG && self.ended.is_none() {
            match status {
                Status::Words(0) => self.opened |= self.hellos[2],
                Status::Words(next) | Status::Wait(next) if self.opened && next <= self.end() => {
                    self.told = self.told.max(next);
                }
                Status::Delivered(next) => self.delivered |= self.opened && next == self.end(),
                _ => {}
            }
        }
        (self.answer)(&mut self.sender, self.now, Reply { tag, status });
    }

    /// Lets the sender perform one step, with or without room for a word.
    pub fn poll(&mut self, room: bool) {
        let acknowledged = self.sender.acknowledged();
        let step = step(&mut self.sender, self.now);
        if let Some(result) = self.ended {
            assert_eq!(step, Step::Finished(result), "the end is the end");
        }
        match step {
            Step::Signal { bit, value, .. } => {
                let ask = value.and_then(Request::from_value);
                let Some(Request::Hello { tag: TAG, .. }) = ask else {
                    panic!("{ask:?} where words were asked for");
                };
                assert_eq!(self.sent, 0, "amid words");
                self.hellos[usize::from(bit == Bit::One)] = true;
            }
            Step::Queue(word) => {
                self.queued(&word, acknowledged, room);
                if !room {
                    no_room(&mut self.sender, self.now);
                    self.waits_without_room();
                }
            }
            Step::Wait(until) => {
                assert!(until > self.now, "a wait for nothing");
                assert!(
                    until - self.now <= PAUSED_INTERVAL.as_nanos(),
                    "too long a wait"
                );
            }
            Step::Finished(result) => {
                assert!(
                    result.is_err() || self.delivered,
                    "a result without an answer"
                );
                self.ended = Some(result);
            }
        }
    }

    fn waits_without_room(&mut self) {
        // At the end of the clock there is nothing later to wait for.
        if self.now < Nanos::MAX - PAUSED_INTERVAL.as_nanos() {
            let next = step(&mut self.sender, self.now);
            assert!(matches!(next, Step::Wait(_)), "{next:?} without room");
        }
    }

    fn queued(&mut self, word: &Word, acknowledged: u64, room: bool) {
        let Some(index) = word.index() else {
            let size = if self.sent > 0 { STATUS_ONLY } else { SIZE };
            let question = word.request();
            let standing = Some(Request::Words {
                tag: TAG,
                size: STATUS_ONLY,
            });
            assert!(
                question == Some(Request::Words { tag: TAG, size })
                    || self.opened && question == standing
            );
            self.hellos[2] = true;
            return;
        };
        assert!(self.opened, "nobody asked for words");
        let size = usize::from(SIZE);
        let mut bytes = [0; MAX_SIZE];
        self.frame.copy(index as usize * size, &mut bytes[..size]);
        assert_eq!(word.bytes, bytes, "other bytes");
        let first = acknowledged.div_ceil(8 * u64::from(SIZE));
        let is_last = u64::from(index) + 1 == self.end();
        assert!(u64::from(index) < self.end().min(first + u64::from(MAX_WINDOW)));
        assert!(u64::from(index) >= first || is_last, "known to be taken");
        assert!(
            u64::from(index) <= u64::from(self.sent).max(self.told),
            "one left out"
        );
        assert!(word.wants_reply() || !is_last, "the end is not asked for");
        if room {
            self.sent = self.sent.max(index + 1);
            self.taken += u32::from(index == self.taken);
        }
    }
}
