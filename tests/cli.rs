//! The command line: PIDs, options, formats, exit codes, the classic names.

mod common;

use std::os::unix::fs::symlink;
use std::process::Command;

use common::*;
use minitalk::Signal;

#[test]
fn an_invalid_pid_is_a_usage_error() {
    for pid in [
        "99A9E9",
        "",
        "0",
        "000",
        "-1",
        "2147483648",
        "-2147483649",
        "1.5",
        "0x10",
    ] {
        for args in [&[pid, "x"][..], &["--", pid, "x"]] {
            let output = send(args);
            assert_eq!(code(&output), 2, "{pid:?}: {output:?}");
            assert!(stderr(&output).contains("PID"), "{output:?}");
            assert_eq!(output.stdout, b"");
        }
    }
}

#[test]
fn an_unused_pid_is_reported() {
    // PID_MAX_LIMIT is 4194304 (proc_sys_kernel(5)); the last PID belonged to a child that has been reaped.
    let mut gone = Command::new("true").spawn().unwrap();
    gone.wait().unwrap();
    for pid in ["4194305", "2147483647", &gone.id().to_string()] {
        let output = send(&[pid, "x"]);
        assert_eq!(code(&output), 3, "{output:?}");
        assert!(stderr(&output).contains(pid), "{output:?}");
    }
}

#[test]
fn our_own_pid_is_refused() {
    let output = run(shell("exec \"$0\" send $$ x"));
    assert_eq!(code(&output), 5, "{output:?}");
}

#[test]
fn the_id_of_a_thread_is_rejected() {
    let server = Server::start();
    assert_eq!(code(&send(&[&other_thread(server.pid()), "x"])), 3);
    server.stop();
}

#[test]
fn a_bystander_is_refused_and_survives() {
    let mut sleep = Process::spawn(Command::new("sleep").arg("1000"));
    // Until its exec has succeeded, a child has the name of this program.
    wait_until("the child executes sleep", || {
        command_of(sleep.pid()) == "sleep"
    });
    let output = send(&["--timeout", "0.1", &sleep.pid().to_string(), "x"]);
    assert_eq!(code(&output), 5, "{output:?}");
    assert!(stderr(&output).contains("sleep"), "{output:?}");
    assert!(sleep.is_running());
    // Without the check the target is killed, which shows that the check is needed.
    let output = send(&["--force", &sleep.pid().to_string(), "x"]);
    assert_eq!(code(&output), 8, "{output:?}");
    assert!(!sleep.wait().success());
}

/// A process that cannot be looked at, for want of a descriptor, is no process that has ended.
#[test]
fn with_few_descriptors_the_list_is_complete_or_an_error() {
    let server = Server::start();
    let mut failures = 0;
    for limit in 4..=10 {
        let output = run(shell(&format!("ulimit -n {limit}; exec \"$0\" list")));
        let is_listed = String::from_utf8_lossy(&output.stdout).contains(&server.pid().to_string());
        let is_error = code(&output) == 1 && stderr(&output).contains("cannot list processes");
        assert!(is_listed || is_error, "{limit}: {output:?}");
        failures += u32::from(is_error);
    }
    assert!((1..7).contains(&failures), "{failures}");
    server.stop();
}

/// Many servers print their PID before they install their handlers.
#[test]
fn a_server_that_has_just_been_started_is_given_time_to_install_its_handlers() {
    let script = "sleep 0.5; trap : USR1 USR2; while :; do sleep 0.01; done";
    let server = Process::spawn(&mut shell(script));
    let pid = server.pid().to_string();
    assert_success(&send(&[
        "--timeout",
        "120",
        "--dialect",
        "paced",
        &pid,
        "x",
    ]));
}

/// Having a handler is not enough: an interactive shell catches SIGUSR1 and ends on it.
#[test]
fn a_bystander_that_catches_all_signals_is_refused_and_survives() {
    let bystander = Process::spawn(&mut Command::new(program("catchall")));
    bystander.wait_stdout(|bytes| bytes == b"ready\n");
    let output = send(&["--timeout", "0.1", &bystander.pid().to_string(), "x"]);
    assert_eq!(code(&output), 5, "{output:?}");
    assert!(
        stderr(&output).contains("catches all signals"),
        "{output:?}"
    );
    assert!(bystander.is_running());
}

#[test]
fn another_users_process_is_not_permitted() {
    let Some(nobody) = Nobody::new() else { return };
    let server = Server::start();
    let mut command = nobody.minitalk();
    command.args(["send", &server.pid().to_string(), "x"]);
    nobody.run_as(&mut command);
    let output = run(command);
    assert_eq!(code(&output), 4, "{output:?}");
    server.assert_printed(&[]);
    server.stop();
}

#[test]
fn a_client_that_the_server_may_not_signal_is_reported() {
    let Some(nobody) = Nobody::new() else { return };
    let server = Server::spawn(nobody.run_as(nobody.minitalk().arg("serve")));
    let pid = server.pid().to_string();
    let output = send(&[&pid, "x"]);
    assert_eq!(code(&output), 4, "{output:?}");
    assert_eq!(server.stderr(), "", "nothing was sent");
    // A slow server finds out later, and needs a client that still waits.
    let is_told = ["0.3", "3", "30"].into_iter().any(|timeout| {
        let output = send(&["--force", "--timeout", timeout, &pid, "x"]);
        assert_eq!(code(&output), 6, "{output:?}");
        server.stderr().contains("may not signal")
    });
    assert!(is_told, "{}", server.stderr());
    assert!(!server.stderr().contains("pidfd"), "{}", server.stderr());
}

#[test]
fn the_pid_file_exists_while_the_server_runs() {
    let folder = Folder::new("pid-file");
    let path = folder.0.join("run");
    let server = Server::start_with(&["--pid-file", path.to_str().unwrap()]);
    let pid = std::fs::read_to_string(&path).unwrap();
    assert_eq!(pid, format!("{}\n", server.pid()));
    server.stop();
    assert!(!path.exists());
    // A link, another file and the PID file of a running server are not replaced.
    let link = path.with_extension("link");
    symlink("/dev/null", &link).unwrap();
    std::fs::write(&path, "precious\n").unwrap();
    for (there, why) in [
        (&link, "it is not a regular file"),
        (&path, "the file exists and contains no PID"),
    ] {
        let output = run(minitalk(["serve", "--pid-file", there.to_str().unwrap()]));
        assert_eq!(code(&output), 1, "{output:?}");
        let text = format!("minitalk: cannot write the PID file {there:?}: {why}\n");
        assert_eq!(stderr(&output), text);
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious\n");
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    let running = Server::start();
    std::fs::write(&path, format!("{}\n", running.pid())).unwrap();
    let output = run(minitalk(["serve", "--pid-file", path.to_str().unwrap()]));
    assert!(stderr(&output).contains("still running"), "{output:?}");
    running.stop();
    // The PID file of a server that has ended is replaced.
    let server = Server::start_with(&["--pid-file", path.to_str().unwrap()]);
    server.stop();
}

#[test]
fn count_ends_the_server_after_that_many_messages() {
    let server = Server::start_with(&["--count", "3"]);
    for message in ["1", "2", "3"] {
        deliver(server.pid(), message.as_bytes());
    }
    let output = server.into_process().output();
    assert_success(&output);
    assert!(output.stdout.ends_with(b"\n1\n2\n3\n"));
}

#[test]
fn a_size_has_a_unit() {
    let server = Server::start_with(&["--max-message", "1K", "--max-memory", "16M"]);
    deliver(server.pid(), &[b'x'; 1024]);
    let output = send(&[&server.pid().to_string(), &"y".repeat(1025)]);
    assert_eq!(code(&output), 7, "{output:?}");
    server.stop();
}

#[test]
fn a_message_above_the_limit_is_rejected_at_once() {
    pin_to_one_cpu();
    let server = Server::start_with(&["--max-message", "100"]);
    deliver(server.pid(), &[b'x'; 100]);
    let output = send(&[&server.pid().to_string(), &"y".repeat(100_000)]);
    assert_eq!(code(&output), 7, "{output:?}");
    assert!(stderr(&output).contains("limit"), "{output:?}");
    deliver(server.pid(), b"next");
    server.assert_printed(&[&[b'x'; 100], b"next"]);
    // The client has sent it twice: in words, and in bits.
    let notes = stderr(&server.stop());
    assert_eq!(notes.matches("dropped").count(), 1, "{notes}");
}

#[test]
fn a_message_that_looks_like_an_option_can_be_sent() {
    let server = Server::start();
    let pid = server.pid().to_string();
    assert_success(&send(&[&pid, "--", "--force"]));
    assert_success(&send(&["--", &pid, "-"]));
    assert_success(&run_with(minitalk(["send", &pid, "-"]), b"stdin"));
    server.assert_printed(&[b"--force", b"-", b"stdin"]);
    server.stop();
}

#[test]
fn a_standard_input_that_cannot_be_read_is_reported() {
    let server = Server::start();
    for (input, why) in [
        ("<&-", "it is closed"),
        ("0>/dev/null", "Bad file descriptor (os error 9)"),
        ("</", "Is a directory (os error 21)"),
    ] {
        for command in ["send", "chat"] {
            let mut command = shell(&format!("exec \"$0\" {command} \"$1\" {input}"));
            let output = run(command.arg(server.pid().to_string()));
            assert_eq!(code(&output), 1, "{output:?}");
            let text = format!("minitalk: cannot read standard input: {why}\n");
            assert!(stderr(&output).ends_with(&text), "{output:?}");
        }
    }
    server.assert_printed(&[]);
    server.stop();
}

#[test]
fn the_demo_prints_the_reply() {
    for lane in ["bit", "word"] {
        let output = run(minitalk(["demo", "--lane", lane, "a demonstration"]));
        assert_success(&output);
        assert_eq!(output.stdout, b"a demonstration\n");
        for wanted in [
            "PID",
            "sent 15 bytes",
            &format!("({lane}s)"),
            "retransmissions",
            "replied with 15 bytes",
            "identical",
        ] {
            assert!(stderr(&output).contains(wanted), "{output:?}");
        }
    }
    let output = run_with(minitalk(["demo"]), b"\0from\xFFa pipe");
    assert_success(&output);
    assert_eq!(output.stdout, b"\0from\xFFa pipe\n");
    let output = run(minitalk(["demo"]));
    assert_success(&output);
    assert!(output.stdout.len() > 10, "no default text");
}

#[test]
fn the_classic_pair_delivers_messages() {
    let server_link = Link::new("server", "classic");
    let client_link = Link::new("client", "classic");
    let server = Server::spawn(&mut server_link.command(&[]));
    let pid = server.pid().to_string();
    assert_eq!(command_of(server.pid()), "server");
    for message in ["-", "", "--help", "héllo"] {
        let output = run(client_link.command(&[&pid, message]));
        assert_success(&output);
        assert!(output.stdout.is_empty() && output.stderr.is_empty());
    }
    server.assert_printed(&[b"-", b"", b"--help", "héllo".as_bytes()]);
    assert!(!handles(server.pid(), Signal::WORD), "it takes words");
    server.stop();
    // Its client does not use them either.
    let server = Server::start_with(&["--trace"]);
    let output = run(client_link.command(&[&server.pid().to_string(), "bits"]));
    assert_success(&output);
    let trace = stderr(&server.stop());
    assert!(trace.contains("open, in bits"), "{trace}");
}

#[test]
fn the_classic_pair_reports_errors_on_stdout() {
    let server = Link::new("server", "classic-errors");
    let client = Link::new("client", "classic-errors");
    for command in [
        server.command(&["extra"]),
        client.command(&[]),
        client.command(&["1"]),
        client.command(&["1", "two", "words"]),
        client.command(&["x"]),
        client.command(&["-1", "x"]),
        client.command(&["4194305", "x"]),
        client.command(&["", "x"]),
    ] {
        let output = run(command);
        assert_ne!(code(&output), 0);
        assert!(output.stdout.starts_with(b"Error: "), "{output:?}");
        assert_eq!(output.stderr, b"");
    }
}

#[test]
fn an_error_names_the_process_and_its_command() {
    let server = Server::start_with(&["--max-message", "3"]);
    let pid = server.pid();
    let output = send(&[&pid.to_string(), "four"]);
    assert_eq!(code(&output), 7, "{output:?}");
    let text = stderr(&output);
    assert!(text.contains(&format!("PID {pid} (minitalk): ")), "{text}");
    assert!(text.contains("--max-message"), "{text}");
    server.stop();
    let text = stderr(&send(&[&pid.to_string(), "x"]));
    assert!(text.contains(&format!("PID {pid}: ")), "{text}");
}

#[test]
fn a_client_that_ends_in_mid_byte_does_not_corrupt_the_next_message() {
    let server = Server::start_with(&["--dialect", "classic"]);
    let pid = server.pid().to_string();
    let output = send(&["-v", "--dialect", "classic", "--first", "11", &pid, "half"]);
    assert_success(&output);
    let said = "minitalk: sent 11 signals, then ended (--first)\n";
    assert_eq!(stderr(&output), said, "{output:?}");
    server.wait_stderr("after 1 byte:");
    assert_success(&send(&["--dialect", "classic", &pid, "whole"]));
    server.assert_printed(&[b"whole"]);
    server.stop();
}

#[test]
fn a_missing_acknowledgement_is_reported_with_its_signal_number() {
    let server = Server::start_with(&["--dialect", "ack=none"]);
    let pid = server.pid().to_string();
    let output = send(&["--dialect", "classic", "--timeout", "0.3", &pid, "x"]);
    assert_eq!(code(&output), 6, "{output:?}");
    assert!(stderr(&output).contains("signal number 1"), "{output:?}");
    server.stop();
}

#[test]
fn servers_are_found_by_their_names() {
    let us = std::process::id();
    let names = [format!("a{us}"), format!("b{us}")];
    let start = |name: &str| Server::start_with(&["--name", name, "--dialect", "lsb"]);
    let (one, other, third) = (start(&names[0]), start(&names[1]), start(&names[1]));
    assert_success(&send(&[&names[0], "by name"]));
    one.assert_printed(&[b"by name"]);
    let listed = run(minitalk(["list"]));
    assert_success(&listed);
    let text = String::from_utf8(listed.stdout).unwrap();
    let row = text.lines().find(|line| line.contains(&names[0])).unwrap();
    assert!(row.contains(&one.pid().to_string()), "{row}");
    assert!(row.contains("lsb") && row.contains("bit, word"), "{row}");
    let listed = run(minitalk(["list", "--json"]));
    assert_success(&listed);
    let text = String::from_utf8(listed.stdout).unwrap();
    for line in text.lines() {
        let keys = json_keys(line);
        assert_eq!(
            keys.join(" "),
            "pid name kind uid user lanes dialect seconds",
            "{line}"
        );
    }
    let begin = format!(
        "{{\"pid\":{},\"name\":\"{}\",\"kind\":\"server\",\"uid\":",
        one.pid(),
        names[0]
    );
    let object = text.lines().find(|line| line.starts_with(&begin)).unwrap();
    let end = "\"lanes\":[\"bit\",\"word\"],\"dialect\":\"lsb\",\"seconds\":";
    assert!(object.contains(end), "{object}");
    let ambiguous = send(&[&names[1], "x"]);
    assert_eq!(code(&ambiguous), 2, "{ambiguous:?}");
    for server in [&other, &third] {
        let pid = server.pid().to_string();
        assert!(stderr(&ambiguous).contains(&pid), "{ambiguous:?}");
        server.assert_printed(&[]);
    }
    let nobody = send(&["nobody-here", "x"]);
    assert_eq!(code(&nobody), 3, "{nobody:?}");
    let mistyped = send(&[&format!("{}x", names[0]), "x"]);
    assert_eq!(code(&mistyped), 3, "{mistyped:?}");
    let meant = format!("did you mean {}?", names[0]);
    assert!(stderr(&mistyped).contains(&meant), "{mistyped:?}");
    let bad = run(minitalk(["serve", "--name", "4242"]));
    assert_eq!(code(&bad), 2, "{bad:?}");
    for server in [one, other, third] {
        server.stop();
    }
}

#[test]
fn a_supervisor_is_notified_when_the_server_is_ready() {
    let folder = Folder::new("notify");
    let path = folder.0.join("socket");
    let socket = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(WATCHDOG)).unwrap();
    let server = Server::spawn(minitalk(["serve"]).env("NOTIFY_SOCKET", &path));
    let mut buffer = [0; 64];
    let count = socket.recv(&mut buffer).unwrap();
    assert_eq!(&buffer[..count], b"READY=1\n");
    server.stop();
    std::fs::remove_file(&path).unwrap();
    let output = run(minitalk(["serve"]).env("NOTIFY_SOCKET", &path));
    assert_eq!(code(&output), 1, "{output:?}");
    assert!(stderr(&output).contains("NOTIFY_SOCKET"), "{output:?}");
    let server = Server::spawn(minitalk(["serve"]).env("NOTIFY_SOCKET", ""));
    deliver(server.pid(), b"there is no supervisor");
    server.stop();
}

#[test]
fn a_hangup_leaves_a_server_running() {
    let server = Server::start();
    kill(server.pid(), libc::SIGHUP);
    deliver(server.pid(), b"still there");
    server.assert_printed(&[b"still there"]);
    server.stop();
}
