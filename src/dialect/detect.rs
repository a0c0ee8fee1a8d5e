//! All readings of a stream at once, until one is left.
//!
//! A reading is given up as soon as it makes no sense: text that is not UTF-8 or has control characters that nobody sends, a
//! length beyond the limit, a PID that is not the sender's. One that is complete is believed once no other goes on, or the
//! sender has stopped; if the sender goes on and another reading can follow, it is given up.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Reverse;

use super::guesses::{self, habits};
use super::reading::{self, Progress, Reading};
use super::{Dialect, Head};
use crate::process::pid::Pid;
use crate::wire::bits::Bit;
use crate::wire::reason::Reason;

/// Signals before anything is read: most readings do not survive them, so that those that begin are few.
const FIRST: usize = 16;

/// How much dearer the next best reading must be for the best to be certain.
const CLEAR: u32 = 16;

/// The same for a reading with another text. Three characters are too few to tell letters from punctuation.
const CLEAR_OF_ANOTHER_TEXT: u32 = 24;

/// What a dialect costs besides that the program has not spoken before, if it has spoken others.
const UNUSUAL: u32 = 16;

/// Bytes that are shown of a text which may have been meant.
pub const EXCERPT: usize = 64;

/// What another message in the same stream costs: few clients send two.
const MESSAGE: u32 = 20;

/// A stream in an unknown dialect, from the beginning of a message.
#[derive(Clone, Debug)]
pub struct Detector {
    limit: usize,
    pid: Pid,
    may_greet: bool,
    /// The forms of the dialects that the program is known to have spoken.
    known: Vec<Dialect>,
    log: Log,
    /// Whether the last guess that was given up was a text longer than the limit.
    is_too_long: bool,
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
    /// Returns how much it takes to believe in what follows the message.
    fn cost_of_the_rest(&self) -> u32 {
        let is_alone = self.later == 0 && self.next.text_len() == 0 && self.next.is_at_a_byte();
        match is_alone {
            true => 0,
            false => self.later.saturating_add(MESSAGE + self.next.cost()),
        }
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
    /// Another reading with another text that is nearly as likely, and the first bytes of that text.
    pub rival: Option<Box<(Dialect, Vec<u8>)>>,
    /// Whether the program is known to speak both, so that nothing speaks for either.
    is_a_tie: bool,
    /// The text.
    pub text: Vec<u8>,
    /// Signals that came after it; an error if there was no memory for them.
    pub rest: Result<Log, Reason>,
}

impl Found {
    /// Whether the program is known to speak this dialect and that of the rival, so that there is nothing to decide by.
    #[must_use]
    pub const fn is_a_tie(&self) -> bool {
        self.is_a_tie
    }
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
            known: Vec::new(),
            log: Log::new(),
            is_too_long: false,
            begun: false,
            open: Vec::new(),
            complete: Vec::new(),
        }
    }

    /// The same for a program that has spoken these `dialects` before. They are likelier than others, and no evidence.
    #[must_use]
    pub fn with_known(mut self, dialects: &[Dialect]) -> Self {
        self.known = dialects.iter().map(Dialect::form).collect();
        self
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

    /// Returns the bytes of memory held: the signals, packed and once, and the candidates.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.log.bytes.capacity()
            + self.open.capacity() * size_of::<Reading>()
            + self.complete.capacity() * size_of::<Complete>()
    }

    /// Takes a signal.
    ///
    /// # Errors
    /// [`Reason::NoMemory`], and [`Reason::TooLong`] when the last guess is given up because of its length.
    pub fn push(&mut self, signal: Bit) -> Result<Verdict, Reason> {
        self.log.push(signal)?;
        if self.begun {
            self.read(signal, self.log.len)?;
        } else if self.log.len >= FIRST {
            self.begin()?;
        }
        match self.verdict() {
            Verdict::Nothing if self.is_too_long => Err(Reason::TooLong),
            verdict => Ok(verdict),
        }
    }

    /// Whether a complete message that has no text, or digits alone, could be the beginning of another.
    #[must_use]
    pub fn may_be_a_head(&self) -> bool {
        let is_empty = |c: &Complete| c.at == self.log.len && c.reading.text_len() == 0;
        let has_digits = |reading: &Reading| reading.dialect().head == Head::Digits;
        !self.open.is_empty()
            && (self.complete.iter().any(is_empty) || self.open.iter().any(has_digits))
    }

    /// What is known when the sender has stopped.
    pub fn stopped(&mut self) -> Verdict {
        if !self.begun && self.log.len >= 8 {
            // Without memory for the candidates nothing fits.
            let _ = self.begin();
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
        let is_known = |c: &Complete| self.known.contains(c.reading.dialect());
        // What a program has spoken before is no rare habit of it.
        let evidence = |c: &Complete| match is_known(c) {
            true => c.reading.cost(),
            false => habits(c.reading.dialect()).saturating_add(c.reading.cost()),
        };
        let unusual = |c: &Complete| match is_known(c) || self.known.is_empty() {
            true => 0,
            false => UNUSUAL,
        };
        let complete = core::mem::take(&mut self.complete);
        let mut ranked = Vec::new();
        for c in &complete {
            let rest = c.cost_of_the_rest().saturating_add(unusual(c));
            let key = (evidence(c).saturating_add(rest), Reverse(c.at));
            let place = ranked.partition_point(|(before, _)| *before <= key);
            ranked.insert(place, (key, c));
        }
        let mut ranked = ranked.into_iter().map(|(_, c)| c);
        let best = ranked.next()?;
        let at = best.at;
        let is_near = |next: &&Complete| {
            let clear = match next.reading.differs(&best.reading) {
                true => CLEAR_OF_ANOTHER_TEXT,
                false if is_known(best) => 0,
                false => CLEAR,
            };
            next.at == at && evidence(next) < evidence(best).saturating_add(clear)
        };
        let near: Vec<_> = ranked.filter(is_near).collect();
        let is_sure = near.is_empty();
        let mut rivals = near
            .into_iter()
            .filter(|next| next.reading.differs(&best.reading));
        let first = rivals.next();
        let tie = rivals.chain(first).find(|next| is_known(next));
        let is_a_tie = is_known(best) && tie.is_some();
        let dialect = *best.reading.dialect();
        let rival = tie.filter(|_| is_a_tie).or(first).map(|rival| {
            let dialect = *rival.reading.dialect();
            Box::new((dialect, self.excerpt(dialect, at)))
        });
        let rest = self.log.since(at);
        Some(Found {
            dialect,
            is_sure,
            rival,
            is_a_tie,
            text: self.into_text(dialect, at),
            rest,
        })
    }

    /// Returns the first bytes that the first `at` signals say in `dialect`.
    fn excerpt(&self, dialect: Dialect, at: usize) -> Vec<u8> {
        let mut reading = Reading::guess(dialect, self.limit, self.pid);
        let mut text = Vec::new();
        for signal in (0..at).filter_map(|i| self.log.get(i)) {
            reading.push(signal);
            if reading.text_len() > text.len() && text.len() < EXCERPT {
                text.push(reading.last_byte());
            }
        }
        text
    }

    /// Returns what the first `at` signals say in `dialect`, in the memory of the signals: a byte of text takes eight of them,
    /// so that none is written over that is still to be read.
    fn into_text(self, dialect: Dialect, at: usize) -> Vec<u8> {
        let mut reading = Reading::guess(dialect, self.limit, self.pid);
        let mut log = self.log;
        let mut len = 0;
        for i in 0..at {
            let Some(signal) = log.get(i) else {
                break;
            };
            reading.push(signal);
            if reading.text_len() > len {
                log.bytes[len] = reading.last_byte();
                len += 1;
            }
        }
        log.bytes.truncate(len);
        log.bytes.shrink_to_fit();
        log.bytes
    }

    fn begin(&mut self) -> Result<(), Reason> {
        self.begun = true;
        let mut dialects = guesses::all(self.may_greet);
        let known = self.known.iter().filter(|known| !dialects.contains(known));
        dialects.extend(known.copied().collect::<Vec<_>>());
        self.open
            .try_reserve_exact(dialects.len())
            .map_err(|_| Reason::NoMemory)?;
        let (limit, pid) = (self.limit, self.pid);
        let readings = dialects.into_iter();
        self.open
            .extend(readings.map(|dialect| Reading::guess(dialect, limit, pid)));
        for i in 0..self.log.len {
            if let Some(signal) = self.log.get(i) {
                self.read(signal, i + 1)?;
            }
        }
        self.open.shrink_to_fit();
        Ok(())
    }

    /// Lets every reading take a signal, which is number `count`.
    fn read(&mut self, signal: Bit, count: usize) -> Result<(), Reason> {
        // What follows a message is another.
        self.complete.retain_mut(|c| match c.next.push(signal) {
            Progress::Open => true,
            Progress::Complete => {
                let cost = MESSAGE.saturating_add(c.next.cost());
                c.later = c.later.saturating_add(cost);
                c.next.take();
                true
            }
            Progress::Rejected(_) => false,
        });
        let (limit, pid, complete) = (self.limit, self.pid, &mut self.complete);
        let (mut is_too_long, mut result) = (false, Ok(()));
        self.open.retain_mut(|reading| match reading.push(signal) {
            Progress::Open => true,
            Progress::Complete => {
                if complete.try_reserve(1).is_err() {
                    result = Err(Reason::NoMemory);
                    return false;
                }
                complete.push(Complete {
                    later: 0,
                    next: Reading::guess(*reading.dialect(), limit, pid),
                    reading: reading.clone(),
                    at: count,
                });
                false
            }
            Progress::Rejected(reason) => {
                is_too_long |= reason == Reason::TooLong && reading.text_len() >= limit;
                false
            }
        });
        self.is_too_long = is_too_long;
        result
    }

    /// Whether the last signal completes different texts in dialects that the program is known to speak.
    #[must_use]
    pub fn is_a_tie(&self) -> bool {
        let is_candidate =
            |c: &&Complete| c.at == self.log.len && self.known.contains(c.reading.dialect());
        let candidates = || self.complete.iter().filter(is_candidate);
        let Some(best) = candidates().min_by_key(|c| c.reading.cost()) else {
            return false;
        };
        let clear = best.reading.cost().saturating_add(CLEAR_OF_ANOTHER_TEXT);
        self.known.len() > 1
            && candidates().any(|c| c.reading.cost() < clear && c.reading.differs(&best.reading))
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
pub struct Log {
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

    /// Returns how many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the signals in their order.
    pub fn iter(&self) -> impl Iterator<Item = Bit> {
        (0..self.len).filter_map(|i| self.get(i))
    }

    fn push(&mut self, signal: Bit) -> Result<(), Reason> {
        let at = self.len % 8;
        if at == 0 {
            reading::push(&mut self.bytes, 0)?;
        }
        if let Some(last) = self.bytes.last_mut() {
            *last |= u8::from(signal == Bit::One) << at;
        }
        self.len += 1;
        Ok(())
    }

    fn get(&self, index: usize) -> Option<Bit> {
        let byte = self.bytes.get(index / 8)?;
        (index < self.len).then(|| Bit::from(byte >> (index % 8) & 1 == 1))
    }

    /// Returns a copy of the signals from number `at` on.
    fn since(&self, at: usize) -> Result<Self, Reason> {
        let mut rest = Self::new();
        for signal in (at..self.len).filter_map(|i| self.get(i)) {
            rest.push(signal)?;
        }
        Ok(rest)
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
            let verdict = detector.push(*signal).unwrap();
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
            prop_assert!(found.rest.unwrap().is_empty());
        }

        #[test]
        fn whatever_comes_is_found_or_given_up(bits in prop::collection::vec(any::<bool>(), 0..600)) {
            let mut detector = Detector::new(64, pid(), true);
            for bit in bits {
                if detector.push(Bit::from(bit)) == Ok(Verdict::Complete) {
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
            if detector.push(*signal) == Ok(Verdict::Complete) {
                break;
            }
        }
        let found = detector.settle().unwrap();
        assert_eq!(found.text, b"Hello");
        assert_eq!(taken - found.rest.unwrap().len(), 48);
    }

    #[test]
    fn nonsense_fits_nothing() {
        let mut detector = Detector::new(64, pid(), true);
        let mut last = Verdict::Open;
        for byte in [0x01u8, 0xC0, 0xFF, 0x80, 0x03, 0xC1, 0xFE] {
            for i in 0..8 {
                last = detector.push(crate::wire::bits::bit_of(byte, i)).unwrap();
            }
        }
        assert_eq!(last, Verdict::Nothing);
        assert_eq!(detector.bits(12), "000000011100");
    }

    #[test]
    fn signals_are_kept_once_whatever_the_number_of_candidates() {
        let text = std::vec![b'f'; 1 << 16];
        let mut detector = Detector::new(1 << 20, pid(), true);
        let mut most = 0;
        for signal in signals("head=len32,head-nul=yes,end=none", &text) {
            detector.push(signal).unwrap();
            most = most.max(detector.log.bytes.capacity());
            assert!(
                detector
                    .open
                    .iter()
                    .all(|reading| reading.held_bytes() == 0)
            );
        }
        assert!(most <= 2 * text.len() + 64, "{most}");
        let found = detector.settle().unwrap();
        assert_eq!(
            (found.text.capacity(), found.text == text),
            (text.len(), true)
        );
    }

    #[test]
    fn a_text_beyond_the_limit_is_said_to_be_too_long() {
        let mut detector = Detector::new(64, pid(), true);
        let mut pushed = signals("classic", &[b'm'; 100]).into_iter();
        let reason = pushed.find_map(|signal| detector.push(signal).err());
        assert_eq!(reason, Some(Reason::TooLong));
    }
}
