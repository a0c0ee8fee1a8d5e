//! How a server that ends receives the rest.

use super::{TextAction, TextReceiver};
use crate::wire::Nanos;
use crate::wire::reason::Reason;

impl TextReceiver {
    /// Receives nothing more, because of `reason`.
    ///
    /// What is owed for complete texts stays due, and a text that may be complete is kept until a silence shows that it is.
    pub fn close(&mut self, reason: Reason) {
        self.withheld = None;
        match self.decoder.handle_silence().has_message() {
            true => self.closing = Some(reason),
            false => self.close_now(reason),
        }
    }

    /// Returns when the last of what is owed for complete texts becomes due, after [`close`](Self::close).
    #[must_use]
    pub fn closing_deadline(&self) -> Option<Nanos> {
        let completes_at = self.closing.map(|_| self.complete_at());
        let acks_at = self.final_acks.poll_timeout().max(self.timing.deadline());
        acks_at.max(completes_at)
    }

    pub(super) fn close_now(&mut self, reason: Reason) {
        let bytes = self.decoder.received_bytes();
        if bytes > 0 {
            self.actions
                .push_back(TextAction::Rejected { reason, bytes });
        }
        self.has_moved_on |= self.decoder.in_message();
        self.decoder.close();
    }
}
