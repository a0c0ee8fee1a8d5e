//! Clients that speak another protocol.

use std::vec;
use std::vec::Vec;

use super::super::foreign::SEARCH_AFTER;
use super::super::scheduler::QUANTUM;
use super::super::{Dialects, DropReason, Note, ServeError};
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
        world.feed_each([event]);
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

/// Says `text` as [`converse`] does.
fn say(world: &mut World, client: Pid, text: &str) -> usize {
    converse(world, client, &classic(client, text))
}

fn classic(client: Pid, text: &str) -> Vec<Event> {
    signals(client, "classic", text)
}

/// Returns a server with a given dialect, and a client.
fn server(spec: &str) -> (World, Pid) {
    let dialect = spec.parse().unwrap();
    let mut world = World::new(|config| config.dialects = Dialects::Given(dialect));
    let client = world.spawn(1);
    (world, client)
}

/// Returns a server of any dialect, and a client without handlers.
fn without_handlers() -> (World, Pid) {
    World::with_process(|p| p.handled = SignalSet::NONE)
}

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
fn a_client_without_handlers_is_read_and_not_answered() {
    let (mut world, client) = without_handlers();
    for event in classic(client, "paced by a clock") {
        world.feed_apart(MILLISECOND, [event]);
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
fn a_silence_of_a_client_that_waits_for_a_cpu_is_excused() {
    let change = |p: &mut Process| {
        (p.handled, p.sleep, p.run_time) = (SignalSet::NONE, SleepState::Awake, Some(0));
    };
    let (mut world, client) = World::with_process(change);
    world.feed_apart(MILLISECOND, classic(client, "12"));
    let silent_since = world.now;
    while world.take_texts().is_empty() {
        world.now = world.next_at().unwrap();
        world.feed(&[]);
    }
    let silence = (world.now - silent_since) / (60 * MILLISECOND);
    assert_eq!(silence, 33, "32 excuses");
    // A client that has run since, or that sleeps, is silent.
    for run_time in [Some(4_000_000), None] {
        let (mut world, client) = World::with_process(change);
        world.feed_apart(MILLISECOND, classic(client, "12"));
        world.pass(61 * MILLISECOND);
        assert!(world.take_texts().is_empty());
        world.process(client).run_time = run_time;
        world.pass(61 * MILLISECOND);
        assert_eq!(world.take_texts(), ["12"]);
    }
}

#[test]
fn the_end_of_a_client_is_the_end_of_its_text_if_that_may_be_complete() {
    let (mut world, client) = without_handlers();
    world.feed_apart(MILLISECOND, classic(client, "12"));
    world.exit(client);
    assert_eq!(world.take_texts(), ["12"]);
    world.take_notes();
    // Half of a text is lost with its client.
    let client = world.spawn_with(2, |p| p.handled = SignalSet::NONE);
    world.feed_apart(MILLISECOND, &classic(client, "half a text")[..45]);
    world.process(client).ends_well = false;
    world.exit(client);
    assert_eq!(world.take_texts().len(), 0);
    let note = "dropped a message of client 2 after 5 bytes: the client ended";
    assert_eq!(world.take_notes(), [note]);
}

#[test]
fn a_client_that_gives_up_before_its_first_acknowledgement_is_noted_and_a_stray_signal_is_not() {
    for (handled, note) in [
        (
            SignalSet::BITS,
            Some("dropped a message of client 1 after 0 bytes: the client ended"),
        ),
        (SignalSet::NONE, None),
    ] {
        let (mut world, client) = World::with_process(|p| p.handled = handled);
        world.feed_apart(MILLISECOND, &classic(client, "a")[..1]);
        world.process(client).ends_well = false;
        world.exit(client);
        assert_eq!(world.take_notes(), Vec::from_iter(note));
    }
}

#[test]
fn an_opening_abandons_a_text() {
    let (mut world, client) = World::with_client();
    let half = &classic(client, "a text")[..30];
    converse(&mut world, client, half);
    world.feed_each(opening(client, 7));
    let text = "dropped a message of client 1 after 3 bytes: the client began another";
    assert_eq!(world.take_notes(), [text]);
    world.answers(client);
    world.feed_each(frame(client, 7, b"x"));
    assert_eq!(world.take_texts(), ["x"]);
}

#[test]
fn clients_of_a_dialect_take_turns_too() {
    let (mut world, first) = server("classic");
    let clients = [first, world.spawn(2)];
    let texts = clients.map(|client| classic(client, "taking turns"));
    let mut at = [0, 0];
    let mut may = [true, true];
    let mut waits = 0;
    for _ in 0..2_000 {
        world.now += MILLISECOND / 2;
        for i in 0..2 {
            if may[i] && at[i] < texts[i].len() {
                world.feed(&[texts[i][at[i]]]);
                at[i] += 1;
            }
            may[i] = !world.answers(clients[i]).is_empty();
        }
        let mut look = |world: &mut World| {
            let is_answered = clients.map(|client| !world.answers(client).is_empty());
            may = [may[0] | is_answered[0], may[1] | is_answered[1]];
            may[0]
        };
        waits += usize::from(!look(&mut world));
        world.pass(MILLISECOND / 2);
        look(&mut world);
    }
    assert_eq!(world.take_texts(), ["taking turns", "taking turns"]);
    assert!(waits > 20, "{waits}");
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
    }
}

#[test]
fn a_stop_reads_a_text_that_its_client_has_ended_by_exiting() {
    for has_ended in [true, false] {
        let (mut world, client) = without_handlers();
        world.feed_apart(MILLISECOND, classic(client, "12"));
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
    let (mut world, client) = without_handlers();
    world.feed_apart(MILLISECOND, classic(client, "12"));
    let other = world.spawn(2);
    world.writing = Writing::Fails;
    world.feed(&opening(other, 7));
    world.feed(&frame(other, 7, b"x"));
    assert!(world.take_notes().is_empty());
    world.pass(SECOND);
    assert!(world.has_note("client 1 after 2 bytes"));
    assert!(matches!(world.end, Some(Err(ServeError::Output(_)))));
}

#[test]
fn after_a_stop_a_foreign_client_is_refused() {
    let (mut world, half) = server("classic");
    let keeper = world.spawn(2);
    converse(&mut world, half, &classic(half, "half")[..20]);
    world.feed_each(opening(keeper, 7));
    world.feed(&[bare(pid(99), Signal::INT)]);
    world.expect_note("after 2 bytes");
    let late = world.spawn(3);
    for client in [half, late] {
        world.feed_apart(MILLISECOND, classic(client, "late"));
        assert_eq!(world.answers(client), []);
    }
    world.pass(SECOND);
    assert_eq!(world.take_texts().len(), 0);
    assert!(matches!(world.end, Some(Ok(()))));
}

#[test]
fn a_last_acknowledgement_that_is_owed_is_given_before_the_end() {
    let (mut world, client) = server("final=both");
    let events = signals(client, "final=both", "a");
    converse(&mut world, client, &events);
    world.pass(SECOND);
    world.answers(client);
    // The pause between both is not cut short by a stop.
    world.feed_apart(MILLISECOND, &events);
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
        for (n, event) in (1..).zip(classic(stream, "Hello there")) {
            let sender = world.spawn_with(n, |p| p.handled = SignalSet::NONE);
            world.feed_apart(MILLISECOND, [bare(sender, event.signal)]);
            // Some have ended before they are looked at.
            world.exit(sender);
        }
        world.pass(SECOND);
        let sent = world.log.iter().any(|did| matches!(did, Did::Send(..)));
        assert!(!sent, "nobody waits for an answer");
        let texts: &[&str] = if is_wanted { &["Hello there"] } else { &[] };
        assert_eq!(world.take_texts(), texts);
        let word = if is_wanted { "speaks" } else { "--sender any" };
        world.expect_note(word);
    }
}

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
    assert_eq!(
        [first, second].map(|client| world.answers(client).len()),
        [0, 1]
    );
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
