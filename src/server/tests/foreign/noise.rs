//! Symbols that are no text, and the notes about them.

use std::vec::Vec;

use super::{classic, converse, server, without_handlers};
use crate::dialect::ack_timing::SleepState;
use crate::server::foreign::SEARCH_AFTER;
use crate::server::tests::world::*;
use crate::server::{DropReason, Note};
use crate::signal::set::SignalSet;
use crate::wire::bits::Bit;
use crate::wire::control::Status;

#[test]
fn signals_whose_sender_did_not_wait_are_noise() {
    // In batches, or faster than a process sleeps.
    for (in_batches, handled) in [(true, SignalSet::LANES), (false, SignalSet::NONE)] {
        let (mut world, client) = server("classic");
        world.process(client).handled = handled;
        for pair in classic(client, "Noise").chunks(2) {
            if in_batches {
                world.now += MILLISECOND;
                world.feed(pair);
            } else {
                world.feed_apart(39_999, pair);
            }
        }
        assert_eq!(world.take_texts().len(), 0);
        let dropped = world.notes.iter().filter(|note| {
            let noise = DropReason::Noise;
            matches!(note, Note::Dropped { why, bytes: 5, .. } if *why == noise)
        });
        assert_eq!(dropped.count(), 1, "{:?}", world.notes);
    }
    // No faster than that, or by a client that waits for answers.
    for (pause, handled) in [(40_000, SignalSet::NONE), (10, SignalSet::LANES)] {
        let (mut world, client) = server("classic");
        world.process(client).handled = handled;
        world.feed_apart(pause, classic(client, "Text"));
        assert_eq!(world.take_texts(), ["Text"]);
    }
}

#[test]
fn a_process_that_sends_noise_is_inspected_ten_times_a_second_until_it_waits() {
    let (mut world, process) = without_handlers();
    let inspections = |world: &mut World| {
        let log = world.take_log();
        log.into_iter()
            .filter(|did| *did == Did::Inspect(process))
            .count()
    };
    let storm = |world: &mut World| {
        for _ in 0..1_000 {
            world.now += MILLISECOND;
            // Each eighth bit may be the last of a text.
            world.feed(&[bit(process, Bit::Zero); 2]);
        }
        inspections(world)
    };
    storm(&mut world);
    let count = storm(&mut world);
    assert!((5..=10).contains(&count), "{count} inspections in a second");
    world.process(process).sleep = SleepState::ForSignal;
    world.pass(SECOND);
    assert!(inspections(&mut world) > 0);
}

#[test]
fn noise_is_more_than_a_quarter_of_a_text_or_of_all_that_came() {
    let texts = |unpaced: usize| {
        let (mut world, client) = server("classic");
        world.process(client).handled = SignalSet::NONE;
        for (i, event) in classic(client, "abcdefg").iter().enumerate() {
            let is_unpaced = (1..=unpaced).contains(&i);
            let pause = if is_unpaced { 10 } else { MILLISECOND };
            world.feed_apart(pause, [event]);
        }
        let first = world.take_texts().len();
        world.feed_apart(MILLISECOND, classic(client, "b"));
        (first, world.take_texts().len())
    };
    let bits = classic(pid(1), "abcdefg").len();
    assert_eq!(texts(bits / 4), (1, 1));
    assert_eq!(texts(bits / 4 + 1), (0, 1), "later bits make up for it");
    assert_eq!(texts(bits / 2), (0, 0), "later bits do not make up for it");
}

#[test]
fn signals_that_fit_no_dialect_are_noted_once() {
    // A slow machine takes the signals of a client in batches, so that they look like noise.
    for batch in [1, 4] {
        let (mut world, client) = without_handlers();
        let events: Vec<_> = (0..64).map(|i| bit(client, Bit::from(i % 7 < 5))).collect();
        for _ in 0..2 {
            for events in events.chunks(batch) {
                world.now += MILLISECOND;
                world.feed(events);
            }
            world.pass(SECOND);
        }
        world.expect_note("fits no known dialect");
        assert_eq!(world.take_texts().len(), 0);
        // The second time is counted.
        world.exit(client);
        world.expect_note("1 more note of client 1 is not shown");
    }
}

#[test]
fn a_text_with_bits_that_came_together_is_noted() {
    for together in [1, 2] {
        let (mut world, client) = World::with_client();
        let mut events = classic(client, "Hello");
        let last = events.split_off(events.len() - together);
        world.feed_each(events);
        world.feed(&last);
        world.pass(100 * MILLISECOND);
        assert_eq!(world.take_texts(), ["Hello"]);
        let is_noted = world.has_note("may be wrong: 1 bit ");
        assert_eq!(is_noted, together == 2);
    }
}

#[test]
fn a_client_that_gives_up_before_its_first_acknowledgement_is_noted_and_a_stray_signal_is_not() {
    let note = "dropped a message of client 1 after 0 bytes: the client ended";
    for (handled, bits, note) in [
        (SignalSet::BITS, 1, Some(note)),
        (SignalSet::NONE, 1, None),
        (SignalSet::NONE, 2, Some(note)),
    ] {
        let (mut world, client) = World::with_process(|p| p.handled = handled);
        world.feed_apart(MILLISECOND, &classic(client, "a")[..bits]);
        world.process(client).ends_well = false;
        world.exit(client);
        assert_eq!(world.take_notes(), Vec::from_iter(note));
    }
    // It was acknowledged, and waited for something else.
    let (mut world, client) = World::with_process(|p| {
        (p.handled, p.sleep) = (SignalSet::BITS, SleepState::Napping);
    });
    world.feed(&classic(client, "a")[..1]);
    world.pass(100 * MILLISECOND);
    world.machine.handle_exit_status(client, Some(1 << 8));
    world.feed(&[]);
    assert_eq!(world.take_notes(), [note]);
}

#[test]
fn a_client_that_stops_in_mid_message_is_noted_once() {
    let (mut world, client) = World::with_client();
    let events = classic(client, "Hi");
    for bits in 1..4 {
        world.feed(&events[bits - 1..bits]);
        world.pass(4_900 * MILLISECOND);
        assert!(world.take_notes().is_empty());
    }
    world.pass(200 * MILLISECOND);
    world.expect_note("client 1 has sent 3 bits and nothing");
    world.feed(&events[3..4]);
    world.pass(20_000 * MILLISECOND);
    assert!(!world.has_note("and nothing"));
}

#[test]
fn a_process_that_waits_after_two_looks_and_has_sent_nothing_is_noted_once() {
    let (mut world, client) = World::with_client();
    let events = classic(client, "Hi");
    world.waiting = [client, pid(2), pid(3)].into();
    converse(&mut world, client, &events);
    world.pass(SEARCH_AFTER);
    assert!(!world.has_note("process"));
    // It was about to send its first bit.
    world.waiting = [client, pid(2)].into();
    world.pass(SEARCH_AFTER);
    world.expect_note("process 2 was started");
    for _ in 0..2 {
        converse(&mut world, client, &events);
        world.pass(2 * SEARCH_AFTER);
        assert!(!world.has_note("process"));
    }
    assert!(world.next_at().is_none());
}

#[test]
fn bits_of_many_processes_are_one_stream_if_that_is_wanted_and_otherwise_reported_once() {
    let stream = pid(1000);
    for is_wanted in [true, false] {
        let mut world = World::new(|config| config.one_stream = is_wanted.then_some(stream));
        world.spawn(1000);
        for (n, event) in (1..).zip(classic(stream, "Hello there")) {
            let sender = world.spawn_with(n, |p| p.handled = SignalSet::NONE);
            world.feed_apart(MILLISECOND, [bare(sender, event.signal)]);
            // Some have ended before they are looked at.
            world.exit(sender);
        }
        world.pass(SECOND);
        let sent = world.log.iter().any(|did| matches!(did, Did::Send(..)));
        assert!(!sent, "no client waits for an answer");
        let texts: &[&str] = if is_wanted { &["Hello there"] } else { &[] };
        assert_eq!(world.take_texts(), texts);
        let word = if is_wanted { "speaks" } else { "--sender any" };
        world.expect_note(word);
        // A client of minitalk's own protocol speaks for itself.
        let client = world.spawn(50);
        world.feed_each(&opening_in_words(client, 7)[..2]);
        assert_eq!(world.statuses(client), [Status::Greeted { words: true }]);
    }
}
