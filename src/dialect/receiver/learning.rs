//! The conclusions from the end of a client about its program, and the likely properties of an unknown program.

use super::TextReceiver;
use crate::dialect::ack_choice::AckPolicy;
use crate::dialect::ack_timing::SleepState;
use crate::dialect::final_acks::TRY_AFTER;
use crate::dialect::profile_cache::ProfileUpdate;
use crate::dialect::{Ack, ByteAck, Dialect, FinalAck, Parity, Symbol};
use crate::wire::Nanos;

impl TextReceiver {
    /// Returns the conclusion from the end of the client, at `now`, about its program; `has_failed` says that its exit status is
    /// not 0.
    pub fn profile_update(&self, has_failed: bool, now: Nanos) -> Option<ProfileUpdate> {
        if self.decoder.is_detecting() {
            if has_failed && self.probe.has_kept_waiting() {
                return Some(ProfileUpdate::Impatient);
            }
            let policy = self.probe.next_policy();
            let policy = policy.filter(|_| !self.naps_on() && self.delivered.is_none());
            return policy.map(ProfileUpdate::AckPolicy);
        }
        let mut dialect = *self.decoder.detected()?;
        // The client has installed its handler since its text was written.
        if dialect.ack == Ack::None && self.final_acks.were_sent() {
            (dialect.ack, dialect.ack_signal) = (Ack::Message, self.probe.choice.ack_signal());
        }
        // The next process shows it again: a wrong guess could stall it, or end it early.
        if dialect.ack == Ack::Message && self.probe.is_ambiguous() {
            return None;
        }
        // A client that fails in mid-message has not come to its last acknowledgement.
        let is_failure = has_failed && !self.ignores_status;
        let may_be_other = is_failure && !self.in_message() && self.probe.choice.awaited().both();
        let awaited = self.final_acks.awaited(now);
        // A client that goes on without acknowledgements, and fails after its only one, misses acknowledgements of its bytes.
        if has_failed && dialect.ack == Ack::Message && self.final_acks.were_in_vain(now) {
            dialect.ack = Ack::Byte;
        }
        // The client ended on the acknowledgement that had to show whether its text was over.
        let is_untried = awaited.is_none() && !self.final_acks.were_sent() && !self.in_message();
        dialect.final_ack = match awaited.unwrap_or(dialect.final_ack) {
            _ if is_untried && self.may_be_other(&dialect) => FinalAck::Other,
            // The client was acknowledged to the end, and takes the last acknowledgement for a failure.
            FinalAck::Same if may_be_other => FinalAck::Other,
            FinalAck::Other if may_be_other => FinalAck::Both,
            FinalAck::Both if may_be_other => FinalAck::Twice,
            FinalAck::Twice if may_be_other => FinalAck::Same,
            awaited => awaited,
        };
        Some(ProfileUpdate::Speaks(dialect))
    }

    /// Returns how to acknowledge the next process of a program that SIGUSR2 admits, though either signal may.
    pub fn admission_update(&self) -> Option<ProfileUpdate> {
        let dialect = self.decoder.detected()?;
        let is_due = dialect.hello
            && dialect.busy_signal().is_none()
            && self.probe.choice.admits_with_usr2();
        is_due.then_some(ProfileUpdate::AckPolicy(AckPolicy::Usr2From(0)))
    }

    /// Returns whether the client was seen to nap after its last bit of a message, and after the acknowledgement if it had that.
    fn naps_on(&self) -> bool {
        let is_nap = matches!(self.last_sleep, SleepState::Napping | SleepState::Polling);
        self.in_message() && is_nap
    }

    /// Returns whether the client has ended soon after its last bit or acknowledgement, and so has not given up waiting. The exit
    /// status of such a client says nothing of its text. A text of one byte counts only in a known dialect.
    pub const fn has_ended_promptly(&self, now: Nanos) -> bool {
        let is_prompt = now.saturating_sub(self.last_seen) < TRY_AFTER;
        is_prompt && (self.received_bytes() > 1 || !self.decoder.is_detecting())
    }

    /// Returns whether a single byte without an end is no text: it follows one, or the client may have taken its acknowledgement
    /// for that of a text.
    pub(super) fn is_stray_byte(&self) -> bool {
        let is_one_byte = self.decoder.is_detecting() && self.received_bytes() == 1;
        is_one_byte && (self.delivered.is_some() || self.probe.next_policy().is_some())
    }

    /// Returns the acknowledgement on which a client may have ended, before it had sent two bytes in a dialect that is not certain.
    pub fn may_have_ended_on(&self) -> Option<Symbol> {
        let is_uncertain = self.decoder.has_evidence() || self.decoder.is_expecting();
        let is_early = self.received_bytes() == 0 || self.is_stray_byte();
        let is_first = self.in_message() && self.delivered.is_none();
        let may_have = is_uncertain && is_early && is_first && !self.naps_on();
        self.last_ack.filter(|_| may_have)
    }

    /// Returns how to acknowledge the next process of a program that has lost its bits, after one acknowledgement, by no longer
    /// waiting; `is_noise` says that bits were seen to be too fast.
    pub fn flood_update(&self, is_noise: bool) -> Option<ProfileUpdate> {
        let is_lost = is_noise || self.may_have_ended_on().is_some();
        let policy = self.probe.policy_after_flood().filter(|_| is_lost);
        policy.map(ProfileUpdate::AckPolicy)
    }

    /// Returns how the program's processes have to be seen to sleep before they are acknowledged, if that matters.
    ///
    /// A client that fails after a nap was acknowledged too late, or before the nap that the acknowledgement should have cut short.
    pub fn ack_sleep_update(&self, has_failed: bool) -> Option<ProfileUpdate> {
        let sleep = match has_failed && self.naps_on() {
            true => self.timing.needed().max(SleepState::Napping),
            false => self.timing.needed(),
        };
        (sleep > SleepState::Awake).then_some(ProfileUpdate::AckSleep(sleep))
    }

    /// Returns whether the last acknowledgement of an unknown program is likelier the other signal, because the client handles
    /// both. After a handshake the other signal means busy, and after a parity bit an error; a program that has ended on one signal
    /// waits for the other.
    pub(super) fn is_other_likelier(&self, dialect: &Dialect) -> bool {
        !self.is_acknowledged && self.may_be_other(dialect)
    }

    /// Returns whether the client likely waits for the other signal at the end of a message, whatever has been acknowledged of it.
    fn may_be_other(&self, dialect: &Dialect) -> bool {
        let has_other_meaning =
            dialect.hello || dialect.parity != Parity::None || dialect.ack_signal.is_compared();
        let is_usual = dialect.ack_byte == ByteAck::Same && dialect.final_ack == FinalAck::Same;
        let is_free = is_usual && !has_other_meaning;
        is_free
            && self.probe.choice.handled.both()
            && (self.ends_on_usr1 || !self.probe.choice.has_policy())
            && !self.decoder.is_given()
            && !self.decoder.is_known(dialect)
    }
}
