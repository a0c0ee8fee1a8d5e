//! How a text ends: by a silence, with its client, or with the server.

use super::{classic, converse, server, signals, without_handlers};
use crate::dialect::ack_timing::SleepState;
use crate::server::ServeError;
use crate::server::tests::own::frame;
use crate::server::tests::world::*;
use crate::signal::set::{Signal, SignalSet};

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
    assert!(!world.machine.expects_signal(), "it is not answered");
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
fn a_client_that_fails_at_once_has_ended_its_text_and_one_that_fails_late_has_given_up() {
    for (text, silence, expected) in [("half", 0, 1), ("half", 55, 0), ("h", 0, 0)] {
        let (mut world, client) = without_handlers();
        world.feed_apart(MILLISECOND, &classic(client, text)[..8 * text.len()]);
        world.pass(silence * MILLISECOND);
        world.machine.handle_exit_status(client, Some(1 << 8));
        world.feed(&[]);
        assert_eq!(world.take_texts(), [text][..expected], "{silence}");
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
    world.feed_apart(MILLISECOND / 8, &events);
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
fn a_last_acknowledgement_is_given_however_long_the_output_was_blocked_at_the_end() {
    let (mut world, client) = World::with_client();
    let events = classic(client, "12");
    let (last, others) = events.split_last().unwrap();
    converse(&mut world, client, others);
    world.feed_each([last]);
    world.feed(&[bare(pid(99), Signal::INT)]);
    world.writing = Writing::Blocks;
    world.pass(2 * SECOND);
    world.answers(client);
    world.writing = Writing::Works;
    world.pass(0);
    assert!(world.answers(client).is_empty() && world.end.is_none());
    world.pass(SECOND);
    assert_eq!(world.answers(client).len(), 2);
    assert!(matches!(world.end, Some(Ok(()))));
}

#[test]
fn a_client_that_ends_on_the_acknowledgement_of_its_first_byte_has_not_sent_its_text() {
    let text = "Hello there";
    let (mut world, client) = World::with_client();
    let send_byte = |world: &mut World, client, n: usize| {
        let bits = &signals(client, "one=usr1", text)[8 * n..][..8];
        world.feed_apart(MILLISECOND, bits);
        world.pass(100 * MILLISECOND);
        world.answers(client)[0].0
    };
    assert_eq!(send_byte(&mut world, client, 0), Signal::USR1);
    world.exit(client);
    assert_eq!(world.take_texts().len(), 0);
    let note = "dropped a message of client 1 after 1 byte: the client ended after an acknowledgement by SIGUSR1";
    let notes = world.take_notes();
    assert!(notes.len() == 1 && notes[0].starts_with(note), "{notes:?}");
    // The next process gets that signal after its text alone.
    let client = world.spawn(2);
    for n in 0..text.len() {
        assert_eq!(send_byte(&mut world, client, n), Signal::USR2);
    }
    assert_eq!(send_byte(&mut world, client, text.len()), Signal::USR1);
    assert_eq!(world.take_texts(), [text]);
}
