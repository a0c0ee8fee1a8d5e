//! Clients that speak another protocol.

use std::vec::Vec;

use super::super::foreign::SEARCH_AFTER;
use super::super::{DropReason, Note, ServeError};
use super::own::frame;
use super::world::*;
use crate::dialect::Dialect;
use crate::dialect::ack_timing::SleepState;
use crate::dialect::encoder::TextEncoder;
use crate::process::pid::Pid;
use crate::signal::event::{Event, Signal, SignalSet};
use crate::wire::bits::Bit;

pub fn signals(from: Pid, spec: &str, text: &str) -> Vec<Event> {
    let dialect: Dialect = spec.parse().unwrap();
    let encoder = TextEncoder::new(&dialect, text.as_bytes(), from).unwrap();
    let bits = encoder.symbols().map(|symbol| bit(from, symbol.into()));
    bits.collect()
}

/// Sends each signal once the one before is answered, and returns the number of answers.
fn converse(world: &mut World, client: Pid, events: &[Event]) -> usize {
    let mut count = 0;
    for event in events {
        world.now += MILLISECOND / 10;
        world.feed(&[*event]);
        let mut answers = world.answers(client).len();
        for _ in 0..100 {
            if answers > 0 {
                break;
            }
            world.pass(MILLISECOND);
            answers = world.answers(client).len();
        }
        count += answers;
    }
    count
}

/// Returns a server with a given dialect.
fn server(spec: &str) -> World {
    let dialect = spec.parse().unwrap();
    World::new(|config| config.dialects = super::super::Dialects::Given(dialect))
}

#[test]
fn a_server_of_its_own_protocol_alone_answers_no_bare_bit() {
    let mut world = World::new(|config| config.dialects = super::super::Dialects::None);
    let client = world.spawn(1);
    let events = signals(client, "classic", "Hello");
    assert_eq!(converse(&mut world, client, &events), 0);
    assert!(world.written.is_empty());
}

#[test]
fn a_text_in_a_dialect_that_is_given_is_answered_bit_by_bit() {
    let mut world = server("classic");
    let client = world.spawn(1);
    let events = signals(client, "classic", "Hello");
    let answers = converse(&mut world, client, &events);
    assert_eq!(answers, events.len());
    let message = &world.written[0];
    assert_eq!(
        (&message.payload[..], message.framed),
        (&b"Hello"[..], false)
    );
    assert_eq!(
        (message.uid, message.client, message.resent),
        (Some(USER), 0, 0)
    );
    assert!(message.duration.as_micros() >= 100 * (events.len() as u128 - 1));
    assert!(world.take_notes().is_empty());
    // The second text begins with the next signal.
    converse(&mut world, client, &signals(client, "classic", "you"));
    world.exit(client);
    assert_eq!(world.take_texts(), ["Hello", "you"]);
    assert!(world.machine.sessions.is_empty());
}

#[test]
fn a_client_is_watched_until_its_dialect_is_known_and_remembered_for_its_program() {
    let mut world = World::new(|_| {});
    let client = world.spawn(1);
    let events = signals(client, "classic", "Hello, world");
    assert_eq!(converse(&mut world, client, &events), events.len());
    let log = world.take_log();
    assert!(log.contains(&Did::Observe(client, true)));
    world.pass(20 * MILLISECOND);
    world.exit(client);
    assert_eq!(world.take_texts(), ["Hello, world"]);
    let notes = world.take_notes();
    assert!(
        matches!(&notes[..], [one] if one.starts_with("client 1 speaks classic")),
        "{notes:?}"
    );
    // The next of the same program is known; one of another program is not.
    for (n, program, is_known) in [(2, 7, true), (3, 8, false)] {
        let next = world.spawn_with(n, |p| p.program = program);
        let events = signals(next, "classic", "Hello, again");
        converse(&mut world, next, &events);
        world.pass(200 * MILLISECOND);
        assert_eq!(world.take_texts(), ["Hello, again"]);
        let notes = world.take_notes();
        assert_eq!(notes.is_empty(), is_known, "{notes:?}");
    }
}

#[test]
fn a_client_without_handlers_is_read_and_not_answered() {
    let mut world = World::new(|_| {});
    let client = world.spawn_with(1, |p| p.handled = SignalSet::NONE);
    for event in signals(client, "classic", "paced by a clock") {
        world.now += MILLISECOND;
        world.feed(&[event]);
        assert!(!world.machine.expects_signal());
    }
    world.pass(100 * MILLISECOND);
    assert_eq!(world.take_texts(), ["paced by a clock"]);
    assert_eq!(world.answers(client), []);
}

#[test]
fn signals_whose_sender_did_not_wait_are_noise() {
    // In batches, or faster than a process sleeps.
    for (in_batches, handled) in [(true, SignalSet::LANES), (false, SignalSet::NONE)] {
        let mut world = server("classic");
        let client = world.spawn_with(1, |p| p.handled = handled);
        for pair in signals(client, "classic", "Noise").chunks(2) {
            if in_batches {
                world.now += MILLISECOND;
                world.feed(pair);
            } else {
                for event in pair {
                    world.now += 39_999;
                    world.feed(&[*event]);
                }
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
        let mut world = server("classic");
        let client = world.spawn_with(1, |p| p.handled = handled);
        for event in signals(client, "classic", "Text") {
            world.now += pause;
            world.feed(&[event]);
        }
        assert_eq!(world.take_texts(), ["Text"]);
    }
}

#[test]
fn noise_is_more_than_a_quarter_of_a_text_or_of_all_that_came() {
    let quarter = |unpaced: usize, text: &str| {
        let mut world = server("classic");
        let client = world.spawn_with(1, |p| p.handled = SignalSet::NONE);
        for (i, event) in signals(client, "classic", text).into_iter().enumerate() {
            world.now += if (1..=unpaced).contains(&i) {
                10
            } else {
                MILLISECOND
            };
            world.feed(&[event]);
        }
        let first = world.take_texts().len();
        for event in signals(client, "classic", "b") {
            world.now += MILLISECOND;
            world.feed(&[event]);
        }
        (first, world.take_texts().len())
    };
    let bits = signals(pid(1), "classic", "abcdefg").len();
    assert_eq!(quarter(bits / 4, "abcdefg"), (1, 1));
    assert_eq!(
        quarter(bits / 4 + 1, "abcdefg"),
        (0, 1),
        "later bits make up for it"
    );
    assert_eq!(
        quarter(bits / 2, "abcdefg"),
        (0, 0),
        "later bits do not make up for it"
    );
}

#[test]
fn a_client_that_has_waited_for_each_of_many_bits_is_expected_to_send_at_once() {
    let mut world = server("classic");
    let client = world.spawn(1);
    let events = signals(client, "classic", "thirteen bytes");
    for (i, event) in (1..).zip(&events) {
        world.now += MILLISECOND;
        world.feed(&[*event]);
        assert_eq!(world.machine.expects_signal(), i >= 8, "{i}");
    }
    world.feed(&[]);
    assert!(!world.machine.expects_signal());
    // Another client's stray in the batch, or two signals in one batch, end the expectation.
    let more = signals(client, "classic", "more");
    let stray = bit(world.spawn(2), Bit::One);
    world.now += MILLISECOND;
    world.feed(&[more[0], stray]);
    assert!(!world.machine.expects_signal());
    world.now += MILLISECOND;
    world.feed(&[more[1]]);
    assert!(world.machine.expects_signal());
    world.now += MILLISECOND;
    world.feed(&more[2..4]);
    world.now += MILLISECOND;
    world.feed(&[more[4]]);
    assert!(!world.machine.expects_signal());
}

#[test]
fn a_client_that_becomes_another_program_between_two_texts_is_not_answered() {
    let mut world = server("classic");
    let client = world.spawn(1);
    converse(&mut world, client, &signals(client, "classic", "one"));
    world.process(client).handled = SignalSet::NONE;
    for event in signals(client, "classic", "two") {
        world.now += MILLISECOND;
        world.feed(&[event]);
    }
    assert_eq!(world.answers(client), []);
    assert_eq!(world.take_texts(), ["one", "two"]);
}

#[test]
fn a_program_that_follows_a_delivered_message_or_a_possible_text_is_not_answered() {
    let mut world = server("classic");
    let client = world.spawn(1);
    world.feed_each(opening(client, 7));
    world.feed_each(frame(client, 7, b"x"));
    assert!(!world.answers(client).is_empty());
    world.process(client).handled = SignalSet::NONE;
    world.feed_each(signals(client, "classic", "a")[..4].iter().copied());
    assert_eq!(world.answers(client), []);
    // "12" and a NUL are a text, unless the client goes on.
    let mut world = World::new(|_| {});
    let client = world.spawn(1);
    let events = signals(client, "head=digits,end=none", "twelve bytes");
    assert_eq!(converse(&mut world, client, &events[..24]), 24);
    world.process(client).handled = SignalSet::NONE;
    world.feed_each([events[24]]);
    assert_eq!(world.answers(client), []);
}

#[test]
fn a_silence_of_a_client_that_waits_for_a_cpu_is_excused() {
    let mut world = World::new(|_| {});
    let change = |p: &mut Process| {
        (p.handled, p.sleep, p.run_time) = (SignalSet::NONE, SleepState::Awake, Some(0));
    };
    let client = world.spawn_with(1, change);
    for event in signals(client, "classic", "12") {
        world.now += MILLISECOND;
        world.feed(&[event]);
    }
    let silent_since = world.now;
    while world.take_texts().is_empty() {
        world.now = world.next_at().unwrap();
        world.feed(&[]);
    }
    let silence = (world.now - silent_since) / (60 * MILLISECOND);
    assert_eq!(silence, 33, "32 excuses");
    // A client that has run since, or that sleeps, is silent.
    for run_time in [Some(4_000_000), None] {
        let mut world = World::new(|_| {});
        let client = world.spawn_with(1, change);
        for event in signals(client, "classic", "12") {
            world.now += MILLISECOND;
            world.feed(&[event]);
        }
        world.pass(61 * MILLISECOND);
        assert!(world.take_texts().is_empty());
        world.process(client).run_time = run_time;
        world.pass(61 * MILLISECOND);
        assert_eq!(world.take_texts(), ["12"]);
    }
}

#[test]
fn the_end_of_a_client_is_the_end_of_its_text_if_that_may_be_complete() {
    let mut world = World::new(|_| {});
    let client = world.spawn_with(1, |p| p.handled = SignalSet::NONE);
    let events = signals(client, "classic", "12");
    for event in &events {
        world.now += MILLISECOND;
        world.feed(&[*event]);
    }
    world.exit(client);
    assert_eq!(world.take_texts(), ["12"]);
    world.take_notes();
    // Half of a text is lost with its client.
    let client = world.spawn_with(2, |p| p.handled = SignalSet::NONE);
    for event in &signals(client, "classic", "half a text")[..45] {
        world.now += MILLISECOND;
        world.feed(&[*event]);
    }
    world.process(client).ends_well = false;
    world.exit(client);
    assert_eq!(world.take_texts().len(), 0);
    let notes = world.take_notes();
    assert!(
        matches!(&notes[..], [one] if one.ends_with("the client ended")),
        "{notes:?}"
    );
}

#[test]
fn an_opening_abandons_a_text() {
    let mut world = World::new(|_| {});
    let client = world.spawn(1);
    converse(
        &mut world,
        client,
        &signals(client, "classic", "a text")[..30],
    );
    world.feed_each(opening(client, 7));
    let text = "dropped a message of client 1 after 3 bytes: the client began another";
    assert_eq!(world.take_notes(), [text]);
    world.answers(client);
    world.feed_each(frame(client, 7, b"x"));
    assert_eq!(world.take_texts(), ["x"]);
}

#[test]
fn clients_of_a_dialect_take_turns_too() {
    let mut world = server("classic");
    let [first, second] = [1, 2].map(|n| world.spawn(n));
    let texts = [first, second].map(|client| signals(client, "classic", "taking turns"));
    let mut at = [0, 0];
    let mut may = [true, true];
    let mut waits = 0;
    for _ in 0..2_000 {
        world.now += MILLISECOND / 2;
        for (i, client) in [first, second].into_iter().enumerate() {
            if may[i] && at[i] < texts[i].len() {
                world.feed(&[texts[i][at[i]]]);
                at[i] += 1;
            }
            may[i] = !world.answers(client).is_empty();
        }
        for (i, client) in [first, second].into_iter().enumerate() {
            may[i] |= !world.answers(client).is_empty();
        }
        waits += usize::from(!may[0]);
        world.pass(MILLISECOND / 2);
        for (i, client) in [first, second].into_iter().enumerate() {
            may[i] |= !world.answers(client).is_empty();
        }
    }
    assert_eq!(world.take_texts(), ["taking turns", "taking turns"]);
    assert!(waits > 20, "{waits}");
}

#[test]
fn signals_that_fit_no_dialect_are_noted_once() {
    // A slow machine takes the signals of a client in batches, so that they look like noise.
    for batch in [1, 4] {
        let mut world = World::new(|_| {});
        let client = world.spawn_with(1, |p| p.handled = SignalSet::NONE);
        let events: Vec<_> = (0..64).map(|i| bit(client, Bit::from(i % 7 < 5))).collect();
        for _ in 0..2 {
            for events in events.chunks(batch) {
                world.now += MILLISECOND;
                world.feed(events);
            }
            world.pass(SECOND);
        }
        let notes = world.take_notes();
        assert!(
            matches!(&notes[..], [one] if one.contains("fits no known dialect")),
            "{notes:?}"
        );
        assert_eq!(world.take_texts().len(), 0);
    }
}

#[test]
fn a_stop_reads_a_text_that_its_client_has_ended_by_exiting() {
    for has_ended in [true, false] {
        let mut world = World::new(|_| {});
        let client = world.spawn_with(1, |p| p.handled = SignalSet::NONE);
        for event in signals(client, "classic", "12") {
            world.now += MILLISECOND;
            world.feed(&[event]);
        }
        // A zombie, of which no pidfd has said anything yet.
        world.process(client).has_ended = has_ended;
        world.feed(&[bare(pid(99), Signal::INT)]);
        assert_eq!(world.machine.sessions.is_empty(), has_ended);
        assert_eq!(world.written.len(), usize::from(has_ended));
        world.pass(SECOND);
        assert_eq!(world.take_texts(), ["12"]);
        assert!(matches!(world.end, Some(Ok(()))));
    }
}

#[test]
fn a_text_that_is_complete_after_the_output_has_failed_is_rejected() {
    let mut world = World::new(|_| {});
    let client = world.spawn_with(1, |p| p.handled = SignalSet::NONE);
    for event in signals(client, "classic", "12") {
        world.now += MILLISECOND;
        world.feed(&[event]);
    }
    let other = world.spawn(2);
    world.writing = Writing::Fails;
    world.feed(&opening(other, 7));
    world.feed(&frame(other, 7, b"x"));
    assert!(world.take_notes().is_empty());
    world.pass(SECOND);
    let notes = world.take_notes();
    let is_dropped = |note: &std::string::String| note.contains("client 1 after 2 bytes");
    assert!(notes.iter().any(is_dropped), "{notes:?}");
    assert!(matches!(world.end, Some(Err(ServeError::Output(_)))));
}

#[test]
fn after_a_stop_a_foreign_client_is_refused() {
    let mut world = server("classic");
    let [half, keeper] = [1, 2].map(|n| world.spawn(n));
    converse(&mut world, half, &signals(half, "classic", "half")[..20]);
    world.feed_each(opening(keeper, 7));
    world.feed(&[bare(pid(99), Signal::INT)]);
    let notes = world.take_notes();
    assert!(
        matches!(&notes[..], [one] if one.contains("after 2 bytes")),
        "{notes:?}"
    );
    let late = world.spawn(3);
    for client in [half, late] {
        for event in signals(client, "classic", "late") {
            world.now += MILLISECOND;
            world.feed(&[event]);
        }
        assert_eq!(world.answers(client), []);
    }
    world.pass(SECOND);
    assert_eq!(world.take_texts().len(), 0);
    assert!(matches!(world.end, Some(Ok(()))));
}

#[test]
fn a_last_acknowledgement_that_is_owed_is_given_before_the_end() {
    let mut world = server("final=both");
    let client = world.spawn(1);
    let events = signals(client, "final=both", "a");
    converse(&mut world, client, &events);
    world.pass(SECOND);
    world.answers(client);
    // The pause between both is not cut short by a stop.
    for event in &events {
        world.now += MILLISECOND;
        world.feed(&[*event]);
    }
    let last = world.answers(client);
    assert_eq!(last.last().unwrap().0, Signal::USR1);
    world.feed(&[bare(pid(99), Signal::INT)]);
    assert!(world.end.is_none());
    world.pass(3 * MILLISECOND);
    let both = world.answers(client);
    assert!(matches!(both[..], [(Signal::USR2, _)]), "{both:?}");
    assert!(matches!(world.end, Some(Ok(()))));
}

#[test]
fn bits_of_many_processes_are_one_stream_if_that_is_wanted_and_otherwise_reported_once() {
    let stream = pid(1000);
    for is_wanted in [true, false] {
        let mut world = World::new(|config| config.one_stream = is_wanted.then_some(stream));
        world.spawn(1000);
        for (n, event) in (1..).zip(signals(stream, "classic", "Hello there")) {
            let sender = world.spawn_with(n, |p| p.handled = SignalSet::NONE);
            world.now += MILLISECOND;
            world.feed(&[bare(sender, event.signal)]);
            // Some have ended before they are looked at.
            world.exit(sender);
        }
        world.pass(SECOND);
        let sent = world.log.iter().any(|did| matches!(did, Did::Send(..)));
        assert!(!sent, "nobody waits for an answer");
        let texts: &[&str] = if is_wanted { &["Hello there"] } else { &[] };
        assert_eq!(world.take_texts(), texts);
        let notes = world.take_notes();
        let word = if is_wanted { "speaks" } else { "--sender any" };
        assert!(
            matches!(&notes[..], [one] if one.contains(word)),
            "{notes:?}"
        );
    }
}

#[test]
fn a_bit_that_another_client_has_swallowed_is_taken_as_sent() {
    for spec in ["", "classic"] {
        let mut world = match spec {
            "" => World::new(|_| {}),
            spec => server(spec),
        };
        let [first, second] = [1, 2].map(|n| world.spawn(n));
        let texts = [(first, "swallowed"), (second, "turn")];
        let [events, others] = texts.map(|(client, text)| signals(client, "classic", text));
        converse(&mut world, first, &events[..20]);
        // The kernel keeps one of two pending signals of a number.
        assert_eq!(events[20].signal, others[0].signal);
        world.now += MILLISECOND / 10;
        world.feed(&[others[0]]);
        world.processes.get_mut(&first).unwrap().sleep = SleepState::ForSignal;
        world.pass(7 * MILLISECOND / 2);
        assert_eq!(world.answers(first).len(), 1, "{spec}");
        world.processes.get_mut(&first).unwrap().sleep = SleepState::Awake;
        converse(&mut world, first, &events[21..]);
        world.pass(100 * MILLISECOND);
        assert!(!world.answers(second).is_empty(), "{spec}");
        converse(&mut world, second, &others[1..]);
        world.pass(100 * MILLISECOND);
        assert_eq!(world.take_texts(), ["swallowed", "turn"], "{spec}");
    }
}

#[test]
fn what_a_client_sent_before_it_was_seen_to_wait_is_taken_first() {
    for is_late in [false, true] {
        let mut world = World::new(|_| {});
        let client = world.spawn_with(1, |p| p.sleep = SleepState::Napping);
        let events = signals(client, "classic", "Hi");
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
fn a_client_that_stops_in_mid_message_is_noted_once() {
    let mut world = World::new(|_| {});
    let client = world.spawn(1);
    let events = signals(client, "classic", "Hi");
    for bits in 1..4 {
        world.feed(&events[bits - 1..bits]);
        world.pass(4_900 * MILLISECOND);
        assert!(world.take_notes().is_empty());
    }
    world.pass(200 * MILLISECOND);
    let notes = world.take_notes();
    assert!(
        matches!(&notes[..], [one] if one.starts_with("client 1 has sent 3 bits and nothing")),
        "{notes:?}"
    );
    world.feed(&events[3..4]);
    world.pass(20_000 * MILLISECOND);
    assert!(
        !world
            .take_notes()
            .iter()
            .any(|note| note.contains("and nothing"))
    );
}

#[test]
fn a_process_that_waits_after_two_looks_and_has_sent_nothing_is_noted_once() {
    let mut world = World::new(|_| {});
    let client = world.spawn(1);
    let events = signals(client, "classic", "Hi");
    world.waiting = [client, pid(2), pid(3)].into();
    converse(&mut world, client, &events);
    world.pass(SEARCH_AFTER);
    assert!(
        world
            .take_notes()
            .iter()
            .all(|note| !note.contains("process"))
    );
    // It was about to send its first bit.
    world.waiting = [client, pid(2)].into();
    world.pass(SEARCH_AFTER);
    let notes = world.take_notes();
    assert!(
        matches!(&notes[..], [one] if one.starts_with("process 2 was started")),
        "{notes:?}"
    );
    for _ in 0..2 {
        converse(&mut world, client, &events);
        world.pass(2 * SEARCH_AFTER);
        assert!(
            world
                .take_notes()
                .iter()
                .all(|note| !note.contains("process"))
        );
    }
    assert!(world.next_at().is_none());
}

#[test]
fn a_text_with_bits_that_came_together_is_noted() {
    for together in [1, 2] {
        let mut world = World::new(|_| {});
        let client = world.spawn(1);
        let mut events = signals(client, "classic", "Hello");
        let last = events.split_off(events.len() - together);
        world.feed_each(events);
        world.feed(&last);
        world.pass(100 * MILLISECOND);
        assert_eq!(world.take_texts(), ["Hello"]);
        let notes = world.take_notes();
        let is_noted = notes
            .iter()
            .any(|note| note.contains("may be wrong: 1 bit "));
        assert_eq!(is_noted, together == 2, "{notes:?}");
    }
}
