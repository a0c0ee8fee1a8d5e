//! Faults around a transfer: signal storms, killed and stopped processes, blocked and closed outputs.

mod common;

use std::io::{PipeReader, Read};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use common::*;
use minitalk::Signal;
use minitalk::internals::process::peer::{Peer, PeerError};

fn storm(target: i32) -> Process {
    Process::spawn(Command::new(program("storm")).arg(target.to_string()))
}

/// Starts a client that sends `message` by this lane, with this timeout in seconds.
fn sending(server: &Process, lane: &str, timeout: &str, message: &[u8]) -> Process {
    let pid = server.pid().to_string();
    let mut command = minitalk(["send", "--lane", lane, "--timeout", timeout, &pid]);
    Process::spawn_fed(&mut command, message.to_vec())
}

/// Returns a message that takes some tenths of a second.
fn long(lane: &str) -> Vec<u8> {
    noise(if lane == "word" { 8 << 20 } else { 20_000 } / slower())
}

/// Ends the server and asserts that it printed `message` once; other output is allowed.
fn assert_printed_once(server: Server, message: &[u8]) {
    let printed = server.stop().stdout;
    let wanted = [message, b"\n"].concat();
    let times = printed.windows(wanted.len()).filter(|w| *w == wanted);
    assert_eq!(times.count(), 1);
}

/// Starts a server with these options and a client, and stops the client in the middle of a long message.
fn stopped_client(options: &[&str], lane: &str) -> (Server, Process) {
    let message = noise(if lane == "word" { 64 << 20 } else { 1 << 20 } / slower());
    stopped_in_mid_message(|| {
        let server = Server::start_with(&[&["--max-message", "100000000"], options].concat());
        let client = sending(&server, lane, PATIENT, &message);
        (server, client)
    })
}

/// A client that was stopped, and to which the server replied in vain, answers when it is continued.
#[test]
fn a_late_answer_is_not_noted_as_a_bit_of_another_program() {
    let server = Server::start();
    let queue = |kind: usize| {
        let sival_ptr = std::ptr::without_provenance_mut(kind << 56);
        // SAFETY: sigqueue takes integers, and a value that it does not interpret.
        let sent =
            unsafe { libc::sigqueue(server.pid(), libc::SIGUSR1, libc::sigval { sival_ptr }) };
        assert_eq!(sent, 0);
        // Its signals come after the queued one.
        deliver(server.pid(), b"next");
    };
    queue(0x20);
    assert_eq!(server.stderr(), "");
    queue(0x7F);
    server.wait_stderr("sigqueue(3)");
    server.stop();
}

#[test]
fn a_message_survives_a_storm_of_strays_at_the_server() {
    for lane in LANES {
        let server = Server::start();
        let storm = storm(server.pid());
        let message = noise(300 / slower());
        assert_success(&sending(&server, lane, PATIENT, &message).output());
        drop(storm);
        assert_printed_once(server, &message);
    }
}

#[test]
fn a_message_survives_a_storm_of_strays_at_the_client() {
    let server = Server::start();
    // The server is stopped until the storm has reached the client, so that the whole message is sent during it.
    kill(server.pid(), libc::SIGSTOP);
    let message = noise(100 / slower());
    let client = sending(&server, "bit", PATIENT, &message);
    wait_until("the client has its handler", || {
        handles(client.pid(), Signal::USR2)
    });
    let storm = storm(client.pid());
    wait_until("the storm reaches the client", || {
        cpu_time(client.pid()) > 5
    });
    kill(server.pid(), libc::SIGCONT);
    assert_success(&client.output());
    drop(storm);
    assert_printed_once(server, &message);
}

#[test]
fn a_partial_message_of_a_killed_client_is_dropped() {
    for lane in LANES {
        let (server, mut client) = stopped_client(&[], lane);
        kill(client.pid(), libc::SIGKILL);
        client.wait();
        server.wait_stderr(&format!("dropped a message of client {}", client.pid()));
        assert!(server.stderr().contains("the client ended"));
        deliver(server.pid(), b"next");
        server.assert_printed(&[b"next"]);
        server.stop();
    }
}

#[test]
fn a_client_interrupted_in_mid_message_ends_by_that_signal() {
    for (signal, lane) in [libc::SIGINT, libc::SIGTERM].into_iter().zip(LANES) {
        let (server, client) = stopped_client(&[], lane);
        kill(client.pid(), signal);
        kill(client.pid(), libc::SIGCONT);
        let output = client.output();
        assert_eq!(signal_of(&output), Some(signal), "{output:?}");
        assert!(!output.stderr.is_empty());
        server.stop();
    }
}

/// Stops a process by SIGSTOP and waits until it is stopped.
fn stop(pid: i32) {
    kill(pid, libc::SIGSTOP);
    wait_state(pid, 'T');
}

#[test]
fn a_message_survives_a_pause_of_either_end() {
    for lane in LANES {
        let message = long(lane);
        let (server, client) = stopped_in_mid_message(|| {
            let server = Server::start();
            let client = sending(&server, lane, PATIENT, &message);
            (server, client)
        });
        // One end is always stopped, so that the message does not end before the last stop. Each stop lasts for several of
        // the longest retransmission timeouts, which are 100 ms.
        thread::sleep(Duration::from_millis(600));
        stop(server.pid());
        kill(client.pid(), libc::SIGCONT);
        thread::sleep(Duration::from_millis(600));
        stop(client.pid());
        kill(server.pid(), libc::SIGCONT);
        thread::sleep(Duration::from_millis(600));
        kill(client.pid(), libc::SIGCONT);
        assert_success(&client.output());
        assert_printed_once(server, &message);
    }
}

#[test]
fn a_client_paused_for_longer_than_its_timeout_delivers() {
    // Long enough not to expire while the server waits for a CPU.
    let timeout = Duration::from_secs(5);
    let clients = LANES.map(|lane| {
        stopped_in_mid_message(|| {
            let server = Server::start();
            let client = sending(&server, lane, "5", &long(lane));
            (server, client)
        })
    });
    // By the clock, the server has been silent for longer than the timeout.
    thread::sleep(timeout + timeout / 4);
    // All at once: a client that stays stopped until another has ended may be silent for longer than its server allows.
    for (_, client) in &clients {
        kill(client.pid(), libc::SIGCONT);
    }
    for (server, client) in clients {
        assert_success(&client.output());
        server.stop();
    }
}

/// The client notices the end itself: by its timeout alone it would wait for longer than this test allows.
#[test]
fn a_client_notices_at_once_that_its_server_was_killed() {
    for lane in LANES {
        let (server, client) = stopped_client(&[], lane);
        let mut server = server.into_process();
        kill(server.pid(), libc::SIGKILL);
        kill(client.pid(), libc::SIGCONT);
        let killed = Instant::now();
        let output = client.output();
        assert_eq!(output.status.code(), Some(8), "{output:?}");
        let took = killed.elapsed();
        assert!(took < WATCHDOG / 10, "{took:?}");
        server.wait();
    }
}

#[test]
fn a_client_gives_up_on_a_silent_server() {
    let server = Server::start();
    kill(server.pid(), libc::SIGSTOP);
    let pid = server.pid().to_string();
    let output = run(minitalk(["send", "--timeout", "0.3", &pid, "x"]));
    assert_eq!(output.status.code(), Some(6), "{output:?}");
    kill(server.pid(), libc::SIGCONT);
    deliver(server.pid(), b"y");
    // The signals of the first client are not part of the second message.
    server.assert_printed(&[b"y"]);
    server.stop();
}

/// Starts a server whose output is a pipe, and reads the line with its PID.
fn server_on_pipe() -> (Process, PipeReader) {
    let mut command = minitalk(["serve"]);
    let (mut reader, writer) = std::io::pipe().unwrap();
    let server = Process::spawn_with_own_stdout(command.stdout(writer));
    drop(command);
    let mut first_line = vec![0; format!("PID {}\n", server.pid()).len()];
    reader.read_exact(&mut first_line).unwrap();
    (server, reader)
}

#[test]
fn clients_wait_while_nobody_reads_the_output() {
    let (server, mut reader) = server_on_pipe();

    // More than a pipe holds (64 KiB), so the last clients are paused, for longer than their timeout.
    pin_to_one_cpu();
    let messages: Vec<Vec<u8>> = (0..6).map(|n| vec![b'0' + n; 20_000]).collect();
    let clients: Vec<_> = messages
        .iter()
        .map(|message| sending(&server, "auto", "3", message))
        .collect();
    let running = || clients.iter().filter(|client| client.is_running()).count();
    wait_until("the messages that fit the pipe are delivered", || {
        running() <= 3
    });
    thread::sleep(Duration::from_millis(3500));
    assert_eq!(running(), 3, "three messages fit the pipe");

    let mut printed = vec![0; 6 * 20_001];
    reader.read_exact(&mut printed).unwrap();
    for client in clients {
        assert_success(&client.output());
    }
    let mut lines: Vec<_> = printed.split_inclusive(|b| *b == b'\n').collect();
    lines.sort_unstable();
    let wanted: Vec<_> = messages.iter().map(|m| [m, &b"\n"[..]].concat()).collect();
    assert!(lines == wanted);
    kill(server.pid(), libc::SIGTERM);
    assert_success(&server.output());
}

#[test]
fn a_message_is_rejected_when_the_output_is_closed() {
    let (server, reader) = server_on_pipe();
    drop(reader);
    let output = run(minitalk(["send", &server.pid().to_string(), "lost"]));
    assert_eq!(output.status.code(), Some(7), "{output:?}");
    assert!(stderr(&output).contains("could not write its output"));
    let output = server.output();
    assert_eq!(output.status.code(), Some(1));
    let wanted = "minitalk: cannot write to standard output: Broken pipe";
    assert!(stderr(&output).starts_with(wanted), "{output:?}");
}

#[test]
fn an_output_that_is_closed_at_the_start_is_an_error() {
    for command in [
        "serve >&-",
        "serve >/dev/full",
        "serve --format raw >&-",
        "serve --format json >/dev/full",
        "trace >/dev/full",
        "chat >&-",
        "list >/dev/full",
        "demo x >/dev/full",
        "help man >&-",
        "serve --format raw 2>&-",
        "--help >/dev/full",
        "--help >&-",
    ] {
        let output = run(shell(&format!("exec \"$0\" {command}")));
        assert_eq!(output.status.code(), Some(1), "{command}");
        let can_complain = !command.contains("2>&-");
        let why = if command.contains("full") {
            "No space left on device (os error 28)"
        } else {
            "it is closed"
        };
        let wanted = format!("minitalk: cannot write to standard output: {why}\n");
        let complaint = stderr(&output);
        assert_eq!(complaint.ends_with(&wanted), can_complain, "{complaint}");
    }
}

#[test]
fn a_server_that_shuts_down_flushes_and_notifies_its_clients() {
    for (signal, lane) in [libc::SIGTERM, libc::SIGINT].into_iter().zip(LANES) {
        let (server, client) = stopped_client(&[], lane);
        deliver(server.pid(), b"finished");
        kill(server.pid(), signal);
        kill(client.pid(), libc::SIGCONT);
        let output = client.output();
        assert_eq!(output.status.code(), Some(7), "{output:?}");
        assert!(stderr(&output).contains("shutting down"), "{output:?}");
        let output = server.into_process().output();
        assert_eq!(output.status.code(), Some(0));
        assert!(output.stdout.ends_with(b"\nfinished\n"));
    }
}

#[test]
fn a_partial_message_of_a_silent_client_is_dropped() {
    // Long enough that a client that waits for a CPU is not taken for a silent one.
    let options = ["--idle-timeout", "3"];
    for (server, client) in LANES.map(|lane| stopped_client(&options, lane)) {
        server.wait_stderr(&format!("dropped a message of client {}", client.pid()));
        kill(client.pid(), libc::SIGCONT);
        let output = client.output();
        assert_eq!(output.status.code(), Some(7), "{output:?}");
        assert!(
            stderr(&output).contains("silent for too long"),
            "{output:?}"
        );
        deliver(server.pid(), b"next");
        server.assert_printed(&[b"next"]);
        server.stop();
    }
}

/// A server with a periodic timer would never sleep for a second. Its remaining work after the message, the removal of its
/// client, has no time limit here.
#[test]
fn an_idle_server_is_not_woken() {
    let server = Server::start();
    deliver(server.pid(), b"so that all its threads have run");
    let work = || (switches(server.pid()), cpu_time(server.pid()));
    wait_until("the server sleeps for a second", || {
        let before = work();
        thread::sleep(Duration::from_secs(1));
        work() == before
    });
    server.stop();
}

/// Without pidfd_open and pidfd_send_signal, as on Linux before 5.3, both ends fall back to kill, and say so.
#[test]
fn both_ends_fall_back_to_kill_on_a_kernel_without_pidfd() {
    let mut command = minitalk(["serve"]);
    let server = Server::spawn(without_pidfd(&mut command));
    let pid = server.pid().to_string();
    let mut command = minitalk(["send", &pid, "by number"]);
    without_pidfd(&mut command);
    let output = run(command);
    assert_success(&output);
    assert!(
        stderr(&output).contains("falling back to kill"),
        "{output:?}"
    );
    server.assert_printed(&[b"by number"]);

    server.stop();

    let start = || {
        let server = Server::spawn(without_pidfd(&mut minitalk(["serve"])));
        let pid = server.pid().to_string();
        let mut command = minitalk(["send", "--lane", "bit", &pid]);
        let client = Process::spawn_fed(without_pidfd(&mut command), noise(1 << 20));
        (server, client)
    };
    let (server, mut client) = stopped_in_mid_message(start);
    kill(client.pid(), libc::SIGKILL);
    client.wait();
    server.wait_stderr("the client ended");
    assert!(server.stderr().contains("no pidfd"));
    server.stop();

    let (server, client) = stopped_in_mid_message(start);
    let mut server = server.into_process();
    kill(server.pid(), libc::SIGKILL);
    kill(client.pid(), libc::SIGCONT);
    server.wait();
    assert_eq!(client.output().status.code(), Some(8));
}

/// The PID is reused on purpose, by setting the last PID of the kernel, which needs root.
#[test]
fn a_recycled_pid_is_not_signalled() {
    const LAST_PID: &str = "/proc/sys/kernel/ns_last_pid";
    let sleep = || Process::spawn(Command::new("sleep").arg("100"));
    // Other tests start processes too, so several attempts may be needed.
    for _ in 0..1000 {
        let first = sleep();
        let pid = first.pid();
        let peer = Peer::open(pid_of(pid)).unwrap();
        drop(first);
        if std::fs::write(LAST_PID, (pid - 1).to_string()).is_err() {
            eprintln!("skipped: {LAST_PID} cannot be written");
            return;
        }
        let second = sleep();
        if second.pid() != pid {
            continue;
        }
        let sent = peer.send(Signal::USR1, None);
        assert!(matches!(sent, Err(PeerError::NoSuchProcess)), "{sent:?}");
        assert!(
            second.is_running(),
            "the new owner of the PID was signalled"
        );
        return;
    }
    panic!("no PID was reused");
}

/// The parent of a program may have blocked the signals that it needs.
#[test]
fn both_ends_work_when_started_with_the_signals_blocked() {
    let mut command = minitalk(["serve"]);
    let server = Server::spawn(with_signals_blocked(&mut command));
    let mut command = minitalk(["send", &server.pid().to_string(), "x"]);
    with_signals_blocked(&mut command);
    assert_success(&run(command));
    server.assert_printed(&[b"x"]);
    server.stop();
}

/// A script ignores SIGINT for its background processes.
#[test]
fn a_sigint_that_is_ignored_stays_ignored() {
    let message = noise(5_000);
    let ignoring = |command: &str| shell(&format!("trap '' INT; exec \"$0\" {command}"));
    let (server, client) = stopped_in_mid_message(|| {
        let server = Server::spawn(&mut ignoring("serve"));
        kill(server.pid(), libc::SIGINT);
        let mut shell = ignoring("send --lane bit \"$1\"");
        shell.arg(server.pid().to_string());
        let client = Process::spawn_fed(&mut shell, message.clone());
        (server, client)
    });
    kill(client.pid(), libc::SIGINT);
    kill(client.pid(), libc::SIGCONT);
    assert_success(&client.output());
    server.assert_printed(&[&message]);
    server.stop();
}

/// Words are sent as fast as the queue has room for them, and are retransmitted after EAGAIN.
#[test]
fn words_arrive_when_few_signals_can_be_queued() {
    let Some(nobody) = Nobody::new() else {
        return;
    };
    let limited = |args: &[&str]| {
        let mut command = Command::new("prlimit");
        command
            .arg("--sigpending=16")
            .arg(nobody.binary())
            .args(args);
        command
    };
    let server = Server::spawn(nobody.run_as(&mut limited(&["serve"])));
    let pid = server.pid().to_string();
    let message = noise(200_000);
    let clients = [(); 3].map(|()| {
        let mut command = limited(&["send", "--lane", "word", "--timeout", PATIENT, &pid]);
        Process::spawn_fed(nobody.run_as(&mut command), message.clone())
    });
    for client in clients {
        assert_success(&client.output());
    }
    let printed = server.wait_printed(|bytes| bytes.len() >= 3 * (message.len() + 1));
    assert!(printed == [&message[..], b"\n"].concat().repeat(3));
}

/// Without room for queued signals (RLIMIT_SIGPENDING) answers lose their content: the client reports it and gives up.
#[test]
fn a_client_explains_that_no_signal_can_be_queued() {
    // The limit counts all signals queued for a user's processes, and does not apply to root.
    let Some(nobody) = Nobody::new() else {
        return;
    };
    let server = Server::spawn(nobody.run_as(nobody.minitalk().arg("serve")));
    // A slow server may not answer within a short timeout; then a longer one shows the same.
    let mut outputs = ["0.3", "3", "30"].into_iter().map(|timeout| {
        let mut limited = Command::new("prlimit");
        limited.arg("--sigpending=0").arg(nobody.binary());
        limited.args(["send", "--timeout", timeout, &server.pid().to_string(), "x"]);
        nobody.run_as(&mut limited);
        run(limited)
    });
    let is_explained = outputs.any(|output| {
        assert_eq!(output.status.code(), Some(6), "{output:?}");
        stderr(&output).contains("ulimit -i")
    });
    assert!(is_explained);
}
