//! Clients that share the server: their turns, and bits that a pending bit of another client swallows.

use std::vec::Vec;

use super::{classic, converse, server, without_handlers};
use crate::dialect::Dialect;
use crate::dialect::ack_timing::SleepState;
use crate::server::Dialects;
use crate::server::scheduler::FOREIGN_QUANTUM;
use crate::server::tests::own::{frame, words};
use crate::server::tests::world::*;
use crate::signal::event::Event;
use crate::wire::control::Status;

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
    world.now += FOREIGN_QUANTUM;
    world.feed_each([others[0], events[8]]);
    world.feed(&[]);
    assert_eq!(world.answers(first), []);
    world.pass(MILLISECOND);
    assert_eq!(world.answers(second).len(), 1);
}

#[test]
fn a_client_that_has_lost_its_turn_is_acknowledged_when_it_has_it_again() {
    let (mut world, first) = World::with_process(|p| p.sleep = SleepState::Awake);
    let second = world.spawn_with(2, |p| p.sleep = SleepState::Awake);
    let mut others = classic(second, "a turn or two").into_iter();
    world.feed(&classic(first, "a")[..1]);
    world.feed(&[others.next().unwrap()]);
    // The first does not go on, so that its acknowledgement is repeated.
    let mut acks = Vec::new();
    for time in 1..=230 {
        world.pass(MILLISECOND);
        acks.extend(world.answers(first).iter().map(|_| time));
        if !world.answers(second).is_empty() {
            world.feed(&[others.next().unwrap()]);
        }
    }
    assert_eq!(
        acks,
        [8, 108, 211],
        "not at 208: it is the turn of the second"
    );
}

#[test]
fn a_client_that_does_not_wait_for_acknowledgements_takes_no_turn() {
    let (mut world, client) = without_handlers();
    world.feed_apart(MILLISECOND, &classic(client, "half")[..20]);
    world.pass(100 * MILLISECOND);
    assert!(world.take_log().contains(&Did::Observe(client, false)));
    assert_eq!(world.machine.core.scheduler.holder(), None);
}

#[test]
fn a_transfer_goes_on_once_a_client_whose_bit_it_can_swallow_has_been_looked_at() {
    for in_words in [false, true] {
        let (mut world, first) = server("classic");
        converse(&mut world, first, &classic(first, "first")[..8]);
        world.process(first).sleep = SleepState::Awake;
        world.process(first).run_time = Some(7);
        let second = world.spawn(2);
        let data = if in_words {
            world.feed_each(opening_in_words(second, 7));
            words(second, 7, &[7; 80])
        } else {
            world.feed_each(opening(second, 7));
            frame(second, 7, &[7; 80])
        };
        world.feed_each(&data[..1]);
        world.pass(60 * MILLISECOND);
        assert!(matches!(world.last_status(second), Status::Ok(_)));
        world.feed_each(&data[1..2]);
        world.feed(&[]);
        let statuses = world.statuses(second);
        let is_held = matches!(statuses[..], [Status::Wait(_), Status::Ok(_)]);
        let goes_on = matches!(statuses[..], [Status::Ok(_)]);
        assert_eq!((is_held, goes_on), (!in_words, in_words), "{statuses:?}");
    }
}
