//! All possible events between the two ends, as a model for stateright.

use crate::link::{Client, Lane, Link, Phase, REAL_TIME, Signal};
use crate::world::{Fate, World, tag};
use stateright::{Checker, HasDiscoveries, Model, Property};
use std::marker::PhantomData;

/// The events that are possible in a model, beside those that always are.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// The capacity of each process's ring; with 0 a process reacts to each signal when it is delivered.
    pub ring: usize,
    /// The first transfer of the model.
    pub first: usize,
    /// The last transfer of the model.
    pub last: usize,
    /// Whether a client may die with this many bits acknowledged.
    pub deaths: fn(u64) -> bool,
    /// Whether the server lets clients take turns.
    pub turns: bool,
    /// Whether the server may forget the PID, once.
    pub forgets: bool,
    /// Whether the model starts with remains of an earlier transfer, in every combination.
    pub remains: bool,
    /// The lane of the messages.
    pub lane: Lane,
    /// The number of real-time signals for which the kernel has room, in each direction.
    pub room: usize,
    /// Whether signals may be lost that the kernel has already queued.
    pub queue_leaks: bool,
}

/// A model within bounds.
#[derive(Clone, Debug)]
pub struct LinkModel<L> {
    bounds: Bounds,
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
    /// The writer has written the oldest message.
    Settle { lost: bool },
    /// The client loses its turn.
    Hold,
    /// The client gets its turn.
    Release { lost: bool },
    /// The client dies or has ended, and the next one of its PID starts.
    Succeed,
    /// The server's session ends.
    Forget,
}

/// The result of an exploration.
#[derive(Debug)]
pub struct Verdict {
    /// The number of distinct states.
    pub states: usize,
    /// The number of transitions.
    pub transitions: usize,
    /// The broken guarantee, and the path to it.
    pub broken: Option<String>,
}

const fn signal(number: usize, value: Option<u64>) -> Signal {
    Signal {
        number,
        value,
        errno: 0,
    }
}

impl<L: Link> LinkModel<L> {
    /// Explores all states.
    pub fn explore(bounds: Bounds) -> Verdict {
        let model = Self {
            bounds,
            link: PhantomData,
        };
        let checker = model
            .checker()
            .threads(2)
            .finish_when(HasDiscoveries::AnyFailures)
            .spawn_bfs()
            .join();
        let broken = checker.discoveries().into_iter().find_map(|(name, path)| {
            if name == "ends" {
                return None;
            }
            let world = path.last_state();
            let why = world.broken.unwrap_or(name);
            Some(format!("{why}: {:?}", path.into_actions()))
        });
        let ends = checker.discovery("ends").is_some();
        Verdict {
            states: checker.unique_state_count(),
            transitions: checker.state_count(),
            broken: broken.or((!ends).then(|| "no transfer ends".to_owned())),
        }
    }
}

impl<L: Link> Model for LinkModel<L> {
    type State = World<L>;
    type Action = Action;

    fn init_states(&self) -> Vec<World<L>> {
        let fresh = World::new(self.bounds.first, self.bounds.lane, self.bounds.room);
        if !self.bounds.remains {
            return vec![fresh];
        }
        let old = tag(0);
        let word = |kind: u64, number: u64| Some(kind << 56 | u64::from(old) << 40 | number);
        let asked = |number| {
            [
                None,
                word(0x10, 1),
                word(0x11, 0),
                word(0x11, 1),
                word(0x11, 79),
            ]
            .map(|value| Some(signal(number, value)))
        };
        let answered = |number| {
            [
                word(0x20, 0),
                word(0x21, 0),
                word(0x21, 1),
                word(0x22, 1),
                word(0x23, 80),
                word(0x25, 0),
            ]
            .map(|value| Some(signal(number, value)))
        };
        let mut worlds = Vec::new();
        for zero in asked(0).into_iter().chain([None]) {
            for one in asked(1).into_iter().chain([None]) {
                for back in answered(0).into_iter().chain(answered(1)).chain([None]) {
                    let mut world = fresh.clone();
                    zero.into_iter().chain(one).for_each(|signal| {
                        world.to_server.send(signal);
                    });
                    back.into_iter().for_each(|signal| {
                        world.to_client.send(signal);
                    });
                    worlds.push(world);
                }
            }
        }
        worlds
    }

    fn actions(&self, world: &World<L>, actions: &mut Vec<Action>) {
        if world.broken.is_some() {
            return;
        }
        let bounds = &self.bounds;
        let over = world.client.ended().is_some();
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
        if !world.unwritten.is_empty() {
            actions.extend([false, true].map(|lost| Action::Settle { lost }));
        }
        if bounds.turns {
            // Turns in bits are explored in the model that has only bits.
            let fell_back =
                bounds.lane == Lane::Either && world.client.client.phase() > Phase::Words;
            if !fell_back {
                actions.push(Action::Hold);
            }
            actions.extend([false, true].map(|lost| Action::Release { lost }));
        }
        if world.transfer < bounds.last && (over || (bounds.deaths)(world.client.acknowledged())) {
            actions.push(Action::Succeed);
        }
        if bounds.forgets && !world.forgot {
            actions.push(Action::Forget);
        }
    }

    fn next_state(&self, last: &World<L>, action: Action) -> Option<World<L>> {
        let mut world = last.clone();
        match action {
            Action::ClientSends { fate } => {
                if !world.client_sends(fate) {
                    return None;
                }
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
            Action::Settle { lost } => world.settle(lost),
            Action::Hold => world.hold(),
            Action::Release { lost } => world.release(lost),
            Action::Succeed => world.succeed(),
            Action::Forget => world.forget(),
        }
        (world != *last).then_some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(
                "nothing lost, doubled, altered or misreported",
                |_, world: &World<L>| world.broken.is_none(),
            ),
            Property::always(
                "without further faults the client gets on",
                |_, world: &World<L>| world.gets_on(),
            ),
            Property::sometimes("ends", |model: &Self, world: &World<L>| {
                world.transfer == model.bounds.last
                    && world.written[world.transfer] == 1
                    && world.client.ended().is_some()
            }),
        ]
    }
}
