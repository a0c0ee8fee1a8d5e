//! The actions that the [`Machine`](super::machine::Machine) asks its host for, and the results that the host feeds back.

use std::vec::Vec;

use super::{Note, Received};
use crate::dialect::ack_timing::SleepState;
use crate::process::peer::PeerError;
use crate::process::pid::Pid;
use crate::process::proc::Program;
use crate::signal::event::{Event, Origin};
use crate::signal::set::{Signal, SignalSet};
use crate::wire::control::Reply;
use crate::wire::packet::Packet;

/// Describes one thing that the host is to do. An action for a process that the host does not hold is skipped.
#[derive(Debug)]
pub enum Action {
    /// Find the process and feed back `handle_opened`. The `event` is its first signal.
    Open { pid: Pid, event: Event },
    /// Inspect the process and feed back `handle_inspected`.
    Inspect { pid: Pid, then: Then },
    /// Find out how the process sleeps (if `sleep` asks for that), how often it has (if `naps` does) and whether it waits for a
    /// CPU; feed back `handle_observed`.
    Observe { pid: Pid, sleep: bool, naps: bool },
    /// Find out which of the processes have ended and feed back `handle_ended`.
    CheckEnded { pids: Vec<Pid>, after: After },
    /// Find the processes that wait and were started with the PID of this one; feed back `handle_waiting`.
    FindWaiting,
    /// Read how a process has ended and feed back `handle_exit_status`.
    ReadExitStatus(Pid),
    /// Move to another CPU before the next signals.
    Migrate,
    /// Send the signal so many times, bare if there is no packet; feed back `handle_send_error` for an error.
    Send(Pid, Signal, Option<Packet>, u32),
    /// Hand the message to the writer; feed back `handle_written` when that is done.
    Write(Received),
    /// Hand the reply to who waits for it; feed back `handle_replied`.
    DeliverReply(Received),
    /// Let the process go.
    Close(Pid),
    /// Call the caller's function for notes.
    Note(Note),
}

/// Names the step after an inspection. The host hands it back with the result.
#[derive(Debug)]
pub enum Then {
    /// The signal that made the inspection necessary is handled.
    Signal(Event),
    /// Sends the reply; `None`: a bare signal.
    Answer(Signal, Option<Reply>),
    /// The same signal is sent once more.
    Repeat(Signal, Option<Packet>),
    /// The text receiver is told what became of a message.
    Settle { written: bool },
    /// The text receiver has the turn.
    Release,
    /// Handles the expired timers of the text receiver; the client was seen to wait like this.
    Poll(SleepState),
}

impl Then {
    /// Returns whether a bare bit is handled next.
    pub fn is_bit(&self) -> bool {
        matches!(self, Self::Signal(event) if is_bare_bit(event))
    }
}

/// Returns whether the signal is a bit of another program's protocol: SIGUSR1 or SIGUSR2, without a value.
pub fn is_bare_bit(event: &Event) -> bool {
    SignalSet::BITS.contains(event.signal) && matches!(event.origin, Origin::Attested { .. })
}

/// Returns whether the signal may have an answer: a bare real-time signal has none.
pub fn may_be_answered(event: &Event) -> bool {
    event.signal != Signal::WORD || !matches!(event.origin, Origin::Attested { .. })
}

/// Names the step after [`Action::CheckEnded`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Idle messages are dropped.
    Expire,
    /// The server begins to stop. `again`: it was asked twice. A zombie counts as ended.
    Stop { again: bool },
}

/// Says how a client was seen to wait.
#[derive(Clone, Copy, Debug, Default)]
pub struct Observation {
    /// How it sleeps.
    pub sleep: SleepState,
    /// Its CPU time in nanoseconds, if it waits for a CPU or is stopped.
    pub run_time: Option<u64>,
    /// How often it has gone to sleep since it began, if it naps.
    pub naps: Option<u64>,
    /// Whether it naps and blocks SIGUSR1, as in a handler of that signal.
    pub blocks_usr1: bool,
}

/// Says what an inspection showed.
#[derive(Debug)]
pub struct Inspection {
    /// The signals of [`SignalSet::LANES`] that the process handles, or the error of the inspection.
    pub handled: Result<SignalSet, PeerError>,
    pub uid: Option<u32>,
    /// The program that the process runs, where a bare bit made the inspection necessary.
    pub program: Option<Program>,
}

/// Holds a process that was found.
#[derive(Debug)]
pub struct Opened {
    /// Whether a pidfd watches it and signals go through that.
    pub is_certain: bool,
    /// When it was started; a later process of its PID has another number here.
    pub start: u64,
    /// What an inspection showed; `None` after a bare real-time signal, which is not answered.
    pub inspection: Option<Inspection>,
}

/// Holds the actions that are still to be done.
#[derive(Debug, Default)]
pub struct Actions {
    /// The actions that the present input has led to, in their order.
    new: Vec<Action>,
    /// All others, the next one last.
    others: Vec<Action>,
}

impl Actions {
    /// Adds an action behind the others of the same input.
    pub fn push(&mut self, action: Action) {
        self.new.push(action);
    }

    /// Returns the next action. Those that a result has led to come first, so that a signal directly follows its inspection.
    pub fn next(&mut self) -> Option<Action> {
        self.others.extend(self.new.drain(..).rev());
        self.others.pop()
    }
}
