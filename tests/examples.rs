//! The programs of examples/ do what their documentation says.

mod common;

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Once;

use common::*;

/// Returns the command of an example, which is built if need be.
///
/// `cargo test --test examples` does not build the examples. `cargo xtask stress` has built them, for a user who cannot.
fn example(name: &str) -> Command {
    static BUILT: Once = Once::new();
    BUILT.call_once(|| {
        if std::env::var_os("MINITALK_EXAMPLES_ARE_BUILT").is_some() {
            return;
        }
        let release = (!cfg!(debug_assertions)).then_some("--release");
        let status = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--examples"])
            .args(release)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status();
        assert!(status.unwrap().success());
    });
    let mut path = PathBuf::from(MINITALK);
    path.pop();
    path.extend(["examples", name]);
    let mut command = Command::new(path);
    command.stdin(Stdio::null());
    command
}

#[test]
fn the_receiver_prints_the_messages_of_the_sender() {
    let server = Server::spawn(&mut example("receiver"));
    let pid = server.pid().to_string();
    for message in ["Hello", "", "é 🦀"] {
        let mut sender = example("sender");
        let output = run(sender.args([&pid, message]));
        assert_success(&output);
        assert!(stderr(&output).ends_with(" signals\n"), "{output:?}");
    }
    deliver_by("bit", server.pid(), b"from minitalk itself");
    let listed = run(minitalk(["list", "--json"]));
    let text = String::from_utf8(listed.stdout).unwrap();
    let row = format!("{{\"pid\":{pid},\"name\":\"receiver\",\"kind\":\"endpoint\",\"uid\":");
    let row = text.lines().find(|line| line.starts_with(&row)).unwrap();
    assert!(row.contains("\"dialect\":null"), "{row}");
    server.assert_printed(&[b"Hello", b"", "é 🦀".as_bytes(), b"from minitalk itself"]);
    server.stop();
    let output = run(example("sender").args([&pid, "too late"]));
    assert!(!output.status.success());
}

#[test]
fn the_async_receiver_takes_messages_between_timer_ticks() {
    let server = Process::spawn(&mut example("async_receiver"));
    server.wait_stdout(|bytes| bytes.ends_with(b"\n"));
    // A message is taken before, between and after the ticks of a timer.
    for count in 1..=3 {
        deliver(server.pid(), b"tick");
        server.wait_stdout(|bytes| bytes.ends_with(&b"tick\n".repeat(count)));
        server.wait_stderr(&".".repeat(count));
    }
    kill(server.pid(), libc::SIGTERM);
    assert_success(&server.output());
}

#[test]
fn the_chat_delivers_lines_in_both_directions() {
    let spawn = |other: Option<&str>| {
        let mut command = example("chat");
        let process = Process::spawn(command.args(other).stdin(Stdio::piped()));
        process.wait_stdout(|bytes| bytes.ends_with(b"\n"));
        let stdin = process.take_stdin();
        (process, stdin)
    };
    let (alice, mut alice_types) = spawn(None);
    let of_alice = alice.pid().to_string();
    let (bob, mut bob_types) = spawn(Some(&of_alice));
    let of_bob = bob.pid().to_string();
    let shown = |pid: &str, text: &str| format!("{pid}: {text}\n");
    writeln!(bob_types, "Hello, Alice\n\u{1b}[2J").unwrap();
    let both = shown(&of_bob, "Hello, Alice") + &shown(&of_bob, "\\u{1b}[2J");
    alice.wait_stdout(|bytes| bytes.ends_with(both.as_bytes()));
    writeln!(alice_types, "Hello, Bob").unwrap();
    bob.wait_stdout(|bytes| bytes.ends_with(shown(&of_alice, "Hello, Bob").as_bytes()));
    // Both ends send at once.
    let many = |who: &str| (0..20).map(|n| format!("{who} {n}\n")).collect::<String>();
    alice_types.write_all(many("a").as_bytes()).unwrap();
    bob_types.write_all(many("b").as_bytes()).unwrap();
    let all = |pid: &str, who: &str| -> String {
        (0..20).map(|n| shown(pid, &format!("{who} {n}"))).collect()
    };
    bob.wait_stdout(|bytes| bytes.ends_with(all(&of_alice, "a").as_bytes()));
    alice.wait_stdout(|bytes| bytes.ends_with(all(&of_bob, "b").as_bytes()));
    drop((alice_types, bob_types));
    for end in [alice, bob] {
        assert_success(&end.output());
    }
}

#[test]
fn the_inbox_prints_each_queued_signal_with_its_value() {
    let inbox = Process::spawn(&mut example("inbox"));
    inbox.wait_stdout(|bytes| bytes.ends_with(b"\n"));
    let signal = libc::SIGRTMIN() + 8;
    for n in 0..50 {
        let sival_ptr = n as *mut libc::c_void;
        // SAFETY: sigqueue takes integers, and a value that it does not interpret.
        let sent = unsafe { libc::sigqueue(inbox.pid(), signal, libc::sigval { sival_ptr }) };
        assert_eq!(sent, 0);
    }
    kill(inbox.pid(), signal);
    let us = std::process::id();
    let mut expected = format!("PID {}\n", inbox.pid());
    for n in 0..50 {
        let count = n + 1;
        expected += &format!("SIGRTMIN+8 {count}: {n} from {us}, as it claims\n");
    }
    expected += &format!("SIGRTMIN+8 51: 0 from {us}\n");
    inbox.wait_stdout(|bytes| bytes.len() >= expected.len());
    kill(inbox.pid(), libc::SIGTERM);
    let output = inbox.output();
    assert_success(&output);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
}

#[test]
fn the_service_replies_to_each_request() {
    let service = Server::spawn(&mut example("echo"));
    let pid = service.pid().to_string();
    for word in ["hello", "", "again"] {
        let output = run(example("request").args([&pid, word]));
        assert_success(&output);
        let wanted = format!("{}\n", word.to_uppercase());
        assert_eq!(String::from_utf8_lossy(&output.stdout), wanted);
    }
    service.stop();
}

#[test]
fn the_own_handler_numbers_its_ticks_in_order() {
    let output = run(&mut example("own_handler"));
    assert_success(&output);
    let text = String::from_utf8(output.stdout).unwrap();
    let ticks: Vec<(usize, u64)> = text
        .lines()
        .map(|line| {
            let mut numbers = line.split(' ').filter_map(|word| word.parse::<u64>().ok());
            let number = numbers.next().unwrap();
            (number.try_into().unwrap(), numbers.next().unwrap())
        })
        .collect();
    assert!(ticks.len() >= 10, "{text}");
    assert!(
        ticks.iter().map(|tick| tick.0).eq(1..=ticks.len()),
        "{text}"
    );
    assert!(ticks.is_sorted_by_key(|tick| tick.1), "{text}");
}
