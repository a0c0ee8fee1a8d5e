//! A cross-check of the sweep: other processes signal at arbitrary times.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use check_interrupt::process::{Child, End, Limit, in_child};
use check_interrupt::shared::{Shareable, Shared};
use minitalk::Inbox;
use minitalk::Pid;
use minitalk::internals::ffi::{self, Identity};
use minitalk::wire::packet::Packet;
use minitalk::{Event, Origin, Signal};

fn main() {
    check_interrupt::run(&[
        ("two senders, one signal under way each", || {
            in_child(one_under_way)
        }),
        ("two unpaced senders", || in_child(unpaced)),
    ]);
}

const SIGNALS: [Signal; 2] = [Signal::USR1, Signal::USR2];

struct Board {
    open: AtomicU32,
    /// How many signals of each sender the receiver has drained.
    drained: [AtomicU32; 2],
}

// SAFETY: atomics only.
unsafe impl Shareable for Board {}

/// Each sender has its own signal number and sends the next one only when the last was drained, so that the kernel has nothing
/// to merge and the count is exact. The receiver waits without a timeout, so that a lost wake-up would hang the test.
fn one_under_way() {
    const EACH: u32 = 20_000;
    let mut senders = Senders::start(EACH, true);
    let mut inbox = senders.open();
    let mut next = [0; 2];
    let (mut waits, mut events) = (0, Vec::new());
    while next != [EACH; 2] {
        inbox.drain(|event| events.push(event));
        for event in events.drain(..) {
            let (who, number) = senders.read(&event);
            assert_eq!(number, next[who]);
            next[who] += 1;
            set(&senders.board.drained[who], next[who]);
        }
        // The signals must interrupt the drain as well as the wait.
        for _ in 0..(next[0] + next[1]) % 100 {
            inbox.drain(|event| events.push(event));
        }
        if events.is_empty() && next != [EACH; 2] {
            waits += 1;
            inbox.wait(None, None).unwrap();
        }
    }
    inbox.drain(|event| panic!("one too many: {event:?}"));
    senders.end();
    println!("  {EACH} of {EACH} from each, in order, over {waits} waits");
}

/// Here the kernel merges pending signals, so that numbers are missing. But each is received at most once and in order, and the
/// first always.
fn unpaced() {
    const EACH: u32 = 50_000;
    let mut senders = Senders::start(EACH, false);
    let mut inbox = senders.open();
    let (mut last, mut got) = ([None; 2], [0; 2]);
    let mut events = Vec::new();
    while last.iter().any(|last| last.is_none_or(|last| last < EACH)) {
        inbox.wait(None, None).unwrap();
        inbox.drain(|event| events.push(event));
        for event in events.drain(..) {
            let (who, number) = senders.read(&event);
            assert!(
                last[who].map_or(number == 0, |last| number > last),
                "{last:?} {number}"
            );
            last[who] = Some(number);
            got[who] += 1;
            set(&senders.board.drained[who], number + 1);
        }
    }
    senders.end();
    println!("  {got:?} of {EACH} from each, none twice, none out of order");
}

struct Senders {
    board: &'static Board,
    children: [Option<Child>; 2],
}

impl Senders {
    fn start(each: u32, paced: bool) -> Self {
        let board = Shared::<Board>::new().get();
        let receiver = ffi::getpid();
        let children = [0, 1].map(|who| {
            Some(Child::fork(Limit::GENEROUS, move || {
                send(board, receiver, who, each, paced);
                0
            }))
        });
        Self { board, children }
    }

    fn open(&self) -> Inbox {
        let inbox = Inbox::open().unwrap();
        set(&self.board.open, 1);
        inbox
    }

    fn read(&self, event: &Event) -> (usize, u32) {
        let who = SIGNALS.iter().position(|s| *s == event.signal).unwrap();
        let pid = self.children[who].as_ref().map(Child::pid);
        match event.origin {
            Origin::Claimed { pid: from, packet } if pid == Some(from.get()) => {
                (who, packet.value as u32)
            }
            _ => panic!("{event:?}"),
        }
    }

    fn end(&mut self) {
        for child in &mut self.children {
            assert_eq!(child.take().unwrap().end(), End::Exited(0));
        }
    }
}

fn send(board: &Board, receiver: Pid, who: usize, each: u32, paced: bool) {
    let drained = &board.drained[who];
    let us = Identity::ours();
    let tell = |number: u32| {
        let packet = us.sign(Packet {
            value: number.into(),
            ..Packet::default()
        });
        ffi::send(receiver, SIGNALS[who], Some(&packet)).unwrap();
    };
    while wait_beyond(&board.open, 0) == 0 {}
    let mut random = 0x9E37_79B9_7F4A_7C15_u64 ^ who as u64;
    for number in 0..each {
        tell(number);
        while paced && wait_beyond(drained, number) <= number {}
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        for _ in 0..random % 600 {
            std::hint::spin_loop();
        }
    }
    if !paced {
        // The last signal may have merged with an earlier one. After each drain, one more is sent.
        for number in each.. {
            let seen = drained.load(SeqCst);
            if seen > each {
                break;
            }
            tell(number);
            wait_beyond(drained, seen);
        }
    }
}

fn set(word: &AtomicU32, value: u32) {
    word.store(value, SeqCst);
    // SAFETY: the word is mapped; waking takes no more arguments.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE, i32::MAX) };
}

/// Sleeps while the word is at most `low`, and returns its value then.
fn wait_beyond(word: &AtomicU32, low: u32) -> u32 {
    let now = word.load(SeqCst);
    if now <= low {
        let no_timeout = std::ptr::null::<libc::timespec>();
        // SAFETY: the word is mapped; without a timeout there are no more arguments.
        unsafe {
            libc::syscall(
                libc::SYS_futex,
                word.as_ptr(),
                libc::FUTEX_WAIT,
                now,
                no_timeout,
            )
        };
    }
    word.load(SeqCst)
}
