//! The faithful link keeps its promises in every state of every model; every mutant breaks one.

use check_model::VARIANTS;
use check_model::model::Bounds;

/// One transfer, with every loss, merger, delay and repetition, and with turns.
const ONE: Bounds = Bounds {
    ring: 0,
    first: 1,
    last: 1,
    deaths: |_| false,
    turns: true,
    forgets: false,
    remains: false,
};

/// One transfer that begins amid the remains of another, in every combination.
const REMAINS: Bounds = Bounds {
    remains: true,
    ..ONE
};

/// A transfer abandoned in its hellos, at its first bit or at its last, or finished; and the next of the same PID.
const TWO: Bounds = Bounds {
    last: 2,
    deaths: |bits| bits == 0 || bits == 79,
    turns: false,
    ..ONE
};

/// A server that forgets the PID, at any point.
const FORGETS: Bounds = Bounds {
    forgets: true,
    ..ONE
};

/// As `ONE`, but signals wait in rings before they are acted upon.
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
fn one_transfer() {
    explore("one", ONE, 600_000);
}

#[test]
fn amid_remains() {
    explore("remains", REMAINS, 650_000);
}

#[test]
fn two_transfers_of_one_pid() {
    explore("two", TWO, 1_000_000);
}

#[test]
fn a_server_that_forgets() {
    explore("forgets", FORGETS, 2_500_000);
}

#[test]
fn signals_in_rings() {
    explore("rings", RINGS, 1_000_000);
}

#[test]
fn every_mutant_is_caught() {
    for mutant in &VARIANTS[1..] {
        let bounds = match mutant.name {
            "one_hello_only" | "bits_before_the_hellos_taken" => TWO,
            "tag_of_answer_not_checked" | "tag_of_settlement_not_checked" => TWO,
            "tag_of_repetition_not_checked" | "forgotten_between_the_hellos_is_stuck" => FORGETS,
            _ => ONE,
        };
        let verdict = (mutant.explore)(bounds);
        let why = verdict
            .broken
            .unwrap_or_else(|| panic!("{} survives", mutant.name));
        println!(
            "{}: {} states: {}",
            mutant.name,
            verdict.states,
            why.split(':').next().unwrap_or_default()
        );
    }
}
