//! The oracle: what must hold of all that was seen.

use std::collections::BTreeMap;

use crate::plan::{Client, FOREIGN, Fate};
use crate::servers::Footprint;

/// By how much a server may have grown after so many more clients: what the allocator keeps.
const SLACK_BYTES: u64 = 3 << 20;

/// A defect that is put into what was seen.
#[derive(Clone, Copy, Debug)]
pub enum Plant {
    /// A message is printed twice.
    Duplicate,
    /// A message whose client ended with 0 is not printed.
    Loss,
    /// A byte of a message is another.
    Change,
    /// A client that nothing was done to does not end with 0.
    Failure,
    /// A server has a descriptor more.
    Descriptor,
    /// A server has more memory.
    Memory,
}

impl Plant {
    pub const ALL: [Self; 6] = [
        Self::Duplicate,
        Self::Loss,
        Self::Change,
        Self::Failure,
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
pub struct Seen {
    pub clients: Vec<(Client, Option<i32>)>,
    pub lines: Vec<Vec<u8>>,
    pub growth: Vec<Growth>,
    pub storms: usize,
    pub others: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct Growth {
    pub server: String,
    pub before: Footprint,
    pub after: Footprint,
}

impl Seen {
    pub fn plant(&mut self, plant: Plant) {
        let delivered = |seen: &Self| {
            let (client, _) = seen
                .clients
                .iter()
                .find(|(client, code)| {
                    client.fate == Fate::Undisturbed
                        && *code == Some(0)
                        && client.message.len() > 20
                })
                .expect("some message is delivered");
            let line = seen.lines.iter().position(|line| *line == client.message);
            line.expect("it is printed")
        };
        match plant {
            Plant::Duplicate => self.lines.push(self.lines[delivered(self)].clone()),
            Plant::Loss => drop(self.lines.remove(delivered(self))),
            Plant::Change => {
                let line = delivered(self);
                *self.lines[line].last_mut().unwrap() ^= 1;
            }
            Plant::Failure => {
                let mut clients = self.clients.iter_mut();
                let client = clients.find(|(client, _)| client.fate == Fate::Undisturbed);
                client.expect("some are not disturbed").1 = Some(6);
            }
            Plant::Descriptor => self.growth[0].after.descriptors += 1,
            Plant::Memory => self.growth[0].after.memory += 2 * SLACK_BYTES,
        }
    }

    /// All that must not be.
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
            // What a storm says is anything but this.
            let Some(id) = id_of(line) else {
                empty += usize::from(line.is_empty());
                continue;
            };
            match by_id.get(&id) {
                Some(client) if client.message == *line => *printed.entry(id).or_default() += 1,
                Some(_) => violations.push(format!("the message of client {id} is changed")),
                None => violations.push(format!("there is no client {id}, but a message of it")),
            }
        }
        let (mut least, mut most) = (0, 0);
        for (client, code) in &self.clients {
            let Client { id, fate, .. } = client;
            let has_failed = *code != Some(0);
            if client.message.is_empty() {
                least += usize::from(!has_failed);
                most += 1;
            } else {
                match printed.get(id).copied().unwrap_or(0) {
                    0 if has_failed => {}
                    1 => {}
                    0 => violations.push(format!(
                        "client {id} ended with 0, and its message is lost ({fate:?})"
                    )),
                    times => violations.push(format!(
                        "the message of client {id} is printed {times} times ({fate:?})"
                    )),
                }
            }
            if has_failed && matches!(fate, Fate::Undisturbed | Fate::Stopped(..)) {
                violations.push(format!("client {id} ended with {code:?} ({fate:?})"));
            }
        }
        // An empty message has no number; and a storm may print some.
        if empty < least || (empty > most && self.storms == 0) {
            violations.push(format!("{empty} empty messages, and not {least} to {most}"));
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
            "{} clients: {} delivered; {} spoke a dialect, {} were stopped, {} ended by a signal, {} hasty; {} storms; {} bytes; \
             the servers have grown by at most {} KB",
            self.clients.len(),
            count(|_, code| code == Some(0)),
            count(|client, _| client.id >= FOREIGN),
            count(|client, _| matches!(client.fate, Fate::Stopped(..))),
            count(|client, _| matches!(client.fate, Fate::Ended(..))),
            count(|client, _| matches!(client.fate, Fate::Hasty(_))),
            self.storms,
            self.clients
                .iter()
                .map(|(client, _)| client.message.len())
                .sum::<usize>(),
            grown.max().unwrap_or(0) / 1000,
        )
    }
}

/// The number in front of a message.
fn id_of(line: &[u8]) -> Option<usize> {
    let end = line.iter().position(|byte| *byte == b' ')?;
    std::str::from_utf8(line.get(1..end)?)
        .ok()
        .filter(|_| line.starts_with(b"#"))?
        .parse()
        .ok()
}
