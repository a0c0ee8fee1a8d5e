//! One client, as the server knows it: its process, its link, and whether it can be answered.

use crate::client::signal_of;
use crate::event::Signal;
use crate::peer::{Look, Peer, PeerError};
use crate::pid::Pid;
use crate::wire::Nanos;
use crate::wire::bits::Bit;
use crate::wire::control::Answer;
use crate::wire::receiver::Receiver;

/// A client of the server.
#[derive(Debug)]
pub struct Session {
    /// The process.
    pub peer: Peer,
    /// Its link.
    pub receiver: Receiver,
    /// Its real user, once the kernel has attested it.
    pub uid: Option<u32>,
    /// When it last sent anything.
    pub heard: Nanos,
    /// When its present message began.
    pub began: Nanos,
    /// When it was last answered.
    pub answered: Option<Nanos>,
    /// The batch of its last bare bit, and whether it ever sent two in one batch: it does not wait for us.
    pub batch: u64,
    /// See `batch`.
    pub hasty: bool,
    /// Whether it has been complained of, which is done once.
    pub noted: bool,
    look: Look,
    unreachable: bool,
}

impl Session {
    /// Finds the process `pid` and looks at it.
    ///
    /// # Errors
    /// When it has ended meanwhile, or cannot be watched.
    pub fn open(pid: Pid, limit: usize, now: Nanos) -> Result<Self, PeerError> {
        let peer = Peer::open(pid)?;
        let (look, unreachable) = match peer.look() {
            Ok(look) => (look, false),
            // It can be heard and not be answered.
            Err(PeerError::NotPermitted) => (Look::default(), true),
            Err(error) => return Err(error),
        };
        Ok(Self {
            peer,
            receiver: Receiver::new(limit),
            uid: None,
            heard: now,
            began: now,
            answered: None,
            batch: 0,
            hasty: false,
            noted: false,
            look,
            unreachable,
        })
    }

    /// Looks at the client again: by beginning another transfer it may say that it is another program.
    pub fn look_again(&mut self) {
        match self.peer.look() {
            Ok(look) => self.look = look,
            Err(_) => self.look = Look::default(),
        }
    }

    /// Whether the client belongs to somebody whom we may not signal.
    #[must_use]
    pub const fn is_unreachable(&self) -> bool {
        self.unreachable
    }

    /// Sends an answer on the signal for `bit`, if the client handles that signal: one that does not would be killed.
    ///
    /// # Errors
    /// [`PeerError::NoSuchProcess`] when the client has ended.
    pub fn answer(&mut self, bit: Bit, answer: Answer, now: Nanos) -> Result<(), PeerError> {
        let signal = signal_of(bit);
        if !self.can_answer(signal) {
            return Ok(());
        }
        self.answered = Some(now);
        self.peer.send(signal, Some(answer.value()))
    }

    /// Whether the client announced itself and so waits for our answers.
    #[must_use]
    pub const fn is_announced(&self) -> bool {
        self.receiver.tag() != 0
    }

    const fn can_answer(&self, signal: Signal) -> bool {
        !self.unreachable && self.look.handles(signal)
    }
}
