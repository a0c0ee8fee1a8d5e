//! How other threads send messages: through a queue that the engine's thread empties.

use std::boxed::Box;
use std::io;
use std::sync::{Arc, Mutex, mpsc};
use std::vec::Vec;

use crate::background::lock;
use crate::client::{Delivery, Options, Outgoing, Progress, SendError, Update};
use crate::ffi::{self, EventFd, Fd};
use crate::process::peer::Peer;
use crate::process::pid::Pid;
use crate::signal::threads::Unavailable;
use crate::wire::frame::MessageKind;

/// Hands messages of other threads to the engine.
///
/// A mutex, and no lock-free queue: a message that comes when the engine ends must either be seen by it or be refused.
pub struct Outbox {
    /// The messages that the engine has not taken; `None` once it has ended.
    waiting: Mutex<Option<Vec<Submission>>>,
    bell: EventFd,
    /// The process whose engine takes the messages. A forked child has none.
    owner: Pid,
}

/// Is a message to send, and the function that is called with what becomes of it.
pub type Submission = (Outgoing<'static>, Box<dyn FnMut(Update) + Send>);

impl Outbox {
    /// Returns an empty outbox.
    pub fn new() -> io::Result<Arc<Self>> {
        Ok(Arc::new(Self {
            waiting: Mutex::new(Some(Vec::new())),
            bell: EventFd::new()?,
            owner: ffi::getpid(),
        }))
    }

    /// Sends `payload` to `to`, and blocks until that has come to something. Calls `watch` some ten times a second.
    pub fn send(
        &self,
        to: &Arc<Peer>,
        kind: MessageKind,
        payload: &[u8],
        options: Options,
        watch: &mut dyn FnMut(&Progress),
    ) -> Result<Delivery, SendError> {
        if ffi::getpid() != self.owner {
            return Err(Unavailable::Forked.into());
        }
        let outgoing = Outgoing::new(to, kind, payload.to_vec(), options)?;
        let (tell, told) = mpsc::channel();
        // The thread that waits may have ended by a panic of its function.
        let tell = move |update| drop(tell.send(update));
        match &mut *lock(&self.waiting) {
            Some(waiting) => waiting.push((outgoing, Box::new(tell))),
            None => return Err(SendError::Stopped),
        }
        self.bell.ring();
        for update in told {
            match update {
                Update::Progress(progress) => watch(&progress),
                Update::Ended(result) => return result,
            }
        }
        Err(SendError::Stopped)
    }

    /// Takes the messages, and makes the descriptor unreadable until there are others.
    pub fn take(&self) -> Vec<Submission> {
        self.bell.clear();
        let mut waiting = lock(&self.waiting);
        waiting.as_mut().map(core::mem::take).unwrap_or_default()
    }

    /// Ends all messages that were not taken, and all later ones, with an error.
    pub fn close(&self) {
        // The owners see that their channels have ended.
        drop(lock(&self.waiting).take());
    }

    /// Returns the descriptor that is readable while there may be a message to take.
    pub fn fd(&self) -> &Fd {
        self.bell.fd()
    }
}
