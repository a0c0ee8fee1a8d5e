//! Tracks the words in flight: which to send next, and how many at a time.
//!
//! Real-time signals queue, in order and without loss. So the window bounds two things only: how far the sender may run
//! ahead of the receiver, and how much of the queue one transfer takes (RLIMIT_SIGPENDING, shared by all processes of a
//! user). Where the kernel has no room for a word, the window shrinks.

/// Limits the words in flight; from 16 up, more only bridges the scheduler's delays.
pub const MAX_WINDOW: u32 = 64;

/// Acknowledged words after which a window that had to shrink grows by one word.
const GROW_AFTER: u32 = 1024;

/// Tracks the words of a transfer, numbered from 0 to `end`; see the module's text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct WordWindow {
    pub(super) end: u32,
    /// The first word that has not been taken.
    pub(super) acknowledged: u32,
    next: u32,
    /// How many words are known to have been sent: the kernel may still refuse the last.
    sent: u32,
    size: u32,
    /// Words acknowledged since the size last changed.
    since: u32,
}

impl WordWindow {
    /// Returns the window over `end` words, none of them sent.
    pub fn new(end: u32) -> Self {
        Self {
            end,
            size: MAX_WINDOW,
            ..Self::default()
        }
    }

    /// Returns the word to send now and whether to ask for a reply; `None` while the window is full, or all are sent.
    pub fn send(&mut self) -> Option<(u32, bool)> {
        let in_flight = self.in_flight();
        if self.next == self.end || in_flight >= self.size {
            return None;
        }
        let index = self.next;
        self.next += 1;
        let half = (self.size / 2).max(1);
        let is_last = self.next == self.end || in_flight + 1 == self.size;
        Some((index, is_last || self.next % half == 0))
    }

    /// Takes back the word last sent, for which the kernel had no room (EAGAIN), and shrinks the window.
    pub fn on_eagain(&mut self) {
        self.next = self.next.saturating_sub(1).max(self.acknowledged);
        self.size = (self.in_flight() / 2).max(1);
        self.since = 0;
    }

    /// Goes back to the oldest word that is not acknowledged, or to the very last, and returns it, to be sent again.
    pub fn rewind(&mut self) -> u32 {
        self.count_sent();
        let index = self.acknowledged.min(self.end.saturating_sub(1));
        self.next = self.acknowledged.max(index + 1);
        index
    }

    /// Takes in that all words before `next` have been taken; returns whether that is news, `None` if one was never sent.
    pub fn acknowledge(&mut self, next: u32) -> Option<bool> {
        self.count_sent();
        if next > self.sent {
            return None;
        }
        let news = next.saturating_sub(self.acknowledged);
        self.acknowledged += news;
        self.next = self.next.max(self.acknowledged);
        self.since = self.since.saturating_add(news);
        if self.since >= GROW_AFTER {
            self.since = 0;
            self.size = (self.size + 1).min(MAX_WINDOW);
        }
        Some(news > 0)
    }

    /// Returns the number of words sent and not acknowledged.
    pub const fn in_flight(&self) -> u32 {
        self.next - self.acknowledged
    }

    /// Returns whether every word has been sent at least once.
    pub const fn is_all_sent(&self) -> bool {
        self.sent == self.end || self.next == self.end
    }

    /// Goes back to the first word.
    pub fn restart(&mut self) {
        self.count_sent();
        self.acknowledged = 0;
        self.next = 0;
    }

    /// Takes in that the kernel had room for the word sent last.
    pub fn count_sent(&mut self) {
        self.sent = self.sent.max(self.next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the words that the window lets go, and of those the ones that ask for a reply.
    fn send_all(window: &mut WordWindow) -> (u32, std::vec::Vec<u32>) {
        let sent: std::vec::Vec<_> = core::iter::from_fn(|| window.send()).collect();
        let asking = sent.iter().filter(|(_, wants_reply)| *wants_reply);
        (sent.len() as u32, asking.map(|(index, _)| *index).collect())
    }

    #[test]
    fn a_reply_is_wanted_each_half_window_and_at_the_end() {
        let mut window = WordWindow::new(MAX_WINDOW + 5);
        assert_eq!(send_all(&mut window), (64, [31, 63].to_vec()));
        assert_eq!(window.in_flight(), 64);
        assert_eq!(window.acknowledge(1), Some(true));
        assert_eq!(send_all(&mut window), (1, [64].to_vec()), "a full window");
        assert_eq!(window.acknowledge(MAX_WINDOW), Some(true));
        assert_eq!(send_all(&mut window), (4, [68].to_vec()), "the last word");
    }

    #[test]
    fn a_window_without_room_shrinks_to_half_of_what_had_room() {
        let mut window = WordWindow::new(1_000_000);
        for _ in 0..5 {
            window.send();
        }
        window.on_eagain();
        assert_eq!((window.in_flight(), window.size), (4, 2));
        assert_eq!(window.send(), None);
        window.acknowledge(4);
        assert_eq!(send_all(&mut window), (2, [4, 5].to_vec()));
        window.acknowledge(6);
        assert_eq!(window.send(), Some((6, true)));
        window.on_eagain();
        assert_eq!(window.send(), Some((6, true)), "one word is always tried");
        window.acknowledge(7);
        window.on_eagain();
        assert_eq!(window.in_flight(), 0, "what was taken is not taken back");
    }

    #[test]
    fn a_word_that_had_no_room_was_not_sent() {
        let mut window = WordWindow::new(2);
        window.send();
        window.send();
        assert!(window.is_all_sent());
        window.on_eagain();
        assert!(!window.is_all_sent());
        assert_eq!(window.clone().acknowledge(2), None);
        window.acknowledge(1);
        window.send();
        window.rewind();
        window.on_eagain();
        assert!(window.is_all_sent(), "it was sent before");
        assert_eq!(window.acknowledge(2), Some(true));
    }

    #[test]
    fn a_window_that_shrank_grows_again() {
        let mut window = WordWindow::new(1_000_000);
        window.send();
        window.acknowledge(1);
        window.send();
        window.on_eagain();
        let take_up_to = |window: &mut WordWindow, end| {
            for next in window.acknowledged..end {
                window.send();
                window.acknowledge(next + 1);
            }
        };
        take_up_to(&mut window, GROW_AFTER);
        assert_eq!(window.size, 1, "one word too few");
        take_up_to(&mut window, GROW_AFTER + 1);
        assert_eq!(window.size, 2);
        take_up_to(&mut window, 2 * GROW_AFTER);
        assert_eq!(window.size, 2);
        take_up_to(&mut window, 100 * GROW_AFTER);
        assert_eq!(window.size, MAX_WINDOW);
    }

    #[test]
    fn after_a_timeout_only_what_is_missing_is_sent_again() {
        let mut window = WordWindow::new(100);
        for _ in 0..10 {
            window.send();
        }
        window.acknowledge(3);
        assert_eq!(window.rewind(), 3);
        assert_eq!(window.in_flight(), 1);
        assert_eq!(window.acknowledge(10), Some(true));
        assert_eq!(window.send(), Some((10, false)));
        assert_eq!(window.acknowledge(9), Some(false));
        assert_eq!(window.acknowledge(12), None, "word 11 was never sent");
        assert_eq!((window.acknowledged, window.end), (10, 100));
        while window.send().is_some() {}
        assert!(!window.is_all_sent());
        window.acknowledge(70);
        while window.send().is_some() {}
        assert!(window.is_all_sent());
        assert_eq!((window.rewind(), window.in_flight()), (70, 1));
        assert!(window.is_all_sent(), "what was sent may all have come");
        window.restart();
        assert!(window.is_all_sent());
        window.acknowledge(100);
        assert_eq!(window.rewind(), 99, "the very last word asks for the end");
        assert_eq!((window.in_flight(), window.send()), (0, None));
    }
}
