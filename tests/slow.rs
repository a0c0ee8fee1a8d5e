//! A server with slow or blocked outputs: unread notes, a full or closed output, a shutdown while they are blocked.

mod common;

use std::fs::{self, File};
use std::io::{BufRead, BufReader, PipeReader, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::*;
use minitalk::internals::ffi;

/// Starts a server whose standard error is a full pipe, and returns the end that must not be read.
fn start_with_blocked_stderr(options: &[&str], stdout: impl Into<Stdio>) -> (Process, PipeReader) {
    let (reader, writer) = full_pipe();
    let mut command = minitalk(["serve"]);
    command.args(options).stderr(writer).stdout(stdout);
    (Process::spawn_with_own_stderr(&mut command), reader)
}

/// Reads the line with the PID, which the server prints when it is ready.
fn wait_ready(stdout: &mut impl BufRead) {
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    assert!(line.starts_with("PID "), "{line:?}");
}

/// Waits until the thread of this name is blocked in a write (`proc_pid_wchan(5)`, `proc_pid_syscall(5)`).
fn wait_blocked_thread(pid: i32, name: &str) {
    wait_until("the thread is blocked in a write", || {
        let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
        tasks.flatten().any(|task| {
            let read = |name| fs::read_to_string(task.path().join(name)).unwrap_or_default();
            let is_writing = read("wchan").contains("pipe_write")
                || read("syscall").starts_with(&format!("{} ", libc::SYS_write));
            read("comm").trim_end() == name && is_writing
        })
    });
}

#[test]
fn unread_notes_delay_neither_messages_nor_shutdown() {
    let (reader, stdout) = std::io::pipe().unwrap();
    let mut reader = BufReader::new(reader);
    let (mut server, _stderr) = start_with_blocked_stderr(&["--trace", "-v"], stdout);
    wait_ready(&mut reader);
    // The notes are more lines than the queue holds.
    for message in ["first", "second", "third"] {
        deliver_by("bit", server.pid(), message.repeat(20).as_bytes());
    }
    kill(server.pid(), libc::SIGTERM);
    assert_eq!(server.wait().code(), Some(0));
    let mut printed = String::new();
    reader.read_to_string(&mut printed).unwrap();
    let wanted = ["first", "second", "third"].map(|text| text.repeat(20) + "\n");
    assert_eq!(printed, wanted.concat());
}

#[test]
fn an_unread_pid_on_stderr_delays_no_message() {
    let (mut reader, stdout) = std::io::pipe().unwrap();
    let (mut server, _stderr) = start_with_blocked_stderr(&["--format", "raw"], stdout);
    wait_ready_to_be_sent_to(server.pid());
    deliver(server.pid(), b"printed");
    kill(server.pid(), libc::SIGTERM);
    assert_eq!(server.wait().code(), Some(0));
    let mut printed = String::new();
    reader.read_to_string(&mut printed).unwrap();
    assert_eq!(printed, "printed");
}

/// It has received no message, so there is nothing to flush.
#[test]
fn one_signal_ends_a_server_that_cannot_print_its_pid() {
    let (_reader, stdout) = full_pipe();
    let mut command = minitalk(["serve"]);
    let mut server = Process::spawn_with_own_stdout(command.stdout(stdout));
    wait_ready_to_be_sent_to(server.pid());
    kill(server.pid(), libc::SIGTERM);
    assert_eq!(server.wait().signal(), Some(libc::SIGTERM));
}

#[test]
fn lines_missing_from_the_trace_are_counted() {
    let (reader, stdout) = std::io::pipe().unwrap();
    let mut reader = BufReader::new(reader);
    let (mut server, stderr) = start_with_blocked_stderr(&["--trace", "-v"], stdout);
    wait_ready(&mut reader);
    deliver_by("bit", server.pid(), &[b'x'; 300]);
    // From here on the trace is read.
    let lines = BufReader::new(stderr).lines().map(Result::unwrap);
    let mut rest = lines.skip_while(|line| !line.contains("lines are missing here"));
    assert!(rest.next().is_some());
    deliver_by("bit", server.pid(), b"once more");
    assert!(rest.any(|line| line.contains("frame of client")));
    kill(server.pid(), libc::SIGTERM);
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn a_second_sigterm_ends_a_server_whose_outputs_are_stuck() {
    let (_reader, mut stdout) = std::io::pipe().unwrap();
    stdout.write_all(&[b'.'; 60_000]).unwrap();
    let (mut server, _stderr) = start_with_blocked_stderr(&[], stdout);
    wait_ready_to_be_sent_to(server.pid());
    let pid = server.pid().to_string();
    let client = Process::spawn_fed(
        &mut minitalk(["send", "--lane", "word", &pid]),
        noise(20_000),
    );
    wait_blocked_thread(server.pid(), "writer");
    kill_and_wait(server.pid(), libc::SIGTERM);
    assert!(server.is_running(), "it did not wait for the output");
    kill(server.pid(), libc::SIGTERM);
    let status = server.wait();
    assert!(!status.success(), "{status}");
    assert_eq!(client.output().status.code(), Some(8));
}

#[test]
fn an_unread_trace_delays_only_one_client() {
    let (_reader, mut stdout) = std::io::pipe().unwrap();
    stdout.write_all(&[b'.'; 60_000]).unwrap();
    let mut command = minitalk(["trace", "-v", "--max-message", "1000"]);
    let mut server = Process::spawn_with_own_stdout(command.stdout(stdout));
    wait_ready_to_be_sent_to(server.pid());
    let pid = server.pid().to_string();
    let mut command = minitalk(["send", "--lane", "bit", "--timeout", "1", &pid]);
    let client = Process::spawn_fed(&mut command, vec![b'x'; 1000]);
    wait_blocked_thread(server.pid(), "lines");
    let output = run_with(minitalk(["send", &pid]), &[b'y'; 1001]);
    assert_eq!(output.status.code(), Some(7), "{output:?}");
    kill_and_wait(server.pid(), libc::SIGTERM);
    assert!(server.is_running(), "it did not wait for the output");
    kill(server.pid(), libc::SIGTERM);
    assert!(!server.wait().success());
    assert!(!client.output().status.success());
}

/// All that could delay a shutdown at once: unread notes and a client stopped in mid-message.
#[test]
fn shutdown_takes_at_most_a_second() {
    let mut took = Vec::new();
    // On a loaded machine a single shutdown may take longer; one in time is enough.
    while took.len() < 20 && took.iter().all(|t| *t > Duration::from_millis(1200)) {
        let (reader, stdout) = std::io::pipe().unwrap();
        let mut reader = BufReader::new(reader);
        let (mut server, _stderr) = start_with_blocked_stderr(&["--trace", "-v"], stdout);
        wait_ready(&mut reader);
        let pid = server.pid().to_string();
        let message = noise(1 << 20);
        let mut command = minitalk(["send", "--lane", "bit", "--timeout", "300", &pid]);
        let client = Process::spawn_fed(&mut command, message);
        wait_under_way(&client, server.pid());
        kill(client.pid(), libc::SIGSTOP);
        kill(server.pid(), libc::SIGTERM);
        let started = Instant::now();
        assert_eq!(server.wait().code(), Some(0));
        took.push(started.elapsed());
    }
    let last = took.last().unwrap();
    assert!(last <= &Duration::from_millis(1200), "{took:?}");
}

#[test]
fn one_client_causes_a_limited_number_of_notes() {
    const ROUNDS: usize = 300;
    let server = Server::start();
    let started = Instant::now();
    let mut client = Command::new(program("framed"));
    let args = [&server.pid().to_string(), "abandon", &ROUNDS.to_string()];
    assert_success(&run(client.args(args)));
    deliver(server.pid(), b"another client");
    let text = stderr(&server.stop());
    let caused = text.matches("the client began another").count();
    let seconds = usize::try_from(started.elapsed().as_secs()).unwrap();
    assert!(
        (1..=9 + seconds).contains(&caused),
        "{caused} in {seconds} s"
    );
    let withheld: usize = text
        .lines()
        .filter_map(|line| {
            line.strip_prefix("minitalk: ")?
                .split_once(" more notes")?
                .0
                .parse::<usize>()
                .ok()
        })
        .sum();
    // The last one ends with its client, which is a note of its own kind.
    assert_eq!(caused + withheld, ROUNDS, "{text}");
}

#[test]
fn an_output_at_its_size_limit_is_an_error() {
    let folder = Folder::new("full");
    let path = folder.0.join("output");
    let mut command = Command::new("prlimit");
    command.args(["--fsize=20000", MINITALK, "serve"]);
    let server = Process::spawn_with_own_stdout(command.stdout(File::create(&path).unwrap()));
    wait_until("the server is ready", || {
        fs::read(&path).unwrap().contains(&b'\n')
    });
    deliver(server.pid(), &[b'a'; 10_000]);
    let client = run_with(
        minitalk(["send", &server.pid().to_string()]),
        &[b'b'; 20_000],
    );
    assert_eq!(client.status.code(), Some(7), "{client:?}");
    let output = server.output();
    let written = fs::read(&path).unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let text = stderr(&output);
    assert!(text.contains("File too large"), "{text}");
    let part = written.iter().filter(|byte| **byte == b'b').count();
    assert!(
        part > 0 && text.contains(&format!("the last {part} bytes written")),
        "{text}"
    );
}

#[test]
fn a_server_ends_when_its_terminal_is_closed() {
    let controller = File::options()
        .read(true)
        .write(true)
        .open("/dev/ptmx")
        .unwrap();
    let terminal = ffi::raw_terminal_behind(controller.as_fd()).unwrap();
    let mut command = minitalk(["serve", "--max-message", "100000000"]);
    let server = Process::spawn_with_own_stdout(command.stdout(terminal));
    drop(command);
    let mut reader = BufReader::new(controller);
    wait_ready(&mut reader);
    deliver(server.pid(), b"seen");
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    assert_eq!(line, "seen\n");
    let pid = server.pid().to_string();
    let client = Process::spawn_fed(
        &mut minitalk(["send", "--lane", "bit", &pid]),
        noise(1 << 20),
    );
    wait_under_way(&client, server.pid());
    drop(reader);
    let output = server.output();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let output = client.output();
    assert_eq!(output.status.code(), Some(7), "{output:?}");
    assert!(stderr(&output).contains("shutting down"), "{output:?}");
}
