//! How a client is answered: on which signal, how often, and after which inspection.

use super::Note;
use super::action::{Action, Then};
use super::machine::Core;
use super::session::Session;
use crate::process::peer::MIGRATE_ABOVE_COPIES;
use crate::process::pid::Pid;
use crate::signal::set::Signal;
use crate::wire::control::Reply;

impl Core {
    /// Answers a signal that the client has just sent, on `signal`: with the reply, or with a bare signal for `None`.
    ///
    /// AS-21: after the answer to the end of its message, a client may execute another program. So an inspection precedes a second
    /// answer at the same moment, a copy too, the answer to a bit that may begin another message, and an answer for which the last
    /// inspection is too old.
    pub fn answer(&mut self, session: &mut Session, signal: Signal, reply: Option<Reply>) {
        self.trace_answer(session.pid, signal, reply);
        let is_second = session.answered_at == Some(self.now) && !session.in_message();
        if is_second || session.may_have_changed || session.is_inspection_old(self.now) {
            return self.inspect(session.pid, Then::Answer(signal, reply));
        }
        self.send(session, signal, reply);
    }

    /// Sends a reply that the client has not just asked for, after an inspection: it may be another program by now (AS-21).
    pub fn answer_unasked(&mut self, session: &mut Session, reply: Reply) {
        // An answer that is still pending would swallow this one on the same signal.
        let signal = match (session.signal, session.answered_on) {
            (Signal::WORD, _) => Signal::WORD,
            (_, Signal::USR1) => Signal::USR2,
            _ => Signal::USR1,
        };
        let reply = Some(reply);
        self.trace_answer(session.pid, signal, reply);
        self.inspect(session.pid, Then::Answer(signal, reply));
    }

    fn trace_answer(&mut self, pid: Pid, signal: Signal, reply: Option<Reply>) {
        if self.config.trace {
            self.note(Note::Answered {
                pid,
                signal,
                answer: reply,
            });
        }
    }

    /// Sends an answer, if the client handles `signal`, which would kill it otherwise.
    ///
    /// An answer that may be swallowed is sent more than once if the client keeps asking. The client also asks again if the kernel has
    /// no room for an answer.
    pub(super) fn send(&mut self, session: &mut Session, signal: Signal, reply: Option<Reply>) {
        if !session.can_answer(signal) {
            if let Some(receiver) = &mut session.foreign.receiver {
                receiver.note_withheld();
            }
            return;
        }
        session.answered_at = Some(self.now);
        session.answered_on = signal;
        // A client that is not answered paces itself, and no work is done while its next bit is blocked.
        self.batch.has_paced_client |= reply.is_none() && session.is_paced();
        let (pid, packet) = (session.pid, reply.map(Reply::packet));
        // What another process may have asked for in the client's name is sent once.
        let client = session.receiver.client_nonce();
        let is_known = reply.is_some_and(|reply| reply.nonces.client == client);
        let copies = match signal {
            Signal::USR1 | Signal::USR2 if is_known => session.receiver.burst_len(),
            _ => 1,
        };
        if copies > MIGRATE_ABOVE_COPIES {
            self.act(Action::Migrate);
        }
        let may_be_last = !session.in_message();
        let at_once = if may_be_last { 1 } else { copies };
        self.act(Action::Send(pid, signal, packet, at_once));
        for _ in at_once..copies {
            self.inspect(pid, Then::Repeat(signal, packet));
        }
    }
}
