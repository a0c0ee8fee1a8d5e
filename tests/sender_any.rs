//! Bits of which each comes from a process of its own, as kill(1) sends them.

mod common;

use std::process::Command;

use common::*;
use minitalk::dialect::encoder::TextEncoder;
use minitalk::dialect::{Dialect, Symbol};

/// Sends each bit of a text with a process of its own, once the server has taken the one before.
fn send_by_kill(server: &Server, text: &str) {
    let pid = pid_of(server.pid());
    let encoder = TextEncoder::new(&Dialect::CLASSIC, text.as_bytes(), pid).unwrap();
    let signals = || {
        let lines = server.stderr();
        lines
            .lines()
            .filter(|line| line.contains(" SI_USER "))
            .count()
    };
    let before = signals();
    for (count, symbol) in (1..).zip(encoder.symbols()) {
        let name = if symbol == Symbol::Usr1 {
            "USR1"
        } else {
            "USR2"
        };
        let mut kill = Command::new("sh");
        kill.args([
            "-c",
            "kill -s \"$0\" \"$1\"",
            name,
            &server.pid().to_string(),
        ]);
        assert_success(&kill.output().unwrap());
        wait_until("the server takes the bit", || signals() >= before + count);
    }
}

#[test]
fn the_bits_of_all_processes_are_one_stream_with_sender_any() {
    for dialect in ["auto", "classic"] {
        let options = ["--sender", "any", "--dialect", dialect, "--trace", "-v"];
        let server = Server::start_with(&options);
        for text in ["Hello", "from a shell"] {
            send_by_kill(&server, text);
            let line = format!("{text}\n");
            server.wait_stdout(|bytes| bytes.ends_with(line.as_bytes()));
        }
        // Other clients are served beside it.
        deliver(server.pid(), b"framed");
        server.wait_stdout(|bytes| bytes.ends_with(b"framed\n"));
        server.stop();
    }
}

#[test]
fn without_it_a_note_says_once_what_happens() {
    let server = Server::start_with(&["--trace", "-v"]);
    send_by_kill(&server, "Hello from a shell");
    server.wait_stderr("--sender any");
    let output = server.stop();
    assert_eq!(stderr(&output).matches("--sender any").count(), 1);
}
