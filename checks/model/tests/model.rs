//! The faithful link keeps its guarantees in every state of every model; every mutant breaks one.

use check_model::VARIANTS;
use check_model::link::Lane;
use check_model::model::Bounds;

/// One transfer, with every loss, merge, delay and repetition, and with turns.
const ONE: Bounds = Bounds {
    ring: 0,
    first: 1,
    last: 1,
    deaths: |_| false,
    turns: true,
    forgets: false,
    remains: false,
    lane: Lane::Bits,
    room: 0,
    queue_leaks: false,
};

/// One transfer in words, with every refusal, loss, delay and repetition, and with turns.
const WORDS: Bounds = Bounds {
    lane: Lane::Words,
    room: 1,
    ..ONE
};

/// One transfer in words with one more word and several in flight, without turns; unlike the kernel, it may lose queued
/// signals.
const WORDS_LEAK: Bounds = Bounds {
    room: 2,
    first: 3,
    last: 3,
    queue_leaks: true,
    turns: false,
    ..WORDS
};

/// A transfer in words that is abandoned at any point, or finished, and the next one of the same PID.
const WORDS_TWO: Bounds = Bounds {
    room: 2,
    last: 2,
    deaths: |_| true,
    turns: false,
    ..WORDS
};

/// A server that forgets the PID, at any point of a transfer in words.
const WORDS_FORGETS: Bounds = Bounds {
    room: 2,
    forgets: true,
    turns: false,
    ..WORDS
};

/// A transfer in words, with a fallback to bits if the question for words stays unanswered.
const EITHER: Bounds = Bounds {
    lane: Lane::Either,
    ..WORDS
};

/// One transfer that starts amid the remains of another, in every combination.
const REMAINS: Bounds = Bounds {
    remains: true,
    ..ONE
};

/// A transfer that is abandoned in its hellos, at its first bit or at its last, or finished, and the next one of the same PID.
const TWO: Bounds = Bounds {
    last: 2,
    deaths: |bits| bits == 0 || bits == 79,
    turns: false,
    ..ONE
};

/// A server that forgets the PID, at any point of a transfer in bits.
const FORGETS: Bounds = Bounds {
    forgets: true,
    ..ONE
};

/// One transfer whose signals wait in rings before the processes react to them.
const RINGS: Bounds = Bounds {
    ring: 1,
    turns: false,
    ..ONE
};

fn explore(name: &str, bounds: Bounds, at_least: usize) {
    let verdict = (VARIANTS[0].explore)(bounds);
    println!(
        "{name}: {} states, {} transitions",
        verdict.states, verdict.transitions
    );
    assert_eq!(verdict.broken, None, "{name}");
    assert!(
        verdict.states >= at_least,
        "{name}: only {} states",
        verdict.states
    );
}

#[test]
fn one_transfer_keeps_the_guarantees() {
    explore("one", ONE, 600_000);
}

#[test]
fn a_transfer_amid_remains_keeps_the_guarantees() {
    explore("remains", REMAINS, 650_000);
}

#[test]
fn two_transfers_of_one_pid_keep_the_guarantees() {
    explore("two", TWO, 1_000_000);
}

#[test]
fn a_server_that_forgets_keeps_the_guarantees() {
    explore("forgets", FORGETS, 2_000_000);
}

#[test]
fn signals_in_rings_keep_the_guarantees() {
    explore("rings", RINGS, 1_000_000);
}

#[test]
fn words_keep_the_guarantees() {
    explore("words", WORDS, 400_000);
}

#[test]
fn words_through_a_lossy_queue_keep_the_guarantees() {
    explore("words_leak", WORDS_LEAK, 1_500_000);
}

#[test]
fn two_transfers_of_one_pid_in_words_keep_the_guarantees() {
    explore("words_two", WORDS_TWO, 1_100_000);
}

#[test]
fn a_server_that_forgets_amid_words_keeps_the_guarantees() {
    explore("words_forgets", WORDS_FORGETS, 1_400_000);
}

#[test]
fn words_with_a_fallback_to_bits_keep_the_guarantees() {
    explore("either", EITHER, 1_200_000);
}

#[test]
fn every_mutant_is_caught() {
    let mut survivors = Vec::new();
    for mutant in &VARIANTS[1..] {
        // The models of words are for the mutants of words; the others are for bits.
        let bounds = match mutant.name {
            "one_hello_only" | "bits_before_the_hellos_taken" => TWO,
            "tag_of_answer_not_checked" | "tag_of_settlement_not_checked" => TWO,
            "tag_of_repetition_not_checked" | "forgotten_between_the_hellos_is_stuck" => FORGETS,
            "index_of_word_not_checked" | "word_taken_twice" => WORDS,
            "word_after_the_last_taken" | "word_delivered_before_it_is_written" => WORDS,
            "question_for_words_not_answered_again" | "word_not_answered_again" => WORDS,
            "going_on_while_told_to_wait" | "wait_for_words_taken_for_leave" => WORDS,
            "wait_for_words_not_said_while_unwritten" => WORDS,
            "going_back_skips" | "no_going_back" | "more_acknowledged_than_said" => WORDS_LEAK,
            "gap_in_the_words_accepted" => WORDS_LEAK,
            "words_before_the_question_taken" | "tag_of_question_for_words_not_checked" => {
                WORDS_TWO
            }
            "unknown_question_for_words_not_answered" | "hello_not_answered_by_words" => {
                WORDS_FORGETS
            }
            "words_without_a_question_that_names_the_transfer" => WORDS_FORGETS,
            "words_opened_by_any_question" => WORDS_FORGETS,
            "waiting_taken_for_silence" | "no_fallback" => EITHER,
            "fallback_keeps_the_words" | "repeated_fallback_keeps_the_words" => EITHER,
            "words_taken_again_after_the_fallback" => EITHER,
            _ => ONE,
        };
        let verdict = (mutant.explore)(bounds);
        let Some(why) = verdict.broken else {
            survivors.push(mutant.name);
            continue;
        };
        println!(
            "{}: {} states: {}",
            mutant.name,
            verdict.states,
            why.split(':').next().unwrap_or_default()
        );
    }
    assert_eq!(survivors, [""; 0]);
}
