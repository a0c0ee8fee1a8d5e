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
                "(Phase::HelloZero, Status::Ok(0) | Status::Words(0)) => {\n                self.advance(now, Phase::HelloOne);",
                "(Phase::HelloZero, Status::Ok(0) | Status::Words(0)) => {\n                self.advance(now, Phase::Bit(0));",
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
        &[("sender.rs", "(Phase::HelloZero, Status::Ok(0) | Status::Words(0)) => {", "(Phase::HelloZero, Status::Words(0)) => {")],
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
    (
        "words_before_the_question_taken",
        &[(
            "receiver.rs",
            "let (Some(size), Some(index)) = (self.words, word.index()) else {",
            "let (Some(size), Some(index)) = (Some(self.offer).filter(|_| self.open && self.tag != 0), word.index()) else {",
        )],
    ),
    (
        "index_of_word_not_checked",
        &[("receiver.rs", "if index == self.next && !over {", "if !over {")],
    ),
    (
        "word_taken_twice",
        &[(
            "receiver.rs",
            "if index == self.next && !over {",
            "if (index == self.next || index + 1 == self.next) && !over {",
        )],
    ),
    (
        "gap_in_the_words_accepted",
        &[("receiver.rs", "if index == self.next && !over {", "if index >= self.next && !over {")],
    ),
    (
        "word_delivered_before_it_is_written",
        &[(
            "receiver.rs",
            "        if word.wants_answer() {\n            self.standing()",
            "        if word.wants_answer() && self.unsettled > 0 {\n            answer(self.tag, Status::Delivered(self.next))\n        } else if word.wants_answer() {\n            self.standing()",
        )],
    ),
    (
        "word_after_the_last_taken",
        &[(
            "receiver.rs",
            "let over = self.refused.is_some() || self.unsettled > 0 || self.verdict.is_some();",
            "let over = self.refused.is_some();",
        ), (
            "receiver.rs",
            "if index == self.next && !over {",
            "if (index == self.next || self.verdict.is_some()) && !over {",
        )],
    ),
    (
        "tag_of_question_for_words_not_checked",
        &[(
            "receiver.rs",
            "if tag != self.tag || tag == 0 || !self.open {\n            return answer(tag, Status::Reset);",
            "if tag == 0 || !self.open {\n            return answer(tag, Status::Reset);",
        )],
    ),
    (
        "unknown_question_for_words_not_answered",
        &[(
            "receiver.rs",
            "if tag != self.tag || tag == 0 || !self.open {\n            return answer(tag, Status::Reset);\n        }\n        if size",
            "if tag != self.tag || tag == 0 {\n            return Reaction::default();\n        }\n        if size",
        )],
    ),
    (
        "question_for_words_not_answered_again",
        &[(
            "receiver.rs",
            "        if self.next == 0 {\n            self.words = Some(size);\n        }\n        self.standing()",
            "        if self.next == 0 && self.words.is_none() {\n            self.words = Some(size);\n            return self.standing();\n        }\n        Reaction::default()",
        )],
    ),
    (
        "word_not_answered_again",
        &[(
            "receiver.rs",
            "        if word.wants_answer() {\n            self.standing()",
            "        if false {\n            self.standing()",
        ), (
            "receiver.rs",
            "                Some(_) => self.standing(),\n                None => answer(tag, Status::Reset),",
            "                Some(_) => Reaction::default(),\n                None => answer(tag, Status::Reset),",
        )],
    ),
    (
        "words_without_a_question_that_names_the_transfer",
        &[("sender.rs", "if self.attempt % 2 == 0 {", "if false {")],
    ),
    (
        "words_opened_by_any_question",
        &[
            (
                "sender.rs",
                "let (tag, size) = (self.tag, STANDING);",
                "let (tag, size) = (self.tag, self.size);",
            ),
        ],
    ),
    (
        "hello_not_answered_by_words",
        &[("sender.rs", "(Phase::HelloZero, Status::Ok(0) | Status::Words(0)) => {", "(Phase::HelloZero, Status::Ok(0)) => {")],
    ),
    (
        "going_back_skips",
        &[("window.rs", "let index = self.acknowledged.min(", "let index = (self.acknowledged + 1).min(")],
    ),
    (
        "no_going_back",
        &[("window.rs", "let index = self.acknowledged.min(self.end.saturating_sub(1));", "let index = self.next.max(1) - 1;")],
    ),
    (
        "more_acknowledged_than_said",
        &[("window.rs", "self.acknowledged += news;", "self.acknowledged = self.next.max(self.acknowledged + news);")],
    ),
    (
        "going_on_while_told_to_wait",
        &[("sender.rs", "let may_send = self.attempt == 0 && !self.told_to_wait;", "let may_send = self.attempt == 0;")],
    ),
    (
        "wait_for_words_taken_for_leave",
        &[(
            "sender.rs",
            "Some(_) if matches!(status, Status::Wait(_)) => {\n                        self.heard(now);",
            "Some(_) if matches!(status, Status::Wait(_)) => {\n                        self.finish(Ok(()));",
        )],
    ),
    (
        "wait_for_words_not_said_while_unwritten",
        &[(
            "receiver.rs",
            "_ if self.tag != 0 && self.unsettled > 0 || self.held => Status::Wait(self.next),\n            _ if self.words.is_some()",
            "_ if self.held || self.words.is_none() && self.tag != 0 && self.unsettled > 0 => Status::Wait(self.next),\n            _ if self.words.is_some() && self.unsettled > 0 => Status::Delivered(self.next),\n            _ if self.words.is_some()",
        )],
    ),
    (
        "waiting_taken_for_silence",
        &[("sender.rs", "&& self.unheard >= WORD_ATTEMPTS", "&& self.attempt >= WORD_ATTEMPTS")],
    ),
    (
        "fallback_keeps_the_words",
        &[(
            "receiver.rs",
            "            // Our answer to the question for words cannot reach the sender, and it does without.\n            self.words = None;",
            "",
        )],
    ),
    (
        "repeated_fallback_keeps_the_words",
        &[(
            "receiver.rs",
            "        // As in `bit`: the sender does without words.\n        self.words = None;\n",
            "",
        )],
    ),
    (
        "words_taken_again_after_the_fallback",
        &[(
            "receiver.rs",
            "        if self.next == 0 {\n            self.words = Some(size);\n        }",
            "        self.words = Some(size);",
        ), (
            "receiver.rs",
            "if !fits || self.next > 0 && self.words.is_none() {",
            "if !fits {",
        )],
    ),
    (
        "no_fallback",
        &[(
            "sender.rs",
            "                    self.phase = Phase::Bit(0);\n",
            "                    self.size = 0;\n",
        )],
    ),
];
