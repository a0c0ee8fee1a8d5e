//! A sender whose server answers anything at any time.
//!
//! Input: options, the length of the message, the message, then operations, see `Op`. Options from 0xE0 up select a sender of
//! words, whose message is made longer: see `sender_words`.

use arbitrary::{Arbitrary, Unstructured};
use minitalk::wire::Nanos;
use minitalk::wire::bits::Bit;
use minitalk::wire::control::{Reply, Request, Status, Tag};
use minitalk::wire::frame::{Frame, VERSION};
use minitalk::wire::reason::Reason;
use minitalk::wire::rtt::PAUSED_INTERVAL;
use minitalk::wire::sender::{Failure, FrameSender, Lane};
use minitalk::wire::time::Duration;

use crate::bits;
use crate::sender_words::{self, WORDS};
use crate::serve::{Step, hear, step};

/// The tag of the transfer.
pub const TAG: Tag = 0xBEEF;

/// The option of a sender that gives up after a second.
const SHORT_TIMEOUT: u8 = 1;

const SECOND: Duration = Duration::from_millis(1_000);

enum Op {
    /// A poll; for a word, the flag means that there is no room for it.
    Poll(bool),
    Pass(Nanos),
    /// An answer; its number counts from one before the bit that is out.
    Reply(Kind, u64),
    OfAnotherTag(Kind, u64),
    Value(u64),
    /// This many polls, each with the correct answer.
    Run(u8),
}

/// The kinds of answers.
#[derive(Clone, Copy)]
pub enum Kind {
    /// See [`Status`].
    Greeted,
    /// See [`Status`].
    Ok,
    /// See [`Status`].
    Wait,
    /// See [`Status`].
    Delivered,
    /// See [`Status`].
    Rejected,
    /// See [`Status`].
    Reset,
}

impl Kind {
    /// Returns the answer of this kind from a server without words.
    pub const fn of(self, number: u64) -> Status {
        match self {
            Self::Greeted => Status::Greeted { words: 0 },
            Self::Ok => Status::Ok(number),
            Self::Wait => Status::Wait(number),
            Self::Delivered => Status::Delivered(number),
            Self::Rejected => Status::Rejected(Reason::Output),
            Self::Reset => Status::Reset,
        }
    }
}

impl<'a> Arbitrary<'a> for Op {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let byte = u8::arbitrary(u)?;
        let kind = match byte >> 3 & 7 {
            0 => Kind::Greeted,
            1 | 2 => Kind::Ok,
            3 => Kind::Wait,
            4 | 5 => Kind::Delivered,
            6 => Kind::Rejected,
            _ => Kind::Reset,
        };
        Ok(match byte & 7 {
            0 | 1 => Self::Poll(byte & 1 == 0),
            2 => Self::Pass(1 << (u8::arbitrary(u)? % 64)),
            3 | 4 => Self::Reply(kind, (byte >> 6).into()),
            5 => Self::OfAnotherTag(kind, (byte >> 6).into()),
            6 => Self::Value(u.arbitrary()?),
            _ => Self::Run(u.arbitrary()?),
        })
    }
}

/// Executes the operations of `data`; panics when the sender trusts a false answer or sends a forbidden signal.
pub fn run(data: &[u8]) {
    check(data, &mut hear);
}

/// [`run`] with `answer` in the place of [`FrameSender::answer`].
pub fn check(data: &[u8], answer: &mut dyn FnMut(&mut FrameSender<'_>, Nanos, Reply)) {
    let &[options, len, ref rest @ ..] = data else {
        return;
    };
    let (message, operations) = rest.split_at(rest.len().min(usize::from(len % 8)));
    if options >= WORDS {
        return check_words(options, message, operations, answer);
    }
    let timeout = if options & SHORT_TIMEOUT == 0 {
        Duration::MAX
    } else {
        SECOND
    };
    let sender = FrameSender::new(message, TAG, timeout, Lane::Bit).expect("a short message");
    let mut watched = Watched {
        sender,
        answer,
        bits: bits::of_frame(message),
        now: 0,
        hellos: [false; 2],
        opened: false,
        bare: 0,
        delivered: false,
        ended: None,
    };
    let mut u = Unstructured::new(operations);
    while !u.is_empty()
        && let Ok(op) = Op::arbitrary(&mut u)
    {
        watched.apply(&op);
    }
}

/// Runs the body in words.
fn check_words(
    options: u8,
    message: &[u8],
    operations: &[u8],
    answer: &mut dyn FnMut(&mut FrameSender<'_>, Nanos, Reply),
) {
    // The message fills several windows.
    let message = message.repeat(1 + 40 * usize::from(options >> 1 & 7));
    let timeout = if options & SHORT_TIMEOUT == 0 {
        Duration::MAX
    } else {
        SECOND
    };
    let mut watched = sender_words::Watched {
        sender: FrameSender::new(&message, TAG, timeout, Lane::Word).expect("a short message"),
        answer,
        frame: Frame::new(&message).expect("a short message"),
        now: 0,
        hellos: [false; 3],
        opened: false,
        sent: 0,
        told: 0,
        taken: 0,
        delivered: false,
        ended: None,
    };
    let mut u = Unstructured::new(operations);
    while !u.is_empty()
        && let Ok(op) = Op::arbitrary(&mut u)
    {
        match op {
            Op::Poll(room) => watched.poll(room),
            Op::Pass(time) => watched.now = watched.now.saturating_add(time),
            Op::Reply(kind, number) => watched.hear(watched.status(kind, number), TAG),
            Op::OfAnotherTag(kind, number) => watched.hear(watched.status(kind, number), TAG ^ 1),
            Op::Value(value) => {
                if let Some(answer) = Reply::from_value(value) {
                    watched.hear(answer.status, answer.tag);
                }
            }
            Op::Run(polls) => {
                for _ in 0..polls {
                    watched.poll(true);
                    watched.hear(watched.due(), TAG);
                }
            }
        }
        watched.watch();
    }
}

struct Watched<'m, 'a> {
    sender: FrameSender<'m>,
    answer: &'a mut dyn FnMut(&mut FrameSender<'_>, Nanos, Reply),
    bits: Vec<Bit>,
    now: Nanos,
    /// The hellos sent.
    hellos: [bool; 2],
    /// Whether the server ever asked for the first bit, after the hellos.
    opened: bool,
    /// The bits sent bare: without an index, none may be sent twice.
    bare: u64,
    /// Whether the server ever acknowledged the whole frame.
    delivered: bool,
    ended: Option<Result<(), Failure>>,
}

impl Watched<'_, '_> {
    fn apply(&mut self, op: &Op) {
        let acknowledged = self.sender.acknowledged();
        match *op {
            Op::Poll(_) => self.poll(),
            Op::Pass(time) => self.now = self.now.saturating_add(time),
            Op::Reply(kind, number) => self.hear(self.status(kind, number), TAG),
            Op::OfAnotherTag(kind, number) => {
                self.hear(self.status(kind, number), TAG ^ 1);
                assert_eq!(self.sender.acknowledged(), acknowledged, "not for us");
            }
            Op::Value(value) => {
                if let Some(answer) = Reply::from_value(value) {
                    assert!(Request::from_value(value).is_none());
                    self.hear(answer.status, answer.tag);
                }
            }
            Op::Run(polls) => {
                for _ in 0..polls {
                    self.poll();
                    self.hear(self.due(), TAG);
                }
            }
        }
        assert!(self.sender.acknowledged() >= acknowledged);
        assert!(self.sender.acknowledged() <= self.bits.len() as u64);
    }

    fn status(&self, kind: Kind, number: u64) -> Status {
        let number = (self.sender.acknowledged() + number).saturating_sub(1);
        kind.of(number)
    }

    /// Returns the answer of a correct server.
    fn due(&self) -> Status {
        match self.bare {
            0 if !self.hellos[1] => Status::Greeted { words: 0 },
            n if n == self.bits.len() as u64 => Status::Delivered(n),
            n => Status::Ok(n),
        }
    }

    fn hear(&mut self, status: Status, tag: Tag) {
        self.opened |= tag == TAG && status == Status::Ok(0) && self.hellos[1];
        let all = self.bits.len() as u64;
        self.delivered |= tag == TAG && status == Status::Delivered(all) && self.bare == all;
        (self.answer)(&mut self.sender, self.now, Reply { tag, status });
    }

    fn poll(&mut self) {
        let (signals, resent) = (self.sender.signals(), self.sender.resent());
        let step = step(&mut self.sender, self.now);
        let new = self.sender.signals() - signals;
        let again = self.sender.resent() > resent;
        if let Some(result) = self.ended {
            assert_eq!(step, Step::Finished(result), "the end is the end");
        }
        match step {
            Step::Signal { bit, value, copies } => {
                assert_eq!(new, copies.into());
                assert!(again || copies == 1, "a burst without a loss");
                self.transmitted(bit, value, again);
            }
            Step::Queue(_) => panic!("a word in the bit lane"),
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

    fn transmitted(&mut self, bit: Bit, value: Option<u64>, again: bool) {
        let index = self.sender.acknowledged();
        let due = self.bits.get(index as usize).copied();
        let Some(value) = value else {
            assert!(!again && self.opened);
            assert_eq!(self.bare, index, "a bit twice, or one left out");
            assert_eq!(Some(bit), due);
            self.bare += 1;
            return;
        };
        match Request::from_value(value) {
            Some(Request::Hello { tag, version }) => {
                assert_eq!((tag, version, self.bare), (TAG, VERSION, 0));
                assert!(bit == Bit::Zero || self.hellos[0], "out of order");
                self.hellos[usize::from(bit == Bit::One)] = true;
            }
            Some(Request::Words { .. }) => panic!("words where bits were asked for"),
            Some(Request::Resend { tag, index: i }) => {
                assert!(again, "the kernel attests only what is bare");
                assert_eq!((tag, i, Some(bit)), (TAG, index, due));
                assert_eq!(self.bare, index + 1, "again before the first time");
            }
            None => panic!("no question"),
        }
    }
}
