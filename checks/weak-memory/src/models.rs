//! The models, over the ring beside this file. Each panics in an execution that breaks a guarantee of the ring.
//!
//! A producer that has reached the mark waits until its entry has been popped, as the ring requires.

use super::ring::{Consumer, Entry, Ring};
use crate::{Census, Model};
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use std::num::NonZeroU64;
use std::sync::Arc;

/// An entry with two words behind its tag, so that it can be torn.
type Pair = Entry<2>;

/// A way to push.
type Push = fn(&Ring<SLOTS, 2>, &Pair) -> bool;

/// The capacity of the smallest possible ring: half of it, the mark, plus one is the number of producers that it allows.
const SLOTS: usize = 4;
const PRODUCERS: usize = SLOTS / 2 + 1;

/// Every model. Each bound is the highest that takes only seconds; the mutants show that it is high enough.
pub const ALL: &[Model] = &[
    Model { name: "laps", run: laps, preemptions: 2, at_least: 50_000, concurrent: 40_000 },
    Model { name: "laps alone", run: laps_alone, preemptions: 2, at_least: 30_000, concurrent: 20_000 },
    Model { name: "two producers", run: two_producers, preemptions: 2, at_least: 70_000, concurrent: 50_000 },
    Model { name: "three producers", run: three_producers, preemptions: 1, at_least: 30_000, concurrent: 20_000 },
    Model { name: "handover", run: handover, preemptions: 9, at_least: 9, concurrent: 5 },
    Model { name: "own handler", run: own_handler, preemptions: 4, at_least: 5_000, concurrent: 500 },
];

/// A main loop that admits a producer as soon as a pop returns `None`, which is not enough: it must panic with every ring.
pub const LET_IN_TOO_EARLY: Model = Model {
    name: "let in too early",
    run: let_in_too_early,
    preemptions: 2,
    at_least: 0,
    concurrent: 0,
};

/// Two producers without read-modify-write, which AS-14 excludes: it must panic with every ring.
pub const TWO_ALONE: Model = Model {
    name: "two alone",
    run: two_alone,
    preemptions: 2,
    at_least: 0,
    concurrent: 0,
};

/// One producer, twice round the ring and one entry more.
fn laps(census: &Census) {
    laps_by(Ring::push, census);
}

/// One producer without read-modify-write, twice round the ring and one entry more.
fn laps_alone(census: &Census) {
    laps_by(Ring::push_alone, census);
}

fn laps_by(push: Push, census: &Census) {
    let ring = Arc::new(Shared::new());
    let producer = ring.produce_by(push, 0, 2 * SLOTS + 1);
    let mut tally = Tally::new(census);
    let mut consumer = ring.ring.claim().unwrap();
    tally.pop_until(&ring, &mut consumer, [2 * SLOTS + 1, 0, 0]);
    producer.join().unwrap();
    assert_eq!(consumer.pop(), None);
}

/// Two producers; the second comes late and knows `head` only through the tickets of the first.
fn two_producers(census: &Census) {
    let ring = Arc::new(Shared::new());
    let producers = [ring.produce(0, SLOTS), ring.produce(1, 1)];
    let mut tally = Tally::new(census);
    let mut consumer = ring.ring.claim().unwrap();
    tally.pop_until(&ring, &mut consumer, [SLOTS, 1, 0]);
    producers.into_iter().for_each(|p| p.join().unwrap());
    assert_eq!(consumer.pop(), None);
}

fn two_alone(census: &Census) {
    let ring = Arc::new(Shared::new());
    let producers = [0, 1].map(|who| ring.produce_by(Ring::push_alone, who, 1));
    let mut tally = Tally::new(census);
    let mut consumer = ring.ring.claim().unwrap();
    producers.into_iter().for_each(|p| p.join().unwrap());
    for _ in 0..2 {
        tally.take(ring.pop(&mut consumer).expect("a signal is lost"));
    }
}

/// As many producers as a ring of four allows, with no slot to spare: the last ticket names the slot that is being read.
fn three_producers(census: &Census) {
    let ring = Arc::new(Shared::new());
    let producers = [ring.produce(0, SLOTS - 1), ring.produce(1, 1), ring.produce(2, 1)];
    let mut tally = Tally::new(census);
    let mut consumer = ring.ring.claim().unwrap();
    tally.pop_until(&ring, &mut consumer, [SLOTS - 1, 1, 1]);
    producers.into_iter().for_each(|p| p.join().unwrap());
    assert_eq!(consumer.pop(), None);
}

/// The right to consume moves from one thread to another. Each tries only once: in loom, unlike C11, a failed swap may hide the
/// release that it did not see for ever.
fn handover(census: &Census) {
    let ring = Arc::new(Shared::new());
    ring.ring.push(&entry(0, 0));
    ring.ring.push(&entry(0, 1));
    let mut tally = Tally::new(census);
    let other = {
        let ring = Arc::clone(&ring);
        thread::spawn(move || ring.ring.claim().map(|mut consumer| ring.pop(&mut consumer)))
    };
    let ours = ring.ring.claim().map(|mut consumer| ring.pop(&mut consumer));
    let others = other.join().unwrap();
    let both = [ours, others];
    assert!(!both.contains(&Some(None)), "there was something to take");
    let mut taken: Vec<_> = both.into_iter().flatten().flatten().collect();
    if taken.len() == 2 {
        census.one_concurrent();
    }
    taken.sort_unstable_by_key(|entry| entry.rest[0]);
    taken.into_iter().for_each(|entry| tally.take(entry));
}

/// The handler interrupts the main loop's own thread, and is admitted again only below the mark; the handler of another thread
/// runs concurrently.
fn own_handler(census: &Census) {
    main_loop(census, |consumer| consumer.is_below_mark());
}

fn let_in_too_early(census: &Census) {
    main_loop(census, |_| true);
}

fn main_loop(census: &Census, may_let_in: impl Fn(&Consumer<'_, SLOTS, 2>) -> bool) {
    let ring = Arc::new(Shared::new());
    let other = ring.produce(1, 1);
    let mut tally = Tally::new(census);
    let mut consumer = ring.ring.claim().unwrap();
    for n in 0..SLOTS + 1 {
        let masked = ring.ring.push(&entry(0, n));
        if !masked {
            continue;
        }
        loop {
            while let Some(entry) = ring.pop(&mut consumer) {
                tally.take(entry);
            }
            if may_let_in(&consumer) {
                break;
            }
            thread::yield_now();
        }
    }
    tally.pop_until(&ring, &mut consumer, [SLOTS + 1, 1, 0]);
    other.join().unwrap();
    assert_eq!(consumer.pop(), None);
}

struct Shared {
    ring: Ring<SLOTS, 2>,
    /// The number of popped entries of each producer: this admits a producer that has reached the mark again.
    popped: [AtomicUsize; PRODUCERS],
}

impl Shared {
    fn new() -> Self {
        Self {
            ring: Ring::new(),
            popped: std::array::from_fn(|_| AtomicUsize::new(0)),
        }
    }

    fn produce(self: &Arc<Self>, who: usize, count: usize) -> thread::JoinHandle<()> {
        self.produce_by(Ring::push, who, count)
    }

    fn produce_by(self: &Arc<Self>, push: Push, who: usize, count: usize) -> thread::JoinHandle<()> {
        let shared = Arc::clone(self);
        thread::spawn(move || {
            for n in 0..count {
                if push(&shared.ring, &entry(who, n)) && n + 1 < count {
                    // Ordering: Acquire pairs with the Release in `pop`: the consumer drained, and admitted this producer.
                    while shared.popped[who].load(Ordering::Acquire) <= n {
                        thread::yield_now();
                    }
                }
            }
        })
    }

    fn pop(&self, consumer: &mut Consumer<'_, SLOTS, 2>) -> Option<Pair> {
        let entry = consumer.pop()?;
        let who = entry.tag.get() as usize - 1;
        // Ordering: Release pairs with the Acquire in `produce`.
        self.popped[who].store(entry.rest[0] as usize + 1, Ordering::Release);
        Some(entry)
    }
}

fn entry(who: usize, n: usize) -> Pair {
    Entry {
        tag: NonZeroU64::new(who as u64 + 1).unwrap(),
        rest: [n as u64, !(n as u64) << 8 | who as u64],
    }
}

/// The entries that the consumer has seen in this execution: of each producer whole, in order and without a gap.
struct Tally<'c> {
    next: [usize; PRODUCERS],
    waiting: bool,
    waited: bool,
    census: &'c Census,
}

impl<'c> Tally<'c> {
    fn new(census: &'c Census) -> Self {
        census.one_more();
        Self {
            next: [0; PRODUCERS],
            waiting: false,
            waited: false,
            census,
        }
    }

    fn pop_until(&mut self, ring: &Shared, consumer: &mut Consumer<'_, SLOTS, 2>, want: [usize; PRODUCERS]) {
        while self.next != want {
            match ring.pop(consumer) {
                Some(entry) => self.take(entry),
                None => {
                    self.waiting |= self.next != [0; PRODUCERS];
                    thread::yield_now();
                }
            }
        }
    }

    fn take(&mut self, e: Pair) {
        if self.waiting && !self.waited {
            self.waited = true;
            self.census.one_concurrent();
        }
        let who = e.tag.get() as usize - 1;
        assert_eq!(e, entry(who, self.next[who]), "torn, lost, twice or out of order");
        self.next[who] += 1;
    }
}
