//! Numbers in data of a file that only the handler changes while it runs: a tested fact still holds when it loads them again. Some
//! are never negative, such as the count of an array's elements: the program stores only non-negative constants to them. The stores
//! of the handler are seen where it is explored.

use iced_x86::{
    Decoder, DecoderOptions, Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind,
};

use crate::comparison::Compared;
use crate::explore::Explorer;
use crate::frame::Frame;
use crate::hash::Set;
use crate::image::Image;
use crate::index::Index;
use crate::install::Place;
use crate::races::Coming;
use crate::state::State;
use crate::value::{Base, Value};

/// Bytes of the numbers that are looked at.
const WIDTH: u64 = 4;

impl Explorer<'_> {
    /// Returns the known value of a number that is loaded from a word of a file.
    pub fn counted(&mut self, place: &Value, width: u32, state: &State) -> Option<Value> {
        let Base::Image(image) = place.base else {
            return None;
        };
        let word = place.exact().map(i64::cast_unsigned)?;
        if u64::from(width) != WIDTH || self.watch.is_some() {
            return None;
        }
        if let Some(known) = state.number_in(image, word) {
            return Some(known.clone());
        }
        self.is_never_negative(image, word)
            .then(|| Value::range(0, i32::MAX.into()))
    }

    /// Returns the place of a comparison with a number of a file, if the number keeps its value until the handler stores to it.
    pub fn compared_word(&mut self, frame: &Frame, place: &Value, width: u32) -> Option<Compared> {
        let Base::Image(image) = place.base else {
            return None;
        };
        let word = place.exact().map(i64::cast_unsigned)?;
        let is_number = u64::from(width) == WIDTH && self.watch.is_none();
        (is_number && self.is_kept_meanwhile(frame, image, word))
            .then_some(Compared::Word(image, word))
    }

    /// Notes a store to data of a file.
    pub fn counts(
        &mut self,
        frame: &Frame,
        at: u64,
        (image, place): (u16, &Value),
        (width, value): (u32, &Value),
        state: &mut State,
    ) {
        if place.exact().is_none() && !self.appended_by.contains_key(&(frame.number, at)) {
            let word = crate::entry::chosen_by(frame, at);
            self.appended_by.insert((frame.number, at), word);
        }
        let is_known = place.is_bounded() && place.lo >= 0;
        let (lo, hi) = match is_known {
            true => (
                place.lo.cast_unsigned(),
                place.hi.cast_unsigned().saturating_add(width.into()),
            ),
            false => (0, u64::MAX),
        };
        state.forget_numbers(image, lo, hi);
        let is_positive = value.base == Base::Num && value.lo >= 0 && value.hi <= i32::MAX.into();
        let is_whole = place.exact().is_some() && u64::from(width) == WIDTH;
        let is_errno = *value == Value::at(Base::SavedErrno, 0);
        if !(is_whole && is_positive) {
            self.odd_stores.insert((image, lo, hi));
        }
        if is_whole && (is_positive || is_errno) && self.is_kept_meanwhile(frame, image, lo) {
            state.note_number(image, lo, value.clone());
        }
    }

    /// Returns the words that were taken to be never negative, but to which another value may have been stored.
    pub fn broken_counters(&self) -> Vec<(u16, u64)> {
        let is_broken = |(image, word): &&(u16, u64)| {
            self.odd_stores
                .iter()
                .any(|(of, lo, hi)| of == image && *lo < word + WIDTH && word < hi)
        };
        self.counters.iter().filter(is_broken).copied().collect()
    }

    fn is_never_negative(&mut self, image: u16, word: u64) -> bool {
        if self.not_counters.contains(&(image, word)) {
            return false;
        }
        if self.counters.contains(&(image, word)) {
            return true;
        }
        let file = self.files.image(image);
        let coming = Coming::new(self.handler, self.signals, &self.contexts);
        let is_one = self.index.is_counter(image, &file, word, &coming);
        if is_one {
            self.counters.insert((image, word));
        } else {
            self.not_counters.insert((image, word));
        }
        is_one
    }

    /// Returns whether no other thread or handler may change the word while the handler runs the function. The same must hold for
    /// signals that come while the program runs it.
    fn is_kept_meanwhile(&mut self, frame: &Frame, image: u16, word: u64) -> bool {
        let key = (image, word, frame.start);
        if let Some(known) = self.kept_meanwhile.get(&key) {
            return *known;
        }
        let file = self.files.image(image);
        let coming = Coming::new(self.handler, self.signals, &self.contexts);
        let is_kept = self.nesting.is_certain() == Some(false)
            && file.is_writable(word)
            && frame.number == image
            && self.index.is_run_by(image, &file, frame.start, &coming)
            && self
                .index
                .is_changed_by_no_other(image, &file, word, &coming);
        self.kept_meanwhile.insert(key, is_kept);
        is_kept
    }

    /// Notes that a comparison tests a number of a file, or a register that was just loaded from it.
    pub fn note_compared(&mut self, frame: &Frame, i: &Instruction, state: &mut State) {
        let from = match i.op0_kind() {
            OpKind::Memory => {
                let place = crate::address::address(frame, i, state);
                let place = crate::address::in_image(frame, place);
                self.compared_word(frame, &place, i.memory_size().size() as u32)
            }
            OpKind::Register => state
                .loaded_number
                .filter(|(register, ..)| {
                    i.op0_register().is_gpr32()
                        && i.op0_register().full_register().number() == *register
                })
                .map(|(_, image, word)| Compared::Word(image, word)),
            _ => None,
        };
        let is_memory = i.op0_kind() == OpKind::Memory;
        if let (Some(from), Some(flags)) = (from, &mut state.flags)
            && flags.bits == 32
        {
            if is_memory && i.mnemonic() == Mnemonic::Cmp {
                flags.place = Some(from);
            } else if !is_memory && flags.place.is_some() {
                flags.origin.get_or_insert((from, 0));
            }
        }
    }
}

impl Index {
    /// Returns the instructions that store to the word; `None` if other instructions may store to it by an address that is not
    /// followed.
    fn stores_to(
        &mut self,
        number: u16,
        image: &Image,
        word: u64,
        coming: &Coming,
    ) -> Option<Vec<Instruction>> {
        let bytes = (word, word.saturating_add(WIDTH));
        if !self.is_sealed_but_by_name(number, image, bytes) {
            return None;
        }
        let (taken, touched) = self.names(number, image, bytes)?;
        let none = std::collections::HashMap::new();
        for at in taken {
            let is_read = at != 0 && crate::escape::is_only_read(image, at, &none);
            // The handler's stores through an address are seen where the handler is explored.
            let mut is_handlers = || {
                self.is_run_by(number, image, at, coming)
                    && crate::escape::uses(image, at, &none, true).is_some()
            };
            if !is_read && (at == 0 || !is_handlers()) {
                return None;
            }
        }
        let mut factory = InstructionInfoFactory::new();
        let all = touched.into_iter().map(|at| {
            let bytes = image.bytes(at);
            let bytes = &bytes[..bytes.len().min(16)];
            Decoder::with_ip(64, bytes, at, DecoderOptions::NONE).decode()
        });
        let mut stores = |i: &Instruction| {
            let uses = factory.info(i);
            let is_read = |access| matches!(access, OpAccess::Read | OpAccess::CondRead);
            uses.used_memory()
                .iter()
                .any(|memory| !is_read(memory.access()))
        };
        Some(all.filter(|i| stores(i)).collect())
    }

    /// Returns whether the number is not negative at first, and code other than the handler stores only non-negative constants to
    /// it.
    fn is_counter(&mut self, number: u16, image: &Image, word: u64, coming: &Coming) -> bool {
        let is_positive = |n: u64| n <= i32::MAX.cast_unsigned().into();
        if !image.is_writable(word)
            || !image.number(word, WIDTH as usize).is_some_and(is_positive)
            || image.is_library
            || self.is_old(number, word)
        {
            return false;
        }
        let Some(stores) = self.stores_to(number, image, word, coming) else {
            return false;
        };
        // If the handler does not store to the number, no evidence shows that it is a count.
        let mut counts = |i: &Instruction| self.is_run_by(number, image, i.ip(), coming);
        if !stores.iter().any(&mut counts) {
            return false;
        }
        stores.iter().all(|i| {
            let is_whole = i.is_ip_rel_memory_operand()
                && i.ip_rel_memory_address() == word
                && i.memory_size().size() as u64 == WIDTH;
            let constant = i.try_immediate(1).ok();
            let is_constant = i.mnemonic() == Mnemonic::Mov
                && constant.is_some_and(|n| is_positive(n & u64::from(u32::MAX)) && n >> 63 == 0);
            is_whole && is_constant || self.is_run_by(number, image, i.ip(), coming)
        })
    }

    /// Returns whether no other thread, and no handler that may interrupt this handler, runs an instruction that stores to the
    /// word.
    fn is_changed_by_no_other(
        &mut self,
        number: u16,
        image: &Image,
        word: u64,
        coming: &Coming,
    ) -> bool {
        if self.may_look_at_any_time(number, image) {
            return false;
        }
        let own = self.handlers.get(&coming.handler).cloned();
        let may_come = |(place, other): &(&Place, &crate::install::Handler)| {
            **place != coming.handler
                && own
                    .as_ref()
                    .is_none_or(|own| other.interrupts(own) != Some(false))
        };
        if !self.handlers.iter().any(|one| may_come(&one)) {
            return true;
        }
        let Some(stores) = self.stores_to(number, image, word, coming) else {
            return false;
        };
        stores
            .iter()
            .all(|i| self.is_run_by_no_other(number, image, i.ip(), coming))
    }

    /// Returns whether each way of calls to the instruction begins at the handler or at `main`, and none at another handler.
    fn is_run_by_no_other(&mut self, number: u16, image: &Image, at: u64, coming: &Coming) -> bool {
        let mut seen = Set::default();
        let mut todo = vec![at];
        while let Some(at) = todo.pop() {
            let Some((start, _)) = image.function_at(at) else {
                return false;
            };
            if !seen.insert(start) || (number, start) == coming.handler {
                continue;
            }
            let is_handler = self.handlers.contains_key(&(number, start));
            let tables = self.of(number, image);
            if tables.is_main(image, start) {
                continue;
            }
            let callers = tables.callers.get(&start).cloned().unwrap_or_default();
            if is_handler || tables.taken.contains_key(&start) || callers.is_empty() {
                return false;
            }
            todo.extend(callers);
        }
        true
    }
}
