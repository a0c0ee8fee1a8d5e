//! Decides which signal to send next, and when.

use super::super::bit_window::Transmission;
use super::super::bits::Bit;
use super::super::control::Request;
use super::super::packet::Channel;
use super::super::receiver::VERSION;
use super::super::rtt::burst_len;
use super::super::time::Instant;
use super::super::window::Window;
use super::super::word::Word;
use super::{
    FrameSender, HELLO_EVERY, Lane, LinkFailure, MAX_QUEUED_HELLOS, Next, Phase, Transmit,
};

impl FrameSender<'_> {
    /// Returns what to send at `now`; to be called until it returns `None`.
    pub fn poll_transmit(&mut self, now: Instant) -> Option<Transmit> {
        if let Window::Words(window, _) = &mut self.window {
            // Of a hello that is refused later, the window knows nothing.
            window.count_sent();
        }
        if self.result.is_some() {
            return None;
        }
        if let Some(next) = self.next.take() {
            let transmit = match next {
                Next::Hello => self.hello(),
                Next::Open => self.open(),
            };
            return Some(self.counted(transmit));
        }
        if self.phase != Phase::Data && !self.timer.is_running() {
            self.timer.start(now);
            return Some(self.repeat());
        }
        if !self.timer.is_expired(now) {
            return self.send_data(now);
        }
        if !self.timer.next_attempt(now) {
            self.finish(Err(LinkFailure::TimedOut));
            return None;
        }
        self.fall_back_to_bits();
        self.timer.start(now);
        Some(self.repeat())
    }

    /// Takes in that the kernel had no room for the last signal (EAGAIN).
    pub fn handle_eagain(&mut self, now: Instant) {
        if let (Phase::Data, Window::Words(window, _)) = (self.phase, &mut self.window) {
            window.on_eagain();
        }
        self.next = None;
        self.timer.handle_eagain(now);
    }

    /// Returns what to send first, or after a time without a reply.
    fn repeat(&mut self) -> Transmit {
        let attempt = self.timer.attempt;
        // A server that has forgotten the transfer ignores all that belongs to it, but greets.
        let is_hello = attempt > 0 && attempt % HELLO_EVERY == 0;
        match self.phase {
            Phase::Open | Phase::Data if !is_hello => self.go_back(),
            _ => self.say_hello(),
        }
    }

    /// Returns the first bit or word that is not known to have come, or the request to open the transfer if that is not.
    fn go_back(&mut self) -> Transmit {
        let transmit = match &mut self.window {
            Window::Bits(_) if self.phase == Phase::Open => self.open(),
            Window::Bits(window) => {
                let transmission = window.rewind();
                self.bit(transmission)
            }
            Window::Words(window, true) => {
                let index = window.rewind();
                self.word(index, true)
            }
            Window::Words(window, false) => {
                window.restart();
                self.open()
            }
        };
        self.counted(transmit)
    }

    /// Goes on without the real-time signal if the server does not reply on it.
    fn fall_back_to_bits(&mut self) {
        let is_vain = self.phase == Phase::Hello && self.timer.unanswered >= MAX_QUEUED_HELLOS;
        if is_vain && self.is_queued && self.lane == Lane::Auto {
            self.is_queued = false;
            self.draw();
            self.timer.restart_attempts();
        }
    }

    fn send_data(&mut self, now: Instant) -> Option<Transmit> {
        if self.phase != Phase::Data || self.timer.is_paused || self.timer.attempt > 0 {
            return None;
        }
        if self.is_held {
            return None;
        }
        let transmit = match &mut self.window {
            Window::Bits(window) => {
                let frame = &self.frame;
                let bit = |index| frame.bit(index).unwrap_or(Bit::Zero);
                let transmission = window.send(bit)?;
                self.resent += u64::from(transmission.is_repeated);
                self.bit(transmission)
            }
            Window::Words(window, _) => {
                let (index, wants_reply) = window.send()?;
                self.word(index, wants_reply)
            }
        };
        if !self.timer.is_running() {
            self.timer.start(now);
        }
        Some(self.counted(transmit))
    }

    /// Returns the hello, or the bare signal that goes before it where it queues: only a bare signal is attested.
    fn say_hello(&mut self) -> Transmit {
        let mut hello = self.hello();
        if self.is_queued {
            self.next = Some(Next::Hello);
            hello.packet = None;
        }
        self.counted(hello)
    }

    fn hello(&self) -> Transmit {
        let hello = Request::Hello {
            client: self.nonces.client,
            version: VERSION,
        };
        self.request(self.channel(), hello)
    }

    /// Returns the signal for a hello or an open. It changes with the attempt: a storm of strays may swallow all of one number.
    const fn channel(&self) -> Channel {
        let attempt = self.timer.attempt;
        match (attempt ^ (attempt / HELLO_EVERY)) % 2 {
            _ if self.is_queued => Channel::Realtime,
            0 => Channel::Usr1,
            _ => Channel::Usr2,
        }
    }

    fn open(&self) -> Transmit {
        let open = Request::Open {
            nonces: self.nonces,
            in_words: self.uses_words(),
            sleeps: self.sleeps,
        };
        self.request(self.channel(), open)
    }

    fn bit(&self, sent: Transmission) -> Transmit {
        let request = Request::Bit {
            nonces: self.nonces,
            index: sent.index,
            serial: sent.serial,
            wants_reply: sent.wants_reply,
        };
        let channel = match self.frame.bit(sent.index) {
            Some(Bit::One) => Channel::Usr2,
            _ => Channel::Usr1,
        };
        self.request(channel, request)
    }

    fn word(&self, index: u32, wants_reply: bool) -> Transmit {
        let word = Word::of(&self.frame, index, wants_reply, self.nonces.server);
        self.request(Channel::Realtime, Request::Word(word))
    }

    fn request(&self, channel: Channel, request: Request) -> Transmit {
        Transmit {
            channel,
            packet: Some(request.packet()),
            // What queues is not swallowed, so one copy is enough.
            copies: match channel {
                Channel::Realtime => 1,
                _ => burst_len(self.timer.unanswered),
            },
        }
    }

    fn counted(&mut self, transmit: Transmit) -> Transmit {
        self.permitted_at = None;
        self.signals += u64::from(transmit.copies);
        if self.timer.attempt > 0 {
            self.resent += u64::from(transmit.copies);
        }
        transmit
    }
}
