//! The endpoint of the library. Each case is a process of its own, which can have only one.

mod common;

use std::env;
use std::os::fd::AsRawFd;
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use common::child::Child;
use common::*;
use minitalk::client::{Options, SendError};
use minitalk::engine;
use minitalk::server::{Config, Note, ServeError};
use minitalk::wire::sender::Lane;
use minitalk::{Endpoint, Pid, ReceiveError, Unavailable, block_signals, block_signals_and_stops};
use minitalk::{Inbox, InboxError};
use minitalk::{Signal, SignalSet};

const CASES: &[(&str, fn())] = cases![
    a_message_names_its_sender,
    a_client_is_acknowledged_when_its_message_is_taken,
    a_message_that_is_not_taken_is_rejected,
    a_taken_message_is_acknowledged_however_the_receiver_ends,
    clients_wait_for_a_slow_program,
    a_process_has_at_most_one_endpoint,
    a_thread_that_would_get_the_signals_is_named,
    open_threads_are_found_while_others_start_and_end,
    stops_must_be_blocked_on_every_thread,
    a_thread_that_blocks_all_signals_does_not_prevent_binding,
    a_receiver_binds_where_no_signal_can_be_queued,
    a_forked_child_has_no_receiver_and_can_open_an_inbox,
    a_forked_child_does_not_keep_a_client_watched,
    dropping_a_receiver_restores_handlers_and_mask,
    late_signals_do_not_kill,
    a_handler_installed_later_is_kept,
    no_message_follows_the_end,
    a_receiver_can_be_stopped_from_another_thread,
    a_receiver_can_stop_on_sigterm,
    sigterm_keeps_its_default_action,
    a_receiver_stops_after_its_count,
    a_panic_of_the_program_ends_the_receiver,
    a_panic_in_the_output_ends_the_server,
    a_panic_in_notes_ends_the_server,
    a_panic_in_the_last_note_is_an_error,
    unread_notes_delay_no_message,
    a_sender_delivers_several_messages_to_one_server,
    a_sender_keeps_the_signals_blocked_between_messages,
    bystanders_are_never_signalled,
    late_answers_do_not_harm_a_process_that_gave_up,
];

fn main() -> ExitCode {
    run_cases(CASES, &[])
}

// ---- the caller's own functions ----------------------------------------------------------------------------------

/// Runs a server until it ends, and returns its error and the output of its client.
fn serve_one(
    output: engine::Output,
    notes: &mut dyn FnMut(&Note),
    trace: bool,
) -> (ServeError, std::process::Output) {
    // Called before any thread starts, so that each inherits the mask.
    block_signals();
    let mut inbox = Inbox::open_for(SignalSet::LANES).unwrap();
    let client = send_us(&[], "for a function that panics");
    let mut config = Config::default();
    config.trace = trace;
    let error = engine::serve(&mut inbox, config, vec![output], notes, None).unwrap_err();
    inbox.leak();
    (error, client.output())
}

fn a_panic_in_the_output_ends_the_server() {
    let output = Box::new(|_: &minitalk::Message| panic!("on purpose"));
    let (error, client) = serve_one(output, &mut |_| {}, false);
    assert!(matches!(error, ServeError::Panicked("output")), "{error:?}");
    assert_eq!(
        error.to_string(),
        "the caller's own function for output panicked"
    );
    assert_eq!(client.status.code(), Some(7), "{client:?}");
    assert!(stderr(&client).contains("could not write its output"));
}

fn a_panic_in_notes_ends_the_server() {
    let (error, client) = serve_one(Box::new(|_| Ok(())), &mut |_| panic!("on purpose"), true);
    assert!(matches!(error, ServeError::Panicked("notes")), "{error:?}");
    assert_eq!(client.status.code(), Some(7), "{client:?}");
    assert!(stderr(&client).contains("shutting down"), "{client:?}");
}

/// The last note says that the session is over. A client that ends after the server causes no such note.
fn a_panic_in_the_last_note_is_an_error() {
    let mut inbox = Inbox::open().unwrap();
    let mut config = Config::default();
    config.count = Some(1);
    config.trace = true;
    let mut has_panicked = false;
    let mut notes = |note: &Note| {
        has_panicked = matches!(note, Note::SessionEnded(_));
        assert!(!has_panicked, "on purpose");
    };
    let client = send_us(&[], "the last");
    let result = engine::serve(
        &mut inbox,
        config,
        vec![Box::new(|_| Ok(()))],
        &mut notes,
        None,
    );
    assert_success(&client.output());
    let is_reported = matches!(result, Err(ServeError::Panicked("notes")));
    assert_eq!(is_reported, has_panicked, "{result:?}");
}

fn unread_notes_delay_no_message() {
    let (tell, told) = mpsc::channel();
    let (go, wait) = mpsc::channel::<()>();
    let mut config = Config::default();
    config.trace = true;
    let builder = Endpoint::builder().config(config).notes(move |note| {
        let _ = wait.recv();
        let _ = tell.send(note.clone());
    });
    let endpoint = builder.bind().unwrap();
    // The message causes some thousand notes.
    let message = "x".repeat(300);
    let client = send_us(&["--lane", "bit"], &message);
    assert_eq!(endpoint.recv().unwrap().payload, message.as_bytes());
    assert_success(&client.output());
    drop(go);
    assert!(told.iter().any(|note| matches!(note, Note::Missing(1..))));
    drop(endpoint);
}

// ---- receiving ---------------------------------------------------------------------------------------------------

fn a_message_names_its_sender() {
    let endpoint = Endpoint::bind().unwrap();
    assert!(matches!(endpoint.try_recv(), Err(ReceiveError::Empty)));
    let nothing = endpoint.recv_timeout(Duration::from_millis(1));
    assert!(matches!(nothing, Err(ReceiveError::Empty)));
    for (lane, message) in [("bit", "Hello"), ("word", "é 🦀"), ("auto", "")] {
        let client = send_us(&["--lane", lane], message);
        let received = endpoint.recv().unwrap();
        assert_eq!(received.payload, message.as_bytes());
        assert_eq!(received.pid.get(), client.pid());
        // SAFETY: getuid takes nothing.
        assert_eq!(received.uid, Some(unsafe { libc::getuid() }));
        assert!(received.framed);
        assert_success(&client.output());
    }
    let client = send_us(&["--dialect", "lsb"], "in a dialect");
    let received = endpoint.recv().unwrap();
    assert_eq!(received.payload, b"in a dialect");
    assert!(!received.framed);
    assert_success(&client.output());
}

/// The descriptor is readable for as long as there is a message to take.
fn a_client_is_acknowledged_when_its_message_is_taken() {
    let endpoint = Endpoint::bind().unwrap();
    for _ in 0..3 {
        assert!(!is_readable(&endpoint, 0));
        let client = send_us(&[], "x");
        assert!(is_readable(&endpoint, -1));
        let before = switches(client.pid());
        wait_until("the client has asked again", || {
            switches(client.pid()) > before + 2
        });
        assert!(client.is_running() && is_readable(&endpoint, 0));
        assert_eq!(endpoint.try_recv().unwrap().payload, b"x");
        assert!(!is_readable(&endpoint, 0));
        assert_success(&client.output());
    }
    endpoint.stopper().stop();
    assert!(is_readable(&endpoint, -1));
    assert!(matches!(endpoint.try_recv(), Err(ReceiveError::Stopped)));
    assert!(is_readable(&endpoint, 0), "it is no longer readable");
}

fn a_message_that_is_not_taken_is_rejected() {
    let endpoint = Endpoint::bind().unwrap();
    let client = send_us(&[], "x");
    assert!(is_readable(&endpoint, -1));
    drop(endpoint);
    let output = client.output();
    assert_eq!(output.status.code(), Some(7), "{output:?}");
}

fn a_taken_message_is_acknowledged_however_the_receiver_ends() {
    for _ in 0..10 {
        let mut config = Config::default();
        config.count = Some(1);
        let endpoint = Endpoint::builder().config(config).bind().unwrap();
        let client = send_us(&[], "the last one");
        endpoint.recv().unwrap();
        drop(endpoint);
        assert_success(&client.output());
        let endpoint = Endpoint::bind().unwrap();
        let client = send_us(&[], "finished");
        assert!(is_readable(&endpoint, -1));
        let stopper = endpoint.stopper();
        stopper.stop();
        stopper.stop();
        endpoint.recv().unwrap();
        drop(endpoint);
        stopper.stop();
        assert_success(&client.output());
    }
}

fn clients_wait_for_a_slow_program() {
    let endpoint = Endpoint::bind().unwrap();
    let text = |n: usize| format!("from {n}");
    let clients: Vec<Process> = (0..8).map(|n| send_us(&[], &text(n))).collect();
    let mut texts: Vec<String> = (0..8)
        .map(|_| {
            // The program is busy, and the clients wait.
            thread::sleep(Duration::from_millis(20));
            String::from_utf8(endpoint.recv().unwrap().into_payload()).unwrap()
        })
        .collect();
    texts.sort();
    assert_eq!(texts, (0..8).map(text).collect::<Vec<_>>());
    for client in clients {
        assert_success(&client.output());
    }
}

// ---- one per process ---------------------------------------------------------------------------------------------

fn a_process_has_at_most_one_endpoint() {
    block_signals();
    let server = Server::start();
    let to = Pid::new(server.pid()).unwrap();
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

fn a_thread_that_would_get_the_signals_is_named() {
    let idle = || {
        let (end, ended) = mpsc::channel::<()>();
        let thread = thread::Builder::new().name("idler".into());
        let thread = thread.spawn(move || ended.recv().unwrap_or(())).unwrap();
        (end, thread)
    };
    let (end, thread) = idle();
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
    drop(end);
    thread.join().unwrap();
    block_signals();
    let (end, thread) = idle();
    drop(Endpoint::bind().unwrap());
    // The caller blocked the signals, so they stay blocked.
    assert_eq!(ours("SigBlk"), SignalSet::LANES.mask());
    drop(end);
    thread.join().unwrap();
}

/// Each thread starts the next one and ends, so that one scan of /proc finds few of them.
fn open_threads_are_found_while_others_start_and_end() {
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
fn a_thread_that_blocks_all_signals_does_not_prevent_binding() {
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

fn stops_must_be_blocked_on_every_thread() {
    block_signals();
    let (end, ended) = mpsc::channel::<()>();
    let idler = thread::spawn(move || ended.recv().unwrap_or(()));
    let error = Endpoint::builder().stop_on_signals().bind().unwrap_err();
    assert!(
        error.to_string().contains("block_signals_and_stops"),
        "{error}"
    );
    drop(end);
    idler.join().unwrap();
    block_signals_and_stops();
    let (end, ended) = mpsc::channel::<()>();
    let idler = thread::spawn(move || ended.recv().unwrap_or(()));
    drop(Endpoint::builder().stop_on_signals().bind().unwrap());
    drop(end);
    idler.join().unwrap();
}

/// Without room in the queue, `/proc` shows a thread as if it were ending.
fn a_receiver_binds_where_no_signal_can_be_queued() {
    let none = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the limit lives for the whole call.
    let set = unsafe { libc::setrlimit(libc::RLIMIT_SIGPENDING, &raw const none) };
    assert_eq!(set, 0);
    let idle = || {
        let (end, ended) = mpsc::channel::<()>();
        (end, thread::spawn(move || ended.recv().unwrap_or(())))
    };
    let (end, open) = idle();
    let error = Endpoint::bind().unwrap_err();
    assert!(matches!(error, Unavailable::OpenOn { .. }), "{error}");
    drop(end);
    open.join().unwrap();
    block_signals();
    let (end, blocked) = idle();
    drop(Endpoint::bind().unwrap());
    drop(end);
    blocked.join().unwrap();
}

fn a_forked_child_has_no_receiver_and_can_open_an_inbox() {
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
fn a_forked_child_does_not_keep_a_client_watched() {
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

// ---- the end -----------------------------------------------------------------------------------------------------

extern "C" fn handler_of_our_own(_: libc::c_int) {
    CAME.fetch_add(1, Ordering::Relaxed);
}

static CAME: AtomicUsize = AtomicUsize::new(0);

fn handle(signal: libc::c_int) {
    // SAFETY: the handler does nothing but add to an atomic.
    unsafe {
        libc::signal(
            signal,
            handler_of_our_own as *const () as libc::sighandler_t,
        )
    };
}

/// Only a default action that would kill becomes "ignore": a client may still send.
fn dropping_a_receiver_restores_handlers_and_mask() {
    handle(libc::SIGUSR2);
    let look = || ["SigCgt", "SigIgn", "SigBlk"].map(ours);
    let [lanes, usr2] = [SignalSet::LANES, Signal::USR2.into()].map(SignalSet::mask);
    assert_eq!(look(), [usr2, 0, 0]);
    for before in [0, lanes & !usr2] {
        let endpoint = Endpoint::bind().unwrap();
        assert_eq!(look(), [lanes, 0, lanes], "{before}");
        drop(endpoint);
        assert_eq!(look(), [usr2, lanes & !usr2, 0]);
    }
    kill(std::process::id().try_into().unwrap(), libc::SIGUSR2);
    assert_eq!(CAME.load(Ordering::Relaxed), 1);
    // The stop signals do not carry messages, and get their old actions back.
    drop(Endpoint::builder().stop_on_signals().bind().unwrap());
    assert_eq!(look(), [usr2, lanes & !usr2, 0]);
}

fn late_signals_do_not_kill() {
    let mut endpoint = Endpoint::bind().unwrap();
    // A client of another program that keeps sending.
    let script = format!("while kill -USR1 {}; do :; done", us());
    let mut shell = Command::new("sh");
    let shell = Process::spawn(shell.args(["-c", &script]));
    for _ in 0..20 {
        let _ = endpoint.recv_timeout(Duration::from_millis(2));
        drop(endpoint);
        thread::sleep(Duration::from_millis(2));
        endpoint = Endpoint::bind().unwrap();
    }
    kill(shell.pid(), libc::SIGTERM);
    shell.output();
    let client = send_us(&[], "again");
    assert_eq!(
        endpoint
            .iter()
            .find(|message| message.as_ref().unwrap().framed)
            .unwrap()
            .unwrap()
            .payload,
        b"again"
    );
    assert_success(&client.output());
}

fn a_handler_installed_later_is_kept() {
    let endpoint = Endpoint::bind().unwrap();
    handle(libc::SIGUSR1);
    drop(endpoint);
    kill(std::process::id().try_into().unwrap(), libc::SIGUSR1);
    assert_eq!(CAME.load(Ordering::Relaxed), 1);
}

/// A second SIGTERM gives up complete messages that were not taken.
fn no_message_follows_the_end() {
    block_signals_and_stops();
    let threads = || status("Threads");
    let before = threads();
    let endpoint = Endpoint::builder().stop_on_signals().bind().unwrap();
    let clients: Vec<Process> = (0..4).map(|_| send_us(&[], "x")).collect();
    assert!(is_readable(&endpoint, -1));
    kill(std::process::id().try_into().unwrap(), libc::SIGTERM);
    // A second SIGTERM merges with a pending one.
    let pending = || u64::from_str_radix(&status("ShdPnd"), 16).unwrap();
    wait_until("the first SIGTERM is taken", || pending() == 0);
    kill(std::process::id().try_into().unwrap(), libc::SIGTERM);
    let end = loop {
        match endpoint.recv() {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert!(
        matches!(end, ReceiveError::Failed(_) | ReceiveError::Stopped),
        "{end:?}"
    );
    for _ in 0..1000 {
        assert!(matches!(endpoint.try_recv(), Err(ReceiveError::Stopped)));
    }
    drop(endpoint);
    // The clients of messages that were given up get no answer.
    drop(clients);
    wait_until("no thread is left", || threads() == before);
}

fn a_receiver_can_be_stopped_from_another_thread() {
    let endpoint = Endpoint::bind().unwrap();
    let stopper = endpoint.stopper();
    let client = send_us(&[], "finished");
    assert!(is_readable(&endpoint, -1));
    stopper.stop();
    // A complete message can still be taken.
    assert_eq!(
        endpoint.iter().next().unwrap().unwrap().payload,
        b"finished"
    );
    assert!(endpoint.iter().next().is_none());
    assert!(matches!(endpoint.recv(), Err(ReceiveError::Stopped)));
    assert_success(&client.output());
    drop(endpoint);
    let endpoint = Endpoint::bind().unwrap();
    let stopper = endpoint.stopper();
    let waiting = thread::spawn(move || endpoint.iter().count());
    stopper.stop();
    assert_eq!(waiting.join().unwrap(), 0);
}

fn a_receiver_can_stop_on_sigterm() {
    let endpoint = Endpoint::builder().stop_on_signals().bind().unwrap();
    kill(std::process::id().try_into().unwrap(), libc::SIGTERM);
    assert_eq!(endpoint.iter().count(), 0);
}

fn sigterm_keeps_its_default_action() {
    if env::var_os("IS_CHILD").is_none() {
        let mut command = case("sigterm_keeps_its_default_action");
        let output = run(command.env("IS_CHILD", ""));
        assert_eq!(signal_of(&output), Some(libc::SIGTERM), "{output:?}");
        return;
    }
    let endpoint = Endpoint::bind().unwrap();
    kill(std::process::id().try_into().unwrap(), libc::SIGTERM);
    let _ = endpoint.recv();
}

fn a_receiver_stops_after_its_count() {
    let mut config = Config::default();
    config.count = Some(2);
    let endpoint = Endpoint::builder().config(config).bind().unwrap();
    let clients: Vec<Process> = (0..2).map(|_| send_us(&[], "x")).collect();
    assert_eq!(endpoint.iter().map(Result::unwrap).count(), 2);
    for client in clients {
        assert_success(&client.output());
    }
}

fn a_panic_of_the_program_ends_the_receiver() {
    let builder = Endpoint::builder().notes(|_| panic!("on purpose"));
    let endpoint = builder.bind().unwrap();
    let client = send_us(&["--dialect", "ack=none", "--first", "20"], "worth a note");
    assert_success(&client.output());
    let error = endpoint.recv().unwrap_err();
    let ReceiveError::Failed(why) = &error else {
        panic!("{error:?}");
    };
    assert!(matches!(why, ServeError::Panicked("notes")), "{why:?}");
    assert!(endpoint.iter().next().is_none());
    // Late signals must not kill.
    assert_eq!(ours("SigIgn"), SignalSet::LANES.mask());
}

// ---- sending -----------------------------------------------------------------------------------------------------

fn a_sender_delivers_several_messages_to_one_server() {
    block_signals();
    let server = Server::start();
    let to = Pid::new(server.pid()).unwrap();
    let sender = sender();
    let long = "long ".repeat(300_000);
    let mut reports = Vec::new();
    let mut seen = Vec::new();
    for text in ["one", "", &long] {
        let mut watch = |progress: &minitalk::client::Progress| seen.push(progress.bytes);
        reports.push(
            sender
                .send_with(to, text.as_bytes(), patient(), &mut watch)
                .unwrap(),
        );
    }
    assert!(reports.iter().all(|report| report.confirmed));
    let last = reports.last().unwrap();
    assert_eq!((last.bytes, last.in_words), (long.len(), true));
    assert!(seen.is_sorted());
    server.assert_printed(&[b"one", b"", long.as_bytes()]);
    server.stop();
    let error = sender.send(to, b"too late").unwrap_err();
    assert!(matches!(error, SendError::NoSuchProcess), "{error}");
    drop(sender);
    assert_eq!(
        (ours("SigCgt"), ours("SigIgn")),
        (0, SignalSet::LANES.mask())
    );
}

fn a_sender_keeps_the_signals_blocked_between_messages() {
    // Not a Process, whose threads in this process would be open to the signals.
    let mut server = minitalk(["serve"]);
    let server = Child::spawn(server.stdout(std::process::Stdio::null())).unwrap();
    let lanes = SignalSet::LANES.mask();
    let to = Pid::new(server.id().try_into().unwrap()).unwrap();
    wait_until("the server is ready", || {
        minitalk::client::find(to, false).is_ok()
    });
    for (lane, mut len) in [(Lane::Bit, 2_000), (Lane::Word, 100_000)] {
        let mut options = patient();
        options.lane = lane;
        let sender = sender();
        let (mut sent, mut watched) = (0, 0);
        // Progress is reported ten times a second; each message is longer, until one takes long enough.
        while sent < 3 || watched == 0 {
            assert_eq!(ours("SigBlk"), lanes);
            let mut watch = |_: &minitalk::client::Progress| {
                assert_eq!(ours("SigBlk"), lanes);
                watched += 1;
            };
            sender
                .send_with(to, &noise(len), options, &mut watch)
                .unwrap();
            sent += 1;
            len *= 2;
        }
        let error = sender.send(to, &vec![0; 17 << 20]).unwrap_err();
        assert!(matches!(error, SendError::Rejected(_)), "{error}");
        assert_eq!(ours("SigBlk"), lanes);
        drop(sender);
        assert_eq!(ours("SigBlk"), 0);
    }
}

fn bystanders_are_never_signalled() {
    block_signals();
    let bystander = Process::spawn(Command::new("sleep").arg("1000"));
    let to = Pid::new(bystander.pid()).unwrap();
    let error = minitalk::send(to, b"x").unwrap_err();
    assert!(matches!(error, SendError::Refused { .. }), "{error}");
    let error = minitalk::send(us().parse().unwrap(), b"x").unwrap_err();
    assert!(matches!(error, SendError::Ourselves), "{error}");
    assert!(bystander.is_running());
    // This server executes another program between two messages.
    let mut shell = Command::new("sh");
    let script = "trap : USR1 USR2 RTMIN+10; echo up; read x; exec sleep 1000";
    shell
        .args(["-c", script])
        .stdin(std::process::Stdio::piped());
    let shell = Process::spawn(&mut shell);
    shell.wait_stdout(|bytes| bytes == b"up\n");
    let mut options = Options::default();
    options.timeout = Duration::from_millis(200);
    let sender = sender();
    let to = Pid::new(shell.pid()).unwrap();
    let send = || sender.send_with(to, b"x", options, &mut |_| {});
    let error = send().unwrap_err();
    assert!(matches!(error, SendError::TimedOut { .. }), "{error}");
    drop(shell.take_stdin());
    wait_until("the server executes sleep", || {
        command_of(shell.pid()) == "sleep"
    });
    let error = send().unwrap_err();
    assert!(matches!(error, SendError::Refused { .. }), "{error}");
    assert!(shell.is_running());
}

fn late_answers_do_not_harm_a_process_that_gave_up() {
    block_signals();
    let server = Server::start();
    kill(server.pid(), libc::SIGSTOP);
    wait_state(server.pid(), 'T');
    let mut options = Options::default();
    options.timeout = Duration::from_millis(200);
    let sender = sender();
    let to = Pid::new(server.pid()).unwrap();
    let sent = sender.send_with(to, b"x", options, &mut |_| {});
    let error = sent.unwrap_err();
    assert!(matches!(error, SendError::TimedOut { .. }), "{error}");
    drop(sender);
    assert_eq!(ours("SigIgn"), SignalSet::LANES.mask());
    minitalk::internals::ffi::unblock(SignalSet::LANES);
    kill(server.pid(), libc::SIGCONT);
    // The server first answers the old signals, and then takes this message.
    deliver(server.pid(), b"from another client");
    server.assert_printed(&[b"from another client"]);
    server.stop();
}

// ---- shared by the cases -----------------------------------------------------------------------------------------

fn us() -> String {
    std::process::id().to_string()
}

/// Returns options of a client that does not give up while its server gets no CPU.
fn patient() -> Options {
    let mut options = Options::default();
    options.timeout = WATCHDOG;
    options
}

/// Returns an endpoint that sends.
fn sender() -> Endpoint {
    Endpoint::builder().send_only().bind().unwrap()
}

/// Starts a client that sends to this process.
fn send_us(options: &[&str], message: &str) -> Process {
    Process::spawn(
        minitalk(["send"])
            .args(options)
            .args(["--", &us(), message]),
    )
}

/// Returns whether the descriptor becomes readable within these milliseconds; -1 waits without a limit.
fn is_readable(endpoint: &Endpoint, milliseconds: i32) -> bool {
    let mut poll = libc::pollfd {
        fd: endpoint.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: the pollfd lives for the whole call and the count is 1.
    unsafe { libc::poll(&raw mut poll, 1, milliseconds) == 1 }
}

/// Returns the part of this mask of `/proc` that concerns our signals: those of messages and the stop signals.
fn ours(mask: &str) -> u64 {
    u64::from_str_radix(&status(mask), 16).unwrap() & SignalSet::MINITALK.mask()
}

/// Returns a field of `/proc/thread-self/status`.
fn status(field: &str) -> String {
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    line.split_whitespace().nth(1).unwrap().into()
}
