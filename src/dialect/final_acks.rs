//! The acknowledgements at the end of a message, which may have to be more than one.
//!
//! Nothing shows beforehand which ones a client waits for. A client that does not end after the ordinary one gets the other signal,
//! and then the first again. The signal on which it ended is remembered for the next process of its program.

use alloc::vec::Vec;

use super::{Dialect, FinalAck, MILLISECOND, Symbol};
use crate::wire::Nanos;

/// The pause between two acknowledgements by the same signal: the first must have been taken.
const PAUSE: Nanos = 3 * MILLISECOND;

/// The pause before a second acknowledgement by the other signal: the first should be handled first.
pub const PAUSE_OF_OTHER: Nanos = MILLISECOND / 5;

/// The pause before an acknowledgement that is tried because the client has not ended.
pub const TRY_AFTER: Nanos = 50 * MILLISECOND;

/// The silence of a client after which a bit that follows a message does not begin another.
const EXTRA_AFTER: Nanos = 100 * MILLISECOND;

/// An acknowledgement to come.
#[derive(Clone, Debug)]
struct Planned {
    /// The pause before it.
    pause: Nanos,
    ack: Symbol,
    /// What all acknowledgements that are sent by then amount to.
    shows: FinalAck,
    /// Whether the dialect does not have it.
    is_tried: bool,
}

/// Holds the acknowledgements that follow the first final one of a message.
#[derive(Clone, Debug, Default)]
pub struct FinalAcks {
    left: Vec<Planned>,
    /// When the last one was sent, and the [`FinalAck`] that all of them amount to.
    sent: Option<(Nanos, Option<FinalAck>)>,
    /// The signal to send to a client whose handler sends a bit too many, and what its end then shows.
    other: Option<(Symbol, FinalAck)>,
    /// The symbols since the message.
    extra: u8,
}

impl Planned {
    const fn of_dialect(pause: Nanos, ack: Symbol, shows: FinalAck) -> Self {
        Self {
            pause,
            ack,
            shows,
            is_tried: false,
        }
    }

    const fn tried(pause: Nanos, ack: Symbol, shows: FinalAck) -> Self {
        Self {
            is_tried: true,
            ..Self::of_dialect(pause, ack, shows)
        }
    }
}

impl FinalAcks {
    /// Plans the acknowledgements after the first final one of `dialect` for the symbol `last`, which was sent at `now`. `may_try`
    /// adds acknowledgements that the dialect does not have.
    pub fn plan(&mut self, dialect: &Dialect, last: Symbol, may_try: bool, now: Nanos) {
        self.clear();
        let (Some(first), second) = dialect.final_acks(last) else {
            return;
        };
        let (shown, instead, usual) = match dialect.final_ack {
            FinalAck::Other => (FinalAck::Other, FinalAck::Same, first.other()),
            _ => (FinalAck::Same, FinalAck::Other, first),
        };
        self.sent = Some((now, Some(shown)));
        self.other = match second {
            Some(second) if !may_try => Some((second, dialect.final_ack)),
            _ => may_try.then(|| (first.other(), instead)),
        };
        for (ack, shows) in [(first.other(), FinalAck::Both), (usual, FinalAck::Twice)] {
            if second == Some(ack) {
                let pause = if ack == first { PAUSE } else { PAUSE_OF_OTHER };
                self.left.insert(0, Planned::of_dialect(pause, ack, shows));
            } else if may_try {
                self.left.push(Planned::tried(TRY_AFTER, ack, shows));
            }
        }
    }

    /// Plans the second acknowledgement of a byte, whose first is sent at `now`.
    pub fn plan_second(&mut self, ack: Symbol, now: Nanos) {
        self.clear();
        self.sent = Some((now, None));
        self.left
            .push(Planned::of_dialect(PAUSE_OF_OTHER, ack, FinalAck::Both));
    }

    /// Handles that the client has gone on, which ends the plan.
    ///
    /// A client whose handler sends the next bit may have sent only one bit too many: then the other signal ends it.
    pub fn handle_symbol(&mut self, now: Nanos) {
        let other = self.other.filter(|_| self.extra < 7);
        let extra = self.extra;
        self.clear();
        if let Some((symbol, kind)) = other {
            (self.other, self.extra) = (other, extra + 1);
            self.sent = Some((now, None));
            self.left.push(Planned::tried(EXTRA_AFTER, symbol, kind));
        }
    }

    /// Records that a client which did not end on the ordinary acknowledgement is sent another at `now`; both amount to `kind`.
    pub fn note_sent(&mut self, kind: FinalAck, now: Nanos) {
        self.clear();
        self.sent = Some((now, Some(kind)));
    }

    fn clear(&mut self) {
        self.left.clear();
        (self.sent, self.other, self.extra) = (None, None, 0);
    }

    /// Restarts the pause at `now`, because the client had no CPU until then.
    pub fn restart_silence(&mut self, now: Nanos) {
        if let Some((at, _)) = &mut self.sent {
            *at = now;
        }
    }

    /// Returns whether no acknowledgement is to come.
    pub fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    /// Returns whether the dialect has an acknowledgement by the other signal at the end of a message, which is still to come.
    pub fn owes_other(&self) -> bool {
        let of_message = self.sent.is_some_and(|(_, kind)| kind.is_some());
        let is_owed = |next: &Planned| !next.is_tried && next.shows == FinalAck::Both;
        of_message && self.left.first().is_some_and(is_owed)
    }

    /// Returns when the next acknowledgement is due.
    pub fn poll_timeout(&self) -> Option<Nanos> {
        let (next, (at, _)) = self.left.first().zip(self.sent)?;
        Some(at.saturating_add(next.pause))
    }

    /// Returns the acknowledgement that is due at `now`.
    pub fn poll_ack(&mut self, now: Nanos) -> Option<Symbol> {
        self.poll_timeout().filter(|at| now >= *at)?;
        let due = self.left.remove(0);
        self.sent = Some((now, Some(due.shows)));
        Some(due.ack)
    }

    /// Returns the acknowledgement on which a client has ended at `now`; `None` if it did not end because of one.
    pub fn awaited(&self, now: Nanos) -> Option<FinalAck> {
        let (at, kind) = self.sent?;
        kind.filter(|_| now.saturating_sub(at) < TRY_AFTER)
    }

    /// Returns whether the last message has been acknowledged as such.
    pub const fn were_sent(&self) -> bool {
        self.sent.is_some()
    }

    /// Returns whether all acknowledgements of a message were sent too long before `now` to be why its client has ended.
    pub fn were_in_vain(&self, now: Nanos) -> bool {
        let is_old = |(at, kind): (Nanos, Option<FinalAck>)| {
            kind.is_some() && now.saturating_sub(at) >= TRY_AFTER
        };
        self.left.is_empty() && self.sent.is_some_and(is_old)
    }
}

#[cfg(test)]
mod tests {
    use FinalAck::{Both, Same, Twice};
    use Symbol::{Usr1, Usr2};

    use super::*;

    /// Returns the acknowledgements of a client that does not end, with the pause before each and the conclusion from its end after
    /// it.
    fn play(spec: &str, may_try: bool) -> (Vec<(Nanos, Symbol)>, Vec<FinalAck>) {
        let dialect: Dialect = spec.parse().unwrap();
        let mut acks = FinalAcks::default();
        let mut now = 1000 * MILLISECOND;
        acks.plan(&dialect, Usr2, may_try, now);
        let mut sent = Vec::new();
        let mut shown: Vec<_> = acks.awaited(now).into_iter().collect();
        while let Some(at) = acks.poll_timeout() {
            assert_eq!((acks.poll_ack(at - 1), acks.is_empty()), (None, false));
            sent.push((at - now, acks.poll_ack(at).unwrap()));
            now = at;
            shown.push(acks.awaited(now).unwrap());
        }
        assert_eq!(
            (acks.awaited(now + TRY_AFTER), acks.is_empty()),
            (None, true)
        );
        assert!(shown.is_empty() || acks.awaited(now + TRY_AFTER - 1).is_some());
        (sent, shown)
    }

    #[test]
    fn a_known_client_gets_what_it_waits_for_and_no_more() {
        for (spec, expected) in [
            ("classic", &[][..]),
            ("final=other", &[]),
            ("final=both", &[(PAUSE_OF_OTHER, Usr2)]),
            ("final=twice", &[(PAUSE, Usr1)]),
        ] {
            assert_eq!(play(spec, false).0, expected, "{spec}");
        }
        assert_eq!(play("ack=none", true), (std::vec![], std::vec![]));
    }

    #[test]
    fn a_client_that_does_not_end_is_tried_and_its_end_shows_what_it_waited_for() {
        for (spec, sent, shown) in [
            (
                "classic",
                [(TRY_AFTER, Usr2), (TRY_AFTER, Usr1)],
                [Same, Both, Twice],
            ),
            (
                "final=both",
                [(PAUSE_OF_OTHER, Usr2), (TRY_AFTER, Usr1)],
                [Same, Both, Twice],
            ),
            (
                "final=twice",
                [(PAUSE, Usr1), (TRY_AFTER, Usr2)],
                [Same, Twice, Both],
            ),
        ] {
            assert_eq!(play(spec, true), (sent.into(), shown.into()), "{spec}");
        }
    }

    #[test]
    fn the_end_of_a_client_that_has_gone_on_shows_nothing() {
        let mut acks = FinalAcks::default();
        acks.plan(&Dialect::CLASSIC, Usr1, true, 0);
        acks.restart_silence(7);
        assert_eq!(acks.poll_timeout(), Some(7 + TRY_AFTER));
        for _ in 0..8 {
            acks.handle_symbol(1);
            assert_eq!(acks.awaited(1), None);
        }
        assert_eq!(acks.poll_timeout(), None);
    }

    #[test]
    fn the_end_of_a_client_on_the_other_signal_alone_confirms_that_it_waits_for_it() {
        let dialect: Dialect = "final=other".parse().unwrap();
        let mut acks = FinalAcks::default();
        acks.plan(&dialect, Usr1, true, 0);
        assert_eq!(acks.awaited(1), Some(FinalAck::Other));
    }

    #[test]
    fn a_client_that_stops_after_a_bit_too_many_gets_the_other_signal_instead() {
        for (spec, may_try, expected) in [
            ("classic", true, Some((Usr2, FinalAck::Other))),
            ("final=other", true, Some((Usr1, Same))),
            ("classic", false, None),
            ("final=both", false, Some((Usr2, Both))),
            ("final=twice", false, Some((Usr1, Twice))),
        ] {
            let mut acks = FinalAcks::default();
            acks.plan(&spec.parse().unwrap(), Usr1, may_try, 0);
            acks.handle_symbol(5);
            assert_eq!(acks.poll_ack(4 + EXTRA_AFTER), None);
            let sent = acks.poll_ack(5 + EXTRA_AFTER);
            let shown = acks.awaited(6 + EXTRA_AFTER);
            assert_eq!(sent.zip(shown), expected, "{spec}");
            assert!(acks.is_empty() && (sent.is_none() == expected.is_none()));
        }
    }
}
