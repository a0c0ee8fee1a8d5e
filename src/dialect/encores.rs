//! What is answered at the end of a message: the last acknowledgement may have to be followed by others.
//!
//! Which ones a client waits for cannot be seen before. One that does not end after the ordinary one gets the other signal, and
//! then the first again; what it ended on is what the next of its kind gets.

use alloc::vec::Vec;

use super::{Final, other};
use crate::wire::Nanos;
use crate::wire::bits::Bit;

const MILLISECOND: Nanos = 1_000_000;

/// Between two last acknowledgements that are known to be wanted: the first must have been taken.
const APART: Nanos = 3 * MILLISECOND;

/// Before one that is tried because the client has not ended: it may have things to do.
const TRY: Nanos = 50 * MILLISECOND;

/// The acknowledgements that follow the last one of a message.
#[derive(Clone, Debug, Default)]
pub struct Encores {
    /// Those that are still to be sent, with the pause before each.
    left: Vec<(Nanos, Bit)>,
    played: u8,
    /// When the client was last answered.
    answered: Nanos,
}

impl Encores {
    /// Notes that the client is answered, with whatever.
    pub const fn answered(&mut self, now: Nanos) {
        self.answered = now;
    }

    /// Plans them for a message that has had its last acknowledgement at `now`: the one that the dialect has besides, and others if
    /// the client `may_want` them and does not end.
    pub fn plan(&mut self, last: (Option<Bit>, Option<Bit>), may_want: bool, now: Nanos) {
        let (first, second) = last;
        self.answered = now;
        self.played = 0;
        self.left = second.map(|answer| (APART, answer)).into_iter().collect();
        if let Some(first) = first.filter(|_| may_want) {
            let known = self.left.len();
            let tries = [other(first), first].into_iter().skip(known);
            self.left.extend(tries.map(|answer| (TRY, answer)));
        }
    }

    /// The client has gone on, and so has had what it waited for.
    pub fn clear(&mut self) {
        self.left.clear();
    }

    /// Whether there are none to come.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    /// When the next one is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Nanos> {
        let (pause, _) = self.left.first()?;
        Some(self.answered + pause)
    }

    /// The one that is due at `now`.
    pub fn poll(&mut self, now: Nanos) -> Option<Bit> {
        self.deadline().filter(|at| now >= *at)?;
        let (_, answer) = self.left.remove(0);
        self.played += 1;
        self.answered = now;
        Some(answer)
    }

    /// What the client waited for that has ended at `now`; `None` if that is not why it ended.
    #[must_use]
    pub fn ended(&self, now: Nanos) -> Option<Final> {
        (now < self.answered + TRY).then_some(match self.played {
            0 => Final::Same,
            1 => Final::Both,
            _ => Final::Twice,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::super::Dialect;
    use super::*;

    /// What a client that stays is answered after a message in this dialect, with the pause before each, and what it teaches if
    /// it ends after each.
    fn play(spec: &str, may_want: bool) -> (Vec<(Nanos, Bit)>, Vec<Final>) {
        let dialect: Dialect = spec.parse().unwrap();
        let mut encores = Encores::default();
        let mut now = 1000 * MILLISECOND;
        encores.plan(dialect.last_acknowledgements(Bit::One), may_want, now);
        let mut played = Vec::new();
        let mut lessons = std::vec![encores.ended(now).unwrap()];
        while let Some(at) = encores.deadline() {
            assert_eq!(encores.poll(at - 1), None);
            played.push((at - now, encores.poll(at).unwrap()));
            now = at;
            lessons.push(encores.ended(now).unwrap());
        }
        assert_eq!(encores.ended(now + TRY), None);
        (played, lessons)
    }

    #[test]
    fn one_that_is_known_gets_what_it_waits_for_and_no_more() {
        assert_eq!(play("classic", false).0, []);
        assert_eq!(play("final=other", false).0, []);
        assert_eq!(play("final=both", false).0, [(APART, Bit::One)]);
        assert_eq!(play("final=twice", false).0, [(APART, Bit::Zero)]);
        assert_eq!(play("ack=none", true).0, []);
    }

    #[test]
    fn one_that_stays_is_tried_and_teaches_what_it_ended_on() {
        let (played, lessons) = play("classic", true);
        assert_eq!(played, [(TRY, Bit::One), (TRY, Bit::Zero)]);
        assert_eq!(lessons, [Final::Same, Final::Both, Final::Twice]);
        let (played, _) = play("final=both", true);
        assert_eq!(played, [(APART, Bit::One), (TRY, Bit::Zero)]);
    }
}
