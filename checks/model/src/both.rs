//! Two processes that send to each other at the same time, as a model for stateright.
//!
//! Each process has one inbox, for the requests of the other's transfer and the answers to its own: a bit may swallow an answer
//! of its number, and an answer a bit. Only merging and lack of room lose signals. A process takes the pending signal of the
//! lowest number first, as the kernel delivers them. A timeout passes only when nothing of its transfer is on its way, apart from
//! a limited number that pass too early.

use crate::channel::Channel;
use crate::link::{Client, Link, REAL_TIME};
use crate::model::{ENDS, Verdict, judge};
use crate::world::{Fate, PIDS, Property, Rules, World};
use stateright::Model;
use std::marker::PhantomData;
use std::mem;

/// The events that are possible in a model, beside those that always are.
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
}

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
}

/// An event in process 0 or 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// The process sends what is next of its transfer, or its timeout passes and it retransmits.
    Send(usize),
    /// The process takes the lowest signal that is pending for it, and reacts.
    Take(usize),
    /// The process sends the answer that it owes for bits.
    Answer(usize),
    /// The writer of the process has written the oldest message.
    Write(usize),
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
            let client = &both.ways[process].client;
            let is_far = client.client.acknowledged() >= self.bounds.until[process];
            if client.ended().is_none() && !is_far {
                actions.push(Action::Send(process));
            }
            if both.lowest(process).is_some() {
                actions.push(Action::Take(process));
            }
            let incoming = &both.ways[1 - process];
            if incoming.owes() {
                actions.push(Action::Answer(process));
            }
            if !incoming.unwritten.is_empty() {
                actions.push(Action::Write(process));
            }
        }
    }

    fn next_state(&self, last: &Both<L>, action: Action) -> Option<Both<L>> {
        let mut both = last.clone();
        match action {
            Action::Send(process) => {
                if !both.ways[process].client.sends_at_once() && both.is_awaited(process) {
                    both.early = both.early.checked_sub(1)?;
                }
                if !both.send(process) {
                    return None;
                }
            }
            Action::Take(process) => both.take(process),
            Action::Answer(process) => both.on(1 - process, |way| way.reply(false)),
            Action::Write(process) => both.on(1 - process, |way| way.write(false)),
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
        };
        for process in [0, 1] {
            both.on(process, |way| way.advance_to(bounds.from[process]));
            both.settle();
        }
        both.normalise();
        both
    }

    fn broken(&self) -> Option<(Property, &'static str)> {
        self.ways.iter().find_map(|way| way.broken)
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

    fn send(&mut self, process: usize) -> bool {
        self.on(process, |way| way.client_sends(Fate::Sent))
    }

    /// Returns the lowest number that is pending for the process.
    fn lowest(&self, process: usize) -> Option<usize> {
        let mut numbers = [0, 1, REAL_TIME].into_iter();
        numbers.find(|number| self.inboxes[process].is_pending(*number))
    }

    fn take(&mut self, process: usize) {
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
            self.on(1 - process, |way| way.server_receives(signal, false));
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
        for _ in 0..40 {
            for (process, way) in both.ways.iter().enumerate() {
                let client = &way.client;
                is_further[process] |= client.ended().is_some() || client.stage() > goals[process];
            }
            if is_further == [true; 2] {
                return true;
            }
            both.one_round_without_faults();
        }
        false
    }

    fn one_round_without_faults(&mut self) {
        self.settle();
        let mut is_idle = true;
        for process in [0, 1] {
            if self.ways[process].client.sends_at_once() {
                self.send(process);
                self.settle();
                is_idle = false;
            }
        }
        for process in [0, 1] {
            if is_idle {
                self.send(process);
                self.settle();
            }
        }
    }

    /// Lets both processes take, write and answer all that there is, one event after the other, so that nothing merges.
    fn settle(&mut self) {
        let is_due = |both: &Self, process: usize| {
            let way = &both.ways[1 - process];
            both.lowest(process).is_some() || !way.unwritten.is_empty() || way.owes()
        };
        while let Some(process) = [0, 1].into_iter().find(|process| is_due(self, *process)) {
            if self.lowest(process).is_some() {
                self.take(process);
            } else if self.ways[1 - process].unwritten.is_empty() {
                self.on(1 - process, |way| way.reply(false));
            } else {
                self.on(1 - process, |way| way.write(false));
            }
        }
    }
}
