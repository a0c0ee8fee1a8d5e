//! Several clients of another dialect at once, which take turns or are told to ask again.

mod common;

use std::process::Command;

use common::*;
use minitalk::internals::process::proc;

/// Returns a text of this many bytes. Its first byte can be read as a length: at that place the server cannot know that the client
/// goes on. The length is greater than the number of bytes that a client has sent when it is stopped.
fn text(bytes: usize) -> Vec<u8> {
    let rest = (b' '..=b'~').cycle();
    "é".bytes().chain(rest).take(bytes).collect()
}

#[test]
fn a_client_retries_while_the_server_is_busy() {
    let client = dialect_program("clients/hello");
    // The first text ends before the second client retries: of two SIGUSR1 at once one is lost, and its client would wait for
    // ever.
    let (long, short) = (text(600), text(50));
    let (server, first) = stopped_in_mid_message(|| {
        let server = Server::start_with(&["--format", "raw", "--dialect", "hello=yes"]);
        let first = start_client(&mut Command::new(&client), server.pid(), &long);
        (server, first)
    });
    wait_until_taken(server.pid());
    let second = start_client(&mut Command::new(&client), server.pid(), &short);
    second.wait_stderr("busy");
    // Its retries could merge with bits of the first client, and neither client retransmits.
    kill(second.pid(), libc::SIGSTOP);
    kill(first.pid(), libc::SIGCONT);
    assert_success(&first.output());
    kill(second.pid(), libc::SIGCONT);
    assert_success(&second.output());
    assert_eq!(server.stop().stdout, [long, short].concat());
}

/// The timeout applies however often the server answers "busy".
#[test]
fn send_waits_for_a_busy_server_and_reports_it_on_timeout() {
    let [client, server] = ["clients/hello", "servers/hello"].map(dialect_program);
    let long = text(4000);
    // Stays stopped to the end.
    let (server, _first) = stopped_in_mid_message(|| {
        let server = Server::spawn(&mut Command::new(&server));
        let first = start_client(&mut Command::new(&client), server.pid(), &long);
        (server, first)
    });
    wait_until_taken(server.pid());
    let pid = server.pid().to_string();
    let send = [
        "send",
        "--dialect",
        "hello=yes",
        "--timeout",
        "0.5",
        &pid,
        "x",
    ];
    let output = run(minitalk(send));
    assert_eq!(output.status.code(), Some(6), "{output:?}");
    assert!(stderr(&output).contains("busy"), "{output:?}");
    assert!(
        long.starts_with(&server.printed()),
        "the server printed another text"
    );
}

/// A pending signal swallows the next one of its number, here the next bit of the first client in every second round.
#[test]
fn a_bit_that_merged_with_the_first_one_of_another_client_is_taken_as_sent() {
    let client = dialect_program("clients/driven");
    // Their first bits are SIGUSR2 and SIGUSR1.
    for short in ["Hello", "Quick"].repeat(3) {
        let long = text(600);
        let (server, first) = stopped_in_mid_message(|| {
            let server = Server::start_with(&["--format", "raw"]);
            let first = start_client(&mut Command::new(&client), server.pid(), &long);
            (server, first)
        });
        wait_until_taken(server.pid());
        kill(server.pid(), libc::SIGSTOP);
        wait_state(server.pid(), 'T');
        let second = start_client(&mut Command::new(&client), server.pid(), short.as_bytes());
        wait_until("the first bit of the second client is pending", || {
            proc::status(pid_of(server.pid())).is_ok_and(|status| status.pending != 0)
        });
        kill(first.pid(), libc::SIGCONT);
        wait_until("the first client waits again", || {
            proc::status(pid_of(first.pid()))
                .is_ok_and(|status| status.pending == 0 && status.sleeps)
        });
        kill(server.pid(), libc::SIGCONT);
        assert_success(&first.output());
        assert_success(&second.output());
        let texts = String::from_utf8(server.stop().stdout).unwrap();
        let rest = texts.replacen(short, "", 1);
        assert_eq!(rest.as_bytes(), long, "{texts}");
    }
}

/// The pending bit of the first client swallows that of the second, of which the server learns nothing.
#[test]
fn a_client_whose_first_bit_was_swallowed_is_noted() {
    let client = dialect_program("clients/driven");
    let server = Server::start_with(&["--format", "raw"]);
    kill(server.pid(), libc::SIGSTOP);
    wait_state(server.pid(), 'T');
    let sleeps = |client: &Process| proc::handles_alarm_in_wait(pid_of(client.pid())).is_some();
    let first = start_client(&mut Command::new(&client), server.pid(), b"Hello");
    wait_until("the first bit is pending", || {
        proc::status(pid_of(server.pid())).is_ok_and(|status| status.pending != 0)
    });
    let second = start_client(&mut Command::new(&client), server.pid(), b"Hello");
    wait_until("the second client waits", || sleeps(&second));
    kill(server.pid(), libc::SIGCONT);
    assert_success(&first.output());
    server.wait_stderr(&format!("process {} was started", second.pid()));
    drop(second);
    assert_eq!(server.stop().stdout, b"Hello");
}
