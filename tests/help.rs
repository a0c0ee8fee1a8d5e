//! What the command says about itself: help, usage errors, suggestions, the manual page and completions.

mod common;

use std::path::PathBuf;
use std::process::Command;

use common::*;

fn code(output: &std::process::Output) -> i32 {
    output.status.code().unwrap()
}

fn send(args: &[&str]) -> std::process::Output {
    run(minitalk([&["send"], args].concat()))
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
