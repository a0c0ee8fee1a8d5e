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
        self.closing = Some(reason);
        if !self.decoder.handle_silence().has_message() {
            self.finish_closing();
        }
    }

    /// Returns when the last of what is owed for complete texts becomes due, after [`close`](Self::close).
    pub fn closing_deadline(&self) -> Option<Nanos> {
        let completes_at = self.closing.map(|_| self.complete_at());
        let acks_at = self.final_acks.poll_timeout().max(self.timing.deadline());
        acks_at.max(completes_at)
    }

    /// Drops what is incomplete and decodes no more, if the text that may have been complete is over.
    pub(super) fn finish_closing(&mut self) {
        let Some(reason) = self.closing.take() else {
            return;
        };
        let bytes = self.decoder.received_bytes();
        if bytes > 0 {
            self.act(TextAction::Rejected { reason, bytes });
        }
        self.has_moved_on |= self.decoder.in_message();
        self.decoder.close();
    }
}
