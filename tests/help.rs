//! The command's own texts: help, usage errors, suggestions, the manual page and completions.

mod common;

use std::path::PathBuf;
use std::process::Command;

use common::*;

/// Every usage error, as it is printed: the fault and the remedy.
#[test]
fn a_usage_error_says_what_to_write_instead() {
    const COMMANDS: &str =
        "serve, send, trace, chat, demo, check, list, dialects, completions, man, help";
    let unknown = format!("there is no command \"frobnicate\"; the commands are {COMMANDS}");
    let range = "a PID is a number from 1 to 2147483647";
    let starts = "a server prints its PID when it starts";
    let escape = '\u{1b}';
    let errors = format!(
        r#"
 => no command; expected one of {COMMANDS}
frobnicate => {unknown}
help frobnicate => {unknown}
sevre => there is no command "sevre"; did you mean serve?
--frobnicate => invalid option "--frobnicate"; the options of a command follow its name
-v serve => invalid option "-v"; the options of a command follow its name
--hlep => invalid option "--hlep"; did you mean --help?
--verison => invalid option "--verison"; did you mean --version?
help dmeo => there is no command "dmeo"; did you mean demo?
dialect => there is no command "dialect"; did you mean dialects?
serve extra => unexpected argument "extra"
trace extra => unexpected argument "extra"
chat one two => unexpected argument "two"
demo one two => unexpected argument "two"
check --client x extra => unexpected argument "extra"
list extra => unexpected argument "extra"
dialects extra => unexpected argument "extra"
completions bash extra => unexpected argument "extra"
man extra => unexpected argument "extra"
help serve extra => unexpected argument "extra"
serve -x => invalid option "-x"
serve -{escape} => invalid option "-\u{{1b}}"
serve --frobnicate => invalid option "--frobnicate"
serve --cuont 1 => invalid option "--cuont"; did you mean --count?
send --fiel x => invalid option "--fiel"; did you mean --file?
trace --verbos => invalid option "--verbos"; did you mean --verbose?
serve --max-mesage=1 => invalid option "--max-mesage"; did you mean --max-message?
serve --exec sh -c true => invalid option "-c"; write -- before the options of "sh"
serve --exec sh --posix true => invalid option "--posix"; write -- before the options of "sh"
trace --exec cat => invalid option "--exec"
serve --first 1 => invalid option "--first"
serve --trace=1 => --trace "1": expected no value
serve --count => --count: expected a value (--count N)
serve --exec -- sh -c true => --exec: expected a value (--exec PROGRAM)
send 1 x --dialect auto => --dialect auto: only serve detects a dialect; minitalk check --server finds a server's
send 1 x --lane => --lane: expected a value (--lane auto|bit|word)
serve --format xml => --format "xml": expected one of text, raw, json
serve --lane word => --lane "word": expected one of auto, bit
serve --sender all => --sender "all": expected one of same, any
send 1 x --lane slow => --lane "slow": expected one of auto, bit, word
send 1 x --progress maybe => --progress "maybe": expected one of auto, always, never
serve --count 0 => --count "0": expected a whole number of at least 1
serve --jobs 1001 --exec cat => --jobs "1001": too large; the largest number is 1000
serve --jobs 0 --exec cat => --jobs "0": expected a whole number of at least 1
serve --count 99999999999999999999 => --count "99999999999999999999": too large; the largest number is 18446744073709551615
serve --max-message -1 => --max-message "-1": expected a size (500, 64K, 16M, 1G)
serve --max-message 99Q => --max-message "99Q": expected a size (500, 64K, 16M, 1G)
serve --max-message 5G => --max-message "5G": too large; the largest number is 1073741824
trace --max-message 1073741825 => --max-message "1073741825": too large; the largest number is 1073741824
serve --max-memory 17179869184G => --max-memory "17179869184G": too large; the largest number is 18446744073709551615
send 1 x --dialect classic --first no => --first "no": expected a whole number
serve --max-memory 0 => --max-memory "0": expected a size (500, 64K, 16M, 1G) of at least 1
serve --idle-timeout soon => --idle-timeout "soon": expected a number of seconds from 0
serve --exec cat --exec-timeout soon => --exec-timeout "soon": expected a number of seconds from 0
send 1 x --timeout 99999999999999999999 => --timeout "99999999999999999999": too large; the largest number is 18446744073709551615
send 1 x --timeout nan => --timeout "nan": expected a number of seconds from 0
send 1 x --timeout 0 => --timeout: expected more than 0 seconds
send 1 x --reply --reply-timeout 0 => --reply-timeout: expected more than 0 seconds
serve --name 1x => --name "1x": expected at most 15 bytes with a letter, and no digit or hyphen at the start
serve --dialect order=m => --dialect "order=m": order is not "m", it is one of msb|lsb; minitalk dialects lists presets and keys
send 1 x --dialect oder=lsb => --dialect "oder=lsb": there is no key "oder"; did you mean order?
send 1 x --dialect clasic => --dialect "clasic": there is no preset "clasic"; did you mean classic?
serve --dialect parety=odd => --dialect "parety=odd": there is no key "parety"; did you mean parity?
serve --dialect colour=red => --dialect "colour=red": there is no key "colour"; minitalk dialects lists presets and keys
serve -v => -v shows every signal of a trace; add --trace
demo -v => -v shows every signal of a trace; add --trace
serve --jobs 2 => --jobs has no effect without --exec
serve --exec-timeout 2 => --exec-timeout has no effect without --exec
serve --exec cat --format json => --format has no effect with the other options
send 1 x --reply-timeout 3 => --reply-timeout has no effect without --reply
send 1 x --first 3 => --first has no effect without --dialect
send 1 x --lane bit --dialect classic => --lane and --dialect exclude each other: only minitalk's own protocol has lanes
send 1 x --reply --dialect classic => --reply and --dialect exclude each other: only minitalk's own protocol has replies
send 1 x --file y => MESSAGE and --file exclude each other
send => no PID or name; minitalk list shows the servers
send 1 two words => unexpected argument "words" after MESSAGE; quote a message of several words
check => expected --client PATH, --server PATH or both
completions => expected bash, zsh or fish
completions tcsh => expected bash, zsh or fish instead of "tcsh"
send 9A x => "9A" is not a PID: it is not a number; {starts}
send 0 x => "0" is not a PID: {range}; {starts}
send -1 x => "-1" is not a PID: {range}; {starts}
chat 2147483648 => "2147483648" is not a PID: {range}; {starts}
"#
    );
    for line in errors.trim_matches('\n').lines() {
        let (args, text) = line.split_once(" => ").unwrap();
        let output = run(minitalk(args.split_whitespace()));
        assert_eq!(code(&output), 2, "{args:?}: {output:?}");
        assert_eq!(output.stdout, b"");
        let command = args.split(' ').next().filter(|command| {
            format!(", {COMMANDS}, ").contains(&format!(", {command}, ")) && *command != "help"
        });
        let help = command.map_or("--help".into(), |command| format!("help {command}"));
        let expected = format!("minitalk: {text} (see minitalk {help})\n");
        assert_eq!(stderr(&output), expected, "{args:?}");
    }
    // An empty argument is not an absent one.
    let empty = send(&["", "x"]);
    let text = format!("\"\" is not a PID: it is empty; {starts}");
    let expected = format!("minitalk: {text} (see minitalk help send)\n");
    assert_eq!(stderr(&empty), expected);
}

/// The errors before a signal is sent, about the process, file or program that the command line names.
#[test]
fn an_error_names_what_it_is_about_and_says_what_to_do() {
    let server = Server::start();
    let pid = server.pid().to_string();
    let missing = "No such file or directory (os error 2)";
    let ends = "the byte 0x61 at offset 1 is the one that ends a text in this dialect";
    let errors = format!(
        r#"
send 4194305 x => 3 minitalk: cannot send to PID 4194305: there is no such process; minitalk list shows servers
chat 4194305 => 3 minitalk: cannot send to PID 4194305: there is no such process; minitalk list shows servers
send zzzzz-nobody x => 3 minitalk: there is no server named "zzzzz-nobody" that this user can send to; minitalk list shows those
send {pid} --file /nonexistent => 1 minitalk: cannot read "/nonexistent": {missing}
send --dialect end=0x61 {pid} banana => 7 minitalk: cannot send to PID {pid} (minitalk): {ends}; nothing was sent
serve --exec zzzzz-nothing => 1 minitalk: cannot run "zzzzz-nothing": it is not in PATH
serve --exec /nonexistent => 1 minitalk: cannot run "/nonexistent": {missing}
serve --pid-file /nonexistent/pid => 1 minitalk: cannot write the PID file "/nonexistent/pid": {missing}
check --client /nonexistent => 1 minitalk: cannot run "/nonexistent": {missing}
"#
    );
    for line in errors.trim_matches('\n').lines() {
        let (args, expected) = line.split_once(" => ").unwrap();
        let output = run(minitalk(args.split_whitespace()));
        let printed = format!("{} {}", code(&output), stderr(&output));
        assert_eq!(printed, format!("{expected}\n"), "{args:?}");
        assert_eq!(output.stdout, b"");
    }
    server.assert_printed(&[]);
    server.stop();
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
        (&["help", "serve"], "without a limit"),
        (&["--help"], "may have been delivered"),
        (&["demo", "--help"], "demo"),
        (&["trace", "--help"], "CLICOLOR_FORCE"),
        (&["trace", "--help"], "(unasked)  "),
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
    let by_send = send(&["--timeout", "0.1", &pid, "x"]);
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
fn dialects_are_listed() {
    let listed = run(minitalk(["dialects"]));
    assert_success(&listed);
    let text = String::from_utf8(listed.stdout).unwrap();
    for name in ["classic", "handshake", "head-bytes=", "ack-signal="] {
        assert!(text.contains(name), "{name}");
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
