//! How the server ends.

use super::super::Stop;
use super::super::shutdown::Urgency;
use super::own::{bits_of, frame};
use super::world::*;

const REJECTED: Status = Status::Rejected(Reason::ShuttingDown);

/// Returns a server with three clients: the first has sent a whole message, the second half of one, and the third has ended.
fn busy(writing: Writing) -> (World, [Pid; 3]) {
    let mut world = World::new(|_| {});
    world.writing = writing;
    let clients = [1, 2, 3].map(|n| world.spawn_open(n));
    world.feed_each(frame(clients[0], 7, b"whole"));
    world.feed_each(&frame(clients[1], 7, b"half")[..bits_of(2) + 6]);
    world.exit(clients[2]);
    world.take_notes();
    world.answers(clients[0]);
    world.answers(clients[1]);
    (world, clients)
}

fn stop(world: &mut World) {
    let signal = bare(pid(99), Signal::TERM);
    world.feed(&[signal]);
}

#[test]
fn a_stop_answers_clients_in_mid_message_and_lingers_for_those_that_ask_again() {
    let (mut world, [whole, half, _]) = busy(Writing::Works);
    let stopped_at = world.now;
    stop(&mut world);
    assert_eq!(world.statuses(half), [REJECTED]);
    assert_eq!(world.statuses(whole), []);
    assert!(world.end.is_none());
    world.pass(240 * MILLISECOND);
    assert!(world.end.is_none());
    // A new transfer of a known client, and of an unknown one.
    for client in [half, world.spawn(4)] {
        world.feed(&opening(client, 9)[..1]);
        assert_eq!(world.statuses(client), [REJECTED]);
    }
    // Each answer is waited for, but not for ever.
    while world.end.is_none() {
        world.feed(&opening(half, 7)[1..]);
        world.pass(100 * MILLISECOND);
    }
    assert!(matches!(world.end, Some(Ok(()))));
    let lingered = world.now - stopped_at;
    assert!((740..960).contains(&(lingered / MILLISECOND)), "{lingered}");
    assert_eq!(world.take_texts(), ["whole"]);
}

#[test]
fn a_client_that_has_ended_unnoticed_is_not_rejected_at_a_stop() {
    let (mut world, [_, half, _]) = busy(Writing::Works);
    world.process(half).has_ended = true;
    stop(&mut world);
    world.expect_note("the client ended");
    assert_eq!(world.statuses(half), []);
}

#[test]
fn a_server_without_announced_clients_ends_at_once() {
    let (mut world, stray) = World::with_client();
    world.feed_each([bare(stray, Signal::USR1)]);
    stop(&mut world);
    assert!(matches!(world.end, Some(Ok(()))));
}

#[test]
fn a_client_that_was_greeted_before_a_stop_is_refused() {
    for signals in [1, 2] {
        let (mut world, client) = World::with_client();
        let [introduction, hello, open] = opening_in_words(client, 7);
        let all = [introduction, hello, open];
        world.feed(&all[..signals]);
        stop(&mut world);
        assert!(world.end.is_none());
        world.answers(client);
        world.now += MILLISECOND;
        world.feed(&all[signals..signals + 1]);
        assert_eq!(world.statuses(client), [REJECTED]);
        world.pass(260 * MILLISECOND);
        assert!(matches!(world.end, Some(Ok(()))));
    }
}

#[test]
fn the_linger_ends_on_time() {
    let (mut world, _) = busy(Writing::Works);
    let began = world.now;
    stop(&mut world);
    while world.end.is_none() {
        world.now = world.next_at().unwrap();
        world.feed(&[]);
    }
    assert_eq!(world.now - began, 250 * MILLISECOND);
}

#[test]
fn a_stop_waits_for_the_output_and_a_second_one_gives_it_up() {
    let (mut world, [whole, ..]) = busy(Writing::Blocks);
    stop(&mut world);
    let note = "waiting for the output to take 1 finished message; signal again to give up";
    assert_eq!(world.take_notes(), [note]);
    world.pass(10 * SECOND);
    assert!(world.end.is_none());
    // The last answer is waited for from the moment of the writing on.
    world.writing = Writing::Works;
    world.pass(0);
    let answers = world.statuses(whole);
    assert!(matches!(answers[..], [Status::Delivered(_)]), "{answers:?}");
    assert!(world.end.is_none());
    world.pass(250 * MILLISECOND);
    assert!(matches!(world.end, Some(Ok(()))));
    let (mut world, _) = busy(Writing::Blocks);
    stop(&mut world);
    stop(&mut world);
    assert!(matches!(world.end, Some(Err(ServeError::Aborted(1)))));
}

#[test]
fn a_stop_request_has_no_further_effect_until_it_is_insisted_on() {
    let request = |world: &mut World, urgency| {
        world.machine.set_now(world.now);
        world.machine.handle_stop_request(urgency);
        world.feed(&[]);
    };
    let (mut world, _) = busy(Writing::Blocks);
    request(&mut world, Urgency::None);
    world.pass(SECOND);
    assert!(world.take_notes().is_empty(), "it goes on");
    request(&mut world, Urgency::Requested);
    request(&mut world, Urgency::Requested);
    assert_eq!(world.take_notes().len(), 1);
    assert!(world.end.is_none());
    request(&mut world, Urgency::Insisted);
    assert!(matches!(world.end, Some(Err(ServeError::Aborted(1)))));
    let (mut world, _) = busy(Writing::Blocks);
    request(&mut world, Urgency::Insisted);
    assert!(matches!(world.end, Some(Err(ServeError::Aborted(1)))));
    let (mut world, _) = busy(Writing::Works);
    request(&mut world, Urgency::Insisted);
    assert!(matches!(world.end, Some(Ok(()))), "nothing is given up");
    let (mut world, [_, half, _]) = busy(Writing::Works);
    request(&mut world, Urgency::Panicked);
    assert_eq!(world.statuses(half), [REJECTED]);
    world.pass(SECOND);
    let end = world.end.as_ref();
    assert!(matches!(end, Some(Err(ServeError::Panicked("notes")))));
    // The first failure is reported.
    let (mut world, _) = busy(Writing::Blocks);
    world.writing = Writing::Fails;
    world.feed(&[]);
    request(&mut world, Urgency::Panicked);
    world.pass(SECOND);
    assert!(matches!(world.end, Some(Err(ServeError::Output(_)))));
}

#[test]
fn the_greatest_urgency_of_a_stop_counts() {
    let stop = Stop::new().unwrap();
    let is_readable = || crate::ffi::is_readable(stop.fd());
    assert_eq!(stop.urgency(), Urgency::None);
    assert!(!is_readable());
    stop.request();
    assert!(is_readable());
    assert_eq!(stop.urgency(), Urgency::Requested);
    assert!(!is_readable(), "it was read");
    stop.insist();
    stop.request();
    assert_eq!(stop.urgency(), Urgency::Insisted);
    stop.panicked();
    assert_eq!(stop.urgency(), Urgency::Panicked);
}

#[test]
fn an_output_that_fails_ends_the_server() {
    let (mut world, [whole, half, _]) = busy(Writing::Blocks);
    world.writing = Writing::Fails;
    world.feed(&[]);
    let rejected = [Status::Rejected(Reason::Output)];
    assert_eq!(world.statuses(whole), rejected);
    assert_eq!(world.statuses(half), rejected);
    // A message that is complete now comes too late, and a later reason does not replace the first.
    world.spawn_open(5);
    stop(&mut world);
    world.pass(SECOND);
    assert!(matches!(world.end, Some(Err(ServeError::Output(_)))));
}

#[test]
fn the_server_ends_after_as_many_messages_as_there_may_be() {
    let mut world = World::new(|config| config.count = Some(2));
    let clients = [1, 2, 3].map(|n| world.spawn_open(n));
    world.writing = Writing::Blocks;
    world.feed_each(&frame(clients[2], 7, b"half")[..bits_of(3)]);
    world.answers(clients[2]);
    world.feed_each(frame(clients[0], 7, b"a"));
    assert_eq!(world.statuses(clients[2]), []);
    world.feed_each(frame(clients[1], 7, b"b"));
    assert_eq!(world.statuses(clients[2]), [REJECTED]);
    assert!(world.take_notes().is_empty(), "nothing is lost");
    world.writing = Writing::Works;
    world.pass(SECOND);
    assert!(matches!(world.end, Some(Ok(()))));
    assert_eq!(world.take_texts(), ["a", "b"]);
}

#[test]
fn the_end_of_a_client_without_a_pidfd_is_found() {
    // In mid-message, and when it has only introduced itself.
    for half in [true, false] {
        let (mut world, client) = World::with_process(|p| p.is_certain = false);
        if half {
            world.feed_each(opening(client, 7));
            world.feed_each(&frame(client, 7, b"half")[..bits_of(2)]);
            world.take_notes();
        } else {
            world.feed_each([bare(client, Signal::WORD)]);
        }
        world.pass(2 * SECOND);
        assert_eq!(world.machine.sessions.len(), 1);
        world.exit(client);
        world.pass(SECOND);
        assert!(world.machine.sessions.is_empty());
        assert_eq!(world.has_note("the client ended"), half);
        assert_eq!(world.next_at(), None);
    }
}

#[test]
fn a_silent_client_loses_its_half_message() {
    let idle = core::time::Duration::from_secs(1);
    let mut world = World::new(|config| config.idle_timeout = Some(idle));
    let client = world.spawn_open(1);
    world.feed_each(&frame(client, 7, b"half")[..bits_of(2)]);
    world.answers(client);
    world.pass(990 * MILLISECOND);
    assert!(world.take_notes().is_empty());
    world.take_log();
    world.pass(260 * MILLISECOND);
    let rejected = Status::Rejected(Reason::Idle);
    assert_eq!(world.statuses(client), [rejected]);
    world.expect_note("after 2 bytes");
    assert_eq!(world.next_at(), None, "an idle server is not woken");
    // A client whose message is over may be silent without limit; so may any client without an idle timeout.
    world.feed_each(opening(client, 8));
    world.feed_each(frame(client, 8, b"whole"));
    world.pass(10 * SECOND);
    assert!(world.take_notes().is_empty());
    assert_eq!(world.next_at(), None);
    let mut world = World::new(|config| config.idle_timeout = None);
    world.spawn_open(1);
    world.pass(2 * SECOND);
    assert_eq!(world.next_at(), None);
    assert_eq!(world.machine.sessions.len(), 1);
}

#[test]
fn sessions_are_looked_through_at_a_quarter_of_the_limit() {
    for (limit, interval) in [(4, 20), (400, 100), (4_000, 1_000), (60_000, 1_000)] {
        let idle = core::time::Duration::from_millis(limit);
        let mut world = World::new(|config| config.idle_timeout = Some(idle));
        let client = world.spawn(1);
        world.feed(&opening(client, 7));
        let at = world.next_at().unwrap();
        assert_eq!((at - world.now) / MILLISECOND, interval, "{limit}");
    }
}
