//! Clients that speak another protocol than minitalk's own: their bits go to a [`TextReceiver`], whose actions are done here.

use core::mem;
use std::vec::Vec;

use super::action::{Action, Observation, Then};
use super::foreign_client::STALL;
use super::machine::{Core, Machine};
use super::scheduler::Party;
use super::session::Session;
use super::silence::ENOUGH_TIME;
use super::{DropReason, Note};
use crate::dialect::Symbol;
use crate::dialect::ack_timing::SleepState;
use crate::dialect::profile_cache::{ProfileCache, ProfileUpdate};
use crate::dialect::receiver::{TextAction, TextReceiver};
use crate::process::pid::Pid;
use crate::process::proc::Program;
use crate::signal::set::Signal;
use crate::wire::Nanos;
use crate::wire::reason::Reason;

/// Holds what clients of other protocols have in common.
#[derive(Default)]
pub struct Foreign {
    /// The clients whose text receivers have something to do at some time.
    pub listed: Vec<Pid>,
    /// The clients that may go on and have not sent their next bit, as far as is known.
    under_way: Vec<Pid>,
    /// The clients among these that are looked at, because another process has sent a bit.
    watched: Vec<Pid>,
    /// Whether the first look at them is still to come.
    is_interrupted: bool,
    /// The dialects of programs.
    profiles: ProfileCache<Program>,
    /// Who sent each of the two signals last.
    last_senders: [LastSenders; 2],
    /// How many processes in a row ended before they had sent a byte or had been answered.
    fleeting: u32,
    /// When to look for clients whose first bit has not come.
    search_at: Option<Nanos>,
    /// The processes that the last search found, and whether a note has been made of each.
    waiting_unseen: Vec<(Pid, bool)>,
}

/// Remembers who sent one signal last, and when.
#[derive(Default)]
struct LastSenders {
    last: Option<Pid>,
    at: Nanos,
    /// When any other process sent it last.
    before: Nanos,
}

impl Foreign {
    pub fn record_sender(&mut self, pid: Pid, signal: Signal, now: Nanos) {
        let Some(symbol) = Symbol::of(signal) else {
            return;
        };
        let senders = &mut self.last_senders[symbol as usize];
        if senders.last.replace(pid) != Some(pid) {
            senders.before = senders.at;
        }
        senders.at = now;
    }

    /// Returns when processes other than `pid` last sent SIGUSR1 and SIGUSR2.
    fn last_of_others(&self, pid: Pid) -> [Nanos; 2] {
        let senders = self.last_senders.each_ref();
        senders.map(|senders| match senders.last == Some(pid) {
            true => senders.before,
            false => senders.at,
        })
    }
}

/// How many processes in a row with less than a byte are worth a note.
const FLEETING: u32 = 16;

/// The silence of all clients after which those are looked for whose first bit has not come, and between two looks.
pub(super) const SEARCH_AFTER: Nanos = 500_000_000;

impl Machine {
    /// Observes the clients whose text receivers have something to do.
    pub(super) fn poll_foreign(&mut self) {
        let core = &mut self.core;
        let now = core.now;
        if mem::take(&mut core.foreign.is_interrupted) {
            for pid in core.foreign.watched.clone() {
                if let Some(session) = self.sessions.get_mut(&pid) {
                    core.drive_text(session, TextReceiver::look);
                }
            }
        }
        let mut listed = mem::take(&mut core.foreign.listed);
        listed.retain(|pid| {
            let Some(session) = self.sessions.get_mut(pid) else {
                return false;
            };
            let client = &mut session.foreign;
            let due_at = client.due_at();
            client.is_listed = due_at.is_some();
            if let Some(sleep) = client.observed.take() {
                core.inspect(*pid, Then::Poll(sleep));
            } else if due_at.is_some_and(|at| at <= now) {
                let is_watched = core.foreign.watched.contains(pid);
                let sleep = client.take_look(session.last_seen, now) || is_watched;
                // An acknowledgement that waits for a nap needs no more than one.
                let naps = !client.is(TextReceiver::has_pending_ack);
                core.act(Action::Observe {
                    pid: *pid,
                    sleep,
                    naps,
                });
            }
            session.foreign.is_listed
        });
        core.foreign.listed = listed;
        if core.foreign.search_at.take_if(|at| *at <= now).is_some() {
            core.act(Action::FindWaiting);
        }
    }

    /// Returns when [`poll_foreign`](Self::poll_foreign) is to be called next.
    pub(super) fn foreign_due_at(&self) -> Option<Nanos> {
        let listed = self.core.foreign.listed.iter();
        let sessions = listed.filter_map(|pid| self.sessions.get(pid));
        let search = self.core.foreign.search_at;
        sessions
            .filter_map(|session| session.foreign.due_at())
            .chain(search)
            .min()
    }

    /// Takes in which processes wait and were started with the PID of this one. A pending bit of another client swallows the first
    /// one of a new client, which nothing else shows.
    pub fn handle_waiting(&mut self, waiting: &[Pid]) {
        let core = &mut self.core;
        let before = mem::take(&mut core.foreign.waiting_unseen);
        for pid in waiting {
            if self.sessions.contains_key(pid) {
                continue;
            }
            // At the first look the process may be about to send.
            let found = before.iter().find(|(known, _)| known == pid);
            match found {
                None => core.foreign.search_at = Some(core.now.saturating_add(SEARCH_AFTER)),
                Some((_, false)) => core.note_caused(Note::WaitingUnseen(*pid)),
                Some((_, true)) => {}
            }
            core.foreign.waiting_unseen.push((*pid, found.is_some()));
        }
    }

    /// Takes in how a client was seen to wait.
    pub fn handle_observed(&mut self, pid: Pid, observation: Observation) {
        let core = &mut self.core;
        let Some(session) = self.sessions.get_mut(&pid) else {
            return;
        };
        let (silence, since) = (&mut session.foreign.silence, session.last_seen);
        let polls = observation
            .naps
            .is_some_and(|naps| silence.polls(since, naps));
        let sleep = match polls {
            true => SleepState::Polling,
            false => observation.sleep,
        };
        if let Some(receiver) = &mut session.foreign.receiver {
            receiver.note_blocks_usr1(observation.blocks_usr1);
        }
        let is_watched = core.foreign.watched.contains(&pid);
        let ran_for = observation
            .run_time
            .map(|time| silence.ran_for(since, time));
        let may_send_soon = match ran_for {
            None => sleep > SleepState::Awake,
            Some(ran_for) => ran_for.is_none_or(|time| (1..ENOUGH_TIME).contains(&time)),
        };
        if ran_for == Some(Some(0)) {
            core.drive_text(session, TextReceiver::note_not_run);
        }
        if is_watched && !may_send_soon {
            core.end_watch(pid);
        }
        // A look for the bit of another client does not count, because there can be many.
        let mut excuse = |ran_for| session.foreign.silence.count_excuse(ran_for, !is_watched);
        if ran_for.is_some_and(|time| excuse(time.unwrap_or(0))) {
            if session.foreign.stall_at <= core.now {
                session.foreign.stall_at = core.now.saturating_add(STALL);
            }
            core.drive_text(session, |receiver, now| receiver.restart_silence(now));
        } else {
            // A signal that it sent before it was seen to wait may not have been taken yet.
            session.foreign.observed = Some(sleep);
        }
    }

    /// Takes in the wait status of a client, if it is known. Its end may complete its message, and shows which answer it waited
    /// for.
    pub fn handle_exit_status(&mut self, pid: Pid, status: Option<i32>) {
        let core = &mut self.core;
        let well = status == Some(0);
        // Not by a signal (wait(2)).
        let has_failed = status.is_some_and(|status| status != 0 && status & 0x7f == 0);
        if let Some(session) = self.sessions.get_mut(&pid) {
            core.drive_text(session, |receiver, now| {
                let is_prompt = has_failed && receiver.has_ended_promptly(now);
                receiver.handle_exit(well || is_prompt, now);
            });
            let receiver = session.foreign.receiver.as_ref();
            let ended_on = receiver.and_then(TextReceiver::may_have_ended_on);
            let is_noise = session.foreign.pace.is_noise();
            if let (Some(receiver), Some(program)) = (receiver, session.foreign.program) {
                let mut learn = |update: Option<ProfileUpdate>| {
                    if let Some(update) = update {
                        core.foreign.profiles.update(program, update);
                    }
                };
                if !is_noise {
                    learn(receiver.profile_update(has_failed, core.now));
                    learn(receiver.admission_update());
                    learn(receiver.ack_sleep_update(has_failed));
                    let ends_well = well && ended_on == Some(Symbol::Usr1);
                    learn(ends_well.then_some(ProfileUpdate::EndsOnUsr1));
                }
                learn(receiver.flood_update(is_noise));
            }
            let is_in_first_byte = session.foreign.in_message() && session.received_bytes() == 0;
            if session.answered_at.is_none() && is_in_first_byte {
                core.count_fleeting();
            }
            if let Some(ack) = ended_on {
                let bytes = session.received_bytes();
                core.dropped(session, DropReason::EndedOn(ack), bytes);
                core.drive_text(session, |receiver, _| receiver.reset());
            }
        }
        self.end_session(pid);
        self.after_input();
    }
}

impl Core {
    /// Counts a process that has ended before it had sent a byte, and makes a note if there are many in a row.
    pub(super) fn count_fleeting(&mut self) {
        self.foreign.fleeting = self.foreign.fleeting.saturating_add(1);
        if self.foreign.fleeting == FLEETING {
            self.note(Note::FleetingSenders);
        }
    }

    /// Handles a bare bit of a client that is in no transfer.
    pub(super) fn on_foreign_bit(&mut self, session: &mut Session, symbol: Symbol) {
        let (pid, now) = (session.pid, self.now);
        if session.foreign.receiver.is_none() {
            let (program, profiles) = (session.program, &mut self.foreign.profiles);
            session.foreign.program = program;
            let profile = program.map(|program| profiles.get(program));
            let profile = profile.unwrap_or_default();
            let (limit, handles) = (self.config.max_message, session.handles());
            let ack_sleep = profile.ack_sleep;
            let mut receiver = match self.config.dialects.given() {
                Some(dialect) => TextReceiver::given(dialect, limit, pid, handles),
                None => TextReceiver::unknown(profile, limit, pid, handles),
            };
            receiver.delay_acks(ack_sleep);
            session.foreign.receiver = Some(receiver);
            if self.shutdown.is_begun() {
                let reason = Reason::ShuttingDown;
                self.drive_text(session, |receiver, _| receiver.close(reason));
            }
        }
        session.last_seen = now;
        // Many processes make up one stream, and none of them waits.
        let may_stall = self.config.one_stream != Some(pid);
        session.foreign.schedule(may_stall, now);
        self.foreign.search_at = Some(now.saturating_add(SEARCH_AFTER));
        if !session.in_message() {
            session.started_at = now;
        }
        let is_patient = session.foreign.is(TextReceiver::can_be_held);
        self.interrupt(Party::Foreign(pid));
        if !is_patient {
            // Such a client takes no turn: during a turn the next bit is waited for with its signal blocked.
            self.scheduler.leave(Party::Foreign(pid));
        }
        let may_go_on = !is_patient || self.scheduler.may_go_on(Party::Foreign(pid), now);
        self.drive_text(session, |receiver, now| {
            receiver.hold(!may_go_on);
            receiver.handle_symbol(symbol, now);
        });
    }

    /// Handles the expired timers of the text receiver; the client was seen to sleep like this.
    pub(super) fn poll_text(&mut self, session: &mut Session, sleep: SleepState) {
        let is_patient = session.foreign.is(|r| r.in_message() && r.can_be_held());
        let (pid, scheduler) = (session.pid, &mut self.scheduler);
        let party = Party::Foreign(pid);
        let may_go_on =
            !is_patient || scheduler.has_turn(party) || scheduler.may_go_on(party, self.now);
        let others = self.foreign.last_of_others(pid);
        self.drive_text(session, |receiver, now| {
            receiver.hold(!may_go_on);
            receiver.set_others(others);
            receiver.handle_timeout(now, sleep);
        });
        let client = &mut session.foreign;
        if client.stall_at <= self.now && client.in_message() {
            client.stall_at = Nanos::MAX;
            let bits = client.pace.bits();
            self.note_of(session, Note::Stalled(pid, bits));
        }
    }

    /// Calls `act` with the text receiver of `session`, if there is one, and carries out the actions of the text receiver.
    pub(super) fn drive_text(
        &mut self,
        session: &mut Session,
        act: impl FnOnce(&mut TextReceiver, Nanos),
    ) {
        if let Some(receiver) = &mut session.foreign.receiver {
            act(receiver, self.now);
            self.carry_out_text(session);
        }
    }

    /// Carries out the actions of the text receiver of `session`.
    fn carry_out_text(&mut self, session: &mut Session) {
        self.recount(session);
        let poll = |session: &mut Session| session.foreign.receiver.as_mut()?.poll_action();
        while let Some(action) = poll(session) {
            self.apply_foreign(session, action);
        }
        let (pid, client) = (session.pid, &mut session.foreign);
        if !client.is_listed && client.due_at().is_some() {
            client.is_listed = true;
            self.foreign.listed.push(pid);
        }
        let is_under_way = client.is(TextReceiver::has_bit_under_way);
        self.set_under_way(pid, is_under_way);
    }

    /// Handles a bit of `party` that can have swallowed the bits under way: lets no client go on until the clients of those bits
    /// have been looked at.
    pub(super) fn interrupt(&mut self, party: Party) {
        self.set_under_way(party.pid(), false);
        let foreign = &mut self.foreign;
        if !foreign.under_way.is_empty() {
            foreign.watched.clone_from(&foreign.under_way);
            foreign.is_interrupted = true;
            self.scheduler.pause(party, self.now);
        }
    }

    /// Records whether the next bit of the client `pid` is under way.
    pub(super) fn set_under_way(&mut self, pid: Pid, is_under_way: bool) {
        self.foreign.under_way.retain(|other| *other != pid);
        match is_under_way {
            true => self.foreign.under_way.push(pid),
            false => self.end_watch(pid),
        }
    }

    fn end_watch(&mut self, pid: Pid) {
        self.foreign.watched.retain(|watched| *watched != pid);
        if self.foreign.watched.is_empty() {
            self.scheduler.resume();
        }
    }

    fn apply_foreign(&mut self, session: &mut Session, action: TextAction) {
        let pid = session.pid;
        if !matches!(
            action,
            TextAction::Acknowledge(_) | TextAction::Detected { .. }
        ) {
            self.scheduler.leave(Party::Foreign(pid));
        }
        match action {
            TextAction::Acknowledge(symbol) => {
                self.answer(session, symbol.into(), None);
            }
            TextAction::Detected {
                dialect,
                rival,
                is_scant,
            } => {
                let note = Note::DialectFound {
                    pid,
                    dialect,
                    rival,
                };
                self.note_of(session, note);
                if is_scant {
                    self.note_of(session, Note::Doubtful(pid, 0));
                }
            }
            TextAction::Ambiguous { one, other } => {
                self.note_of(session, Note::Undecided { pid, one, other });
            }
            TextAction::Complete(text) => {
                // Those before it are counted again, unless the note has been made.
                if self.foreign.fleeting < FLEETING {
                    self.foreign.fleeting = 0;
                }
                let pace = session.foreign.pace;
                let bits = pace.unpaced();
                if bits > 0 && !pace.is_noise() {
                    self.note_of(session, Note::Doubtful(pid, bits));
                }
                self.complete(session, text, None, 0);
            }
            TextAction::Rejected { reason, bytes } => {
                self.dropped(session, DropReason::Rejected(reason), bytes);
            }
            TextAction::RanOn(bytes) => self.dropped(session, DropReason::RanOn, bytes),
            // Noise is noted too: on a slow machine the bits of a client that paces itself come in batches.
            TextAction::NoMatch(bits) => self.note_first(session, Note::NoDialect(pid, bits)),
        }
    }
}
