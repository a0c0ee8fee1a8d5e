//! All possible events between the two ends, as a model for stateright.

use crate::adversary::Adversary;
use crate::link::{Client, Link, REAL_TIME, Signal};
use crate::world::{Fate, PIDS, Property, Rules, World};
use stateright::{Checker, HasDiscoveries, Model};
use std::fmt::Debug;
use std::hash::Hash;
use std::marker::PhantomData;

/// The events that are possible in a model, beside the usual ones.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// What holds in all states.
    pub rules: Rules,
    /// The capacity of each process's ring; with 0 a process reacts to each signal when it is delivered.
    pub ring: usize,
    /// The first transfer of the model.
    pub first: usize,
    /// The last transfer of the model.
    pub last: usize,
    /// The number of bits or words that have come without a fault when the model starts.
    pub from: u64,
    /// The number of acknowledged bits of each transfer at which its client goes no further.
    pub until: fn(usize) -> u64,
    /// Whether a client may die with this many bits acknowledged.
    pub deaths: fn(u64) -> bool,
    /// Whether the server lets clients take turns.
    pub turns: bool,
    /// Whether the server may forget the PID, once.
    pub forgets: bool,
    /// Whether signals may be lost that the kernel has already queued.
    pub queue_leaks: bool,
    /// Whether there is a third process.
    pub adversary: bool,
}

/// A model within bounds.
#[derive(Clone, Debug)]
pub struct LinkModel<L> {
    bounds: Bounds,
    adversary: Option<Adversary>,
    link: PhantomData<fn() -> L>,
}

/// An event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// The client sends, or its timeout passes and it retransmits.
    ClientSends { fate: Fate },
    /// The handler of the server runs.
    ToServer { number: usize, lost: bool },
    /// The handler of the client runs.
    ToClient { number: usize },
    /// The server takes a signal from its ring and answers.
    ServerTakes { lost: bool },
    /// The client takes a signal from its ring.
    ClientTakes,
    /// The server sends the reply that it owes for bits.
    Reply { lost: bool },
    /// The writer has written the oldest message.
    Write { lost: bool },
    /// The client loses its turn.
    Hold,
    /// The client gets its turn.
    Release { lost: bool },
    /// The client dies or has ended, and the next one of its PID starts.
    Succeed,
    /// The server's session ends.
    Forget,
    /// A third process sends to the server, in the client's name.
    DeceiveServer(Signal),
    /// A third process sends to the client, in the server's name.
    DeceiveClient(Signal),
}

/// The result of an exploration.
#[derive(Debug)]
pub struct Verdict {
    /// The number of distinct states.
    pub states: usize,
    /// The number of transitions.
    pub transitions: usize,
    /// The broken property, and the path to it.
    pub broken: Option<(Property, String)>,
    /// Whether a transfer ends with its message written.
    pub ends: bool,
    /// How long it took.
    pub time: std::time::Duration,
}

/// The property of which a model finds an example.
pub const ENDS: &str = "ends";

impl<L: Link> LinkModel<L> {
    /// Explores all states, or as many as `at_most`.
    pub fn explore(bounds: Bounds, at_most: usize) -> Verdict {
        let model = Self {
            adversary: bounds.adversary.then(Adversary::new::<L>),
            bounds,
            link: PhantomData,
        };
        judge(model, at_most, |world| world.broken)
    }
}

/// Explores all states of a model, or as many as `at_most`; `broken` returns the property that is broken in a state.
pub fn judge<M>(
    model: M,
    at_most: usize,
    broken: fn(&M::State) -> Option<(Property, &'static str)>,
) -> Verdict
where
    M: Model + Send + Sync + 'static,
    M::State: Clone + Debug + Hash + PartialEq + Send + Sync,
    M::Action: Clone + Debug + PartialEq + Send + Sync,
{
    let start = std::time::Instant::now();
    let checker = model
        .checker()
        .threads(2)
        .finish_when(HasDiscoveries::AnyFailures)
        .target_state_count(at_most)
        .spawn_bfs()
        .join();
    let broken = checker.discoveries().into_iter().find_map(|(name, path)| {
        if name == ENDS {
            return None;
        }
        let broken = broken(path.last_state());
        let (property, why) = broken.unwrap_or((Property::Liveness, name));
        Some((property, format!("{why}: {:?}", path.into_actions())))
    });
    Verdict {
        states: checker.unique_state_count(),
        transitions: checker.state_count(),
        broken,
        ends: checker.discovery(ENDS).is_some(),
        time: start.elapsed(),
    }
}

impl<L: Link> Model for LinkModel<L> {
    type State = World<L>;
    type Action = Action;

    fn init_states(&self) -> Vec<World<L>> {
        let mut world = World::new(PIDS[0], self.bounds.first, self.bounds.rules);
        world.advance_to(self.bounds.from);
        vec![world]
    }

    fn actions(&self, world: &World<L>, actions: &mut Vec<Action>) {
        if world.broken.is_some() {
            return;
        }
        let bounds = &self.bounds;
        let over = world.client.ended().is_some();
        let acknowledged = world.client.client.acknowledged();
        if world.transfer < bounds.last && (over || (bounds.deaths)(acknowledged)) {
            actions.push(Action::Succeed);
        }
        if !over && acknowledged >= (bounds.until)(world.transfer) {
            return;
        }
        if !over {
            let lost = if bounds.queue_leaks {
                Fate::Lost
            } else {
                Fate::LostStandard
            };
            let fates = [Fate::Sent, lost, Fate::Refused];
            actions.extend(fates.map(|fate| Action::ClientSends { fate }));
        }
        for number in [0, 1, REAL_TIME] {
            if world.to_server.is_pending(number) && world.to_server.in_ring() < bounds.ring.max(1)
            {
                actions.push(Action::ToServer {
                    number,
                    lost: false,
                });
                if bounds.ring == 0 {
                    actions.push(Action::ToServer { number, lost: true });
                }
            }
            if world.to_client.is_pending(number) && world.to_client.in_ring() < bounds.ring.max(1)
            {
                actions.push(Action::ToClient { number });
            }
        }
        if world.to_server.in_ring() > 0 {
            actions.extend([false, true].map(|lost| Action::ServerTakes { lost }));
        }
        if world.to_client.in_ring() > 0 {
            actions.push(Action::ClientTakes);
        }
        if world.owes() {
            actions.extend([false, true].map(|lost| Action::Reply { lost }));
        }
        if !world.unwritten.is_empty() {
            actions.extend([false, true].map(|lost| Action::Write { lost }));
        }
        if bounds.turns {
            actions.push(Action::Hold);
            actions.extend([false, true].map(|lost| Action::Release { lost }));
        }
        if bounds.forgets && world.may_forget() {
            actions.push(Action::Forget);
        }
        if let Some(adversary) = &self.adversary {
            let signals = adversary
                .to_server(world.due(), world.guessed_proof())
                .into_iter();
            let signals = signals.filter(|signal| world.may_deceive_server(*signal));
            actions.extend(signals.map(Action::DeceiveServer));
            let signals = adversary.to_client(world.end()).into_iter();
            let signals = signals.filter(|signal| world.may_deceive_client(*signal));
            actions.extend(signals.map(Action::DeceiveClient));
        }
    }

    fn next_state(&self, last: &World<L>, action: Action) -> Option<World<L>> {
        let mut world = last.clone();
        match action {
            Action::ClientSends { fate } => {
                world.client_sends(fate)?;
            }
            Action::ToServer { number, lost } => {
                world.to_server.deliver(number);
                if self.bounds.ring == 0 {
                    let signal = world.to_server.take()?;
                    world.server_receives(signal, lost);
                }
            }
            Action::ToClient { number } => {
                world.to_client.deliver(number);
                if self.bounds.ring == 0 {
                    let signal = world.to_client.take()?;
                    world.client_receives(signal);
                }
            }
            Action::ServerTakes { lost } => {
                let signal = world.to_server.take()?;
                world.server_receives(signal, lost);
            }
            Action::ClientTakes => {
                let signal = world.to_client.take()?;
                world.client_receives(signal);
            }
            Action::Reply { lost } => world.reply(lost),
            Action::Write { lost } => world.write(lost),
            Action::Hold => world.hold(true),
            Action::Release { lost } => world.release(lost),
            Action::Succeed => world.succeed(),
            Action::Forget => world.forget(),
            Action::DeceiveServer(signal) => world.server_is_deceived(signal),
            Action::DeceiveClient(signal) => world.client_is_deceived(signal),
        }
        world.normalise();
        (world != *last).then_some(world)
    }

    fn properties(&self) -> Vec<stateright::Property<Self>> {
        vec![
            stateright::Property::always("nothing is broken", |_, world: &World<L>| {
                world.broken.is_none()
            }),
            stateright::Property::always("the client gets on", |model: &Self, world: &World<L>| {
                let only = model.bounds.rules.only;
                only.is_some_and(|only| only != Property::Liveness) || world.gets_on()
            }),
            stateright::Property::sometimes(ENDS, |model: &Self, world: &World<L>| {
                world.transfer == model.bounds.last
                    && world.written[world.transfer] == 1
                    && world.client.ended().is_some()
            }),
        ]
    }
}
