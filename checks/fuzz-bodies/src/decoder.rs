//! Signals of several senders, in any order and with any value, each sender's into its own receiver.
//!
//! Input: the limit, then operations, see [`Op`]. Beside each receiver a log is kept of the bits it took, and each of its
//! answers and messages must follow from that log.

use arbitrary::{Arbitrary, Unstructured};
use minitalk::wire::bits::Bit;
use minitalk::wire::control::{Answer, Ask, Status, Tag};
use minitalk::wire::decoder::Reason;
use minitalk::wire::receiver::{Outcome, Reaction, Receiver};

use crate::bits;
use crate::serve::{self, Serve};

const SENDERS: usize = 4;

enum Op {
    Bit(Bit),
    Byte(u8),
    /// A whole frame around these bytes.
    Frame(Vec<u8>),
    Value(Bit, u64),
    Hello(Bit, Tag),
    HelloOfVersion(Bit, u8),
    /// A bit again, with its own tag; the index counts from two beyond what was taken.
    Resend(Bit, u64),
    ResendOf(Bit, Tag, u8),
    Hold(bool),
    Release,
    Settle(Result<(), Reason>),
    SettleOf(Tag),
    Refuse(Reason),
    DropHalf(Reason),
}

impl<'a> Arbitrary<'a> for Op {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let byte = u8::arbitrary(u)?;
        let bit = Bit::from(byte & 0x10 != 0);
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
            _ if bit == Bit::Zero => Self::Refuse(reason(u)?),
            _ => Self::DropHalf(reason(u)?),
        })
    }
}

/// Carries out the operations of `data` and panics when a receiver says what does not follow from its bits.
pub fn run(data: &[u8]) {
    check(data, &mut serve::react);
}

/// [`run`] with `serve` in the place of the server.
pub fn check(data: &[u8], serve: Serve<'_>) {
    let Some((limit, operations)) = data.split_first() else {
        return;
    };
    let mut senders = [(); SENDERS].map(|()| Watched::new((*limit).into()));
    let mut u = Unstructured::new(operations);
    while let Ok(who) = u8::arbitrary(&mut u)
        && !u.is_empty()
    {
        let sender = &mut senders[usize::from(who) % SENDERS];
        // The upper bits of the same byte say how often.
        let times = 1 + (who >> 2 & 7);
        let Ok(op) = Op::arbitrary(&mut u) else {
            return;
        };
        for _ in 0..times {
            sender.carry_out(&op, serve);
        }
    }
}

/// A receiver and what is known of it.
struct Watched {
    limit: usize,
    receiver: Receiver,
    /// The bits taken since the transfer, or the stream without hellos, began.
    taken: Vec<Bit>,
    /// Messages complete and not settled since then.
    unsettled: usize,
}

impl Watched {
    fn new(limit: usize) -> Self {
        Self {
            limit,
            receiver: Receiver::new(limit),
            taken: Vec::new(),
            unsettled: 0,
        }
    }

    fn carry_out(&mut self, op: &Op, serve: Serve<'_>) {
        let tag = self.receiver.tag();
        match *op {
            Op::Bit(bit) => self.signal(bit, None, serve),
            Op::Byte(byte) => self.bits(&bits::of_bytes(&[byte]), serve),
            Op::Frame(ref payload) => self.bits(&bits::of_frame(payload), serve),
            Op::Value(bit, value) => {
                if let Some(ask) = Ask::from_value(value) {
                    assert_eq!(ask.value(), value, "another value of the same question");
                    self.signal(bit, Some(ask), serve);
                }
            }
            Op::Hello(bit, tag) => self.signal(bit, Some(Ask::Hello { tag, version: 1 }), serve),
            Op::HelloOfVersion(bit, version) => {
                self.signal(bit, Some(Ask::Hello { tag, version }), serve);
            }
            Op::Resend(bit, back) => {
                let index = (self.taken.len() as u64 + 2).saturating_sub(back);
                self.signal(bit, Some(Ask::Resend { tag, index }), serve);
            }
            Op::ResendOf(bit, tag, index) => {
                let index = index.into();
                self.signal(bit, Some(Ask::Resend { tag, index }), serve);
            }
            Op::Hold(held) => self.receiver.hold(held),
            Op::Release => {
                let answer = self.receiver.release();
                self.answer(answer);
            }
            Op::Settle(result) => self.settle(tag, result),
            Op::SettleOf(tag) => self.settle(tag, Ok(())),
            Op::Refuse(reason) => {
                let answer = self.receiver.refuse(reason);
                self.answer(answer);
            }
            Op::DropHalf(reason) => {
                let answer = self.receiver.drop_half(reason);
                self.answer(answer);
            }
        }
        assert!(self.receiver.held_bytes() <= self.limit, "too much held");
    }

    fn bits(&mut self, bits: &[Bit], serve: Serve<'_>) {
        for bit in bits {
            self.signal(*bit, None, serve);
        }
    }

    fn signal(&mut self, bit: Bit, ask: Option<Ask>, serve: Serve<'_>) {
        let before = self.receiver.clone();
        let Reaction { answer, outcome } = serve(&mut self.receiver, bit, ask);
        if self.receiver.tag() != before.tag() {
            self.taken.clear();
            self.unsettled = 0;
        }
        let taken = match ask {
            None => self.receiver != before,
            Some(Ask::Hello { .. }) => false,
            // A receiver that refuses everything says so, and has no outcome to report.
            Some(Ask::Resend { tag, index }) => {
                let refused = matches!(
                    answer.map(|a| a.status),
                    Some(Status::Reset | Status::Rejected(_))
                );
                tag == self.receiver.tag()
                    && index == self.taken.len() as u64
                    && (outcome.is_some() || !refused)
            }
        };
        if taken {
            self.taken.push(bit);
        }
        match outcome {
            None => {}
            Some(Outcome::Complete {
                payload, framed, ..
            }) => {
                assert!(taken, "a message from nothing");
                assert_eq!(answer, None, "delivered before it is written");
                self.complete(&payload, framed);
            }
            Some(Outcome::Rejected(_)) => assert!(taken, "a rejection of nothing"),
            Some(Outcome::Abandoned) => assert!(before.in_message(), "nothing to abandon"),
        }
        if let Some(Answer { tag, .. }) = answer {
            let asked = match ask {
                Some(Ask::Hello { tag, .. } | Ask::Resend { tag, .. }) => tag,
                None => self.receiver.tag(),
            };
            assert_eq!(tag, asked, "the answer to another question");
        }
        self.answer(answer);
    }

    fn complete(&mut self, payload: &Vec<u8>, framed: bool) {
        assert!(payload.len() <= self.limit);
        assert!(payload.capacity() <= 8.max(2 * self.limit), "more memory");
        let said = bits::of_message(payload, framed);
        assert!(self.taken.ends_with(&said), "not what the bits say");
        if self.receiver.tag() != 0 {
            assert!(framed, "text in an announced transfer");
            assert_eq!(self.taken.len(), said.len(), "two messages in one transfer");
        } else if !framed {
            assert!(str::from_utf8(payload).is_ok_and(|text| !text.contains('\0')));
        }
        self.unsettled += 1;
    }

    fn settle(&mut self, tag: Tag, result: Result<(), Reason>) {
        let due = tag == self.receiver.tag() && self.unsettled > 0;
        let answer = self.receiver.settle(tag, result);
        let status = match result {
            Ok(()) => Status::Delivered(self.taken.len() as u64),
            Err(reason) => Status::Rejected(reason),
        };
        assert_eq!(answer, due.then_some(Answer { tag, status }));
        self.unsettled -= usize::from(due);
    }

    fn answer(&self, answer: Option<Answer>) {
        let Some(answer) = answer else { return };
        assert_eq!(Answer::from_value(answer.value()), Some(answer));
        if answer.tag != self.receiver.tag() {
            return;
        }
        match answer.status {
            Status::Ok(next) | Status::Wait(next) | Status::Delivered(next) => {
                assert_eq!(
                    next,
                    self.taken.len() as u64,
                    "a bit counted twice or not at all"
                );
            }
            Status::Greeted => assert!(self.taken.is_empty()),
            Status::Rejected(_) | Status::Reset => {}
        }
    }
}

fn reason(u: &mut Unstructured<'_>) -> arbitrary::Result<Reason> {
    let number = u8::arbitrary(u)? % 9 + 1;
    Ok(Reason::from_number(number.into()).expect("there are nine"))
}
