//! `cargo xtask mutants`: plants the seeded defects that have no test of their own in a copy of the sources, one by one. The
//! check that SAFETY.md names for the rule must fail on each.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{fs, io};

use crate::product;

/// A defect: the rule that it breaks, the file, the replaced text (which occurs exactly once), the replacement, the check, and
/// the test in it that must fail.
struct Mutant {
    rule: &'static str,
    file: &'static str,
    old: &'static str,
    new: &'static str,
    check: &'static [&'static str],
    test: &'static str,
}

const NETS: &[&str] = &["-p", "check-interrupt", "--test", "nets"];
const SWEEP: &[&str] = &["-p", "check-interrupt", "--test", "sweep"];
const UNITS: &[&str] = &["--lib"];
const FAULTS: &[&str] = &["--test", "faults"];
const LIBRARY: &[&str] = &["--test", "library"];
const TRANSFER: &[&str] = &["--test", "transfer"];
const PEERS: &[&str] = &["--test", "peers"];
const ADVERSARY: &[&str] = &["--test", "adversary"];
const START: &[&str] = &["--test", "start"];

const MUTANTS: &[Mutant] = &[
    Mutant {
        rule: "AS-16",
        file: "src/wire/bit_window.rs",
        old: "if !is_after(sent_as, serial) {",
        new: "if is_after(sent_as, serial) {",
        check: UNITS,
        test: "what_was_sent_before_the_last_that_came_is_lost",
    },
    Mutant {
        rule: "AS-1",
        file: "src/ffi.rs",
        old: "    handler as libc::sighandler_t\n",
        new: "    handler as libc::sighandler_t + 1\n",
        check: NETS,
        test: "the handler installed is the one audited",
    },
    Mutant {
        rule: "AS-13",
        file: "src/ffi.rs",
        old: "    if high {",
        new: "    if high && false {",
        check: SWEEP,
        test: "a full ring",
    },
    Mutant {
        rule: "AS-13",
        file: "src/ffi.rs",
        old: "HANDLED.fetch_or(",
        new: "HANDLED.swap(",
        check: NETS,
        test: "uncaught signals are blocked only at the mark",
    },
    Mutant {
        rule: "AS-14",
        file: "src/ffi/disposition.rs",
        old: "set_of(add_handled(signal.into()))",
        new: "set_of(add_handled(signal.into()).filter(|other| other == signal))",
        check: NETS,
        test: "the handler is not interrupted by our signals",
    },
    Mutant {
        rule: "AS-14",
        file: "src/signal/inbox.rs",
        old: "let handled = ffi::add_handled(signals);",
        new: "let handled = signals;",
        check: NETS,
        test: "the handler is not interrupted by our signals",
    },
    Mutant {
        rule: "AS-17",
        file: "src/signal/inbox.rs",
        old: "        for _ in 1..BATCH {\n",
        new: "        for _ in 1..BATCH.min(1) {\n",
        check: UNITS,
        test: "spin_wait_takes_what_is_pending_and_leaves_the_signals_blocked",
    },
    Mutant {
        rule: "AS-17",
        file: "src/signal/inbox.rs",
        old: "for _ in 0..CAPACITY {",
        new: "loop {",
        check: NETS,
        test: "a drain ends in any storm",
    },
    Mutant {
        rule: "AS-18",
        file: "src/signal/event.rs",
        old: "(libc::SI_USER | libc::SI_TKILL, Some(pid))",
        new: "(libc::SI_USER | libc::SI_TKILL | libc::SI_TIMER, Some(pid))",
        check: UNITS,
        test: "only_codes_that_the_kernel_attests_are_believed",
    },
    Mutant {
        rule: "AS-18",
        file: "src/wire/sender.rs",
        old: "if reply.nonces.client != self.nonces.client {",
        new: "if false {",
        check: ADVERSARY,
        test: "forged_answers_do_not_end_a_client_that_waits",
    },
    Mutant {
        rule: "AS-18",
        file: "src/client/transfers.rs",
        old: "self.to(pid).find(|outgoing| outgoing.awaits(request));",
        new: "self.begun.first_mut().map(|(outgoing, _)| outgoing).filter(|_| (pid, request).1 != 0);",
        check: ADVERSARY,
        test: "a_reply_comes_from_the_server_alone_and_goes_to_its_client_alone",
    },
    Mutant {
        rule: "AS-18",
        file: "src/wire/receiver.rs",
        old: "nonces.client != 0 && nonces.server == self.draw(nonces.client)",
        new: "nonces.client != 0",
        check: ADVERSARY,
        test: "hellos_in_the_name_of_a_client_do_not_end_its_transfer",
    },
    Mutant {
        rule: "AS-18",
        file: "src/server/session.rs",
        old: "self.proven_uid = self.inspected_uid;",
        new: "self.proven_uid = Some(0);",
        check: ADVERSARY,
        test: "a_message_is_shown_with_the_user_of_the_process_that_sent_it",
    },
    Mutant {
        rule: "AS-19",
        file: "src/engine/message.rs",
        old: "is_ok_and(|start| start == self.start)",
        new: "is_ok_and(|start| start == self.start || true)",
        check: UNITS,
        test: "a_reply_goes_to_no_later_owner_of_the_pid",
    },
    Mutant {
        rule: "AS-19",
        file: "src/process/peer.rs",
        old: "Some(fd) => ffi::send_through(fd, signal, content),",
        new: "Some(_) => ffi::send(self.pid, signal, content),",
        check: FAULTS,
        test: "a_recycled_pid_is_not_signalled",
    },
    Mutant {
        rule: "AS-20",
        file: "src/process/pid.rs",
        old: "Some(pid) if pid.get() > 0 => Some(Self(pid)),",
        new: "Some(pid) => Some(Self(pid)),",
        check: UNITS,
        test: "only_codes_that_the_kernel_attests_are_believed",
    },
    Mutant {
        rule: "AS-21",
        file: "src/process/peer.rs",
        old: "self.caught & signal.mask() != 0 && !self.catches_everything()",
        new: "self.caught & signal.mask() != 0",
        check: TRANSFER,
        test: "a_sender_that_catches_all_signals_gets_no_answer_and_survives",
    },
    Mutant {
        rule: "AS-21",
        file: "src/server/session.rs",
        old: "!self.is_unreachable && self.handled.contains(signal)",
        new: "!self.is_unreachable && (self.handled.contains(signal) || true)",
        check: TRANSFER,
        test: "a_classic_client_without_a_handler_delivers_and_survives",
    },
    Mutant {
        rule: "AS-21",
        file: "src/server/session.rs",
        old: "self.inspected_at != now\n",
        new: "self.inspected_at != now && false\n",
        check: UNITS,
        test: "a_client_that_becomes_another_program_between_two_texts_is_not_answered",
    },
    // Each repeated inspection backs up the others, so the mutant removes the inspection itself.
    Mutant {
        rule: "AS-21",
        file: "src/server/machine.rs",
        old: "        session.inspected(inspection, core.now);\n",
        new: "        (session.inspected_at, _) = (core.now, inspection);\n",
        check: TRANSFER,
        test: "a_client_that_became_another_program_is_not_sent_unhandled_signals",
    },
    Mutant {
        rule: "AS-21",
        file: "src/server/answer.rs",
        old: "        self.inspect(session.pid, Then::Reply { signal, reply });\n",
        new: "        self.send(session, signal, reply);\n",
        check: PEERS,
        test: "a_program_executed_in_mid_message_is_not_signalled_at_shutdown",
    },
    Mutant {
        rule: "AS-21",
        file: "src/client/outgoing.rs",
        old: "if self.end == End::Alive && !self.options.skip_check {",
        new: "if self.end == End::Alive && self.options.skip_check {",
        check: PEERS,
        test: "a_server_that_becomes_another_program_is_not_signalled",
    },
    Mutant {
        rule: "AS-19",
        file: "src/process/peer.rs",
        old: "peer.by_number = !matches!(through, Ok(()) | Err(Errno::NO_PROCESS));",
        new: "let _ = through;",
        check: PEERS,
        test: "both_ends_fall_back_to_kill_when_a_filter_denies_pidfds",
    },
    Mutant {
        rule: "AS-22",
        file: "src/client/transfers.rs",
        old: "self.is_blank |= event.code == libc::SI_USER;",
        new: "self.is_blank |= event.code == libc::SI_USER && false;",
        check: FAULTS,
        test: "a_client_explains_that_no_signal_can_be_queued",
    },
    Mutant {
        rule: "AS-23",
        file: "src/ffi/disposition.rs",
        old: "libc::SA_SIGINFO | libc::SA_RESTART",
        new: "libc::SA_SIGINFO",
        check: NETS,
        test: "a read is restarted, a wait returns",
    },
    Mutant {
        rule: "AS-24",
        file: "src/signal/inbox.rs",
        old: "        ffi::install_fork_hook(program.unwrap_or(before)).map_err(InboxError::System)?;\n",
        new: "",
        check: NETS,
        test: "a forked child has no handler",
    },
    Mutant {
        rule: "AS-24",
        file: "src/ffi/epoll.rs",
        old: "        if getpid() == self.owner {",
        new: "        if getpid() != self.owner {",
        check: LIBRARY,
        test: "a_forked_child_does_not_keep_a_client_watched",
    },
    Mutant {
        rule: "AS-31",
        file: "src/ffi/start.rs",
        old: "        ignore(signal);\n",
        new: "        let _ = signal;\n",
        check: START,
        test: "a_stray_signal_does_not_end_a_command_that_reads_its_input",
    },
    Mutant {
        rule: "AS-32",
        file: "src/server/machine.rs",
        old: "let is_kept = |session: &Session| request.is_none() || session.is_announced();",
        new: "let is_kept = |_: &Session| true;",
        check: ADVERSARY,
        test: "named_processes_cost_no_descriptor_and_get_at_most_a_signal_for_each_hello",
    },
    Mutant {
        rule: "AS-32",
        file: "src/server/machine.rs",
        old: "let least = evictable.min();",
        new: "let least = evictable.min().filter(|_| false);",
        check: ADVERSARY,
        test: "strays_of_many_processes_do_not_exhaust_the_descriptors",
    },
    Mutant {
        rule: "AS-25",
        file: "src/signal/inbox.rs",
        old: "        let readable = ffi::wait(fd, timeout, self.wait_mask);\n        ffi::unblock(self.unblocked);\n",
        new: "        let readable = ffi::wait(fd, timeout, self.wait_mask);\n",
        check: NETS,
        test: "a program started by std inherits the mask",
    },
    Mutant {
        rule: "AS-26",
        file: "src/signal/inbox.rs",
        old: "INHERITED.contains(signal) && ffi::is_ignored(signal);",
        new: "INHERITED.contains(signal) && ffi::is_ignored(signal) && false;",
        check: FAULTS,
        test: "a_sigint_that_is_ignored_stays_ignored",
    },
    Mutant {
        rule: "AS-26",
        file: "src/cli/stop.rs",
        old: ".filter(|signal| !ffi::is_ignored(signal))",
        new: ".filter(|_| true)",
        check: FAULTS,
        test: "a_sigint_that_is_ignored_stays_ignored",
    },
    Mutant {
        rule: "AS-26",
        file: "src/signal/inbox.rs",
        old: "wait_mask: before.filter(|signal| !signals.contains(signal)),",
        new: "wait_mask: before,",
        check: FAULTS,
        test: "both_ends_work_when_started_with_the_signals_blocked",
    },
    Mutant {
        rule: "AS-27",
        file: "src/signal/inbox.rs",
        old: "        while let Some(entry) = ffi::take(self.signals, Duration::ZERO) {\n            Event::decode(entry).into_iter().for_each(&mut note);\n        }\n",
        new: "",
        check: NETS,
        test: "closing discards pending messages",
    },
    Mutant {
        rule: "AS-27",
        file: "src/signal/inbox.rs",
        old: "                *previous = Disposition::ignore();\n",
        new: "",
        check: NETS,
        test: "closing can ignore late signals that would kill",
    },
    Mutant {
        rule: "AS-13",
        file: "src/signal/inbox.rs",
        old: "signals.contains(signal) || !before.contains(signal);",
        new: "signals.contains(signal) || (!before.contains(signal) && false);",
        check: NETS,
        test: "uncaught signals are blocked only at the mark",
    },
    Mutant {
        rule: "AS-27",
        file: "src/endpoint/service.rs",
        old: "            inbox.close_ignoring();\n",
        new: "            drop(inbox);\n",
        check: LIBRARY,
        test: "late_signals_do_not_kill",
    },
    Mutant {
        rule: "AS-14",
        file: "src/signal/threads.rs",
        old: "let before = ffi::block(signals);",
        new: "let before = ffi::block(signals.filter(|_| false));",
        check: LIBRARY,
        test: "a_sender_keeps_the_signals_blocked_between_messages",
    },
    Mutant {
        rule: "AS-14",
        file: "src/signal/threads.rs",
        old: "if open.mask() != 0 {",
        new: "if open.mask() != 0 && false {",
        check: LIBRARY,
        test: "a_thread_that_would_get_the_signals_is_named",
    },
    Mutant {
        rule: "AS-14",
        file: "src/signal/inbox.rs",
        old: "        let check = super::threads::check_for_inbox;\n",
        new: "        let check = |_| Ok(());\n",
        check: UNITS,
        test: "an_inbox_that_finds_an_open_thread_changes_nothing",
    },
    Mutant {
        rule: "AS-24",
        file: "src/ffi/fork.rs",
        old: "        RING.reset();\n",
        new: "",
        check: LIBRARY,
        test: "a_forked_child_has_no_receiver_and_can_open_an_inbox",
    },
    Mutant {
        rule: "AS-24",
        file: "src/ffi/fork.rs",
        old: "    for signal in handled().iter() {\n",
        new: "    for signal in crate::signal::event::SignalSet::MINITALK.iter() {\n",
        check: NETS,
        test: "a forked child has no handler",
    },
    Mutant {
        rule: "AS-13",
        file: "src/signal/inbox.rs",
        old: "Event::decode(entry).filter(|e| self.signals.contains(e.signal))",
        new: "Event::decode(entry)",
        check: UNITS,
        test: "a_late_signal_of_a_former_inbox_is_not_drained",
    },
    Mutant {
        rule: "AS-27",
        file: "src/signal/inbox.rs",
        old: "            if !is_message(event.signal) {",
        new: "            if SignalSet::STOPS.contains(event.signal) {",
        check: NETS,
        test: "closing lets a pending SIGTERM take effect",
    },
    Mutant {
        rule: "AS-28",
        file: "src/ffi/disposition.rs",
        old: "    if is_ours(signal) {\n        replace",
        new: "    if is_ours(signal) || true {\n        replace",
        check: LIBRARY,
        test: "a_handler_installed_later_is_kept",
    },
    Mutant {
        rule: "AS-29",
        file: "src/signal/inbox.rs",
        old: "        if !self.keeps_blocked {\n            ffi::block(self.signals);\n            self.keeps_blocked = true;\n        }\n",
        new: "",
        check: SWEEP,
        test: "polling keeps the handler out",
    },
    Mutant {
        rule: "AS-29",
        file: "src/signal/inbox.rs",
        old: "                RING.push(&entry);\n                self.take_more_after(entry, budget);\n",
        new: "                self.take_more_after(entry, budget);\n                RING.push(&entry);\n",
        check: SWEEP,
        test: "consecutive words",
    },
    Mutant {
        rule: "AS-30",
        file: "src/wire/receiver.rs",
        old: "if self.state == State::Open && word.is_number(self.next) {",
        new: "if self.state == State::Open && (word.is_number(self.next) || word.is_number(self.next + 1)) {",
        check: UNITS,
        test: "a_word_is_taken_once_and_in_its_turn",
    },
    Mutant {
        rule: "AS-28",
        file: "src/signal/ring.rs",
        old: "if self.claimed.swap(true, Ordering::Acquire) {",
        new: "if self.claimed.swap(true, Ordering::Acquire) && false {",
        check: NETS,
        test: "a second inbox is refused",
    },
];

const USAGE: &str = "\
usage: cargo xtask mutants [RULE...]

Plants defects in a copy of the sources below target/, one after the other (all, or those of these rules of SAFETY.md), and
runs the check that must notice. Exit code 0 if none escapes the test that SAFETY.md names, 1 if one does. A test that
cannot run here (some need root) is said to be skipped, and then proves nothing.
";

/// Runs the command with its arguments.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let mut parser = lexopt::Parser::from_args(arguments);
    let mut rules = Vec::new();
    loop {
        use lexopt::ValueExt;
        let parsed = match parser.next() {
            Ok(None) => break,
            Ok(Some(lexopt::Arg::Short('h') | lexopt::Arg::Long("help"))) => {
                print!("{USAGE}");
                return ExitCode::SUCCESS;
            }
            Ok(Some(lexopt::Arg::Value(rule))) => rule.string().map(|rule| rules.push(rule)),
            Ok(Some(other)) => Err(other.unexpected()),
            Err(error) => Err(error),
        };
        if let Err(error) = parsed {
            eprintln!("mutants: {error}\n{USAGE}");
            return ExitCode::from(2);
        }
    }
    if let Some(unknown) = rules.iter().find(|r| MUTANTS.iter().all(|m| m.rule != *r)) {
        eprintln!("mutants: there is no mutant of rule {unknown:?}\n{USAGE}");
        return ExitCode::from(2);
    }
    match hunt(&rules) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(escaped) => {
            eprintln!("mutants: {escaped} escaped");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("mutants: {error}");
            ExitCode::from(2)
        }
    }
}

/// Returns how many mutants were not caught.
fn hunt(rules: &[String]) -> io::Result<usize> {
    let root = product::repository();
    let safety = fs::read_to_string(root.join("SAFETY.md"))?;
    let copy = copy(root)?;
    let mut escaped = 0;
    for mutant in MUTANTS {
        if !rules.is_empty() && !rules.iter().any(|rule| rule == mutant.rule) {
            continue;
        }
        let path = copy.join(mutant.file);
        let original = fs::read_to_string(&path)?;
        let found = original.matches(mutant.old).count();
        if found != 1 {
            let text = format!("found {found} times in {}: {}", mutant.file, mutant.old);
            return Err(io::Error::other(text));
        }
        fs::write(&path, original.replacen(mutant.old, mutant.new, 1))?;
        let fate = try_out(&copy, mutant)?;
        fs::write(&path, original)?;
        let (file, test) = (mutant.file, mutant.test);
        let rule = format!(
            "{} ({})",
            mutant.rule,
            title(&safety, mutant.rule).unwrap_or("?")
        );
        match fate {
            Fate::Caught => println!("{rule}: a defect in {file} is caught by {test:?}"),
            Fate::Skipped => {
                println!("{rule}: not tried, because {test:?} was skipped (it may need root)")
            }
            Fate::Escaped => {
                println!("{rule}: ESCAPED {test:?}: {}", mutant.new);
                escaped += 1;
            }
        }
    }
    Ok(escaped)
}

/// Returns the words that head a rule in SAFETY.md.
fn title<'t>(safety: &'t str, rule: &str) -> Option<&'t str> {
    let (_, rest) = safety.split_once(&format!("**{rule}: "))?;
    Some(rest.split_once(".**")?.0)
}

/// Copies the sources that git tracks, with uncommitted changes, and returns the path of the copy.
fn copy(root: &Path) -> io::Result<PathBuf> {
    let to = root.join("target/mutants/tree");
    if to.exists() {
        fs::remove_dir_all(&to)?;
    }
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()?;
    let names = String::from_utf8_lossy(&listed.stdout).into_owned();
    if !listed.status.success() || names.is_empty() {
        return Err(io::Error::other("git does not list the sources"));
    }
    for name in names.lines().filter(|name| root.join(name).exists()) {
        let path = to.join(name);
        fs::create_dir_all(path.parent().unwrap_or(&to))?;
        fs::copy(root.join(name), path)?;
    }
    Ok(to)
}

enum Fate {
    Caught,
    Escaped,
    /// The test reported that it cannot run here.
    Skipped,
}

fn try_out(copy: &Path, mutant: &Mutant) -> io::Result<Fate> {
    let cargo = |more: &[&str]| {
        let mut command = Command::new("cargo");
        command.arg("test").args(mutant.check).args(more);
        command
            .env("CARGO_TARGET_DIR", copy.join("../build"))
            .env("RUST_BACKTRACE", "0")
            // One line changes from build to build.
            .env_remove("CARGO_INCREMENTAL")
            .current_dir(copy)
            .output()
    };
    let built = cargo(&["--no-run"])?;
    if !built.status.success() {
        let text = String::from_utf8_lossy(&built.stderr).into_owned();
        return Err(io::Error::other(format!(
            "the mutant does not compile:\n{text}"
        )));
    }
    for _ in 0..RUNS {
        let run = cargo(&["--", mutant.test, "--nocapture"])?;
        let printed = [run.stdout, run.stderr].concat();
        let printed = String::from_utf8_lossy(&printed);
        match (run.status.success(), printed.contains(mutant.test)) {
            (false, true) => return Ok(Fate::Caught),
            (true, _) if printed.contains("skipped: ") => return Ok(Fate::Skipped),
            _ => {}
        }
    }
    Ok(Fate::Escaped)
}

/// Is the number of times that a check may miss a defect which shows only in a race of two processes.
const RUNS: u32 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands between two backticks.
    fn quoted(text: &str) -> impl Iterator<Item = &str> {
        text.split('`').skip(1).step_by(2)
    }

    #[test]
    fn every_rule_is_kept_in_files_that_have_the_names_given() {
        let root = product::repository();
        let safety = fs::read_to_string(root.join("SAFETY.md")).unwrap();
        let rules: Vec<_> = safety.split("\n**AS-").skip(1).collect();
        assert!(rules.len() >= 32);
        for rule in rules {
            let (_, place) = rule.split_once("\n* *Kept in:* ").expect(rule);
            let (place, _) = place.split_once("\n* *").expect(rule);
            for part in place.split(';') {
                let mut names = quoted(part);
                let file = root.join(names.next().expect(part));
                let source = fs::read_to_string(&file).expect(part);
                for name in names {
                    let name = name.rsplit("::").next().unwrap_or(name);
                    assert!(source.contains(name), "no {name} in {}", file.display());
                }
            }
        }
        for mutant in MUTANTS {
            assert!(title(&safety, mutant.rule).is_some(), "{}", mutant.rule);
        }
    }
}
