//! Unit tests of the module around them.

use super::*;
use crate::ffi::{EventFd, Identity};
use crate::signal::event::Origin;
use crate::signal::ring::Ring;
use crate::wire::packet::Packet;
use core::num::NonZeroU64;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use std::vec::Vec;

const NOW: Option<Duration> = Some(Duration::ZERO);
const MARK: usize = Ring::<CAPACITY, REST>::HIGH_WATER;

/// Makes the tests take turns, since a process has one handler and one ring.
fn exclusive() -> MutexGuard<'static, ()> {
    static PROCESS: Mutex<()> = Mutex::new(());
    PROCESS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens an inbox beside the other threads of the tests, none of which is sent a signal.
fn open(signals: SignalSet) -> Inbox {
    Inbox::open_in(signals, None, |_| Ok(())).unwrap()
}

/// Sends this thread a signal, which no other thread of the tests can receive.
fn send(signal: Signal, value: u64) {
    let packet = Identity::ours().sign(Packet {
        value,
        ..Packet::default()
    });
    ffi::send_to_this_thread(signal, &packet).unwrap();
}

/// Pushes `count` entries, as a handler that other threads ran would have.
fn fill_ring(count: usize) {
    let tag = NonZeroU64::new(Signal::USR1.number() as u64).unwrap();
    let pid = ffi::getpid().get() as u64;
    let code = u64::from(libc::SI_QUEUE.cast_unsigned());
    for n in 0..count as u64 {
        let rest = [code, pid, n, 0, 0];
        RING.push(&Entry { tag, rest });
    }
}

fn drained(inbox: &mut Inbox) -> Vec<(Signal, u64)> {
    let mut events = Vec::new();
    inbox.drain(|event| {
        let Origin::Claimed { packet, .. } = event.origin else {
            panic!("{event:?}");
        };
        events.push((event.signal, packet.value));
    });
    events
}

fn is_blocked(signal: Signal) -> bool {
    ffi::block(SignalSet::NONE).contains(signal)
}

fn disposition(signal: Signal) -> Disposition {
    let current = ffi::install(signal).unwrap();
    ffi::restore(signal, &current).unwrap();
    current
}

/// Sets a disposition, which `ffi::restore` does only in place of the handler.
fn set_disposition(signal: Signal, disposition: &Disposition) {
    ffi::install(signal).unwrap();
    ffi::restore(signal, disposition).unwrap();
}

#[test]
fn signals_are_blocked_until_the_first_wait() {
    let _turn = exclusive();
    let mut inbox = open(SignalSet::LANES);
    send(Signal::USR1, 1);
    assert_eq!(drained(&mut inbox), []);
    assert_eq!(inbox.wait(None, None), Ok(false));
    assert_eq!(drained(&mut inbox), [(Signal::USR1, 1)]);
    send(Signal::USR2, 2);
    assert_eq!(drained(&mut inbox), [(Signal::USR2, 2)]);
    inbox.block();
    send(Signal::USR1, 3);
    assert_eq!(drained(&mut inbox), []);
    assert_eq!(inbox.wait(None, None), Ok(false));
    assert_eq!(drained(&mut inbox), [(Signal::USR1, 3)]);
}

#[test]
fn a_second_inbox_is_an_error() {
    let _turn = exclusive();
    assert!(!Inbox::is_open());
    let inbox = open(SignalSet::BITS);
    assert!(Inbox::is_open());
    let error = Inbox::open().err().unwrap();
    assert_eq!(error, InboxError::Taken);
    assert!(std::format!("{error}").contains("already has an inbox"));
    drop(inbox);
    assert!(!Inbox::is_open());
}

#[test]
fn an_inbox_that_finds_an_open_thread_changes_nothing() {
    let _turn = exclusive();
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let idler = std::thread::spawn(move || ended.recv());
    let error = Inbox::open_for(SignalSet::BITS).err().unwrap();
    let InboxError::OpenOn { open, .. } = &error else {
        panic!("{error:?}");
    };
    assert!(open.intersects(SignalSet::BITS), "{error}");
    assert!(!Inbox::is_open() && !is_blocked(Signal::USR1));
    assert!(disposition(Signal::USR1).is_default());
    // What stays ignored is handled on no thread.
    let before = disposition(Signal::HUP);
    set_disposition(Signal::HUP, &Disposition::ignore());
    drop(Inbox::open_for(Signal::HUP.into()).unwrap());
    set_disposition(Signal::HUP, &before);
    drop(end);
    assert!(idler.join().unwrap().is_err());
}

#[test]
fn an_inbox_for_a_signal_that_cannot_be_received_is_refused_with_the_reason() {
    let _turn = exclusive();
    let of_libc = libc::SIGRTMIN() - 1;
    for (number, reason) in [
        (libc::SIGKILL, "SIGKILL cannot be received: no process can"),
        (libc::SIGSTOP, "no process can handle it"),
        (of_libc, "the C library keeps it"),
        (
            libc::SIGSEGV,
            "SIGSEGV cannot be received: it reports a fault",
        ),
        (libc::SIGTRAP, "it reports a fault"),
        (libc::SIGSYS, "it reports a fault"),
    ] {
        let signal = Signal::new(number).unwrap();
        let set = SignalSet::BITS.union(signal.into());
        let error = Inbox::open_for(set).err().unwrap();
        assert_eq!(error, InboxError::Unsupported(signal));
        assert!(std::format!("{error}").contains(reason), "{error}");
    }
    assert!(!Inbox::is_open() && !is_blocked(Signal::USR1));
}

#[test]
fn an_inbox_can_be_opened_for_all_other_signals() {
    let _turn = exclusive();
    let all = (1..=64).filter_map(Signal::new);
    let all: SignalSet = all.filter(|s| why_not(*s).is_none()).collect();
    let before: Vec<_> = all.iter().map(disposition).collect();
    let reserved = libc::SIGRTMIN() - 32;
    assert_eq!(all.len(), 64 - 8 - usize::try_from(reserved).unwrap());
    let kept = INHERITED.filter(ffi::is_ignored).len();
    let mut inbox = open(all);
    assert_eq!(inbox.signals.len(), all.len() - kept);
    for signal in inbox.signals.iter() {
        send(signal, signal.number() as u64);
        inbox.wait(None, NOW).unwrap();
        let mut values = Vec::new();
        // The kernel may send others of them, such as SIGCHLD.
        inbox.drain(|event| {
            let is_sent = matches!(event.origin, Origin::Claimed { .. });
            values.extend(is_sent.then(|| (event.signal, event.value())));
        });
        assert_eq!(values, [(signal, signal.number() as u64)]);
    }
    drop(inbox);
    for (signal, before) in all.iter().zip(before) {
        let after = disposition(signal);
        assert_eq!(after.is_default(), before.is_default(), "{signal}");
        assert_eq!(after.is_ignored(), before.is_ignored(), "{signal}");
        assert!(!is_blocked(signal));
    }
}

#[test]
fn a_late_signal_of_a_former_inbox_is_not_drained() {
    let _turn = exclusive();
    drop(open(Signal::HUP.into()));
    let mut inbox = open(Signal::WORD.into());
    fill_ring(1);
    send(Signal::WORD, 1);
    inbox.wait(None, NOW).unwrap();
    assert_eq!(drained(&mut inbox), [(Signal::WORD, 1)]);
}

#[test]
fn a_drain_ends_in_a_storm() {
    let _turn = exclusive();
    let mut inbox = open(SignalSet::BITS);
    inbox.wait(None, NOW).unwrap();
    send(Signal::USR1, 0);
    let mut count = 0;
    inbox.drain(|_| {
        count += 1;
        assert!(count <= CAPACITY);
        send(Signal::USR1, 0);
    });
    assert_eq!(count, CAPACITY);
}

#[test]
fn a_wait_does_not_sleep_while_the_ring_has_entries() {
    let _turn = exclusive();
    let mut inbox = open(SignalSet::BITS);
    let event = EventFd::new().unwrap();
    fill_ring(1);
    assert_eq!(inbox.wait(Some(event.fd()), None), Ok(false));
    event.ring();
    assert_eq!(inbox.wait(Some(event.fd()), None), Ok(true));
    assert_eq!(inbox.spin_wait(None, None, Duration::ZERO), Ok(false));
    assert_eq!(drained(&mut inbox).len(), 1);
}

#[test]
fn a_wait_at_the_mark_leaves_the_signals_blocked() {
    let _turn = exclusive();
    let mut inbox = open(SignalSet::BITS);
    let event = EventFd::new().unwrap();
    event.ring();
    fill_ring(MARK);
    for _ in 0..2 {
        assert_eq!(inbox.wait(Some(event.fd()), NOW), Ok(false));
        send(Signal::USR1, 7);
        assert!(is_blocked(Signal::USR1));
    }
    assert_eq!(drained(&mut inbox).len(), MARK);
    assert_eq!(inbox.wait(Some(event.fd()), NOW), Ok(true));
    assert_eq!(drained(&mut inbox), [(Signal::USR1, 7)]);
}

#[test]
fn after_the_mark_a_wait_unblocks_all_that_the_handler_blocked() {
    let _turn = exclusive();
    // A former inbox, whose signals the handler blocks too, except those that are ignored.
    drop(open(SignalSet::MINITALK));
    let handled = SignalSet::MINITALK.filter(|signal| !ffi::is_ignored(signal));
    for before in [SignalSet::NONE, SignalSet::STOPS, SignalSet::MINITALK] {
        ffi::block(before);
        let mut inbox = open(SignalSet::BITS);
        inbox.wait(None, NOW).unwrap();
        fill_ring(MARK - 1);
        send(Signal::USR2, 9);
        assert!(handled.iter().all(is_blocked));
        assert_eq!(drained(&mut inbox).last(), Some(&(Signal::USR2, 9)));
        inbox.wait(None, NOW).unwrap();
        for signal in handled.iter() {
            let is_ours = SignalSet::BITS.contains(signal);
            let expected = before.contains(signal) && !is_ours;
            assert_eq!(is_blocked(signal), expected, "{signal:?}");
        }
        drop(inbox);
        for signal in handled.iter() {
            assert_eq!(is_blocked(signal), before.contains(signal), "{signal:?}");
        }
        ffi::unblock(SignalSet::MINITALK);
    }
}

#[test]
fn spin_wait_takes_what_is_pending_and_leaves_the_signals_blocked() {
    let _turn = exclusive();
    for spins in [true, false] {
        let mut inbox = open(SignalSet::LANES);
        inbox.spin = Spin::new(spins);
        inbox.wait(None, NOW).unwrap();
        send(Signal::USR2, 1);
        // The ring holds a signal, so the kernel's must wait: they came later.
        inbox.block();
        send(Signal::USR1, 2);
        send(Signal::WORD, 3);
        assert_eq!(inbox.spin_wait(None, None, Duration::ZERO), Ok(false));
        assert_eq!(drained(&mut inbox), [(Signal::USR2, 1)]);
        assert_eq!(inbox.spin_wait(None, None, Duration::ZERO), Ok(false));
        assert_eq!(drained(&mut inbox), [(Signal::USR1, 2), (Signal::WORD, 3)]);
        send(Signal::USR1, 4);
        assert_eq!(drained(&mut inbox), []);
        assert_eq!(inbox.spin_wait(None, NOW, Duration::ZERO), Ok(false));
        assert_eq!(drained(&mut inbox), [(Signal::USR1, 4)]);
        // After a wait they are unblocked, until the next call blocks them again.
        send(Signal::USR2, 5);
        assert_eq!(drained(&mut inbox), [(Signal::USR2, 5)]);
        let soon = Some(Duration::from_millis(1));
        assert_eq!(inbox.spin_wait(None, soon, Duration::ZERO), Ok(false));
        send(Signal::USR2, 6);
        assert_eq!(drained(&mut inbox), [(Signal::USR2, 6)]);
        fill_ring(1);
        assert_eq!(inbox.spin_wait(None, None, Duration::ZERO), Ok(false));
        assert!(is_blocked(Signal::USR1));
    }
}

#[test]
fn spin_wait_takes_words_in_batches() {
    let _turn = exclusive();
    for spins in [true, false] {
        let mut inbox = open(SignalSet::LANES);
        inbox.spin = Spin::new(spins);
        let count = u64::from(BATCH) + 8;
        (0..count).for_each(|n| send(Signal::WORD, n));
        let mut words = Vec::new();
        for batch in [BATCH as usize, 8] {
            assert_eq!(inbox.spin_wait(None, None, Duration::ZERO), Ok(false));
            words.extend(drained(&mut inbox));
            assert_eq!(words.len() % BATCH as usize, batch % BATCH as usize);
        }
        assert!(words.into_iter().eq((0..count).map(|n| (Signal::WORD, n))));
    }
}

#[test]
fn poll_more_takes_one_signal_and_leaves_the_signals_blocked() {
    let _turn = exclusive();
    for spins in [true, false] {
        let mut inbox = open(SignalSet::BITS);
        inbox.spin = Spin::new(spins);
        assert!(!inbox.poll_more(3));
        assert!(is_blocked(Signal::USR1));
        send(Signal::USR2, 1);
        send(Signal::USR1, 2);
        for taken in [(Signal::USR1, 2), (Signal::USR2, 1)] {
            assert!(inbox.poll_more(3));
            assert_eq!(drained(&mut inbox), [taken]);
        }
        // What the handler has pushed is there in any case.
        fill_ring(1);
        assert!(inbox.poll_more(3));
        drained(&mut inbox);
    }
}

#[test]
fn a_check_of_the_descriptor_unblocks_the_signals_only_if_it_is_readable() {
    let _turn = exclusive();
    let mut inbox = open(SignalSet::BITS);
    let event = EventFd::new().unwrap();
    send(Signal::USR1, 1);
    assert_eq!(inbox.check(None), Ok(false));
    assert_eq!(inbox.check(Some(event.fd())), Ok(false));
    assert_eq!(drained(&mut inbox), []);
    event.ring();
    assert_eq!(inbox.check(Some(event.fd())), Ok(true));
    assert_eq!(drained(&mut inbox), [(Signal::USR1, 1)]);
}

#[test]
fn spin_wait_at_the_mark_takes_nothing() {
    let _turn = exclusive();
    let mut inbox = open(SignalSet::BITS);
    fill_ring(MARK);
    send(Signal::USR1, 1);
    assert_eq!(inbox.spin_wait(None, None, Duration::ZERO), Ok(false));
    assert_eq!(drained(&mut inbox).len(), MARK);
    assert_eq!(inbox.spin_wait(None, None, Duration::ZERO), Ok(false));
    assert_eq!(drained(&mut inbox), [(Signal::USR1, 1)]);
}

#[test]
fn a_stream_of_signals_does_not_hide_the_descriptor() {
    let _turn = exclusive();
    let mut inbox = open(SignalSet::BITS);
    let event = EventFd::new().unwrap();
    event.ring();
    for _ in 0..2 {
        let mut calls = 0;
        loop {
            calls += 1;
            send(Signal::USR1, 0);
            let readable = inbox.spin_wait(Some(event.fd()), None, Duration::ZERO);
            assert_eq!(drained(&mut inbox).len(), 1);
            if readable.unwrap() {
                break;
            }
        }
        assert_eq!(calls, DESCRIPTOR_INTERVAL);
    }
    // Without signals the next call checks it, and the count starts again.
    inbox.rounds = DESCRIPTOR_INTERVAL - 2;
    for _ in 0..2 {
        let readable = inbox.spin_wait(Some(event.fd()), None, Duration::ZERO);
        assert_eq!((readable, inbox.rounds), (Ok(true), 0));
    }
}

#[test]
fn spin_wait_lasts_for_the_timeout() {
    let _turn = exclusive();
    let mut inbox = open(SignalSet::BITS);
    for spins in [true, false] {
        inbox.spin = Spin::new(spins);
        for millis in [1, 30] {
            let timeout = Duration::from_millis(millis);
            let start = Instant::now();
            let readable = inbox.spin_wait(None, Some(timeout), Duration::ZERO);
            assert_eq!(readable, Ok(false));
            assert!(start.elapsed() >= timeout);
        }
    }
    let (timeout, slack) = (Duration::from_millis(1), Duration::from_millis(10));
    let start = Instant::now();
    inbox.spin_wait(None, Some(timeout), slack).unwrap();
    assert!(start.elapsed() >= timeout + slack);
}

#[test]
fn no_wait_is_for_signals_alone_while_the_descriptor_is_heeded() {
    let _turn = exclusive();
    let mut inbox = open(SignalSet::LANES);
    let soon = Some(Duration::from_millis(1));
    assert_eq!(inbox.sleep_for_signals(None), SLEEP_LIMIT);
    assert_eq!(inbox.sleep_for_signals(soon), Duration::from_millis(1));
    inbox.heed_descriptor(true);
    assert_eq!(inbox.sleep_for_signals(None), Duration::ZERO);
    assert_eq!(inbox.sleep_for_signals(soon), Duration::ZERO);
}

#[test]
fn spin_wait_backs_off_when_nothing_comes() {
    let _turn = exclusive();
    let mut inbox = open(SignalSet::BITS);
    let may_spin = ffi::CpuSet::allowed().count() > 1;
    assert_eq!(inbox.spin.spin_budget() > 0, may_spin);
    inbox.spin = Spin::new(true);
    for _ in 0..3 {
        assert!(inbox.spin.spin_budget() > 0);
        let soon = Some(Duration::from_nanos(1));
        inbox.spin_wait(None, soon, Duration::ZERO).unwrap();
    }
    assert_eq!(inbox.spin.spin_budget(), 0);
    inbox.spin = Spin::new(true);
    inbox.never_spin();
    assert_eq!(inbox.spin.spin_budget(), 0);
}

#[test]
fn only_an_inbox_for_words_offers_room_in_them() {
    let _turn = exclusive();
    let inbox = open(SignalSet::LANES);
    assert!(inbox.takes_words());
    drop(inbox);
    let inbox = open(SignalSet::BITS);
    assert!(!inbox.takes_words());
}

#[test]
fn closing_discards_messages_and_keeps_a_stop() {
    let _turn = exclusive();
    let mut inbox = open(SignalSet::MINITALK);
    for (signal, is_drained) in [
        (Signal::TERM, true),
        (Signal::TERM, false),
        (Signal::USR1, true),
        (Signal::USR1, false),
    ] {
        send(Signal::USR2, 0);
        send(signal, 0);
        if is_drained {
            inbox.wait(None, None).unwrap();
            inbox.block();
        }
        let stop = SignalSet::from(signal).filter(|signal| signal == Signal::TERM);
        assert_eq!(inbox.discard(), stop);
        inbox.wait(None, NOW).unwrap();
        assert_eq!(drained(&mut inbox), []);
        inbox.block();
    }
}

#[test]
fn closing_sends_a_pending_stop_again() {
    let _turn = exclusive();
    let before = ffi::install(Signal::TERM).unwrap();
    let inbox = open(SignalSet::STOPS);
    send(Signal::TERM, 0);
    drop(inbox);
    // The handler is the restored disposition too, so it pushes the signal on whichever thread it runs.
    let mut ring = RING.claim().unwrap();
    let entry = loop {
        if let Some(entry) = ring.pop() {
            break entry;
        }
        std::thread::yield_now();
    };
    // `kill` sends it, unlike the first.
    let event = Event::decode(entry).unwrap();
    assert_eq!(event.signal, Signal::TERM);
    assert!(matches!(event.origin, Origin::Attested { .. }), "{event:?}");
    drop(ring);
    ffi::restore(Signal::TERM, &before).unwrap();
}

#[test]
fn a_stop_that_is_ignored_stays_ignored() {
    let _turn = exclusive();
    for stop in [Signal::TERM, Signal::HUP] {
        let before = disposition(stop);
        set_disposition(stop, &Disposition::ignore());
        let set = SignalSet::of(&[Signal::USR1, stop]);
        let inbox = open(set);
        assert!(disposition(stop).is_ignored());
        assert!(!inbox.signals.contains(stop));
        assert!(inbox.signals.contains(Signal::USR1));
        drop(inbox);
        assert!(disposition(stop).is_ignored());
        set_disposition(stop, &before);
    }
}

#[test]
fn closing_restores_dispositions_or_ignores_messages() {
    let _turn = exclusive();
    let before: Vec<_> = SignalSet::MINITALK.iter().map(disposition).collect();
    set_disposition(Signal::USR2, &Disposition::ignore());
    let inbox = open(SignalSet::LANES);
    drop(inbox);
    let usr1 = [before[1], disposition(Signal::USR1)];
    assert_eq!(usr1[0].is_default(), usr1[1].is_default());
    assert!(disposition(Signal::USR2).is_ignored());
    // Another handler is kept, and so is the default action of what asks to stop.
    ffi::install(Signal::WORD).unwrap();
    let inbox = open(SignalSet::MINITALK);
    inbox.close_ignoring();
    assert!(disposition(Signal::USR1).is_ignored());
    assert!(!disposition(Signal::WORD).is_ignored());
    let term = [before[3], disposition(Signal::TERM)];
    assert_eq!(term[0].is_ignored(), term[1].is_ignored());
    for (signal, before) in SignalSet::MINITALK.iter().zip(&before) {
        set_disposition(signal, before);
    }
}
