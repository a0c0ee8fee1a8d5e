//! What is answered at the end of a message: the last acknowledgement may have to be followed by others.
//!
//! Which ones a client waits for cannot be seen before. One that does not end after the ordinary one gets the other signal, and
//! then the first again; what it ended on is what the next of its kind gets.

use alloc::vec::Vec;

use super::{FinalAck, MILLISECOND, other};
use crate::wire::Nanos;
use crate::wire::bits::Bit;

/// Between two last acknowledgements that are known to be wanted: the first must have been taken.
const APART: Nanos = 3 * MILLISECOND;

/// Before one that is tried because the client has not ended: it may have things to do.
const TRY: Nanos = 50 * MILLISECOND;

/// The acknowledgements that follow the last one of a message.
#[derive(Clone, Debug, Default)]
pub struct FinalAcks {
    /// Those that are still to be sent, with the pause before each.
    left: Vec<(Nanos, Bit, FinalAck)>,
    /// When the last one was sent, and as which habit it counts; `None` while there is nothing to learn from the client's end.
    sent: Option<(Nanos, FinalAck)>,
}

impl FinalAcks {
    /// Plans them for a message that has had its last acknowledgement at `now`: the one that the dialect has besides, and others if
    /// the client `may_want` them and does not end.
    pub fn plan(&mut self, last: (Option<Bit>, Option<Bit>), may_want: bool, now: Nanos) {
        self.clear();
        let (Some(first), second) = last else {
            return;
        };
        self.sent = Some((now, FinalAck::Same));
        for (answer, habit) in [(other(first), FinalAck::Both), (first, FinalAck::Twice)] {
            if second == Some(answer) {
                self.left.insert(0, (APART, answer, habit));
            } else if may_want {
                self.left.push((TRY, answer, habit));
            }
        }
    }

    /// The client has gone on.
    pub fn clear(&mut self) {
        self.left.clear();
        self.sent = None;
    }

    /// Counts the pause before the next one from `now` on: until then the client had no CPU to end.
    pub fn excuse(&mut self, now: Nanos) {
        if let Some((at, _)) = &mut self.sent {
            *at = now;
        }
    }

    /// Whether there are none to come.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    /// When the next one is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Nanos> {
        let ((pause, ..), (at, _)) = self.left.first().zip(self.sent)?;
        Some(at.saturating_add(*pause))
    }

    /// The one that is due at `now`.
    pub fn poll(&mut self, now: Nanos) -> Option<Bit> {
        self.deadline().filter(|at| now >= *at)?;
        let (_, answer, habit) = self.left.remove(0);
        self.sent = Some((now, habit));
        Some(answer)
    }

    /// What the client waited for that has ended at `now`; `None` if that is not why it ended.
    #[must_use]
    pub fn ended(&self, now: Nanos) -> Option<FinalAck> {
        let (at, habit) = self.sent?;
        (now.saturating_sub(at) < TRY).then_some(habit)
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::super::Dialect;
    use super::*;

    /// What a client that stays is answered after a message in this dialect, with the pause before each, and what it teaches if
    /// it ends after each.
    fn play(spec: &str, may_want: bool) -> (Vec<(Nanos, Bit)>, Vec<FinalAck>) {
        let dialect: Dialect = spec.parse().unwrap();
        let mut final_acks = FinalAcks::default();
        let mut now = 1000 * MILLISECOND;
        final_acks.plan(dialect.final_acks(Bit::One), may_want, now);
        let mut played = Vec::new();
        let mut lessons: Vec<_> = final_acks.ended(now).into_iter().collect();
        while let Some(at) = final_acks.deadline() {
            assert_eq!(final_acks.poll(at - 1), None);
            played.push((at - now, final_acks.poll(at).unwrap()));
            now = at;
            lessons.push(final_acks.ended(now).unwrap());
        }
        assert_eq!(final_acks.ended(now + TRY), None);
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
        assert_eq!(lessons, [FinalAck::Same, FinalAck::Both, FinalAck::Twice]);
        let (played, lessons) = play("final=both", true);
        assert_eq!(played, [(APART, Bit::One), (TRY, Bit::Zero)]);
        assert_eq!(lessons, [FinalAck::Same, FinalAck::Both, FinalAck::Twice]);
        let (played, lessons) = play("final=twice", true);
        assert_eq!(played, [(APART, Bit::Zero), (TRY, Bit::One)]);
        assert_eq!(lessons, [FinalAck::Same, FinalAck::Twice, FinalAck::Both]);
    }

    #[test]
    fn the_end_of_one_that_has_gone_on_teaches_nothing() {
        let mut final_acks = FinalAcks::default();
        final_acks.plan((Some(Bit::Zero), None), true, 0);
        final_acks.clear();
        assert_eq!(final_acks.ended(1), None);
    }
}
