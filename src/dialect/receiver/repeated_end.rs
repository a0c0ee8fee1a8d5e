//! A client that sends the end of its text once more.

use alloc::boxed::Box;

use super::TextReceiver;
use crate::dialect::decoder::DecodeProgress;
use crate::dialect::{Ack, Dialect, FinalAck, Symbol};
use crate::wire::Nanos;

impl TextReceiver {
    /// Returns the dialect of a client that has sent the end of its text once more.
    pub(super) fn repeated_end(&mut self, symbol: Symbol, is_prompt: bool) -> Option<Dialect> {
        let mut decoder = self.end_again.take().filter(|_| is_prompt)?;
        let progress = decoder.push(symbol);
        if decoder.text_len() > 0 {
            return None;
        }
        match progress {
            DecodeProgress::Complete => Some(*decoder.dialect()),
            DecodeProgress::Incomplete => {
                self.end_again = Some(decoder);
                None
            }
            DecodeProgress::Rejected(_) => None,
        }
    }

    /// Returns the acknowledgement of an end that has come once more. If the client handles both signals, its handler sends the
    /// next bit and the ordinary acknowledgement does not end it; otherwise it sends its end twice.
    pub(super) fn answer_repeated_end(
        &mut self,
        dialect: &Dialect,
        symbol: Symbol,
        now: Nanos,
    ) -> Option<Symbol> {
        let ack = dialect.ack_for(symbol);
        self.decoder.reset();
        self.expect_end_again(dialect);
        match dialect.ack {
            Ack::Bit if self.probe.choice.handled.both() => {
                self.final_acks.note_sent(FinalAck::Other, now);
                Some(ack.other())
            }
            Ack::Bit | Ack::Byte => Some(ack),
            Ack::None | Ack::Message => None,
        }
    }

    /// Expects that the client sends the end of a text in `dialect` once more.
    pub(super) fn expect_end_again(&mut self, dialect: &Dialect) {
        let may_repeat =
            !self.decoder.is_given() && dialect.end.is_some() && !dialect.head.is_length();
        self.end_again = may_repeat.then(|| Box::new(self.decoder.of_end(dialect)));
    }
}
