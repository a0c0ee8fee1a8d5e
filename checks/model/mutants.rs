// Shared with the build script, which compiles each mutant, so that no list of names can become outdated.

/// Texts of a file of `src/wire/`, each occurring exactly once, and their replacements.
pub type Edits = &'static [(&'static str, &'static str, &'static str)];

/// The unchanged link.
pub const FAITHFUL: &str = "faithful";

/// Links that lack one rule of the protocol.
pub const MUTANTS: &[(&str, Edits)] = &[
    (
        "index_not_checked",
        &[
            (
                "receiver.rs",
                "if index < self.next || self.state != State::Open {",
                "if self.state != State::Open {",
            ),
        ],
    ),
    (
        "repetition_not_answered_again",
        &[
            (
                "receiver.rs",
                "if index < self.next || self.state != State::Open {\n            return self.status();",
                "if index < self.next || self.state != State::Open {\n            return Response::default();",
            ),
        ],
    ),
    (
        "repetition_without_index",
        &[
            (
                "sender.rs",
                "is_repeated.then_some(Request::Resend { tag, index })",
                "(is_repeated && self.tag == 0).then_some(Request::Resend { tag, index })",
            ),
        ],
    ),
    (
        "repetition_on_the_other_signal",
        &[
            (
                "sender.rs",
                "(bit, is_repeated.then_some(Request::Resend { tag, index }))",
                "(if is_repeated { Bit::from(bit == Bit::Zero) } else { bit }, is_repeated.then_some(Request::Resend { tag, index }))",
            ),
            (
                "receiver.rs",
                "        self.words = None;\n        self.take(bit)\n    }\n\n    /// Returns whether both hellos",
                "        self.words = None;\n        self.take(Bit::from(bit == Bit::Zero))\n    }\n\n    /// Returns whether both hellos",
            ),
        ],
    ),
    (
        "one_hello_only",
        &[
            (
                "receiver.rs",
                "state: State::Greeted,",
                "state: State::Open,",
            ),
            (
                "sender.rs",
                "(Phase::HelloZero, Status::Ok(0) | Status::Words(0)) => {\n                self.advance(now, Phase::HelloOne);",
                "(Phase::HelloZero, Status::Ok(0) | Status::Words(0)) => {\n                self.advance(now, Phase::Bit(0));",
            ),
        ],
    ),
    (
        "bits_before_the_hellos_taken",
        &[
            (
                "receiver.rs",
                "State::Idle | State::Greeted | State::Unwritten => return Response::default(),",
                "State::Greeted => self.state = State::Open,\n            State::Idle | State::Unwritten => return Response::default(),",
            ),
        ],
    ),
    (
        "hello_begins_again",
        &[
            (
                "receiver.rs",
                "if tag == self.tag && tag != 0 {",
                "if tag == self.tag && tag != 0 && bit == Bit::One {",
            ),
        ],
    ),
    (
        "forgotten_between_the_hellos_is_stuck",
        &[
            (
                "sender.rs",
                "(Phase::HelloZero, Status::Ok(0) | Status::Words(0)) => {",
                "(Phase::HelloZero, Status::Words(0)) => {",
            ),
        ],
    ),
    (
        "tag_of_repetition_not_checked",
        &[
            (
                "receiver.rs",
                "if !self.is_known(tag) || index > self.next ||",
                "if index > self.next ||",
            ),
        ],
    ),
    (
        "tag_of_answer_not_checked",
        &[
            (
                "sender.rs",
                "if reply.tag != self.tag {",
                "if reply.tag == 0 {",
            ),
        ],
    ),
    (
        "tag_of_settlement_not_checked",
        &[
            (
                "receiver.rs",
                "if tag != self.tag || self.state != State::Unwritten {",
                "if self.state != State::Unwritten {",
            ),
        ],
    ),
    (
        "delivered_before_it_is_written",
        &[
            (
                "receiver.rs",
                "                self.state = State::Unwritten;\n                Response {\n                    reply: None,",
                "                self.state = State::Unwritten;\n                Response {\n                    reply: Some(Reply { tag: self.tag, status: Status::Delivered(self.next) }),",
            ),
        ],
    ),
    (
        "wait_not_said_while_unwritten",
        &[
            (
                "receiver.rs",
                "State::Unwritten => Status::Wait(self.next),",
                "State::Unwritten if self.held => Status::Wait(self.next),",
            ),
        ],
    ),
    (
        "wait_taken_for_leave",
        &[
            (
                "sender.rs",
                "if next == index || next == index + 1 => self.timer.pause(now),",
                "if next == index || next == index + 1 => self.finish(Ok(())),",
            ),
        ],
    ),
    (
        "old_answer_taken_for_new",
        &[
            (
                "sender.rs",
                "Status::Ok(next) if next == index + 1 && next < bits => {\n                self.advance(now, Phase::Bit(next));",
                "Status::Ok(next) if index + 1 < bits && next > 0 => {\n                self.advance(now, Phase::Bit(index + 1));",
            ),
        ],
    ),
    (
        "words_before_the_question_taken",
        &[
            (
                "receiver.rs",
                "let (Some(size), Some(index)) = (self.words, word.index()) else {",
                "let (Some(size), Some(index)) = (Some(self.offer).filter(|_| self.state == State::Open), word.index()) else {",
            ),
        ],
    ),
    (
        "index_of_word_not_checked",
        &[
            (
                "receiver.rs",
                "if self.state == State::Open && u64::from(index) == self.next {",
                "if self.state == State::Open {",
            ),
        ],
    ),
    (
        "word_taken_twice",
        &[
            (
                "receiver.rs",
                "if self.state == State::Open && u64::from(index) == self.next {",
                "if self.state == State::Open && (u64::from(index) == self.next || u64::from(index) + 1 == self.next) {",
            ),
        ],
    ),
    (
        "gap_in_the_words_accepted",
        &[
            (
                "receiver.rs",
                "if self.state == State::Open && u64::from(index) == self.next {",
                "if self.state == State::Open && u64::from(index) >= self.next {",
            ),
        ],
    ),
    (
        "word_delivered_before_it_is_written",
        &[
            (
                "receiver.rs",
                "        if word.wants_reply() {\n            self.status()",
                "        if word.wants_reply() && self.state == State::Unwritten {\n            reply(self.tag, Status::Delivered(self.next))\n        } else if word.wants_reply() {\n            self.status()",
            ),
        ],
    ),
    (
        "word_after_the_last_taken",
        &[
            (
                "receiver.rs",
                "if self.state == State::Open && u64::from(index) == self.next {",
                "if matches!(self.state, State::Open | State::Ended(_)) && (u64::from(index) == self.next || self.state != State::Open) {",
            ),
        ],
    ),
    (
        "tag_of_question_for_words_not_checked",
        &[
            (
                "receiver.rs",
                "if !self.is_known(tag) {\n            return reply(tag, Status::Reset);\n        }\n        if size",
                "if !self.is_known(self.tag) {\n            return reply(tag, Status::Reset);\n        }\n        if size",
            ),
        ],
    ),
    (
        "unknown_question_for_words_not_answered",
        &[
            (
                "receiver.rs",
                "if !self.is_known(tag) {\n            return reply(tag, Status::Reset);\n        }\n        if size",
                "if !self.is_known(tag) {\n            return Response::default();\n        }\n        if size",
            ),
        ],
    ),
    (
        "question_for_words_not_answered_again",
        &[
            (
                "receiver.rs",
                "        if self.next == 0 {\n            self.words = Some(size);\n        }\n        self.status()",
                "        if self.next == 0 && self.words.is_none() {\n            self.words = Some(size);\n            return self.status();\n        }\n        Response::default()",
            ),
        ],
    ),
    (
        "word_not_answered_again",
        &[
            (
                "receiver.rs",
                "        if word.wants_reply() {\n            self.status()",
                "        if false {\n            self.status()",
            ),
            (
                "receiver.rs",
                "                Some(_) => self.status(),\n                None => reply(tag, Status::Reset),",
                "                Some(_) => Response::default(),\n                None => reply(tag, Status::Reset),",
            ),
        ],
    ),
    (
        "words_without_a_question_that_names_the_transfer",
        &[
            (
                "sender.rs",
                "if self.timer.attempt % 2 == 0 {",
                "if false {",
            ),
        ],
    ),
    (
        "words_opened_by_any_question",
        &[
            (
                "sender.rs",
                "let (tag, size) = (self.tag, STATUS_ONLY);",
                "let (tag, size) = (self.tag, self.size);",
            ),
        ],
    ),
    (
        "hello_not_answered_by_words",
        &[
            (
                "sender.rs",
                "(Phase::HelloZero, Status::Ok(0) | Status::Words(0)) => {",
                "(Phase::HelloZero, Status::Ok(0)) => {",
            ),
        ],
    ),
    (
        "going_back_skips",
        &[
            (
                "window.rs",
                "let index = self.acknowledged.min(",
                "let index = (self.acknowledged + 1).min(",
            ),
        ],
    ),
    (
        "no_going_back",
        &[
            (
                "window.rs",
                "let index = self.acknowledged.min(self.end.saturating_sub(1));",
                "let index = self.next.max(1) - 1;",
            ),
        ],
    ),
    (
        "more_acknowledged_than_said",
        &[
            (
                "window.rs",
                "self.acknowledged += news;",
                "self.acknowledged = self.next.max(self.acknowledged + news);",
            ),
        ],
    ),
    (
        "going_on_while_told_to_wait",
        &[
            (
                "sender.rs",
                "if self.timer.attempt > 0 || self.timer.is_paused {",
                "if self.timer.attempt > 0 {",
            ),
        ],
    ),
    (
        "wait_for_words_taken_for_leave",
        &[
            (
                "sender.rs",
                "Some(_) if matches!(status, Status::Wait(_)) => self.timer.pause(now),",
                "Some(_) if matches!(status, Status::Wait(_)) => self.finish(Ok(())),",
            ),
        ],
    ),
    (
        "wait_for_words_not_said_while_unwritten",
        &[
            (
                "receiver.rs",
                "State::Unwritten => Status::Wait(self.next),",
                "State::Unwritten if self.words.is_none() => Status::Wait(self.next),\n            State::Unwritten => Status::Delivered(self.next),",
            ),
        ],
    ),
    (
        "waiting_taken_for_silence",
        &[
            (
                "sender.rs",
                "&& self.timer.unanswered >= MAX_WORDS_REQUESTS",
                "&& self.timer.attempt >= MAX_WORDS_REQUESTS",
            ),
        ],
    ),
    (
        "fallback_keeps_the_words",
        &[
            (
                "receiver.rs",
                "            // Our reply to the request for words cannot reach the sender, which falls back to bits.\n            self.words = None;",
                "",
            ),
        ],
    ),
    (
        "repeated_fallback_keeps_the_words",
        &[
            (
                "receiver.rs",
                "        // As in `handle_bit`: the sender falls back to bits.\n        self.words = None;\n",
                "",
            ),
        ],
    ),
    (
        "words_taken_again_after_the_fallback",
        &[
            (
                "receiver.rs",
                "        if self.next == 0 {\n            self.words = Some(size);\n        }",
                "        self.words = Some(size);",
            ),
            (
                "receiver.rs",
                "if !fits || self.next > 0 && self.words.is_none() {",
                "if !fits {",
            ),
        ],
    ),
    (
        "no_fallback",
        &[
            (
                "sender.rs",
                "                self.phase = Phase::Bit(0);\n",
                "                self.size = 0;\n",
            ),
        ],
    ),
];
