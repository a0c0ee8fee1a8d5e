//! The error of a message that is not known to be delivered: what became of it, and what to do.

use std::fmt::Display;

use minitalk::client::SendError;
use minitalk::wire::reason::Reason;
use minitalk::wire::sender;
use minitalk::{Peer, Pid};

use super::{Exit, Failure, chain};

/// Says in an error what became of the message.
const UNSENT: &str = "; nothing was sent";
const UNDELIVERED: &str = "; nothing was delivered";
const UNCERTAIN: &str = "; the message may have been delivered";

impl Failure {
    /// Returns the error of a message to `peer`, which is named unless it has ended: its PID may then be another process's.
    pub fn send_to(peer: &Peer, error: &SendError) -> Self {
        let pid = peer.pid();
        match (error, peer.inspect()) {
            // The error itself names the process.
            (SendError::Refused { .. }, _) | (_, Err(_)) => Self::find(pid, error),
            (_, Ok(status)) => {
                let name = status.name.escape_default();
                Self::send(format_args!("PID {pid} ({name})"), error)
            }
        }
    }

    /// Returns the error of a message to the process `pid`, which is not known to be a peer.
    pub fn find(pid: Pid, error: &SendError) -> Self {
        Self::send(format_args!("PID {pid}"), error)
    }

    /// Returns the error of a message to `target`.
    pub fn send(target: impl Display, error: &SendError) -> Self {
        let doubt = match error.may_be_delivered() {
            true => UNCERTAIN,
            false => UNDELIVERED,
        };
        let (exit, outcome, remedy) = match error {
            SendError::NoSuchProcess => (Exit::NoSuchProcess, "", "; minitalk list shows servers"),
            SendError::NotPermitted => (Exit::NotPermitted, "", "; run both ends as the same user"),
            SendError::Ourselves => (Exit::Refused, "", ""),
            SendError::Refused { .. } => (Exit::Refused, UNSENT, " (--force skips this check)"),
            SendError::TimedOut { blank: false, .. } => (
                Exit::TimedOut,
                doubt,
                " (a server that is stopped, or runs as another user, cannot answer; a server of another program needs --dialect)",
            ),
            SendError::TimedOut { blank: true, .. } => {
                (Exit::TimedOut, doubt, "; ulimit -i raises the limit")
            }
            SendError::Rejected(reason) => {
                let (outcome, remedy) = Self::after_rejection(*reason);
                (Exit::Rejected, outcome, remedy)
            }
            SendError::Link(sender::LinkFailure::Contradiction) => (Exit::Rejected, UNCERTAIN, ""),
            SendError::Link(sender::LinkFailure::NoWords) => (Exit::Rejected, UNSENT, ""),
            SendError::Link(_) => (Exit::Rejected, "", ""),
            SendError::TooLong(_) | SendError::Unencodable(_) => (Exit::Rejected, UNSENT, ""),
            SendError::Busy => (
                Exit::TimedOut,
                UNDELIVERED,
                " (try again, or with a longer --timeout)",
            ),
            SendError::LastUnanswered => (
                Exit::TimedOut,
                UNCERTAIN,
                " (if it never does, add final=none to --dialect)",
            ),
            SendError::Unanswered { .. } => {
                (Exit::TimedOut, "", "; minitalk check finds its dialect")
            }
            SendError::ServerEnded { .. } => (Exit::ServerEnded, doubt, ""),
            SendError::NoReply { has_ended: false } => {
                (Exit::NoReply, "", " (--reply-timeout waits for longer)")
            }
            SendError::NoReply { has_ended: true } => (Exit::NoReply, "", ""),
            SendError::Interrupted(_) | SendError::Stopped => (Exit::Io, UNCERTAIN, ""),
            _ => (Exit::Io, "", ""),
        };
        // A remedy in parentheses is by an option. The classic pair has none, and a chat has not those of send.
        let (remedy, hint) = match remedy.starts_with(' ') {
            true => ("", remedy),
            false => (remedy, ""),
        };
        let what = match exit {
            Exit::NoReply => "no reply from",
            _ => "cannot send to",
        };
        Self {
            hint: hint.into(),
            signal: match error {
                SendError::Interrupted(signal) => Some(*signal),
                _ => None,
            },
            ..Self::new(
                exit,
                format!("{what} {target}: {}{outcome}{remedy}", chain(error)),
            )
        }
    }

    /// Returns the reason of a rejection and a remedy, in parentheses if it is by an option.
    const fn after_rejection(reason: Reason) -> (&'static str, &'static str) {
        let outcome = match reason {
            Reason::Output => "; part of it may have been written",
            Reason::Refused => "; that program may have run",
            _ => UNDELIVERED,
        };
        let remedy = match reason {
            Reason::TooLong => " (serve --max-message and --max-memory raise the limit)",
            Reason::Version => "; update the older of the two",
            Reason::Output | Reason::Refused => "; the standard error of the server says why",
            Reason::ShuttingDown => "; send it again when a server is running",
            Reason::NoReplies => {
                " (serve --exec replies, and send without --reply expects no reply)"
            }
            _ => "",
        };
        (outcome, remedy)
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::process::{Command, Stdio};

    use minitalk::Signal;
    use minitalk::internals::process::proc;

    use super::*;

    /// Lists the exit code and the text of each error of the test.
    const PRINTED: &str = "\
4 cannot send to PID 7: it belongs to another user, and both ends must signal each other; run both ends as the same user
5 cannot send to PID 7: that is this very process
5 cannot send to PID 7: it (a\\u{1b}b) does not handle both SIGUSR1 and SIGUSR2, so it is no server and they may kill it; \
    nothing was sent (--force skips this check)
5 cannot send to PID 7: it (bash) catches all signals alike, as shells and language runtimes do, and may still die of \
    SIGUSR1; nothing was sent (--force skips this check)
6 cannot send to PID 7: no progress before the timeout; the message may have been delivered (a server that is \
    stopped, or runs as another user, cannot answer; a server of another program needs --dialect)
6 cannot send to PID 7: no progress before the timeout: answers came without their content, the limit on queued signals is \
    exhausted; nothing was delivered; ulimit -i raises the limit
7 cannot send to PID 7: the server rejected the message: its checksum does not match; nothing was delivered
7 cannot send to PID 7: the server rejected the message: it is longer than the server's limit; nothing was delivered \
    (serve --max-message and --max-memory raise the limit)
7 cannot send to PID 7: the server rejected the message: its protocol version is not spoken here; nothing was delivered; \
    update the older of the two
7 cannot send to PID 7: the server rejected the message: it is neither a frame nor UTF-8 text; nothing was delivered
7 cannot send to PID 7: the server rejected the message: the server has no memory for it; nothing was delivered
7 cannot send to PID 7: the server rejected the message: the client was silent for too long; nothing was delivered
7 cannot send to PID 7: the server rejected the message: the server is shutting down; nothing was delivered; send it again \
    when a server is running
7 cannot send to PID 7: the server rejected the message: the server could not write its output; part of it may have been \
    written; the standard error of the server says why
7 cannot send to PID 7: the server rejected the message: the server does not reply to requests; nothing was delivered \
    (serve --exec replies, and send without --reply expects no reply)
7 cannot send to PID 7: the server rejected the message: no request waits for this reply; nothing was delivered
7 cannot send to PID 7: the server rejected the message: the program behind the server refused it; that program may have \
    run; the standard error of the server says why
7 cannot send to PID 7: the server no longer knows this transfer; whether the message was delivered is unknown
7 cannot send to PID 7: the server does not take words; nothing was sent
7 cannot send to PID 7: the server's answers contradict the protocol; the message may have been delivered
6 cannot send to PID 7: it is busy with another client; nothing was delivered (try again, or with a longer --timeout)
6 cannot send to PID 7: it took the whole text, but did not acknowledge its last signal; the message may have been \
    delivered (if it never does, add final=none to --dialect)
6 cannot send to PID 7: it did not acknowledge signal number 3; minitalk check finds its dialect
8 cannot send to PID 7: the server ended in mid-message, after acknowledging 1 byte; nothing was delivered
10 no reply from PID 7: the message was delivered, but no reply came in time (--reply-timeout waits for longer)
10 no reply from PID 7: the message was delivered, but the server ended without a reply
1 cannot send to PID 7: this command was interrupted; the message may have been delivered
1 cannot send to PID 7: this command was terminated; the message may have been delivered
1 cannot send to PID 7: the endpoint was stopped; the message may have been delivered
1 cannot send to PID 7: a text of another dialect cannot be replied to
1 cannot send to PID 7: Too many open files (os error 24)
1 cannot send to PID 7: this process cannot be answered: this process already has an inbox, receiver or sender, and can \
    have only one
";

    #[test]
    fn an_error_names_the_process_only_while_it_exists() {
        let mut command = Command::new("cat");
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let peer = Peer::open(Pid::new(child.id().cast_signed()).unwrap()).unwrap();
        let text = || Failure::send_to(&peer, &SendError::Busy).message;
        assert!(text().contains(" ("), "{}", text());
        // Without a wait for the child its PID stays taken, as by a later process.
        drop(child.stdin.take());
        while peer.inspect().is_ok() {
            std::thread::yield_now();
        }
        assert!(proc::status(peer.pid()).is_ok());
        assert!(!text().contains(" ("), "{}", text());
        child.wait().unwrap();
    }

    /// Checks every error of a message that a process test cannot easily provoke.
    #[test]
    fn an_error_of_a_message_says_what_happened_to_it_and_what_to_do() {
        let refused = |name: &str, catches_everything| SendError::Refused {
            name: name.into(),
            catches_everything,
        };
        let mut errors = vec![
            SendError::NotPermitted,
            SendError::Ourselves,
            refused("a\u{1b}b", false),
            refused("bash", true),
            SendError::TimedOut {
                blank: false,
                all_sent: true,
            },
            SendError::TimedOut {
                blank: true,
                all_sent: false,
            },
        ];
        let reasons = (1..).map_while(Reason::from_number);
        errors.extend(reasons.map(SendError::Rejected));
        errors.extend([
            SendError::Link(sender::LinkFailure::Forgotten),
            SendError::Link(sender::LinkFailure::NoWords),
            SendError::Link(sender::LinkFailure::Contradiction),
            SendError::Busy,
            SendError::LastUnanswered,
            SendError::Unanswered { signal: 3 },
            SendError::ServerEnded {
                acknowledged: 1,
                all_sent: false,
            },
            SendError::NoReply { has_ended: false },
            SendError::NoReply { has_ended: true },
            SendError::Interrupted(Signal::INT),
            SendError::Interrupted(Signal::TERM),
            SendError::Stopped,
            SendError::NoRoute,
            SendError::System(io::Error::from_raw_os_error(libc::EMFILE)),
            SendError::Unavailable(minitalk::Unavailable::Taken),
        ]);
        let failures = errors.iter().map(|error| Failure::send("PID 7", error));
        let lines = failures.map(|f| format!("{} {}{}", f.exit as u8, f.message, f.hint));
        assert_eq!(
            lines.collect::<Vec<_>>(),
            PRINTED.lines().collect::<Vec<_>>()
        );
    }
}
