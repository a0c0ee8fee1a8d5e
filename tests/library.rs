//! The endpoint of the library. Each case is a process of its own, which can have only one.

mod common;
#[path = "library/end.rs"]
mod end;
#[path = "library/functions.rs"]
mod functions;
#[path = "library/one_per_process.rs"]
mod one_per_process;
#[path = "library/receiving.rs"]
mod receiving;
#[path = "library/sending.rs"]
mod sending;

use std::os::fd::AsRawFd;
use std::process::ExitCode;

use common::*;
use end::*;
use functions::*;
use minitalk::client::Options;
use minitalk::{Endpoint, SignalSet};
use one_per_process::*;
use receiving::*;
use sending::*;

const CASES: &[(&str, fn())] = cases![
    a_message_names_its_sender,
    a_client_is_acknowledged_when_its_message_is_taken,
    a_message_that_is_not_taken_is_rejected,
    a_taken_message_is_acknowledged_however_the_receiver_ends,
    clients_wait_for_a_slow_program,
    a_process_has_at_most_one_endpoint,
    a_thread_that_would_get_the_signals_is_named,
    open_threads_are_found_while_others_start_and_end,
    stops_must_be_blocked_on_every_thread,
    a_thread_that_blocks_all_signals_does_not_prevent_binding,
    a_receiver_binds_where_no_signal_can_be_queued,
    a_forked_child_has_no_receiver_and_can_open_an_inbox,
    a_forked_child_does_not_keep_a_client_watched,
    dropping_a_receiver_restores_handlers_and_mask,
    late_signals_do_not_kill,
    a_handler_installed_later_is_kept,
    no_message_follows_the_end,
    a_receiver_can_be_stopped_from_another_thread,
    a_receiver_can_stop_on_sigterm,
    sigterm_keeps_its_default_action,
    a_receiver_stops_after_its_count,
    a_panic_of_the_program_ends_the_receiver,
    a_panic_in_the_output_ends_the_server,
    a_panic_in_notes_ends_the_server,
    a_panic_in_the_last_note_is_an_error,
    unread_notes_delay_no_message,
    a_sender_delivers_several_messages_to_one_server,
    a_sender_keeps_the_signals_blocked_between_messages,
    bystanders_are_never_signalled,
    a_message_to_a_receiver_that_ends_may_be_delivered_once_all_is_sent,
    late_answers_do_not_harm_a_process_that_gave_up,
];

fn main() -> ExitCode {
    run_cases(CASES, cases![end_with_a_message])
}

fn us() -> String {
    std::process::id().to_string()
}

/// Returns options of a client that does not give up while its server gets no CPU.
fn patient() -> Options {
    let mut options = Options::default();
    options.timeout = WATCHDOG;
    options
}

/// Returns an endpoint that sends.
fn sender() -> Endpoint {
    Endpoint::builder().send_only().bind().unwrap()
}

/// Starts a client that sends to this process.
fn send_us(options: &[&str], message: &str) -> Process {
    Process::spawn(
        minitalk(["send"])
            .args(options)
            .args(["--", &us(), message]),
    )
}

/// Returns whether the descriptor becomes readable within these milliseconds; -1 waits without a limit.
fn is_readable(endpoint: &Endpoint, milliseconds: i32) -> bool {
    let mut poll = libc::pollfd {
        fd: endpoint.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: the pollfd lives for the whole call and the count is 1.
    unsafe { libc::poll(&raw mut poll, 1, milliseconds) == 1 }
}

/// Returns the part of this mask of `/proc` that concerns our signals: those of messages and the stop signals.
fn ours(mask: &str) -> u64 {
    u64::from_str_radix(&status(mask), 16).unwrap() & SignalSet::MINITALK.mask()
}

/// Returns a field of `/proc/thread-self/status`.
fn status(field: &str) -> String {
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    line.split_whitespace().nth(1).unwrap().into()
}
