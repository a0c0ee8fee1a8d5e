//! Clients of minitalk's own protocol.

use core::time::Duration;
use std::vec::Vec;

use proptest::prelude::*;

use super::super::{Message, Note};
use super::world::*;
use crate::process::peer::PeerError;
use crate::process::pid::Pid;
use crate::signal::event::{Event, Origin, Signal, SignalSet};
use crate::wire::Nanos;
use crate::wire::bits::Bit;
use crate::wire::control::{Reply, Request, Status};
use crate::wire::frame::Frame;
use crate::wire::reason::Reason;
use crate::wire::sender::{Failure, FrameSender, Lane, Transmit};
use crate::wire::time::{self, Instant};
use crate::wire::word::{MAX_SIZE, Word};

/// Sends a message by the real sending end.
struct Client<'m> {
    pid: Pid,
    sender: FrameSender<'m>,
    result: Option<Result<(), Failure>>,
    deadline: Nanos,
}

impl<'m> Client<'m> {
    fn new(pid: Pid, message: &'m [u8], lane: Lane) -> Self {
        let sender =
            FrameSender::new(message, 7, time::Duration::from_nanos(60 * SECOND), lane).unwrap();
        let (result, deadline) = (None, 0);
        Self {
            pid,
            sender,
            result,
            deadline,
        }
    }

    /// Returns the signals that the client sends now.
    fn poll(&mut self, now: Nanos) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(transmit) = self.sender.poll_transmit(Instant::from_nanos(now)) {
            match transmit {
                Transmit::Signal { bit, value, .. } => {
                    let signal = Signal::of_bit(bit == Bit::One);
                    events.push(match value {
                        None => bare(self.pid, signal),
                        Some(value) => queued(self.pid, signal, Word::from_parts(0, value, [0; 2])),
                    });
                }
                Transmit::Word(word) => {
                    if word.index().is_none() {
                        events.push(bare(self.pid, Signal::Word));
                    }
                    events.push(queued(self.pid, Signal::Word, word));
                }
            }
        }
        self.result = self.sender.result();
        let deadline = self.sender.poll_timeout();
        self.deadline = deadline.map_or(Nanos::MAX, Instant::as_nanos);
        events
    }
}

/// Runs the clients to their ends. `is_lost` decides for each signal of either side whether it is swallowed.
fn transfer(world: &mut World, clients: &mut [Client<'_>], mut is_lost: impl FnMut() -> bool) {
    for _ in 0..200_000 {
        let polled = clients.iter_mut().flat_map(|client| client.poll(world.now));
        let mut events: Vec<_> = polled.collect();
        events.retain(|_| !is_lost());
        if clients.iter().all(|client| client.result.is_some()) {
            return;
        }
        world.feed(&events);
        let mut is_quiet = events.is_empty();
        for client in &mut *clients {
            for (_, answer) in world.answers(client.pid) {
                is_quiet = false;
                if !is_lost() {
                    client
                        .sender
                        .handle_reply(answer, Instant::from_nanos(world.now));
                }
            }
        }
        let deadlines = clients.iter().map(|client| client.deadline);
        let next = deadlines.chain(world.next_at()).min().unwrap();
        world.now = if is_quiet {
            next.max(world.now)
        } else {
            world.now + 3_000
        };
    }
    panic!("the transfer never ends");
}

pub fn status(world: &mut World, pid: Pid) -> Vec<(Signal, Status)> {
    let answers = world.answers(pid).into_iter();
    answers.map(|(signal, a)| (signal, a.status)).collect()
}

/// Returns the bare signals of a frame.
pub fn frame(pid: Pid, message: &[u8]) -> Vec<Event> {
    let frame = Frame::new(message).unwrap();
    (0..frame.bits())
        .map(|i| bit(pid, frame.bit(i).unwrap()))
        .collect()
}

/// Returns the words of a frame, each of which asks for an answer.
pub fn words(pid: Pid, message: &[u8]) -> Vec<Event> {
    let frame = Frame::new(message).unwrap();
    let word = |index: usize| {
        let mut bytes = [0; MAX_SIZE];
        frame.copy(index * MAX_SIZE, &mut bytes);
        queued(pid, Signal::Word, Word::data(index as u32, true, bytes))
    };
    (0..frame.bytes().div_ceil(MAX_SIZE)).map(word).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Each client with its own share of swallowed signals, in bits or in words.
    #[test]
    fn every_message_is_written_once_and_then_delivered(
        messages in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..40), any::<bool>()), 1..5),
        loss in 0u32..25,
        seed in any::<u32>(),
    ) {
        let mut world = World::new(|_| {});
        let mut clients: Vec<_> = (1..).zip(&messages).map(|(n, (message, in_words))| {
            let lane = if *in_words { Lane::Auto } else { Lane::Bit };
            Client::new(world.spawn(n), message, lane)
        }).collect();
        let mut random = seed;
        transfer(&mut world, &mut clients, || {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (random >> 8) % 100 < loss
        });
        let results: Vec<_> = clients.iter().map(|client| client.result).collect();
        prop_assert!(results.iter().all(|result| *result == Some(Ok(()))), "{results:?}");
        // The signal that attests a client of words may be swallowed.
        let is_attested = |m: &Message| m.uid == Some(1000) || loss > 0 && m.uid.is_none();
        let key = |m: &Message| (m.pid, m.payload.clone(), m.framed, is_attested(m));
        let mut written: Vec<_> = world.written.iter().map(key).collect();
        written.sort();
        let sent = (1..).zip(&messages).map(|(n, (message, _))| (pid(n), message.clone(), true, true));
        prop_assert_eq!(written, sent.collect::<Vec<_>>());
        prop_assert_eq!(world.machine.core.backlog.memory.used(), 0);
        for client in &clients {
            world.exit(client.pid);
        }
        prop_assert!(world.take_notes().is_empty());
        prop_assert_eq!(world.next_at(), None);
    }
}

#[test]
fn a_message_in_bits_from_the_hellos_to_the_delivery() {
    let mut world = World::new(|config| config.trace = true);
    let client = world.spawn(1);
    let [zero, one] = hellos(client, 7);
    world.feed(&[zero]);
    assert_eq!(world.take_log()[..1], [Did::Open(client)]);
    assert!(world.machine.poll_timeout() <= Some(Duration::from_secs(1)));
    world.now += MILLISECOND;
    world.feed(&[one]);
    assert_eq!(status(&mut world, client), [(Signal::Usr2, Status::Ok(0))]);
    let began = world.now;
    let bits = frame(client, b"Hi");
    let count = bits.len() as u64;
    for (i, event) in (1..).zip(bits) {
        world.now += MILLISECOND;
        world.feed(&[event]);
        let status = status(&mut world, client);
        if i < count {
            assert_eq!(status, [(Signal::Usr1, Status::Ok(i))]);
            assert!(world.machine.expects_signal());
        } else {
            // The writer is done within the same turn.
            assert_eq!(status, [(Signal::Usr1, Status::Delivered(count))]);
        }
    }
    assert!(!world.machine.expects_signal());
    let message = &world.written[0];
    assert_eq!((message.pid, message.uid), (client, Some(1000)));
    assert_eq!((&message.payload[..], message.framed), (&b"Hi"[..], true));
    assert_eq!((message.tag, message.resent), (7, 0));
    let duration = Duration::from_nanos(world.now - began + MILLISECOND);
    assert_eq!(message.duration, duration, "from the first hello");
    let inspections = world.take_log().len() as u64;
    assert!(
        (count / 10..=count / 10 + 2).contains(&inspections),
        "{inspections}"
    );
    let told = |note: &&Note| matches!(note, Note::Answered { pid, .. } if *pid == client);
    assert_eq!(world.notes.iter().filter(told).count() as u64, count + 2);
    let is_complete = |note: &Note| {
        matches!(
            note,
            Note::Complete {
                bytes: 2,
                framed: true,
                ..
            }
        )
    };
    assert!(world.notes.iter().any(is_complete));
    world.exit(client);
    assert!(matches!(world.notes.last(), Some(Note::SessionEnded(pid)) if *pid == client));
}

#[test]
fn words_are_answered_on_their_signal_once() {
    let mut world = World::new(|_| {});
    let client = world.spawn(1);
    world.feed_each(hellos(client, 7));
    let greeted = world.answers(client)[0].1;
    assert_eq!(greeted.status, Status::Greeted { words: WORD });
    let question = Request::Words { tag: 7, size: WORD };
    // A request on the signal of another lane is not taken for one.
    world.feed_each([ask(client, Signal::Usr1, question)]);
    assert!(world.answers(client).is_empty());
    let hello = Request::Hello { tag: 9, version: 1 };
    world.feed_each([ask(client, Signal::Word, hello)]);
    assert!(world.answers(client).is_empty());
    world.feed_each([
        bare(client, Signal::Word),
        ask(client, Signal::Word, question),
    ]);
    assert_eq!(
        status(&mut world, client),
        [(Signal::Word, Status::Words(0))]
    );
    world.writing = Writing::Blocks;
    world.feed_each(words(
        client,
        b"a message of three words, which is more than two",
    ));
    let steps = [Status::Words(1), Status::Words(2)].map(|status| (Signal::Word, status));
    assert_eq!(status(&mut world, client), steps);
    world.writing = Writing::Works;
    world.pass(0);
    assert_eq!(
        status(&mut world, client),
        [(Signal::Word, Status::Delivered(3))]
    );
    assert_eq!(world.written[0].uid, Some(1000));
    // Words are not offered to a client that does not handle their signal.
    let other = world.spawn_with(2, |p| p.handled = SignalSet::BITS);
    world.feed_each(hellos(other, 7));
    assert_eq!(
        world.answers(other)[0].1.status,
        Status::Greeted { words: 0 }
    );
}

#[test]
fn a_stray_word_or_attestation_opens_nothing() {
    let mut world = World::new(|_| {});
    let client = world.spawn(1);
    world.feed_each(words(client, b"x"));
    world.feed_each([bare(client, Signal::Word)]);
    world.feed_each([queued(client, Signal::Usr1, Word::from_parts(3, 1, [0; 2]))]);
    world.feed_each([queued(client, Signal::Usr1, Word::from_parts(0, 1, [0; 2]))]);
    assert_eq!(world.take_log(), []);
}

#[test]
fn a_client_that_no_longer_handles_the_signals_is_sent_nothing() {
    // Before the next answer is due, at the end of the message, and at the next message.
    let mut world = World::new(|_| {});
    let client = world.spawn(1);
    world.feed_each(hellos(client, 7));
    world.process(client).handled = SignalSet::NONE;
    world.now += 20 * MILLISECOND;
    let bits = frame(client, b"x");
    world.answers(client);
    world.feed_each(bits[..8].iter().copied());
    assert_eq!(world.answers(client), []);
    world.process(client).handled = SignalSet::LANES;
    world.now += 20 * MILLISECOND;
    world.writing = Writing::Blocks;
    world.feed_each(bits[8..].iter().copied());
    assert!(world.answers(client).len() > 70);
    world.process(client).handled = SignalSet::NONE;
    world.writing = Writing::Works;
    world.pass(0);
    assert_eq!(world.take_texts(), ["x"]);
    assert_eq!(world.answers(client), []);
    world.process(client).handled = SignalSet::LANES;
    world.feed_each(hellos(client, 8));
    assert_eq!(world.answers(client).len(), 2);
}

#[test]
fn a_question_that_is_repeated_is_answered_more_than_once() {
    let mut world = World::new(|_| {});
    let client = world.spawn(1);
    world.feed_each(hellos(client, 7));
    world.take_log();
    let mut counts = Vec::new();
    for _ in 0..4 {
        world.now += MILLISECOND;
        world.feed(&hellos(client, 7)[1..]);
        let sent = world.take_log();
        let migrated = sent.contains(&Did::Migrate);
        let copies = sent.iter().map(|did| match did {
            Did::Send(.., copies) => *copies,
            _ => 0,
        });
        counts.push((copies.sum(), migrated));
    }
    assert_eq!(counts, [(2, false), (8, true), (32, true), (32, true)]);
    // Where the message is over, each copy has an inspection of its own.
    world.feed_each(frame(client, b"x"));
    for _ in 0..3 {
        world.now += MILLISECOND;
        world.take_log();
        world.feed(&hellos(client, 7)[1..]);
    }
    let log = world.take_log();
    assert_eq!(
        log.iter().filter(|d| matches!(d, Did::Inspect(_))).count(),
        31
    );
    assert_eq!(
        log.iter().filter(|d| matches!(d, Did::Send(..))).count(),
        32
    );
    assert_eq!(log[0], Did::Migrate);
}

#[test]
fn clients_take_turns() {
    let mut world = World::new(|_| {});
    let clients = [1, 2].map(|n| world.spawn(n));
    for client in clients {
        world.feed_each(hellos(client, 7));
    }
    let [first, second] = clients;
    let (a, b) = (frame(first, &[7; 80]), frame(second, b"b"));
    // A hello without a bit takes the turn too.
    let (mut i, mut j) = (0, 0);
    let mut waits = 0;
    world.answers(first);
    world.answers(second);
    world.feed_each([a[0], b[0]]);
    (i, j) = (i + 1, j + 1);
    for _ in 0..400 {
        world.now += MILLISECOND / 4;
        let may_go_on = |world: &mut World, pid| {
            let answers = world.answers(pid);
            let last = answers.last().map(|(_, answer)| answer.status);
            last.is_some_and(|status| matches!(status, Status::Ok(_)))
        };
        let (one, two) = (may_go_on(&mut world, first), may_go_on(&mut world, second));
        assert!(!(one && two), "both may go on");
        waits += u32::from(!one);
        let next = [(one, a[i]), (two, b[j.min(b.len() - 1)])];
        let events: Vec<_> = next
            .iter()
            .filter(|(may, _)| *may)
            .map(|(_, e)| *e)
            .collect();
        (i, j) = (i + usize::from(one), j + usize::from(two));
        world.feed(&events);
        if events.is_empty() {
            world.pass(MILLISECOND);
        }
    }
    assert!((20..380).contains(&waits), "{waits}");
    assert_eq!(world.written[0].payload, b"b");
}

#[test]
fn a_client_that_ends_in_mid_message_is_noted() {
    let mut world = World::new(|_| {});
    let client = world.spawn(1);
    world.feed_each(hellos(client, 7));
    world.feed_each(frame(client, b"abc")[..72].iter().copied());
    world.exit(client);
    let text = "dropped a message of client 1 after 3 bytes: the client ended";
    assert_eq!(world.take_notes(), [text]);
    assert_eq!(world.take_log().last(), Some(&Did::Close(client)));
    // Hellos alone may be another process's, and a bit is a stray.
    let claimed = world.spawn(2);
    world.feed_each(hellos(claimed, 7));
    world.exit(claimed);
    let stray = world.spawn(3);
    world.feed_each([bit(stray, Bit::One)]);
    world.exit(stray);
    assert!(world.take_notes().is_empty());
    // An attested client that has announced a message is noted with its first bit.
    let attested = world.spawn(4);
    world.feed_each(hellos(attested, 7));
    world.feed_each([bit(attested, Bit::One)]);
    world.exit(attested);
    assert!(world.take_notes()[0].ends_with("0 bytes: the client ended"));
}

#[test]
fn a_client_that_has_ended_when_it_is_answered_is_removed() {
    let mut world = World::new(|_| {});
    let client = world.spawn(1);
    world.feed_each(hellos(client, 7));
    world.process(client).has_ended = true;
    world.feed_each([bit(client, Bit::One)]);
    assert!(world.machine.sessions.is_empty());
    assert_eq!(world.next_at(), None);
}

#[test]
fn another_hello_abandons_the_message() {
    let mut world = World::new(|_| {});
    let client = world.spawn(1);
    world.feed_each(hellos(client, 7));
    world.feed_each(frame(client, b"abc")[..64].iter().copied());
    world.take_log();
    world.feed_each(hellos(client, 8));
    assert!(
        world.take_log().contains(&Did::Inspect(client)),
        "it may be another program"
    );
    let text = "dropped a message of client 1 after 2 bytes: the client began another";
    assert_eq!(world.take_notes(), [text]);
    world.feed_each(frame(client, b"abc"));
    assert_eq!(world.take_texts(), ["abc"]);
}

#[test]
fn a_message_with_a_wrong_checksum_is_rejected_and_noted() {
    let mut world = World::new(|_| {});
    let client = world.spawn(1);
    world.feed_each(hellos(client, 7));
    let mut bits = frame(client, b"abc");
    let last = bits.len() - 1;
    bits[last].signal = match bits[last].signal {
        Signal::Usr1 => Signal::Usr2,
        _ => Signal::Usr1,
    };
    world.feed_each(bits);
    let answers = status(&mut world, client);
    let rejected = (Signal::Usr1, Status::Rejected(Reason::Checksum));
    assert_eq!(answers.last(), Some(&rejected));
    let notes = world.take_notes();
    assert_eq!(notes.len(), 1);
    assert!(
        notes[0].starts_with("dropped a message of client 1 after 3 bytes: "),
        "{notes:?}"
    );
}

#[test]
fn a_client_that_cannot_be_answered_is_noted_once() {
    let denied = || PeerError::NotPermitted;
    let mut world = World::new(|_| {});
    let other = world.spawn_with(1, |p| p.error = Some(denied));
    world.feed_each(hellos(other, 7));
    assert_eq!(world.answers(other), []);
    let notes = world.take_notes();
    assert!(
        matches!(&notes[..], [one] if one.contains("may not signal")),
        "{notes:?}"
    );
    let filtered = || PeerError::System(std::io::ErrorKind::Other.into());
    let other = world.spawn_with(2, |p| p.error = Some(filtered));
    world.feed_each(hellos(other, 7));
    let notes = world.take_notes();
    assert!(
        matches!(&notes[..], [one] if one.contains("gets no ack")),
        "{notes:?}"
    );
    // One whose signals are denied only when they are sent.
    let late = world.spawn(3);
    world.feed_each(hellos(late, 7));
    world.process(late).error = Some(filtered);
    world.answers(late);
    world.feed_each([bit(late, Bit::One), bit(late, Bit::One)]);
    assert_eq!(world.answers(late).len(), 1);
    assert_eq!(world.take_notes().len(), 1);
}

#[test]
fn signals_without_a_sender_and_processes_without_a_pidfd_are_noted_once() {
    let mut world = World::new(|_| {});
    let unknown = Event {
        origin: Origin::Unknown { code: 0 },
        ..bare(pid(1), Signal::Usr1)
    };
    world.feed_each([unknown, unknown]);
    let notes = world.take_notes();
    assert!(
        matches!(&notes[..], [one] if one.contains("without a sender")),
        "{notes:?}"
    );
    for n in [1, 2] {
        let client = world.spawn_with(n, |p| p.is_certain = false);
        world.feed_each(hellos(client, 7));
    }
    let notes = world.take_notes();
    assert!(
        matches!(&notes[..], [one] if one.contains("no pidfd")),
        "{notes:?}"
    );
}

#[test]
fn a_repetition_of_an_unknown_transfer_is_answered_with_a_reset() {
    let mut world = World::new(|_| {});
    let client = world.spawn(1);
    let resend = Request::Resend { tag: 9, index: 3 };
    world.feed_each([ask(client, Signal::Usr2, resend)]);
    let reset = Reply {
        tag: 9,
        status: Status::Reset,
    };
    assert_eq!(world.answers(client), [(Signal::Usr2, reset)]);
    let unannounced = Request::Resend { tag: 0, index: 3 };
    world.feed_each([ask(client, Signal::Usr2, unannounced)]);
    assert_eq!(status(&mut world, client), [(Signal::Usr2, Status::Reset)]);
    assert!(world.take_texts().is_empty());
}
