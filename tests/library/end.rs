//! The end of an endpoint: its causes, and the state that it restores.

use std::env;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use minitalk::server::{Config, ServeError};
use minitalk::{Endpoint, ReceiveError, Signal, SignalSet, block_signals_and_stops};

use crate::common::*;
use crate::{is_readable, ours, send_us, status, us};

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
pub fn dropping_a_receiver_restores_handlers_and_mask() {
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

pub fn late_signals_do_not_kill() {
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

pub fn a_handler_installed_later_is_kept() {
    let endpoint = Endpoint::bind().unwrap();
    handle(libc::SIGUSR1);
    drop(endpoint);
    kill(std::process::id().try_into().unwrap(), libc::SIGUSR1);
    assert_eq!(CAME.load(Ordering::Relaxed), 1);
}

/// A second SIGTERM gives up complete messages that were not taken.
pub fn no_message_follows_the_end() {
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

pub fn a_receiver_can_be_stopped_from_another_thread() {
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

pub fn a_receiver_can_stop_on_sigterm() {
    let endpoint = Endpoint::builder().stop_on_signals().bind().unwrap();
    kill(std::process::id().try_into().unwrap(), libc::SIGTERM);
    assert_eq!(endpoint.iter().count(), 0);
}

pub fn sigterm_keeps_its_default_action() {
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

pub fn a_receiver_stops_after_its_count() {
    let mut config = Config::default();
    config.count = Some(2);
    let endpoint = Endpoint::builder().config(config).bind().unwrap();
    let clients: Vec<Process> = (0..2).map(|_| send_us(&[], "x")).collect();
    assert_eq!(endpoint.iter().map(Result::unwrap).count(), 2);
    for client in clients {
        assert_success(&client.output());
    }
}

pub fn a_panic_of_the_program_ends_the_receiver() {
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
