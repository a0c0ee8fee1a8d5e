//! The command line: PIDs, options, formats, exit codes, the classic names.

mod common;

use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use common::*;

fn code(output: &std::process::Output) -> i32 {
    output.status.code().unwrap()
}

fn send(args: &[&str]) -> std::process::Output {
    run(minitalk([&["send"], args].concat()))
}

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
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec \"$0\" send $$ x", MINITALK]);
    let output = run(shell);
    assert_eq!(code(&output), 5, "{output:?}");
}

#[test]
fn the_id_of_a_thread_is_rejected() {
    let server = Server::start();
    let other_thread = || {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", server.pid())).unwrap();
        let mut tids = tasks.map(|task| task.unwrap().file_name().into_string().unwrap());
        tids.find(|tid| *tid != server.pid().to_string())
    };
    wait_until("the writer thread runs", || other_thread().is_some());
    let thread = other_thread().unwrap();
    assert_eq!(code(&send(&[&thread, "x"])), 3);
    server.stop();
}

#[test]
fn a_bystander_is_refused_and_survives() {
    let mut sleep = Process::spawn(Command::new("sleep").arg("1000"));
    // Until its exec has succeeded, a child has the name of this program.
    wait_until("the child executes sleep", || {
        command_of(sleep.pid()) == "sleep"
    });
    let output = send(&[&sleep.pid().to_string(), "x"]);
    assert_eq!(code(&output), 5, "{output:?}");
    assert!(stderr(&output).contains("sleep"), "{output:?}");
    assert!(sleep.is_running());
    // Without the check the target is killed, which shows that the check is needed.
    let output = send(&["--force", &sleep.pid().to_string(), "x"]);
    assert_eq!(code(&output), 8, "{output:?}");
    assert!(!sleep.wait().success());
}

/// Having a handler is not enough: an interactive shell catches SIGUSR1 and ends on it.
#[test]
fn a_bystander_that_catches_all_signals_is_refused_and_survives() {
    let bystander = Process::spawn(&mut Command::new(program("catchall")));
    bystander.wait_stdout(|bytes| bytes == b"ready\n");
    let output = send(&[&bystander.pid().to_string(), "x"]);
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
}

#[test]
fn usage_errors_exit_with_2() {
    for args in [
        &[][..],
        &["sevre"],
        &["serve", "extra"],
        &["serve", "--format", "xml"],
        &["serve", "--count", "0"],
        &["serve", "--count"],
        &["serve", "--max-message", "-1"],
        &["serve", "--idle-timeout", "soon"],
        &["send"],
        &["send", "1", "two", "words"],
        &["send", "1", "--file", "x", "message"],
        &["send", "1", "x", "--timeout", "0"],
        &["send", "1", "x", "--timeout", "nan"],
        &["send", "1", "x", "--frobnicate"],
        &["send", "1", "x", "--first", "3"],
        &["demo", "two", "words"],
        &["help", "nothing"],
        &["serve", "--first", "1"],
        &["man", "extra"],
        &["list", "--frobnicate"],
    ] {
        let output = run(minitalk(args));
        assert_eq!(code(&output), 2, "{args:?}: {output:?}");
        assert!(stderr(&output).starts_with("minitalk: "), "{output:?}");
        assert_eq!(output.stdout, b"");
    }
}

#[test]
fn help_and_version_are_printed() {
    for (args, wanted) in [
        (&["--help"][..], "exit codes:"),
        (&["-h"], "exit codes:"),
        (&["help"], "exit codes:"),
        (&["help", "send"], "--timeout"),
        (&["send", "--help"], "--timeout"),
        (&["serve", "-h"], "--format"),
        (&["demo", "--help"], "demo"),
        (&["trace", "--help"], "CLICOLOR_FORCE"),
        (&["help", "dialects"], "head-bytes="),
        (&["--version"], env!("CARGO_PKG_VERSION")),
    ] {
        let output = run(minitalk(args));
        assert_success(&output);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains(wanted), "{args:?}: {text}");
        assert!(text.lines().all(|line| line.chars().count() <= 120));
    }
}

#[test]
fn the_pid_file_exists_while_the_server_runs() {
    let path = std::env::temp_dir().join(format!("minitalk-pid-file-{}", std::process::id()));
    let server = Server::start_with(&["--pid-file", path.to_str().unwrap()]);
    let pid = std::fs::read_to_string(&path).unwrap();
    assert_eq!(pid, format!("{}\n", server.pid()));
    server.stop();
    assert!(!path.exists());
    // A link, another file and the PID file of a running server are not replaced.
    let link = path.with_extension("link");
    symlink("/dev/null", &link).unwrap();
    std::fs::write(&path, "precious\n").unwrap();
    for there in [&link, &path] {
        let output = run(minitalk(["serve", "--pid-file", there.to_str().unwrap()]));
        assert_eq!(code(&output), 1, "{output:?}");
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious\n");
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    std::fs::remove_file(&link).unwrap();
    let running = Server::start();
    std::fs::write(&path, format!("{}\n", running.pid())).unwrap();
    let output = run(minitalk(["serve", "--pid-file", path.to_str().unwrap()]));
    assert!(stderr(&output).contains("still running"), "{output:?}");
    running.stop();
    // The PID file of a server that has ended is replaced.
    let server = Server::start_with(&["--pid-file", path.to_str().unwrap()]);
    server.stop();
    let output = run(minitalk(["serve", "--pid-file", "/nonexistent/pid"]));
    assert_eq!(code(&output), 1);
    assert!(stderr(&output).contains("/nonexistent/pid"), "{output:?}");
}

#[test]
fn raw_output_is_only_the_message_bytes() {
    let server = Server::start_with(&["--format", "raw", "--count", "2"]);
    server.wait_stderr(&format!("PID {}\n", server.pid()));
    deliver(server.pid(), b"one\0");
    deliver(server.pid(), b"two");
    let output = server.into_process().output();
    assert_success(&output);
    assert_eq!(output.stdout, b"one\0two");
}

#[test]
fn json_output_is_one_object_per_line() {
    let server = Server::start_with(&["--format", "json"]);
    let pid = server.pid();
    let ready = format!("{{\"event\":\"ready\",\"pid\":{pid}}}\n");
    assert_eq!(server.stdout(), ready.as_bytes());
    let output = send(&[&pid.to_string(), "a \"quoted\"\nline\u{1b}"]);
    assert_success(&output);
    deliver(pid, b"\xFF\x00");
    let printed = server.wait_printed(|bytes| bytes.iter().filter(|b| **b == b'\n').count() == 2);
    let text = String::from_utf8(printed).unwrap();
    let lines: Vec<_> = text.lines().collect();
    // SAFETY: getuid takes nothing and cannot fail.
    let uid = unsafe { libc::getuid() };
    let quoted = r#""text":"a \"quoted\"\nline\u001b""#;
    let wanted = format!("\"uid\":{uid},\"bytes\":16,{quoted},\"retransmissions\":");
    assert!(lines[0].contains(&wanted), "{text}");
    assert!(lines[1].contains(r#""bytes":2,"base64":"/wA=","#), "{text}");
    for (line, content) in lines.into_iter().zip(["text", "base64"]) {
        assert!(line.starts_with("{\"event\":\"message\",\"pid\":") && line.ends_with('}'));
        let keys = json_keys(line);
        let wanted = format!("event pid uid bytes {content} retransmissions seconds");
        assert_eq!(keys.join(" "), wanted, "{line}");
    }
    server.stop();
}

/// Returns the keys of an object without nested objects.
fn json_keys(line: &str) -> Vec<&str> {
    let ends = line.match_indices("\":").map(|(at, _)| &line[..at]);
    ends.filter_map(|before| Some(before.rsplit_once('"')?.1))
        .collect()
}

#[test]
fn a_terminal_shows_a_message_as_it_is_but_for_what_drives_it() {
    // script(1) gives the server a terminal.
    let mut script = Command::new("script");
    let serve = format!("exec '{MINITALK}' serve --count 1");
    script.args(["-qec", &serve, "/dev/null"]);
    let terminal = Process::spawn(script.stdin(Stdio::null()));
    let line = terminal.wait_stdout(|bytes| bytes.contains(&b'\n'));
    let line = String::from_utf8(line).unwrap();
    let pid: i32 = line.trim().strip_prefix("PID ").unwrap().parse().unwrap();
    deliver(
        pid,
        b"C:\\dir\n\ttwo lines\n\x1b[31mred\x07\xc2\x9b\xe2\x80\xae",
    );
    let output = terminal.output();
    let shown = String::from_utf8(output.stdout).unwrap();
    // The terminal ends each line with a carriage return too.
    let wanted = "C:\\dir\r\n\ttwo lines\r\n\\u{1b}[31mred\\u{7}\\u{9b}\\u{202e}\r\n";
    assert!(shown.ends_with(wanted), "{shown:?}");
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
fn a_size_has_a_unit_and_a_number_that_is_too_large_says_so() {
    let server = Server::start_with(&["--max-message", "1K", "--max-memory", "16M"]);
    deliver(server.pid(), &[b'x'; 1024]);
    let output = send(&[&server.pid().to_string(), &"y".repeat(1025)]);
    assert_eq!(code(&output), 7, "{output:?}");
    server.stop();
    for (option, value, wanted) in [
        ("--max-message", "99999999999999999999", "too large"),
        ("--max-memory", "17179869184G", "too large"),
        ("--count", "99999999999999999999", "too large"),
        ("--max-message", "16MB", "a size (500, 64K, 16M"),
        ("--max-memory", "0", "at least 1"),
    ] {
        let output = run(minitalk(["serve", option, value]));
        assert_eq!(code(&output), 2, "{output:?}");
        assert!(stderr(&output).contains(wanted), "{output:?}");
    }
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
    server.stop();
}

#[test]
fn verbose_reports_the_cost_of_a_message() {
    let server = Server::start();
    let output = send(&["-v", &server.pid().to_string(), "12345"]);
    assert_success(&output);
    let text = stderr(&output);
    for wanted in ["5 bytes", "signals", "retransmissions", "ms", "KB/s"] {
        assert!(text.contains(wanted), "{text}");
    }
    server.stop();
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
fn a_mistyped_word_gets_a_suggestion() {
    for (args, meant) in [
        (&["sned", "1", "x"][..], Some("send")),
        (&["serv"], Some("serve")),
        (&["dialect"], Some("dialects")),
        (&["completion"], Some("completions")),
        (&["help", "dmeo"], Some("demo")),
        (&["serve", "--cuont", "1"], Some("--count")),
        (&["serve", "--max-mesage=1"], Some("--max-message")),
        (&["send", "--fiel", "x"], Some("--file")),
        (&["trace", "--verbos"], Some("--verbose")),
        (&["trace", "--idle-timout", "1"], Some("--idle-timeout")),
        (&["demo", "--laen", "bit"], Some("--lane")),
        (&["--hlep"], Some("--help")),
        (&["--verison"], Some("--version")),
        (&["frobnicate"], None),
        (&["--frobnicate"], None),
        (&["-v", "serve"], None),
        (&["serve", "--frobnicate"], None),
        (&["serve", "-x"], None),
    ] {
        let output = run(minitalk(args));
        assert_eq!(code(&output), 2, "{output:?}");
        let text = stderr(&output);
        match meant {
            Some(meant) => assert!(text.contains(&format!("did you mean {meant}?")), "{text}"),
            None => assert!(!text.contains("did you mean"), "{text}"),
        }
        let is_option = args.iter().any(|arg| arg.starts_with('-'));
        assert_eq!(text.contains("invalid option \"-"), is_option, "{text}");
    }
}

#[test]
fn a_missing_file_is_reported() {
    let server = Server::start();
    let output = send(&[&server.pid().to_string(), "--file", "/nonexistent"]);
    assert_eq!(code(&output), 1);
    assert!(stderr(&output).contains("/nonexistent"), "{output:?}");
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

/// A link to the program under another name.
struct Link(PathBuf);

impl Link {
    fn new(name: &str, test: &str) -> Self {
        let directory = format!("minitalk-{test}-{}", std::process::id());
        let directory = std::env::temp_dir().join(directory);
        std::fs::create_dir_all(&directory).unwrap();
        let path = directory.join(name);
        symlink(MINITALK, &path).unwrap();
        Self(path)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.0);
        command.args(args).stdin(Stdio::null());
        command
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
        let _ = std::fs::remove_dir(self.0.parent().unwrap());
    }
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
    server.stop();
}

#[test]
fn the_classic_pair_explains_itself() {
    for name in ["server", "client"] {
        let link = Link::new(name, &format!("classic-help-{name}"));
        for option in ["--help", "-h"] {
            let output = run(link.command(&[option]));
            assert_success(&output);
            let text = String::from_utf8(output.stdout).unwrap();
            assert!(text.starts_with("usage: server\n       client PID MESSAGE\n"));
            assert!(text.contains("evaluators"), "{text}");
            assert!(text.lines().all(|line| line.chars().count() <= 120));
        }
    }
}

/// Neither the classic pair nor a chat has the options of `send`, and no mode makes a directory or a device a program.
#[test]
fn no_remedy_is_suggested_that_cannot_help() {
    let sleep = Process::spawn(Command::new("sleep").arg("1000"));
    wait_until("the child executes sleep", || {
        command_of(sleep.pid()) == "sleep"
    });
    let pid = sleep.pid().to_string();
    let client = Link::new("client", "remedies");
    let by_client = run(client.command(&[&pid, "x"]));
    assert!(
        !String::from_utf8_lossy(&by_client.stdout).contains("--"),
        "{by_client:?}"
    );
    let by_chat = run(minitalk(["chat", &pid]));
    assert!(stderr(&by_chat).contains("nothing was sent"), "{by_chat:?}");
    assert!(!stderr(&by_chat).contains("--"), "{by_chat:?}");
    let by_send = send(&[&pid, "x"]);
    assert!(stderr(&by_send).contains("(--force"), "{by_send:?}");
    for command in [&by_client, &by_chat, &by_send] {
        assert_eq!(code(command), 5);
    }
    assert!(sleep.is_running());
    for (path, why) in [
        ("/", "is a directory"),
        ("/dev/null", "is not a regular file"),
        ("/etc/passwd", "chmod +x"),
    ] {
        for args in [["serve", "--exec"], ["check", "--server"]] {
            let output = run(minitalk([&args[..], &[path]].concat()));
            assert_eq!(code(&output), 1, "{output:?}");
            let wanted = format!("cannot run \"{path}\": not executable ({why})\n");
            assert!(stderr(&output).ends_with(&wanted), "{output:?}");
        }
    }
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
fn dialects_are_listed_and_an_invalid_one_is_explained() {
    let listed = run(minitalk(["dialects"]));
    assert_success(&listed);
    let text = String::from_utf8(listed.stdout).unwrap();
    for name in ["classic", "handshake", "head-bytes=", "ack-signal="] {
        assert!(text.contains(name), "{name}");
    }
    for traceless in ["serve", "demo"] {
        let output = run(minitalk([traceless, "-v"]));
        assert_eq!(code(&output), 2, "{output:?}");
        assert!(stderr(&output).contains("add --trace"), "{output:?}");
    }
    for command in [&["serve"][..], &["send", "1", "x"]] {
        let args = [command, &["--dialect", "order=mbs"]].concat();
        let output = run(minitalk(args));
        assert_eq!(code(&output), 2, "{output:?}");
        assert!(stderr(&output).contains("msb|lsb"), "{output:?}");
    }
}

#[test]
fn a_text_that_the_dialect_cannot_encode_is_not_sent() {
    let server = Server::start();
    let pid = server.pid().to_string();
    let output = send(&["--dialect", "end=0x61", &pid, "banana"]);
    assert_eq!(code(&output), 7, "{output:?}");
    assert!(stderr(&output).contains("offset 1"), "{output:?}");
    server.assert_printed(&[]);
    server.stop();
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
    assert!(stderr(&output).contains(" in 11 signals"), "{output:?}");
    assert!(stderr(&output).contains("not acknowledged"), "{output:?}");
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
fn a_trace_shows_every_byte_and_every_answer_in_both_directions() {
    let output = run(minitalk(["demo", "--trace", "Hi"]));
    assert_success(&output);
    assert_eq!(output.stdout, b"Hi\n");
    let text = stderr(&output);
    let common = [
        "hello, version 2",
        "open, in bits",
        "  length",
        "01001000  0x48  'H'",
        "01101001  0x69  'i'",
        "  checksum",
        "-> ok, next ",
    ];
    let request = ["01000000  0x40  request", "-> delivered 80"];
    let reply = ["10000000  0x80  reply", "  reference", "-> delivered 144"];
    let pid = |end: &str| {
        let (_, rest) = text.split_once(&format!("{end}: PID ")).unwrap();
        rest.split_once(',').unwrap().0
    };
    for (sender, own) in [(pid("client"), &request[..]), (pid("server"), &reply)] {
        let frame = format!("frame of client {sender} complete: 2 bytes");
        assert!(text.contains(&frame), "{frame} is not in\n{text}");
        let column = format!("  {sender}  ");
        let lines = text.lines().filter(|line| line.contains(&column));
        let lines: Vec<&str> = lines.collect();
        for part in common.iter().chain(own) {
            let is_shown = lines.iter().any(|line| line.contains(part));
            assert!(
                is_shown,
                "{part} is not in the lines of {sender} in\n{text}"
            );
        }
    }
    assert!(!text.contains('\x1b'), "colours are printed to a pipe");
}

/// Bits come in any order where some are lost; one may complete several bytes.
#[test]
fn a_trace_shows_every_byte_of_a_client_whose_bits_are_lost() {
    let text = "abcdefghijklmnopqrstuvwxyz";
    let server = Server::spawn(&mut minitalk(["trace"]));
    let pid = server.pid().to_string();
    let storm = Process::spawn(Command::new(program("storm")).arg(&pid));
    let before = cpu_time(server.pid());
    wait_until("the storm reaches the server", || {
        cpu_time(server.pid()) > before + 2
    });
    let send = minitalk(["send", "-v", "--lane", "bit", &pid, text]);
    let client = Process::spawn(&mut { send });
    let client_pid = format!(" {} ", client.pid());
    let output = client.output();
    assert_success(&output);
    // Whether a bit is lost depends on the scheduler; on one CPU it is rare.
    if stderr(&output).contains(" 0 of them retrans") {
        eprintln!("no bit was lost this time");
    }
    drop(storm);
    let trace = String::from_utf8(server.stop().stdout).unwrap();
    let lines = trace.lines().filter(|line| line.contains(&client_pid));
    let bytes: Vec<_> = lines.filter(|line| line.contains("  0x")).collect();
    let bytes = bytes.join("\n");
    // The bytes of the length and of the checksum are not letters.
    let letters = bytes.split('\'').skip(1).step_by(2);
    assert_eq!(letters.collect::<String>(), text, "{bytes}");
    assert_eq!(bytes.matches("  0x").count(), 4 + text.len() + 4);
}

#[test]
fn trace_is_a_server_that_prints_its_trace_on_stdout() {
    let server = Server::spawn(minitalk(["trace", "-v"]).env("CLICOLOR_FORCE", "1"));
    deliver_by("bit", server.pid(), b"a\x1b[2J");
    let output = server.stop();
    assert_success(&output);
    assert_eq!(stderr(&output), "");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("\"a\\u{1b}[2J\""), "{text}");
    assert!(text.contains("SI_QUEUE"), "{text}");
    assert!(!text.contains("\x1b[2J"), "an escape sequence is printed");
    assert!(text.contains("\x1b[36m"), "no colours: {text}");
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
            "pid name uid user lanes dialect seconds",
            "{line}"
        );
    }
    let begin = format!("{{\"pid\":{},\"name\":\"{}\",\"uid\":", one.pid(), names[0]);
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
    let path = std::env::temp_dir().join(format!("minitalk-notify-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let socket = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(WATCHDOG)).unwrap();
    let server = Server::spawn(minitalk(["serve"]).env("NOTIFY_SOCKET", &path));
    let mut buffer = [0; 64];
    let count = socket.recv(&mut buffer).unwrap();
    assert_eq!(&buffer[..count], b"READY=1\n");
    server.stop();
    std::fs::remove_file(&path).unwrap();
    let output = run({
        let mut command = minitalk(["serve"]);
        command.env("NOTIFY_SOCKET", &path);
        command
    });
    assert_eq!(code(&output), 1, "{output:?}");
    assert!(stderr(&output).contains("NOTIFY_SOCKET"), "{output:?}");
}

#[test]
fn a_hangup_leaves_a_server_running() {
    let server = Server::start();
    kill(server.pid(), libc::SIGHUP);
    deliver(server.pid(), b"still there");
    server.assert_printed(&[b"still there"]);
    server.stop();
}

#[test]
fn progress_is_shown_on_request() {
    let server = Server::start_with(&["--format", "raw"]);
    let pid = server.pid().to_string();
    let text = "x".repeat(8_000);
    let bits = ["--lane", "bit", &pid, &text];
    let shown = send(&[&["--progress", "always"], &bits[..]].concat());
    assert_success(&shown);
    let line = stderr(&shown);
    assert!(
        line.contains(" of 8.0 KB") && line.contains("resent"),
        "{line:?}"
    );
    assert!(line.ends_with('\r'), "the line is not erased: {line:?}");
    let silent = send(&bits);
    assert_eq!(stderr(&silent), "", "progress is printed to a pipe");
    server.stop();
}

/// A line that wraps would scroll at each update.
#[test]
fn progress_fits_in_the_width_of_the_terminal() {
    let server = Server::start_with(&["--format", "raw"]);
    let send = format!(
        "stty columns 40; exec '{MINITALK}' send --progress always --lane bit {} \"$TEXT\"",
        server.pid()
    );
    let mut script = Command::new("script");
    script.args(["-qec", &send, "/dev/null"]);
    let text = "x".repeat(8_000);
    let output = run({
        script.env("TEXT", text).stdin(Stdio::null());
        script
    });
    assert_success(&output);
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains("\r  "), "{shown:?}");
    assert!(!shown.contains('\n'), "{shown:?}");
    for line in shown.split('\r') {
        assert!(line.chars().count() < 40, "{line:?}");
    }
    server.stop();
}

/// One table generates all of them, so this test also checks that a shell understands the result.
#[test]
fn completions_and_the_manual_page_list_every_option() {
    let made = |args: &[&str]| {
        let output = run(minitalk(args.iter().copied()));
        assert_success(&output);
        String::from_utf8(output.stdout).unwrap()
    };
    let (bash, zsh, fish) = (
        made(&["completions", "bash"]),
        made(&["completions", "zsh"]),
        made(&["completions", "fish"]),
    );
    let page = made(&["man"]).replace("\\-", "-");
    for command in ["serve", "send", "trace", "demo"] {
        let help = made(&["help", command]);
        let flags = help
            .lines()
            .filter_map(|line| line.strip_prefix("  "))
            .flat_map(|line| line.split([' ', ',']).take(2))
            .filter_map(|word| word.strip_prefix("--"))
            .filter(|flag| !flag.is_empty());
        for flag in flags {
            assert!(
                bash.contains(&format!("--{flag}")),
                "bash: {command} --{flag}"
            );
            assert!(
                zsh.contains(&format!("'--{flag}[")),
                "zsh: {command} --{flag}"
            );
            assert!(
                fish.contains(&format!("-l {flag}")),
                "fish: {command} --{flag}"
            );
            assert!(
                page.contains(&format!("--{flag}")),
                "man: {command} --{flag}"
            );
        }
    }
    assert_eq!(code(&run(minitalk(["completions", "tcsh"]))), 2);
    for line in fish.lines().filter(|line| line.starts_with("complete")) {
        let quotes = line.replace("\\'", "").matches('\'').count();
        assert_eq!(quotes % 2, 0, "an open quotation: {line}");
    }
    for (shell, script) in [("bash", &bash), ("zsh", &zsh), ("fish", &fish)] {
        let mut command = Command::new(shell);
        // Not every machine has every shell.
        if command.arg("--version").output().is_ok() {
            let mut command = Command::new(shell);
            command.args(["-n", "/dev/stdin"]);
            let output = run_with(command, script.as_bytes());
            assert_success(&output);
            assert_eq!(stderr(&output), "");
        }
    }
    for section in [
        "SYNOPSIS",
        "COMMANDS",
        "EXIT STATUS",
        "ENVIRONMENT",
        "EXAMPLES",
        "SEE ALSO",
    ] {
        assert!(page.contains(&format!("\n.SH {section}\n")), "{section}");
    }
}

#[test]
fn every_command_has_the_same_help_in_both_forms() {
    let main = String::from_utf8(run(minitalk(["help"])).stdout).unwrap();
    let usages = main.lines().filter_map(|l| l.strip_prefix("  minitalk "));
    let names: Vec<_> = usages.filter_map(|usage| usage.split(' ').next()).collect();
    assert!(names.contains(&"serve"), "{names:?}");
    for name in names.into_iter().filter(|name| !name.starts_with('-')) {
        let [by_name, by_option] =
            [["help", name], [name, "--help"]].map(|args| run(minitalk(args)));
        assert_success(&by_name);
        assert_eq!(by_name.stdout, by_option.stdout, "{name}");
        let usage = format!("usage: minitalk {name}");
        assert!(by_name.stdout.starts_with(usage.as_bytes()), "{name}");
    }
}

#[test]
fn a_shell_completes_values_dialects_commands_and_servers() {
    let name = format!("c{}", std::process::id());
    let server = Server::start_with(&["--name", &name]);
    // A process chooses its own name, and a name must not run in the shell that completes it.
    let hostile = Server::start_with(&["--name", "$(echo c>&2)"]);
    let bash = String::from_utf8(run(minitalk(["completions", "bash"])).stdout).unwrap();
    let directory = PathBuf::from(MINITALK).parent().unwrap().to_owned();
    let path = format!(
        "{}:{}",
        directory.display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let complete = |words: &[&str]| {
        let words: Vec<_> = words.iter().map(|word| format!("'{word}'")).collect();
        let script = format!(
            "{bash}\nCOMP_WORDS=(minitalk {}); COMP_CWORD={}; _minitalk; echo \"${{COMPREPLY[*]}}\"",
            words.join(" "),
            words.len()
        );
        let mut command = Command::new("bash");
        command.args(["-c", &script]).env("PATH", &path);
        let output = command.output().unwrap();
        assert_eq!(output.stderr, b"", "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    for (words, wanted) in [
        (&["send", "--lane", ""][..], "auto bit word\n"),
        (&["ser"], "serve\n"),
        (&["help", "dem"], "demo\n"),
        (&["completions", "f"], "fish\n"),
        (&["serve", "--max-me"], "--max-message --max-memory\n"),
        (&["send", "--dialect", "handsh"], "handshake\n"),
        // The shell divides order=l into three words, and completes the last.
        (&["send", "--dialect", "order", "=", "l"], "lsb\n"),
        (
            &["send", "--dialect", "lsb,ack", "=", ""],
            "bit none byte message\n",
        ),
        (
            &["send", "--dialect", "lsb,ack", "="],
            "bit none byte message\n",
        ),
        (&["send", "--dialect", "=", "order", "=", "m"], "msb\n"),
        (&["send", "--lane", "=", "w"], "word\n"),
        (&["send", &name[..name.len() - 1]], &format!("{name}\n")),
        (
            &["chat", &server.pid().to_string()],
            &format!("{}\n", server.pid()),
        ),
        (&["send", "-v", &name], &format!("{name}\n")),
        (&["send", "$(echo"], "\n"),
    ] {
        assert_eq!(complete(words), wanted, "{words:?}");
    }
    server.stop();
    hostile.stop();
}
