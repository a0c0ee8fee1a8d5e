//! Two processes that send to each other at the same time, as a model for stateright.
//!
//! Each process has one inbox, for the requests of the other's transfer and the answers to its own: a bit may swallow an answer
//! of its number, and an answer a bit. Only merging and lack of room lose signals. A process takes the pending signal of the
//! lowest number first, as the kernel delivers them. A timeout passes only when nothing of its transfer is on its way, apart from
//! a limited number that pass too early.
//!
//! Where the two take turns, process 0 decides whose turn it is, by the product's own scheduler. A limited number of turns end at
//! any moment, because their time is over or their holder is silent.

use crate::channel::Channel;
use crate::link::{Client, Link, Party, REAL_TIME, Turns};
use crate::model::{ENDS, Verdict, judge};
use crate::world::{Fate, PIDS, Property, Rules, World};
use stateright::Model;
use std::marker::PhantomData;
use std::mem;

/// The events that are possible in a model, beside the usual ones.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// What holds in all states, in both directions.
    pub rules: Rules,
    /// The transfer of each process.
    pub transfers: [usize; 2],
    /// The number of bits or words of each that have come without a fault when the model starts.
    pub from: [u64; 2],
    /// The number of acknowledged bits of each at which its client goes no further.
    pub until: [u64; 2],
    /// How many timeouts may pass too early, while the answer is on its way.
    pub early: u8,
    /// Whether the two take turns, which they do only in bits.
    pub turns: bool,
    /// How many times a turn may end for its time, or for a silence, while the other waits.
    pub ends: u8,
}

/// The process that decides whose turn it is.
const DECIDING: usize = 0;

/// A model within bounds.
#[derive(Clone, Debug)]
pub struct BothModel<L> {
    bounds: Bounds,
    link: PhantomData<fn() -> L>,
}

/// A state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Both<L: Link> {
    /// The transfer that each process sends, and the other's session for it. The channels of these worlds are empty.
    ways: [World<L>; 2],
    /// The signals on their way to each process.
    inboxes: [Channel; 2],
    /// How many timeouts may still pass too early.
    early: u8,
    /// Whose turn it is, if they take turns.
    turns: Option<L::Turns>,
    /// How many times a turn may still end while the other waits.
    ends: u8,
    /// The broken property of the turns.
    broken: Option<(Property, &'static str)>,
}

/// An event in process 0 or 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// The process sends the next signal of its transfer, or its timeout passes and it retransmits.
    Send(usize, Time),
    /// The process takes the lowest signal that is pending for it, and reacts.
    Take(usize, Time),
    /// The process sends the answer that it owes for bits.
    Answer(usize),
    /// The writer of the process has written the oldest message.
    Write(usize),
    /// The process that decides passes the turn on, if it is free, or if its holder has been silent for too long.
    Pass(Time),
}

/// Whether the time of a turn, or of a silence, is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Time {
    Running,
    Over,
}

impl Action {
    const fn is_over(&self) -> bool {
        matches!(
            self,
            Self::Send(_, Time::Over) | Self::Take(_, Time::Over) | Self::Pass(Time::Over)
        )
    }
}

impl<L: Link> BothModel<L> {
    /// Explores all states, or as many as `at_most`.
    pub fn explore(bounds: Bounds, at_most: usize) -> Verdict {
        let link = PhantomData;
        judge(Self { bounds, link }, at_most, Both::broken)
    }
}

impl<L: Link> Model for BothModel<L> {
    type State = Both<L>;
    type Action = Action;

    fn init_states(&self) -> Vec<Both<L>> {
        vec![Both::new(&self.bounds)]
    }

    fn actions(&self, both: &Both<L>, actions: &mut Vec<Action>) {
        if both.broken().is_some() {
            return;
        }
        for process in [0, 1] {
            let times = both.times(process);
            let client = &both.ways[process].client;
            let is_far = client.client.acknowledged() >= self.bounds.until[process];
            if client.ended().is_none() && !is_far {
                actions.extend(times.iter().map(|time| Action::Send(process, *time)));
            }
            if both.lowest(process).is_some() {
                actions.extend(times.iter().map(|time| Action::Take(process, *time)));
            }
            let incoming = &both.ways[1 - process];
            if incoming.owes() {
                actions.push(Action::Answer(process));
            }
            if !incoming.unwritten.is_empty() {
                actions.push(Action::Write(process));
            }
        }
        if both.turns.is_some() {
            actions.extend(both.times(DECIDING).iter().map(|time| Action::Pass(*time)));
        }
    }

    fn next_state(&self, last: &Both<L>, action: Action) -> Option<Both<L>> {
        let mut both = last.clone();
        if action.is_over() {
            both.ends = both.ends.checked_sub(1)?;
        }
        match action {
            Action::Send(process, time) => {
                if !both.ways[process].client.sends_at_once() && both.is_awaited(process) {
                    both.early = both.early.checked_sub(1)?;
                }
                both.send(process, time)?;
            }
            Action::Take(process, time) => both.take(process, time),
            Action::Answer(process) => both.on(1 - process, |way| way.reply(false)),
            Action::Write(process) => both.on(1 - process, |way| way.write(false)),
            Action::Pass(time) => {
                both.pass(time);
            }
        }
        both.normalise();
        (both != *last).then_some(both)
    }

    fn properties(&self) -> Vec<stateright::Property<Self>> {
        vec![
            stateright::Property::always("nothing is broken", |_, both: &Both<L>| {
                both.broken().is_none()
            }),
            stateright::Property::always("both clients get on", |model: &Self, both: &Both<L>| {
                let only = model.bounds.rules.only;
                only.is_some_and(|only| only != Property::Liveness) || both.gets_on()
            }),
            stateright::Property::sometimes(ENDS, |_, both: &Both<L>| {
                let is_over =
                    |way: &World<L>| way.client.ended().is_some() && way.written[way.transfer] == 1;
                both.ways.iter().all(is_over)
            }),
        ]
    }
}

impl<L: Link> Both<L> {
    fn new(bounds: &Bounds) -> Self {
        let way = |process: usize| {
            let mut rules = bounds.rules;
            // The inboxes take the place of its channels.
            rules.room = 0;
            World::new(PIDS[process], bounds.transfers[process], rules)
        };
        let inbox = Channel::with_room(bounds.rules.room);
        let mut both = Self {
            ways: [way(0), way(1)],
            inboxes: [inbox.clone(), inbox],
            early: bounds.early,
            turns: bounds.turns.then(L::Turns::default),
            ends: bounds.ends,
            broken: None,
        };
        for process in [0, 1] {
            both.on(process, |way| way.advance_to(bounds.from[process]));
            both.settle(Time::Running);
        }
        both.normalise();
        both
    }

    fn broken(&self) -> Option<(Property, &'static str)> {
        self.ways.iter().find_map(|way| way.broken).or(self.broken)
    }

    /// Lets something happen to the transfer that `process` sends, between the two inboxes.
    fn on<R>(&mut self, process: usize, event: impl FnOnce(&mut World<L>) -> R) -> R {
        self.swap(process);
        let result = event(&mut self.ways[process]);
        self.swap(process);
        result
    }

    fn swap(&mut self, process: usize) {
        let way = &mut self.ways[process];
        mem::swap(&mut way.to_client, &mut self.inboxes[process]);
        mem::swap(&mut way.to_server, &mut self.inboxes[1 - process]);
    }

    /// Lets the process send its next signal; returns whether it sends one, if it can.
    fn send(&mut self, process: usize, time: Time) -> Option<bool> {
        let has_sent = self.on(process, |way| way.client_sends(Fate::Sent))?;
        if process == DECIDING && has_sent {
            self.pass_own_turn(time);
        }
        Some(has_sent)
    }

    /// Returns the times at which the process may do something that makes a difference.
    fn times(&self, process: usize) -> &'static [Time] {
        let turns = self.turns.as_ref().filter(|_| process == DECIDING);
        let waits = |turns: &L::Turns| {
            [Party::Own, Party::Other]
                .iter()
                .any(|party| turns.is_waiting(*party))
        };
        match turns.is_some_and(waits) {
            true => &[Time::Running, Time::Over],
            false => &[Time::Running],
        }
    }

    /// Returns whether `party`, which has sent something, may go on.
    fn may_go_on(&mut self, party: Party, time: Time) -> bool {
        let Some(turns) = &mut self.turns else {
            return true;
        };
        let may_go_on = turns.may_go_on(party, time == Time::Over);
        let is_checked = self.ways[DECIDING].checks(Property::Turn);
        if is_checked && may_go_on && !turns.has_turn(party) {
            self.broken = Some((Property::Turn, "a process goes on without the turn"));
        }
        may_go_on
    }

    /// Withholds further bits of the process that decides if the other's have the turn, as `Engine::pass_turn` does.
    fn pass_own_turn(&mut self, time: Time) {
        if self.turns.is_some() {
            let crosses = self.ways[1 - DECIDING].in_message();
            let may_go_on = !crosses || self.may_go_on(Party::Own, time);
            self.ways[DECIDING].hold_client(!may_go_on);
        }
    }

    /// Ends an iteration of the loop of the process that decides, as `Engine::run` does; returns whether the turn is passed on.
    fn pass(&mut self, time: Time) -> bool {
        let Some(turns) = &mut self.turns else {
            return false;
        };
        let next = turns.next(time == Time::Over);
        if next == Some(Party::Other) {
            self.on(1 - DECIDING, |way| way.release(false));
        }
        let client = &self.ways[DECIDING].client;
        let (is_sending, is_held) = (client.ended().is_none(), client.client.is_held());
        if let Some(turns) = &mut self.turns {
            turns.keep_own(is_sending);
            let must_wait = turns.is_waiting(Party::Own);
            if is_sending && is_held {
                self.ways[DECIDING].hold_client(must_wait);
            }
        }
        next.is_some()
    }

    /// Returns the lowest number that is pending for the process.
    fn lowest(&self, process: usize) -> Option<usize> {
        let mut numbers = [0, 1, REAL_TIME].into_iter();
        numbers.find(|number| self.inboxes[process].is_pending(*number))
    }

    fn take(&mut self, process: usize, time: Time) {
        let Some(number) = self.lowest(process) else {
            return;
        };
        let inbox = &mut self.inboxes[process];
        inbox.deliver(number);
        let Some(signal) = inbox.take() else {
            return;
        };
        if L::is_reply(&signal) {
            self.on(process, |way| way.client_receives(signal));
        }
        if L::is_request(&signal) {
            let way = 1 - process;
            if process == DECIDING && self.turns.is_some() && self.ways[way].is_proven(&signal) {
                // As `Core::on_proven` of src/server/ does.
                let may_go_on = self.may_go_on(Party::Other, time);
                self.on(way, |way| way.hold(!may_go_on));
            }
            self.on(way, |way| way.server_receives(signal, false));
            if let Some(turns) = &mut self.turns
                && process == DECIDING
                && !self.ways[way].in_message()
            {
                turns.leave();
            }
        }
    }

    /// Returns whether something of the transfer that `process` sends is on its way, or has yet to be answered.
    fn is_awaited(&self, process: usize) -> bool {
        let way = &self.ways[process];
        let mut requests = self.inboxes[1 - process].signals();
        let mut replies = self.inboxes[process].signals();
        requests.any(|signal| !L::is_reply(signal))
            || replies.any(L::is_reply)
            || way.owes()
            || !way.unwritten.is_empty()
    }

    fn normalise(&mut self) {
        for process in [0, 1] {
            self.on(process, World::normalise);
        }
    }

    /// Returns whether both transfers make progress from here on without further faults.
    fn gets_on(&self) -> bool {
        let goals = self.ways.each_ref().map(|way| way.client.stage());
        let mut is_further = [false; 2];
        let mut both = self.clone();
        for round in 0..40 {
            for (process, way) in both.ways.iter().enumerate() {
                let client = &way.client;
                is_further[process] |= client.ended().is_some() || client.stage() > goals[process];
            }
            if is_further == [true; 2] {
                return true;
            }
            // The times of a turn and of a timeout are longer than a round.
            let is_over = both.turns.is_some() && round % 4 == 3;
            let time = if is_over { Time::Over } else { Time::Running };
            both.one_round_without_faults(time);
        }
        false
    }

    fn one_round_without_faults(&mut self, time: Time) {
        self.settle(time);
        let mut is_idle = time == Time::Running;
        for process in [0, 1] {
            let sends_at_once = self.ways[process].client.sends_at_once();
            if sends_at_once || time == Time::Over {
                self.send(process, time);
                self.settle(time);
            }
            is_idle &= !sends_at_once;
        }
        // A silence ends a turn before a timeout passes.
        if is_idle && !self.pass(Time::Over) {
            for process in [0, 1] {
                self.send(process, time);
                self.settle(time);
            }
        }
    }

    /// Lets both processes take, write and answer all that there is, one event after the other, so that nothing merges.
    fn settle(&mut self, time: Time) {
        let is_due = |both: &Self, process: usize| {
            let way = &both.ways[1 - process];
            both.lowest(process).is_some() || !way.unwritten.is_empty() || way.owes()
        };
        loop {
            let mut processes = [0, 1].into_iter();
            let Some(process) = processes.find(|process| is_due(self, *process)) else {
                if self.pass(Time::Running) {
                    continue;
                }
                return;
            };
            if self.lowest(process).is_some() {
                self.take(process, time);
            } else if self.ways[1 - process].unwritten.is_empty() {
                self.on(1 - process, |way| way.reply(false));
            } else {
                self.on(1 - process, |way| way.write(false));
            }
        }
    }
}
