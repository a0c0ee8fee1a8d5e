//! What an inbox receives of any signals, beside what signal-hook, tokio and signalfd make of them: the table in `src/lib.rs`.
//!
//! Each case is a process of its own, which can have only one inbox.

mod common;

use std::env;
use std::future::Future;
use std::process::{Command, ExitCode};
use std::time::Duration;

use common::*;
use minitalk::{Event, Inbox, Origin, Pid, Signal, SignalSet};
use signal_hook::iterator::exfiltrator::WithRawSiginfo;
use signal_hook::iterator::{Signals, SignalsInfo};
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};

const CASES: &[(&str, fn())] = cases![
    an_inbox_receives_fifty_queued_signals_in_order,
    an_inbox_drops_nothing_of_what_one_wake_up_brings,
    an_inbox_receives_more_than_its_ring_holds,
    an_inbox_names_the_sender_and_says_whether_it_is_attested,
    an_inbox_describes_a_child_that_ended,
    an_inbox_shows_the_value_of_a_timer,
    signal_hook_receives_one_of_fifty_queued_signals,
    signal_hook_shows_the_siginfo_of_five_of_fifty_queued_signals,
    tokio_receives_one_of_fifty_queued_signals,
    signalfd_receives_fifty_queued_signals_in_order,
    signalfd_leaves_signals_unread_after_an_edge,
    signal_hook_tokio_and_an_inbox_receive_their_own_signals,
];

/// Programs that the cases start.
const HELPERS: &[(&str, fn())] = cases![queue_signals];

fn main() -> ExitCode {
    run_cases(CASES, HELPERS)
}

const FIFTY: u64 = 50;

/// Returns SIGRTMIN+8, which queues.
fn queued() -> Signal {
    Signal::realtime(8).unwrap()
}

// ---- an inbox ----------------------------------------------------------------------------------------------------

fn an_inbox_receives_fifty_queued_signals_in_order() {
    let mut inbox = Inbox::open_for(queued().into()).unwrap();
    // With the handler, which interrupts this process while it waits for the sender's end; and by polling.
    for polls in [false, true] {
        if !polls {
            inbox.wait(None, Some(Duration::ZERO)).unwrap();
        }
        let sender = queue(FIFTY);
        let events = receive(&mut inbox, FIFTY, polls);
        assert!(values(&events).eq(0..FIFTY), "{events:?}");
        for event in events {
            assert_eq!((event.signal, event.code), (queued(), libc::SI_QUEUE));
            assert_eq!(event.ids(), (sender.get(), user()));
        }
    }
}

fn an_inbox_drops_nothing_of_what_one_wake_up_brings() {
    let mut inbox = Inbox::open_for(queued().into()).unwrap();
    // They are blocked until the wait, which lets all of them in.
    queue(FIFTY);
    inbox.wait(None, None).unwrap();
    let mut events = Vec::new();
    inbox.drain(|event| events.push(event));
    assert!(values(&events).eq(0..FIFTY), "{events:?}");
}

/// The ring has 1,024 places, and from the 512th signal on the kernel holds further ones back.
fn an_inbox_receives_more_than_its_ring_holds() {
    const MANY: u64 = 3_000;
    let mut inbox = Inbox::open_for(queued().into()).unwrap();
    inbox.wait(None, Some(Duration::ZERO)).unwrap();
    queue(MANY);
    let events = receive(&mut inbox, MANY, false);
    assert!(values(&events).eq(0..MANY), "{events:?}");
}

fn an_inbox_names_the_sender_and_says_whether_it_is_attested() {
    let mut inbox = Inbox::open_for(SignalSet::of(&[Signal::HUP, queued()])).unwrap();
    let sender = queue(1);
    let [event] = receive(&mut inbox, 1, false)[..] else {
        panic!()
    };
    assert!(matches!(event.origin, Origin::Claimed { pid, .. } if pid == sender));
    let kill = format!("kill -HUP {}", Pid::current());
    let mut shell = Command::new("sh").args(["-c", &kill]).spawn().unwrap();
    assert!(shell.wait().unwrap().success());
    let [event] = receive(&mut inbox, 1, false)[..] else {
        panic!()
    };
    let (pid, uid) = (shell.id().try_into().unwrap(), user());
    assert_eq!(event.origin, Origin::Attested { pid, uid });
    assert_eq!((event.signal, event.code), (Signal::HUP, libc::SI_USER));
}

fn an_inbox_describes_a_child_that_ended() {
    let mut inbox = Inbox::open_for(Signal::CHLD.into()).unwrap();
    let mut child = Command::new("sh").args(["-c", "exit 7"]).spawn().unwrap();
    let [event] = receive(&mut inbox, 1, false)[..] else {
        panic!()
    };
    assert_eq!(event.code, libc::CLD_EXITED);
    assert_eq!(event.ids(), (child.id().try_into().unwrap(), user()));
    assert_eq!(event.value() as i32, 7);
    assert!(matches!(event.origin, Origin::Unknown { .. }));
    assert_eq!(child.wait().unwrap().code(), Some(7));
}

fn an_inbox_shows_the_value_of_a_timer() {
    const VALUE: usize = 0x1234_5678_9ABC_DEF0;
    let mut inbox = Inbox::open_for(queued().into()).unwrap();
    // SAFETY: all zeroes are a sigevent; the timer is created in `timer`, and both live for the whole calls.
    unsafe {
        let mut event: libc::sigevent = std::mem::zeroed();
        event.sigev_notify = libc::SIGEV_SIGNAL;
        event.sigev_signo = queued().number();
        event.sigev_value.sival_ptr = VALUE as *mut libc::c_void;
        let mut timer = std::mem::zeroed();
        let created = libc::timer_create(libc::CLOCK_MONOTONIC, &raw mut event, &raw mut timer);
        assert_eq!(created, 0);
        let mut soon: libc::itimerspec = std::mem::zeroed();
        soon.it_value.tv_nsec = 1;
        let set = libc::timer_settime(timer, 0, &raw const soon, std::ptr::null_mut());
        assert_eq!(set, 0);
    }
    let [event] = receive(&mut inbox, 1, false)[..] else {
        panic!()
    };
    assert_eq!(event.code, libc::SI_TIMER);
    assert_eq!(event.value(), VALUE as u64);
    let (_, overruns) = event.ids();
    assert_eq!(overruns, 0);
    assert!(matches!(event.origin, Origin::Unknown { .. }));
}

// ---- others ------------------------------------------------------------------------------------------------------

fn signal_hook_receives_one_of_fifty_queued_signals() {
    let mut signals = Signals::new([queued().number()]).unwrap();
    queue(FIFTY);
    assert!(signals.pending().eq([queued().number()]));
    assert_eq!(signals.pending().count(), 0);
}

/// Its handler passes a siginfo on through a queue of five places.
fn signal_hook_shows_the_siginfo_of_five_of_fifty_queued_signals() {
    let mut signals = SignalsInfo::<WithRawSiginfo>::new([queued().number()]).unwrap();
    let sender = queue(FIFTY);
    let infos: Vec<_> = signals.pending().collect();
    assert_eq!(infos.len(), 5);
    for (n, info) in (0..).zip(infos) {
        // SAFETY: the code is SI_QUEUE, so the kernel has filled PID and value.
        let (pid, value) = unsafe { (info.si_pid(), info.si_value().sival_ptr.addr()) };
        assert_eq!(
            (info.si_code, pid, value),
            (libc::SI_QUEUE, sender.get(), n)
        );
    }
    assert_eq!(signals.pending().count(), 0);
}

fn tokio_receives_one_of_fifty_queued_signals() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let number = SignalKind::from_raw(queued().number());
    let mut signals = runtime.block_on(async { signal(number) }).unwrap();
    queue(FIFTY);
    assert_eq!(within(&runtime, signals.recv()), Some(Some(())));
    let more = async { tokio::time::timeout(Duration::from_millis(100), signals.recv()).await };
    assert!(runtime.block_on(more).is_err());
}

fn signalfd_receives_fifty_queued_signals_in_order() {
    let fd = SignalFd::new(queued());
    let sender = queue(FIFTY);
    for buffer in [1, 7, 64] {
        if buffer > 1 {
            queue(FIFTY);
        }
        let mut infos = Vec::new();
        loop {
            let read = fd.read(buffer);
            if read.is_empty() {
                break;
            }
            infos.extend(read);
        }
        assert!(infos.iter().map(|info| info.ssi_ptr).eq(0..FIFTY));
        if buffer == 1 {
            let is_its = |info: &libc::signalfd_siginfo| {
                (info.ssi_code, info.ssi_pid) == (libc::SI_QUEUE, sender.get().cast_unsigned())
            };
            assert!(infos.iter().all(is_its));
        }
    }
}

/// A loop that reads one signal for each event of epoll works with level-triggered events. Runtimes (tokio, mio) use edges.
fn signalfd_leaves_signals_unread_after_an_edge() {
    let fd = SignalFd::new(queued());
    let epoll = Epoll::new(&fd);
    queue(FIFTY);
    let mut count = 0;
    while epoll.has_event() {
        count += fd.read(1).len();
    }
    assert_eq!(count, 1);
    // They are not lost, but no event says that they are there.
    assert_eq!(fd.read(64).len(), 49);
}

// ---- side by side ------------------------------------------------------------------------------------------------

fn signal_hook_tokio_and_an_inbox_receive_their_own_signals() {
    for inbox_is_first in [true, false] {
        let open = || Inbox::open_for(queued().into()).unwrap();
        let first = inbox_is_first.then(open);
        let mut hook = SignalsInfo::<WithRawSiginfo>::new([libc::SIGHUP]).unwrap();
        // An inbox that is opened later needs the signal blocked on the threads of the runtime.
        let blocked = block(queued());
        let runtime = Builder::new_multi_thread().enable_all().build().unwrap();
        let stream = async { signal(SignalKind::user_defined2()) };
        let mut stream = runtime.block_on(stream).unwrap();
        let mut inbox = first.unwrap_or_else(open);
        for _ in 0..3 {
            let sender = queue(FIFTY);
            for signal in [libc::SIGHUP, libc::SIGUSR2] {
                kill(Pid::current().get(), signal);
            }
            // Each has its own, and no other.
            let events = receive(&mut inbox, FIFTY, false);
            assert!(values(&events).eq(0..FIFTY), "{events:?}");
            let is_its = |event: &Event| event.signal == queued() && event.ids().0 == sender.get();
            assert!(events.iter().all(is_its));
            assert_eq!(within(&runtime, stream.recv()), Some(Some(())));
            let hung_up = hook.forever().next().map(|info| info.si_signo);
            assert_eq!(hung_up, Some(libc::SIGHUP));
        }
        // The end of the inbox leaves the others alone.
        drop(inbox);
        kill(Pid::current().get(), libc::SIGHUP);
        kill(Pid::current().get(), libc::SIGUSR2);
        assert_eq!(within(&runtime, stream.recv()), Some(Some(())));
        assert!(hook.forever().next().is_some());
        drop(runtime);
        set_mask(&blocked);
    }
}

// ---- shared by the cases -----------------------------------------------------------------------------------------

/// Has another process queue `count` signals for this one, with their numbers as values, and returns its PID once it has ended.
///
/// What this thread does not block by then has been handled.
fn queue(count: u64) -> Pid {
    let mut helper = case("queue_signals");
    helper.env("TO", Pid::current().to_string());
    let mut helper = helper.env("COUNT", count.to_string()).spawn().unwrap();
    assert!(helper.wait().unwrap().success());
    helper.id().try_into().unwrap()
}

/// Is the program that [`queue`] starts.
fn queue_signals() {
    let number = |name| env::var(name).unwrap().parse::<usize>().unwrap();
    let to = number("TO").try_into().unwrap();
    for n in 0..number("COUNT") {
        let value = libc::sigval {
            sival_ptr: n as *mut libc::c_void,
        };
        // SAFETY: sigqueue takes integers, and a value that it does not interpret.
        while unsafe { libc::sigqueue(to, queued().number(), value) } != 0 {
            // The limit on queued signals is reached, maybe by other processes.
            let error = std::io::Error::last_os_error();
            assert_eq!(error.raw_os_error(), Some(libc::EAGAIN), "{error}");
            std::thread::yield_now();
        }
    }
}

/// Waits for `count` events.
fn receive(inbox: &mut Inbox, count: u64, polls: bool) -> Vec<Event> {
    let mut events = Vec::new();
    loop {
        inbox.drain(|event| events.push(event));
        if events.len() as u64 >= count {
            return events;
        }
        if polls {
            inbox.spin_wait(None, None, Duration::ZERO).unwrap();
        } else {
            inbox.wait(None, None).unwrap();
        }
    }
}

fn values(events: &[Event]) -> impl Iterator<Item = u64> {
    events.iter().map(Event::value)
}

/// Returns the result of `future`, or `None` if it takes minutes.
fn within<T>(runtime: &Runtime, future: impl Future<Output = T>) -> Option<T> {
    let limited = async { tokio::time::timeout(WATCHDOG, future).await };
    runtime.block_on(limited).ok()
}

fn user() -> u32 {
    // SAFETY: getuid cannot fail and touches no memory.
    unsafe { libc::getuid() }
}

/// Blocks a signal on this thread and returns the mask before.
fn block(signal: Signal) -> libc::sigset_t {
    // SAFETY: the sets are initialised, the one by sigemptyset, the other by pthread_sigmask, and live for the whole calls.
    unsafe {
        let mut set = std::mem::zeroed();
        let mut before = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, signal.number());
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, &raw mut before);
        before
    }
}

fn set_mask(mask: &libc::sigset_t) {
    // SAFETY: the set is initialised and lives for the whole call.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, mask, std::ptr::null_mut()) };
}

/// A descriptor from which one signal is read; it never blocks.
struct SignalFd(libc::c_int);

impl SignalFd {
    fn new(signal: Signal) -> Self {
        block(signal);
        // SAFETY: the set is initialised by sigemptyset and lives for the whole call.
        let fd = unsafe {
            let mut set = std::mem::zeroed();
            libc::sigemptyset(&raw mut set);
            libc::sigaddset(&raw mut set, signal.number());
            libc::signalfd(-1, &raw const set, libc::SFD_NONBLOCK | libc::SFD_CLOEXEC)
        };
        assert!(fd >= 0);
        Self(fd)
    }

    /// Reads at most `count` signals in one call.
    fn read(&self, count: usize) -> Vec<libc::signalfd_siginfo> {
        const SIZE: usize = size_of::<libc::signalfd_siginfo>();
        // SAFETY: the structure is of integers, for which all zeroes are valid.
        let mut infos: Vec<libc::signalfd_siginfo> = vec![unsafe { std::mem::zeroed() }; count];
        // SAFETY: the buffer has room for `count` structures.
        let read = unsafe { libc::read(self.0, infos.as_mut_ptr().cast(), count * SIZE) };
        infos.truncate(usize::try_from(read).unwrap_or(0) / SIZE);
        infos
    }
}

/// An epoll set with edge-triggered events.
struct Epoll(libc::c_int);

impl Epoll {
    fn new(fd: &SignalFd) -> Self {
        let events = (libc::EPOLLIN | libc::EPOLLET).cast_unsigned();
        let mut event = libc::epoll_event { events, u64: 0 };
        // SAFETY: the event lives for the whole call.
        unsafe {
            let set = libc::epoll_create1(libc::EPOLL_CLOEXEC);
            let added = libc::epoll_ctl(set, libc::EPOLL_CTL_ADD, fd.0, &raw mut event);
            assert_eq!(added, 0);
            Self(set)
        }
    }

    fn has_event(&self) -> bool {
        let mut event = libc::epoll_event { events: 0, u64: 0 };
        // SAFETY: there is room for one event.
        unsafe { libc::epoll_wait(self.0, &raw mut event, 1, 0) == 1 }
    }
}
