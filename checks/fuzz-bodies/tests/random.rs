//! Random inputs, the same in each run: long sequences of operations, which a corpus of short inputs does not have.

use std::panic::{AssertUnwindSafe, catch_unwind};

use fuzz_bodies::world::Parts;
use fuzz_bodies::{TARGETS, adversary, link, receiver, sender};
use minitalk::wire::control::{Nonces, Reply};
use minitalk::wire::siphash::Key;

/// The kinds of operations of `link::op`, each as often as it occurs here.
const LINK: &[u8] = &[
    0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 4, 4, 5, 6, 7, 8, 10, 12, 15,
];

/// The same with operations of an adversary: 13 and more.
const ADVERSARY: &[u8] = &[
    0, 0, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 6, 7, 8, 10, 12, 13, 14, 15,
];

/// Draws pseudo-random numbers (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }

    fn bytes(&mut self, len: u64) -> Vec<u8> {
        (0..len).map(|_| self.next() as u8).collect()
    }

    /// Returns an input of up to `len` operations: mostly of these kinds, so that a transfer gets on between its disasters.
    fn operations(&mut self, kinds: &[u8], len: u64) -> Vec<u8> {
        let len = self.next() % len;
        let mut bytes = self.bytes(1 + len);
        for byte in &mut bytes[1..] {
            if !self.next().is_multiple_of(50) {
                *byte = *byte & 0xF0 | kinds[self.next() as usize % kinds.len()];
            }
        }
        bytes
    }
}

/// Exactly the bytes that a client sent, once, and "delivered" only if they were written; nothing in another's name.
#[test]
fn every_message_arrives_once_whatever_a_third_process_sends() {
    for seed in 0..50 {
        eprintln!("seed {seed}");
        let mut random = Random(seed);
        link::run(&random.operations(LINK, 6_000));
        adversary::run_on_server(&random.operations(ADVERSARY, 6_000));
        adversary::run_on_client(&random.operations(ADVERSARY, 6_000));
    }
}

#[test]
fn no_reply_makes_a_sender_panic_and_no_request_a_receiver() {
    for seed in 0..60 {
        eprintln!("seed {seed}");
        let mut random = Random(seed);
        sender::run(&random.bytes(1_000));
        receiver::run(&random.bytes(1_000));
    }
}

#[test]
fn every_target_takes_any_input() {
    for seed in 0..100 {
        for target in TARGETS {
            eprintln!("seed {seed}, {}", target.name);
            (target.run)(&Random(seed).bytes(seed));
        }
    }
}

/// Seeded defects: each must show.
#[test]
fn random_inputs_detect_defects() {
    let fails = |kinds, body: &dyn Fn(&[u8])| {
        (0..100).any(|seed| {
            let input = Random(seed).operations(kinds, 6_000);
            catch_unwind(AssertUnwindSafe(|| body(&input))).is_err()
        })
    };
    let knows_no_room = || Parts {
        no_room: |_, _| (),
        ..Parts::default()
    };
    assert!(fails(LINK, &|input| link::check(input, knows_no_room())));
    let one_key = || Parts {
        session_key: |_, _| Key([1, 2]),
        ..Parts::default()
    };
    assert!(fails(ADVERSARY, &|input| adversary::on_server(
        input,
        one_key()
    )));
    let believes_all = || Parts {
        hear: Box::new(|sender, reply, now| {
            let client = sender.client_nonce();
            let nonces = Nonces {
                client,
                ..reply.nonces
            };
            sender.handle_reply(Reply { nonces, ..reply }, now);
        }),
        ..Parts::default()
    };
    assert!(fails(ADVERSARY, &|input| adversary::on_client(
        input,
        believes_all()
    )));
}
