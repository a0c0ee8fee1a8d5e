//! Signals of several senders, in any order and with any value; each sender has its own receiver.
//!
//! Input: the limit, then operations: a byte for the sender and the number of repetitions, and a byte for the operation, see
//! `Op`. Each receiver must return what its [`Model`] returns. The first two senders are offered words of 8 bytes, the others
//! of 24.

use arbitrary::{Arbitrary, Unstructured};
use minitalk::wire::bits::Bit;
use minitalk::wire::control::{Reply, Request, Tag};
use minitalk::wire::frame::Frame;
use minitalk::wire::reason::Reason;
use minitalk::wire::receiver::{FrameReceiver, Outcome, Response};
use minitalk::wire::word::{MAX_SIZE, Word};

use crate::bits;
use crate::model::Model;
use crate::serve::{self, Serve, Take};

/// The longest burst of answers to one question.
const MOST_COPIES: u32 = 32;

enum Op {
    Bit(Bit),
    Byte(u8),
    /// A whole frame of these bytes.
    Frame(Vec<u8>),
    Value(Bit, u64),
    Hello(Bit, Tag),
    HelloOfVersion(Bit, u8),
    /// A retransmitted bit, with the sender's own tag; the index counts from two beyond the bits already taken.
    Resend(Bit, u64),
    ResendOf(Bit, Tag, u8),
    Hold(bool),
    Release,
    Settle(Result<(), Reason>),
    SettleOf(Tag),
    Refuse(Reason),
    /// The question for words of this size, of the sender's own transfer.
    Words(u8),
    WordsOf(Tag, u8),
    /// A whole frame of these bytes, in words.
    FrameInWords(Vec<u8>),
    /// A word of these bytes; the index counts from two beyond the words already taken.
    Word(u64, bool, u8),
    AnyWord(u32, [u8; MAX_SIZE]),
}

impl<'a> Arbitrary<'a> for Op {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let byte = u8::arbitrary(u)?;
        let bit = Bit::from(byte & 0x10 != 0);
        if byte >= WORDS {
            return Self::of_words(byte, u);
        }
        Ok(match byte & 0xF {
            0 | 1 => Self::Bit(bit),
            2 | 3 => Self::Byte(u.arbitrary()?),
            4 => {
                let len = u8::arbitrary(u)?;
                let len = u.len().min(len.into());
                Self::Frame(u.bytes(len)?.to_vec())
            }
            5 => Self::Value(bit, u.arbitrary()?),
            6 => Self::Hello(bit, u8::arbitrary(u)?.into()),
            7 => Self::HelloOfVersion(bit, u.arbitrary()?),
            8 | 9 => Self::Resend(bit, u8::arbitrary(u)?.into()),
            10 => Self::ResendOf(bit, u8::arbitrary(u)?.into(), u.arbitrary()?),
            11 => Self::Hold(bit == Bit::One),
            12 => Self::Release,
            13 if bit == Bit::Zero => Self::Settle(Ok(())),
            13 => Self::Settle(Err(reason(u)?)),
            14 => Self::SettleOf(u8::arbitrary(u)?.into()),
            _ => Self::Refuse(reason(u)?),
        })
    }
}

/// The first operation of the word lane.
const WORDS: u8 = 0xE0;

impl Op {
    fn of_words(byte: u8, u: &mut Unstructured<'_>) -> arbitrary::Result<Self> {
        Ok(match byte & 0xF {
            0..=3 => Self::Words(u.arbitrary()?),
            4 => Self::WordsOf(u8::arbitrary(u)?.into(), u.arbitrary()?),
            5..=8 => {
                let len = u8::arbitrary(u)?;
                let len = u.len().min(len.into());
                Self::FrameInWords(u.bytes(len)?.to_vec())
            }
            9..=13 => Self::Word(u8::arbitrary(u)?.into(), byte & 0x10 != 0, u.arbitrary()?),
            _ => Self::AnyWord(u.arbitrary()?, u.arbitrary()?),
        })
    }
}

/// Executes the operations of `data`, and panics when a receiver and its model differ.
pub fn run(data: &[u8]) {
    check(data, &mut serve::react);
}

/// Runs the body with `serve` in place of the server.
pub fn check(data: &[u8], serve: Serve<'_>) {
    check_words(data, serve, &mut FrameReceiver::handle_word);
}

/// [`check`] with `take` in the place of [`FrameReceiver::handle_word`].
pub fn check_words(data: &[u8], serve: Serve<'_>, take: Take<'_>) {
    let Some((limit, operations)) = data.split_first() else {
        return;
    };
    let mut senders = [8, 8, 24, 24].map(|offer| Watched::new((*limit).into(), offer));
    let mut u = Unstructured::new(operations);
    while let Ok(who) = u8::arbitrary(&mut u)
        && !u.is_empty()
    {
        let sender = &mut senders[usize::from(who % 4)];
        // The upper bits of the same byte are the number of repetitions.
        let times = 1 + (who >> 2 & 7);
        let Ok(op) = Op::arbitrary(&mut u) else {
            return;
        };
        for _ in 0..times {
            sender.apply(&op, serve, take);
        }
    }
}

/// A receiver and its model.
struct Watched {
    limit: usize,
    receiver: FrameReceiver,
    model: Model,
}

impl Watched {
    fn new(limit: usize, offer: u8) -> Self {
        Self {
            limit,
            receiver: FrameReceiver::with_words(limit, offer),
            model: Model::new(limit, offer),
        }
    }

    fn apply(&mut self, op: &Op, serve: Serve<'_>, take: Take<'_>) {
        let Self {
            receiver, model, ..
        } = self;
        let tag = model.tag;
        match *op {
            Op::Bit(bit) => self.signal(bit, None, serve),
            Op::Byte(byte) => self.bits(&bits::of_bytes(&[byte]), serve),
            Op::Frame(ref payload) => self.bits(&bits::of_frame(payload), serve),
            Op::Value(bit, value) => {
                if let Some(ask) = Request::from_value(value) {
                    assert_eq!(ask.value(), value, "another value of the same question");
                    self.signal(bit, Some(ask), serve);
                }
            }
            Op::Hello(bit, tag) => {
                self.signal(bit, Some(Request::Hello { tag, version: 1 }), serve)
            }
            Op::HelloOfVersion(bit, version) => {
                self.signal(bit, Some(Request::Hello { tag, version }), serve);
            }
            Op::Resend(bit, back) => {
                let index = (model.taken.len() as u64 + 2).saturating_sub(back);
                self.signal(bit, Some(Request::Resend { tag, index }), serve);
            }
            Op::ResendOf(bit, tag, index) => {
                let index = index.into();
                self.signal(bit, Some(Request::Resend { tag, index }), serve);
            }
            Op::Hold(held) => {
                receiver.hold(held);
                model.hold(held);
            }
            Op::Release => assert_eq!(receiver.release(), model.release()),
            Op::Settle(result) => {
                assert_eq!(
                    receiver.handle_written(tag, result),
                    model.written(tag, result)
                );
            }
            Op::SettleOf(tag) => {
                assert_eq!(
                    receiver.handle_written(tag, Ok(())),
                    model.written(tag, Ok(()))
                );
            }
            Op::Refuse(reason) => assert_eq!(receiver.refuse(reason), model.refuse(reason)),

            Op::Words(size) => self.signal(Bit::Zero, Some(Request::Words { tag, size }), serve),
            Op::WordsOf(tag, size) => {
                self.signal(Bit::Zero, Some(Request::Words { tag, size }), serve);
            }
            Op::FrameInWords(ref payload) => self.frame_in_words(payload, take),
            Op::Word(back, wants_reply, byte) => {
                let index = (model.next() + 2).saturating_sub(back);
                self.word(
                    &Word::data(index as u32, wants_reply, [byte; MAX_SIZE]),
                    take,
                );
            }
            Op::AnyWord(number, bytes) => self.word(&Word { number, bytes }, take),
        }
        let Self {
            receiver, model, ..
        } = self;
        assert_eq!(receiver.tag(), model.tag);
        assert_eq!(receiver.in_message(), model.in_message());
        assert_eq!(receiver.uses_words(), model.words.is_some());
        assert!(receiver.held_bytes() <= self.limit, "too much held");
        assert!(receiver.in_message() || receiver.held_bytes() == 0);
    }

    fn frame_in_words(&mut self, payload: &[u8], take: Take<'_>) {
        let frame = Frame::new(payload).expect("fuzz inputs are short");
        let size = self.model.words.map_or(MAX_SIZE, |(size, _)| size.into());
        let first = self.model.next();
        let words = frame.bytes().div_ceil(size);
        for i in 0..words {
            let mut bytes = [0xEE; MAX_SIZE];
            frame.copy(i * size, &mut bytes[..size]);
            let index = first as u32 + i as u32;
            self.word(&Word::data(index, i + 1 == words, bytes), take);
        }
    }

    fn word(&mut self, word: &Word, take: Take<'_>) {
        let response = take(&mut self.receiver, word);
        assert_eq!(response, self.model.word(word));
        self.reacted(response);
    }

    fn bits(&mut self, bits: &[Bit], serve: Serve<'_>) {
        for bit in bits {
            self.signal(*bit, None, serve);
        }
    }

    fn signal(&mut self, bit: Bit, ask: Option<Request>, serve: Serve<'_>) {
        let taken = self.model.taken.len();
        let response = serve(&mut self.receiver, bit, ask);
        assert_eq!(response, self.model.signal(bit, ask));
        let copies = self.receiver.burst_len();
        assert!(copies <= MOST_COPIES, "an answer that is a storm");
        assert!(
            copies == 1 || self.model.taken.len() <= taken && !self.model.makes_wait(),
            "a burst for a sender who is not in need"
        );
        self.reacted(response);
    }

    fn reacted(&self, response: Response) {
        if let Some(answer) = response.reply {
            assert_eq!(Reply::from_value(answer.value()), Some(answer));
        }
        if let Some(Outcome::Complete { payload, .. }) = response.outcome {
            self.complete(&payload);
        }
    }

    /// What needs no model to be true.
    fn complete(&self, payload: &Vec<u8>) {
        assert!(payload.len() <= self.limit);
        assert!(payload.capacity() <= 8.max(2 * self.limit), "more memory");
        let said = bits::of_frame(payload);
        assert_eq!(self.model.taken, said, "not what the bits say");
    }
}

fn reason(u: &mut Unstructured<'_>) -> arbitrary::Result<Reason> {
    let number = u8::arbitrary(u)? % 9 + 1;
    Ok(Reason::from_number(number.into()).expect("there are nine"))
}
