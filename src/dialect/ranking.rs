//! Which of several complete readings of a stream is the likeliest, and whether another one is nearly as likely.

use alloc::boxed::Box;
use core::cmp::Reverse;

use super::candidates::dialect_cost;
use super::decoder::{DecodeProgress, TextDecoder};
use super::{Chars, Dialect, Head, Symbol};

/// How much more the next reading must cost for the best to be certain.
const MARGIN: u32 = 16;

/// How much more a reading with another text must cost: three characters are too few to tell letters from punctuation.
const MARGIN_OF_ANOTHER_TEXT: u32 = 24;

/// The cost of a dialect that the program has not used, if it has used others.
const UNKNOWN_COST: u32 = 16;

/// The cost of another message in the same stream: few clients send two.
const MESSAGE_COST: u32 = 20;

/// Holds a complete reading, and the same dialect's reading of the symbols after it.
#[derive(Clone, Debug)]
pub struct Reading {
    decoder: TextDecoder,
    /// The number of symbols after which the message was complete.
    at: usize,
    /// The cost of the complete messages that follow.
    later: u32,
    next: TextDecoder,
    /// The symbols after it, read without a handshake if the dialect has one, and the cost of its complete texts: a client's
    /// handler may send what stands behind its text.
    run_on: Option<Box<(TextDecoder, u32)>>,
    /// Whether the symbols after it can be another message.
    is_followed: bool,
    /// Whether anything followed the message, and whether all of that is its end once more.
    has_rest: bool,
    repeats_end: bool,
}

impl Reading {
    /// Returns the reading of `decoder`, which is complete after `at` symbols.
    pub fn new(decoder: TextDecoder, at: usize) -> Self {
        let dialect = *decoder.dialect();
        let without_hello = Dialect {
            hello: false,
            ..dialect
        };
        let may_run_on = dialect.hello && dialect.head == Head::None && dialect.end == Some(0);
        Self {
            at,
            later: 0,
            next: decoder.renewed(dialect),
            run_on: may_run_on.then(|| Box::new((decoder.renewed(without_hello), MESSAGE_COST))),
            decoder,
            is_followed: true,
            has_rest: false,
            repeats_end: dialect.end.is_some(),
        }
    }

    /// Returns the number of symbols of the message.
    pub const fn at(&self) -> usize {
        self.at
    }

    /// Returns the dialect.
    pub const fn dialect(&self) -> &Dialect {
        self.decoder.dialect()
    }

    /// Returns the length of the text.
    pub const fn text_len(&self) -> usize {
        self.decoder.text_len()
    }

    /// Returns whether something else follows what is rather the beginning of a head: an empty text, or a single wide
    /// character, or two that are code points.
    pub fn is_head_before_more(&self) -> bool {
        let bits = usize::from(self.dialect().char_bits);
        // Nearly any 16 bits are a code point.
        let most = 2 + usize::from(self.dialect().chars == Chars::Unicode);
        let is_short = bits > 9 && self.at <= most * bits;
        self.has_rest && (self.text_len() == 0 || is_short)
    }

    /// Returns whether a text ends with the last symbol, number `count`, or has ended and only its end byte followed, whole.
    pub fn is_over(&self, count: usize) -> bool {
        let is_end_again = self.has_rest && self.repeats_end && self.text_len() > 0;
        self.at == count || is_end_again && self.next.is_at_start()
    }

    /// Returns whether text without a handshake follows the message, rather than another message.
    pub const fn has_run_on(&self) -> bool {
        !self.is_followed
    }

    /// Takes a symbol that follows the message; returns whether it can.
    pub fn push(&mut self, symbol: Symbol) -> bool {
        // Any text without NULs can be messages of these, one after the other.
        if self.dialect().head == Head::Len8 {
            return false;
        }
        self.has_rest = true;
        if let Some(run_on) = &mut self.run_on {
            let (decoder, cost) = &mut **run_on;
            match decoder.push(symbol) {
                DecodeProgress::Incomplete => {}
                DecodeProgress::Complete => {
                    *cost = cost.saturating_add(decoder.cost());
                    decoder.take();
                }
                DecodeProgress::Rejected(_) => self.run_on = None,
            }
        }
        if !self.is_followed {
            return self.run_on.is_some();
        }
        let progress = self.next.push(symbol);
        let is_text = self.next.text_len() > 0;
        // A letter and three NULs before a text are rather a number.
        if is_text && self.repeats_end && self.text_len() == 1 && self.later >= 2 * MESSAGE_COST {
            return false;
        }
        self.is_followed = !matches!(progress, DecodeProgress::Rejected(_));
        self.repeats_end &= self.is_followed && !is_text;
        if progress == DecodeProgress::Complete {
            self.later = self
                .later
                .saturating_add(MESSAGE_COST)
                .saturating_add(self.next.cost());
            self.next.take();
        }
        self.is_followed || self.run_on.is_some()
    }

    /// Returns how much evidence it takes to believe the symbols after the message.
    fn cost_of_rest(&self) -> u32 {
        match self.has_rest {
            false => 0,
            // A client that waits for another acknowledgement can repeat its end for as long as it waits.
            true if self.repeats_end && self.text_len() > 0 => {
                MESSAGE_COST + self.later.min(2 * MESSAGE_COST)
            }
            true => match &self.run_on {
                Some(run_on) if self.has_run_on() => run_on.1.saturating_add(run_on.0.cost()),
                _ => self.later.saturating_add(MESSAGE_COST + self.next.cost()),
            },
        }
    }

    /// Returns how much evidence the message takes: a dialect that a program has used before is not rare for it.
    fn cost(&self, known: &[Dialect]) -> u32 {
        match known.contains(self.dialect()) {
            true => self.decoder.cost(),
            false => dialect_cost(self.dialect()).saturating_add(self.decoder.cost()),
        }
    }
}

/// Says how certain the likeliest reading is, with another reading that has another text, if there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Certainty<R> {
    /// No other reading is nearly as likely.
    Sure,
    /// Another reading is nearly as likely.
    Unsure(Option<R>),
    /// The program is known to use the dialects of both, so that nothing speaks for either.
    Tie(R),
}

/// Returns the likeliest reading of a program that is `known` to use these dialects; `None` without a reading.
pub fn rank<'a>(
    readings: &'a [Reading],
    known: &[Dialect],
) -> Option<(&'a Reading, Certainty<&'a Reading>)> {
    let is_known = |reading: &Reading| known.contains(reading.dialect());
    let total = |reading: &Reading| {
        let is_usual = known.is_empty() || is_known(reading);
        let unknown = if is_usual { 0 } else { UNKNOWN_COST };
        // A program that is known to use one dialect may well send a punctuation mark in it.
        let is_only = known.len() == 1 && is_known(reading);
        let opening = if is_only {
            reading.decoder.opening_cost()
        } else {
            0
        };
        (reading.cost(known) - opening)
            .saturating_add(reading.cost_of_rest())
            .saturating_add(unknown)
    };
    let order = |reading: &&Reading| (total(reading), Reverse(reading.at));
    let best = readings.iter().min_by_key(order)?;
    let differs = |other: &Reading| other.decoder.differs(&best.decoder);
    let is_near = |other: &&Reading| {
        let margin = match differs(other) {
            // A text that opens with punctuation is unlikely, but it can be the one that was sent.
            true => MARGIN_OF_ANOTHER_TEXT.max(other.decoder.opening_cost()),
            false if is_known(best) => 0,
            false => MARGIN,
        };
        let is_other = !core::ptr::eq(*other, best);
        let is_same = other.at == best.at || other.repeats_end && !differs(other);
        // A reading that ends later explains symbols that are only part of a byte in the best one.
        let is_whole = other.at > best.at && !best.next.is_at_byte_boundary();
        let margin = margin + if is_whole { MESSAGE_COST } else { 0 };
        is_other
            && (is_same || is_whole)
            && other.cost(known) < best.cost(known).saturating_add(margin)
    };
    let near = || readings.iter().filter(is_near);
    let rivals = || near().filter(|other| differs(other));
    let known_rivals = rivals().filter(|rival| is_known(best) && is_known(rival));
    let certainty = match known_rivals.min_by_key(order) {
        Some(rival) => Certainty::Tie(rival),
        None if near().next().is_some() => Certainty::Unsure(rivals().min_by_key(order)),
        None => Certainty::Sure,
    };
    Some((best, certainty))
}

/// Returns whether the readings that are complete after `at` symbols have different texts in dialects that the program uses.
pub fn is_tie(readings: &[Reading], known: &[Dialect], at: usize) -> bool {
    let rivals = || {
        readings
            .iter()
            .filter(|reading| reading.at == at && known.contains(reading.dialect()))
    };
    let Some(best) = rivals().min_by_key(|reading| reading.decoder.cost()) else {
        return false;
    };
    let limit = best.decoder.cost().saturating_add(MARGIN_OF_ANOTHER_TEXT);
    rivals().any(|reading| reading.decoder.cost() < limit && reading.decoder.differs(&best.decoder))
}

#[cfg(test)]
mod tests {
    use super::super::decoder::Provenance;
    use super::super::testing::{dialects, pid, symbols, symbols_of};
    use super::*;
    use Certainty::{Sure, Tie, Unsure};

    /// Returns the reading of bytes in a dialect without a head, most significant bit first, and of the symbols after them.
    fn reading(spec: &str, text: &[u8], at: usize, rest: &[u8]) -> Reading {
        let dialect: Dialect = spec.parse().unwrap();
        let symbols = |bytes: &[u8]| symbols(&std::format!("{spec},head=none,end=none"), bytes);
        let mut decoder = TextDecoder::new(dialect, 64, pid(), Provenance::Guess);
        for symbol in symbols(text) {
            decoder.push(symbol);
        }
        let mut reading = Reading::new(decoder, at);
        assert!(symbols(rest).into_iter().all(|symbol| reading.push(symbol)));
        reading
    }

    /// Returns two readings of eight symbols: an "a" in the classic dialect, and this text in this dialect.
    fn pair(spec: &str, text: &[u8]) -> [Reading; 2] {
        let texts = [("classic", &b"a"[..]), (spec, text)];
        texts.map(|(spec, text)| reading(spec, text, 8, b""))
    }

    /// Returns the place of the best reading, and how certain it is, with the place of its rival.
    fn ranked(readings: &[Reading], known: &[&str]) -> (usize, Certainty<usize>) {
        let known = dialects(known);
        let place = |wanted: &Reading| {
            let mut places = readings.iter();
            places.position(|reading| core::ptr::eq(reading, wanted))
        };
        let (best, certainty) = rank(readings, &known).unwrap();
        let certainty = match certainty {
            Sure => Sure,
            Unsure(rival) => Unsure(rival.and_then(place)),
            Tie(rival) => Tie(place(rival).unwrap()),
        };
        (place(best).unwrap(), certainty)
    }

    #[test]
    fn the_cheapest_reading_is_the_best_and_sure_beyond_a_margin() {
        for (spec, text, expected) in [
            // Another text: 24 makes the difference; the dialect costs 8 and each letter 2.
            ("end=etx", &b"abc"[..], (0, Unsure(Some(1)))),
            ("end=etx", b"aaaaaaaaa", (0, Sure)),
            ("end=etx", b"aaaaaaaa", (0, Unsure(Some(1)))),
            // The same text: 16 makes the difference.
            ("end=etx", b"a", (0, Unsure(None))),
            ("one=usr1", b"a", (0, Unsure(None))),
            ("order=lsb,end=etx", b"a", (0, Sure)),
        ] {
            let readings = pair(spec, text);
            assert_eq!(ranked(&readings, &[]), expected, "{spec} {text:?}");
        }
        assert!(rank(&[], &[]).is_none());
    }

    #[test]
    fn a_reading_that_ends_elsewhere_is_not_a_rival_and_the_longest_is_the_best() {
        let readings = [
            reading("classic", b"a", 8, b""),
            reading("end=etx", b"b", 16, b""),
        ];
        assert_eq!(ranked(&readings, &[]), (0, Sure));
        let readings = [
            reading("classic", b"a", 8, b""),
            reading("classic", b"a", 16, b""),
        ];
        assert_eq!(ranked(&readings, &[]).0, 1);
    }

    #[test]
    fn what_follows_a_message_has_to_be_believed_too() {
        for (rest, is_worse) in [
            (&b""[..], false),
            (b"a", true),
            (b"a\0", true),
            (b"\0", true),
        ] {
            let readings = [
                reading("classic", b"a", 8, rest),
                reading("end=etx", b"a", 8, b""),
            ];
            assert_eq!(ranked(&readings, &[]).0, usize::from(is_worse), "{rest:?}");
        }
        let costs = [&b"ab"[..], b"ab\0", b"ab\0a", b"ab\0ab\0"]
            .map(|rest| reading("classic", b"", 8, rest).cost_of_rest());
        assert_eq!(costs, [24, 44, 46, 68]);
        let mut half = reading("classic", b"", 8, b"");
        assert_eq!(half.cost_of_rest(), 0);
        assert!(half.push(Symbol::Usr1) && half.cost_of_rest() == 20);
        for _ in 0..7 {
            half.push(Symbol::Usr2);
        }
        assert!(
            !(0..8).all(|_| half.push(Symbol::Usr2)),
            "two bytes 0x7f 0xff are not text"
        );
    }

    #[test]
    fn a_letter_and_three_nuls_before_a_text_are_a_number() {
        for (text, rest, goes_on) in [
            (&b"a"[..], &b"\0\0b"[..], false),
            (b"a", b"\0b", true),
            (b"ab", b"\0\0b", true),
            (b"a", b"b\0\0b", true),
        ] {
            let mut reading = reading("classic", text, 8, b"");
            let found = symbols_of(rest)
                .into_iter()
                .all(|symbol| reading.push(symbol));
            assert_eq!(found, goes_on, "{text:?} {rest:?}");
        }
    }

    #[test]
    fn a_single_wide_character_before_more_is_rather_a_head() {
        for (spec, text, rest, is_head) in [
            ("char-bits=16", &b"\0a\0\0"[..], &b"\0b"[..], true),
            ("char-bits=16", b"\0a\0\0", b"", false),
            ("char-bits=16", b"\0a\0b\0\0", b"\0b", false),
            ("char-bits=16,chars=unicode", b"\0a\0b\0\0", b"\0b", true),
            ("classic", b"a\0", b"b", false),
            ("classic", b"\0", b"b", true),
        ] {
            let reading = reading(spec, text, 8 * text.len(), rest);
            assert_eq!(reading.is_head_before_more(), is_head, "{spec} {text:?}");
        }
    }

    #[test]
    fn a_dialect_that_the_program_uses_is_preferred_and_two_of_them_tie() {
        let readings = pair("order=lsb", b"b");
        assert_eq!(ranked(&readings, &["order=lsb"]), (1, Unsure(Some(0))));
        assert_eq!(
            ranked(&readings, &["order=lsb", "end=etx"]),
            (1, Unsure(Some(0)))
        );
        assert_eq!(ranked(&readings, &["order=lsb", "classic"]), (0, Tie(1)));
        assert_eq!(ranked(&readings, &["classic"]).0, 0);
        let same = pair("order=lsb", b"a");
        assert_eq!(ranked(&same, &["order=lsb"]), (1, Sure));
        let known = dialects(&["classic", "order=lsb"]);
        for (readings, at, expected) in [
            (&readings, 8, true),
            (&readings, 16, false),
            (&same, 8, false),
        ] {
            assert_eq!(is_tie(readings, &known, at), expected);
            assert!(!is_tie(readings, &known[..1], at));
        }
        let mut mark = pair("order=lsb", b"a");
        mark[0] = reading("classic", b".", 8, b"");
        assert_eq!(ranked(&mark, &[]), (1, Unsure(Some(0))));
        assert_eq!(ranked(&mark, &["classic"]), (0, Unsure(Some(1))));
        assert_eq!(ranked(&mark, &["classic", "order=lsb"]), (1, Sure));
        let far = pair("order=lsb", b"aaaaaaaaaaaaa");
        assert!(!is_tie(&far, &known, 8));
        let near = pair("order=lsb", b"aaaaaaaaaaaa");
        assert!(is_tie(&near, &known, 8));
    }
}
