//! The oracle: what must hold for all observations.

use std::collections::BTreeMap;

use crate::plan::{Client, FOREIGN, Fate, SPOKEN};
use crate::servers::Footprint;

/// How much a server may grow, because the allocator keeps freed memory.
const SLACK_BYTES: usize = 3 << 20;

/// A defect that can be planted in the observations.
#[derive(Clone, Copy, Debug)]
pub enum Defect {
    /// A message is printed twice.
    Duplicate,
    /// A message whose client exited with 0 is not printed.
    Loss,
    /// A byte of a message is changed.
    Change,
    /// A byte of a reply is changed.
    Reply,
    /// A request whose client exited with 0 has no reply.
    Silence,
    /// An undisturbed client does not exit with 0.
    Failure,
    /// A byte that was typed into a chat is not printed.
    Gap,
    /// A byte that was typed into a chat is printed twice.
    Repeat,
    /// Two bytes that were typed into a chat are printed in the wrong order.
    Swap,
    /// The last byte that was typed into a chat is not printed, although no end was killed.
    Cut,
    /// A server has one more descriptor.
    Descriptor,
    /// A server has more memory.
    Memory,
}

impl Defect {
    pub const ALL: [Self; 12] = [
        Self::Duplicate,
        Self::Loss,
        Self::Change,
        Self::Reply,
        Self::Silence,
        Self::Failure,
        Self::Gap,
        Self::Repeat,
        Self::Swap,
        Self::Cut,
        Self::Descriptor,
        Self::Memory,
    ];

    pub fn parse(name: &str) -> Result<Self, String> {
        let found = Self::ALL
            .iter()
            .find(|plant| format!("{plant:?}").to_lowercase() == name);
        found.copied().ok_or(format!("there is no defect {name:?}"))
    }
}

#[derive(Clone, Default)]
pub struct Observations {
    pub clients: Vec<(Client, Option<i32>)>,
    pub lines: Vec<Vec<u8>>,
    /// The replies that came, by the numbers of the clients that printed them.
    pub replies: Vec<(usize, Vec<u8>)>,
    /// The outputs of the chats.
    pub streams: Vec<Stream>,
    pub growth: Vec<Growth>,
    pub storms: usize,
    pub adversaries: usize,
    pub others: Vec<String>,
}

/// One direction of a chat.
#[derive(Clone)]
pub struct Stream {
    pub name: String,
    /// All that one end was given to type.
    pub typed: Vec<u8>,
    /// The output of the other end.
    pub printed: Vec<u8>,
    /// Whether all of it must have been printed.
    pub is_whole: bool,
}

#[derive(Clone, Debug)]
pub struct Growth {
    pub server: String,
    pub before: Footprint,
    pub after: Footprint,
}

impl Observations {
    /// Adds the observations of another oracle.
    pub fn extend(&mut self, other: Self) {
        self.clients.extend(other.clients);
        self.lines.extend(other.lines);
        self.replies.extend(other.replies);
        self.streams.extend(other.streams);
        self.growth.extend(other.growth);
        self.storms += other.storms;
        self.adversaries += other.adversaries;
        self.others.extend(other.others);
    }

    pub fn plant(&mut self, plant: Defect) {
        let delivered = |observations: &Self| {
            let (client, _) = observations
                .clients
                .iter()
                .find(|(client, code)| {
                    client.fate == Fate::Undisturbed
                        && *code == Some(0)
                        && client.message.len() > 20
                })
                .expect("some message is delivered");
            let line = observations
                .lines
                .iter()
                .position(|line| *line == client.message);
            line.expect("it is printed")
        };
        match plant {
            Defect::Duplicate => self.lines.push(self.lines[delivered(self)].clone()),
            Defect::Loss => drop(self.lines.remove(delivered(self))),
            Defect::Change => {
                let line = delivered(self);
                *self.lines[line].last_mut().unwrap() ^= 1;
            }
            Defect::Reply => {
                let mut replies = self.replies.iter_mut();
                let reply = replies.find_map(|(_, reply)| reply.last_mut());
                *reply.expect("some reply has bytes") ^= 1;
            }
            Defect::Silence => {
                let has_succeeded = |id| {
                    let mut clients = self.clients.iter();
                    clients.any(|(client, code)| client.id == id && *code == Some(0))
                };
                let reply = self.replies.iter().position(|(id, _)| has_succeeded(*id));
                self.replies.remove(reply.expect("some request succeeds"));
            }
            Defect::Failure => {
                let mut clients = self.clients.iter_mut();
                let client = clients.find(|(client, _)| client.fate == Fate::Undisturbed);
                client.expect("some are not disturbed").1 = Some(6);
            }
            Defect::Gap => {
                let (printed, at) = self.unequal_bytes();
                printed.remove(at);
            }
            Defect::Repeat => {
                let (printed, at) = self.unequal_bytes();
                printed.insert(at, printed[at]);
            }
            Defect::Swap => {
                let (printed, at) = self.unequal_bytes();
                printed.swap(at, at + 1);
            }
            Defect::Cut => {
                let stream = self.streams.iter_mut().find(|stream| stream.is_whole);
                let printed = &mut stream.expect("some chat is not killed").printed;
                printed.pop().expect("each end types something");
            }
            Defect::Descriptor => self.growth[0].after.descriptors += 1,
            Defect::Memory => self.growth[0].after.memory += 2 * SLACK_BYTES,
        }
    }

    /// Returns the output of a chat, and the places where two different bytes follow one another.
    fn unequal_bytes(&mut self) -> (&mut Vec<u8>, usize) {
        let found = self.streams.iter_mut().find_map(|stream| {
            let at = stream.printed.windows(2).position(|two| two[0] != two[1]);
            Some((&mut stream.printed, at?))
        });
        found.expect("some chat prints different bytes")
    }

    /// Returns a description of each violation.
    pub fn violations(&self) -> Vec<String> {
        let mut violations = self.others.clone();
        let mut printed: BTreeMap<usize, usize> = BTreeMap::new();
        let by_id: BTreeMap<usize, &Client> = self
            .clients
            .iter()
            .map(|(client, _)| (client.id, client))
            .collect();
        let mut empty = 0;
        for line in &self.lines {
            // The messages of a storm do not have this form.
            let Some(id) = id_of(line) else {
                empty += usize::from(line.is_empty());
                continue;
            };
            match by_id.get(&id) {
                Some(client) if client.message == *line => *printed.entry(id).or_default() += 1,
                Some(_) => violations.push(format!("the message of client {id} is changed")),
                None => violations.push(format!(
                    "there is a message of client {id}, which was not started"
                )),
            }
        }
        let mut replies: BTreeMap<usize, usize> = BTreeMap::new();
        for (id, reply) in &self.replies {
            match by_id.get(id) {
                Some(client) if client.is_request && client.message == *reply => {
                    *replies.entry(*id).or_default() += 1;
                }
                _ => violations.push(format!("client {id} got a reply that is not its request's")),
            }
        }
        let (mut least, mut most) = (0, 0);
        for (client, code) in &self.clients {
            let Client { id, fate, .. } = client;
            let has_failed = *code != Some(0);
            let count = replies.get(id).copied().unwrap_or(0);
            if count > 1 || (client.is_request && !has_failed && count != 1) {
                violations.push(format!(
                    "client {id} exited with {code:?} and {count} replies ({fate:?})"
                ));
            }
            if client.message.is_empty() {
                least += usize::from(!has_failed);
                most += 1;
            } else {
                match printed.get(id).copied().unwrap_or(0) {
                    0 if has_failed => {}
                    1 => {}
                    0 => violations.push(format!(
                        "client {id} exited with 0, and its message is lost ({fate:?})"
                    )),
                    times => violations.push(format!(
                        "the message of client {id} is printed {times} times ({fate:?})"
                    )),
                }
            }
            if has_failed && matches!(fate, Fate::Undisturbed | Fate::Stopped(..)) {
                violations.push(format!("client {id} exited with {code:?} ({fate:?})"));
            }
        }
        // An empty message has no number, and a storm may cause some.
        if empty < least || (empty > most && self.storms == 0) {
            violations.push(format!(
                "{empty} empty messages instead of {least} to {most}"
            ));
        }
        for stream in &self.streams {
            let Stream { typed, printed, .. } = stream;
            let is_missing = stream.is_whole && printed.len() < typed.len();
            if is_missing || !typed.starts_with(printed) {
                let same = typed.iter().zip(printed).take_while(|(a, b)| a == b);
                violations.push(format!(
                    "{}: of {} bytes {} were printed, and {} of these are right",
                    stream.name,
                    typed.len(),
                    printed.len(),
                    same.count()
                ));
            }
        }
        for Growth {
            server,
            before,
            after,
        } in &self.growth
        {
            if after.descriptors != before.descriptors {
                violations.push(format!(
                    "server {server}: descriptors: {before:?}, then {after:?}"
                ));
            }
            if after.memory > before.memory + SLACK_BYTES {
                violations.push(format!(
                    "server {server}: memory: {before:?}, then {after:?}"
                ));
            }
        }
        violations
    }

    pub fn summary(&self) -> String {
        let count = |wanted: fn(&Client, Option<i32>) -> bool| {
            let found = self
                .clients
                .iter()
                .filter(|(client, code)| wanted(client, *code));
            found.count()
        };
        let grown = self
            .growth
            .iter()
            .map(|g| g.after.memory.saturating_sub(g.before.memory));
        format!(
            "{} clients: {} delivered; {} asked for a reply, {} are messages between endpoints, {} spoke a dialect, {} were stopped, \
             {} ended by a signal, {} had a short timeout; {} chats; {} replies, {} storms, {} adversaries; {} bytes; \
             the servers have grown by at most {} KB",
            self.clients.len(),
            count(|_, code| code == Some(0)),
            count(|client, _| client.is_request),
            count(|client, _| client.id >= SPOKEN),
            count(|client, _| (FOREIGN..SPOKEN).contains(&client.id)),
            count(|client, _| matches!(client.fate, Fate::Stopped(..))),
            count(|client, _| matches!(client.fate, Fate::Ended(..))),
            count(|client, _| matches!(client.fate, Fate::ShortTimeout(_))),
            self.streams.len() / 2,
            self.replies.len(),
            self.storms,
            self.adversaries,
            self.clients
                .iter()
                .map(|(client, _)| client.message.len())
                .sum::<usize>(),
            grown.max().unwrap_or(0) / 1000,
        )
    }
}

/// Returns the number at the start of a message.
fn id_of(line: &[u8]) -> Option<usize> {
    let end = line.iter().position(|byte| *byte == b' ')?;
    std::str::from_utf8(line.get(1..end)?)
        .ok()
        .filter(|_| line.starts_with(b"#"))?
        .parse()
        .ok()
}
