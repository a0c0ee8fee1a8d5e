//! Messages between real processes: their bytes are unchanged, and each message is printed once and whole.

mod common;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

use common::*;
use minitalk::Signal;

#[test]
fn all_byte_values_arrive_unchanged() {
    pin_to_one_cpu();
    let server = Server::start();
    let every_byte: Vec<u8> = (0..=255).collect();
    let messages: [&[u8]; 7] = [
        b"",
        b"Hello, world",
        &every_byte,
        &[0; 20],
        "\u{1F980} é ﷽ \u{10FFFF}".as_bytes(),
        b"\xFF\xFE\xC0\x80 not UTF-8 \xF8",
        b"\xFB\x01\x00\x00\x00\x00",
    ];
    for lane in LANES {
        for message in messages {
            deliver_by(lane, server.pid(), message);
        }
    }
    server.assert_printed(&[messages, messages].concat());
    server.stop();
}

#[test]
fn a_message_is_on_stdout_before_its_client_ends() {
    pin_to_one_cpu();
    // A file shows the order, because no thread of this test reads it in the background.
    let folder = Folder::new("order");
    let path = folder.0.join("output");
    let file = std::fs::File::create(&path).unwrap();
    let mut command = minitalk(["serve"]);
    let server = Process::spawn_with_own_stdout(command.stdout(file));
    let first_line = format!("PID {}\n", server.pid());
    wait_until("the server prints its PID", || {
        std::fs::read(&path).unwrap() == first_line.as_bytes()
    });
    let mut wanted = first_line;
    for n in 0..20 {
        deliver(server.pid(), format!("message {n}").as_bytes());
        wanted += &format!("message {n}\n");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), wanted);
    }
}

#[test]
fn the_longest_command_argument_arrives() {
    pin_to_one_cpu();
    let server = Server::start();
    // MAX_ARG_STRLEN is 131072 with the NUL (execve(2)); a shell's own limit is a byte less.
    let message = "é".repeat(65535);
    assert_eq!(message.len(), 131_070);
    let output = run(minitalk(["send", &server.pid().to_string(), &message]));
    assert_success(&output);
    server.assert_printed(&[message.as_bytes()]);
    server.stop();
}

#[test]
fn random_bytes_arrive_from_stdin_and_from_a_file() {
    pin_to_one_cpu();
    let server = Server::start_with(&["--format", "raw"]);
    let message = noise(20_000);
    deliver_by("bit", server.pid(), &message);
    let folder = Folder::new("file");
    let path = folder.0.join("message");
    std::fs::write(&path, &message[..5000]).unwrap();
    let pid = server.pid().to_string();
    let output = run(minitalk(["send", &pid, "--file", path.to_str().unwrap()]));
    assert_success(&output);
    let stdout = server.stop().stdout;
    assert!(stdout[..20_000] == message);
    assert!(stdout[20_000..] == message[..5000]);
}

#[test]
fn a_thousand_consecutive_clients_deliver() {
    let server = Server::start();
    let pid = server.pid().to_string();
    let messages: Vec<_> = (0..1000).map(|n| n.to_string()).collect();
    for message in &messages {
        assert_success(&run(minitalk(["send", &pid, message])));
    }
    let messages: Vec<_> = messages.iter().map(|m| m.as_bytes()).collect();
    server.assert_printed(&messages);
    server.stop();
}

#[test]
fn every_length_around_a_word_boundary_arrives() {
    let server = Server::start();
    let messages: Vec<Vec<u8>> = (0..80).map(|len| vec![b'x'; len]).collect();
    for message in &messages {
        deliver_by("word", server.pid(), message);
    }
    let messages: Vec<_> = messages.iter().map(Vec::as_slice).collect();
    server.assert_printed(&messages);
    server.stop();
}

#[test]
fn megabytes_of_random_bytes_arrive_in_words() {
    let server = Server::start_with(&["--format", "raw"]);
    let message = noise(10 << 20);
    deliver_by("word", server.pid(), &message);
    assert!(server.stop().stdout == message);
}

#[test]
fn a_server_takes_bits_where_the_kernel_is_not_known_to_carry_words() {
    let mut command = minitalk(["serve"]);
    let server = Server::spawn(without_a_probe(&mut command));
    let pid = server.pid().to_string();
    let output = run(minitalk(["send", "-v", &pid, "in bits"]));
    assert_success(&output);
    assert!(stderr(&output).contains("(bits)"), "{output:?}");
    server.assert_printed(&[b"in bits"]);
    server.stop();
}

#[test]
fn a_server_without_the_word_lane_rejects_words() {
    let server = Server::start_with(&["--lane", "bit"]);
    let pid = server.pid();
    assert!(handles(pid, Signal::USR1) && !handles(pid, Signal::WORD));
    deliver(pid, b"in bits");
    let output = run(minitalk(["send", "--lane", "word", &pid.to_string(), "x"]));
    assert_eq!(output.status.code(), Some(7), "{output:?}");
    assert!(
        stderr(&output).contains("does not take words"),
        "{output:?}"
    );
    server.assert_printed(&[b"in bits"]);
    server.stop();
}

#[test]
fn a_server_lets_a_client_that_sleeps_go_on_and_then_has_its_own_policy_again() {
    let server = Server::start();
    let pid = server.pid();
    let before = scheduling_policy(pid);
    let client = Process::spawn_fed(
        &mut minitalk(["send", "--eco", "--lane", "bit", &pid.to_string()]),
        noise(1_000_000),
    );
    wait_until("the server is under SCHED_BATCH", || {
        scheduling_policy(pid) == libc::SCHED_BATCH
    });
    kill(client.pid(), libc::SIGTERM);
    client.output();
    wait_until("the server is under its own policy", || {
        scheduling_policy(pid) == before
    });
    server.stop();
}

#[test]
fn messages_of_ten_concurrent_clients_are_printed_whole() {
    for (lane, bytes) in [("bit", 2000), ("word", 20_000)] {
        ten_clients_at_once(lane, bytes / slower());
    }
}

fn ten_clients_at_once(lane: &str, bytes: usize) {
    let server = Server::start();
    let pid = server.pid().to_string();
    let messages: Vec<Vec<u8>> = (0..10).map(|n| vec![b'a' + n; bytes]).collect();
    let clients: Vec<_> = messages
        .iter()
        .map(|message| {
            let text = std::str::from_utf8(message).unwrap();
            let args = ["send", "--lane", lane, "--timeout", PATIENT, &pid, text];
            Process::spawn(&mut minitalk(args))
        })
        .collect();
    for client in clients {
        assert_success(&client.output());
    }
    let printed = server.wait_printed(|printed| printed.len() >= 10 * (bytes + 1));
    let mut lines: Vec<_> = printed.split_inclusive(|b| *b == b'\n').collect();
    lines.sort_unstable();
    let wanted: Vec<_> = messages.iter().map(|m| [m, &b"\n"[..]].concat()).collect();
    assert!(lines == wanted, "a message is mixed, duplicated or lost");
    server.stop();
}

#[test]
fn clients_written_in_c_from_protocol_md_deliver() {
    pin_to_one_cpu();
    let server = Server::start();
    // The checksum is of so many bytes and four more, whose number it contains modulo 256.
    let lengths = [0, 1, 3, 4, 20, 251, 252, 253, 300, 5000];
    let texts = lengths.map(|length| "from C: é ".repeat(500).into_bytes()[..length].to_vec());
    for text in &texts {
        for name in ["framed", "words"] {
            let client = start_client(&mut Command::new(program(name)), server.pid(), text);
            assert_success(&client.output());
        }
    }
    let twice: Vec<&[u8]> = texts.iter().flat_map(|text| [&text[..]; 2]).collect();
    server.assert_printed(&twice);
    server.stop();
}

/// Runs the client `classic` in this way to its end.
fn classic(server: &Server, way: &str, text: &str) -> std::process::Output {
    let mut client = Command::new(program("classic"));
    run(client.args([&server.pid().to_string(), way, text]))
}

#[test]
fn a_classic_client_that_waits_for_acknowledgements_delivers() {
    pin_to_one_cpu();
    let server = Server::start();
    assert_success(&classic(&server, "acked", "classic, é"));
    server.assert_printed(&["classic, é".as_bytes()]);
    server.stop();
}

#[test]
fn a_classic_client_without_a_handler_delivers_and_survives() {
    // With a given dialect the server would answer the first bit; while it detects the dialect it delays answers.
    for options in [&["--dialect", "classic"][..], &[]] {
        let server = Server::start_with(options);
        let output = classic(&server, "paced", "alive");
        assert_eq!(signal_of(&output), None, "killed by an acknowledgement");
        assert_success(&output);
        server.assert_printed(&[b"alive"]);
        server.stop();
    }
}

#[test]
fn a_classic_client_that_becomes_another_program_survives() {
    let server = Server::start();
    let output = classic(&server, "becomes", "A");
    assert_eq!(signal_of(&output), None, "killed by an answer");
    assert_success(&output);
    server.assert_printed(&[b"A"]);
    server.stop();
}

/// The server sends the other signal to a client that handles both and has not ended, in case it waits for that signal.
#[test]
fn a_client_that_became_another_program_is_not_sent_unhandled_signals() {
    let server = Server::start();
    let output = classic(&server, "leaves", "See you later");
    assert_eq!(signal_of(&output), None, "killed by an answer");
    assert_success(&output);
    server.assert_printed(&[b"See you later"]);
    server.stop();
}

/// A classic client takes every SIGUSR1 for an acknowledgement, so a rejection must not look like one.
#[test]
fn a_classic_text_that_is_rejected_is_not_acknowledged() {
    let server = Server::start_with(&["--dialect", "classic"]);
    let mut client = Command::new(program("classic"));
    let text = OsStr::from_bytes(b"A\xFF");
    let client = client.arg(server.pid().to_string()).arg("acked").arg(text);
    let client = Process::spawn(client);
    server.wait_stderr("neither a frame nor UTF-8");
    // It waits for the acknowledgement of its last bit, which the server no longer sends.
    assert!(client.is_running());
    drop(client);
    server.assert_printed(&[]);
    server.stop();
}

/// `kill -USR1 SERVER` typed into a shell: the answer must not kill the shell.
#[test]
fn a_sender_that_catches_all_signals_gets_no_answer_and_survives() {
    let server = Server::start();
    let mut sender = Command::new(program("catchall"));
    let output = run(sender.args([&server.pid().to_string(), "0100000100000000"]));
    assert_eq!(signal_of(&output), None, "killed by an answer");
    assert_success(&output);
    server.assert_printed(&[b"A"]);
    server.stop();
}
