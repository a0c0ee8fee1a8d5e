//! Messages that the program sends.

use std::process::Command;
use std::time::Duration;

use minitalk::client::{Options, SendError};
use minitalk::wire::sender::Lane;
use minitalk::{Endpoint, Pid, SignalSet, block_signals};

use crate::common::child::Child;
use crate::common::*;
use crate::{is_readable, ours, patient, sender, us};

pub fn a_sender_delivers_several_messages_to_one_server() {
    block_signals();
    let server = Server::start();
    let to = pid_of(server.pid());
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

pub fn a_sender_keeps_the_signals_blocked_between_messages() {
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

pub fn bystanders_are_never_signalled() {
    block_signals();
    let bystander = Process::spawn(Command::new("sleep").arg("1000"));
    let to = pid_of(bystander.pid());
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
    let to = pid_of(shell.pid());
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

pub fn a_message_to_a_receiver_that_ends_may_be_delivered_once_all_is_sent() {
    block_signals();
    let receiver = Process::spawn(&mut case("end_with_a_message"));
    receiver.wait_stdout(|bytes| bytes == b"up\n");
    let to = pid_of(receiver.pid());
    let sent = sender().send_with(to, b"x", patient(), &mut |_| {});
    let error = sent.unwrap_err();
    assert!(matches!(error, SendError::ServerEnded { .. }), "{error}");
    assert!(error.may_be_delivered());
    let error = sender().send(to, b"x").unwrap_err();
    assert!(!error.may_be_delivered(), "{error}");
}

/// Receives a message and ends before it is taken.
pub fn end_with_a_message() {
    let endpoint = Endpoint::bind().unwrap();
    println!("up");
    assert!(is_readable(&endpoint, -1));
    kill(std::process::id().try_into().unwrap(), libc::SIGKILL);
}

pub fn late_answers_do_not_harm_a_process_that_gave_up() {
    block_signals();
    let server = Server::start();
    kill(server.pid(), libc::SIGSTOP);
    wait_state(server.pid(), 'T');
    let mut options = Options::default();
    options.timeout = Duration::from_millis(200);
    let sender = sender();
    let to = pid_of(server.pid());
    let sent = sender.send_with(to, b"x", options, &mut |_| {});
    let error = sent.unwrap_err();
    assert!(matches!(error, SendError::TimedOut { .. }), "{error}");
    // Nothing was sent but hellos.
    assert!(!error.may_be_delivered());
    drop(sender);
    assert_eq!(ours("SigIgn"), SignalSet::LANES.mask());
    minitalk::internals::ffi::unblock(SignalSet::LANES);
    kill(server.pid(), libc::SIGCONT);
    // The server first answers the old signals, and then takes this message.
    deliver(server.pid(), b"from another client");
    server.assert_printed(&[b"from another client"]);
    server.stop();
}
