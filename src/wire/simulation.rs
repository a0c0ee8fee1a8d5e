//! Both ends of the link joined by a channel that does what the kernel does to standard signals, and worse: one pending
//! signal of a number at most, the rest swallowed; the lower number delivered first; strays in between; delays, pauses.
//! Every schedule comes from one seed.

use alloc::vec::Vec;
use proptest::prelude::*;

use super::bits::Bit;
use super::control::{Answer, Ask};
use super::receiver::{Outcome, Reaction, Receiver};
use super::sender::{Failure, Sender, Step};

const SECOND: u64 = 1_000_000_000;

/// xorshift64*: enough for schedules, and the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % n
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// What is pending in a process: `Some(None)` is a stray signal that is not ours.
#[derive(Default)]
struct Pending([Option<Option<Signal>>; 2]);

type Signal = (Bit, Option<u64>);

impl Pending {
    fn send(&mut self, slot: usize, signal: Option<Signal>) {
        self.0[slot].get_or_insert(signal);
    }

    fn deliver(&mut self) -> Option<Signal> {
        self.0.iter_mut().find_map(Option::take).flatten()
    }
}

fn slot(bit: Bit) -> usize {
    (bit == Bit::One) as usize
}

struct World {
    random: Random,
    storm: u64,
    now: u64,
    to_server: Pending,
    to_client: Pending,
    receiver: Receiver,
    unsettled: Vec<u16>,
    output: Vec<Vec<u8>>,
}

impl World {
    fn new(seed: u64, storm: u64) -> Self {
        Self {
            random: Random(seed | 1),
            storm,
            now: 0,
            to_server: Pending::default(),
            to_client: Pending::default(),
            receiver: Receiver::new(1000),
            unsettled: Vec::new(),
            output: Vec::new(),
        }
    }

    /// Sends `message` and returns how that ended, giving up after `patience` steps as a process that is killed would.
    fn send(&mut self, message: &[u8], tag: u16, patience: usize) -> Option<Result<(), Failure>> {
        let mut sender = Sender::new(message, tag, u64::MAX).unwrap();
        for _ in 0..patience {
            self.now += self.random.below(SECOND / 1000);
            for pending in [&mut self.to_server, &mut self.to_client] {
                if self.random.chance(self.storm) {
                    pending.send(self.random.below(2) as usize, None);
                }
            }
            if self.random.chance(1) {
                self.now += self.random.below(10) * SECOND;
            }
            match self.random.below(5) {
                0 | 1 => match sender.poll(self.now) {
                    Step::Transmit { bit, value, .. } => {
                        self.to_server.send(slot(bit), Some((bit, value)));
                    }
                    Step::Wait(_) => {}
                    Step::Finished(result) => return Some(result),
                },
                2 => self.server(),
                3 => self.writer(),
                _ => {
                    let value = self.to_client.deliver().and_then(|(_, value)| value);
                    if let Some(answer) = value.and_then(Answer::from_value) {
                        sender.answer(self.now, answer);
                    }
                }
            }
        }
        None
    }

    fn server(&mut self) {
        match self.random.below(20) {
            0 => self.receiver.hold(true),
            1..4 => {
                let answer = self.receiver.release();
                self.answer(answer, 0);
            }
            _ => {}
        }
        let Some((bit, value)) = self.to_server.deliver() else {
            return;
        };
        let Reaction { answer, outcome } = match value {
            None => self.receiver.bit(bit),
            Some(value) => self.receiver.ask(bit, Ask::from_value(value).unwrap()),
        };
        if let Some(Outcome::Complete { payload, .. }) = outcome {
            self.output.push(payload);
            self.unsettled.push(self.receiver.tag());
        }
        self.answer(answer, if value.is_none() { 0 } else { slot(bit) });
    }

    fn writer(&mut self) {
        if !self.unsettled.is_empty() && self.random.chance(50) {
            let tag = self.unsettled.remove(0);
            let answer = self.receiver.settle(tag, Ok(()));
            self.answer(answer, 0);
        }
    }

    fn answer(&mut self, answer: Option<Answer>, slot: usize) {
        if let Some(answer) = answer {
            let bit = Bit::from(slot == 1);
            self.to_client.send(slot, Some((bit, Some(answer.value()))));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_message_arrives_exactly_once_through_any_schedule(
        seed: u64,
        storm in prop_oneof![Just(0u64), 1..60u64],
        message in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let mut world = World::new(seed, storm);
        prop_assert_eq!(world.send(&message, 7, usize::MAX), Some(Ok(())));
        prop_assert_eq!(world.output, [message]);
    }

    /// A client that dies anywhere in its transfer, and another process of the same PID that begins at once, with the dead
    /// one's signals still pending on both sides.
    #[test]
    fn nothing_of_a_dead_client_reaches_its_successor(
        seed: u64,
        deaths in prop::collection::vec(1..3000usize, 1..5),
        message in prop::collection::vec(any::<u8>(), 0..10),
    ) {
        let mut world = World::new(seed, 10);
        let mut delivered = 0;
        for (n, patience) in deaths.into_iter().enumerate() {
            let tag = 1000 + n as u16;
            let result = world.send(&message, tag, patience);
            prop_assert!(matches!(result, None | Some(Ok(()))), "{result:?}");
            delivered += usize::from(result.is_some());
        }
        prop_assert_eq!(world.send(b"last", 9999, usize::MAX), Some(Ok(())));
        prop_assert_eq!(world.output.pop(), Some(b"last".to_vec()));
        prop_assert!(world.output.len() >= delivered);
        prop_assert!(world.output.iter().all(|m| *m == message));
    }
}
