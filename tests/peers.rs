//! The process at the other end: it becomes another program, is hidden by a filter of system calls, is only claimed, or breaks the
//! protocol.

mod common;

use std::io::Read;
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use common::*;

// ---- processes that become another program ------------------------------------------------------------------------

/// A client in C that executes sleep at `stage`; returns once it has.
fn becomes_sleep(server: i32, stage: &str) -> Process {
    let mut command = Command::new(program("words"));
    let text = "longer than one word of 24 bytes, whatever the frame adds";
    let client = Process::spawn(command.args([&server.to_string(), text, stage]));
    wait_until("it is sleep", || {
        assert!(client.is_running(), "it ended before");
        command_of(client.pid()) == "sleep"
    });
    client
}

/// Whichever signal came first is what it dies of, even if it has not run since.
fn assert_not_signalled(sleep: Process) {
    kill(sleep.pid(), libc::SIGTERM);
    let output = sleep.output();
    assert_eq!(signal_of(&output), Some(libc::SIGTERM), "{output:?}");
}

#[test]
fn a_program_executed_before_the_output_moves_is_not_signalled() {
    let mut command = minitalk(["serve", "--format", "raw"]);
    let (mut reader, writer) = std::io::pipe().unwrap();
    // SAFETY: F_SETPIPE_SZ takes an integer and touches no memory.
    let size = unsafe { libc::fcntl(writer.as_raw_fd(), libc::F_SETPIPE_SZ, 4096) };
    let server = Process::spawn_with_own_stdout(command.stdout(writer));
    drop(command);
    server.wait_stderr("\n");
    let pid = server.pid().to_string();
    let full = vec![b'f'; size.try_into().unwrap()];
    assert_success(&run_with(minitalk(["send", &pid]), &full));
    let sleep = becomes_sleep(server.pid(), "whole");
    let last = Process::spawn(&mut minitalk(["send", &pid, "last"]));
    let mut printed = Vec::new();
    while !printed.ends_with(b"last") {
        let mut byte = [0];
        reader.read_exact(&mut byte).unwrap();
        printed.push(byte[0]);
    }
    // Its message was written before the last, whose client has been answered.
    assert_success(&last.output());
    assert_not_signalled(sleep);
    kill(server.pid(), libc::SIGTERM);
    assert_success(&server.output());
}

#[test]
fn a_program_executed_in_mid_message_is_not_signalled_when_it_is_idle() {
    let server = Server::start_with(&["--idle-timeout", "0.3"]);
    let sleep = becomes_sleep(server.pid(), "half");
    server.wait_stderr(&format!("dropped a message of client {}", sleep.pid()));
    // The rejection follows the note.
    deliver(server.pid(), b"after");
    assert_not_signalled(sleep);
    server.stop();
}

#[test]
fn a_program_executed_in_mid_message_is_not_signalled_at_the_end() {
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

// ---- servers that break the protocol ------------------------------------------------------------------------------

/// Whatever they answer, a client ends at its timeout, which counts from the last progress.
#[test]
fn a_server_whose_answers_lead_nowhere_is_given_up() {
    for way in ["forgets", "stands"] {
        let server = Server::spawn(Command::new(program("broken")).arg(way));
        let pid = server.pid().to_string();
        let output = run(minitalk(["send", "--timeout", "0.5", &pid, "hello"]));
        assert_eq!(output.status.code(), Some(6), "{way}: {output:?}");
    }
}

// ---- processes that are only claimed ------------------------------------------------------------------------------

/// Children that end with this.
struct Sleepers(Vec<Child>);

impl Drop for Sleepers {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Sends `server` the first hello of a client with the PID `claimed`.
fn forge_hello(server: i32, claimed: i32) {
    const HELLO: u64 = 0x10 << 56 | 5 << 40 | 1;
    let mut info = [0i32; 32];
    (info[0], info[2]) = (libc::SIGUSR1, libc::SI_QUEUE);
    // SAFETY: getuid takes nothing.
    (info[4], info[5]) = (claimed, unsafe { libc::getuid() } as i32);
    (info[6], info[7]) = (HELLO as i32, (HELLO >> 32) as i32);
    // SAFETY: the array has the size of a siginfo_t and lives for the whole call.
    let sent = unsafe {
        libc::syscall(
            libc::SYS_rt_sigqueueinfo,
            server,
            libc::SIGUSR1,
            info.as_ptr(),
        )
    };
    assert_eq!(sent, 0);
}

/// A server that has no descriptor for a client says so, instead of leaving every client without an answer.
#[test]
fn a_server_with_few_descriptors_takes_a_client_or_ends() {
    for limit in 4..=14 {
        let script = format!("ulimit -n {limit}; exec \"$0\" serve");
        let server = Process::spawn(Command::new("sh").args(["-c", &script, MINITALK]));
        wait_until("it is ready, or has ended", || {
            !server.is_running() || server.stdout().contains(&b'\n')
        });
        let pid = server.pid().to_string();
        let sent = run(minitalk(["send", "--timeout", "20", &pid, "x"]));
        if sent.status.success() {
            kill(server.pid(), libc::SIGTERM);
            assert_success(&server.output());
        } else {
            // It may have said its PID before.
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

/// One process names as many others as the server may have descriptors, and honest clients do not notice.
#[test]
fn claimed_processes_do_not_take_the_descriptors_of_honest_ones() {
    const LIMIT: u64 = 32;
    let mut command = minitalk(["serve"]);
    let limit = libc::rlimit {
        rlim_cur: LIMIT,
        rlim_max: LIMIT,
    };
    // SAFETY: between fork and exec the closure makes one system call, with a structure of its own.
    unsafe {
        command.pre_exec(
            move || match libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) {
                0 => Ok(()),
                _ => Err(std::io::Error::last_os_error()),
            },
        )
    };
    let server = Server::spawn(&mut command);
    let mut sleepers = Sleepers(Vec::new());
    for _ in 0..LIMIT {
        let sleep = Command::new("sleep")
            .arg("1000")
            .stdin(Stdio::null())
            .spawn();
        sleepers.0.push(sleep.unwrap());
    }
    for sleep in &sleepers.0 {
        forge_hello(server.pid(), sleep.id().try_into().unwrap());
        let taken = || {
            let status = minitalk::internals::process::proc::status(
                minitalk::Pid::new(server.pid()).unwrap(),
            );
            status.is_ok_and(|status| status.pending == 0)
        };
        wait_until("the server has taken the hello", taken);
    }
    for lane in LANES {
        let output = run(minitalk([
            "send",
            "--lane",
            lane,
            &server.pid().to_string(),
            "honest",
        ]));
        assert_success(&output);
    }
    let open = std::fs::read_dir(format!("/proc/{}/fd", server.pid())).unwrap();
    assert!(open.count() < LIMIT as usize);
    server.assert_printed(&[b"honest", b"honest"]);
    for sleep in &mut sleepers.0 {
        assert!(sleep.try_wait().unwrap().is_none(), "it was signalled");
    }
    server.stop();
}

// ---- filters of system calls --------------------------------------------------------------------------------------

const OPEN: i64 = libc::SYS_pidfd_open;
const SEND: i64 = libc::SYS_pidfd_send_signal;

/// Whatever error a filter gives, and to which of the calls: signals go by number.
#[test]
fn pidfds_that_a_filter_denies_are_done_without() {
    for errno in [
        libc::EPERM,
        libc::EACCES,
        libc::ENOSYS,
        libc::EINVAL,
        libc::ESRCH,
    ] {
        for calls in [[OPEN; 2], [SEND; 2], [OPEN, SEND]] {
            // No process at all, as far as this call says: there is nothing to tell it from the truth.
            if errno == libc::ESRCH && calls == [SEND; 2] {
                continue;
            }
            let mut command = minitalk(["serve"]);
            let server = Server::spawn(without_syscalls(&mut command, calls, errno));
            let pid = server.pid().to_string();
            let mut command = minitalk(["send", &pid, "by number"]);
            let output = run_built(without_syscalls(&mut command, calls, errno));
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

fn run_built(command: &mut Command) -> std::process::Output {
    Process::spawn(command).output()
}

/// What cannot be sent at all is not another user's doing.
#[test]
fn signals_that_a_filter_denies_are_said_to_be_denied() {
    let calls = [SEND, libc::SYS_rt_sigqueueinfo];
    let server = Server::start();
    let pid = server.pid().to_string();
    let mut command = minitalk(["send", &pid, "x"]);
    let output = run_built(without_syscalls(&mut command, calls, libc::EPERM));
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(stderr(&output).contains("seccomp"), "{output:?}");
    server.stop();

    let mut command = minitalk(["serve"]);
    let server = Server::spawn(without_syscalls(&mut command, calls, libc::EPERM));
    let pid = server.pid().to_string();
    let output = run(minitalk(["send", "--timeout", "0.3", &pid, "x"]));
    assert_eq!(output.status.code(), Some(6), "{output:?}");
    server.wait_stderr("gets no acknowledgements: signals");
    server.stop();
}

/// A server that cannot work says so and ends: it neither goes on without SIGTERM nor asks the kernel again for ever.
#[test]
fn a_server_whose_system_calls_a_filter_denies_ends_with_an_error() {
    let calls = [
        [libc::SYS_rt_sigtimedwait; 2],
        // Which of the two is called depends on the C library.
        [libc::SYS_epoll_pwait, EPOLL_WAIT],
        [libc::SYS_epoll_create1; 2],
    ];
    for errno in [libc::EPERM, libc::ENOSYS, libc::EINVAL] {
        for calls in calls {
            let mut command = minitalk(["serve"]);
            let server = Process::spawn(without_syscalls(&mut command, calls, errno));
            wait_until("it is ready, or has ended", || {
                !server.is_running() || server.stdout().contains(&b'\n')
            });
            // Where it is ready, the end of a client is what it asks for.
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

/// Random numbers make a transfer's name hard to guess, and it needs no more than a name.
#[test]
fn a_client_is_not_ended_by_a_filter_that_denies_random_numbers() {
    let server = Server::start();
    let pid = server.pid().to_string();
    for errno in [libc::EPERM, libc::EACCES, libc::ENOSYS] {
        let mut command = minitalk(["send", &pid, "x"]);
        let client = without_syscalls(&mut command, [libc::SYS_getrandom; 2], errno);
        assert_success(&run_built(client));
    }
    server.assert_printed(&[b"x", b"x", b"x"]);
    server.stop();
}

/// A thread's number is no process's, where no pidfd says so either.
#[test]
fn the_number_of_a_thread_is_no_process_without_pidfds() {
    let server = Server::start();
    let tasks = std::fs::read_dir(format!("/proc/{}/task", server.pid())).unwrap();
    let names = tasks.map(|task| task.unwrap().file_name().into_string().unwrap());
    let thread = names
        .into_iter()
        .find(|name| *name != server.pid().to_string());
    let mut command = minitalk(["send", "--force", &thread.unwrap(), "x"]);
    let output = run_built(without_syscalls(&mut command, [OPEN; 2], libc::EACCES));
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    server.stop();
}
