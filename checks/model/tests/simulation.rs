//! Random schedules: the faithful link survives all of them, and every mutant fails in one.
//!
//! `MINITALK_SEED=n cargo test -p check-model --test simulation` repeats one schedule.

use check_model::VARIANTS;
use check_model::link::Lane;

/// The number of schedules of the faithful link in each lane.
const SCHEDULES: u64 = 5_000;

/// The number of schedules within which every mutant must fail.
const WITHIN: u64 = 2_000;

const LANES: [Lane; 3] = [Lane::Bits, Lane::Words, Lane::Either];

/// Mutants that need a server that forgets, a queue that loses signals, or one exact moment: the model catches them.
const NEEDS_THE_MODEL: &[&str] = &[
    "checksum_without_the_key",
    "bits_taken_before_a_transfer_is_open",
    "nonce_of_written_message_not_compared",
    "answer_shows_bits_beyond_at_the_wrong_place",
    "going_on_while_told_to_wait",
    "forgotten_transfer_is_stuck",
    "no_hello_once_it_is_open",
    "forgotten_message_sent_again",
    "gap_in_the_words_accepted",
    "going_back_skips_a_word",
    "no_going_back_to_a_word",
    "more_words_acknowledged_than_said",
];

fn seeds() -> std::ops::Range<u64> {
    match std::env::var("MINITALK_SEED") {
        Ok(seed) => {
            let seed = seed.parse().expect("MINITALK_SEED is a number");
            seed..seed + 1
        }
        Err(_) => 0..SCHEDULES,
    }
}

/// Runs the schedules of a lane, and returns how many end in bits.
fn survive(lane: Lane) -> usize {
    let in_bits = seeds().filter(|seed| match (VARIANTS[0].simulate)(*seed, lane) {
        Ok(course) => course.in_bits,
        Err(why) => panic!("{lane:?}, MINITALK_SEED={seed}: {why}"),
    });
    in_bits.count()
}

#[test]
fn every_message_arrives_once_through_any_schedule() {
    survive(Lane::Bits);
}

#[test]
fn every_message_arrives_once_in_words() {
    assert_eq!(survive(Lane::Words), 0, "none in bits");
}

#[test]
fn every_message_arrives_once_in_words_or_bits() {
    let in_bits = survive(Lane::Either) as u64;
    println!("{in_bits} in bits");
    if std::env::var("MINITALK_SEED").is_err() {
        // Both lanes are tried.
        assert!((SCHEDULES / 20..SCHEDULES * 19 / 20).contains(&in_bits));
    }
}

#[test]
fn every_mutant_is_caught() {
    let mut survivors = Vec::new();
    for mutant in &VARIANTS[1..] {
        if NEEDS_THE_MODEL.contains(&mutant.name) {
            continue;
        }
        let schedules = (0..WITHIN).flat_map(|seed| LANES.map(|l| (seed, l)));
        let caught = schedules.into_iter().find_map(|(seed, lane)| {
            let why = (mutant.simulate)(seed, lane).err()?;
            Some((lane, seed, why))
        });
        println!("{}: {caught:?}", mutant.name);
        if caught.is_none() {
            survivors.push(mutant.name);
        }
    }
    assert_eq!(survivors, [""; 0]);
}
