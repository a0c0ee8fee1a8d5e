// Shared with the build script, which compiles each, so that no list of names can go stale.

/// Texts of a file of `src/wire/`, each found exactly once, and what replaces them.
pub type Edits = &'static [(&'static str, &'static str, &'static str)];

/// The link as it is.
pub const FAITHFUL: &str = "faithful";

/// Links with one rule of the protocol missing.
pub const MUTANTS: &[(&str, Edits)] = &[
    (
        "index_not_checked",
        &[(
            "receiver.rs",
            "if index < self.next || self.refused.is_some() {",
            "if self.refused.is_some() {",
        )],
    ),
    (
        "repetition_not_answered_again",
        &[(
            "receiver.rs",
            "if index < self.next || self.refused.is_some() {\n            return self.standing();",
            "if index < self.next || self.refused.is_some() {\n            return Reaction::default();",
        )],
    ),
    (
        "repetition_without_index",
        &[("sender.rs", "(self.attempt > 0).then_some(resend)", "(self.attempt > u32::MAX - 1).then_some(resend)")],
    ),
    (
        "repetition_on_the_other_signal",
        &[
            (
                "sender.rs",
                "(bit, (self.attempt > 0).then_some(resend))",
                "(if self.attempt > 0 { Bit::from(bit == Bit::Zero) } else { bit }, (self.attempt > 0).then_some(resend))",
            ),
            ("receiver.rs", "let reaction = self.take(bit);", "let reaction = self.take(Bit::from(bit == Bit::Zero));"),
        ],
    ),
    (
        "one_hello_only",
        &[
            ("receiver.rs", "open: tag == 0,", "open: true,"),
            (
                "sender.rs",
                "(Phase::HelloZero, Status::Ok(0)) => self.advance(now, Phase::HelloOne),",
                "(Phase::HelloZero, Status::Ok(0)) => self.advance(now, Phase::Bit(0)),",
            ),
        ],
    ),
    (
        "bits_before_the_hellos_taken",
        &[("receiver.rs", "        if !self.open {\n            // Sent", "        if false {\n            // Sent")],
    ),
    (
        "hello_begins_again",
        &[("receiver.rs", "if tag == self.tag && tag != 0 {", "if tag == self.tag && tag != 0 && bit == Bit::One {")],
    ),
    (
        "forgotten_between_the_hellos_is_stuck",
        &[("sender.rs", "(Phase::HelloZero, Status::Ok(0)) => self.advance(now, Phase::HelloOne),", "")],
    ),
    (
        "tag_of_repetition_not_checked",
        &[("receiver.rs", "if tag != self.tag || !self.open ||", "if !self.open ||")],
    ),
    (
        "tag_of_answer_not_checked",
        &[("sender.rs", "if answer.tag != self.tag {", "if answer.tag == 0 {")],
    ),
    (
        "tag_of_settlement_not_checked",
        &[("receiver.rs", "if tag != self.tag || self.unsettled == 0 {", "if self.unsettled == 0 {")],
    ),
    (
        "delivered_before_it_is_written",
        &[(
            "receiver.rs",
            "            Some(Decoded::Message { payload, framed }) => {\n                self.unsettled += 1;\n                Reaction {\n                    answer: None,",
            "            Some(Decoded::Message { payload, framed }) => {\n                self.unsettled += 1;\n                Reaction {\n                    answer: Some(Answer { tag: self.tag, status: Status::Delivered(self.next) }),",
        )],
    ),
    (
        "wait_not_said_while_unwritten",
        &[("receiver.rs", "_ if self.tag != 0 && self.unsettled > 0 || self.held =>", "_ if self.held =>")],
    ),
    (
        "wait_taken_for_leave",
        &[(
            "sender.rs",
            "(Phase::Bit(i), Status::Wait(next)) if next == i || next == i + 1 => self.heard(now),",
            "(Phase::Bit(i), Status::Wait(next)) if next == i || next == i + 1 => self.finish(Ok(())).forget(),",
        ), (
            "sender.rs",
            "impl core::error::Error for Failure {}",
            "impl core::error::Error for Failure {}\n\nimpl Step {\n    fn forget(self) {}\n}",
        )],
    ),
    (
        "old_answer_taken_for_new",
        &[(
            "sender.rs",
            "(Phase::Bit(i), Status::Ok(next)) if next == i + 1 && next < bits => {\n                self.advance(now, Phase::Bit(next));",
            "(Phase::Bit(i), Status::Ok(next)) if i + 1 < bits && next > 0 => {\n                self.advance(now, Phase::Bit(i + 1));",
        )],
    ),
];
