//! How many clients, bytes and notes there may be.

use super::clients::{Client, transfer};
use super::own::{bits_of, frame, own_bits, words};
use super::world::*;

/// The limit of sessions in a [`World`].
const LIMIT: i32 = 16;

/// The bits of half a message.
const HALF: usize = bits_of(2);

fn held(world: &World) -> Vec<i32> {
    let mut held: Vec<_> = world.held.iter().map(|pid| pid.get()).collect();
    held.sort_unstable();
    held
}

/// Begins a message of a client, which is not over.
fn begin(world: &mut World, n: i32) -> Pid {
    let client = world.spawn(n);
    world.feed_each(opening(client, 7));
    world.feed_each(&frame(client, 7, b"half")[..HALF]);
    client
}

/// Takes all sessions, and returns the only client whose message is over.
fn fill(world: &mut World) -> Pid {
    let quiet = begin(world, 1);
    world.feed_each(&frame(quiet, 7, b"half")[HALF..]);
    assert_eq!(world.take_texts(), ["half"]);
    for n in 2..=LIMIT {
        begin(world, n);
    }
    quiet
}

#[test]
fn a_hello_is_answered_and_an_opening_refused_where_all_sessions_are_in_use() {
    let mut world = World::new(|_| {});
    for n in 1..=LIMIT {
        begin(&mut world, n);
    }
    let before = held(&world);
    for n in [43, 44] {
        let late = world.spawn(n);
        let [hello, open] = opening(late, 7);
        world.feed_each([hello]);
        let greeted = (Signal::USR1, Status::Greeted { words: true });
        assert_eq!(world.replies(late), [greeted]);
        world.feed_each([open]);
        assert_eq!(world.answers(late), []);
        world.feed_each([bit(late, Bit::One)]);
        assert_eq!(held(&world), before);
    }
    world.expect_note("cannot take client 43");
}

#[test]
fn a_stray_and_a_client_that_was_quiet_for_five_seconds_are_ended_for_others() {
    let mut world = World::new(|_| {});
    let quiet = fill(&mut world);
    let late = world.spawn_open(50);
    assert!(!world.held.contains(&late), "quiet for too short a time");
    world.take_notes();
    world.pass(5 * SECOND);
    world.feed_each(opening(late, 7));
    assert!(world.held.contains(&late) && !world.held.contains(&quiet));
    // A stray is ended at once.
    world.exit(late);
    let stray = world.spawn(51);
    world.feed_each([bit(stray, Bit::One)]);
    let next = world.spawn(52);
    world.feed_each([hello(next, 7, Signal::USR1)]);
    assert!(world.held.contains(&stray), "a hello takes no place");
    open_as_greeted(&mut world, next);
    assert!(world.held.contains(&next) && !world.held.contains(&stray));
}

/// Opens the transfer of a client in bits with the nonces that it was greeted with last.
fn open_as_greeted(world: &mut World, client: Pid) -> Nonces {
    let (_, greeting) = world.answers(client).pop().unwrap();
    let nonces = greeting.unwrap().nonces;
    world.feed_each([open_with(client, nonces, Signal::USR1, false)]);
    nonces
}

/// Its client may not have got the answer, and would open its transfer again.
#[test]
fn a_client_whose_session_was_ended_does_not_deliver_its_message_twice() {
    let mut world = World::new(|_| {});
    let quiet = fill(&mut world);
    world.pass(5 * SECOND);
    let stray = world.spawn(50);
    world.feed_each([bit(stray, Bit::One)]);
    assert!(!world.held.contains(&quiet));
    world.exit(stray);
    world.feed_each([open(quiet, 7, Signal::USR1)]);
    assert!(!world.held.contains(&quiet), "there is room for it");
    // Under another nonce it says something new.
    world.answers(quiet);
    world.feed_each([hello(quiet, 7, Signal::USR1)]);
    let nonces = open_as_greeted(&mut world, quiet);
    world.feed_each(own_bits(quiet, nonces, b"again"));
    assert_eq!(world.take_texts(), ["again"]);
}

#[test]
fn a_session_is_ended_for_another_when_descriptors_run_out() {
    let mut world = World::new(|_| {});
    world.descriptors = 2;
    begin(&mut world, 1);
    for n in 2..6 {
        let stray = world.spawn(n);
        world.feed_each([bit(stray, Bit::One)]);
        assert_eq!(held(&world), [1, n]);
    }
    // A hello ends no other session.
    let late = world.spawn_open(9);
    assert_eq!(world.answers(late), []);
    assert_eq!(held(&world), [1, 5]);
    world.expect_note("cannot take client 9");
}

#[test]
fn a_process_whose_first_inspection_fails_is_closed() {
    let exhausted = || PeerError::System(std::io::Error::from_raw_os_error(libc::EMFILE));
    let (mut world, client) = World::with_process(|p| p.error = Some(exhausted));
    let gone = world.spawn_with(2, |p| p.error = Some(|| PeerError::NoSuchProcess));
    world.feed_each(opening(gone, 7));
    assert!(world.held.is_empty() && world.take_notes().is_empty());
    world.feed_each(opening(client, 7));
    assert!(world.held.is_empty());
    assert_eq!(world.take_notes().len(), 1);
    // A bare real-time signal leads to none, and the hello behind it to the first.
    for process in [gone, client] {
        world.take_log();
        let [bare, hello, _] = opening_in_words(process, 7);
        world.feed_each([bare]);
        assert_eq!(world.take_log(), [Did::Open(process)]);
        assert_eq!(world.held, [process]);
        world.feed_each([hello]);
        assert!(world.take_log().contains(&Did::Inspect(process)));
        assert!(world.held.is_empty());
    }
    assert!(world.take_notes().is_empty(), "it was said before");
    world.feed_each(opening(pid(77), 7));
    assert!(world.take_notes().is_empty(), "there is no such process");
}

/// Returns a server whose memory has room for the longest message and half of another, and two clients.
fn scarce() -> (World, [Pid; 2]) {
    let mut world = World::new(|config| {
        (config.max_message, config.max_memory) = (100, Some(150));
    });
    let clients = [1, 2].map(|n| world.spawn_open(n));
    (world, clients)
}

#[test]
fn the_client_that_began_first_goes_on_when_memory_is_scarce() {
    // The hellos of the first have come first. The pauses let each have the turn.
    let (mut world, [first, second]) = scarce();
    let [one, two] = [first, second].map(|client| frame(client, 7, &[b'x'; 100]));
    let half = one.len() / 2;
    world.feed_each(&one[..half]);
    world.pass(10 * MILLISECOND);
    assert!(matches!(world.last_status(first), Status::Ok(_)));
    world.feed_each(&two[..half]);
    world.pass(10 * MILLISECOND);
    assert!(matches!(world.last_status(second), Status::Wait(_)));
    for event in &one[half..one.len() - 1] {
        world.feed_each([event]);
        assert!(matches!(world.last_status(first), Status::Ok(_)));
    }
    world.feed_each([one[one.len() - 1]]);
    assert!(matches!(world.last_status(first), Status::Delivered(_)));
    world.feed_each([two[half]]);
    assert!(matches!(world.last_status(second), Status::Ok(_)));
    world.feed_each(&two[half + 1..]);
    assert_eq!(world.take_texts().len(), 2);
    assert_eq!(world.machine.core.backlog.memory.used(), 0);
}

#[test]
fn a_message_goes_on_beside_that_of_a_silent_client_if_it_fits() {
    for (len, fits) in [(60, true), (100, false)] {
        let (mut world, [silent, second]) = scarce();
        world.feed_each(&frame(silent, 7, &[b'x'; 100])[..600]);
        let bits = frame(second, 7, &[b'y'; 100][..len]);
        world.pass(900 * MILLISECOND);
        world.feed_each(&bits[..200]);
        assert!(matches!(world.last_status(second), Status::Wait(_)));
        world.pass(SECOND);
        // Its length has come, so that it is known to fit or not.
        world.feed_each([bits[200]]);
        if !fits {
            assert!(matches!(world.last_status(second), Status::Wait(_)));
            continue;
        }
        assert!(matches!(world.last_status(second), Status::Ok(_)));
        world.feed_each(&bits[201..]);
        assert!(matches!(world.last_status(second), Status::Delivered(_)));
    }
}

#[test]
fn the_message_that_began_last_is_dropped_when_clients_do_not_wait_for_memory() {
    let mut world = World::new(|config| {
        config.max_message = 200_000;
        config.max_memory = Some(200_000);
    });
    let clients = [1, 2].map(|n| world.spawn(n));
    world.feed_each(
        clients
            .iter()
            .flat_map(|client| opening_in_words(*client, 7)),
    );
    for client in clients {
        let words = words(client, 7, &[b'x'; 190_000]);
        world.feed_each(&words[..140_000 / SIZE]);
    }
    let notes = world.notes.iter().filter_map(|note| match note {
        Note::Dropped { pid, why, bytes } => Some((*pid, *why, *bytes)),
        _ => None,
    });
    let [(pid, DropReason::Rejected(Reason::NoMemory), bytes)] = notes.collect::<Vec<_>>()[..]
    else {
        panic!("{:?}", world.notes);
    };
    assert_eq!(pid, clients[1]);
    assert!((120_000..140_000).contains(&bytes), "{bytes}");
    let rejected = (Signal::WORD, Status::Rejected(Reason::NoMemory));
    assert!(world.replies(clients[1]).contains(&rejected));
}

#[test]
fn messages_that_wait_for_the_output_are_kept_in_order_up_to_a_limit() {
    let mut world = World::new(|config| {
        config.max_message = 4000;
        config.max_memory = Some(20_000);
    });
    world.writing = Writing::Blocks;
    let mut sent = 0;
    for n in 1..=LIMIT {
        let client = world.spawn(n);
        for number in 1..40 {
            let tag = number * LATER - LATER + 1;
            world.feed(&opening(client, tag));
            world.now += MILLISECOND;
            world.feed(&frame(client, tag, &[n as u8, number as u8]));
            sent += 1;
        }
        assert!(world.queue.len() <= 64);
        world.pass(30 * SECOND);
        world.exit(client);
    }
    assert_eq!(world.queue.len(), 64);
    let accepted = world.machine.core.backlog.len();
    assert!(accepted > 64 && accepted < sent, "{accepted} of {sent}");
    world.writing = Writing::Works;
    world.pass(SECOND);
    world.pass(SECOND);
    let order: Vec<_> = world.written.iter().map(|m| m.payload.clone()).collect();
    assert_eq!(order.len(), accepted);
    assert!(order.is_sorted(), "{order:?}");
    assert_eq!(world.machine.core.backlog.memory.used(), 0);
}

#[test]
fn a_client_causes_few_notes() {
    let (mut world, client) = World::with_client();
    for tag in 1..=20 {
        world.feed_each(opening(client, tag));
        world.feed_each(&frame(client, tag, b"ab")[..bits_of(1)]);
    }
    let notes = world.take_notes();
    assert_eq!(notes.len(), 8);
    assert!(notes.iter().all(|note| note.starts_with("dropped")));
    world.exit(client);
    let notes = world.take_notes();
    assert!(notes.contains(&"12 more notes of client 1 are not shown".into()));
    assert!(notes.iter().all(|note| !note.starts_with("dropped")));
}

/// Lets a process cause a note that may not be signalled.
fn cause_note(world: &mut World, n: i32) {
    let client = world.spawn_with(n, |p| p.error = Some(|| PeerError::NotPermitted));
    world.feed(&opening(client, 7)[..1]);
    world.exit(client);
}

/// Returns how many notes there are, and how many are said to be missing.
fn count_notes(world: &World) -> (u64, u64) {
    let missing = |note: &Note| match note {
        Note::Missing(count) => (0, *count),
        _ => (1, 0),
    };
    let counts = world.notes.iter().map(missing);
    counts.fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1))
}

#[test]
fn clients_without_number_cause_few_notes_together() {
    let mut world = World::new(|_| {});
    let began = world.now;
    for n in 1..=5000 {
        world.now = began + n as u64 * 2 * MILLISECOND;
        cause_note(&mut world, n);
    }
    let (_, missing) = count_notes(&world);
    assert!(missing > 4_000, "{missing}");
    // The last missing ones are counted at the end.
    world.feed(&[bare(pid(9999), Signal::TERM)]);
    world.pass(SECOND);
    let (notes, missing) = count_notes(&world);
    assert_eq!(notes + missing, 5000);
    assert!((100..=300).contains(&notes), "{notes}");
}

#[test]
fn a_message_that_is_too_long_is_noted_once_for_words_and_bits() {
    let mut world = World::new(|config| config.max_message = 8);
    let client = world.spawn(1);
    for (lane, notes) in [(Lane::Auto, 1), (Lane::Auto, 2), (Lane::Bit, 3)] {
        let mut clients = [Client::new(client, b"nine bytes", lane)];
        transfer(&mut world, &mut clients, || false);
        let too_long = LinkFailure::Rejected(Reason::TooLong);
        assert_eq!(clients[0].result, Some(Err(too_long)));
        let dropped = |note: &&Note| matches!(note, Note::Dropped { .. });
        assert_eq!(world.notes.iter().filter(dropped).count(), notes);
    }
}

#[test]
fn own_clients_that_gave_up_are_not_taken_for_processes_of_a_bit_each() {
    let mut world = World::new(|_| {});
    for (signal, notes) in [(Signal::WORD, 0), (Signal::USR1, 1)] {
        for n in 1..=20 {
            let client = world.spawn(n);
            world.exit(client);
            world.feed(&[bare(client, signal)]);
        }
        assert_eq!(world.take_notes().len(), notes, "{signal}");
    }
}
