//! Unusual peers: they become another program, have few descriptors, or run under a filter of system calls.

mod common;

use std::io::Read;
use std::process::{Command, Stdio};

use common::*;

// ---- processes that become another program ------------------------------------------------------------------------

/// Starts a client in C that executes sleep at `stage`, and waits until it has.
fn becomes_sleep(server: i32, stage: &str) -> Process {
    let mut command = Command::new(program("words"));
    let text = "longer than one word of 24 bytes, whatever the frame adds";
    let client = Process::spawn(command.args([&server.to_string(), text, stage]));
    wait_until("the client executes sleep", || {
        assert!(client.is_running(), "the client ended before");
        command_of(client.pid()) == "sleep"
    });
    client
}

/// Asserts that SIGTERM, sent now, is the signal that ends `sleep`: an earlier signal would have ended it first.
fn assert_not_signalled(sleep: Process) {
    kill(sleep.pid(), libc::SIGTERM);
    let output = sleep.output();
    assert_eq!(signal_of(&output), Some(libc::SIGTERM), "{output:?}");
}

#[test]
fn a_program_executed_before_the_output_is_written_is_not_signalled() {
    let mut command = minitalk(["serve", "--format", "raw"]);
    let (mut reader, writer, size) = small_pipe();
    let server = Process::spawn_with_own_stdout(command.stdout(writer));
    drop(command);
    server.wait_stderr("\n");
    let pid = server.pid().to_string();
    let full = vec![b'f'; size];
    assert_success(&run_with(minitalk(["send", &pid]), &full));
    let sleep = becomes_sleep(server.pid(), "whole");
    let last = Process::spawn(&mut minitalk(["send", &pid, "last"]));
    let mut printed = Vec::new();
    while !printed.ends_with(b"last") {
        let mut byte = [0];
        reader.read_exact(&mut byte).unwrap();
        printed.push(byte[0]);
    }
    // Its message was written before the last one, whose client has been answered.
    assert_success(&last.output());
    assert_not_signalled(sleep);
    kill(server.pid(), libc::SIGTERM);
    assert_success(&server.output());
}

#[test]
fn a_program_executed_in_mid_message_is_not_signalled_at_the_idle_timeout() {
    let server = Server::start_with(&["--idle-timeout", "0.3"]);
    let sleep = becomes_sleep(server.pid(), "half");
    server.wait_stderr(&format!("dropped a message of client {}", sleep.pid()));
    // A rejection would have followed the note.
    deliver(server.pid(), b"after");
    assert_not_signalled(sleep);
    server.stop();
}

#[test]
fn a_program_executed_in_mid_message_is_not_signalled_at_shutdown() {
    let server = Server::start();
    let sleep = becomes_sleep(server.pid(), "half");
    server.stop();
    assert_not_signalled(sleep);
}

#[test]
fn a_server_that_becomes_another_program_is_not_signalled() {
    let server = Server::spawn(Command::new(program("broken")).arg("leaves"));
    let pid = server.pid().to_string();
    let output = run(minitalk([
        "send",
        "--lane",
        "bit",
        &pid,
        "more than 40 bits",
    ]));
    assert_eq!(output.status.code(), Some(8), "{output:?}");
    assert_not_signalled(server.into_process());
}

/// `/proc` does not show that the next signal will be the first that kills.
#[test]
fn a_process_that_handles_each_signal_once_survives() {
    for lane in ["auto", "bit", "word"] {
        let server = Server::spawn(Command::new(program("broken")).arg("resets"));
        let pid = server.pid().to_string();
        let output = run(minitalk(["send", "--lane", lane, &pid, "x"]));
        assert_eq!(output.status.code(), Some(8), "{lane}: {output:?}");
        assert_not_signalled(server.into_process());
    }
}

// ---- few descriptors -----------------------------------------------------------------------------------------------

/// A server without a descriptor for its clients must end: otherwise no client gets an answer.
#[test]
fn a_server_with_few_descriptors_serves_or_ends_with_an_error() {
    for limit in 4..=14 {
        let script = format!("ulimit -n {limit}; exec \"$0\" serve");
        let server = Process::spawn(&mut shell(&script));
        wait_until("the server is ready or has ended", || {
            !server.is_running() || server.stdout().contains(&b'\n')
        });
        let pid = server.pid().to_string();
        let sent = run(minitalk(["send", "--timeout", "20", &pid, "x"]));
        if sent.status.success() {
            kill(server.pid(), libc::SIGTERM);
            assert_success(&server.output());
        } else {
            // It may have printed its PID before.
            assert_ne!(sent.status.code(), Some(6), "{limit}: no answer");
            let output = server.output();
            assert_eq!(
                output.status.code(),
                Some(1),
                "{limit}: {output:?}, {sent:?}"
            );
        }
    }
}

// ---- filters of system calls --------------------------------------------------------------------------------------

const OPEN: i64 = libc::SYS_pidfd_open;
const SEND: i64 = libc::SYS_pidfd_send_signal;

/// This holds for every error of a filter, and for each of the calls.
#[test]
fn both_ends_fall_back_to_kill_when_a_filter_denies_pidfds() {
    for errno in [
        libc::EPERM,
        libc::EACCES,
        libc::ENOSYS,
        libc::EINVAL,
        libc::ESRCH,
    ] {
        for calls in [[OPEN; 2], [SEND; 2], [OPEN, SEND]] {
            // ESRCH from this call also means that the process has ended, which cannot be told apart.
            if errno == libc::ESRCH && calls == [SEND; 2] {
                continue;
            }
            let mut command = minitalk(["serve"]);
            let server = Server::spawn(without_syscalls(&mut command, calls, errno));
            let pid = server.pid().to_string();
            let mut command = minitalk(["send", &pid, "by number"]);
            let output = run(without_syscalls(&mut command, calls, errno));
            assert!(output.status.success(), "{errno} {calls:?}: {output:?}");
            assert!(
                stderr(&output).contains("falling back to kill"),
                "{output:?}"
            );
            server.assert_printed(&[b"by number"]);
            server.stop();
        }
    }
}

/// The error must not blame another user for it.
#[test]
fn signals_denied_by_a_filter_are_reported() {
    let calls = [SEND, libc::SYS_rt_sigqueueinfo];
    let server = Server::start();
    let pid = server.pid().to_string();
    let mut command = minitalk(["send", &pid, "x"]);
    let output = run(without_syscalls(&mut command, calls, libc::EPERM));
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(stderr(&output).contains("seccomp"), "{output:?}");
    server.stop();

    let mut command = minitalk(["serve"]);
    let server = Server::spawn(without_syscalls(&mut command, calls, libc::EPERM));
    let pid = server.pid().to_string();
    // A slow server finds out later, and needs a client that still waits.
    let is_told = ["0.3", "3", "30"].into_iter().any(|timeout| {
        let output = run(minitalk(["send", "--timeout", timeout, &pid, "x"]));
        assert_eq!(output.status.code(), Some(6), "{output:?}");
        server
            .stderr()
            .contains("gets no acknowledgements: signals")
    });
    assert!(is_told, "{}", server.stderr());
    server.stop();
}

/// A server that cannot work must neither ignore SIGTERM nor retry the system call for ever.
#[test]
fn a_server_whose_system_calls_a_filter_denies_ends_with_an_error() {
    let calls = [
        [libc::SYS_rt_sigtimedwait; 2],
        // The C library decides which of the two is called.
        [libc::SYS_epoll_pwait, EPOLL_WAIT],
        [libc::SYS_epoll_create1; 2],
    ];
    for errno in [libc::EPERM, libc::ENOSYS, libc::EINVAL] {
        for calls in calls {
            let mut command = minitalk(["serve"]);
            let server = Process::spawn(without_syscalls(&mut command, calls, errno));
            wait_until("the server is ready or has ended", || {
                !server.is_running() || server.stdout().contains(&b'\n')
            });
            // If it is ready, the end of a client causes the denied call.
            let pid = server.pid().to_string();
            if server.is_running() {
                run(minitalk(["send", "--timeout", "1", &pid, "x"]));
            }
            let output = server.output();
            assert_eq!(
                output.status.code(),
                Some(1),
                "{errno} {calls:?}: {output:?}"
            );
            assert!(!stderr(&output).is_empty());
        }
    }
}

#[cfg(target_arch = "x86_64")]
const EPOLL_WAIT: i64 = libc::SYS_epoll_wait;
#[cfg(not(target_arch = "x86_64"))]
const EPOLL_WAIT: i64 = libc::SYS_epoll_pwait;

/// It must neither abort, nor wait for ever for a server whose end the kernel does not tell it.
#[test]
fn a_demo_whose_system_calls_a_filter_denies_ends() {
    // The C library decides how a thread is started, so the first may be denied without an effect.
    for call in [
        libc::SYS_clone3,
        libc::SYS_wait4,
        libc::SYS_readlinkat,
        READLINK,
    ] {
        for errno in [libc::EPERM, libc::ENOSYS] {
            let mut command = minitalk(["demo", "x"]);
            let output = run(without_syscalls(&mut command, [call; 2], errno));
            let code = output.status.code();
            assert!(
                matches!(code, Some(0 | 1 | 7)),
                "{call} {errno}: {output:?}"
            );
        }
    }
}

/// To find out whether `/proc` is ours takes a call that a client does not need.
#[test]
fn a_client_delivers_when_a_filter_denies_reading_links() {
    let server = Server::start();
    let mut command = minitalk(["send", &server.pid().to_string(), "x"]);
    let client = without_syscalls(&mut command, [READLINK, libc::SYS_readlinkat], libc::EPERM);
    assert_success(&run(client));
    server.assert_printed(&[b"x"]);
    server.stop();
}

#[cfg(target_arch = "x86_64")]
const READLINK: i64 = libc::SYS_readlink;
#[cfg(not(target_arch = "x86_64"))]
const READLINK: i64 = libc::SYS_readlinkat;

/// Random numbers only make the nonce of a transfer hard to guess.
#[test]
fn a_client_delivers_when_a_filter_denies_random_numbers() {
    let server = Server::start();
    let pid = server.pid().to_string();
    for errno in [libc::EPERM, libc::EACCES, libc::ENOSYS] {
        let mut command = minitalk(["send", &pid, "x"]);
        let client = without_syscalls(&mut command, [libc::SYS_getrandom; 2], errno);
        assert_success(&run(client));
    }
    server.assert_printed(&[b"x", b"x", b"x"]);
    server.stop();
}

/// Without pidfd_open, which rejects a thread's ID, another check must do so.
#[test]
fn the_id_of_a_thread_is_rejected_without_pidfds() {
    let server = Server::start();
    let mut command = minitalk(["send", "--force", &other_thread(server.pid()), "x"]);
    let output = run(without_syscalls(&mut command, [OPEN; 2], libc::EACCES));
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    server.stop();
}

// ---- /proc ---------------------------------------------------------------------------------------------------------

/// There a PID is that of another process, whose handlers say nothing about the process that would be signalled.
#[test]
fn no_process_is_signalled_if_proc_shows_another_pid_namespace() {
    // The first child would take the namespace with it. Its target is PID 2 there, and another process or none here.
    let script =
        "sleep 1000 & \"$0\" send $! x; echo $?; \"$0\" list; echo $?; kill $!; wait $!; echo $?";
    let mut command = Command::new("sh");
    command.args(["-c", "sh -c \"$1\" \"$0\"; exit", MINITALK, script]);
    with_children_in_pid_namespace(&mut command);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    match command.stderr(Stdio::piped()).output() {
        Ok(output) => {
            let ended = 128 + libc::SIGTERM;
            let printed = String::from_utf8_lossy(&output.stdout);
            assert_eq!(printed, format!("1\n1\n{ended}\n"), "{output:?}");
            let text = "/proc is not mounted, or shows another PID namespace\n";
            assert_eq!(stderr(&output).matches(text).count(), 2, "{output:?}");
        }
        Err(error) => eprintln!("skipped: no new PID namespace: {error}"),
    }
}
