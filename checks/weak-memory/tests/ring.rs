//! The faithful ring passes every model; every mutant fails at least one.

use check_weak_memory::{VARIANTS, Variant};

fn faithful() -> &'static Variant {
    VARIANTS.iter().find(|v| v.name == "faithful").unwrap()
}

#[test]
fn the_ring_keeps_its_guarantees_in_every_execution() {
    for model in faithful().models {
        let (census, result) = model.explore();
        println!("{}: {census:?}", model.name);
        assert_eq!(result, Ok(()), "{}", model.name);
        assert!(
            census.executions() >= model.at_least,
            "{}: {census:?}",
            model.name
        );
        assert!(
            census.concurrent() >= model.concurrent,
            "{}: {census:?}",
            model.name
        );
    }
}

#[test]
fn every_mutant_is_caught() {
    for mutant in VARIANTS.iter().filter(|v| v.name != "faithful") {
        let mut models: Vec<_> = mutant.models.iter().collect();
        models.sort_by_key(|model| model.at_least);
        let caught = models.into_iter().find_map(|model| {
            let (census, result) = model.explore();
            result
                .err()
                .map(|why| (model.name, census.executions(), why))
        });
        let (model, execution, why) = caught.unwrap_or_else(|| panic!("{} survives", mutant.name));
        let why = why.lines().next().unwrap_or_default();
        println!("{}: execution {execution} of {model}: {why}", mutant.name);
        assert!(
            !why.contains("maximum number of branches"),
            "{}: a hang in loom proves nothing",
            mutant.name
        );
    }
}

#[test]
fn an_empty_pop_does_not_allow_a_producer_to_push_again() {
    let (_, result) = faithful().let_in_too_early.explore();
    let why = result.unwrap_err();
    assert!(
        why.contains("Concurrent write accesses"),
        "two producers in one slot: {why}"
    );
}

#[test]
fn two_producers_without_read_modify_write_lose_a_signal() {
    let (_, result) = faithful().two_alone.explore();
    let why = result.unwrap_err();
    assert!(
        why.contains("a signal is lost") || why.contains("Concurrent write accesses"),
        "two producers with one ticket: {why}"
    );
}
