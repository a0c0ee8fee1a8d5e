// Shared with the build script, which compiles each mutant, so that no list of names can become outdated.

/// Texts of `ring.rs`, each occurring exactly once, and their replacements.
pub type Edits = &'static [(&'static str, &'static str)];

/// Makes a list of mutants, with the edits of each.
macro_rules! mutants {
    ($($name:literal: $($old:literal => $new:literal),+;)+) => {
        &[$(($name, &[$(($old, $new)),+])),+]
    };
}

/// The unchanged ring.
pub const FAITHFUL: &str = "faithful";

/// Rings with one defect. Each `relaxed_` mutant has lost one ordering, and there is one for each ordering of the ring.
pub const MUTANTS: &[(&str, Edits)] = mutants! {
    "relaxed_ticket":
        "self.tail.fetch_add(1, Ordering::AcqRel)" => "self.tail.fetch_add(1, Ordering::Relaxed)";
    "ticket_without_acquire":
        "self.tail.fetch_add(1, Ordering::AcqRel)" => "self.tail.fetch_add(1, Ordering::Release)";
    "ticket_without_release":
        "self.tail.fetch_add(1, Ordering::AcqRel)" => "self.tail.fetch_add(1, Ordering::Acquire)";
    "relaxed_publication":
        "slot.tag.store(entry.tag.get(), Ordering::Release)" => "slot.tag.store(entry.tag.get(), Ordering::Relaxed)";
    "relaxed_look_at_the_mark":
        "let head = self.head.load(Ordering::Acquire)" => "let head = self.head.load(Ordering::Relaxed)";
    "relaxed_claim":
        "self.claimed.swap(true, Ordering::Acquire)" => "self.claimed.swap(true, Ordering::Relaxed)";
    "relaxed_look_at_the_tag":
        "let tag = NonZeroU64::new(slot.tag.load(Ordering::Acquire))"
            => "let tag = NonZeroU64::new(slot.tag.load(Ordering::Relaxed))";
    "relaxed_head":
        "self.ring.head.store(self.next, Ordering::Release)" => "self.ring.head.store(self.next, Ordering::Relaxed)";
    "relaxed_return_of_the_claim":
        "self.ring.claimed.store(false, Ordering::Release)" => "self.ring.claimed.store(false, Ordering::Relaxed)";
    "published_before_it_is_filled":
        "        for (word, from) in slot.rest"
            => "        slot.tag.store(entry.tag.get(), Ordering::Release);\n        for (word, from) in slot.rest",
        "        slot.tag.store(entry.tag.get(), Ordering::Release);\n        // Ordering: Acquire pairs"
            => "        // Ordering: Acquire pairs";
    "head_moved_before_the_slot_is_read":
        "        let entry = Entry {\n            tag,\n"
            => "        self.ring.head.store(self.next.wrapping_add(1), Ordering::Release);\n        let entry = Entry {\n            tag,\n",
        "        self.ring.head.store(self.next, Ordering::Release);\n" => "";
    "head_moved_before_the_slot_is_freed":
        "        slot.tag.store(0, Ordering::Relaxed);\n" => "",
        "        self.ring.head.store(self.next, Ordering::Release);\n"
            => "        self.ring.head.store(self.next, Ordering::Release);\n        slot.tag.store(0, Ordering::Relaxed);\n";
    "slot_not_freed":
        "        slot.tag.store(0, Ordering::Relaxed);\n" => "";
    "ticket_not_atomic":
        "self.tail.fetch_add(1, Ordering::AcqRel)"
            => "{ let ticket = self.tail.load(Ordering::Acquire); self.tail.store(ticket.wrapping_add(1), Ordering::Release); ticket }";
    "ticket_not_taken_alone":
        "        self.tail.store(ticket.wrapping_add(1), Ordering::Relaxed);\n" => "";
    "no_mark":
        "ticket.wrapping_sub(head) >= Self::HIGH_WATER - 1" => "ticket.wrapping_sub(head) >= N";
    "mark_at_the_top":
        "ticket.wrapping_sub(head) >= Self::HIGH_WATER - 1" => "ticket.wrapping_sub(head) >= N - 1";
    "mark_one_later":
        "ticket.wrapping_sub(head) >= Self::HIGH_WATER - 1" => "ticket.wrapping_sub(head) >= Self::HIGH_WATER";
    "claim_for_all":
        "if self.claimed.swap(true, Ordering::Acquire) {" => "if self.claimed.swap(true, Ordering::Acquire) && false {";
};
