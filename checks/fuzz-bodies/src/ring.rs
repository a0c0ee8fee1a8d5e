//! The ring between handler and main loop, compared with a `VecDeque`.
//!
//! Input: one byte for each operation, see `Op`. Four producers obey the mark as threads do: a producer that has reached the
//! mark does not push again before the consumer has drained the ring.

use std::collections::VecDeque;
use std::num::NonZeroU64;

use arbitrary::{Arbitrary, Unstructured};
use minitalk::ring::{Entry, Ring};

const CAPACITY: usize = 8;

/// The number of producers that the mark allows.
const PRODUCERS: usize = Small::HIGH_WATER;

type Small = Ring<CAPACITY, 2>;

enum Op {
    Push(usize),
    Pop,
    IsEmpty,
    Drain,
    ClaimAgain,
    GiveBack,
}

impl<'a> Arbitrary<'a> for Op {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let byte = u8::arbitrary(u)?;
        Ok(match byte & 7 {
            0..=2 => Self::Push(usize::from(byte >> 3) % PRODUCERS),
            3 => Self::Pop,
            4 => Self::IsEmpty,
            5 => Self::Drain,
            6 => Self::ClaimAgain,
            _ => Self::GiveBack,
        })
    }
}

/// Executes the operations of `data`, and panics when ring and model differ.
pub fn run(data: &[u8]) {
    check(data, &mut Small::push);
}

/// Runs the body with `push` in place of [`Ring::push`].
pub fn check(data: &[u8], push: &mut dyn FnMut(&Small, &Entry<2>) -> bool) {
    let ring = Small::new();
    let mut consumer = ring.claim().expect("nobody else claims it");
    let mut model = VecDeque::new();
    let mut told = [false; PRODUCERS];
    let mut count = 0;
    let mut u = Unstructured::new(data);
    while !u.is_empty() {
        match Op::arbitrary(&mut u).expect("one byte is enough") {
            Op::Push(producer) if told[producer] => {}
            Op::Push(producer) => {
                count += 1;
                let entry = entry(count);
                model.push_back(entry);
                assert!(model.len() <= CAPACITY, "an overrun in spite of the mark");
                told[producer] = push(&ring, &entry);
                assert_eq!(told[producer], model.len() >= Small::HIGH_WATER, "the mark");
            }
            Op::Pop => assert_eq!(consumer.pop(), model.pop_front()),
            Op::IsEmpty => assert_eq!(consumer.is_empty(), model.is_empty()),
            Op::Drain => {
                while let Some(entry) = consumer.pop() {
                    assert_eq!(Some(entry), model.pop_front());
                }
                assert!(model.is_empty(), "entries left behind");
                told = [false; PRODUCERS];
            }
            Op::ClaimAgain => assert!(ring.claim().is_none(), "two consumers"),
            Op::GiveBack => {
                drop(consumer);
                consumer = ring.claim().expect("it was given back");
            }
        }
    }
    while let Some(entry) = model.pop_front() {
        assert_eq!(consumer.pop(), Some(entry));
    }
    assert_eq!(consumer.pop(), None);
}

fn entry(count: u64) -> Entry<2> {
    Entry {
        tag: NonZeroU64::new(count).expect("the first is 1"),
        rest: [count << 32 | 7, !count],
    }
}
