//! Handles the replies of the server.

use super::super::bit_window::BitWindow;
use super::super::control::{Arrived, Nonces, Reply, Status};
use super::super::reason::Reason;
use super::super::time::Instant;
use super::super::window::Window;
use super::super::word::SIZE;
use super::super::word_window::WordWindow;
use super::{FrameSender, HELLO_EVERY, Lane, LinkFailure, MAX_RESTARTS, Next, Phase};

impl FrameSender<'_> {
    /// Takes in a reply of the server that came at `now`.
    pub fn handle_reply(&mut self, reply: Reply, now: Instant) {
        if reply.nonces.client != self.nonces.client || self.result.is_some() {
            return;
        }
        match (self.phase, reply.status) {
            (_, Status::Greeted { words }) => self.handle_greeting(reply.nonces, words, now),
            (_, Status::Rejected(reason)) => {
                let failure = LinkFailure::Rejected(reason);
                // A third process can forge a length in the words, and not in the bits.
                let may_be_foreign = reason == Reason::TooLong && self.uses_words();
                if reason != Reason::Checksum && !may_be_foreign {
                    return self.finish(Err(failure));
                }
                if self.lane == Lane::Auto {
                    self.lane = Lane::Bit;
                }
                self.restart(now, failure);
            }
            (Phase::Hello, _) => {}
            (_, Status::Delivered(next)) => {
                let is_end = next == self.window.end() && self.is_all_sent();
                self.finish(is_end.then_some(()).ok_or(LinkFailure::Contradiction));
            }
            (_, Status::Ok(progress)) => self.handle_progress(progress, false, now),
            (_, Status::Wait(progress)) => self.handle_progress(progress, true, now),
        }
    }

    fn handle_greeting(&mut self, nonces: Nonces, words: bool, now: Instant) {
        match self.phase {
            Phase::Hello => {}
            // A second reply to a repeated hello.
            _ if nonces == self.nonces && !self.is_forgotten(words) => return,
            // The message may have been complete.
            Phase::Data if self.is_all_sent() => return self.finish(Err(LinkFailure::Forgotten)),
            _ => return self.restart(now, LinkFailure::Contradiction),
        }
        let len = self.frame.bytes().div_ceil(SIZE);
        let in_words = match (self.lane, u32::try_from(len)) {
            (Lane::Auto | Lane::Word, Ok(len)) if words && self.is_queued => Some(len),
            (Lane::Word, _) => return self.finish(Err(LinkFailure::NoWords)),
            _ => None,
        };
        self.nonces = nonces;
        self.frame.seal(nonces);
        self.window = match in_words {
            Some(len) => Window::Words(WordWindow::new(len), false),
            None => Window::Bits(match BitWindow::new(self.frame.bits()) {
                window if self.sleeps => window.in_pairs(),
                window => window,
            }),
        };
        self.advance(now, Phase::Open);
        if in_words.is_some() {
            // The words that are queued behind the request find the transfer open.
            self.next = Some(Next::Open);
            self.phase = Phase::Data;
        }
    }

    /// Returns whether a greeting with the nonce of this transfer shows that the server has forgotten it.
    ///
    /// A server greets before the transfer is open, and such a greeting has come long before a hello is repeated.
    const fn is_forgotten(&self, words: bool) -> bool {
        let is_open = match (self.phase, &self.window) {
            (Phase::Data, Window::Words(_, is_open)) => *is_open || !words,
            (Phase::Data, Window::Bits(_)) => true,
            _ => false,
        };
        is_open && self.timer.attempt >= HELLO_EVERY
    }

    fn handle_progress(&mut self, progress: Arrived, is_wait: bool, now: Instant) {
        if self.phase == Phase::Open {
            self.advance(now, Phase::Data);
        }
        let news = self.window.acknowledge(progress);
        let come = Some(progress).filter(|_| !self.uses_words());
        match news {
            None => self.finish(Err(LinkFailure::Contradiction)),
            // Of two pending signals the lower number comes first, so it is older. If not, the server says it again.
            Some(_) if is_wait && come.is_some() && self.permitted_at == come => {}
            Some(_) if is_wait => self.timer.pause(now),
            Some(is_news) => {
                self.permitted_at = come;
                self.go_on(is_news, now);
            }
        }
    }

    /// Goes on after a reply that tells the progress; `is_news` says whether it is further than before.
    fn go_on(&mut self, is_news: bool, now: Instant) {
        let is_first = self.timer.attempt > 0 && !self.has_gone_on;
        if is_news {
            self.timer.handle_reply(now);
            self.timer.progress();
            self.has_gone_on = false;
        } else if self.timer.is_paused || is_first || !self.uses_words() {
            // Going on from there once is enough: the server could have taken a repeated word.
            self.has_gone_on = true;
            self.timer.count_idle(now);
            if self.timer.is_over() {
                return self.finish(Err(LinkFailure::TimedOut));
            }
        } else {
            return;
        }
        self.timer.stop();
        if self.window.has_in_flight() || self.acknowledged() == self.frame.bits() {
            self.timer.start(now);
        }
    }

    fn advance(&mut self, now: Instant, phase: Phase) {
        self.timer.handle_reply(now);
        self.timer.progress();
        self.timer.stop();
        self.has_gone_on = false;
        self.phase = phase;
    }

    /// Begins again under another nonce, or fails if that has been in vain too often.
    fn restart(&mut self, now: Instant, failure: LinkFailure) {
        if self.restarts == MAX_RESTARTS {
            return self.finish(Err(failure));
        }
        self.restarts += 1;
        self.is_held = false;
        self.draw();
        self.next = None;
        self.advance(now, Phase::Hello);
    }
}
