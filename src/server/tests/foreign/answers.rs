//! When a client is answered, and how its dialect is learned.

use std::vec;
use std::vec::Vec;

use super::{classic, converse, say, server, signals};
use crate::dialect::ack_timing::SleepState;
use crate::process::pid::Pid;
use crate::server::Dialects;
use crate::server::tests::own::frame;
use crate::server::tests::world::*;
use crate::signal::set::{Signal, SignalSet};
use crate::wire::bits::Bit;

#[test]
fn a_server_of_its_own_protocol_alone_answers_no_bare_bit() {
    let mut world = World::new(|config| config.dialects = Dialects::None);
    let client = world.spawn(1);
    assert_eq!(say(&mut world, client, "Hello"), 0);
    assert!(world.written.is_empty());
}

#[test]
fn a_text_in_a_dialect_that_is_given_is_answered_bit_by_bit() {
    let (mut world, client) = server("classic");
    let events = classic(client, "Hello");
    let answers = converse(&mut world, client, &events);
    assert_eq!(answers, events.len());
    let message = &world.written[0];
    assert_eq!((message.framed, message.uid), (false, Some(USER)));
    assert_eq!((message.client, message.resent), (0, 0));
    assert!(message.duration.as_micros() >= 100 * (events.len() as u128 - 1));
    assert!(world.take_notes().is_empty());
    world.pass(2 * MILLISECOND);
    assert_eq!(world.machine.core.scheduler.holder(), None);
    // The second text begins with the next signal.
    say(&mut world, client, "you");
    world.exit(client);
    assert_eq!(world.take_texts(), ["Hello", "you"]);
    assert!(world.machine.sessions.is_empty());
}

#[test]
fn a_client_is_watched_until_its_dialect_is_known_and_remembered_for_its_program() {
    let (mut world, client) = World::with_client();
    let events = classic(client, "Hello, world");
    assert_eq!(converse(&mut world, client, &events), events.len());
    let log = world.take_log();
    assert!(log.contains(&Did::Observe(client, true)));
    world.pass(20 * MILLISECOND);
    world.exit(client);
    assert_eq!(world.take_texts(), ["Hello, world"]);
    world.expect_note("client 1 speaks classic");
    // The next of the same program is known; one of another program is not.
    for (n, program, is_known) in [(2, 7, true), (3, 8, false)] {
        let next = world.spawn_with(n, |p| p.program = program);
        say(&mut world, next, "Hello, again");
        world.pass(200 * MILLISECOND);
        assert_eq!(world.take_texts(), ["Hello, again"]);
        let notes = world.take_notes();
        assert_eq!(notes.is_empty(), is_known, "{notes:?}");
    }
}

#[test]
fn a_client_whose_first_signal_was_none_of_a_text_is_remembered_for_its_program_too() {
    let (mut world, client) = World::with_client();
    world.feed(&[bare(client, Signal::WORD)]);
    for n in 1..=2 {
        let client = world.spawn(n);
        say(&mut world, client, "Hello, world");
        world.pass(200 * MILLISECOND);
        world.exit(client);
        assert_eq!(world.take_texts(), ["Hello, world"]);
        assert_eq!(world.has_note("speaks classic"), n == 1);
    }
}

#[test]
fn a_client_that_has_waited_for_each_of_many_bits_is_expected_to_send_at_once() {
    let (mut world, client) = server("classic");
    let events = classic(client, "thirteen bytes");
    for (i, event) in (1..).zip(&events) {
        world.feed_apart(MILLISECOND, [event]);
        assert_eq!(world.machine.expects_signal(), i >= 8, "{i}");
    }
    world.feed(&[]);
    assert!(!world.machine.expects_signal());
    // Another client's stray in the batch, or two signals in one batch, end the expectation.
    let more = classic(client, "more");
    let stray = bit(world.spawn(2), Bit::One);
    world.now += MILLISECOND;
    world.feed(&[more[0], stray]);
    assert!(!world.machine.expects_signal());
    world.feed_apart(MILLISECOND, [more[1]]);
    assert!(world.machine.expects_signal());
    world.now += MILLISECOND;
    world.feed(&more[2..4]);
    world.feed_apart(MILLISECOND, [more[4]]);
    assert!(!world.machine.expects_signal());
}

#[test]
fn what_a_client_sent_before_it_was_seen_to_wait_is_taken_first() {
    for is_late in [false, true] {
        let (mut world, client) = World::with_process(|p| p.sleep = SleepState::Napping);
        let events = classic(client, "Hi");
        world.feed(&events[..1]);
        world.now += 8 * MILLISECOND;
        world.feed(&[]);
        assert!(world.take_log().contains(&Did::Observe(client, true)));
        // On a busy machine the next bit comes just before the look.
        world.feed(if is_late { &events[1..2] } else { &[] });
        assert_eq!(world.answers(client).is_empty(), is_late);
    }
}

#[test]
fn a_client_that_becomes_another_program_between_two_texts_is_not_answered() {
    let (mut world, client) = server("classic");
    say(&mut world, client, "one");
    world.process(client).handled = SignalSet::NONE;
    world.feed_apart(MILLISECOND, classic(client, "two"));
    assert_eq!(world.answers(client), []);
    assert_eq!(world.take_texts(), ["one", "two"]);
}

#[test]
fn a_client_that_becomes_another_program_is_sent_no_second_acknowledgement() {
    for becomes_another in [false, true] {
        let (mut world, client) = World::with_process(|p| p.sleep = SleepState::ForSignal);
        world.feed(&classic(client, "a")[..1]);
        world.pass(MILLISECOND);
        assert_eq!(world.answers(client), [(Signal::USR1, None)]);
        if becomes_another {
            world.process(client).handled = SignalSet::NONE;
        }
        world.pass(SECOND);
        let expected = match becomes_another {
            true => vec![],
            false => vec![(Signal::USR1, None), (Signal::USR2, None)],
        };
        assert_eq!(world.answers(client), expected);
    }
}

#[test]
fn a_program_that_follows_a_delivered_message_or_a_possible_text_is_not_answered() {
    let (mut world, client) = server("classic");
    world.feed_each(opening(client, 7));
    world.feed_each(frame(client, 7, b"x"));
    assert!(!world.answers(client).is_empty());
    world.process(client).handled = SignalSet::NONE;
    world.feed_each(classic(client, "a")[..4].iter().copied());
    assert_eq!(world.answers(client), []);
    // "12" and a NUL are a text, unless the client goes on.
    let (mut world, client) = World::with_client();
    let events = signals(client, "head=digits,end=none", "twelve bytes");
    assert_eq!(converse(&mut world, client, &events[..24]), 24);
    world.process(client).handled = SignalSet::NONE;
    world.feed_each([events[24]]);
    assert_eq!(world.answers(client), []);
}

#[test]
fn a_client_that_paces_itself_is_not_looked_at_before_each_bit_that_may_begin_a_text() {
    let (mut world, client) = World::with_client();
    let events = signals(client, "head=len32,ack=none", "");
    world.feed_apart(MILLISECOND / 10, events[..32].to_vec());
    assert!(!world.log.contains(&Did::Inspect(client)));
}

#[test]
fn the_bits_of_a_client_that_goes_on_without_answers_are_not_waited_for_blocked() {
    let (mut world, client) = World::with_client();
    for (i, event) in signals(client, "head=len32,ack=none", "ab")
        .into_iter()
        .enumerate()
    {
        world.feed_apart(MILLISECOND / 10, vec![event]);
        assert!(i == 0 || !world.machine.expects_signal(), "{i}");
    }
}

/// Returns after how many milliseconds a client that naps so often in each quarter of one is acknowledged for the first bits.
fn acks_of_napping(mut world: World, client: Pid, naps_each: u64) -> Vec<u64> {
    let mut acks = vec![];
    world.process(client).sleep = SleepState::Napping;
    world.feed(&classic(client, "a")[..1]);
    for quarter in 1..=440 {
        world.process(client).naps = Some(quarter * naps_each);
        world.pass(MILLISECOND / 4);
        acks.extend(world.answers(client).iter().map(|_| quarter / 4));
    }
    acks
}

#[test]
fn a_client_that_naps_again_and_again_is_acknowledged_soon_and_again() {
    for (naps_each, of_unknown, of_given) in [(5, 0, &[0, 4][..]), (0, 8, &[0])] {
        let (world, client) = World::with_client();
        let acks = acks_of_napping(world, client, naps_each);
        assert_eq!(acks[0], of_unknown, "{naps_each}");
        let (world, client) = server("classic");
        assert_eq!(acks_of_napping(world, client, naps_each), of_given);
    }
}
