//! One endpoint for a process: its threads, and its forked children.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use minitalk::client::SendError;
use minitalk::{
    Endpoint, Inbox, InboxError, ReceiveError, SignalSet, Unavailable, block_signals,
    block_signals_and_stops,
};

use crate::common::*;
use crate::{is_readable, ours, send_us, sender};

pub fn a_process_has_at_most_one_endpoint() {
    block_signals();
    let server = Server::start();
    let to = pid_of(server.pid());
    let endpoint = Endpoint::bind().unwrap();
    assert!(matches!(Endpoint::bind(), Err(Unavailable::Taken)));
    let taken = minitalk::send(to, b"x");
    assert!(matches!(
        taken,
        Err(SendError::Unavailable(Unavailable::Taken))
    ));
    assert_eq!(Inbox::open().err(), Some(InboxError::Taken));
    drop(endpoint);
    let endpoint = sender();
    assert!(matches!(Endpoint::bind(), Err(Unavailable::Taken)));
    drop(endpoint);
    drop(Endpoint::bind().unwrap());
    server.stop();
}

/// A thread that waits until this is dropped.
struct Idler(Option<(mpsc::Sender<()>, JoinHandle<()>)>);

impl Idler {
    fn start() -> Self {
        let (end, ended) = mpsc::channel::<()>();
        let thread = thread::Builder::new().name("idler".into());
        let thread = thread.spawn(move || ended.recv().unwrap_or(())).unwrap();
        Self(Some((end, thread)))
    }
}

impl Drop for Idler {
    fn drop(&mut self) {
        let (end, thread) = self.0.take().unwrap();
        drop(end);
        thread.join().unwrap();
    }
}

pub fn a_thread_that_would_get_the_signals_is_named() {
    let idler = Idler::start();
    // A thread that is starting has all signals blocked.
    let error = Endpoint::bind().unwrap_err();
    assert!(matches!(error, Unavailable::OpenOn { .. }), "{error}");
    assert_eq!(
        ours("SigCgt") | ours("SigBlk"),
        0,
        "handlers or mask remain"
    );
    wait_until("the thread has its name", || {
        let error = Endpoint::bind().unwrap_err().to_string();
        assert!(error.contains("block_signals"), "{error}");
        error.contains("(idler)")
    });
    let error = Inbox::open_for(SignalSet::BITS).err().unwrap();
    assert!(error.to_string().contains("SignalSet::block"), "{error}");
    drop(idler);
    block_signals();
    let _idler = Idler::start();
    drop(Inbox::open_for(SignalSet::BITS).unwrap());
    drop(Endpoint::bind().unwrap());
    // The caller blocked the signals, so they stay blocked.
    assert_eq!(ours("SigBlk"), SignalSet::LANES.mask());
}

/// Each thread starts the next one and ends, so that one scan of /proc finds few of them.
pub fn open_threads_are_found_while_others_start_and_end() {
    fn chain(end: Arc<AtomicBool>) {
        if !end.load(Ordering::Relaxed) {
            thread::spawn(move || chain(end));
        }
    }
    let end = Arc::new(AtomicBool::new(false));
    let first = Arc::clone(&end);
    thread::spawn(move || chain(first));
    for _ in 0..100 {
        let error = Endpoint::bind().unwrap_err();
        let is_expected = match &error {
            Unavailable::OpenOn { .. } => true,
            Unavailable::System(error) => error.kind() == std::io::ErrorKind::TimedOut,
            _ => false,
        };
        assert!(is_expected, "{error:?}");
    }
    end.store(true, Ordering::Relaxed);
    drop(Endpoint::bind());
}

/// With musl the mask of such a thread looks like that of a starting thread.
pub fn a_thread_that_blocks_all_signals_does_not_prevent_binding() {
    let (report_blocked, blocked) = mpsc::channel::<()>();
    let (end, ended) = mpsc::channel::<()>();
    let idler = thread::spawn(move || {
        // SAFETY: the set is of this frame, filled before it is read; all zeroes are a set.
        unsafe {
            let mut everything: libc::sigset_t = std::mem::zeroed();
            libc::sigfillset(&raw mut everything);
            libc::pthread_sigmask(libc::SIG_BLOCK, &raw const everything, std::ptr::null_mut());
        }
        report_blocked.send(()).unwrap();
        ended.recv().unwrap_or(());
    });
    blocked.recv().unwrap();
    drop(Endpoint::bind().unwrap());
    drop(end);
    idler.join().unwrap();
}

pub fn stops_must_be_blocked_on_every_thread() {
    block_signals();
    let idler = Idler::start();
    let error = Endpoint::builder().stop_on_signals().bind().unwrap_err();
    assert!(
        error.to_string().contains("block_signals_and_stops"),
        "{error}"
    );
    drop(idler);
    block_signals_and_stops();
    let _idler = Idler::start();
    drop(Endpoint::builder().stop_on_signals().bind().unwrap());
}

/// Without room in the queue, `/proc` shows a thread as if it were ending.
pub fn a_receiver_binds_where_no_signal_can_be_queued() {
    let none = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the limit lives for the whole call.
    let set = unsafe { libc::setrlimit(libc::RLIMIT_SIGPENDING, &raw const none) };
    assert_eq!(set, 0);
    let idler = Idler::start();
    let error = Endpoint::bind().unwrap_err();
    assert!(matches!(error, Unavailable::OpenOn { .. }), "{error}");
    drop(idler);
    block_signals();
    let _idler = Idler::start();
    drop(Endpoint::bind().unwrap());
}

pub fn a_forked_child_has_no_receiver_and_can_open_an_inbox() {
    let endpoint = Endpoint::bind().unwrap();
    let stopper = endpoint.stopper();
    // SAFETY: the child takes locks that no other thread can hold, for there is no client yet, and the C library lets it
    // allocate.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let is_forked = matches!(endpoint.try_recv(), Err(ReceiveError::Forked));
        stopper.stop();
        let says = endpoint.iter().count();
        let dispositions = ours("SigCgt") | ours("SigIgn") | ours("SigBlk");
        let mut own = Inbox::open_for(SignalSet::BITS).unwrap();
        kill(std::process::id().try_into().unwrap(), libc::SIGUSR2);
        own.wait(None, None).unwrap();
        let mut came = 0;
        own.drain(|_| came += 1);
        drop(endpoint);
        let is_right = is_forked && (says, dispositions, came) == (1, 0, 1);
        // SAFETY: _exit takes any number.
        unsafe { libc::_exit(if is_right { 42 } else { 1 }) };
    }
    let mut status = 0;
    // SAFETY: the child is ours, and the status lives for the whole call.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert_eq!(
        (libc::WIFEXITED(status), libc::WEXITSTATUS(status)),
        (true, 42)
    );
    let client = send_us(&[], "to the parent");
    assert_eq!(endpoint.recv().unwrap().payload, b"to the parent");
    assert_success(&client.output());
}

/// The child also holds the descriptors open, so that a mere close would leave them in the epoll set.
pub fn a_forked_child_does_not_keep_a_client_watched() {
    let endpoint = Endpoint::bind().unwrap();
    let client = send_us(&[], "x");
    assert!(is_readable(&endpoint, -1));
    let with_client = watched();
    assert_eq!(pidfds(), 1);
    // SAFETY: the child does nothing but wait for its end.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // SAFETY: prctl takes integers only. The kernel ends the child if the test fails.
        unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
        loop {
            // SAFETY: pause takes nothing.
            unsafe { libc::pause() };
        }
    }
    assert_eq!(endpoint.recv().unwrap().payload, b"x");
    assert_success(&client.output());
    wait_until("the client is forgotten", || pidfds() == 0);
    let without_client = watched();
    kill(child, libc::SIGKILL);
    let mut status = 0;
    // SAFETY: the child is ours, and the status lives for the whole call.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert_eq!(without_client, with_client - 1);
}

/// Returns the number of pidfds of this process.
fn pidfds() -> usize {
    let descriptors = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
    let files = descriptors.filter_map(|entry| std::fs::read_link(entry.path()).ok());
    files
        .filter(|file| file.ends_with("anon_inode:[pidfd]"))
        .count()
}

/// Returns the number of files in the epoll sets of this process (`proc_pid_fdinfo(5)`).
fn watched() -> usize {
    let sets = std::fs::read_dir("/proc/self/fdinfo").unwrap().flatten();
    let texts = sets.filter_map(|entry| std::fs::read_to_string(entry.path()).ok());
    texts.map(|text| text.matches("tfd:").count()).sum()
}
