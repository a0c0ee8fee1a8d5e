//! Effects of the handler and the inbox on the rest of a process: errno, stacks, system calls, children, and closing.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::fs;
use std::io::Read;
use std::mem::MaybeUninit;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use check_interrupt::process::{Child, End, Limit, in_child};
use check_interrupt::shared::{Shareable, Shared};
use minitalk::Pid;
use minitalk::internals::ffi;
use minitalk::internals::signal::ring::CAPACITY;
use minitalk::{Inbox, InboxError};
use minitalk::{Signal, SignalSet};

fn main() {
    check_interrupt::run(&[
        ("the handler installed is the one audited", || {
            in_child(installed)
        }),
        ("the handler is not interrupted by our signals", || {
            in_child(masked)
        }),
        ("a drain ends in any storm", || in_child(bounded)),
        ("errno is untouched", || in_child(errno)),
        ("the handler uses the normal stack", || in_child(stack)),
        ("a read is restarted, a wait returns", || in_child(restart)),
        ("a forked child has no handler", forked),
        ("a forked child can open an inbox of its own", forked_inbox),
        ("a program started by std inherits the mask", || {
            in_child(spawned)
        }),
        ("a program started by hand inherits the mask", by_hand),
        ("closing restores everything", || in_child(closed)),
        ("closing discards pending messages", || in_child(discarded)),
        ("closing lets a pending SIGTERM take effect", terminated),
        ("closing lets an undrained SIGTERM take effect", undrained),
        ("closing can ignore late signals that would kill", || {
            in_child(deafened)
        }),
        ("uncaught signals are blocked only at the mark", || {
            in_child(others)
        }),
        ("a second inbox is refused", || in_child(refused)),
    ]);
}

// ---- the interrupted code ----------------------------------------------------------------------------------------

/// The audit reads the function of this name in the release binary, which is useless if another one is installed.
fn installed() {
    unsafe extern "C" {
        fn minitalk_on_signal();
    }
    let _inbox = Inbox::open().unwrap();
    for signal in SignalSet::MINITALK.iter() {
        let action = disposition(signal);
        assert_eq!(
            action.sa_sigaction,
            minitalk_on_signal as *const () as usize
        );
        assert_eq!(action.sa_flags & libc::SA_NODEFER, 0);
    }
}

/// While the handler runs for one of the signals, the kernel blocks all of them.
fn masked() {
    for set in [SignalSet::MINITALK, others_set()] {
        let _inbox = Inbox::open_for(set).unwrap();
        for signal in set.iter() {
            let mask = disposition(signal).sa_mask;
            // SAFETY: the set is initialised; the number is that of a signal.
            let blocks = |s: Signal| unsafe { libc::sigismember(&raw const mask, s.number()) == 1 };
            assert!(set.iter().all(blocks), "{signal}");
        }
    }
}

/// Returns signals that minitalk itself does not use.
fn others_set() -> SignalSet {
    SignalSet::of(&[Signal::HUP, Signal::realtime(8).unwrap()])
}

/// Each drained signal causes another one, which is in the ring before the next pop.
fn bounded() {
    let mut inbox = Inbox::open().unwrap();
    inbox.wait(None, Some(Duration::ZERO)).unwrap();
    send(Signal::USR1);
    let mut drained = 0;
    inbox.drain(|_| {
        drained += 1;
        assert!(drained < 1_000_000, "the drain does not end");
        send(Signal::USR1);
    });
    assert!(drained > 1);
}

/// Watches errno while signals of another process interrupt this loop, which makes no system call itself.
fn errno() {
    const SIGNALS: u32 = 2_000;
    const NUMBER: i32 = 12_345;
    let word = Shared::<Word>::new().get();
    let receiver = ffi::getpid();
    let sender = Child::fork(Limit::GENEROUS, || {
        while word.0.load(SeqCst) == 0 {
            std::thread::yield_now();
        }
        for sent in 1..=SIGNALS {
            ffi::send(receiver, Signal::USR1, None).unwrap();
            while word.0.load(SeqCst) <= sent {
                std::thread::yield_now();
            }
        }
        0
    });
    let mut inbox = Inbox::open().unwrap();
    ffi::unblock(SignalSet::MINITALK);
    set_errno(NUMBER);
    word.0.store(1, SeqCst);
    let mut got = 0;
    while got < SIGNALS {
        inbox.drain(|_| got += 1);
        assert_eq!(read_errno(), NUMBER);
        word.0.store(got + 1, SeqCst);
    }
    assert_eq!(sender.end(), End::Exited(0));
    println!("  the same after {SIGNALS} signals");
}

/// SA_ONSTACK is not set: the handler needs no stack frame but the kernel's, for which every stack has room wherever a call is
/// allowed. An alternate stack of the program (Rust's runtime installs one for stack overflows) is not used and does no harm.
fn stack() {
    const SIZE: usize = 64 * 1024;
    let mut alternate = vec![0xA5_u8; SIZE];
    let new = libc::stack_t {
        ss_sp: alternate.as_mut_ptr().cast(),
        ss_flags: 0,
        ss_size: SIZE,
    };
    // SAFETY: the memory outlives the process's use of it, which ends below; the old stack is not asked for.
    let result = unsafe { libc::sigaltstack(&raw const new, ptr::null_mut()) };
    assert_eq!(result, 0);
    let mut inbox = Inbox::open().unwrap();
    for signal in SignalSet::MINITALK.iter() {
        assert_eq!(disposition(signal).sa_flags & libc::SA_ONSTACK, 0);
    }
    ffi::unblock(SignalSet::MINITALK);
    send(Signal::USR1);
    assert_eq!(drained(&mut inbox), [Signal::USR1]);
    let off = libc::stack_t {
        ss_sp: ptr::null_mut(),
        ss_flags: libc::SS_DISABLE,
        ss_size: SIZE,
    };
    // SAFETY: it disables the stack that was installed above; no handler runs on it now.
    let result = unsafe { libc::sigaltstack(&raw const off, ptr::null_mut()) };
    assert_eq!(result, 0);
    assert!(
        alternate.iter().all(|&byte| byte == 0xA5),
        "the alternate stack was used"
    );
}

/// SA_RESTART is set for the rest of the program; `ppoll` is never restarted (`signal(7)`), which the wait relies on.
fn restart() {
    let (reader, writer) = std::io::pipe().unwrap();
    let parent = ffi::getpid();
    let mut inbox = Inbox::open().unwrap();
    ffi::unblock(SignalSet::MINITALK);
    let sender = Child::fork(Limit::GENEROUS, || {
        asleep_in(parent, libc::SYS_read);
        send_to(parent, Signal::USR1);
        // Once it sleeps again, it has been interrupted and restarted.
        while !handled(parent) {
            std::thread::yield_now();
        }
        asleep_in(parent, libc::SYS_read);
        std::io::Write::write_all(&mut &writer, b"!").unwrap();
        asleep_in(parent, libc::SYS_ppoll);
        send_to(parent, Signal::USR2);
        0
    });
    let mut byte = [0];
    // SAFETY: the byte lives for the whole call. Raw, because std would hide an interruption by its own loop.
    let read = unsafe {
        libc::read(
            std::os::fd::AsRawFd::as_raw_fd(&reader),
            byte.as_mut_ptr().cast(),
            1,
        )
    };
    assert_eq!((read, byte), (1, *b"!"));
    assert_eq!(drained(&mut inbox), [Signal::USR1]);
    inbox.wait(None, None).unwrap();
    assert_eq!(drained(&mut inbox), [Signal::USR2]);
    assert_eq!(sender.end(), End::Exited(0));
}

/// Waits until the process sleeps in this system call (`/proc/PID/syscall` reads "running" while it does not sleep).
fn asleep_in(pid: Pid, number: i64) {
    let path = format!("/proc/{}/syscall", pid.get());
    let wanted = format!("{number} ");
    while !fs::read_to_string(&path).is_ok_and(|text| text.starts_with(&wanted)) {
        std::thread::yield_now();
    }
}

/// Returns whether no signal is pending for the process.
fn handled(pid: Pid) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/status", pid.get())).unwrap();
    let pending = |line: &str| line.starts_with("ShdPnd:") && !line.ends_with("0000000000000000");
    !status.lines().any(pending)
}

// ---- children ----------------------------------------------------------------------------------------------------

/// A child that inherited the handler would lose its SIGTERM in it.
fn forked() {
    in_child(|| {
        let mut inbox = Inbox::open().unwrap();
        for open in [false, true] {
            if open {
                ffi::unblock(SignalSet::MINITALK);
            }
            let child = Child::fork(Limit::GENEROUS, || {
                for signal in SignalSet::MINITALK.iter() {
                    assert_eq!(disposition(signal).sa_sigaction, libc::SIG_DFL);
                }
                assert_eq!(blocked(), 0);
                send(Signal::TERM);
                0
            });
            assert_eq!(child.end(), End::Killed(libc::SIGTERM));
        }
        // The parent's handler is unchanged.
        send(Signal::USR2);
        assert_eq!(drained(&mut inbox), [Signal::USR2]);
    });
    // The same for signals that minitalk itself does not use.
    in_child(|| {
        drop(Inbox::open().unwrap());
        let _inbox = Inbox::open_for(others_set()).unwrap();
        let child = Child::fork(Limit::GENEROUS, || {
            for signal in others_set().iter() {
                assert_eq!(disposition(signal).sa_sigaction, libc::SIG_DFL);
                assert!(!ffi::block(SignalSet::NONE).contains(signal));
            }
            0
        });
        assert_eq!(child.end(), End::Exited(0));
    });
    // A signal that was ignored or blocked before stays so.
    in_child(|| {
        ignore(Signal::INT);
        ffi::block(SignalSet::MINITALK);
        let _inbox = Inbox::open().unwrap();
        let child = Child::fork(Limit::GENEROUS, || {
            assert_eq!(disposition(Signal::INT).sa_sigaction, libc::SIG_IGN);
            assert_eq!(blocked(), SignalSet::MINITALK.len());
            0
        });
        assert_eq!(child.end(), End::Exited(0));
    });
}

fn forked_inbox() {
    in_child(|| {
        let mut inbox = Inbox::open().unwrap();
        ffi::unblock(SignalSet::MINITALK);
        send(Signal::USR1);
        let child = Child::fork(Limit::GENEROUS, || {
            // SAFETY: the child's copy is used instead of the parent's from here on; the child ends by _exit, which drops
            // nothing twice.
            let copy = unsafe { ptr::read(&raw const inbox) };
            assert_eq!(Inbox::open().err(), Some(InboxError::Taken));
            drop(copy);
            let mut own = Inbox::open().unwrap();
            ffi::unblock(SignalSet::MINITALK);
            assert_eq!(drained(&mut own), [], "the child sees the parent's signal");
            send(Signal::USR2);
            assert_eq!(drained(&mut own), [Signal::USR2]);
            0
        });
        assert_eq!(child.end(), End::Exited(0));
        assert_eq!(drained(&mut inbox), [Signal::USR1]);
    });
}

/// The arguments with which `grep` prints the masks that it started with.
const STATUS: &[&str] = &["-E", "^Sig(Blk|Cgt):", "/proc/self/status"];

/// exec resets caught signals itself, but the mask is inherited. std usually uses posix_spawn, which runs no hook, so that a
/// program started while our signals are blocked cannot be ended by SIGTERM. A program started after the first wait can.
fn spawned() {
    let mut inbox = Inbox::open().unwrap();
    assert_eq!(blocked(), SignalSet::MINITALK.len());
    for closed in [ours(), 0] {
        let plain = Command::new("grep");
        let mut forking = Command::new("grep");
        // SAFETY: the closure does nothing; it only keeps std from using posix_spawn.
        unsafe { forking.pre_exec(|| Ok(())) };
        for (mut command, expected) in [(plain, closed), (forking, 0)] {
            let output = command.args(STATUS).output().unwrap();
            let (blocked, caught) = masks(&output.stdout);
            assert_eq!((blocked & ours(), caught & ours()), (expected, 0));
        }
        inbox.wait(None, Some(Duration::ZERO)).unwrap();
    }
}

/// With fork and exec by hand, the fork hook unblocks the signals that the inbox had blocked, so that the program can be ended.
/// vfork runs no hook, and its program starts with our signals blocked, as with any exec under a blocked mask.
fn by_hand() {
    for (hooked, expected) in [(true, 0), (false, ours())] {
        in_child(|| {
            let _inbox = Inbox::open().unwrap();
            let (mut reader, writer) = std::io::pipe().unwrap();
            let exec = || {
                // SAFETY: the descriptors are open and the strings are NUL-terminated, as is the list; nothing here needs
                // what a fork may have left inconsistent.
                unsafe {
                    libc::dup2(std::os::fd::AsRawFd::as_raw_fd(&writer), 1);
                    libc::execlp(
                        c"grep".as_ptr(),
                        c"grep".as_ptr(),
                        c"-E".as_ptr(),
                        c"^Sig(Blk|Cgt):".as_ptr(),
                        c"/proc/self/status".as_ptr(),
                        ptr::null::<libc::c_char>(),
                    )
                }
            };
            let child = if hooked {
                Child::fork(Limit::GENEROUS, exec)
            } else {
                Child::fork_without_hooks(exec)
            };
            assert_eq!(child.end(), End::Exited(0));
            drop(writer);
            let mut text = Vec::new();
            reader.read_to_end(&mut text).unwrap();
            let (blocked, caught) = masks(&text);
            assert_eq!((blocked & ours(), caught & ours()), (expected, 0));
        });
    }
}

fn masks(status: &[u8]) -> (u64, u64) {
    let text = String::from_utf8_lossy(status);
    let mask = |name| {
        let line = text.lines().find(|line| line.starts_with(name));
        let digits = line.unwrap().split_whitespace().nth(1).unwrap();
        u64::from_str_radix(digits, 16).unwrap()
    };
    (mask("SigBlk:"), mask("SigCgt:"))
}

fn ours() -> u64 {
    SignalSet::MINITALK.mask()
}

// ---- closing -----------------------------------------------------------------------------------------------------

fn closed() {
    ignore(Signal::USR2);
    let before = dispositions();
    for blocked_before in [0, SignalSet::MINITALK.len()] {
        if blocked_before > 0 {
            ffi::block(SignalSet::MINITALK);
        }
        let mut inbox = Inbox::open().unwrap();
        assert_eq!(blocked(), SignalSet::MINITALK.len());
        inbox.wait(None, Some(Duration::ZERO)).unwrap();
        assert_eq!(blocked(), 0);
        drop(inbox);
        assert_eq!(
            (dispositions(), blocked()),
            (before.clone(), blocked_before)
        );
    }
}

fn dispositions() -> Vec<usize> {
    let all = SignalSet::MINITALK.iter().map(disposition);
    all.map(|action| action.sa_sigaction).collect()
}

fn discarded() {
    let inbox = Inbox::open().unwrap();
    send(Signal::USR1);
    send(Signal::USR2);
    drop(inbox);
    assert_eq!(blocked(), 0, "the signals are still blocked");
}

fn terminated() {
    for (set, stop) in [
        (SignalSet::MINITALK, Signal::TERM),
        (others_set(), Signal::HUP),
    ] {
        let child = Child::fork(Limit::GENEROUS, || {
            let inbox = Inbox::open_for(set).unwrap();
            set.filter(|signal| !SignalSet::STOPS.contains(signal))
                .iter()
                .for_each(send);
            send(stop);
            drop(inbox);
            0
        });
        assert_eq!(child.end(), End::Killed(stop.number()));
    }
}

fn undrained() {
    let child = Child::fork(Limit::GENEROUS, || {
        let mut inbox = Inbox::open().unwrap();
        send(Signal::USR1);
        send(Signal::TERM);
        inbox.wait(None, None).unwrap();
        drop(inbox);
        0
    });
    assert_eq!(child.end(), End::Killed(libc::SIGTERM));
}

fn refused() {
    let first = Inbox::open().unwrap();
    assert_eq!(Inbox::open().err(), Some(InboxError::Taken));
    drop(first);
    drop(Inbox::open().unwrap());
}

/// A late signal is ignored if it would kill; otherwise it has its old effect.
fn deafened() {
    ignore(Signal::USR2);
    let mut after = dispositions();
    after[1] = libc::SIG_IGN;
    after[4] = libc::SIG_IGN;
    let inbox = Inbox::open().unwrap();
    send(Signal::USR1);
    inbox.close_ignoring();
    assert_eq!((dispositions(), blocked()), (after, 0));
    send(Signal::USR1);
    let mut inbox = Inbox::open().unwrap();
    send(Signal::USR1);
    inbox.wait(None, None).unwrap();
    assert_eq!(drained(&mut inbox), [Signal::USR1]);
    drop(inbox);
    Inbox::open_for(others_set()).unwrap().close_ignoring();
    let after: Vec<_> = others_set().iter().map(disposition).collect();
    assert_eq!(after[0].sa_sigaction, libc::SIG_DFL);
    assert_eq!(after[1].sa_sigaction, libc::SIG_IGN);
}

/// At the mark the handler blocks every signal that it has been installed for, and no other.
fn others() {
    for (blocked_before, blocked_at_mark) in [(0, 2), (2, 4), (2, 5), (0, 5)] {
        if blocked_at_mark == SignalSet::MINITALK.len() {
            // A former inbox: its signals may still come.
            drop(Inbox::open().unwrap());
        }
        match blocked_before {
            0 => ffi::unblock(SignalSet::STOPS),
            _ => drop(ffi::block(SignalSet::STOPS)),
        }
        let mut inbox = Inbox::open_for(SignalSet::BITS).unwrap();
        assert_eq!(blocked(), 2 + blocked_before);
        inbox.wait(None, Some(Duration::ZERO)).unwrap();
        for _ in 1..CAPACITY / 2 {
            send(Signal::USR1);
        }
        assert_eq!(blocked(), blocked_before);
        send(Signal::USR1);
        assert_eq!(blocked(), blocked_at_mark);
        assert_eq!(drained(&mut inbox).len(), CAPACITY / 2);
        inbox.wait(None, Some(Duration::ZERO)).unwrap();
        assert_eq!(blocked(), blocked_before);
    }
}

// ---- shared -------------------------------------------------------------------------------------------------------

struct Word(AtomicU32);

// SAFETY: an atomic only.
unsafe impl Shareable for Word {}

fn send(signal: Signal) {
    send_to(ffi::getpid(), signal);
}

fn send_to(pid: Pid, signal: Signal) {
    ffi::send(pid, signal, None).unwrap();
}

fn drained(inbox: &mut Inbox) -> Vec<Signal> {
    let mut signals = Vec::new();
    inbox.drain(|event| signals.push(event.signal));
    signals
}

fn ignore(signal: Signal) {
    // SAFETY: ignoring a signal installs no handler.
    unsafe { libc::signal(signal.number(), libc::SIG_IGN) };
}

fn disposition(signal: Signal) -> libc::sigaction {
    let mut now = MaybeUninit::uninit();
    // SAFETY: without a new action, sigaction only fills the old one.
    unsafe {
        assert_eq!(
            libc::sigaction(signal.number(), ptr::null(), now.as_mut_ptr()),
            0
        );
        now.assume_init()
    }
}

/// Returns how many of our signals this thread has blocked.
fn blocked() -> usize {
    let mut set = MaybeUninit::uninit();
    // SAFETY: with no new set, pthread_sigmask only fills the old one; the numbers are those of signals.
    unsafe {
        libc::pthread_sigmask(libc::SIG_BLOCK, ptr::null(), set.as_mut_ptr());
        let set = set.assume_init();
        let is_blocked = |s: &Signal| libc::sigismember(&raw const set, s.number()) == 1;
        SignalSet::MINITALK.iter().filter(is_blocked).count()
    }
}

fn set_errno(number: i32) {
    // SAFETY: __errno_location returns the address of this thread's errno.
    unsafe { *libc::__errno_location() = number };
}

fn read_errno() -> i32 {
    // SAFETY: as above.
    unsafe { *libc::__errno_location() }
}
