//! The memory of a server: little more than one message, in every format, and a limit for all clients together.

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::Command;
use std::time::Duration;

use common::*;
use minitalk::Signal;

const MEGABYTE: usize = 1 << 20;

fn sending(server: i32, message: Vec<u8>) -> Process {
    let pid = server.to_string();
    let mut command = minitalk(["send", "--lane", "word", "--timeout", "60", &pid]);
    Process::spawn_fed(&mut command, message)
}

#[test]
fn a_message_is_kept_in_memory_once_in_every_format() {
    const SIZE: usize = 6 * MEGABYTE;
    for (format, byte) in [
        ("raw", b'a'),
        ("text", b'\x01'),
        ("json", b'a'),
        ("json", b'\x01'),
        ("json", b'\xff'),
    ] {
        let mut command = minitalk(["serve", "--format", format]);
        // Its output must not be collected in this process.
        let null = fs::File::create("/dev/null").unwrap();
        let server = Process::spawn_with_own_stdout(command.stdout(null));
        wait_ready_to_be_sent_to(server.pid());
        deliver(server.pid(), b"so that all its threads have run");
        let before = memory(server.pid(), "VmHWM");
        assert_success(&sending(server.pid(), vec![byte; SIZE]).output());
        let taken = memory(server.pid(), "VmHWM") - before;
        assert!(
            taken * 10 <= SIZE * 12,
            "{format} {byte}: {taken} bytes for {SIZE}"
        );
    }
}

#[test]
fn a_message_for_which_there_is_no_memory_is_rejected() {
    let server = Server::start();
    let size = memory(server.pid(), "VmPeak") + 6 * MEGABYTE;
    server.stop();
    for format in ["text", "json"] {
        let mut command = Command::new("prlimit");
        command.args([
            &format!("--as={size}"),
            MINITALK,
            "serve",
            "--format",
            format,
        ]);
        let server = Server::spawn(&mut command);
        deliver(server.pid(), &[b'a'; 2 * MEGABYTE]);
        let output = sending(server.pid(), vec![b'b'; 8 * MEGABYTE]).output();
        assert_eq!(output.status.code(), Some(7), "{output:?}");
        assert!(stderr(&output).contains("no memory"), "{output:?}");
        deliver(server.pid(), &[b'c'; 2 * MEGABYTE]);
        let output = server.stop();
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(printed.contains("ccc"), "the next message is not printed");
        assert!(!printed.contains("bbb"));
    }
}

/// With too little memory it ends with an error message, and does not abort.
#[test]
fn a_server_with_little_memory_serves_or_ends_with_an_error() {
    let server = Server::start();
    let most = memory(server.pid(), "VmPeak");
    server.stop();
    let ends = (1..=40).map(|part| {
        let size = format!("--as={}", most / 40 * part);
        // Where it cannot allocate a few bytes, the standard library aborts before `main`.
        let version = Command::new("prlimit")
            .args([&size, MINITALK, "--version"])
            .output();
        if !version.expect("prlimit runs").status.success() {
            return false;
        }
        let server = Process::spawn(Command::new("prlimit").args([&size, MINITALK, "serve"]));
        wait_until("the server is ready or has ended", || {
            !server.is_running() || server.stdout().contains(&b'\n')
        });
        if server.is_running() {
            kill(server.pid(), libc::SIGTERM);
        }
        let output = server.output();
        // It may be ended by SIGTERM, or by SIGSEGV for want of stack.
        let text = format!("{size}: {output:?}");
        assert_ne!(signal_of(&output), Some(libc::SIGABRT), "{text}");
        let has_failed = output.status.code() == Some(1);
        assert!(
            !has_failed || stderr(&output).starts_with("minitalk: "),
            "{text}"
        );
        has_failed
    });
    assert!(
        ends.filter(|is_error| *is_error).count() > 0,
        "no limit was too small"
    );
}

#[test]
fn clients_wait_for_free_memory() {
    let options = [
        "--max-memory",
        "3000000",
        "--max-message",
        "2000000",
        "--format",
        "raw",
    ];
    let server = Server::start_with(&options);
    deliver(server.pid(), b"so that all its threads have run");
    let before = memory(server.pid(), "VmRSS");
    let first = stopped_in_mid_message(&server, before + 1_300_000);
    // There is no room for the longest message beside the bytes of the first client.
    let second = sending(server.pid(), vec![b'b'; 1_900_000]);
    wait_until_it_only_polls(&second);
    let others = [b'c', b'd'].map(|byte| sending(server.pid(), vec![byte; 1_900_000]));
    kill(first.pid(), libc::SIGCONT);
    for client in [first, second].into_iter().chain(others) {
        assert_success(&client.output());
    }
    let taken = memory(server.pid(), "VmHWM") - before;
    assert!(taken <= 4 * MEGABYTE, "{taken}");
    let output = run_with(
        minitalk(["send", &server.pid().to_string()]),
        &[b'e'; 2_000_001],
    );
    assert_eq!(output.status.code(), Some(7), "{output:?}");
    server.stop();
}

/// A silent client counts only with the bytes that it has sent.
#[test]
fn a_client_stopped_in_mid_message_does_not_delay_others() {
    let server = Server::start_with(&["--max-memory", "3000000", "--idle-timeout", "0"]);
    deliver(server.pid(), b"so that all its threads have run");
    let before = memory(server.pid(), "VmRSS");
    let stopped = stopped_in_mid_message(&server, before + 300_000);
    let others = [b'b', b'c'].map(|byte| sending(server.pid(), vec![byte; 900_000]));
    for client in others {
        assert_success(&client.output());
    }
    kill(stopped.pid(), libc::SIGCONT);
    assert_success(&stopped.output());
    server.stop();
}

#[test]
fn memory_for_unwritten_output_is_bounded() {
    let (reader, writer) = std::io::pipe().unwrap();
    let mut reader = BufReader::new(reader);
    let mut command = minitalk([
        "serve",
        "--max-memory",
        "8000000",
        "--max-message",
        "4000000",
    ]);
    let mut server = Process::spawn_with_own_stdout(command.stdout(writer));
    drop(command);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let before = memory(server.pid(), "VmRSS");
    // The output is not read. Each client is killed once its message is complete or it has been paused.
    for _ in 0..8 {
        let mut client = sending(server.pid(), vec![b'm'; 2_000_000]);
        wait_until_it_only_polls(&client);
        kill(client.pid(), libc::SIGKILL);
        client.wait();
    }
    let taken = memory(server.pid(), "VmRSS").saturating_sub(before);
    assert!(taken <= 10_000_000, "{taken}");
    // A client that stays is only paused.
    let client = sending(server.pid(), vec![b'z'; 2_000_000]);
    wait_until_it_only_polls(&client);
    let reading = std::thread::spawn(move || {
        let mut printed = Vec::new();
        reader.read_to_end(&mut printed).unwrap();
        printed
    });
    assert_success(&client.output());
    kill(server.pid(), libc::SIGTERM);
    assert_eq!(server.wait().code(), Some(0));
    let printed = reading.join().unwrap();
    assert!(printed.ends_with(b"zzz\n"));
    assert!(printed.iter().filter(|byte| **byte == b'm').count() % 2_000_000 == 0);
}

/// Starts a client, and stops it once the server has this much memory.
fn stopped_in_mid_message(server: &Server, resident: usize) -> Process {
    loop {
        let client = sending(server.pid(), vec![b'a'; 1_999_999]);
        let has_part = || memory(server.pid(), "VmRSS") >= resident || !client.is_running();
        wait_until("the server has part of the message", has_part);
        kill(client.pid(), libc::SIGSTOP);
        if client.is_running() {
            return client;
        }
    }
}

/// Waits until a client may send nothing more, which shows in its CPU time.
fn wait_until_it_only_polls(client: &Process) {
    wait_until("the client has started", || {
        handles(client.pid(), Signal::USR1)
    });
    wait_until("the client uses no CPU", || {
        let before = cpu_time(client.pid());
        std::thread::sleep(Duration::from_millis(300));
        cpu_time(client.pid()) <= before
    });
}
