// Shared with the build script, which compiles each mutant, so that no list of names can become outdated.

/// Texts of a file of `src/wire/`, of `scheduler.rs` or of `ends.rs`, each occurring exactly once, and their replacements.
pub type Edits = &'static [(&'static str, &'static str, &'static str)];

/// Makes a list of edits.
macro_rules! edits {
    ($($file:tt $old:literal => $new:literal),+ $(,)?) => {
        &[$(($file, $old, $new)),+]
    };
}

/// Makes a list of mutants, with the edits of each.
macro_rules! mutants {
    ($($name:literal: $($file:literal $old:literal => $new:literal),+;)+) => {
        &[$(($name, edits!($($file $old => $new),+))),+]
    };
}

/// The unchanged link.
pub const FAITHFUL: &str = "faithful";

/// Links that lack one rule of the protocol.
pub const MUTANTS: &[(&str, Edits)] = mutants! {
    "nonce_of_answer_not_compared":
        "sender/replies.rs" "if reply.nonces.client != self.nonces.client || self.result.is_some() {" => "if self.result.is_some() {";
    "nonce_of_bit_not_compared":
        "receiver.rs" "if self.is_current(nonces) && !self.in_words =>" => "if self.state != State::Idle && !self.in_words =>";
    "proof_of_word_not_compared":
        "receiver.rs" "                    && word.proof == proof(self.nonces.server) =>" => "                    =>";
    "nonce_of_open_not_compared":
        "receiver.rs" "nonces.server == self.draw(nonces.client)" => "true";
    "nonce_of_server_without_its_key":
        "receiver.rs" "self.key.hash(&[client])" => "Key([0, 0]).hash(&[client])";
    "nonce_of_server_has_one_bit":
        "receiver.rs" "self.key.hash(&[client])" => "self.key.hash(&[client]) & 1";
    "nonce_of_client_has_one_bit":
        "sender.rs" "Nonces::new(self.key.hash(&[self.drawn]), 0)" => "Nonces::new(self.key.hash(&[self.drawn]) & 1, 0)";
    "transfer_opens_again_after_its_message":
        "receiver.rs" "self.derive_key(0);" => "";
    "one_key_for_all_sessions":
        "siphash.rs" "Self([self.hash(&[number, 0]), self.hash(&[number, 1])])"
            => "Self([self.hash(&[0, 0]), self.hash(&[0, 1])])";
    "checksum_without_the_key":
        "frame.rs" "SipHasher::new(Key([nonces.client, nonces.server]))" => "SipHasher::new(Key([0, 0]))";
    "session_for_an_unproven_hello":
        "receiver.rs" "        let words = self.takes_words;\n        answer("
            => "        let words = self.takes_words;\n        self.nonces.client = client;\n        answer(";
    "hello_ends_the_transfer":
        "receiver.rs" "        let words = self.takes_words;\n        answer("
            => "        let words = self.takes_words;\n        self.state = State::Idle;\n        answer(";
    "unproven_open_ends_the_transfer":
        "receiver.rs" "if !self.may_open(nonces, in_words) {"
            => "if !self.may_open(nonces, in_words) {\n            self.state = State::Idle;";
    "bits_taken_before_a_transfer_is_open":
        "receiver.rs" "self.state != State::Idle && nonces == self.nonces" => "nonces == self.nonces",
        "receiver.rs" "if self.state != State::Open || !self.bits.insert(index, bit, serial) {"
            => "if !self.bits.insert(index, bit, serial) {";
    "nonce_of_written_message_not_compared":
        "receiver.rs" "if client != self.nonces.client || self.state != State::Unwritten {"
            => "if self.state != State::Unwritten {";
    "index_of_bit_not_compared":
        "bit_buffer.rs" "let ahead = index.wrapping_sub(self.next);" => "let ahead = 0;";
    "answer_acknowledges_a_hole":
        "bit_buffer.rs" "            next: self.next,\n            beyond: self.come >> 1,"
            => "            next: self.next + (u32::BITS - self.come.leading_zeros()) as u64,\n            beyond: 0,";
    "answer_shows_bits_beyond_at_the_wrong_place":
        "bit_buffer.rs" "beyond: self.come >> 1," => "beyond: self.come >> 2,",
        "bit_window.rs" "beyond << 1;\n        if come & 1 != 0" => "beyond << 1;\n        if false && come & 1 != 0";
    "more_bits_acknowledged_than_said":
        "bit_window.rs" "self.acknowledged = next;" => "self.acknowledged = self.next;";
    "lost_bits_taken_for_come":
        "bit_window.rs" "self.lost |= 1 << ahead;" => "self.come |= 1 << ahead;";
    "late_answer_taken_for_a_contradiction":
        "bit_window.rs" "            return Some(false);" => "            return None;";
    "lost_bits_not_sent_again":
        "bit_window.rs" "let is_repeated = self.lost != 0;" => "let is_repeated = false;",
        "bit_window.rs" "self.lost = self.sent() & !self.come;" => "self.lost = 0;";
    "open_begins_again":
        "receiver.rs" "is_possible && self.is_proof(nonces) && !self.is_current(nonces)"
            => "is_possible && self.is_proof(nonces)",
        "receiver.rs" "        if self.is_current(nonces) {\n" => "        if false {\n";
    "open_transfer_is_greeted":
        "receiver.rs" "if client == self.nonces.client && self.state != State::Idle {" => "if false {";
    "delivered_before_it_is_written":
        "receiver.rs" "State::Unwritten => Status::Wait(progress),"
            => "State::Unwritten if self.in_words => Status::Wait(progress),\n            State::Unwritten => Status::Delivered(progress.next),";
    "wait_taken_for_delivered":
        "sender/replies.rs" "Some(_) if is_wait => self.timer.pause(now)," => "Some(_) if is_wait => self.finish(Ok(())),";
    "going_on_while_told_to_wait":
        "sender/transmit.rs" "if self.phase != Phase::Data || self.timer.is_paused || self.timer.attempt > 0 {"
            => "if self.phase != Phase::Data || self.timer.attempt > 0 {";
    "forgotten_transfer_is_stuck":
        "sender/replies.rs" "is_open && self.timer.attempt >= HELLO_EVERY" => "false";
    "no_hello_once_it_is_open":
        "sender/transmit.rs" "Phase::Open | Phase::Data if !is_hello => self.go_back()," => "Phase::Open | Phase::Data => self.go_back(),";
    "forgotten_message_sent_again":
        "sender/replies.rs" "Phase::Data if self.is_all_sent() => return" => "Phase::Data if false => return";
    "index_of_word_not_compared":
        "receiver.rs" "if self.state == State::Open && word.is_number(self.next) {" => "if self.state == State::Open {";
    "word_taken_twice":
        "receiver.rs" "if self.state == State::Open && word.is_number(self.next) {"
            => "if self.state == State::Open && (word.is_number(self.next) || word.is_number(self.next.wrapping_sub(1))) {";
    "gap_in_the_words_accepted":
        "receiver.rs" "if self.state == State::Open && word.is_number(self.next) {"
            => "if self.state == State::Open && u64::from(word.index) >= self.next {";
    "word_delivered_before_it_is_written":
        "receiver.rs" "State::Unwritten => Status::Wait(progress),"
            => "State::Unwritten if !self.in_words => Status::Wait(progress),\n            State::Unwritten => Status::Delivered(progress.next),";
    "going_back_skips_a_word":
        "word_window.rs" "let index = self.acknowledged.min(" => "let index = (self.acknowledged + 1).min(";
    "no_going_back_to_a_word":
        "word_window.rs" "let index = self.acknowledged.min(self.end.saturating_sub(1));" => "let index = self.next.max(1) - 1;";
    "more_words_acknowledged_than_said":
        "word_window.rs" "self.acknowledged += news;" => "self.acknowledged = self.next.max(self.acknowledged + news);";
    "words_sent_again_count_as_not_sent":
        "word_window.rs" "self.sent == self.end" => "self.next == self.end";
    "no_fallback":
        "sender/transmit.rs" "            self.is_queued = false;\n" => "";
};

/// Links that lack a rule which matters only between two processes that send to each other.
pub const MUTANTS_OF_BOTH: &[(&str, Edits)] = mutants! {
    "request_taken_for_an_answer":
        "control.rs" "pub const BIT: u8 = 0x12;" => "pub const BIT: u8 = 0x21;";
    "answer_taken_for_a_request":
        "ends.rs" "reply.is_some()"
            => "reply.is_some_and(|reply| !matches!(reply.status, super::wire::control::Status::Greeted { .. }))",
        "control.rs" "            kind::OPEN => Some(Self::Open {"
            => "            kind::OPEN | kind::GREETED => Some(Self::Open {";
    "answer_matched_to_the_transfer_of_the_other_direction":
        "ends.rs" "!Self::is_reply(signal)" => "signal.number <= link::REAL_TIME",
        "ends.rs" "            None => {\n"
            => "            None if signal.packet.is_some_and(|packet| matches!(Reply::from_packet(&wire_packet(packet)), Some(Reply { status: super::wire::control::Status::Delivered(_), .. }))) => {\n                Response { reply: self.handle_written(self.client_nonce(), Ok(())), outcome: None }\n            }\n            None => {\n";
    "turn_lasts_for_ever":
        "scheduler.rs" "let has_had_it = now.saturating_sub(holder.since) >= party.quantum();" => "let has_had_it = false;";
    "turn_passed_to_a_party_that_still_waits":
        "scheduler.rs" "let next = self.waiting.remove(0);" => "let next = self.waiting[0];";
    "client_goes_on_without_the_turn":
        "scheduler.rs" "                    self.waiting.push(party);\n                }\n                return false;"
            => "                    self.waiting.push(party);\n                }\n                return !party.is_own();";
    "withheld_bits_are_sent":
        "sender/transmit.rs" "if self.is_held {" => "if false {";
    "withheld_bits_stay_withheld":
        "sender.rs" "self.is_held = is_held;" => "self.is_held |= is_held;";
};
