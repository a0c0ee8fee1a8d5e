//! The seeded defects: the rule of SAFETY.md that each breaks, its file, the check and the test in it that must fail, and the
//! replaced text, which occurs exactly once in the file, with its replacement.

use super::Mutant;

const NETS: &[&str] = &["-p", "check-interrupt", "--test", "nets"];
const SWEEP: &[&str] = &["-p", "check-interrupt", "--test", "sweep"];
const UNITS: &[&str] = &["--lib"];
const FAULTS: &[&str] = &["--test", "faults"];
const LIBRARY: &[&str] = &["--test", "library"];
const TRANSFER: &[&str] = &["--test", "transfer"];
const PEERS: &[&str] = &["--test", "peers"];
const ADVERSARY: &[&str] = &["--test", "adversary"];
const START: &[&str] = &["--test", "start"];

macro_rules! mutants {
    ($($rule:literal in $file:literal, by $check:ident $test:literal: $old:literal => $new:literal;)+) => {
        &[$(Mutant { rule: $rule, file: $file, old: $old, new: $new, check: $check, test: $test }),+]
    };
}

/// Lists every seeded defect.
pub const MUTANTS: &[Mutant] = mutants! {
    "AS-16" in "src/wire/bit_window.rs", by UNITS "what_was_sent_before_the_last_that_came_is_lost":
        "if !is_after(sent_as, serial) {"
        => "if is_after(sent_as, serial) {";
    "AS-1" in "src/ffi.rs", by NETS "the handler installed is the one audited":
        "    handler as libc::sighandler_t\n"
        => "    handler as libc::sighandler_t + 1\n";
    "AS-13" in "src/ffi.rs", by SWEEP "a full ring":
        "    if high {"
        => "    if high && false {";
    "AS-13" in "src/ffi.rs", by NETS "uncaught signals are blocked only at the mark":
        "HANDLED.fetch_or("
        => "HANDLED.swap(";
    "AS-14" in "src/ffi/disposition.rs", by NETS "the handler is not interrupted by our signals":
        "set_of(add_handled(signal.into()))"
        => "set_of(add_handled(signal.into()).filter(|other| other == signal))";
    "AS-14" in "src/signal/inbox.rs", by NETS "the handler is not interrupted by our signals":
        "let handled = ffi::add_handled(signals);"
        => "let handled = signals;";
    "AS-17" in "src/signal/inbox.rs", by UNITS "spin_wait_takes_what_is_pending_and_leaves_the_signals_blocked":
        "        for _ in 1..BATCH {\n"
        => "        for _ in 1..BATCH.min(1) {\n";
    "AS-17" in "src/signal/inbox.rs", by NETS "a drain ends in any storm":
        "for _ in 0..CAPACITY {"
        => "loop {";
    "AS-18" in "src/signal/event.rs", by UNITS "only_codes_that_the_kernel_attests_are_believed":
        "(libc::SI_USER | libc::SI_TKILL, Some(pid))"
        => "(libc::SI_USER | libc::SI_TKILL | libc::SI_TIMER, Some(pid))";
    "AS-18" in "src/wire/sender/replies.rs", by ADVERSARY "forged_answers_do_not_end_a_client_that_waits":
        "if reply.nonces.client != self.nonces.client || self.result.is_some() {"
        => "if self.result.is_some() {";
    "AS-18" in "src/client/transfers.rs", by ADVERSARY "a_reply_comes_from_the_server_alone_and_goes_to_its_client_alone":
        "self.to(pid).find(|outgoing| outgoing.awaits(request));"
        => "self.begun.first_mut().map(|(outgoing, _)| outgoing).filter(|_| (pid, request).1 != 0);";
    "AS-18" in "src/wire/receiver.rs", by ADVERSARY "hellos_in_the_name_of_a_client_do_not_end_its_transfer":
        "nonces.client != 0 && nonces.server == self.draw(nonces.client)"
        => "nonces.client != 0";
    "AS-18" in "src/server/session.rs", by ADVERSARY "a_message_is_shown_with_the_user_of_the_process_that_sent_it":
        "self.proven_uid = self.inspected_uid;"
        => "self.proven_uid = Some(0);";
    "AS-19" in "src/engine/message.rs", by UNITS "a_reply_goes_to_no_later_owner_of_the_pid":
        "is_ok_and(|start| start == self.start)"
        => "is_ok_and(|start| start == self.start || true)";
    "AS-19" in "src/process/peer.rs", by FAULTS "a_recycled_pid_is_not_signalled":
        "Some(fd) => ffi::send_through(fd, signal, packet),"
        => "Some(_) => ffi::send(self.pid, signal, packet),";
    "AS-20" in "src/process/pid.rs", by UNITS "only_codes_that_the_kernel_attests_are_believed":
        "Some(pid) if pid.get() > 0 => Some(Self(pid)),"
        => "Some(pid) => Some(Self(pid)),";
    "AS-21" in "src/process/peer.rs", by TRANSFER "a_sender_that_catches_all_signals_gets_no_answer_and_survives":
        "self.caught & signal.mask() != 0 && !self.catches_everything()"
        => "self.caught & signal.mask() != 0";
    "AS-21" in "src/process/peer.rs", by TRANSFER "a_sender_that_catches_all_signals_gets_no_answer_and_survives":
        "is_ok_and(|s| is_everything(s.caught)) && proc::is_go(self.pid);"
        => "is_ok_and(|s| is_everything(s.caught));";
    "AS-21" in "src/process/proc.rs", by UNITS "a_signal_that_is_only_blocked_is_not_taken":
        "wanted => wanted & signalfds(pid),"
        => "wanted => wanted,";
    "AS-21" in "src/process/proc.rs", by UNITS "a_sleep_that_is_not_for_signals_takes_none":
        "address.filter(|_| number == libc::SYS_rt_sigtimedwait)"
        => "address.filter(|_| number != libc::SYS_read)";
    "AS-21" in "src/server/session.rs", by TRANSFER "a_classic_client_without_a_handler_delivers_and_survives":
        "!self.is_unreachable && self.handled.contains(signal)"
        => "!self.is_unreachable && (self.handled.contains(signal) || true)";
    "AS-21" in "src/server/session.rs", by UNITS "a_client_that_becomes_another_program_between_two_texts_is_not_answered":
        "self.inspected_at != Some(now)\n"
        => "self.inspected_at != Some(now) && false\n";
    "AS-21" in "src/server/foreign.rs", by UNITS "a_client_that_becomes_another_program_is_sent_no_second_acknowledgement":
        "core.inspect(*pid, Then::Poll(sleep));"
        => "core.poll_text(session, sleep);";
    // Each repeated inspection backs up the others, so the mutant keeps the earlier observation.
    "AS-21" in "src/server/session.rs", by TRANSFER "a_client_that_became_another_program_is_not_sent_unhandled_signals":
        "        self.handled = inspection.handled.unwrap_or(SignalSet::NONE);\n"
        => "        self.handled = self.handled.union(inspection.handled.unwrap_or(SignalSet::NONE));\n";
    "AS-21" in "src/server/answer.rs", by PEERS "a_program_executed_in_mid_message_is_not_signalled_at_shutdown":
        "        self.inspect(session.pid, Then::Answer(signal, reply));\n"
        => "        self.send(session, signal, reply);\n";
    "AS-21" in "src/process/peer.rs", by PEERS "a_process_that_handles_each_signal_once_survives":
        "        if proc::runs_this_program(self.pid) {"
        => "        if proc::program(self.pid).is_ok() {";
    "AS-21" in "src/client/outgoing.rs", by PEERS "a_process_that_handles_each_signal_once_survives":
        "if is_second && !self.peer.still_handles(Signal::WORD) {"
        => "if is_second && self.end != End::Alive {";
    "AS-21" in "src/client/outgoing.rs", by PEERS "a_server_that_becomes_another_program_is_not_signalled":
        "if self.end == End::Alive && !self.options.skip_check {"
        => "if self.end == End::Alive && self.options.skip_check {";
    "AS-19" in "src/process/peer.rs", by PEERS "both_ends_fall_back_to_kill_when_a_filter_denies_pidfds":
        "!matches!(through, Ok(()) | Err(Errno::NO_PROCESS)) && ffi::probe(pid).is_ok()"
        => "false && through.is_ok()";
    "AS-22" in "src/client/transfers.rs", by FAULTS "a_client_explains_that_no_signal_can_be_queued":
        "self.is_blank |= event.code == libc::SI_USER;"
        => "self.is_blank |= event.code == libc::SI_USER && false;";
    "AS-23" in "src/ffi/disposition.rs", by NETS "a read is restarted, a wait returns":
        "libc::SA_SIGINFO | libc::SA_RESTART"
        => "libc::SA_SIGINFO";
    "AS-24" in "src/signal/inbox.rs", by NETS "a forked child has no handler":
        "        ffi::install_fork_hook(program.unwrap_or(before)).map_err(InboxError::System)?;\n"
        => "";
    "AS-24" in "src/ffi/epoll.rs", by LIBRARY "a_forked_child_does_not_keep_a_client_watched":
        "        if getpid() == self.owner {"
        => "        if getpid() != self.owner {";
    "AS-31" in "src/ffi/start.rs", by START "a_stray_signal_does_not_end_a_command_that_reads_its_input":
        "        ignore(signal);\n"
        => "        let _ = signal;\n";
    "AS-32" in "src/wire/receiver.rs", by UNITS "what_is_left_of_a_transfer_in_a_queue_does_not_open_it_again_after_later_ones":
        "self.derive_key(0);"
        => "";
    "AS-32" in "src/server/machine.rs", by ADVERSARY "named_processes_cost_no_descriptor_and_get_at_most_a_signal_for_each_hello":
        "let is_kept = |session: &Session| request.is_none() || session.is_announced();"
        => "let is_kept = |_: &Session| true;";
    "AS-32" in "src/server/machine.rs", by ADVERSARY "strays_of_many_processes_do_not_exhaust_the_descriptors":
        "let least = evictable.min();"
        => "let least = evictable.min().filter(|_| false);";
    "AS-25" in "src/signal/inbox.rs", by NETS "a program started by std inherits the mask":
        "        let readable = ffi::wait(fd, timeout, self.wait_mask);\n        ffi::unblock(self.unblocked);\n"
        => "        let readable = ffi::wait(fd, timeout, self.wait_mask);\n";
    "AS-26" in "src/signal/inbox.rs", by FAULTS "a_sigint_that_is_ignored_stays_ignored":
        "INHERITED.contains(signal) && ffi::is_ignored(signal);"
        => "INHERITED.contains(signal) && ffi::is_ignored(signal) && false;";
    "AS-26" in "src/cli/stop.rs", by FAULTS "a_sigint_that_is_ignored_stays_ignored":
        ".filter(|signal| !ffi::is_ignored(signal))"
        => ".filter(|_| true)";
    "AS-26" in "src/signal/inbox.rs", by FAULTS "both_ends_work_when_started_with_the_signals_blocked":
        "wait_mask: before.filter(|signal| !signals.contains(signal)),"
        => "wait_mask: before,";
    "AS-27" in "src/signal/inbox.rs", by NETS "closing discards pending messages":
        "        while let Some(entry) = ffi::take(self.signals, Duration::ZERO) {\n            Event::decode(entry).into_iter().for_each(&mut note);\n        }\n"
        => "";
    "AS-27" in "src/signal/inbox.rs", by NETS "closing can ignore late signals that would kill":
        "                *previous = Disposition::ignore();\n"
        => "";
    "AS-13" in "src/signal/inbox.rs", by NETS "uncaught signals are blocked only at the mark":
        "signals.contains(signal) || !before.contains(signal);"
        => "signals.contains(signal) || (!before.contains(signal) && false);";
    "AS-27" in "src/endpoint/service.rs", by LIBRARY "late_signals_do_not_kill":
        "            inbox.close_ignoring();\n"
        => "            drop(inbox);\n";
    "AS-14" in "src/signal/threads.rs", by LIBRARY "a_sender_keeps_the_signals_blocked_between_messages":
        "let before = ffi::block(signals);"
        => "let before = ffi::block(signals.filter(|_| false));";
    "AS-14" in "src/signal/threads.rs", by LIBRARY "a_thread_that_would_get_the_signals_is_named":
        "if open.mask() != 0 {"
        => "if open.mask() != 0 && false {";
    "AS-14" in "src/signal/inbox.rs", by UNITS "an_inbox_that_finds_an_open_thread_changes_nothing":
        "        let check = super::threads::check_for_inbox;\n"
        => "        let check = |_| Ok(());\n";
    "AS-24" in "src/ffi/fork.rs", by LIBRARY "a_forked_child_has_no_receiver_and_can_open_an_inbox":
        "        RING.reset();\n"
        => "";
    "AS-24" in "src/ffi/fork.rs", by NETS "a forked child has no handler":
        "    for signal in handled().iter() {\n"
        => "    for signal in crate::signal::set::SignalSet::MINITALK.iter() {\n";
    "AS-13" in "src/signal/inbox.rs", by UNITS "a_late_signal_of_a_former_inbox_is_not_drained":
        "Event::decode(entry).filter(|e| self.signals.contains(e.signal))"
        => "Event::decode(entry)";
    "AS-27" in "src/signal/inbox.rs", by NETS "closing lets a pending SIGTERM take effect":
        "            if !is_message(event.signal) {"
        => "            if SignalSet::STOPS.contains(event.signal) {";
    "AS-28" in "src/ffi/disposition.rs", by LIBRARY "a_handler_installed_later_is_kept":
        "    if is_ours(signal) {\n        replace"
        => "    if is_ours(signal) || true {\n        replace";
    "AS-29" in "src/signal/inbox.rs", by SWEEP "polling keeps the handler out":
        "        if !self.keeps_blocked {\n            ffi::block(self.signals);\n            self.keeps_blocked = true;\n        }\n"
        => "";
    "AS-29" in "src/signal/inbox.rs", by SWEEP "consecutive words":
        "                RING.push(&entry);\n                self.take_more_after(entry, budget);\n"
        => "                self.take_more_after(entry, budget);\n                RING.push(&entry);\n";
    "AS-30" in "src/wire/receiver.rs", by UNITS "a_word_is_taken_once_and_in_its_turn":
        "if self.state == State::Open && word.is_number(self.next) {"
        => "if self.state == State::Open && (word.is_number(self.next) || word.is_number(self.next + 1)) {";
    "AS-30" in "src/server/machine.rs", by UNITS "words_are_told_apart_by_their_proofs":
        "session.receiver.is_proven(&word);"
        => "session.receiver.uses_words();";
    "AS-28" in "src/signal/ring.rs", by NETS "a second inbox is refused":
        "if self.claimed.swap(true, Ordering::Acquire) {"
        => "if self.claimed.swap(true, Ordering::Acquire) && false {";
};
