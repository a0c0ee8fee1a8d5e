//! All readings of a stream at once, until one is left.
//!
//! A reading is given up as soon as it makes no sense: text that is not UTF-8 or has control characters that nobody sends, a
//! length beyond the limit, a PID that is not the sender's. One that is complete is believed once no other goes on, or the
//! sender has stopped; if the sender goes on and another reading can follow, it is given up.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Reverse;

use super::Dialect;
use super::guesses::{self, habits, wording};
use super::reading::{Progress, Reading};
use crate::pid::Pid;
use crate::wire::bits::Bit;

/// Signals before anything is read: most readings do not survive them, so that those that begin are few.
const FIRST: usize = 16;

/// How much dearer the next best reading must be for the best to be certain.
const CLEAR: u32 = 16;

/// What another message in the same stream costs: few clients send two.
const MESSAGE: u32 = 20;

/// A stream in an unknown dialect, from the beginning of a message.
#[derive(Clone, Debug)]
pub struct Detector {
    limit: usize,
    pid: Pid,
    may_greet: bool,
    log: Log,
    /// Whether the readings have begun.
    begun: bool,
    open: Vec<Reading>,
    complete: Vec<Complete>,
}

/// A reading that is complete, unless another goes on.
#[derive(Clone, Debug)]
struct Complete {
    reading: Reading,
    /// After so many signals.
    at: usize,
    /// What it makes of those that came later: messages that are complete, by what they cost, and one that is not.
    later: u32,
    next: Reading,
}

impl Complete {
    fn cost(&self) -> u32 {
        let is_alone = self.later == 0 && self.next.text().is_empty() && self.next.is_at_a_byte();
        let next = if is_alone {
            0
        } else {
            MESSAGE + wording(self.next.text())
        };
        habits(self.reading.dialect()) + wording(self.reading.text()) + self.later + next
    }
}

/// What is known of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing yet.
    Open,
    /// A message is complete, unless the sender goes on.
    Perhaps,
    /// A message is complete.
    Complete,
    /// No reading makes sense.
    Nothing,
}

/// A message, and how it was read.
#[derive(Clone, Debug)]
pub struct Found {
    /// In which dialect, as far as the stream shows it.
    pub dialect: Dialect,
    /// Whether no other reading comes near.
    pub is_sure: bool,
    /// Another reading with another text that is nearly as likely.
    pub rival: Option<Box<(Dialect, Vec<u8>)>>,
    /// The text.
    pub text: Vec<u8>,
    /// Signals that came after it.
    pub rest: Vec<Bit>,
}

impl Detector {
    /// The stream of the client `pid`, whose texts may have `limit` bytes. `may_greet`: it handles SIGUSR1, for which a
    /// client waits that opens with a handshake.
    #[must_use]
    pub const fn new(limit: usize, pid: Pid, may_greet: bool) -> Self {
        Self {
            limit,
            pid,
            may_greet,
            log: Log::new(),
            begun: false,
            open: Vec::new(),
            complete: Vec::new(),
        }
    }

    /// Signals so far.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.log.len
    }

    /// Whether there were none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.log.len == 0
    }

    /// Whether a message may have ended with the last signal.
    #[must_use]
    pub fn may_be_over(&self) -> bool {
        matches!(self.verdict(), Verdict::Perhaps | Verdict::Complete)
            || self.log.len % 8 == 0 && !self.begun
    }

    /// The signals, as 0 for SIGUSR1 and 1 for SIGUSR2, at most `most` of them.
    #[must_use]
    pub fn bits(&self, most: usize) -> String {
        let bits = (0..self.log.len.min(most)).filter_map(|i| self.log.get(i));
        bits.map(|bit| if bit == Bit::One { '1' } else { '0' })
            .collect()
    }

    /// Bytes of text in the longest reading.
    #[must_use]
    pub fn held(&self) -> usize {
        let held = self.open.iter().map(|reading| reading.text().len()).max();
        held.unwrap_or(self.log.len / 8)
    }

    /// Takes a signal.
    pub fn push(&mut self, signal: Bit) -> Verdict {
        self.log.push(signal);
        if self.begun {
            self.read(signal, self.log.len);
        } else if self.log.len >= FIRST {
            self.begin();
        }
        self.verdict()
    }

    /// What is known when the sender has stopped.
    pub fn stopped(&mut self) -> Verdict {
        if !self.begun && self.log.len >= 8 {
            self.begin();
        }
        self.verdict()
    }

    /// What is known when the sender has ended. `well`: of its own will, so that its end may be that of a text which nothing
    /// else ends.
    pub fn ended(&mut self, well: bool) -> Verdict {
        let verdict = self.stopped();
        if !well || matches!(verdict, Verdict::Perhaps | Verdict::Complete) {
            return verdict;
        }
        let (limit, pid, at) = (self.limit, self.pid, self.log.len);
        for mut reading in core::mem::take(&mut self.open) {
            // Without its end a dialect is the same as the next one.
            if reading.end() && !self.knows(reading.dialect()) {
                self.complete.push(Complete {
                    later: 0,
                    next: Reading::guess(*reading.dialect(), limit, pid),
                    reading,
                    at,
                });
            }
        }
        self.verdict()
    }

    fn knows(&self, dialect: &Dialect) -> bool {
        let mut complete = self.complete.iter();
        complete.any(|c| c.at == self.log.len && c.reading.dialect() == dialect)
    }

    /// The likeliest of the complete readings, if one is complete.
    #[must_use]
    pub fn settle(mut self) -> Option<Found> {
        self.complete
            .sort_by_cached_key(|c| (c.cost(), Reverse(c.at)));
        let mut complete = self.complete.into_iter();
        let Complete {
            mut reading, at, ..
        } = complete.next()?;
        let rest = (at..self.log.len).filter_map(|i| self.log.get(i)).collect();
        let clear = habits(reading.dialect()) + wording(reading.text()) + CLEAR;
        let alike = complete.filter(|c| c.at == at).map(|c| c.reading);
        let mut near = alike
            .take_while(|next| habits(next.dialect()) + wording(next.text()) < clear)
            .peekable();
        let is_sure = near.peek().is_none();
        let rival = near
            .find(|near| near.text() != reading.text())
            .map(|mut rival| Box::new((*rival.dialect(), rival.take())));
        Some(Found {
            dialect: *reading.dialect(),
            is_sure,
            rival,
            text: reading.take(),
            rest,
        })
    }

    fn begin(&mut self) {
        self.begun = true;
        self.open = guesses::all(self.may_greet)
            .into_iter()
            .map(|dialect| Reading::guess(dialect, self.limit, self.pid))
            .collect();
        for i in 0..self.log.len {
            if let Some(signal) = self.log.get(i) {
                self.read(signal, i + 1);
            }
        }
        self.open.shrink_to_fit();
    }

    /// Lets every reading take a signal, which is number `count`.
    fn read(&mut self, signal: Bit, count: usize) {
        // What follows a message is another.
        self.complete.retain_mut(|c| match c.next.push(signal) {
            Progress::Open => true,
            Progress::Complete => {
                c.later += MESSAGE + wording(c.next.text());
                c.next.take();
                true
            }
            Progress::Rejected(_) => false,
        });
        let (limit, pid, complete) = (self.limit, self.pid, &mut self.complete);
        self.open.retain_mut(|reading| match reading.push(signal) {
            Progress::Open => true,
            Progress::Complete => {
                complete.push(Complete {
                    later: 0,
                    next: Reading::guess(*reading.dialect(), limit, pid),
                    reading: reading.clone(),
                    at: count,
                });
                false
            }
            Progress::Rejected(_) => false,
        });
    }

    fn verdict(&self) -> Verdict {
        if !self.begun {
            return Verdict::Open;
        }
        let is_now = self.complete.iter().any(|c| c.at == self.log.len);
        match (self.open.is_empty(), self.complete.is_empty()) {
            (true, true) => Verdict::Nothing,
            (true, false) => Verdict::Complete,
            (false, _) if is_now => Verdict::Perhaps,
            (false, _) => Verdict::Open,
        }
    }
}

/// Signals, packed.
#[derive(Clone, Debug)]
struct Log {
    bytes: Vec<u8>,
    len: usize,
}

impl Log {
    const fn new() -> Self {
        Self {
            bytes: Vec::new(),
            len: 0,
        }
    }

    fn push(&mut self, signal: Bit) {
        let at = self.len % 8;
        if at == 0 {
            self.bytes.push(0);
        }
        if let Some(last) = self.bytes.last_mut() {
            *last |= u8::from(signal == Bit::One) << at;
        }
        self.len += 1;
    }

    fn get(&self, index: usize) -> Option<Bit> {
        let byte = self.bytes.get(index / 8)?;
        (index < self.len).then(|| Bit::from(byte >> (index % 8) & 1 == 1))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::speech::Speech;
    use super::*;

    fn pid() -> Pid {
        Pid::new(4242).unwrap()
    }

    fn signals(spec: &str, text: &[u8]) -> Vec<Bit> {
        let dialect: Dialect = spec.parse().unwrap();
        let speech = Speech::new(&dialect, text, pid()).unwrap();
        let bits = (0..speech.len()).map(|i| speech.signal(i).unwrap());
        dialect
            .hello
            .then_some(Bit::Zero)
            .into_iter()
            .chain(bits)
            .collect()
    }

    /// What is found in a stream that ends where its message does.
    fn found(spec: &str, text: &[u8]) -> Found {
        let mut detector = Detector::new(1 << 20, pid(), true);
        let signals = signals(spec, text);
        for (i, signal) in signals.iter().enumerate() {
            let verdict = detector.push(*signal);
            let is_last = i + 1 == signals.len();
            assert!(
                is_last || verdict != Verdict::Complete,
                "{spec}: over at {i}"
            );
            assert_ne!(verdict, Verdict::Nothing, "{spec}: lost at {i}");
        }
        assert_ne!(detector.stopped(), Verdict::Open, "{spec}");
        detector.settle().unwrap()
    }

    const DECIDABLE: [&str; 20] = [
        "classic",
        "order=lsb",
        "one=usr1",
        "order=lsb,one=usr1",
        "hello=yes",
        "order=lsb,hello=yes",
        "head=len16,end=none",
        "head=len16",
        "head=len32,end=none",
        "head=len32,counts-end=yes",
        "head=len32,head-bytes=little,end=none",
        "order=lsb,head=len32,end=none",
        "order=lsb,head=len32,head-order=msb",
        "order=lsb,head=len64,end=none",
        "head=len32,head-nul=yes,end=none",
        "head=digits,end=none",
        "head=pid",
        "order=lsb,head=pid",
        "end=etx",
        "end=eot",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn prose_is_found_in_every_decidable_dialect(
            text in "[A-Z][a-z]{2,9}( [a-zé]{1,9}){2,8}[.!?]\n?",
            i in 0..DECIDABLE.len(),
        ) {
            let spec = DECIDABLE[i];
            let found = found(spec, text.as_bytes());
            prop_assert_eq!(&found.text, text.as_bytes());
            if found.is_sure {
                prop_assert_eq!(alloc::format!("{}", found.dialect), spec);
            }
            let said = signals(&alloc::format!("{}", found.dialect), text.as_bytes());
            prop_assert_eq!(said, signals(spec, text.as_bytes()));
            prop_assert!(found.rest.is_empty());
        }

        #[test]
        fn whatever_comes_is_found_or_given_up(bits in prop::collection::vec(any::<bool>(), 0..600)) {
            let mut detector = Detector::new(64, pid(), true);
            for bit in bits {
                if detector.push(Bit::from(bit)) == Verdict::Complete {
                    break;
                }
            }
            if matches!(detector.stopped(), Verdict::Perhaps | Verdict::Complete) {
                prop_assert!(detector.settle().is_some());
            }
        }
    }

    #[test]
    fn short_texts_in_the_commonest_dialect() {
        for text in ["", "a", "d", "Hi", "12", "22", "ff", "a\x01b"] {
            assert_eq!(found("classic", text.as_bytes()).text, text.as_bytes());
        }
    }

    #[test]
    fn what_cannot_be_decided_says_so() {
        let found = found("classic", b"22");
        assert!(!found.is_sure);
        assert_eq!(found.rival.unwrap().1, b"LL");
    }

    #[test]
    fn two_messages_in_a_row() {
        let mut detector = Detector::new(64, pid(), true);
        let stream = [signals("classic", b"Hello"), signals("classic", b"you")].concat();
        let mut taken = 0;
        for signal in &stream {
            taken += 1;
            if detector.push(*signal) == Verdict::Complete {
                break;
            }
        }
        let found = detector.settle().unwrap();
        assert_eq!(found.text, b"Hello");
        assert_eq!(taken - found.rest.len(), 48);
    }

    #[test]
    fn nonsense_fits_nothing() {
        let mut detector = Detector::new(64, pid(), true);
        let mut last = Verdict::Open;
        for byte in [0x01u8, 0xC0, 0xFF, 0x80, 0x03, 0xC1, 0xFE] {
            for i in 0..8 {
                last = detector.push(crate::wire::bits::bit_of(byte, i));
            }
        }
        assert_eq!(last, Verdict::Nothing);
        assert_eq!(detector.bits(12), "000000011100");
    }
}
