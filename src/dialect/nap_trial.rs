//! Whether a client goes on sooner if its acknowledgement comes while it naps.
//!
//! A client that sends a bit and then calls `usleep(10000)`, which a signal cuts short, sleeps the whole time if the
//! acknowledgement came before. It loses nothing, and is as slow as a client that paces itself. So when a client is slow to go on,
//! a few of its acknowledgements wait until it naps, and the times are compared.

use super::MILLISECOND;
use crate::wire::Nanos;

/// A client that takes this long to go on, or longer, is slow.
const SLOW: Nanos = MILLISECOND / 5;

/// The number of acknowledgements in a row, followed slowly, that lead to a trial.
const WATCHED: u8 = 8;

/// The number of acknowledgements in a trial, and how many of them the client has to follow sooner.
const TRIED: u8 = 4;
const NEEDED: u8 = 3;

/// Compares how soon one client goes on: after a few acknowledgements at once, and after a few in its nap.
#[derive(Clone, Copy, Debug)]
pub struct NapTrial {
    /// How many acknowledgements have been compared.
    count: u8,
    /// The number of acknowledgements in a nap that were followed in less than half of `shortest`.
    sooner: u8,
    /// The shortest time in which the client followed an acknowledgement that did not wait for its nap.
    shortest: Nanos,
}

impl NapTrial {
    /// Returns a trial that has not begun.
    pub const fn new() -> Self {
        Self {
            count: 0,
            sooner: 0,
            shortest: Nanos::MAX,
        }
    }

    /// Returns whether acknowledgements wait until the client naps.
    pub const fn is_on(&self) -> bool {
        WATCHED <= self.count && self.count < WATCHED + TRIED
    }

    /// Records how long after an acknowledgement the client has gone on; returns whether this shows that it goes on sooner when it
    /// is acknowledged in its nap.
    pub fn record(&mut self, took: Nanos) -> bool {
        if self.is_on() {
            self.sooner += u8::from(took < self.shortest / 2);
        } else if self.count > WATCHED {
            return false;
        } else if took < SLOW {
            *self = Self::new();
            return false;
        } else {
            self.shortest = self.shortest.min(took);
        }
        self.count += 1;
        self.count == WATCHED + TRIED && self.sooner >= NEEDED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Acknowledges a client that takes `at_once` to go on, and `napping` in its nap; returns whether the trial shows a gain.
    fn run(at_once: Nanos, napping: impl Fn(u8) -> Nanos) -> bool {
        let mut trial = NapTrial::new();
        for _ in 0..WATCHED {
            assert!(!trial.is_on() && !trial.record(at_once));
        }
        for i in 1..TRIED {
            assert!(trial.is_on() && !trial.record(napping(i)));
        }
        trial.record(napping(0))
    }

    #[test]
    fn a_client_whose_nap_is_cut_short_is_found() {
        assert!(run(SLOW, |_| SLOW / 2 - 1));
        let one_delay = |i| if i == 1 { 9 * MILLISECOND } else { SLOW };
        assert!(run(10 * MILLISECOND, one_delay));
    }

    #[test]
    fn a_client_that_paces_itself_is_left_alone() {
        assert!(!run(MILLISECOND, |_| MILLISECOND));
        assert!(!run(MILLISECOND, |i| MILLISECOND / if i < 2 { 3 } else { 2 }));
        let mut trial = NapTrial {
            count: WATCHED + TRIED,
            ..NapTrial::new()
        };
        assert!(!trial.is_on() && !trial.record(0) && !trial.is_on());
    }

    #[test]
    fn a_client_that_is_slow_now_and_then_is_not_tried() {
        let mut trial = NapTrial::new();
        for i in 0..1000 {
            let took = if i % i64::from(WATCHED) == 0 {
                0
            } else {
                MILLISECOND
            };
            assert!(!trial.record(took) && !trial.is_on());
        }
    }
}
