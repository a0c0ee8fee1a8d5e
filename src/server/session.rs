//! One client, as the server knows it: its process, its link, and whether it can be answered.

use super::notices::Allowance;
use crate::client::MIGRATE_ABOVE_COPIES;
use crate::dialect::listener::Listener;
use crate::dialect::manners::Handles;
use crate::ffi;
use crate::process::peer::{Peer, PeerError, ProcessStatus};
use crate::process::pid::Pid;
use crate::process::proc;
use crate::signal::event::Signal;
use crate::wire::Nanos;
use crate::wire::control::Reply;
use crate::wire::receiver::FrameReceiver;
use crate::wire::word::Word;

/// How old the last look at a process may be when it is signalled because it has just asked for that. A look takes some
/// 30 us, so that looking this often costs a third of a percent.
pub const LOOK_INTERVAL: Nanos = 10_000_000;

/// A client of the server.
#[derive(Debug)]
pub struct Session {
    /// The process.
    pub peer: Peer,
    /// Its link, in our own protocol.
    pub receiver: FrameReceiver,
    /// What is heard of it in any other.
    pub listener: Option<Listener>,
    /// When to look whether it sleeps for a signal; for the listener.
    pub glance: Nanos,
    /// The CPU time that it had in its present silence, and how often the silence was excused.
    silence: Silence,
    /// Its program, once somebody wanted to know; see [`program`](crate::process::proc::program).
    pub program: Option<(u64, u64)>,
    /// Its real user, once the kernel has attested it.
    pub uid: Option<u32>,
    /// When it last sent anything.
    pub heard: Nanos,
    /// When its session began.
    started: Nanos,
    /// When its present message began.
    pub began: Nanos,
    /// When it was last answered.
    pub answered: Option<Nanos>,
    /// Whether it has been complained of, which is done once.
    pub noted: bool,
    /// How many notes it may still cause.
    pub(super) allowance: Allowance,
    /// Bytes of its messages that are in the server's account.
    pub counted: usize,
    /// Bytes of a word that it may send, if it can be answered.
    words: u8,
    look: ProcessStatus,
    looked: Nanos,
    /// Why the client cannot be answered at all.
    unreachable: Option<PeerError>,
    /// The batch of signals in which its last bare bit came, and when.
    batch: u64,
    bit_at: Nanos,
    /// Bare bits of the present message.
    bits: u64,
    /// Those among them for which the sender cannot have waited.
    hasty_bits: u64,
    /// The same of all messages before.
    all_bits: u64,
    all_hasty_bits: u64,
}

/// A silence of a client.
#[derive(Clone, Copy, Debug, Default)]
struct Silence {
    /// When it began.
    heard: Nanos,
    /// The CPU time of the client when the silence was first looked at.
    run_time: u64,
    excuses: u32,
}

impl Session {
    /// Finds the process `pid` and looks at it. Its messages may have `limit` bytes and its words `words`.
    ///
    /// # Errors
    /// When it has ended meanwhile, or cannot be watched.
    pub fn open(pid: Pid, limit: usize, words: u8, now: Nanos) -> Result<Self, PeerError> {
        let peer = Peer::open(pid)?;
        let (look, unreachable) = match peer.inspect() {
            Ok(look) => (look, None),
            Err(error @ PeerError::NoSuchProcess) => return Err(error),
            Err(error) if error.is_exhausted() => return Err(error),
            // Its signals come, and none may be sent to it.
            Err(error) => (ProcessStatus::default(), Some(error)),
        };
        let mut session = Self {
            peer,
            receiver: FrameReceiver::new(limit),
            listener: None,
            glance: 0,
            silence: Silence::default(),
            program: None,
            words,
            uid: None,
            heard: now,
            started: now,
            began: now,
            answered: None,
            noted: false,
            allowance: Allowance::of_client(now),
            counted: 0,
            look,
            looked: now,
            unreachable,
            batch: 0,
            bit_at: 0,
            bits: 0,
            hasty_bits: 0,
            all_bits: 0,
            all_hasty_bits: 0,
        };
        session.offer_words();
        Ok(session)
    }

    /// Looks at the client again, once at any moment `now`: by beginning another message it may say that it is another
    /// program.
    pub fn look_again(&mut self, now: Nanos) {
        if core::mem::replace(&mut self.looked, now) == now {
            return;
        }
        self.look_now();
    }

    /// Looks at the client again, before it is sent what it has not just asked for: it may be another program by now.
    pub fn look_now(&mut self) {
        match self.peer.inspect() {
            Ok(look) => self.look = look,
            Err(_) => self.look = ProcessStatus::default(),
        }
        self.offer_words();
    }

    /// Whether the client's silence says nothing, since it waits for a CPU. A client that runs and sends nothing is silent.
    /// The number of excuses for one silence is bounded.
    pub fn lacks_cpu(&mut self) -> bool {
        // What a client needs to send a bit is much less.
        const ENOUGH: u64 = 4_000_000;
        const EXCUSES: u32 = 32;
        let Some(run_time) = proc::run_time_if_runnable(self.peer.pid()) else {
            return false;
        };
        let silence = &mut self.silence;
        if silence.heard != self.heard || silence.excuses == 0 {
            *silence = Silence {
                heard: self.heard,
                run_time,
                excuses: 0,
            };
        }
        silence.excuses += 1;
        silence.excuses <= EXCUSES && run_time.saturating_sub(silence.run_time) < ENOUGH
    }

    /// Words are for those who can be answered on their signal; others need not know of them.
    fn offer_words(&mut self) {
        let words = if self.can_answer(Signal::Word) {
            self.words
        } else {
            0
        };
        self.receiver.set_word_size(words);
        let handles = self.handles();
        if let Some(listener) = &mut self.listener {
            listener.handles(handles);
        }
    }

    /// The two signals, as far as the client can be answered on them.
    #[must_use]
    pub const fn handles(&self) -> Handles {
        Handles {
            usr1: self.can_answer(Signal::Usr1),
            usr2: self.can_answer(Signal::Usr2),
        }
    }

    /// Whether part of a message has been taken.
    #[must_use]
    pub fn in_message(&self) -> bool {
        let listened = self.listener.as_ref().is_some_and(Listener::in_message);
        listened || self.receiver.in_message()
    }

    /// Returns the bytes of memory that a message which is not complete takes.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        match &self.listener {
            Some(listener) => listener.held_bytes(),
            None => self.receiver.held_bytes(),
        }
    }

    /// Returns how many bytes of a message that is not complete came, whether or not they are kept.
    #[must_use]
    pub fn received_bytes(&self) -> usize {
        match &self.listener {
            Some(listener) => listener.received_bytes(),
            None => self.receiver.held_bytes(),
        }
    }

    /// Returns why the client cannot be answered at all, if that is so.
    #[must_use]
    pub const fn unreachable(&self) -> Option<&PeerError> {
        self.unreachable.as_ref()
    }

    /// Returns whether the session may be given up for another: the smallest comes first.
    ///
    /// Any process can claim to be one that the kernel has not attested yet, so those sessions come before all others, and
    /// first among them those whose process could not even be answered. A client that is attested keeps its session until
    /// it has nothing more to ask.
    #[must_use]
    pub fn evictable(&self, now: Nanos) -> Option<(u8, Nanos)> {
        const QUIET: Nanos = 5_000_000_000;
        if !self.is_attested() {
            return Some((u8::from(self.handles().any()), self.started));
        }
        let is_over = !self.in_message() && self.is_idle();
        let is_quiet = now.saturating_sub(self.heard) >= QUIET;
        (self.is_stray() || is_over && is_quiet).then_some((2, self.heard))
    }

    /// Notes that answers to the client are denied; returns whether that is news.
    pub fn give_up_answers(&mut self, error: PeerError) -> bool {
        self.unreachable.replace(error).is_none()
    }

    /// Returns whether the kernel has said that a signal was this process's.
    #[must_use]
    pub const fn is_attested(&self) -> bool {
        self.uid.is_some()
    }

    /// Whether a bare bit is none of our own protocol's, as far as one can know before a whole byte has come.
    pub const fn is_overheard(&self) -> bool {
        self.listener.is_some() || self.receiver.is_closed()
    }

    /// Listens to what is not our own protocol.
    pub fn begin_stream(&mut self, listener: Listener) {
        let limit = self.receiver.limit();
        self.receiver = FrameReceiver::new(limit);
        self.listener = Some(listener);
        self.offer_words();
    }

    /// Sends an answer on `signal`, if the client handles that: one that does not would be killed. Where it may be swallowed
    /// it is sent more than once if the client keeps asking; where the kernel has no room for it, the client asks again.
    ///
    /// AS-21: a client that has got the answer to the end of its message may go on to execute another program. So a second
    /// one at the same moment, a copy among them, is preceded by a look, and so is one that the last look is too old for.
    ///
    /// # Errors
    /// [`PeerError::NoSuchProcess`] when the client has ended.
    pub fn answer(&mut self, signal: Signal, answer: Reply, now: Nanos) -> Result<(), PeerError> {
        let is_second = self.answered == Some(now) && !self.in_message();
        if is_second || now.saturating_sub(self.looked) >= LOOK_INTERVAL {
            self.looked = now;
            self.look_now();
        }
        if !self.can_answer(signal) {
            return Ok(());
        }
        self.answered = Some(now);
        if signal == Signal::Word {
            let word = Word::from_parts(0, answer.value(), [0; 2]);
            return self.peer.queue(word.parts()).map(drop);
        }
        let copies = self.receiver.burst_len();
        if copies > MIGRATE_ABOVE_COPIES {
            ffi::migrate();
        }
        let may_be_last = !self.in_message();
        for copy in 0..copies {
            if copy > 0 && may_be_last {
                self.look_now();
            }
            if self.can_answer(signal) {
                self.peer.send(signal, Some(answer.value()))?;
            }
        }
        Ok(())
    }

    /// The signal on which the client expects what it has not just asked for.
    #[must_use]
    pub const fn signal(&self) -> Signal {
        if self.receiver.uses_words() {
            Signal::Word
        } else {
            Signal::Usr1
        }
    }

    /// Notes a bare bit that came at `now`, in this batch of signals.
    pub fn count_bit(&mut self, batch: u64, now: Nanos) {
        // No program that sleeps between its bits is faster: the timer slack alone is 50 us (prctl(2), PR_SET_TIMERSLACK).
        const NO_SLEEP: Nanos = 40_000;
        if !self.in_message() {
            self.all_bits += self.bits;
            self.all_hasty_bits += self.hasty_bits;
            (self.bits, self.hasty_bits) = (0, 0);
        }
        self.bits += 1;
        let same_batch = core::mem::replace(&mut self.batch, batch) == batch;
        let at_once = now.saturating_sub(core::mem::replace(&mut self.bit_at, now)) < NO_SLEEP;
        if same_batch || at_once && !self.handles().any() {
            self.hasty_bits += 1;
        }
    }

    /// Whether the present text can be none: for more than a quarter of its bits, or of all that this sender ever sent, the
    /// sender waited neither for our answer nor for a clock, and such signals swallow each other.
    pub const fn is_noise(&self) -> bool {
        self.hasty_bits > self.bits / 4
            || self.all_hasty_bits + self.hasty_bits > (self.all_bits + self.bits) / 4
    }

    /// Whether the client has not announced itself and yet waits for our answers: that is how its bits have come so far.
    #[must_use]
    pub const fn is_steady(&self) -> bool {
        const SOME: u64 = 64;
        !self.is_announced()
            && self.handles().any()
            && self.all_bits + self.bits >= SOME
            && self.all_hasty_bits + self.hasty_bits == 0
    }

    /// Whether the client announced itself and so waits for our answers.
    #[must_use]
    pub const fn is_announced(&self) -> bool {
        self.receiver.tag() != 0
    }

    /// Whether no byte of a message has come, nor a hello: the descriptor may be put to better use.
    pub fn is_stray(&self) -> bool {
        !self.is_announced() && self.is_idle()
    }

    fn is_idle(&self) -> bool {
        let is_idle = self.listener.as_ref().is_none_or(Listener::is_idle);
        self.receiver.is_idle() && is_idle
    }

    const fn can_answer(&self, signal: Signal) -> bool {
        self.unreachable.is_none() && self.look.handles(signal)
    }
}
