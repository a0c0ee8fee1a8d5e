//! A client as the models compare it: by its future actions.

use crate::link::{Client, Ended, Lane, Link, Move, kind};
use crate::world::MESSAGES;
use std::hash::{Hash, Hasher};

/// A client, compared by its future actions and not by its clock: with the timeout out of reach, no time that it keeps changes
/// its next signal.
#[derive(Clone, Debug)]
pub struct Sending<L: Link> {
    /// The client.
    pub client: L::Client,
    /// The fingerprint, and how it has ended.
    key: (u64, Option<Ended>),
}

impl<L: Link> Sending<L> {
    /// Returns the client of transfer `transfer`, whose fingerprint is taken by [`renew`](Self::renew).
    pub fn new(transfer: usize, lane: Lane) -> Self {
        let key = [0xC11E, transfer as u64];
        let client = L::Client::new(MESSAGES[transfer], key, u64::MAX, lane);
        Self {
            client,
            key: (0, None),
        }
    }

    /// Returns the fingerprint.
    pub fn fingerprint(&self) -> u64 {
        self.key.0
    }

    /// Returns how the client ended, if it has.
    pub fn ended(&self) -> Option<Ended> {
        self.key.1
    }

    /// Returns whether the client sends before a timeout has passed.
    pub fn sends_at_once(&self) -> bool {
        matches!(self.client.clone().poll(0), Move::Send(_))
    }

    /// Returns whether the client sends a bit or a word before a timeout has passed.
    pub fn goes_on(&self) -> bool {
        match self.client.clone().poll(0) {
            Move::Send(signal) => signal
                .packet
                .is_some_and(|packet| matches!(packet.kind(), None | Some(kind::BIT))),
            _ => false,
        }
    }

    /// Returns a number that grows as the transfer goes on.
    pub fn stage(&self) -> u64 {
        match self.client.phase() {
            2 => 2 + self.client.acknowledged(),
            phase => phase,
        }
    }

    /// Takes the fingerprint.
    pub fn renew(&mut self) {
        let ended = match self.client.clone().poll(0) {
            Move::End(ended) => Some(ended),
            _ => None,
        };
        self.key = (self.client.fingerprint(), ended);
    }
}

impl<L: Link> PartialEq for Sending<L> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl<L: Link> Eq for Sending<L> {}

impl<L: Link> Hash for Sending<L> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}
