//! `minitalk check` on correct programs, on faulty ones, and on files that are not programs.

mod common;

use std::process::{Command, Output};

use common::*;

/// A time limit for programs that pass, which a machine of any speed meets.
const NO_HURRY: [&str; 2] = ["--time-limit", "600"];

fn check(args: &[&str]) -> Output {
    let mut command = minitalk(["check"]);
    command.args(args).env("NO_COLOR", "1");
    run(command)
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Returns the rows of this name, each with its verdict.
fn row(report: &str, what: &str) -> String {
    let rows = report
        .lines()
        .filter(|line| line.contains(&format!("  {what}  ")));
    rows.map(str::trim_start).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_correct_client_passes() {
    let client = Link::new("client", "check");
    let output = check(&[&NO_HURRY[..], &["--client", client.0.to_str().unwrap()]].concat());
    let report = stdout(&output);
    for what in [
        "1 byte",
        "1,000 bytes",
        "empty string",
        "UTF-8",
        "dead PID",
        "signals",
    ] {
        assert!(row(&report, what).starts_with("ok "), "{what}: {report}");
    }
    assert_eq!(output.status.code(), Some(0), "{report}");
}

#[test]
fn what_there_was_no_time_for_is_not_called_wrong() {
    let client = Link::new("client", "hurried");
    for limit in ["0.1", "2"] {
        let output = check(&[
            "--time-limit",
            limit,
            "--client",
            client.0.to_str().unwrap(),
        ]);
        let report = stdout(&output);
        assert!(
            limit != "0.1" || report.contains("  not tried: "),
            "{report}"
        );
        let rows = report
            .lines()
            .filter(|line| line.trim_start().starts_with("warn"));
        for row in rows {
            // The last is the verdict of minitalk-audit, where that is built.
            let mut said = ["  not tried: ", "  not sure: ", "signal safety"].into_iter();
            let is_said = said.any(|text| row.contains(text));
            assert!(is_said, "{limit} s: {row}\n{report}");
        }
        assert!(
            !report
                .lines()
                .any(|line| line.trim_start().starts_with("fail")),
            "{report}"
        );
    }
}

#[test]
fn a_report_that_cannot_be_printed_is_an_error() {
    let mut shell = Command::new("sh");
    let line = "exec \"$0\" check --server /bin/true >/dev/full";
    let output = run(shell.args(["-c", line, MINITALK]));
    assert_eq!(output.status.code(), Some(9), "{output:?}");
    let wanted = "cannot write to standard output: No space left on device";
    assert!(
        stderr(&output).contains(&format!("; {wanted}")),
        "{output:?}"
    );
    // Without the report a pass is no pass.
    let client = Link::new("client", "full");
    let mut shell = Command::new("sh");
    let line = "exec \"$0\" check --time-limit 600 --client \"$1\" >/dev/full";
    let output = run(shell.args(["-c", line, MINITALK, client.0.to_str().unwrap()]));
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(
        stderr(&output).starts_with(&format!("minitalk: {wanted}")),
        "{output:?}"
    );
}

#[test]
fn the_dialect_and_the_weaknesses_of_a_server_are_reported() {
    let server = dialect_program("servers/lsb");
    let output = check(&[&NO_HURRY[..], &["--server", server.to_str().unwrap()]].concat());
    let report = stdout(&output);
    assert!(row(&report, "dialect").contains("order=lsb"), "{report}");
    for what in [
        "prints its PID",
        "1 byte",
        "100 bytes",
        "empty string",
        "UTF-8",
        "signals",
    ] {
        assert!(row(&report, what).starts_with("ok "), "{what}: {report}");
    }
    // The bits of the killed client precede those of the next.
    assert!(
        row(&report, "client killed").starts_with("warn"),
        "{report}"
    );
    assert_eq!(output.status.code(), Some(0), "{report}");
}

#[test]
fn a_server_that_prints_each_character_needs_no_end() {
    let server = dialect_program("servers/no_end");
    let report = stdout(&check(
        &[&NO_HURRY[..], &["--server", server.to_str().unwrap()]].concat(),
    ));
    let dialect = row(&report, "dialect");
    assert!(dialect.contains("end=none,ack=none"), "{report}");
}

#[test]
fn a_server_that_prints_each_signal_is_judged_by_the_line_of_the_text() {
    let server = program("traced");
    let output = check(&[&NO_HURRY[..], &["--server", server.to_str().unwrap()]].concat());
    let report = stdout(&output);
    let prints = row(&report, "prints");
    assert!(prints.contains("\"received: [\" before"), "{report}");
    for what in ["dialect", "1 byte", "1,000 bytes", "empty string", "UTF-8"] {
        assert!(row(&report, what).starts_with("ok "), "{what}: {report}");
    }
    assert_eq!(output.status.code(), Some(0), "{report}");
}

#[test]
fn a_server_that_prints_the_end_of_each_text_is_judged_by_the_dialect_of_its_client() {
    let (client, server) = (dialect_program("clients/sigwait"), program("prints_end"));
    let options = [
        "--client",
        client.to_str().unwrap(),
        "--server",
        server.to_str().unwrap(),
    ];
    let output = check(&[&NO_HURRY[..], &options].concat());
    let report = stdout(&output);
    let of_server = &report[report.find("server: ").unwrap_or_default()..];
    assert!(
        row(of_server, "prints").contains("\\u{0}\" after"),
        "{report}"
    );
    for what in ["dialect", "1 byte", "1,000 bytes", "empty string", "UTF-8"] {
        assert!(row(of_server, what).starts_with("ok "), "{what}: {report}");
    }
    let of_pair = &report[report.find("pair: ").unwrap_or_default()..];
    assert!(row(of_pair, "UTF-8").starts_with("ok "), "{report}");
}

#[test]
fn what_other_servers_may_not_tolerate_is_reported() {
    let client = dialect_program("clients/late_pause");
    let report = stdout(&check(
        &[&NO_HURRY[..], &["--client", client.to_str().unwrap()]].concat(),
    ));
    let found = row(&report, "other servers");
    assert!(found.starts_with("warn"), "{report}");
    assert!(found.contains("acknowledgements again"), "{report}");
}

#[test]
fn a_client_that_hangs_fails() {
    let client = program("stalls");
    let output = check(&["--client", client.to_str().unwrap()]);
    let report = stdout(&output);
    assert!(row(&report, "1 byte").starts_with("ok "), "{report}");
    let found = row(&report, "100 bytes");
    assert!(found.starts_with("FAIL"), "{report}");
    assert!(found.contains("hangs: "), "{report}");
    assert_eq!(output.status.code(), Some(9), "{report}");
}

#[test]
fn a_client_that_sends_a_newline_behind_each_text_passes() {
    let client = program("with_newline");
    let output = check(&[&NO_HURRY[..], &["--client", client.to_str().unwrap()]].concat());
    let report = stdout(&output);
    assert!(row(&report, "sends").ends_with("each text and a newline"));
    for what in ["dialect", "1 byte", "100 bytes", "empty string", "UTF-8"] {
        assert!(row(&report, what).starts_with("ok "), "{what}: {report}");
    }
    // The newline belongs to the text, so these are no surplus bits.
    assert_eq!(row(&report, "other servers"), "", "{report}");
}

#[test]
fn the_exit_code_of_a_client_whose_text_is_printed_is_no_fault() {
    let client = dialect_program("clients/driven_exit_1");
    let output = check(&[&NO_HURRY[..], &["--client", client.to_str().unwrap()]].concat());
    let report = stdout(&output);
    for what in ["1 byte", "100 bytes", "UTF-8"] {
        let found = row(&report, what);
        assert!(
            found.starts_with("warn") && found.contains("exit code 1"),
            "{report}"
        );
    }
}

#[test]
fn a_pair_of_an_unknown_dialect_does_not_fail() {
    let program = program("differential");
    let path = program.to_str().unwrap();
    let output = check(&["--client", path, "--server", path]);
    let report = stdout(&output);
    assert!(row(&report, "1,000 bytes").starts_with("ok "), "{report}");
    let rows = row(&report, "dialect");
    for row in rows.lines() {
        assert!(row.starts_with("warn") && row.contains("not "), "{report}");
    }
    assert_eq!(rows.lines().count(), 2, "{report}");
    assert!(!report.contains("FAIL"), "{report}");
    assert_eq!(output.status.code(), Some(0), "{report}");
}

#[test]
fn rare_dialects_are_found() {
    let cases = [
        // It goes on by either signal, and SIGUSR2 has admitted it.
        (
            &["clients"][..],
            "hello_on_usr2",
            "hello=yes,hello-signal=usr2,ack-signal=usr2",
        ),
        (
            &["clients"],
            "hello_usr2_any",
            "hello=yes,hello-signal=usr2",
        ),
        (&["servers"], "hello_on_usr2", "hello=yes,hello-signal=usr2"),
        (&["clients"], "digits10_pid", "head=digits10-pid"),
        (&["servers"], "digits10", "head=digits10,end=none"),
        (&["clients"], "pid_digits", "head=pid-digits"),
        (&["servers"], "pid_digits", "head=pid-digits,ack=message"),
        (&["servers"], "pid_then_bits", "head=pid,ack-head=last"),
        (
            &["servers"],
            "len32_pid",
            "head=len32-pid,end=none,ack=message",
        ),
        // The ends of its first processes show how to acknowledge the next one.
        (
            &["clients"],
            "usr1_is_end",
            "order=lsb,head=len16,end=none,ack-signal=usr2,final=other",
        ),
        (&["clients"], "seven_bits", "char-bits=7"),
        (&["clients"], "all_ones", "end=0xff"),
    ];
    std::thread::scope(|scope| {
        for (kinds, name, spec) in cases {
            scope.spawn(move || {
                // A machine that withholds its CPUs can hide a dialect, and then the report says so.
                for tries in 1.. {
                    let Err(report) = find_dialects(kinds, name, spec) else {
                        break;
                    };
                    let is_unsure = row(&report, "dialect").contains("not sure: the machine");
                    assert!(is_unsure && tries < 3, "{name}: {report}");
                }
            });
        }
    });
}

/// Checks the programs called `name`; returns the report if a dialect is not `spec`, or 100 bytes do not arrive.
fn find_dialects(kinds: &[&str], name: &str, spec: &str) -> Result<(), String> {
    let args = kinds.iter().flat_map(|kind| {
        let option = ["--client", "--server"][usize::from(*kind == "servers")];
        let program = dialect_program(&format!("{kind}/{name}"));
        [
            option.into(),
            program.into_os_string().into_string().unwrap(),
        ]
    });
    let args: Vec<String> = args.collect();
    let args = NO_HURRY.into_iter().chain(args.iter().map(String::as_str));
    let report = stdout(&check(&args.collect::<Vec<_>>()));
    let found = row(&report, "dialect");
    let bytes = row(&report, "100 bytes");
    let is_right =
        |row: &str| row.starts_with("ok ") && (row.ends_with(spec) || row.contains(" exact, "));
    let is_whole = found.lines().count() == kinds.len() && !bytes.is_empty();
    match is_whole && found.lines().chain(bytes.lines()).all(is_right) {
        true => Ok(()),
        false => Err(report),
    }
}

#[test]
fn without_landlock_no_number_is_sent_that_a_server_could_take_for_a_pid() {
    let server = dialect_program("servers/unacked_len16");
    let mut command = minitalk(["check"]);
    without_landlock(command.args(NO_HURRY).arg("--server").arg(&server));
    let report = stdout(&run(command));
    let found = row(&report, "dialect");
    assert!(found.starts_with("FAIL"), "{report}");
    assert!(
        found.contains("could be led to signal a stranger"),
        "{report}"
    );
}

#[test]
fn the_verdict_of_the_audit_is_reported() {
    let folder = Folder::new("check-audit");
    let script = |name: &str, says: &str, code: u8| {
        folder.script(name, &format!("echo '{says}'\nexit {code}"))
    };
    // It ends at once, so that the check has no other rows to run.
    let server = script("server", "", 0);
    let passes = script("passes", "f: PASS", 0);
    let calls = script("calls", "violation[call] f+0x1: calls printf\nf: FAIL", 1);
    let doubts = script("doubts", "undecided[indirect] f+0x1: calls rax", 2);
    let silent = script("silent", "", 1);
    for (audit, verdict, detail) in [
        (&passes, "ok", "all handlers pass"),
        (&calls, "warn", "calls printf"),
        (&doubts, "info", "calls rax"),
        (&silent, "info", "no report"),
    ] {
        let path = audit.to_str().unwrap();
        let output = check(&["--server", server.to_str().unwrap(), "--audit", path]);
        let report = stdout(&output);
        let rows = row(&report, "signal safety");
        assert_eq!(rows.lines().count(), 1, "{report}");
        assert!(
            rows.starts_with(verdict) && rows.contains(detail),
            "{report}"
        );
    }
}

#[test]
fn a_silent_server_is_killed_and_reported_as_json() {
    // It is not a server: it prints no PID and does not end.
    let folder = Folder::new("check-silent");
    let script = folder.script("server", "exec sleep 1000");
    let output = check(&["--json", "--server", script.to_str().unwrap()]);
    let report = stdout(&output);
    assert!(
        report.starts_with("{\"passed\":false,\"server\":{"),
        "{report}"
    );
    assert!(
        report.ends_with("}\n") && report.lines().count() == 1,
        "{report}"
    );
    assert!(report.contains("does not handle"), "{report}");
    assert_eq!(output.status.code(), Some(9));
}

#[test]
fn a_client_that_runs_on_into_a_nul_does_not_hide_the_dialect_of_its_server() {
    let paths = ["clients/driven_len32", "servers/driven_len32"].map(dialect_program);
    let [client, server] = paths.each_ref().map(|path| path.to_str().unwrap());
    let output = check(&[&NO_HURRY[..], &["--client", client, "--server", server]].concat());
    let report = stdout(&output);
    let rows = row(&report, "dialect");
    assert!(
        rows.contains("order=lsb,head=len32,end=none,final=other"),
        "{report}"
    );
}
