//! The start and the end of a command: stray signals before it is ready, leftover processes, its PID file.

mod common;

use std::io::Write;
use std::os::fd::AsRawFd;
use std::process::Stdio;

use common::*;

// ---- stray signals ------------------------------------------------------------------------------------------------

/// While a command reads its message it can be signalled.
#[test]
fn a_stray_signal_does_not_end_a_command_that_reads_its_input() {
    let server = Server::start();
    let pid = server.pid().to_string();
    let mut messages = Vec::new();
    for args in [
        &["send", &pid][..],
        &["send", "--lane", "bit", &pid],
        &["demo"],
    ] {
        for signal in [libc::SIGUSR1, libc::SIGUSR2, 44] {
            let client = Process::spawn(minitalk(args).stdin(Stdio::piped()));
            let mut input = client.take_stdin();
            input.write_all(b"slowly ").unwrap();
            wait_until("the client has read its input", || unread(&client) == 0);
            wait_state(client.pid(), 'S');
            kill(client.pid(), signal);
            input.write_all(b"typed").unwrap();
            drop(input);
            assert_success(&client.output());
            if args[0] == "send" {
                messages.push(&b"slowly typed"[..]);
            }
        }
    }
    server.assert_printed(&messages);
    server.stop();
}

/// Calls `f` while a command is blocked by a full pipe; then reads the pipe and returns the exit status.
fn while_output_is_blocked(args: &[&str], f: impl FnOnce(&Process)) -> std::process::ExitStatus {
    let (mut reader, writer) = full_pipe();
    let mut process = Process::spawn_with_own_stdout(minitalk(args).stdout(writer));
    wait_until("the command is blocked in a write", || {
        let wchan = format!("/proc/{}/wchan", process.pid());
        let syscall = format!("/proc/{}/syscall", process.pid());
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        read(wchan).contains("pipe_write")
            || read(syscall).starts_with(&format!("{} ", libc::SYS_write))
    });
    f(&process);
    std::thread::spawn(move || std::io::copy(&mut reader, &mut std::io::sink()));
    process.wait()
}

/// A client may send to the PID of a server that has just ended, and that PID may now be any command's.
#[test]
fn a_stray_signal_does_not_end_any_command() {
    for args in [&["list"][..], &["man"], &["help", "serve"], &["dialects"]] {
        for signal in [libc::SIGUSR1, libc::SIGUSR2, 44] {
            let status = while_output_is_blocked(args, |process| kill(process.pid(), signal));
            assert!(status.success(), "{args:?}: {status:?}");
        }
    }
}

/// The checked program starts with the default signal dispositions, as it would from a shell.
#[test]
fn a_check_survives_stray_signals_but_its_children_do_not_ignore_them() {
    let folder = Folder::new("checked");
    let text = "cat /proc/self/status > \"$0.part\"; mv \"$0.part\" \"$0.status\"; exec sleep 60";
    let script = folder.script("server", text);
    let check = Process::spawn(minitalk(["check", "--server"]).arg(&script));
    let status = folder.0.join("server.status");
    wait_until("the server has been started", || status.exists());
    for signal in [libc::SIGUSR1, libc::SIGUSR2, 44] {
        kill(check.pid(), signal);
    }
    let status = std::fs::read_to_string(status).unwrap();
    let ignored = status.lines().find_map(|l| l.strip_prefix("SigIgn:"));
    let ignored = u64::from_str_radix(ignored.unwrap().trim(), 16).unwrap();
    let lanes = [libc::SIGUSR1, libc::SIGUSR2, 44].map(|signal| 1u64 << (signal - 1));
    assert_eq!(ignored & lanes.iter().sum::<u64>(), 0, "{status}");
    let output = check.output();
    assert_eq!(output.status.code(), Some(9), "{output:?}");
}

/// Another process that shares the terminal or the pipe can have made it non-blocking.
#[test]
fn a_message_is_read_from_nonblocking_input() {
    let server = Server::start();
    let (input, mut writer) = std::io::pipe().unwrap();
    // SAFETY: the request takes an integer, and the descriptor is open.
    assert_eq!(0, unsafe {
        libc::fcntl(input.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK)
    });
    let mut command = minitalk(["send", &server.pid().to_string()]);
    let client = Process::spawn(command.stdin(input));
    for part in ["slowly ", "typed"] {
        wait_state(client.pid(), 'S');
        writer.write_all(part.as_bytes()).unwrap();
    }
    drop(writer);
    assert_success(&client.output());
    server.assert_printed(&[b"slowly typed"]);
    server.stop();
}

/// The file is not read first: the memory limit here would not allow that.
#[test]
fn a_file_longer_than_any_message_is_rejected_unread() {
    let folder = Folder::new("long");
    let file = folder.0.join("file");
    std::fs::File::create(&file)
        .unwrap()
        .set_len(1 << 33)
        .unwrap();
    let server = Server::start();
    let mut command = shell("ulimit -v 400000; exec \"$0\" send \"$1\" --file \"$2\"");
    let output = run(command.arg(server.pid().to_string()).arg(&file));
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(stderr(&output).contains("longest message"), "{output:?}");
    server.stop();
}

/// Returns the number of unread bytes in the pipe to a process's standard input.
fn unread(process: &Process) -> i32 {
    let input = std::fs::File::open(format!("/proc/{}/fd/0", process.pid())).unwrap();
    let mut count = 0;
    // SAFETY: the request writes one int, which lives for the whole call.
    let asked = unsafe { libc::ioctl(input.as_raw_fd(), libc::FIONREAD, &raw mut count) };
    assert_eq!(asked, 0);
    count
}

/// A parent can block the signals for the time that the loader takes.
#[test]
fn a_command_started_with_the_signals_blocked_survives_early_strays() {
    for signal in [libc::SIGUSR1, libc::SIGUSR2, 44].repeat(5) {
        let mut command = minitalk(["serve"]);
        let server = Process::spawn(with_signals_blocked(&mut command));
        kill(server.pid(), signal);
        server.wait_stdout(|bytes| bytes.contains(&b'\n'));
        deliver(server.pid(), b"alive");
        kill(server.pid(), libc::SIGTERM);
        assert_success(&server.output());
    }
}

/// A server for the bit lane alone does not catch the signal of words, but must survive it.
#[test]
fn a_stray_on_an_unused_lane_does_not_end_a_server() {
    let server = Server::start_with(&["--lane", "bit"]);
    kill(server.pid(), 44);
    deliver(server.pid(), b"still there");
    server.assert_printed(&[b"still there"]);
    server.stop();
}

// ---- ignored signals ----------------------------------------------------------------------------------------------

/// While SIGCHLD is ignored the kernel keeps no exit status, and an ignored SIGTERM would be inherited by the demo's server.
#[test]
fn commands_that_start_programs_do_so_when_started_with_signals_ignored() {
    for signals in [&[libc::SIGCHLD][..], &[libc::SIGTERM, libc::SIGINT]] {
        let mut command = minitalk(["demo", "there and back"]);
        let output = run(with_signals_ignored(&mut command, signals));
        assert_success(&output);
        assert_eq!(output.stdout, b"there and back\n");
    }
    let mut command = minitalk(["serve", "--count", "1", "--exec", "cat"]);
    let server = Server::spawn(with_signals_ignored(&mut command, &[libc::SIGCHLD]));
    let pid = server.pid().to_string();
    let output = run(minitalk(["send", "--reply", &pid, "x"]));
    assert_success(&output);
    assert_eq!(output.stdout, b"x");
    assert_success(&server.into_process().output());
}

// ---- leftover processes -------------------------------------------------------------------------------------------

/// The server of a demo ends with the demo, whatever ends it and even if the server is stopped.
#[test]
fn a_demo_ended_by_a_signal_leaves_no_server_behind() {
    for (signal, is_stopped) in [
        (libc::SIGKILL, false),
        (libc::SIGHUP, false),
        (libc::SIGQUIT, false),
        (libc::SIGINT, false),
        (libc::SIGTERM, false),
        // A demo that did not end at once would end by its timeout, with an exit code.
        (libc::SIGINT, true),
        (libc::SIGTERM, true),
    ] {
        let demo = Process::spawn_fed(&mut minitalk(["demo"]), noise(1 << 20));
        demo.wait_stderr(", sending");
        let text = demo.stderr();
        let pid = text.split_once("server: PID ").unwrap().1;
        let pid: i32 = pid.split_once(',').unwrap().0.parse().unwrap();
        assert_eq!(command_of(pid), "minitalk");
        if is_stopped {
            kill(pid, libc::SIGSTOP);
            wait_state(pid, 'T');
        }
        kill(demo.pid(), signal);
        let output = demo.output();
        assert_eq!(signal_of(&output), Some(signal), "{output:?}");
        // It stays a zombie if no process reaps it.
        wait_until("the server of the demo has ended", || {
            matches!(state_of(pid), 'Z' | 'X')
        });
    }
}

// ---- the PID file -------------------------------------------------------------------------------------------------

#[test]
fn a_pid_file_is_not_written_through_a_link() {
    let folder = Folder::new("planted");
    let victim = folder.0.join("victim");
    std::fs::write(&victim, "mine").unwrap();
    // The shell's PID becomes the server's, so the links have the names of possible temporary files.
    let script = "for name in run.$$ run.$$.0 run.$$.1; do ln -s victim \"$1/$name\"; done
        exec \"$0\" serve --pid-file \"$1/run\"";
    let server = Server::spawn(shell(script).arg(&folder.0));
    let pid_file = folder.0.join("run");
    let text = std::fs::read_to_string(&pid_file).unwrap();
    assert_eq!(text, format!("{}\n", server.pid()));
    assert_eq!(std::fs::read_to_string(&victim).unwrap(), "mine");
    server.stop();
    assert!(!pid_file.exists());
    assert_eq!(std::fs::read_to_string(&victim).unwrap(), "mine");
}

/// This holds without a PID file and with one of a server that has ended.
#[test]
fn only_one_of_several_starting_servers_gets_the_pid_file() {
    let folder = Folder::new("at-once");
    let pid_file = folder.0.join("run");
    for round in 0..20 {
        if round % 2 == 1 {
            // No process has this PID: it is above the kernel's limit.
            std::fs::write(&pid_file, "2147483647\n").unwrap();
        }
        // All of them wait for their gates, so that they start together.
        let mut gates = Vec::new();
        let start = |_| {
            let (input, gate) = std::io::pipe().unwrap();
            gates.push(gate);
            let mut command = shell("read go; exec \"$0\" serve --pid-file \"$1\"");
            Process::spawn(command.arg(&pid_file).stdin(input))
        };
        let servers: Vec<_> = (0..6).map(start).collect();
        for server in &servers {
            wait_state(server.pid(), 'S');
        }
        for gate in &mut gates {
            gate.write_all(b"go\n").unwrap();
        }
        let is_decided =
            |server: &Process| server.stdout().contains(&b'\n') || !server.is_running();
        wait_until("each server runs or has ended", || {
            servers.iter().all(is_decided)
        });
        let (running, ended): (Vec<_>, Vec<_>) =
            servers.into_iter().partition(|server| server.is_running());
        assert_eq!(running.len(), 1, "round {round}");
        let text = std::fs::read_to_string(&pid_file).unwrap();
        assert_eq!(text, format!("{}\n", running[0].pid()));
        for server in ended {
            let output = server.output();
            assert_eq!(output.status.code(), Some(1), "{output:?}");
            assert!(stderr(&output).contains("still running"), "{output:?}");
        }
        for server in running {
            kill(server.pid(), libc::SIGTERM);
            assert_success(&server.output());
        }
        assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 0);
    }
}

/// The server that wrote the file was killed, and its PID now belongs to another server.
#[test]
fn a_pid_file_with_a_reused_pid_is_replaced() {
    let folder = Folder::new("reused");
    let pid_file = folder.0.join("run");
    let other = Server::start();
    let mut file = std::fs::File::create(&pid_file).unwrap();
    writeln!(file, "{}", other.pid()).unwrap();
    let hour = std::time::Duration::from_secs(3600);
    file.set_modified(std::time::SystemTime::now() - hour)
        .unwrap();
    let server = Server::spawn(minitalk(["serve", "--pid-file"]).arg(&pid_file));
    let text = std::fs::read_to_string(&pid_file).unwrap();
    assert_eq!(text, format!("{}\n", server.pid()));
    server.stop();
    other.stop();
}

#[test]
fn a_pid_file_that_has_been_replaced_is_not_removed() {
    let folder = Folder::new("replaced");
    let pid_file = folder.0.join("run");
    let server = Server::spawn(minitalk(["serve", "--pid-file"]).arg(&pid_file));
    let text = std::fs::read(&pid_file).unwrap();
    std::fs::remove_file(&pid_file).unwrap();
    std::fs::write(&pid_file, text).unwrap();
    server.stop();
    assert!(pid_file.exists());
}
