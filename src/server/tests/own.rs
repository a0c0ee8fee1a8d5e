//! Clients of minitalk's own protocol.

use core::time::Duration;

use proptest::prelude::*;

use super::super::scheduler::{IDLE_LIMIT, QUANTUM};
use super::clients::{Client, transfer};
use super::world::*;
use crate::wire::control::Arrived;

/// Returns the frame of a transfer.
fn sealed(message: &[u8], nonces: Nonces) -> Frame<'_> {
    let mut frame = Frame::new(MessageKind::Message, message).unwrap();
    frame.seal(nonces);
    frame
}

/// Returns the bits of a frame, each of which asks for an answer.
pub fn frame(pid: Pid, client: Nonce, message: &[u8]) -> Vec<Event> {
    own_bits(pid, nonces(pid, client), message)
}

/// Returns the bits of a frame under these nonces, each of which asks for an answer.
pub fn own_bits(pid: Pid, nonces: Nonces, message: &[u8]) -> Vec<Event> {
    let frame = sealed(message, nonces);
    let bit = |index| own_bit(pid, nonces, index, frame.bit(index).unwrap());
    (0..frame.bits()).map(bit).collect()
}

/// Returns one bit of a transfer.
pub fn own_bit(pid: Pid, nonces: Nonces, index: u64, bit: Bit) -> Event {
    let request = bit_request(nonces, index, true);
    ask(pid, Signal::of_bit(bit == Bit::One), request)
}

const fn bit_request(nonces: Nonces, index: u64, wants_reply: bool) -> Request {
    let serial = (index + 1) as u8;
    Request::Bit {
        nonces,
        index,
        serial,
        wants_reply,
    }
}

/// Returns the words of a frame, each of which asks for an answer.
pub fn words(pid: Pid, client: Nonce, message: &[u8]) -> Vec<Event> {
    let nonces = nonces(pid, client);
    let frame = sealed(message, nonces);
    let word = |index: usize| {
        let word = Word::of(&frame, index as u32, true, nonces.server);
        ask(pid, Signal::WORD, Request::Word(word))
    };
    (0..frame.bytes().div_ceil(SIZE)).map(word).collect()
}

/// Returns the number of bits up to the end of so many bytes of the message.
pub const fn bits_of(bytes: usize) -> usize {
    8 * (crate::wire::frame::HEADER_LEN + bytes)
}

/// Returns the status of a client of bits that may go on with bit `next`.
const fn ok(next: u64) -> Status {
    Status::Ok(Arrived::new(next, 0, next as u8))
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
        let key = |m: &Received| (m.pid, m.payload.clone(), m.framed, m.uid);
        let mut written: Vec<_> = world.written.iter().map(key).collect();
        written.sort();
        let sent = (1..).zip(&messages).map(|(n, (message, _))| (pid(n), message.clone(), true, Some(USER)));
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
    let [hello, open] = opening(client, 7);
    world.feed(&[hello]);
    let greeted = (Signal::USR1, Status::Greeted { words: true });
    assert_eq!(world.replies(client), [greeted]);
    assert!(world.machine.expects_opening());
    assert_eq!(world.take_log(), [Did::Open(client), Did::Close(client)]);
    assert_eq!(world.next_at(), None);
    world.feed_apart(MILLISECOND, [open]);
    assert_eq!(world.replies(client), [(Signal::USR2, ok(0))]);
    assert!(world.machine.expects_opening());
    assert!(world.next_at() <= Some(world.now + 1_000 * MILLISECOND));
    let began = world.now;
    let bits = frame(client, 7, b"Hi");
    let count = bits.len() as u64;
    world.take_log();
    let mut last_answer = Signal::USR1;
    for (i, event) in (1..).zip(bits) {
        world.feed_apart(MILLISECOND, [event]);
        let status = world.replies(client);
        if i < count {
            assert_eq!(status, [(event.signal, ok(i))]);
            last_answer = event.signal;
            assert!(world.machine.expects_signal() && !world.machine.expects_opening());
            continue;
        }
        // The writer is done within the same turn. The last answer, which is on the other signal, could merge with this one.
        assert_ne!(status[0].0, last_answer);
        assert_eq!(status[0].1, Status::Delivered(count));
    }
    assert!(!world.machine.expects_signal());
    let message = &world.written[0];
    assert_eq!((message.pid, message.uid), (client, Some(USER)));
    assert_eq!((&message.payload[..], message.framed), (&b"Hi"[..], true));
    assert_eq!((message.client, message.resent), (7, 0));
    let duration = Duration::from_nanos(world.now - began);
    assert_eq!(message.duration, duration, "from the opening");
    let inspected = world.take_log().len() as u64;
    assert!((count / 10..=count / 10 + 2).contains(&inspected));
    world.exit(client);
    let notes = world.take_notes();
    let answers = notes
        .iter()
        .filter(|note| note.starts_with("answered client 1"));
    assert_eq!(answers.count() as u64, count + 2);
    assert!(notes.contains(&"a message of 2 bytes of client 1 is complete".into()));
    assert_eq!(notes.last().unwrap(), "the session of client 1 is over");
}

#[test]
fn words_are_answered_on_their_signal_once() {
    let (mut world, client) = World::with_client();
    let [introduction, hello, open] = opening_in_words(client, 7);
    world.feed_each([introduction]);
    assert!(world.machine.expects_opening());
    world.feed_each([hello]);
    let greeted = (Signal::WORD, Status::Greeted { words: true });
    assert_eq!(world.replies(client), [greeted]);
    world.feed_each([hello]);
    assert_eq!(world.answers(client), [], "one greeting for a bare signal");
    world.feed_each([open]);
    let at = |next| (Signal::WORD, Status::Ok(Arrived::at(next)));
    assert_eq!(world.replies(client), [at(0)]);
    world.writing = Writing::Blocks;
    let message = &[b'w'; 2 * SIZE];
    world.feed_each(words(client, 7, message));
    assert_eq!(world.replies(client), [at(1), at(2)]);
    world.writing = Writing::Works;
    world.pass(0);
    let delivered = (Signal::WORD, Status::Delivered(3));
    assert_eq!(world.replies(client), [delivered]);
    assert_eq!(world.written[0].uid, Some(USER));
    // The opening can come on another signal.
    let [hello, _] = opening(client, LATER);
    let open = open_with(client, nonces(client, LATER), Signal::USR2, true);
    world.feed_each([hello, open]);
    world.writing = Writing::Blocks;
    world.feed_each(words(client, LATER, b""));
    world.answers(client);
    world.writing = Writing::Works;
    world.pass(0);
    assert_eq!(
        world.replies(client),
        [(Signal::WORD, Status::Delivered(1))]
    );
    // Words are not offered to a client that does not handle their signal.
    let other = world.spawn_with(2, |p| p.handled = SignalSet::BITS);
    world.feed_each(opening(other, 7));
    let greeted = (Signal::USR1, Status::Greeted { words: false });
    assert_eq!(world.replies(other)[0], greeted);
}

#[test]
fn words_are_told_apart_by_their_proofs() {
    let mut world = World::new(|_| {});
    let clients = [1, 2, 3].map(|n| world.spawn(n));
    let message = |client: Pid| [client.get() as u8; 9 * SIZE];
    for client in clients {
        world.feed_each(opening_in_words(client, 7));
    }
    let each = clients.map(|client| words(client, 7, &message(client)));
    for index in 0..each[0].len() {
        world.feed_each(each.each_ref().map(|words| words[index]));
    }
    let written = world.written.iter();
    let mut written: Vec<_> = written.map(|m| (m.pid, m.payload.clone())).collect();
    written.sort();
    let sent = clients.map(|client| (client, message(client).to_vec()));
    assert_eq!(written, sent);
}

#[test]
fn bits_are_answered_on_the_real_time_signal_if_they_were_opened_there() {
    for (message, texts) in [(&b"x"[..], &["x"][..]), (b"too long", &[])] {
        let mut world = World::new(|config| config.max_message = 4);
        let client = world.spawn(1);
        let [introduction, hello, _] = opening_in_words(client, 7);
        let in_bits = open_with(client, nonces(client, 7), Signal::WORD, false);
        world.feed_each([introduction, hello, in_bits]);
        world.feed_each(frame(client, 7, message));
        let answers = world.replies(client);
        assert!(answers.iter().all(|(signal, _)| *signal == Signal::WORD));
        let is_delivered = matches!(answers.last(), Some((_, Status::Delivered(_))));
        assert_eq!(is_delivered, !texts.is_empty());
        assert_eq!(world.take_texts(), texts);
    }
}

#[test]
fn bits_of_one_batch_are_answered_together() {
    let (mut world, client) = World::with_open_client();
    world.answers(client);
    let bits = frame(client, 7, b"x");
    world.now += MILLISECOND;
    world.feed(&bits[..5]);
    assert_eq!(world.replies(client), [(bits[4].signal, ok(5))]);
    // A bit that asks for no answer is answered once its client is quiet, and not because others are.
    let silent = |index: u64| {
        let Event { signal, .. } = bits[index as usize];
        let bit = bit_request(nonces(client, 7), index, false);
        ask(client, signal, bit)
    };
    world.is_quiet = false;
    world.feed_apart(MILLISECOND, [silent(5)]);
    assert!(world.machine.owes_reply(Owed::WhenQuiet));
    world.feed(&[silent(6)]);
    assert_eq!(world.answers(client), []);
    let stray = bit(world.spawn(2), Bit::One);
    world.feed(&[stray]);
    assert_eq!(world.replies(client), [(bits[6].signal, ok(7))]);
    assert!(!world.machine.owes_reply(Owed::WhenQuiet));
    world.feed(&[silent(7)]);
    world.is_quiet = true;
    world.feed(&[]);
    assert_eq!(world.replies(client), [(bits[7].signal, ok(8))]);
    // A missing bit may be pending.
    world.is_quiet = false;
    world.feed(&[silent(9)]);
    assert_eq!(world.answers(client), []);
    world.is_quiet = true;
    world.feed(&[]);
    world.is_quiet = false;
    let gap = Status::Ok(Arrived::new(8, 1, 10));
    assert_eq!(world.replies(client), [(bits[9].signal, gap)]);
    assert!(!world.machine.owes_reply(Owed::WhenQuiet));
    world.feed(&[silent(8)]);
    world.exit(client);
    assert!(!world.machine.owes_reply(Owed::WhenQuiet));
}

#[test]
fn a_stray_word_or_bit_opens_nothing() {
    let (mut world, client) = World::with_client();
    world.feed_each(words(client, 7, b"x"));
    world.feed_each(frame(client, 7, b"x"));
    world.feed_each([hello(client, 7, Signal::WORD)]);
    assert!(world.take_notes().is_empty());
    world.feed_each([queued(client, Signal::USR1, Packet::default())]);
    assert_eq!(world.take_log(), []);
}

#[test]
fn a_client_that_no_longer_handles_the_signals_is_sent_nothing() {
    // Before the next answer is due, at the end of the message, and at the next message.
    let (mut world, client) = World::with_open_client();
    world.process(client).handled = SignalSet::NONE;
    world.now += 20 * MILLISECOND;
    let bits = frame(client, 7, b"x");
    world.answers(client);
    world.feed_each(&bits[..8]);
    assert_eq!(world.answers(client), []);
    world.process(client).handled = SignalSet::LANES;
    world.now += 20 * MILLISECOND;
    world.writing = Writing::Blocks;
    world.feed_each(&bits[8..]);
    assert!(world.answers(client).len() > 60);
    world.process(client).handled = SignalSet::NONE;
    world.writing = Writing::Works;
    world.pass(0);
    assert_eq!(world.take_texts(), ["x"]);
    assert_eq!(world.answers(client), []);
    world.process(client).handled = SignalSet::LANES;
    world.feed_each(opening(client, LATER));
    assert_eq!(world.answers(client).len(), 2);
}

#[test]
fn a_question_that_is_repeated_is_answered_more_than_once() {
    let (mut world, client) = World::with_open_client();
    world.take_log();
    let mut counts = Vec::new();
    for _ in 0..4 {
        world.now += MILLISECOND;
        world.feed(&opening(client, 7)[1..]);
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
    world.feed_each(frame(client, 7, b"x"));
    for _ in 0..3 {
        world.now += MILLISECOND;
        world.take_log();
        world.feed(&opening(client, 7)[1..]);
    }
    let log = world.take_log();
    let count = |is: fn(&&Did) -> bool| log.iter().filter(is).count();
    assert_eq!(count(|did| matches!(did, Did::Inspect(_))), 31);
    assert_eq!(count(|did| matches!(did, Did::Send(..))), 32);
    assert_eq!(log[0], Did::Migrate);
}

#[test]
fn a_client_waits_while_this_process_sends_bits_to_it() {
    let (mut world, client) = World::with_client();
    assert!(world.machine.may_send_bits(client), "no message");
    world.feed_each(opening(client, 7));
    let bits = frame(client, 7, &[7; 80]);
    world.feed_each([bits[0]]);
    assert!(!world.machine.may_send_bits(client));
    assert!(world.machine.must_wait(client));
    world.answers(client);
    world.feed_apart(QUANTUM, [bits[1]]);
    assert!(matches!(world.statuses(client)[..], [Status::Wait(_)]));
    assert!(!world.machine.must_wait(client));
    world.machine.keep_turns(|pid| pid == client);
    assert!(world.machine.may_send_bits(client));
    // It goes on when this process has sent all, or nothing for a while.
    world.machine.keep_turns(|_| false);
    world.feed(&[]);
    assert!(matches!(world.statuses(client)[..], [Status::Ok(_)]));
    world.feed_each([bits[2]]);
    assert!(!world.machine.may_send_bits(client));
    world.feed_apart(QUANTUM, [bits[3]]);
    assert!(!world.machine.must_wait(client));
    world.answers(client);
    world.pass(IDLE_LIMIT);
    assert!(matches!(world.statuses(client)[..], [Status::Ok(_)]));
    assert!(!world.machine.may_send_bits(client));
    world.exit(client);
    assert!(!world.machine.must_wait(client));
    assert_eq!(world.next_at(), None);
}

#[test]
fn a_client_that_ends_in_mid_message_is_noted() {
    let (mut world, client) = World::with_open_client();
    world.feed_each(&frame(client, 7, b"abc")[..bits_of(3)]);
    world.exit(client);
    world.expect_note("dropped a message of client 1 after 3 bytes: the client ended");
    assert_eq!(world.take_log().last(), Some(&Did::Close(client)));
    // A hello alone may be another process's, and a bit is a stray.
    let claimed = world.spawn(2);
    world.feed_each([hello(claimed, 7, Signal::USR1)]);
    world.exit(claimed);
    let stray = world.spawn(3);
    world.feed_each([bit(stray, Bit::One)]);
    world.exit(stray);
    assert!(world.take_notes().is_empty());
    // A client that has opened a transfer is noted without a bit.
    let opened = world.spawn_open(4);
    world.exit(opened);
    world.expect_note("0 bytes: the client ended");
}

#[test]
fn a_client_that_has_ended_when_it_is_answered_is_removed() {
    let (mut world, client) = World::with_open_client();
    world.process(client).has_ended = true;
    world.feed_each([frame(client, 7, b"x")[0]]);
    assert!(world.machine.sessions.is_empty());
    assert_eq!(world.next_at(), None);
}

#[test]
fn another_opening_abandons_the_message() {
    let (mut world, client) = World::with_open_client();
    world.feed_each(&frame(client, 7, b"abc")[..bits_of(2)]);
    world.take_log();
    let [hello, open] = opening(client, 8);
    world.feed_each([hello]);
    assert!(world.take_notes().is_empty());
    world.take_log();
    world.feed_each([open]);
    let began = world.now;
    // The client may be another program.
    assert!(world.take_log().contains(&Did::Inspect(client)));
    world.expect_note("dropped a message of client 1 after 2 bytes: the client began another");
    world.feed_each(frame(client, 8, b"abc"));
    let duration = Duration::from_nanos(world.now - began);
    assert_eq!(world.written[0].duration, duration, "from its own opening");
    assert_eq!(world.take_texts(), ["abc"]);
}

#[test]
fn a_client_that_cannot_be_answered_is_noted_once() {
    let denied = || PeerError::NotPermitted;
    let (mut world, other) = World::with_process(|p| p.error = Some(denied));
    world.feed_each(opening(other, 7));
    assert_eq!(world.answers(other), []);
    world.expect_note("may not signal");
    let filtered = || PeerError::System(std::io::ErrorKind::Other.into());
    let other = world.spawn_with(2, |p| p.error = Some(filtered));
    world.feed_each(opening(other, 7));
    world.expect_note("gets no ack");
    // A client whose signals are denied only when they are sent.
    let late = world.spawn_open(3);
    world.process(late).error = Some(filtered);
    world.answers(late);
    world.feed_each(&frame(late, 7, b"x")[..2]);
    assert_eq!(world.answers(late).len(), 1);
    assert_eq!(world.take_notes().len(), 1);
}

#[test]
fn signals_without_a_sender_and_processes_without_a_pidfd_are_noted_once() {
    let mut world = World::new(|_| {});
    let unknown = Event {
        origin: unknown(),
        ..bare(pid(1), Signal::USR1)
    };
    world.feed_each([unknown, unknown]);
    world.expect_note("without a sender");
    for n in [1, 2] {
        let client = world.spawn_with(n, |p| p.is_certain = false);
        world.feed_each(opening(client, 7));
    }
    world.expect_note("no pidfd");
}
