//! Queues the signals that the handler receives for the main loop.
//!
//! Any number of producers (the handler, on any thread, nested or not: AS-14), one consumer (the main loop). A push is
//! wait-free (AS-12), never drops and never fails. It takes a ticket with one `fetch_add`, fills the slot that the ticket names
//! and publishes it by a nonzero tag. It reports whether the ring now stands at or above its high-water mark. A producer that
//! gets this report must not push again before the consumer has drained the ring below the mark
//! ([`Consumer::is_below_mark`]); the handler obeys by blocking its own signals.
//!
//! | field | written by | read by |
//! | --- | --- | --- |
//! | `tail` | producers (`fetch_add`; or a load and a store, where there is one) | producers |
//! | `slots[i].rest` | the producer that holds the ticket | the consumer |
//! | `slots[i].tag` | the producer (nonzero: filled), the consumer (0: free) | the consumer |
//! | `head` | the consumer | producers |
//! | `Consumer::next` | the consumer | the consumer: a private cursor, never re-loaded |
//!
//! # Why no push can overrun (AS-13)
//!
//! Let `N` be the capacity, `H = N / 2` the mark and `T <= H + 1` the threads that may run the handler. Push `t` writes
//! the slot of push `t - N`, so that one must have been consumed, and the consumer's reads of it must happen before our
//! writes. Look at the `T` pushes before `t`. Either one of them was made by our own thread, or by the pigeonhole two
//! were made by one thread: either way one of them, `t - k` with `k <= T`, was complete before `t` took its ticket, and
//! its load of `head` happened before (program order, then the release sequence of `tail`). It found its thread below
//! the mark, so `head > t - k + 1 - H >= t - N`; or it found the mark reached, and its thread has pushed again only
//! because the consumer had come as far and let it. The `Release` store of `head` orders the consumer's reads before both.
//!
//! # Why one producer needs no read-modify-write (AS-14)
//!
//! [`Ring::push_alone`] is for a CPU whose only read-modify-write is a load-exclusive and a store-exclusive, which must be
//! retried for as long as interrupts and other CPUs come between them: no bound on the retries is promised. It loads
//! `tail` and stores it one higher, which gives each push its own ticket if no two pushes overlap. AS-14 says so: one thread
//! has the signals open; there `sa_mask` keeps the handler from interrupting itself, and the main loop pushes only while the
//! signals are blocked. The main loop's other code, at any instruction of which the handler may run, never writes `tail`.
//! So `T = 1` in the proof above, `t - 1` is the thread's own push, and program order takes the place of the release
//! sequence. Another thread can take over when it claims the ring: the owner before it released the claim after its
//! last push. Where AS-14 is broken, two threads can take one ticket: then a signal is lost, or one is mixed from both, which
//! `push` excludes.

use core::num::NonZeroU64;
use core::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// Gives the number of slots in the handler's ring: 64 KiB of zeroed memory, which an idle process never touches.
pub const CAPACITY: usize = 1024;

/// Gives the number of words behind an entry's tag: with it, all of `struct kernel_siginfo` (48 bytes).
pub const REST: usize = 5;

/// Holds the signals that this process's handler received and the main loop has not yet drained.
pub static RING: Ring<CAPACITY, REST> = Ring::new();

/// Holds the words that a handler copied from one signal, which it does not interpret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Entry<const W: usize> {
    /// Holds the first word, which is not 0, since 0 marks a free slot.
    pub tag: NonZeroU64,
    /// Holds the other words.
    pub rest: [u64; W],
}

/// Queues entries of `1 + W` words in `N` slots, `N` a power of two of at least 4.
///
/// Any number of producers push, even signal handlers that interrupt each other; one [`Consumer`] pops.
///
/// ```
/// use std::num::NonZeroU64;
///
/// use minitalk::ring::{Entry, Ring};
///
/// static RING: Ring<16, 1> = Ring::new();
///
/// let mut consumer = RING.claim().unwrap();
/// // A signal handler may do this.
/// RING.push(&Entry { tag: NonZeroU64::MIN, rest: [42] });
/// assert_eq!(consumer.pop().map(|entry| entry.rest), Some([42]));
/// assert_eq!(consumer.pop(), None);
/// ```
pub struct Ring<const N: usize, const W: usize> {
    tail: AtomicUsize,
    head: AtomicUsize,
    claimed: AtomicBool,
    slots: [Slot<W>; N],
}

impl<const N: usize, const W: usize> Ring<N, W> {
    /// Gives the number of entries from which a push reports the mark.
    pub const HIGH_WATER: usize = N / 2;

    /// Returns an empty ring.
    #[must_use]
    pub const fn new() -> Self {
        const {
            assert!(
                N.is_power_of_two() && N >= 4,
                "the capacity is a power of two"
            );
        }
        Self {
            tail: AtomicUsize::new(0),
            head: AtomicUsize::new(0),
            claimed: AtomicBool::new(false),
            slots: [const { Slot::new() }; N],
        }
    }

    /// Appends `entry` and returns whether the ring is now at or above its high-water mark.
    ///
    /// After `true` the caller must not push again until the consumer has drained the ring below the mark.
    #[inline]
    pub fn push(&self, entry: &Entry<W>) -> bool {
        // Ordering: AcqRel makes the tickets one chain of synchronisation: it pairs with every earlier push's own
        // fetch_add, so that what those producers had seen of `head` is known here (the proof above needs it).
        let ticket = self.tail.fetch_add(1, Ordering::AcqRel);
        self.fill(ticket, entry)
    }

    /// Appends as [`push`](Self::push) does, without a read-modify-write, for a CPU where that would loop or call.
    ///
    /// No other push may overlap this one, on any thread: the two could take one ticket.
    #[inline]
    pub fn push_alone(&self, entry: &Entry<W>) -> bool {
        // Ordering: Relaxed; no other push overlaps this one, and all were made by this thread or before it claimed the
        // ring, so the last ticket is known.
        let ticket = self.tail.load(Ordering::Relaxed);
        // Ordering: Relaxed; as above.
        self.tail.store(ticket.wrapping_add(1), Ordering::Relaxed);
        self.fill(ticket, entry)
    }

    /// Fills the slot that `ticket` names, publishes it, and returns whether the mark is reached.
    #[inline]
    fn fill(&self, ticket: usize, entry: &Entry<W>) -> bool {
        let slot = &self.slots[ticket & (N - 1)];
        for (word, from) in slot.rest.iter().zip(&entry.rest) {
            // Ordering: Relaxed; published by the tag below.
            word.store(*from, Ordering::Relaxed);
        }
        // Ordering: Release pairs with the Acquire load in `pop`: a consumer that sees the tag sees the other words.
        slot.tag.store(entry.tag.get(), Ordering::Release);
        // Ordering: Acquire pairs with the Release store in `pop`: slots below `head` have been read and may be reused.
        let head = self.head.load(Ordering::Acquire);
        ticket.wrapping_sub(head) >= Self::HIGH_WATER - 1
    }

    /// Returns the consuming end, which has one owner at a time; `None` while another owner holds it.
    pub fn claim(&self) -> Option<Consumer<'_, N, W>> {
        // Ordering: Acquire pairs with the Release in `Consumer::drop`: the new owner sees the `head` the old one left.
        if self.claimed.swap(true, Ordering::Acquire) {
            return None;
        }
        // Ordering: Relaxed; only a consumer writes `head`, and the swap above ordered the last one's writes before us.
        let next = self.head.load(Ordering::Relaxed);
        Some(Consumer { ring: self, next })
    }

    /// Returns whether the consuming end is [claimed](Self::claim) at this moment.
    pub(crate) fn is_claimed(&self) -> bool {
        // Ordering: Relaxed; a hint: only `claim` decides.
        self.claimed.load(Ordering::Relaxed)
    }

    /// Empties the ring and releases its claim, in a forked child, where a push or a consumer of another thread was cut off.
    ///
    /// The caller must be the only thread of the process and must hold no consumer.
    pub(crate) fn reset(&self) {
        // Ordering: Relaxed throughout; there is no other thread.
        for Slot { tag, .. } in &self.slots {
            tag.store(0, Ordering::Relaxed);
        }
        self.tail.store(0, Ordering::Relaxed);
        self.head.store(0, Ordering::Relaxed);
        self.claimed.store(false, Ordering::Relaxed);
    }
}

impl<const N: usize, const W: usize> Default for Ring<N, W> {
    fn default() -> Self {
        Self::new()
    }
}

/// Pops the entries of a [`Ring`], oldest first.
pub struct Consumer<'r, const N: usize, const W: usize> {
    ring: &'r Ring<N, W>,
    next: usize,
}

impl<const N: usize, const W: usize> Consumer<'_, N, W> {
    /// Removes and returns the oldest entry; `None` if there is none, or if its push is not complete.
    #[inline]
    pub fn pop(&mut self) -> Option<Entry<W>> {
        let slot = &self.ring.slots[self.next & (N - 1)];
        // Ordering: Acquire pairs with the Release store in `push`: the words below are those of this tag.
        let tag = NonZeroU64::new(slot.tag.load(Ordering::Acquire))?;
        let entry = Entry {
            tag,
            // Ordering: Relaxed; ordered after the tag's Acquire and before the Release of `head`.
            rest: core::array::from_fn(|i| slot.rest[i].load(Ordering::Relaxed)),
        };
        // Ordering: Relaxed; no producer writes this slot before it has seen the `head` stored next.
        slot.tag.store(0, Ordering::Relaxed);
        self.next = self.next.wrapping_add(1);
        // Ordering: Release pairs with the Acquire load in `push`: our reads of the slot come before its reuse.
        self.ring.head.store(self.next, Ordering::Release);
        Some(entry)
    }

    /// Returns whether a producer that reached the mark may push again, because fewer entries than the mark are left.
    ///
    /// An empty [`pop`](Self::pop) does not say so: an incomplete push holds back all later entries. The answer holds for the
    /// calling thread; another must receive it through a `Release`.
    #[must_use]
    pub fn is_below_mark(&self) -> bool {
        // Ordering: Relaxed; a thread sees at least its own tickets, and only those must have been consumed.
        let tail = self.ring.tail.load(Ordering::Relaxed);
        tail.wrapping_sub(self.next) < Ring::<N, W>::HIGH_WATER
    }

    /// Returns whether [`pop`](Self::pop) would return `None`.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        // Ordering: Relaxed; nothing is read through the tag here.
        self.ring.slots[self.next & (N - 1)]
            .tag
            .load(Ordering::Relaxed)
            == 0
    }
}

impl<const N: usize, const W: usize> Drop for Consumer<'_, N, W> {
    fn drop(&mut self) {
        // Ordering: Release pairs with the Acquire swap in `claim`.
        self.ring.claimed.store(false, Ordering::Release);
    }
}

/// Holds one entry in a cache line of its own, since neighbouring entries are written and read on different CPUs.
#[repr(align(64))]
struct Slot<const W: usize> {
    tag: AtomicU64,
    rest: [AtomicU64; W],
}

impl<const W: usize> Slot<W> {
    const fn new() -> Self {
        Self {
            tag: AtomicU64::new(0),
            rest: [const { AtomicU64::new(0) }; W],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn entry(n: u64) -> Entry<2> {
        Entry {
            tag: NonZeroU64::new(n + 1).unwrap(),
            rest: [n << 8, !n],
        }
    }

    /// Lists both ways to push, which one thread may mix.
    const PUSHES: [fn(&Ring<8, 2>, &Entry<2>) -> bool; 2] = [Ring::push, Ring::push_alone];

    #[test]
    fn entries_come_out_whole_and_in_order_across_many_laps() {
        let ring = Ring::<8, 2>::new();
        let mut consumer = ring.claim().unwrap();
        let (mut pushed, mut popped) = (0, 0);
        for lap in 0..100 {
            for n in 0..lap % 5 {
                PUSHES[n % 2](&ring, &entry(pushed));
                pushed += 1;
            }
            while let Some(e) = consumer.pop() {
                assert_eq!(e, entry(popped));
                popped += 1;
            }
            assert_eq!(popped, pushed);
            assert!(consumer.is_empty());
        }
    }

    #[test]
    fn the_mark_is_reported_from_half_full_on() {
        for push in PUSHES {
            let ring = Ring::<8, 2>::new();
            let mut consumer = ring.claim().unwrap();
            assert_eq!(
                (0..8).map(|n| push(&ring, &entry(n))).collect::<Vec<_>>(),
                [false, false, false, true, true, true, true, true]
            );
            assert!(!consumer.is_below_mark());
            for n in 0..6 {
                assert_eq!(consumer.pop(), Some(entry(n)));
            }
            assert!(!push(&ring, &entry(8)), "three entries are below the mark");
            assert!(consumer.is_below_mark());
            assert!(push(&ring, &entry(9)), "four are not");
            assert!(!consumer.is_below_mark());
        }
    }

    #[test]
    fn one_consumer_at_a_time() {
        let ring = Ring::<4, 2>::new();
        ring.push(&entry(0));
        let mut first = ring.claim().unwrap();
        assert!(ring.claim().is_none());
        assert_eq!(first.pop(), Some(entry(0)));
        drop(first);
        ring.push(&entry(1));
        assert_eq!(ring.claim().unwrap().pop(), Some(entry(1)));
    }

    /// Checks with three producers that no entry is lost or duplicated, and that each producer's order is kept.
    #[test]
    fn threads_that_obey_the_mark_never_overrun() {
        const EACH: u64 = 20_000;
        static SMALL: Ring<8, 2> = Ring::new();
        let producers: Vec<_> = (0..3u64)
            .map(|who| {
                std::thread::spawn(move || {
                    for n in 0..EACH {
                        let high = SMALL.push(&Entry {
                            tag: NonZeroU64::new(who + 1).unwrap(),
                            rest: [n, !n],
                        });
                        while high
                            && SMALL
                                .tail
                                .load(Ordering::Acquire)
                                .wrapping_sub(SMALL.head.load(Ordering::Acquire))
                                >= Ring::<8, 2>::HIGH_WATER
                        {
                            std::thread::yield_now();
                        }
                    }
                })
            })
            .collect();
        let mut consumer = SMALL.claim().unwrap();
        let mut next = [0; 3];
        while next != [EACH; 3] {
            let Some(e) = consumer.pop() else {
                std::thread::yield_now();
                continue;
            };
            let who = e.tag.get() as usize - 1;
            assert_eq!(e.rest, [next[who], !next[who]]);
            next[who] += 1;
        }
        producers.into_iter().for_each(|p| p.join().unwrap());
    }
}
