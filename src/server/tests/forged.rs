//! Another process that sends signals in a client's name.

use super::foreign::signals;
use super::own::{frame, own_bits, words};
use super::world::*;

/// Returns what a process can send that knows the client's PID and the index of its next bit or word, and none of its nonces.
fn forgeries(client: Pid, next: u64) -> Vec<Event> {
    let ours = nonces(client, 7);
    // Nonces that the server has sent to the other process itself.
    let theirs = nonces(pid(99), 7);
    let mut events = Vec::new();
    for signal in [Signal::USR1, Signal::USR2, Signal::WORD] {
        for client_nonce in [0, 1, 8] {
            events.push(hello(client, client_nonce, signal));
        }
        for (client_nonce, server) in [
            (7, theirs.server),
            (0, 0),
            (7, 0),
            (0, nonces(client, 0).server),
            (8, ours.server),
            (theirs.client, theirs.server),
        ] {
            let nonces = Nonces::new(client_nonce, server);
            for in_words in [false, true] {
                events.push(open_with(client, nonces, signal, in_words));
            }
            let bit = Request::Bit {
                nonces,
                index: next,
                serial: 77,
                wants_reply: true,
            };
            events.push(ask(client, signal, bit));
            let word = Word {
                index: next as u32,
                wants_reply: true,
                proof: proof(server).wrapping_add(1),
                bytes: [0; SIZE],
            };
            events.push(ask(client, signal, Request::Word(word)));
        }
    }
    events
}

#[test]
fn a_forged_hello_leaves_neither_a_session_nor_a_descriptor() {
    let mut world = World::new(|_| {});
    for n in 1..=1000 {
        let named = world.spawn(n);
        let signal = Signal::of_bit(n % 2 == 0);
        world.feed_each([hello(named, 7, signal)]);
        let log = world.take_log();
        let [
            Did::Open(opened),
            Did::Send(to, on, Some(_), 1),
            Did::Close(closed),
        ] = log[..]
        else {
            panic!("{log:?}");
        };
        assert_eq!([opened, to, closed], [named; 3]);
        assert_eq!(on, signal);
        assert!(world.machine.sessions.is_empty() && world.held.is_empty());
    }
    assert_eq!(world.next_at(), None);
    assert!(world.take_notes().is_empty());
    // A process that does not handle the signal, or does not exist, is sent nothing.
    let shell = world.spawn_with(2000, |p| p.handled = SignalSet::NONE);
    world.feed_each([hello(shell, 7, Signal::USR1)]);
    assert_eq!(world.take_log(), [Did::Open(shell), Did::Close(shell)]);
    world.feed_each([hello(pid(3000), 7, Signal::USR1)]);
    assert_eq!(world.take_log(), [Did::Open(pid(3000))]);
}

#[test]
fn an_opening_without_the_nonce_of_the_server_leaves_nothing() {
    let (mut world, named) = World::with_client();
    world.feed_each(forgeries(named, 0));
    let is_greeting = |status: &Status| matches!(status, Status::Greeted { .. });
    let answers = world.replies(named);
    assert!(answers.iter().all(|(_, status)| is_greeting(status)));
    assert_eq!(answers.len(), 6, "one for each hello that is no word");
    assert!(world.machine.sessions.is_empty());
    assert!(world.take_notes().is_empty());
}

#[test]
fn forged_signals_change_nothing_in_a_transfer() {
    for in_words in [false, true] {
        let (mut world, client) = World::with_client();
        let message = &[b'm'; 3 * SIZE];
        let data = if in_words {
            world.feed_each(opening_in_words(client, 7));
            words(client, 7, message)
        } else {
            world.feed_each(opening(client, 7));
            frame(client, 7, message)
        };
        let half = data.len() / 2;
        world.feed_each(&data[..half]);
        world.answers(client);
        let state = |world: &World| {
            let session = &world.machine.sessions[&client];
            let times = (session.last_seen, session.started_at);
            let receiver = session.receiver.clone();
            (receiver, times, session.signal, session.proven_uid)
        };
        let mut before = state(&world);
        // The next inspection shows another user: that changes the key, and the transfer's nonces stay.
        world.process(client).uid = 0;
        before.0.derive_key(0);
        for event in forgeries(client, half as u64) {
            world.feed_each([event]);
            let log = world.take_log();
            let sent = log.iter().filter(|did| matches!(did, Did::Send(..)));
            assert!(sent.count() <= 1, "one answer at most");
        }
        assert_eq!(state(&world), before);
        world.feed_each(&data[half..]);
        assert!(matches!(world.last_status(client), Status::Delivered(_)));
        assert_eq!(world.written[0].payload, message);
        assert_eq!(world.written[0].uid, Some(USER));
        assert!(world.take_notes().is_empty());
    }
}

#[test]
fn bits_without_nonces_are_no_message_of_a_process_that_has_opened_nothing() {
    let (mut world, named) = World::with_client();
    // Its session is that of a stray, or of an introduction.
    world.feed_each([bit(named, Bit::One), bare(named, Signal::WORD)]);
    world.feed_each(own_bits(named, Nonces::default(), b"forged"));
    let answers = world.answers(named);
    assert!(answers.iter().all(|(_, reply)| reply.is_none()));
    assert_eq!(world.take_texts().len(), 0);
    let receiver = &world.machine.sessions[&named].receiver;
    assert_eq!((receiver.client_nonce(), receiver.held_bytes()), (0, 0));
}

#[test]
fn a_later_process_of_the_same_pid_cannot_use_the_nonces_of_the_one_before() {
    let (mut world, client) = World::with_open_client();
    assert_eq!(world.machine.sessions.len(), 1);
    world.exit(client);
    let later = world.spawn_with(1, |process| process.start += 1);
    world.take_log();
    world.feed_each([open(later, 7, Signal::USR1)]);
    assert_eq!(world.take_log(), [Did::Open(later), Did::Close(later)]);
    world.feed_each(frame(later, 7, b"x"));
    assert_eq!(world.take_texts().len(), 0);
}

#[test]
fn the_user_of_a_message_is_that_of_its_process_when_it_was_opened() {
    const OTHER: u32 = USER + 1;
    let (mut world, client) = World::with_process(|process| process.uid = OTHER);
    // A stray, of which the kernel says another user.
    world.feed_each([bit(client, Bit::One)]);
    // Each signal claims to be root's.
    let nonces = nonces_of(OTHER, client, 7);
    let open = open_with(client, nonces, Signal::USR1, false);
    world.feed_each([hello(client, 7, Signal::USR1), open]);
    world.process(client).uid = USER;
    world.feed_each(own_bits(client, nonces, b"one"));
    assert_eq!(world.written[0].uid, Some(OTHER));
    assert_eq!(world.take_texts(), ["one"]);
}

#[test]
fn what_a_process_was_sent_as_one_user_proves_nothing_once_it_is_anothers() {
    let (mut world, client) = World::with_client();
    let [hello, open] = opening(client, 7);
    world.feed_each([hello]);
    world.process(client).uid = USER + 1;
    world.feed_each([open]);
    world.feed_each(frame(client, 7, b"x"));
    assert_eq!(world.take_texts().len(), 0);
    world.process(client).uid = USER;
    world.feed_each([open]);
    world.feed_each(frame(client, 7, b"x"));
    assert_eq!(world.take_texts(), ["x"]);
}

#[test]
fn a_bare_bit_during_a_transfer_is_ignored() {
    let mut world = World::new(|_| {});
    world.writing = Writing::Blocks;
    let client = world.spawn_open(1);
    let bits = frame(client, 7, b"x");
    let stray = bit(client, Bit::One);
    world.feed_each([stray]);
    world.feed_each(&bits[..5]);
    world.answers(client);
    world.feed_each([stray, stray]);
    world.feed_each(&bits[5..]);
    world.feed_each([stray]);
    assert!(world.machine.sessions[&client].foreign.receiver.is_none());
    assert_eq!(world.answers(client).len(), bits.len() - 6);
    world.writing = Writing::Works;
    world.pass(SECOND);
    assert!(matches!(world.statuses(client)[..], [Status::Delivered(_)]));
    assert_eq!(world.take_texts(), ["x"]);
    assert!(world.take_notes().is_empty());
}

#[test]
fn a_client_can_ask_about_a_delivered_message_after_a_bare_bit() {
    let (mut world, client) = World::with_open_client();
    let bits = frame(client, 7, b"x");
    world.feed_each(&bits);
    world.feed_each([bit(client, Bit::One)]);
    assert!(world.machine.sessions[&client].foreign.receiver.is_some());
    world.answers(client);
    let [hello, open] = opening(client, 7);
    for question in [bits[bits.len() - 1], open, hello] {
        world.feed_each([question]);
        // The bare bit may be acknowledged meanwhile.
        let answers = world.answers(client).into_iter();
        let replies = answers.filter_map(|(signal, reply)| Some((signal, reply?.status)));
        let delivered = (question.signal, Status::Delivered(bits.len() as u64));
        assert_eq!(replies.collect::<Vec<_>>(), [delivered]);
    }
    assert_eq!(world.take_texts(), ["x"]);
}

#[test]
fn a_hello_is_not_answered_in_the_middle_of_a_text() {
    let (mut world, client) = super::foreign::server("classic");
    let text = signals(client, "classic", "a text");
    for (i, event) in text.iter().enumerate() {
        world.feed_each([*event]);
        // An acknowledgement may wait for a client that is slow to nap.
        world.pass(MILLISECOND);
        assert_eq!(world.answers(client).len(), 1, "the acknowledgement");
        world.feed_each([hello(client, 7, Signal::USR1)]);
        let is_over = i + 1 == text.len();
        assert_eq!(world.answers(client).len(), usize::from(is_over));
    }
    assert_eq!(world.take_texts(), ["a text"]);
    // The real-time signal is no acknowledgement.
    world.feed_each(&text[..9]);
    world.answers(client);
    world.feed_each(&opening_in_words(client, 7)[..2]);
    let greeted = (Signal::WORD, Status::Greeted { words: true });
    assert_eq!(world.replies(client), [greeted]);
    assert!(world.take_notes().is_empty());
    // A transfer is the client's own doing.
    world.feed_each(&opening_in_words(client, 7)[2..]);
    let note = "dropped a message of client 1 after 1 byte: the client began another";
    assert_eq!(world.take_notes(), [note]);
    // A stray bit before it is no text.
    let other = world.spawn(2);
    world.feed_each([bit(other, Bit::One)]);
    world.feed_each(opening(other, 7));
    assert!(world.take_notes().is_empty());
}

#[test]
fn words_that_a_stranger_guessed_are_no_message() {
    let (mut world, client) = World::with_client();
    world.feed_each(opening_in_words(client, 7));
    let words = words(client, 7, &[b'w'; 2 * SIZE]);
    world.feed_each(&words[..1]);
    let guessed = Word {
        index: 1,
        wants_reply: false,
        proof: proof(nonces(client, 7).server),
        bytes: [b'!'; SIZE],
    };
    world.feed_each([ask(client, Signal::WORD, Request::Word(guessed))]);
    world.feed_each(&words[2..]);
    assert!(matches!(world.last_status(client), Status::Rejected(_)));
    assert_eq!(world.take_texts().len(), 0);
}
