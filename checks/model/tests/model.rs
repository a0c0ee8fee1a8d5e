//! The faithful link keeps its properties in every state of every model; every mutant breaks one.

use check_model::both::Bounds as BothBounds;
use check_model::link::Lane;
use check_model::model::{Bounds, Verdict};
use check_model::world::{Property, Rules};
use check_model::{VARIANTS, VARIANTS_OF_BOTH};

/// The states within which a mutant must break its property.
const WITHIN: usize = 4_000_000;

const RULES: Rules = Rules {
    lane: Lane::Bits,
    later: None,
    room: 0,
    deaf: false,
    guesses: false,
    only: None,
};

/// The beginning of a transfer in bits, with every loss, merge, delay and repetition.
const ONE: Bounds = Bounds {
    rules: RULES,
    ring: 0,
    first: 0,
    last: 0,
    from: 0,
    until: |_| 3,
    deaths: |_| false,
    turns: false,
    forgets: false,
    queue_leaks: false,
    adversary: false,
};

/// The end of a transfer in bits.
const END: Bounds = Bounds {
    from: 12,
    until: |_| u64::MAX,
    ..ONE
};

/// The beginning of a transfer, with turns.
const TURNS: Bounds = Bounds {
    until: |_| 1,
    turns: true,
    ..ONE
};

/// The end of a transfer, with turns.
const TURNS_END: Bounds = Bounds {
    from: 14,
    turns: true,
    ..END
};

/// The beginning of a transfer, whose signals wait in rings before the processes react to them.
const RINGS: Bounds = Bounds {
    ring: 1,
    until: |_| 1,
    ..ONE
};

/// The beginning of a transfer, beside a third process.
const ADVERSARY: Bounds = Bounds {
    until: |_| 2,
    adversary: true,
    ..ONE
};

/// The end of a transfer, beside a third process.
const ADVERSARY_END: Bounds = Bounds {
    from: 13,
    adversary: true,
    ..END
};

/// The beginning of a transfer in bits whose hellos and replies travel on the real-time signal, beside a third process.
const QUEUED: Bounds = Bounds {
    rules: Rules {
        lane: Lane::Queued,
        room: 1,
        ..RULES
    },
    until: |_| 1,
    ..ADVERSARY
};

/// A transfer that is abandoned in its hellos or its first bits, and the beginning of the next one of the same PID.
const TWO: Bounds = Bounds {
    last: 1,
    until: |_| 1,
    deaths: |_| true,
    ..ONE
};

/// A transfer that is abandoned in its last bits, or finished, and the beginning of the next one.
const TWO_END: Bounds = Bounds {
    from: 15,
    last: 1,
    until: |transfer| if transfer == 0 { u64::MAX } else { 1 },
    deaths: |_| true,
    ..ONE
};

/// A server that forgets the PID, at any point of the beginning of a transfer.
const FORGETS: Bounds = Bounds {
    until: |_| 1,
    forgets: true,
    ..ONE
};

/// A transfer of two words, with every refusal, loss of replies, delay and repetition, and with turns.
const WORDS: Bounds = Bounds {
    rules: Rules {
        lane: Lane::Words,
        room: 2,
        ..RULES
    },
    first: 2,
    last: 2,
    until: |_| u64::MAX,
    turns: true,
    ..ONE
};

/// A transfer of three words; unlike the kernel, it may lose queued signals.
const WORDS_LEAK: Bounds = Bounds {
    first: 3,
    last: 3,
    turns: false,
    queue_leaks: true,
    ..WORDS
};

/// A transfer in words that is abandoned at any point, or finished, and the next one of the same PID.
const WORDS_TWO: Bounds = Bounds {
    last: 3,
    turns: false,
    deaths: |_| true,
    ..WORDS
};

/// The end of a transfer in one word, of which repetitions stay in the queue, and the beginning of the next one in bits, which
/// overtakes them.
const OVERTAKEN: Bounds = Bounds {
    rules: Rules {
        later: Some(Lane::Bits),
        ..WORDS.rules
    },
    first: 0,
    from: 1,
    last: 1,
    until: |transfer| if transfer == 0 { u64::MAX } else { 1 },
    turns: false,
    ..WORDS
};

/// A server that forgets the PID, at any point of a transfer in words that it has answered.
const WORDS_FORGETS: Bounds = Bounds {
    turns: false,
    forgets: true,
    ..WORDS
};

/// A transfer in words, beside a third process.
const WORDS_ADVERSARY: Bounds = Bounds {
    turns: false,
    adversary: true,
    ..WORDS
};

/// A transfer in one word, beside a third process that has guessed what words carry of the server's nonce.
const WORDS_GUESSED: Bounds = Bounds {
    rules: Rules {
        guesses: true,
        ..WORDS.rules
    },
    first: 0,
    last: 0,
    ..WORDS_ADVERSARY
};

/// A transfer in words, or the beginning of one in bits if the hello stays unanswered.
const EITHER: Bounds = Bounds {
    rules: Rules {
        lane: Lane::Either,
        ..WORDS.rules
    },
    turns: false,
    first: 0,
    last: 0,
    until: |_| 1,
    ..WORDS
};

/// The beginning of a transfer to a server that ignores the real-time signal.
const DEAF: Bounds = Bounds {
    rules: Rules {
        deaf: true,
        ..EITHER.rules
    },
    ..EITHER
};

/// The beginning of two transfers in bits, from each process to the other.
const BOTH: BothBounds = BothBounds {
    rules: RULES,
    transfers: [0, 1],
    from: [0, 0],
    until: [2, 1],
    early: 0,
    turns: false,
    ends: 0,
};

/// The same, up to the first bits, with one repetition of a signal that is not lost.
const BOTH_EARLY: BothBounds = BothBounds {
    until: [1, 1],
    early: 1,
    ..BOTH
};

/// The end of two transfers in bits.
const BOTH_END: BothBounds = BothBounds {
    from: [13, 20],
    until: [u64::MAX; 2],
    ..BOTH
};

/// The last bits of two transfers, with one repetition of a signal that is not lost.
const BOTH_END_EARLY: BothBounds = BothBounds {
    from: [13, 21],
    early: 1,
    ..BOTH_END
};

/// The beginning of two transfers in bits whose hellos and replies travel on the real-time signal.
const BOTH_QUEUED: BothBounds = BothBounds {
    rules: QUEUED.rules,
    until: [1, 1],
    ..BOTH
};

/// The end of two transfers in bits whose replies travel on the real-time signal.
const BOTH_QUEUED_END: BothBounds = BothBounds {
    rules: QUEUED.rules,
    ..BOTH_END
};

/// A transfer of two words and one of one word, with one repetition of a signal that is not lost.
const BOTH_WORDS: BothBounds = BothBounds {
    rules: WORDS.rules,
    transfers: [2, 1],
    until: [u64::MAX; 2],
    early: 1,
    ..BOTH
};

/// Two transfers of words, with room for one signal on its way to each process.
const BOTH_WORDS_FULL: BothBounds = BothBounds {
    rules: Rules {
        room: 1,
        ..WORDS.rules
    },
    transfers: [2, 2],
    early: 0,
    ..BOTH_WORDS
};

/// The second bits of two long transfers in bits between processes that take turns, of which three end in time or in silence.
const BOTH_TURNS: BothBounds = BothBounds {
    transfers: [2, 2],
    from: [1, 1],
    until: [2, 2],
    turns: true,
    ends: 3,
    ..BOTH
};

/// The beginning of the same transfers, in which two turns end so.
const BOTH_TURNS_BEGIN: BothBounds = BothBounds {
    from: [0, 0],
    until: [1, 1],
    ends: 2,
    ..BOTH_TURNS
};

/// The last bits of two transfers in bits between processes that take turns.
const BOTH_TURNS_END: BothBounds = BothBounds {
    from: [13, 21],
    turns: true,
    ends: 2,
    ..BOTH_END
};

/// Makes a list of mutants, the model in which each breaks a property, and the property.
macro_rules! caught {
    ($($mutant:ident in $model:ident: $property:ident,)+) => {
        &[$((stringify!($mutant), $model, Property::$property)),+]
    };
}

/// Each mutant of two processes that send to each other, the model in which it breaks a property, and the property.
const CAUGHT_IN_BOTH: &[(&str, BothBounds, Property)] = caught! {
    request_taken_for_an_answer in BOTH: Liveness,
    answer_taken_for_a_request in BOTH_WORDS: Liveness,
    answer_matched_to_the_transfer_of_the_other_direction in BOTH_END: Agreement,
    turn_lasts_for_ever in BOTH_TURNS: Liveness,
    turn_passed_to_a_party_that_still_waits in BOTH_TURNS: Liveness,
    client_goes_on_without_the_turn in BOTH_TURNS: Turn,
    withheld_bits_are_sent in BOTH_TURNS: Pause,
    withheld_bits_stay_withheld in BOTH_TURNS: Liveness,
};

/// Each mutant of one direction, the model in which it breaks a property, and the property.
const CAUGHT: &[(&str, Bounds, Property)] = caught! {
    nonce_of_answer_not_compared in ADVERSARY_END: Agreement,
    nonce_of_bit_not_compared in ADVERSARY: Noninterference,
    proof_of_word_not_compared in WORDS_ADVERSARY: Noninterference,
    nonce_of_open_not_compared in ADVERSARY: Identity,
    nonce_of_server_without_its_key in ADVERSARY: Identity,
    nonce_of_server_has_one_bit in ADVERSARY: Identity,
    nonce_of_client_has_one_bit in ADVERSARY_END: Agreement,
    transfer_opens_again_after_its_message in OVERTAKEN: Integrity,
    one_key_for_all_sessions in ADVERSARY: Identity,
    checksum_without_the_key in WORDS_GUESSED: Integrity,
    session_for_an_unproven_hello in ADVERSARY: Bounded,
    hello_ends_the_transfer in ADVERSARY: Bounded,
    unproven_open_ends_the_transfer in ADVERSARY: Bounded,
    bits_taken_before_a_transfer_is_open in QUEUED: Noninterference,
    nonce_of_written_message_not_compared in WORDS_TWO: Agreement,
    index_of_bit_not_compared in END: Delivery,
    answer_acknowledges_a_hole in ONE: Liveness,
    answer_shows_bits_beyond_at_the_wrong_place in ONE: Liveness,
    more_bits_acknowledged_than_said in ONE: Liveness,
    lost_bits_taken_for_come in ONE: Liveness,
    late_answer_taken_for_a_contradiction in ONE: Delivery,
    lost_bits_not_sent_again in ONE: Liveness,
    open_begins_again in ONE: Liveness,
    open_transfer_is_greeted in END: Delivery,
    delivered_before_it_is_written in END: Agreement,
    wait_taken_for_delivered in TURNS: Agreement,
    going_on_while_told_to_wait in TURNS: Pause,
    forgotten_transfer_is_stuck in FORGETS: Liveness,
    no_hello_once_it_is_open in FORGETS: Liveness,
    forgotten_message_sent_again in WORDS_FORGETS: Integrity,
    index_of_word_not_compared in WORDS: Delivery,
    word_taken_twice in WORDS: Delivery,
    gap_in_the_words_accepted in WORDS_LEAK: Delivery,
    word_delivered_before_it_is_written in WORDS: Agreement,
    going_back_skips_a_word in WORDS_LEAK: Liveness,
    no_going_back_to_a_word in WORDS_LEAK: Liveness,
    more_words_acknowledged_than_said in WORDS_LEAK: Liveness,
    words_sent_again_count_as_not_sent in WORDS: Delivery,
    no_fallback in DEAF: Liveness,
};

fn explore(name: &str, bounds: Bounds, at_least: usize) {
    let verdict = (VARIANTS[0].explore)(bounds.clone(), usize::MAX);
    let is_whole = (bounds.until)(bounds.last) == u64::MAX;
    keeps(name, &verdict, is_whole, at_least);
}

fn explore_both(name: &str, bounds: BothBounds, at_least: usize) {
    let (_, explore) = VARIANTS_OF_BOTH[0];
    let verdict = explore(bounds.clone(), usize::MAX);
    keeps(name, &verdict, bounds.until == [u64::MAX; 2], at_least);
}

fn keeps(name: &str, verdict: &Verdict, is_whole: bool, at_least: usize) {
    println!(
        "{name}: {} states, {} transitions, {:.1?}",
        verdict.states, verdict.transitions, verdict.time
    );
    assert_eq!(verdict.broken, None, "{name}");
    assert!(verdict.ends || !is_whole, "{name}: no transfer ends");
    assert!(
        verdict.states >= at_least,
        "{name}: only {} states",
        verdict.states
    );
}

#[test]
fn one_transfer_keeps_the_properties() {
    explore("one", ONE, 290_000);
    explore("end", END, 600_000);
}

#[test]
fn turns_keep_the_properties() {
    explore("turns", TURNS, 720_000);
    explore("turns_end", TURNS_END, 5_000);
}

#[test]
fn signals_in_rings_keep_the_properties() {
    explore("rings", RINGS, 1_300_000);
}

#[test]
fn a_third_process_breaks_nothing() {
    explore("adversary", ADVERSARY, 870_000);
    explore("adversary_end", ADVERSARY_END, 800_000);
}

#[test]
fn a_third_process_breaks_nothing_on_the_real_time_signal() {
    // Not all states, but those of the fewest events.
    let verdict = (VARIANTS[0].explore)(QUEUED, 1_500_000);
    assert_eq!(verdict.broken, None);
    assert!(verdict.states >= 100_000, "{} states", verdict.states);
}

#[test]
fn two_transfers_of_one_pid_keep_the_properties() {
    explore("two", TWO, 700_000);
    explore("two_end", TWO_END, 130_000);
}

#[test]
fn a_server_that_forgets_keeps_the_properties() {
    explore("forgets", FORGETS, 550_000);
}

#[test]
fn words_keep_the_properties() {
    explore("words", WORDS, 90_000);
    explore("words_leak", WORDS_LEAK, 170_000);
    explore("words_two", WORDS_TWO, 70_000);
    explore("words_forgets", WORDS_FORGETS, 52_000);
}

#[test]
fn what_is_left_in_the_queue_breaks_nothing_of_the_next_transfer() {
    // Not all of the seven million states, but those of the fewest events.
    let verdict = (VARIANTS[0].explore)(OVERTAKEN, 1_500_000);
    assert_eq!(verdict.broken, None);
    assert!(verdict.states >= 100_000, "{} states", verdict.states);
}

#[test]
fn a_third_process_breaks_nothing_in_words() {
    explore("words_adversary", WORDS_ADVERSARY, 100_000);
    explore("words_guessed", WORDS_GUESSED, 560_000);
}

#[test]
fn words_with_a_fallback_to_bits_keep_the_properties() {
    explore("either", EITHER, 2_400_000);
    explore("deaf", DEAF, 350_000);
}

#[test]
fn both_directions_keep_the_properties() {
    explore_both("both", BOTH, 155_000);
    explore_both("both_early", BOTH_EARLY, 240_000);
    explore_both("both_end", BOTH_END, 980_000);
    explore_both("both_end_early", BOTH_END_EARLY, 100_000);
}

#[test]
fn both_directions_keep_the_properties_on_the_real_time_signal() {
    explore_both("both_queued", BOTH_QUEUED, 55_000);
    explore_both("both_queued_end", BOTH_QUEUED_END, 21_000);
    explore_both("both_words", BOTH_WORDS, 320_000);
    explore_both("both_words_full", BOTH_WORDS_FULL, 120_000);
}

#[test]
fn both_directions_with_turns_keep_the_properties() {
    explore_both("both_turns", BOTH_TURNS, 380_000);
    explore_both("both_turns_begin", BOTH_TURNS_BEGIN, 1_200_000);
    explore_both("both_turns_end", BOTH_TURNS_END, 120_000);
}

#[test]
fn every_mutant_is_caught() {
    let mut survivors = Vec::new();
    for mutant in &VARIANTS[1..] {
        let row = CAUGHT.iter().find(|(name, ..)| *name == mutant.name);
        let (_, bounds, property) = row.expect("each mutant has a row");
        let mut bounds = bounds.clone();
        bounds.rules.only = Some(*property);
        let verdict = (mutant.explore)(bounds, WITHIN);
        survivors.extend(survivor(mutant.name, *property, verdict));
    }
    for (mutant, explore) in &VARIANTS_OF_BOTH[1..] {
        let row = CAUGHT_IN_BOTH.iter().find(|(name, ..)| name == mutant);
        let (_, bounds, property) = row.expect("each mutant has a row");
        let mut bounds = bounds.clone();
        bounds.rules.only = Some(*property);
        survivors.extend(survivor(mutant, *property, explore(bounds, WITHIN)));
    }
    assert_eq!(survivors, [""; 0]);
}

/// Returns the mutant, unless it breaks its property.
fn survivor(mutant: &'static str, property: Property, verdict: Verdict) -> Option<&'static str> {
    let Verdict { states, time, .. } = verdict;
    match verdict.broken {
        Some((broken, why)) if broken == property => {
            let why = why.split(':').next().unwrap_or_default();
            println!("{mutant}: {states} states, {time:.1?}: {broken:?}: {why}");
            None
        }
        broken => {
            println!("{mutant}: {states} states, {time:.1?}: SURVIVES {broken:?}");
            Some(mutant)
        }
    }
}
