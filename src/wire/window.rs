//! The words that are on their way: which to send next, and how many at a time.
//!
//! Real-time signals queue, in order and without loss, so the window bounds two things only: how far the sender may run
//! ahead of the receiver, and how much of the queue (RLIMIT_SIGPENDING, which all processes of a user share) one transfer
//! takes. Where the kernel refuses one for want of room, the window shrinks to what there is room for.

/// Words on their way at most. From 16 up there is nothing to gain but patience with the scheduler.
pub const WINDOW: u32 = 64;

/// Acknowledged words after which a window that had to shrink tries one word more.
const PROBATION: u32 = 1024;

/// See the module's text. Words are numbered from 0 to `end`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Flight {
    end: u32,
    acknowledged: u32,
    next: u32,
    window: u32,
    /// Words acknowledged since the window last changed.
    since: u32,
}

impl Flight {
    /// `end` words, none of which have been sent.
    #[must_use]
    pub const fn new(end: u32) -> Self {
        Self {
            end,
            acknowledged: 0,
            next: 0,
            window: WINDOW,
            since: 0,
        }
    }

    /// The word to send now, and whether to ask for an answer to it; `None` while the window is full, or all are sent.
    pub fn send(&mut self) -> Option<(u32, bool)> {
        let under_way = self.next - self.acknowledged;
        if self.next == self.end || under_way >= self.window {
            return None;
        }
        let index = self.next;
        self.next += 1;
        let half = (self.window / 2).max(1);
        let is_last = self.next == self.end || under_way + 1 == self.window;
        Some((index, is_last || self.next % half == 0))
    }

    /// The kernel had no room for the word last sent.
    pub fn refused(&mut self) {
        self.next = self.next.saturating_sub(1).max(self.acknowledged);
        self.window = (self.under_way() / 2).max(1);
        self.since = 0;
    }

    /// No answer came: goes back to the oldest word that is not acknowledged, or to the last of all, and returns it, to be
    /// sent again as a question. If those behind it are there after all, the answer says so.
    pub fn ask_again(&mut self) -> u32 {
        let index = self.acknowledged.min(self.end.saturating_sub(1));
        self.next = self.acknowledged.max(index + 1);
        index
    }

    /// Everything before the word `next` has been taken. Whether that is news; `None` if there is no such word.
    pub fn acknowledge(&mut self, next: u32) -> Option<bool> {
        if next > self.end {
            return None;
        }
        let news = next.saturating_sub(self.acknowledged);
        self.acknowledged += news;
        self.next = self.next.max(self.acknowledged);
        self.since = self.since.saturating_add(news);
        if self.since >= PROBATION {
            self.since = 0;
            self.window = (self.window + 1).min(WINDOW);
        }
        Some(news > 0)
    }

    /// Words that have been taken.
    #[must_use]
    pub const fn acknowledged(&self) -> u32 {
        self.acknowledged
    }

    /// Words sent and not acknowledged.
    #[must_use]
    pub const fn under_way(&self) -> u32 {
        self.next - self.acknowledged
    }

    /// Words in all.
    #[must_use]
    pub const fn end(&self) -> u32 {
        self.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_wanted_each_half_window_and_at_the_end() {
        let mut flight = Flight::new(WINDOW + 5);
        let mut wanted = [0; 3];
        let mut n = 0;
        while let Some((index, wants)) = flight.send() {
            if wants {
                wanted[n] = index;
                n += 1;
            }
        }
        assert_eq!((wanted, n), ([WINDOW / 2 - 1, WINDOW - 1, 0], 2));
        assert_eq!(flight.acknowledge(WINDOW), Some(true));
        let sent: [_; 6] = core::array::from_fn(|_| flight.send());
        assert_eq!(sent[4..], [Some((WINDOW + 4, true)), None]);
    }

    #[test]
    fn a_window_without_room_shrinks_and_asks_for_answers_all_the_same() {
        let mut flight = Flight::new(1_000_000);
        for _ in 0..5 {
            flight.send();
        }
        flight.refused();
        assert_eq!(flight.under_way(), 4);
        assert_eq!(flight.send(), None, "the window is two");
        flight.acknowledge(4);
        assert_eq!(flight.send(), Some((4, true)));
        flight.refused();
        assert_eq!(flight.send(), Some((4, true)), "one word is always tried");
        for next in 5..5 + 100 * PROBATION {
            flight.acknowledge(next);
        }
        assert_eq!(flight.window, WINDOW);
    }

    #[test]
    fn after_a_silence_only_what_is_missing_is_sent_again() {
        let mut flight = Flight::new(100);
        for _ in 0..10 {
            flight.send();
        }
        flight.acknowledge(3);
        assert_eq!(flight.ask_again(), 3);
        assert_eq!(flight.under_way(), 1);
        assert_eq!(flight.acknowledge(10), Some(true));
        assert_eq!(flight.send(), Some((10, false)));
        assert_eq!(flight.acknowledge(9), Some(false));
        assert_eq!(flight.acknowledge(101), None);
        flight.acknowledge(100);
        assert_eq!(
            flight.ask_again(),
            99,
            "the end is asked for by the last word"
        );
        assert_eq!((flight.under_way(), flight.send()), (0, None));
    }
}
