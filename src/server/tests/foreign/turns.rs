//! Clients that share the server: their turns, and bits of one that a pending one of another swallows.

use super::{classic, converse, server};
use crate::dialect::Dialect;
use crate::dialect::ack_timing::SleepState;
use crate::server::Dialects;
use crate::server::scheduler::QUANTUM;
use crate::server::tests::world::*;
use crate::signal::event::Event;

#[test]
fn a_bit_that_another_client_has_swallowed_is_taken_as_sent() {
    for (mut world, first) in [World::with_client(), server("classic")] {
        let second = world.spawn(2);
        let texts = [(first, "swallowed"), (second, "turn")];
        let [events, others] = texts.map(|(client, text)| classic(client, text));
        converse(&mut world, first, &events[..20]);
        // The kernel keeps one of two pending signals of a number.
        assert_eq!(events[20].signal, others[0].signal);
        world.feed_each([others[0]]);
        world.process(first).sleep = SleepState::ForSignal;
        world.pass(3 * MILLISECOND / 2);
        assert_eq!(world.answers(first).len(), 1);
        world.process(first).sleep = SleepState::Awake;
        converse(&mut world, first, &events[21..]);
        world.pass(100 * MILLISECOND);
        assert!(!world.answers(second).is_empty());
        converse(&mut world, second, &others[1..]);
        world.pass(100 * MILLISECOND);
        assert_eq!(world.take_texts(), ["swallowed", "turn"]);
    }
}

#[test]
fn a_bit_of_a_client_that_was_stopped_is_taken_as_sent_however_many_others_came_before() {
    let mut world = World::new(|config| config.dialects = Dialects::Given(Dialect::CLASSIC));
    let [first, second] = [1, 2].map(|n| world.spawn(n));
    let texts = [(first, "swallowed"), (second, "turn")];
    let [events, others] = texts.map(|(client, text)| classic(client, text));
    converse(&mut world, first, &events[..20]);
    world.process(first).sleep = SleepState::Awake;
    world.process(first).run_time = Some(7);
    world.pass(60 * MILLISECOND);
    // Bits of both kinds come while the first client cannot run.
    let same = |event: &&Event| event.signal == events[20].signal;
    let merged = 8 + others[8..].iter().take_while(|event| !same(event)).count();
    for event in &others[..merged] {
        world.feed(&[*event]);
        world.pass(MILLISECOND);
        assert_eq!(world.answers(second).len(), 1, "it goes on");
    }
    // The first client goes on while a bit of the second one is pending.
    world.process(first).sleep = SleepState::ForSignal;
    world.process(first).run_time = None;
    world.feed(&[others[merged]]);
    world.pass(3 * MILLISECOND / 2);
    world.process(first).sleep = SleepState::Awake;
    converse(&mut world, second, &others[merged + 1..]);
    let mut is_answered = false;
    for _ in 0..200 {
        world.pass(MILLISECOND);
        is_answered |= !world.answers(first).is_empty();
    }
    assert!(is_answered);
    converse(&mut world, first, &events[21..]);
    world.pass(100 * MILLISECOND);
    assert_eq!(world.take_texts(), ["turn", "swallowed"]);
}

#[test]
fn a_client_that_goes_on_after_the_bit_of_another_is_looked_at_no_longer() {
    let (mut world, first) = server("classic");
    let second = world.spawn(2);
    let [events, others] =
        [(first, "first"), (second, "turn")].map(|(client, text)| classic(client, text));
    world.process(first).sleep = SleepState::Awake;
    world.process(first).run_time = Some(7);
    converse(&mut world, first, &events[..8]);
    // Its time is up, so that the other one gets the turn when nothing is under way.
    world.now += QUANTUM;
    world.feed_each([others[0], events[8]]);
    world.feed(&[]);
    assert_eq!(world.answers(first), []);
    assert_eq!(world.answers(second).len(), 1);
}
