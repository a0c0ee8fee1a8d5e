//! `minitalk chat`: two ends, in pipes and on terminals.

mod common;

use std::fs::File;
use std::io::{PipeReader, Read, Write};
use std::os::fd::AsRawFd;
use std::process::{Command, Stdio};

use common::child::Transcript;
use common::*;
use minitalk::internals::ffi;

/// Starts a chat whose standard input is a pipe.
fn chat(args: &[&str]) -> Process {
    let mut command = minitalk([&["chat"], args].concat());
    let chat = Process::spawn(command.stdin(Stdio::piped()));
    chat.wait_stderr("minitalk: PID ");
    chat
}

/// Starts a chat that waits, and another that talks with it.
fn two_chats() -> (Process, Process) {
    let waiting = chat(&[]);
    let other = chat(&[&waiting.pid().to_string()]);
    (waiting, other)
}

fn feed(chat: &Process, bytes: Vec<u8>) {
    let mut pipe = chat.take_stdin();
    // Ends with the process at the latest, by a broken pipe.
    std::thread::spawn(move || drop(pipe.write_all(&bytes)));
}

#[test]
fn pipes_carry_bytes_in_both_directions_at_once() {
    let (there, here) = two_chats();
    let [first, second] = [300_000, 200_000].map(noise);
    feed(&there, first.clone());
    feed(&here, second.clone());
    let (there, here) = (there.output(), here.output());
    assert_success(&there);
    assert_success(&here);
    assert_eq!(there.stdout, second);
    assert_eq!(here.stdout, first);
}

/// One end ends its input at once, and gets the other's later messages.
#[test]
fn an_end_of_input_does_not_end_the_other_direction() {
    let (there, here) = two_chats();
    drop(here.take_stdin());
    there.wait_stderr("has begun to speak");
    let mut pipe = there.take_stdin();
    for line in [&b"one\n"[..], b"two\n"] {
        pipe.write_all(line).unwrap();
        here.wait_stdout(|printed| printed.ends_with(line));
    }
    drop(pipe);
    assert_success(&there.output());
    let here = here.output();
    assert_success(&here);
    assert_eq!(here.stdout, b"one\ntwo\n");
}

#[test]
fn a_name_finds_a_chat() {
    let name = format!("chat{}", std::process::id());
    let there = chat(&["--name", &name]);
    there.wait_stderr(&format!("waits to be spoken to: minitalk chat {name}"));
    let here = chat(&[&name]);
    here.wait_stderr(&format!("talks with PID {} ({name})", there.pid()));
    let list = run(minitalk(["list"]));
    assert!(String::from_utf8_lossy(&list.stdout).contains(&name));
    let list = run(minitalk(["list", "--json"]));
    let kind = format!("\"name\":\"{name}\",\"kind\":\"chat\"");
    assert!(String::from_utf8_lossy(&list.stdout).contains(&kind));
    feed(&here, b"hello".to_vec());
    there.wait_stdout(|printed| printed == b"hello");
    drop(there.take_stdin());
    assert_success(&there.output());
    assert_success(&here.output());
}

#[test]
fn a_killed_partner_ends_the_chat() {
    let (there, here) = two_chats();
    let mut pipe = here.take_stdin();
    pipe.write_all(b"x").unwrap();
    there.wait_stdout(|printed| printed == b"x");
    kill(there.pid(), libc::SIGKILL);
    let output = here.output();
    assert_eq!(output.status.code(), Some(8), "{output:?}");
    // "has ended", or "ended in mid-message" if it had printed the message and not answered yet.
    assert!(stderr(&output).contains(" ended "), "{output:?}");
}

/// The end of the partner is noticed by the thread that sends, while the output of the other thread is stuck.
#[test]
fn a_partner_that_ended_before_a_message_is_reported_with_code_8() {
    let there = chat(&[]);
    let (mut reader, writer, size) = small_pipe();
    let mut command = minitalk(["chat", &there.pid().to_string()]);
    command.stdin(Stdio::piped()).stdout(writer);
    let here = Process::spawn_with_own_stdout(&mut command);
    drop(command);
    let mut pipe = here.take_stdin();
    pipe.write_all(b"a").unwrap();
    there.wait_stdout(|printed| printed == b"a");
    let said = noise(2 * size);
    feed(&there, said.clone());
    wait_until("the output is stuck", || held(&reader) == size);
    let threads =
        || std::fs::read_dir(format!("/proc/{}/task", here.pid())).map_or(0, Iterator::count);
    let before = threads();
    kill(there.pid(), libc::SIGKILL);
    there.output();
    pipe.write_all(b"b").unwrap();
    wait_until("the thread that sends has ended", || threads() < before);
    let mut printed = Vec::new();
    reader.read_to_end(&mut printed).unwrap();
    let output = here.output();
    assert_eq!(output.status.code(), Some(8), "{output:?}");
    assert!(
        stderr(&output).contains("has ended before the end of standard input"),
        "{output:?}"
    );
    assert_eq!(printed, said);
}

/// Returns how many bytes a pipe holds.
fn held(pipe: &PipeReader) -> usize {
    let mut count: libc::c_int = 0;
    // SAFETY: FIONREAD writes an int (ioctl_tty(2)).
    let result = unsafe { libc::ioctl(pipe.as_raw_fd(), libc::FIONREAD, &raw mut count) };
    assert_eq!(result, 0);
    count.try_into().unwrap()
}

/// The pause is longer than the default timeout of a message.
#[test]
fn a_pipe_survives_a_pause_of_its_partner() {
    let (there, here) = two_chats();
    let mut pipe = here.take_stdin();
    // The second message is sent once the first is delivered.
    for (piece, all) in [("be", "be"), ("fore, ", "before, ")] {
        pipe.write_all(piece.as_bytes()).unwrap();
        there.wait_stdout(|printed| printed == all.as_bytes());
    }
    kill(there.pid(), libc::SIGSTOP);
    wait_state(there.pid(), 'T');
    pipe.write_all(b"meanwhile").unwrap();
    std::thread::sleep(std::time::Duration::from_millis(5_500));
    kill(there.pid(), libc::SIGCONT);
    drop(pipe);
    drop(there.take_stdin());
    let there = there.output();
    assert_success(&there);
    assert_eq!(there.stdout, b"before, meanwhile");
    assert_success(&here.output());
}

#[test]
fn sigint_ends_a_chat_cleanly_with_and_without_a_partner() {
    let (there, here) = two_chats();
    kill(there.pid(), libc::SIGINT);
    assert_success(&there.output());
    here.wait_stderr("has ended");
    let alone = chat(&[]);
    feed(&alone, b"for nobody".to_vec());
    kill(alone.pid(), libc::SIGINT);
    assert_success(&alone.output());
}

/// A third process gets no byte into the stream, and bytes that were confirmed are not lost. A request is rejected.
#[test]
fn what_a_third_process_sends_to_a_pipe_is_shown_on_stderr() {
    let (there, here) = two_chats();
    let mut pipe = here.take_stdin();
    pipe.write_all(b"a").unwrap();
    there.wait_stdout(|printed| printed == b"a");
    let to = there.pid().to_string();
    let third = Process::spawn(&mut minitalk(["send", &to, "in\x1b\ntruder"]));
    let pid = third.pid();
    assert_success(&third.output());
    there.wait_stderr(&format!(" {pid} (not in this chat): truder\n"));
    assert!(
        there
            .stderr()
            .contains(&format!(" {pid} (not in this chat): in\\u{{1b}}\n"))
    );
    let output = run(minitalk(["send", "--reply", &there.pid().to_string(), "x"]));
    assert_eq!(output.status.code(), Some(7), "{output:?}");
    assert!(stderr(&output).contains("does not reply"), "{output:?}");
    pipe.write_all(b"b").unwrap();
    drop(pipe);
    drop(there.take_stdin());
    let there = there.output();
    assert_success(&there);
    assert_eq!(there.stdout, b"ab");
    assert_success(&here.output());
}

#[test]
fn a_partner_that_cannot_be_spoken_to_is_an_error_at_once() {
    for (target, code) in [("0", 2), ("no-such-chat", 3), ("1", 5)] {
        let output = run(minitalk(["chat", target]));
        let found = output.status.code();
        assert!(
            found == Some(code) || target == "1" && found == Some(4),
            "{output:?}"
        );
    }
}

/// A terminal with a chat on it.
struct Terminal {
    controller: File,
    shown: Transcript,
    chat: Process,
}

impl Terminal {
    fn chat(args: &[&str]) -> Self {
        let open = File::options().read(true).write(true).open("/dev/ptmx");
        let controller = open.unwrap();
        let behind = ffi::raw_terminal_behind(std::os::fd::AsFd::as_fd(&controller)).unwrap();
        let mut command: Command = minitalk([&["chat"], args].concat());
        command
            .stdin(behind.try_clone().unwrap())
            .stdout(behind.try_clone().unwrap());
        // The terminal is raw; a chat reads lines.
        let file = File::from(behind);
        let cooked = Command::new("stty")
            .args(["icanon", "-echo"])
            .stdin(file)
            .status();
        assert!(cooked.unwrap().success());
        let chat = Process::spawn_with_own_stdout(&mut command);
        drop(command);
        chat.wait_stderr("minitalk: PID ");
        Self {
            shown: Transcript::read(Some(controller.try_clone().unwrap())),
            controller,
            chat,
        }
    }

    fn type_in(&mut self, text: &[u8]) {
        self.controller.write_all(text).unwrap();
    }

    /// Waits until a line ends with `text`, and asserts that a time is before it.
    fn wait_line(&self, text: &str) {
        let ends = |bytes: &[u8]| {
            let shown = String::from_utf8_lossy(bytes);
            shown.lines().any(|line| {
                let time = line.as_bytes().get(..9).unwrap_or_default();
                line.get(9..) == Some(text) && time[2] == b':' && time[5] == b':' && time[8] == b' '
            })
        };
        let found = self.shown.wait_within(WATCHDOG, ends);
        let shown = self.shown.bytes();
        assert!(found, "{text:?}: {:?}", String::from_utf8_lossy(&shown));
    }
}

#[test]
fn two_terminals_hold_a_conversation() {
    let mut there = Terminal::chat(&["--name", "kitchen"]);
    let pid = there.chat.pid();
    let mut here = Terminal::chat(&[&pid.to_string()]);
    here.type_in(b"hello\n");
    there.wait_line(&format!("{}: hello", here.chat.pid()));
    there.type_in(b"over \x1b[31m here\n");
    here.wait_line("kitchen: over \\u{1b}[31m here");
    let mut third = minitalk(["send"]);
    assert_success(&run(third.args([&pid.to_string(), "a\nb"])));
    there.chat.wait_stderr("has begun to speak");
    let lines = || String::from_utf8_lossy(&there.shown.bytes()).into_owned();
    wait_until("both lines are shown", || lines().lines().count() == 3);
    assert!(lines().ends_with(" (not in this chat): b\n"), "{}", lines());
    // Ctrl-D, after a line that has to arrive first.
    here.type_in(b"bye\n\x04");
    there.wait_line(&format!("{}: bye", here.chat.pid()));
    assert_success(&here.chat.output());
    let there = there.chat.output();
    assert_success(&there);
    assert!(stderr(&there).contains("has ended"), "{there:?}");
}

#[test]
fn ctrl_d_ends_a_chat_that_nobody_has_spoken_to() {
    let mut alone = Terminal::chat(&[]);
    alone.type_in(b"\x04");
    assert_success(&alone.chat.output());
}
