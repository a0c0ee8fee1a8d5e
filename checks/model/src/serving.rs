//! The state that the server keeps for the PID of a client.

use crate::link::{Key, Lane, Link, Packet, REAL_TIME, Reaction, Server, Signal, kind};

/// The server's session for a PID, if it keeps one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Serving<L: Link>(Option<Session<L>>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Session<L: Link> {
    receiver: L::Server,
    /// Whether the transfer was opened on the real-time signal.
    is_queued: bool,
    /// The signal of the bit for which a reply is owed.
    via: usize,
}

impl<L: Link> Session<L> {
    fn new(key: Key, lane: Lane) -> Self {
        Self {
            receiver: L::Server::new(key, lane),
            is_queued: false,
            via: 0,
        }
    }
}

impl<L: Link> Serving<L> {
    /// Returns the server without a session.
    pub const fn none() -> Self {
        Self(None)
    }

    /// Lets the session handle a signal, or one that is made for it and kept only if the kernel attests the signal or a transfer
    /// is open then: as the server does.
    pub fn handle(&mut self, key: Key, lane: Lane, signal: Signal) -> Reaction {
        let is_kept = self.0.is_some() || signal.packet.is_none();
        let mut session = self.0.take().unwrap_or_else(|| Session::new(key, lane));
        let before = session.receiver.client_nonce();
        let reaction = session.receiver.receive(signal);
        let nonce = session.receiver.client_nonce();
        if nonce != before {
            session.is_queued = signal.number == REAL_TIME;
        }
        let is_owed = session.receiver.owes() && !session.is_queued;
        session.via = if is_owed { signal.number } else { 0 };
        self.0 = (is_kept || nonce != 0).then_some(session);
        reaction
    }

    /// Returns whether a signal has any effect.
    pub fn is_affected_by(&self, key: Key, lane: Lane, signal: Signal) -> bool {
        let session = self.0.clone();
        let before = session.unwrap_or_else(|| Session::new(key, lane)).receiver;
        let mut receiver = before.clone();
        let reaction = receiver.receive(signal);
        reaction.reply.is_some() || reaction.complete.is_some() || receiver != before
    }

    /// Returns the client's nonce of the session, which is 0 before its first transfer.
    pub fn nonce(&self) -> Option<u64> {
        self.get(Server::client_nonce)
    }

    /// Returns the index of the bit or word that is due.
    pub fn due(&self) -> u64 {
        self.get(Server::due).unwrap_or(0)
    }

    /// Returns whether the server owes a reply for bits.
    pub fn owes(&self) -> bool {
        self.get(Server::owes).unwrap_or(false)
    }

    /// Returns whether the server is in the middle of a message.
    pub fn in_message(&self) -> bool {
        self.get(Server::in_message).unwrap_or(false)
    }

    /// Returns whether the signal is a request that only the client of the transfer can have sent.
    pub fn is_proven(&self, signal: &Signal) -> bool {
        let is_proven = self.get(|receiver| receiver.is_proven(signal));
        is_proven.unwrap_or(false)
    }

    /// Takes the turn from the client, or lets it go on with its next request.
    pub fn hold(&mut self, is_held: bool) {
        self.with(|session| session.receiver.hold(is_held));
    }

    /// Gives the client its turn, and returns the reply that was due.
    pub fn release(&mut self) -> Option<Packet> {
        self.with(|session| session.receiver.release())?
    }

    /// Returns the reply to the end of the writing of the message of the transfer that `client` names.
    pub fn written(&mut self, client: u64) -> Option<Packet> {
        self.with(|session| session.receiver.written(client))?
    }

    /// Returns the reply that the server owes for bits, and its signal.
    pub fn reply(&mut self) -> Option<(usize, Packet)> {
        self.with(|session| {
            let number = std::mem::take(&mut session.via);
            let number = if session.is_queued { REAL_TIME } else { number };
            Some((number, session.receiver.poll()?))
        })?
    }

    /// Returns the signal of the reply to `signal`.
    pub fn number_of_reply(&self, signal: Signal) -> usize {
        let kind = signal.packet.and_then(|packet| packet.kind());
        let is_queued = self.0.as_ref().is_some_and(|session| session.is_queued);
        match kind {
            Some(kind::BIT) if is_queued => REAL_TIME,
            _ => signal.number,
        }
    }

    /// Returns the signal of replies for which the client has not just asked.
    pub fn unasked(&self) -> usize {
        match &self.0 {
            Some(session) if session.is_queued || session.receiver.uses_words() => REAL_TIME,
            _ => 0,
        }
    }

    /// Gives the serial that was seen last another.
    pub fn relabel(&mut self, label: &dyn Fn(u8) -> u8) {
        self.with(|session| session.receiver.relabel(label));
    }

    /// Returns whether two sessions differ, but for whether the client has introduced itself.
    pub fn is_changed(&self, before: &Self) -> bool {
        let introduced = |serving: &Self| {
            let bare = Signal {
                number: REAL_TIME,
                packet: None,
            };
            let mut receiver = serving.0.clone()?.receiver;
            receiver.receive(bare);
            Some(receiver)
        };
        introduced(self) != introduced(before)
    }

    fn get<T>(&self, of: impl FnOnce(&L::Server) -> T) -> Option<T> {
        self.0.as_ref().map(|session| of(&session.receiver))
    }

    fn with<T>(&mut self, change: impl FnOnce(&mut Session<L>) -> T) -> Option<T> {
        self.0.as_mut().map(change)
    }
}
