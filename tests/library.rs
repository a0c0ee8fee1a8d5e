//! The library's receiver and sender, each case in a process of its own: there is one for a process.

mod common;

use std::env;
use std::os::fd::AsRawFd;
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use common::*;
use minitalk::client::{Options, SendError};
use minitalk::server::{self, Config, Note, ServeError};
use minitalk::signal::event::{Signal, SignalSet};
use minitalk::signal::inbox::{Inbox, InboxError};
use minitalk::wire::sender::Lane;
use minitalk::{
    Pid, ReceiveError, Receiver, Sender, Unavailable, block_signals, block_signals_and_stops,
};

/// The environment variable that names the case to run.
const CASE: &str = "MINITALK_TEST_CASE";

macro_rules! cases {
    ($($name:ident),* $(,)?) => { &[$((stringify!($name), $name as fn())),*] };
}

const CASES: &[(&str, fn())] = cases![
    a_message_says_who_sent_it,
    a_client_is_told_when_its_message_is_taken,
    what_is_not_taken_is_rejected,
    what_is_taken_is_acknowledged_however_it_ends,
    many_clients_and_a_slow_program,
    there_is_one_for_a_process,
    a_thread_that_would_get_the_signals_is_named,
    no_thread_hides_behind_others_that_end,
    a_thread_may_block_the_stops_too,
    a_thread_that_blocks_everything_is_no_obstacle,
    where_no_signal_may_be_queued_it_can_be_bound,
    a_fork_has_none_and_may_have_its_own,
    a_fork_that_lives_on_does_not_keep_a_client_watched,
    everything_is_put_back,
    nothing_late_kills,
    a_handler_of_later_is_left_alone,
    nothing_comes_after_the_end,
    it_can_be_stopped_from_another_thread,
    it_can_stop_on_sigterm,
    sigterm_is_not_touched,
    it_stops_after_its_count,
    a_panic_of_the_program_is_an_end,
    a_panic_in_an_output_is_an_end,
    a_panic_in_notes_is_an_end,
    a_panic_in_the_last_note_is_an_error_too,
    notes_that_nobody_takes_hold_up_nothing,
    messages_to_one_server,
    a_sender_does_not_disturb_between_messages,
    nobody_is_signalled_by_mistake,
    a_silent_server_can_do_no_harm_later,
];

/// As libtest: a name given is a part of those to run. Its options are of no use here.
fn main() -> ExitCode {
    if let Ok(case) = env::var(CASE) {
        let (_, run) = CASES.iter().find(|(name, _)| *name == case).unwrap();
        run();
        return ExitCode::SUCCESS;
    }
    let wanted = env::args().skip(1).find(|arg| !arg.starts_with('-'));
    let wanted = wanted.unwrap_or_default();
    let (mut passed, mut failed) = (0, 0);
    for (name, _) in CASES.iter().filter(|(name, _)| name.contains(&wanted)) {
        let mut command = Command::new(env::current_exe().unwrap());
        command.env(CASE, name);
        let output = run(command);
        if output.status.success() {
            println!("test {name} ... ok");
            passed += 1;
        } else {
            println!(
                "test {name} ... FAILED: {}\n{}",
                output.status,
                stderr(&output)
            );
            failed += 1;
        }
    }
    println!("\n{passed} passed; {failed} failed");
    ExitCode::from(u8::from(failed > 0))
}

// ---- what is the program's own ---------------------------------------------------------------------------------

/// Runs a server until it ends, and returns why, and what its client was told.
fn serve_one(
    output: server::Output,
    notes: &mut dyn FnMut(&Note),
    trace: bool,
) -> (ServeError, std::process::Output) {
    // Before there are threads.
    block_signals();
    let mut inbox = Inbox::open_for(SignalSet::LANES).unwrap();
    let client = send_us(&[], "for a function that panics");
    let mut config = Config::default();
    config.trace = trace;
    let error = server::serve(&mut inbox, config, output, notes).unwrap_err();
    inbox.retire();
    (error, client.output())
}

fn a_panic_in_an_output_is_an_end() {
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

fn a_panic_in_notes_is_an_end() {
    let (error, client) = serve_one(Box::new(|_| Ok(())), &mut |_| panic!("on purpose"), true);
    assert!(matches!(error, ServeError::Panicked("notes")), "{error:?}");
    assert_eq!(client.status.code(), Some(7), "{client:?}");
    assert!(stderr(&client).contains("shutting down"), "{client:?}");
}

/// The last is that the client is forgotten: unless it ends so late that the server has ended before.
fn a_panic_in_the_last_note_is_an_error_too() {
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
    let result = server::serve(&mut inbox, config, Box::new(|_| Ok(())), &mut notes);
    assert_success(&client.output());
    let is_said = matches!(result, Err(ServeError::Panicked("notes")));
    assert_eq!(is_said, has_panicked, "{result:?}");
}

fn notes_that_nobody_takes_hold_up_nothing() {
    let (tell, told) = mpsc::channel();
    let (go, wait) = mpsc::channel::<()>();
    let mut config = Config::default();
    config.trace = true;
    let builder = Receiver::builder().config(config).notes(move |note| {
        let _ = wait.recv();
        let _ = tell.send(note.clone());
    });
    let mut receiver = builder.bind().unwrap();
    // Some thousand notes.
    let message = "x".repeat(300);
    let client = send_us(&["--lane", "bit"], &message);
    assert_eq!(receiver.recv().unwrap().payload, message.as_bytes());
    assert_success(&client.output());
    drop(go);
    assert!(told.iter().any(|note| matches!(note, Note::Missing(1..))));
    drop(receiver);
}

// ---- receiving ---------------------------------------------------------------------------------------------------

fn a_message_says_who_sent_it() {
    let mut receiver = Receiver::bind().unwrap();
    assert!(matches!(receiver.try_recv(), Err(ReceiveError::Empty)));
    let nothing = receiver.recv_timeout(Duration::from_millis(1));
    assert!(matches!(nothing, Err(ReceiveError::Empty)));
    for (lane, message) in [("bit", "Hello"), ("word", "é 🦀"), ("auto", "")] {
        let client = send_us(&["--lane", lane], message);
        let received = receiver.recv().unwrap();
        assert_eq!(received.payload, message.as_bytes());
        assert_eq!(received.pid.get(), client.pid());
        // SAFETY: getuid takes nothing.
        assert_eq!(received.uid, Some(unsafe { libc::getuid() }));
        assert!(received.framed);
        assert_success(&client.output());
    }
    let client = send_us(&["--dialect", "lsb"], "of another make");
    let received = receiver.recv().unwrap();
    assert_eq!(received.payload, b"of another make");
    assert!(!received.framed);
    assert_success(&client.output());
}

/// The descriptor is readable from the time that there is something to take to the time that it is taken.
fn a_client_is_told_when_its_message_is_taken() {
    let mut receiver = Receiver::bind().unwrap();
    for _ in 0..3 {
        assert!(!is_readable(&receiver, 0));
        let client = send_us(&[], "x");
        assert!(is_readable(&receiver, -1));
        // It has asked more than once by now, and would have been told.
        thread::sleep(Duration::from_millis(30));
        assert!(client.is_running() && is_readable(&receiver, 0));
        assert_eq!(receiver.try_recv().unwrap().payload, b"x");
        assert!(!is_readable(&receiver, 0));
        assert_success(&client.output());
    }
    receiver.stopper().stop();
    assert!(is_readable(&receiver, -1));
    assert!(matches!(receiver.try_recv(), Err(ReceiveError::Stopped)));
    assert!(is_readable(&receiver, 0), "for good");
}

fn what_is_not_taken_is_rejected() {
    let receiver = Receiver::bind().unwrap();
    let client = send_us(&[], "x");
    assert!(is_readable(&receiver, -1));
    drop(receiver);
    let output = client.output();
    assert_eq!(output.status.code(), Some(7), "{output:?}");
}

fn what_is_taken_is_acknowledged_however_it_ends() {
    for _ in 0..10 {
        let mut config = Config::default();
        config.count = Some(1);
        let mut receiver = Receiver::builder().config(config).bind().unwrap();
        let client = send_us(&[], "the last one");
        receiver.recv().unwrap();
        drop(receiver);
        assert_success(&client.output());
        let mut receiver = Receiver::bind().unwrap();
        let client = send_us(&[], "finished");
        assert!(is_readable(&receiver, -1));
        let stopper = receiver.stopper();
        stopper.stop();
        stopper.stop();
        receiver.recv().unwrap();
        drop(receiver);
        stopper.stop();
        assert_success(&client.output());
    }
}

fn many_clients_and_a_slow_program() {
    let mut receiver = Receiver::bind().unwrap();
    let text = |n: usize| format!("from {n}");
    let clients: Vec<Process> = (0..8).map(|n| send_us(&[], &text(n))).collect();
    let mut texts: Vec<String> = (0..8)
        .map(|_| {
            // The program is at something else, and the clients wait.
            thread::sleep(Duration::from_millis(20));
            String::from_utf8(receiver.recv().unwrap().payload).unwrap()
        })
        .collect();
    texts.sort();
    assert_eq!(texts, (0..8).map(text).collect::<Vec<_>>());
    for client in clients {
        assert_success(&client.output());
    }
}

// ---- one for a process -------------------------------------------------------------------------------------------

fn there_is_one_for_a_process() {
    block_signals();
    let server = Server::start();
    let to = Pid::new(server.pid()).unwrap();
    let receiver = Receiver::bind().unwrap();
    assert!(matches!(Receiver::bind(), Err(Unavailable::Taken)));
    let taken = Sender::open(to);
    assert!(matches!(
        taken,
        Err(SendError::Unavailable(Unavailable::Taken))
    ));
    assert_eq!(Inbox::open().err(), Some(InboxError::Taken));
    drop(receiver);
    let sender = Sender::open(to).unwrap();
    assert!(matches!(Receiver::bind(), Err(Unavailable::Taken)));
    drop(sender);
    drop(Receiver::bind().unwrap());
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
    // It may just be starting, which it does with all signals blocked.
    let error = Receiver::bind().unwrap_err();
    assert!(matches!(error, Unavailable::OpenOn { .. }), "{error}");
    assert_eq!(ours("SigCgt") | ours("SigBlk"), 0, "nothing is left of it");
    wait_until("it has its name", || {
        let error = Receiver::bind().unwrap_err().to_string();
        assert!(error.contains("block_signals"), "{error}");
        error.contains("(idler)")
    });
    drop(end);
    thread.join().unwrap();
    block_signals();
    let (end, thread) = idle();
    drop(Receiver::bind().unwrap());
    // Whoever blocked them has them blocked.
    assert_eq!(ours("SigBlk"), SignalSet::LANES.mask());
    drop(end);
    thread.join().unwrap();
}

/// Each starts the next and ends, so that a look at all of them finds few.
fn no_thread_hides_behind_others_that_end() {
    fn chain(end: Arc<AtomicBool>) {
        if !end.load(Ordering::Relaxed) {
            thread::spawn(move || chain(end));
        }
    }
    let end = Arc::new(AtomicBool::new(false));
    let first = Arc::clone(&end);
    thread::spawn(move || chain(first));
    for _ in 0..100 {
        let error = Receiver::bind().unwrap_err();
        let is_known = match &error {
            Unavailable::OpenOn { .. } => true,
            Unavailable::System(error) => error.kind() == std::io::ErrorKind::TimedOut,
            _ => false,
        };
        assert!(is_known, "{error:?}");
    }
    end.store(true, Ordering::Relaxed);
    drop(Receiver::bind());
}

/// With musl its mask is that of a thread that begins.
fn a_thread_that_blocks_everything_is_no_obstacle() {
    let (say_blocked, blocked) = mpsc::channel::<()>();
    let (end, ended) = mpsc::channel::<()>();
    let idler = thread::spawn(move || {
        // SAFETY: the set is of this frame, filled before it is read; all zeroes are a set.
        unsafe {
            let mut everything: libc::sigset_t = std::mem::zeroed();
            libc::sigfillset(&raw mut everything);
            libc::pthread_sigmask(libc::SIG_BLOCK, &raw const everything, std::ptr::null_mut());
        }
        say_blocked.send(()).unwrap();
        ended.recv().unwrap_or(());
    });
    blocked.recv().unwrap();
    drop(Receiver::bind().unwrap());
    drop(end);
    idler.join().unwrap();
}

fn a_thread_may_block_the_stops_too() {
    block_signals();
    let (end, ended) = mpsc::channel::<()>();
    let idler = thread::spawn(move || ended.recv().unwrap_or(()));
    let error = Receiver::builder().stop_on_signals().bind().unwrap_err();
    assert!(
        error.to_string().contains("block_signals_and_stops"),
        "{error}"
    );
    drop(end);
    idler.join().unwrap();
    block_signals_and_stops();
    let (end, ended) = mpsc::channel::<()>();
    let idler = thread::spawn(move || ended.recv().unwrap_or(()));
    drop(Receiver::builder().stop_on_signals().bind().unwrap());
    drop(end);
    idler.join().unwrap();
}

/// There a thread looks to `/proc` as if it were ending, unless somebody of the same user has one queued from before.
fn where_no_signal_may_be_queued_it_can_be_bound() {
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
    let error = Receiver::bind().unwrap_err();
    assert!(matches!(error, Unavailable::OpenOn { .. }), "{error}");
    drop(end);
    open.join().unwrap();
    block_signals();
    let (end, blocked) = idle();
    drop(Receiver::bind().unwrap());
    drop(end);
    blocked.join().unwrap();
}

fn a_fork_has_none_and_may_have_its_own() {
    let mut receiver = Receiver::bind().unwrap();
    let stopper = receiver.stopper();
    // SAFETY: the child takes locks that no other thread can hold, for there is no client yet, and the C library lets it
    // allocate.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let is_forked = matches!(receiver.try_recv(), Err(ReceiveError::Forked));
        stopper.stop();
        let says = receiver.by_ref().count();
        let dispositions = ours("SigCgt") | ours("SigIgn") | ours("SigBlk");
        let mut own = Inbox::open_for(SignalSet::BITS).unwrap();
        kill(std::process::id().try_into().unwrap(), libc::SIGUSR2);
        own.wait(None, None).unwrap();
        let mut came = 0;
        own.drain(|_| came += 1);
        drop(receiver);
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
    assert_eq!(receiver.recv().unwrap().payload, b"to the parent");
    assert_success(&client.output());
}

/// The child has the descriptors open too: one that was only closed here would be reported for ever.
fn a_fork_that_lives_on_does_not_keep_a_client_watched() {
    let mut receiver = Receiver::bind().unwrap();
    let client = send_us(&[], "x");
    assert!(is_readable(&receiver, -1));
    let with_client = watched();
    assert_eq!(pidfds(), 1);
    // SAFETY: the child does nothing but wait for its end.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // SAFETY: prctl takes integers only. Should the test fail, its child goes with it.
        unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
        loop {
            // SAFETY: pause takes nothing.
            unsafe { libc::pause() };
        }
    }
    assert_eq!(receiver.recv().unwrap().payload, b"x");
    assert_success(&client.output());
    wait_until("the client is forgotten", || pidfds() == 0);
    let without_client = watched();
    kill(child, libc::SIGKILL);
    let mut status = 0;
    // SAFETY: the child is ours, and the status lives for the whole call.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert_eq!(without_client, with_client - 1);
}

/// Descriptors of this process that are processes.
fn pidfds() -> usize {
    let descriptors = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
    let files = descriptors.filter_map(|entry| std::fs::read_link(entry.path()).ok());
    files
        .filter(|file| file.ends_with("anon_inode:[pidfd]"))
        .count()
}

/// Files in the sets of descriptors that this process waits for (`proc_pid_fdinfo(5)`).
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

/// But what would kill, which is ignored: a client may be about to send.
fn everything_is_put_back() {
    handle(libc::SIGUSR2);
    let look = || ["SigCgt", "SigIgn", "SigBlk"].map(ours);
    let [lanes, usr2] = [SignalSet::LANES, Signal::Usr2.into()].map(SignalSet::mask);
    assert_eq!(look(), [usr2, 0, 0]);
    for before in [0, lanes & !usr2] {
        let receiver = Receiver::bind().unwrap();
        assert_eq!(look(), [lanes, 0, lanes], "{before}");
        drop(receiver);
        assert_eq!(look(), [usr2, lanes & !usr2, 0]);
    }
    kill(std::process::id().try_into().unwrap(), libc::SIGUSR2);
    assert_eq!(CAME.load(Ordering::Relaxed), 1);
    // Stops are not those of messages, and do what they did.
    drop(Receiver::builder().stop_on_signals().bind().unwrap());
    assert_eq!(look(), [usr2, lanes & !usr2, 0]);
}

fn nothing_late_kills() {
    let mut receiver = Receiver::bind().unwrap();
    // One of another make, that goes on whatever happens.
    let script = format!("while kill -USR1 {}; do :; done", us());
    let mut shell = Command::new("sh");
    let shell = Process::spawn(shell.args(["-c", &script]));
    for _ in 0..20 {
        let _ = receiver.recv_timeout(Duration::from_millis(2));
        drop(receiver);
        thread::sleep(Duration::from_millis(2));
        receiver = Receiver::bind().unwrap();
    }
    kill(shell.pid(), libc::SIGTERM);
    shell.output();
    let client = send_us(&[], "again");
    assert_eq!(
        receiver
            .find(|message| message.as_ref().unwrap().framed)
            .unwrap()
            .unwrap()
            .payload,
        b"again"
    );
    assert_success(&client.output());
}

fn a_handler_of_later_is_left_alone() {
    let receiver = Receiver::bind().unwrap();
    handle(libc::SIGUSR1);
    drop(receiver);
    kill(std::process::id().try_into().unwrap(), libc::SIGUSR1);
    assert_eq!(CAME.load(Ordering::Relaxed), 1);
}

/// Given up is what is finished and was not taken, by a second SIGTERM.
fn nothing_comes_after_the_end() {
    block_signals_and_stops();
    let threads = || status("Threads");
    let before = threads();
    let mut receiver = Receiver::builder().stop_on_signals().bind().unwrap();
    let clients: Vec<Process> = (0..4).map(|_| send_us(&[], "x")).collect();
    assert!(is_readable(&receiver, -1));
    kill(std::process::id().try_into().unwrap(), libc::SIGTERM);
    // A second one that finds the first still pending is none.
    let pending = || u64::from_str_radix(&status("ShdPnd"), 16).unwrap();
    wait_until("the first is taken", || pending() == 0);
    kill(std::process::id().try_into().unwrap(), libc::SIGTERM);
    let end = loop {
        match receiver.recv() {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert!(
        matches!(end, ReceiveError::Failed(_) | ReceiveError::Stopped),
        "{end:?}"
    );
    for _ in 0..1000 {
        assert!(matches!(receiver.try_recv(), Err(ReceiveError::Stopped)));
    }
    drop(receiver);
    // Those that were given up are not told.
    drop(clients);
    wait_until("no thread is left", || threads() == before);
}

fn it_can_be_stopped_from_another_thread() {
    let mut receiver = Receiver::bind().unwrap();
    let stopper = receiver.stopper();
    let client = send_us(&[], "finished");
    assert!(is_readable(&receiver, -1));
    stopper.stop();
    // What is finished can still be taken.
    assert_eq!(receiver.next().unwrap().unwrap().payload, b"finished");
    assert!(receiver.next().is_none());
    assert!(matches!(receiver.recv(), Err(ReceiveError::Stopped)));
    assert_success(&client.output());
    drop(receiver);
    let receiver = Receiver::bind().unwrap();
    let stopper = receiver.stopper();
    let waiting = thread::spawn(move || receiver.count());
    stopper.stop();
    assert_eq!(waiting.join().unwrap(), 0);
}

fn it_can_stop_on_sigterm() {
    let receiver = Receiver::builder().stop_on_signals().bind().unwrap();
    kill(std::process::id().try_into().unwrap(), libc::SIGTERM);
    assert_eq!(receiver.count(), 0);
}

fn sigterm_is_not_touched() {
    let mut command = Command::new(env::current_exe().unwrap());
    if env::var_os("IS_CHILD").is_none() {
        command
            .env("IS_CHILD", "")
            .env(CASE, "sigterm_is_not_touched");
        let output = run(command);
        assert_eq!(signal_of(&output), Some(libc::SIGTERM), "{output:?}");
        return;
    }
    let mut receiver = Receiver::bind().unwrap();
    kill(std::process::id().try_into().unwrap(), libc::SIGTERM);
    let _ = receiver.recv();
}

fn it_stops_after_its_count() {
    let mut config = Config::default();
    config.count = Some(2);
    let receiver = Receiver::builder().config(config).bind().unwrap();
    let clients: Vec<Process> = (0..2).map(|_| send_us(&[], "x")).collect();
    assert_eq!(receiver.map(Result::unwrap).count(), 2);
    for client in clients {
        assert_success(&client.output());
    }
}

fn a_panic_of_the_program_is_an_end() {
    let builder = Receiver::builder().notes(|_| panic!("on purpose"));
    let mut receiver = builder.bind().unwrap();
    let client = send_us(&["--dialect", "ack=none", "--first", "20"], "worth a note");
    assert_success(&client.output());
    let error = receiver.recv().unwrap_err();
    let ReceiveError::Failed(why) = &error else {
        panic!("{error:?}");
    };
    assert!(matches!(why, ServeError::Panicked("notes")), "{why:?}");
    assert!(receiver.next().is_none());
    // Whatever comes now must not kill.
    assert_eq!(ours("SigIgn"), SignalSet::LANES.mask());
}

// ---- sending -----------------------------------------------------------------------------------------------------

fn messages_to_one_server() {
    block_signals();
    let server = Server::start();
    let to = Pid::new(server.pid()).unwrap();
    let mut sender = Sender::open_with(to, patient()).unwrap();
    assert_eq!(sender.server().get(), server.pid());
    let long = "long ".repeat(300_000);
    let mut reports = Vec::new();
    let mut seen = Vec::new();
    for text in ["one", "", &long] {
        let mut watch = |progress: &minitalk::client::Progress| seen.push(progress.bytes);
        reports.push(sender.send_watched(text.as_bytes(), &mut watch).unwrap());
    }
    assert!(reports.iter().all(|report| report.confirmed));
    let last = reports.last().unwrap();
    assert_eq!((last.bytes, last.in_words), (long.len(), true));
    assert!(seen.is_sorted());
    server.assert_printed(&[b"one", b"", long.as_bytes()]);
    server.stop();
    let error = sender.send(b"too late").unwrap_err();
    assert!(matches!(error, SendError::NoSuchProcess), "{error}");
    drop(sender);
    assert_eq!(
        (ours("SigCgt"), ours("SigIgn")),
        (0, SignalSet::LANES.mask())
    );
}

fn a_sender_does_not_disturb_between_messages() {
    // No thread of ours reads what it prints.
    let mut server = minitalk(["serve"]);
    let server = Unread(server.stdout(std::process::Stdio::null()).spawn().unwrap());
    let lanes = SignalSet::LANES.mask();
    let to = Pid::new(server.0.id().try_into().unwrap()).unwrap();
    wait_until("it serves", || Sender::open(to).is_ok());
    for (lane, mut len) in [(Lane::Bit, 2_000), (Lane::Word, 100_000)] {
        let mut options = patient();
        options.lane = lane;
        let mut sender = Sender::open_with(to, options).unwrap();
        let (mut sent, mut watched) = (0, 0);
        // It is watched some ten times a second: each is longer than the one before, until one takes that long.
        while sent < 3 || watched == 0 {
            assert_eq!(ours("SigBlk"), lanes);
            let mut watch = |_: &minitalk::client::Progress| {
                assert_eq!(ours("SigBlk"), lanes);
                watched += 1;
            };
            sender.send_watched(&noise(len), &mut watch).unwrap();
            sent += 1;
            len *= 2;
        }
        let error = sender.send(&vec![0; 17 << 20]).unwrap_err();
        assert!(matches!(error, SendError::Rejected(_)), "{error}");
        assert_eq!(ours("SigBlk"), lanes);
        drop(sender);
        assert_eq!(ours("SigBlk"), 0);
    }
}

/// A child without threads of ours that read what it says, ended when this is dropped.
struct Unread(std::process::Child);

impl Drop for Unread {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn nobody_is_signalled_by_mistake() {
    block_signals();
    let bystander = Process::spawn(Command::new("sleep").arg("1000"));
    let to = Pid::new(bystander.pid()).unwrap();
    let error = minitalk::send(to, b"x").unwrap_err();
    assert!(matches!(error, SendError::Refused { .. }), "{error}");
    let error = minitalk::send(us().parse().unwrap(), b"x").unwrap_err();
    assert!(matches!(error, SendError::Ourselves), "{error}");
    assert!(bystander.is_running());
    // A server that becomes another program between two messages.
    let mut shell = Command::new("sh");
    let script = "trap : USR1 USR2 RTMIN+10; echo up; read x; exec sleep 1000";
    shell
        .args(["-c", script])
        .stdin(std::process::Stdio::piped());
    let shell = Process::spawn(&mut shell);
    shell.wait_stdout(|bytes| bytes == b"up\n");
    let mut options = Options::default();
    options.timeout = Duration::from_millis(200);
    let mut sender = Sender::open_with(Pid::new(shell.pid()).unwrap(), options).unwrap();
    let error = sender.send(b"x").unwrap_err();
    assert!(matches!(error, SendError::TimedOut { .. }), "{error}");
    drop(shell.take_stdin());
    wait_until("it is another program", || {
        command_of(shell.pid()) == "sleep"
    });
    let error = sender.send(b"x").unwrap_err();
    assert!(matches!(error, SendError::Refused { .. }), "{error}");
    assert!(shell.is_running());
}

fn a_silent_server_can_do_no_harm_later() {
    block_signals();
    let server = Server::start();
    kill(server.pid(), libc::SIGSTOP);
    wait_state(server.pid(), 'T');
    let mut options = Options::default();
    options.timeout = Duration::from_millis(200);
    let mut sender = Sender::open_with(Pid::new(server.pid()).unwrap(), options).unwrap();
    let error = sender.send(b"x").unwrap_err();
    assert!(matches!(error, SendError::TimedOut { .. }), "{error}");
    drop(sender);
    assert_eq!(ours("SigIgn"), SignalSet::LANES.mask());
    minitalk::ffi::unblock(SignalSet::LANES);
    kill(server.pid(), libc::SIGCONT);
    // It answers what it was sent, late, and then this.
    deliver(server.pid(), b"from somebody else");
    server.assert_printed(&[b"from somebody else"]);
    server.stop();
}

// ---- what they share ---------------------------------------------------------------------------------------------

fn us() -> String {
    std::process::id().to_string()
}

/// Options of a client that does not give up while its server gets no CPU.
fn patient() -> Options {
    let mut options = Options::default();
    options.timeout = WATCHDOG;
    options
}

/// A client of this very process.
fn send_us(options: &[&str], message: &str) -> Process {
    Process::spawn(
        minitalk(["send"])
            .args(options)
            .args(["--", &us(), message]),
    )
}

/// Whether the descriptor is readable, or becomes so within these milliseconds; -1: however long it takes.
fn is_readable(receiver: &Receiver, milliseconds: i32) -> bool {
    let mut poll = libc::pollfd {
        fd: receiver.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: the pollfd lives for the whole call and the count is 1.
    unsafe { libc::poll(&raw mut poll, 1, milliseconds) == 1 }
}

/// What this mask of `/proc` says of the signals of messages and of those that stop.
fn ours(mask: &str) -> u64 {
    u64::from_str_radix(&status(mask), 16).unwrap() & SignalSet::ALL.mask()
}

/// What `/proc` says of this thread.
fn status(field: &str) -> String {
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    line.split_whitespace().nth(1).unwrap().into()
}
