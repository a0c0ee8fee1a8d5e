//! Cases that are distinguished after an instruction: which values are left on which path.

use iced_x86::{ConditionCode, Decoder, DecoderOptions, Instruction, Mnemonic, OpKind, Register};

use super::forms::has_memory;
use crate::address::address;
use crate::callee::Callee;
use crate::comparison::{Compared, Flags, opposite};
use crate::explore::Explorer;
use crate::frame::Frame;
use crate::image::{Image, Slot};
use crate::operand::size_of;
use crate::state::State;
use crate::value::{Base, Value};

impl Explorer<'_> {
    /// Returns the states after a conditional move of a compared register: one for a negative compared value, one for the other
    /// values. Such a move computes the smaller or the greater of two values.
    pub(super) fn clamp(
        &mut self,
        frame: &mut Frame,
        i: &Instruction,
        state: &State,
    ) -> Option<Vec<State>> {
        let is_move = i.op_count() == 2
            && i.op0_kind() == OpKind::Register
            && i.op1_kind() == OpKind::Register;
        let condition = i.condition_code();
        let place = state.flags.as_ref().and_then(|flags| flags.place)?;
        let is_compared = [i.op0_register(), i.op1_register()]
            .iter()
            .any(|r| r.is_gpr() && place == Compared::Register(r.full_register().number()));
        if condition == ConditionCode::None || !is_move || !is_compared {
            return None;
        }
        let cases = state
            .by_sign()
            .filter(|_| state.decides(condition).is_none())?;
        let mut moved = Vec::new();
        for mut one in cases {
            self.instruction(frame, i, &mut one);
            one.note_made(i, None, None);
            one.note_united(i, None);
            moved.push(one);
        }
        Some(moved)
    }

    /// Returns the states after a conditional move of one of a few known numbers, one state for each number. Code that a compiler
    /// unrolled for a loop of one of these lengths tests parts of the number in turn.
    pub(super) fn few_numbers(&self, i: &Instruction, state: &State) -> Option<Vec<State>> {
        const MOST: usize = 4;
        let condition = i.condition_code();
        let is_move = i.op_count() == 2
            && i.op0_kind() == OpKind::Register
            && i.op1_kind() == OpKind::Register;
        if condition == ConditionCode::None || !is_move || self.watch.is_some() {
            return None;
        }
        let numbers = |register| {
            let value = state.get(register);
            value.all().filter(|_| value.base == Base::Num)
        };
        let (old, new) = (numbers(i.op0_register())?, numbers(i.op1_register())?);
        if old.len() + new.len() > MOST || old == new || state.decides(condition).is_some() {
            return None;
        }
        let cases = [(condition, new), (opposite(condition), old)];
        let cases = cases.into_iter().flat_map(|(condition, numbers)| {
            numbers.into_iter().map(move |number| {
                let mut one = state.clone();
                one.assume(condition);
                one.set(i.op0_register(), Value::num(number));
                one.note_made(i, None, None);
                one.note_united(i, None);
                one
            })
        });
        Some(cases.collect())
    }

    /// Returns the states after a load from one of a few constant structures or texts, one state for each. Data beside the word,
    /// such as the data of a function, is loaded from the same structure; so is the end of a text. A table of functions of several
    /// files is treated likewise.
    pub(super) fn element_cases(
        &mut self,
        frame: &mut Frame,
        i: &Instruction,
        state: &State,
    ) -> Option<Vec<State>> {
        const STRUCTURES: (usize, i64) = (16, 16);
        const TEXTS: (usize, i64) = (8, 2);
        let is_memory = |operand| i.op_kind(operand) == OpKind::Memory;
        let (most, step) = match (i.mnemonic(), i.memory_size().size()) {
            (Mnemonic::Mov, 8) if is_memory(1) => STRUCTURES,
            (Mnemonic::Movzx | Mnemonic::Movsx, 1) if is_memory(1) => TEXTS,
            (Mnemonic::Cmp, 1) if is_memory(0) => TEXTS,
            _ => return None,
        };
        let parts = [i.memory_base(), i.memory_index()];
        let is_chosen = |r: &Register| r.is_gpr64() && state.get(*r).exact().is_none();
        let mut chosen = parts.into_iter().filter(is_chosen);
        let (Some(register), None) = (chosen.next(), chosen.next()) else {
            return None;
        };
        if self.watch.is_some() {
            return None;
        }
        let place = address(frame, i, state);
        let Base::Image(image) = place.base else {
            return None;
        };
        let file = self.files.image(image);
        let number = register.full_register().number();
        let value = state.get(register);
        let choices = value.all()?;
        let words = place.all()?;
        // A value that may be one of several functions does not say which file has each function.
        let is_of_several = most == STRUCTURES.0 && leads_outside(&file, &words);
        let is_table = (2..=most).contains(&words.len())
            && words.len() == choices.len()
            && words
                .windows(2)
                .all(|two| two[1] - two[0] >= step || is_of_several)
            && words.iter().all(|at| file.is_settled(at.cast_unsigned()));
        if !is_table || most == STRUCTURES.0 && !has_sibling(frame, i) && !is_of_several {
            return None;
        }
        // A stack variable with the same choices would still have all of them.
        let is_like = |(_, v): &(u8, Value)| {
            let count = |v: &Value| v.set.as_ref().map(|set| set.len());
            v.base == place.base && count(v) == Some(words.len())
        };
        let from = state.loaded.filter(|(register, _)| *register == number);
        if from.is_none() && state.slots.values().any(is_like) {
            return None;
        }
        let is_text = most == TEXTS.0;
        if is_text && !self.follows_texts {
            return None;
        }
        frame.reads_texts |= is_text;
        let mut loaded = Vec::new();
        for choice in choices {
            let mut one = state.clone();
            let chosen = Value::at(value.base, choice);
            if let Some((_, slot)) = from {
                one.put_slot(slot, 8, chosen.clone());
            }
            one.registers[number] = chosen;
            self.instruction(frame, i, &mut one);
            one.note_made(i, None, None);
            one.note_united(i, None);
            loaded.push(one);
        }
        Some(loaded)
    }

    /// Returns the callees of a call through a constant table that holds functions of several files.
    pub(super) fn functions_of_files(
        &mut self,
        frame: &Frame,
        i: &Instruction,
        state: &State,
    ) -> Option<Vec<Callee>> {
        const MOST: usize = 16;
        let place = has_memory(i).then(|| address(frame, i, state))?;
        let Base::Image(image) = place.base else {
            return None;
        };
        let words = place.all().filter(|words| words.len() <= MOST)?;
        let file = self.files.image(image);
        let is_table = leads_outside(&file, &words)
            && words.iter().all(|at| file.is_settled(at.cast_unsigned()));
        let callees = |at: i64| self.word(image, at.cast_unsigned());
        is_table.then(|| words.into_iter().flat_map(callees).collect())
    }
}

/// Returns the states in which the condition holds, split into cases if the values are not one range. A divisor is often seen to be
/// any number but zero, and a variable of the frame that is below a bound may be negative.
pub(super) fn known(frame: &mut Frame, mut state: State, condition: ConditionCode) -> Vec<State> {
    use ConditionCode as C;
    if condition == C::ne
        && let Some(cases) = state.by_zero().filter(|_| frame.divides())
    {
        return cases.into();
    }
    let place = state.flags.as_ref().and_then(|flags| flags.place);
    if let (C::l | C::le, Some(Compared::Slot(..))) = (condition, place)
        && let Some(cases) = state.by_sign()
    {
        let mut cases = Vec::from(cases);
        cases.retain(|one| one.decides(condition) != Some(false));
        for one in &mut cases {
            one.assume(condition);
        }
        return cases;
    }
    state.assume(condition);
    vec![state]
}

/// Returns the states after a test of a constant's bit: one for the bit numbers whose bit is set, one for the others.
pub(super) fn bit_cases(i: &Instruction, state: &State) -> Option<Vec<State>> {
    let is_test = i.mnemonic() == Mnemonic::Bt
        && i.op0_kind() == OpKind::Register
        && i.op1_kind() == OpKind::Register;
    if !is_test {
        return None;
    }
    let number = i.op1_register().full_register().number();
    let index = &state.registers[number];
    let mask = state.get(i.op0_register()).number()?;
    if index.base != Base::Num || state.get(i.op1_register()) != *index {
        return None;
    }
    let last = i64::from(size_of(i, 0)) * 8 - 1;
    let (set, clear): (Vec<i64>, Vec<i64>) = index
        .all()?
        .into_iter()
        .partition(|n| mask >> (n & last) & 1 == 1);
    let cases = [(set, 0), (clear, 1)];
    let cases = cases.into_iter().filter(|(all, _)| !all.is_empty());
    let with = |(all, left)| {
        let mut one = state.clone();
        one.registers[number] = Value::one_of(Base::Num, all);
        one.flags = Some(Flags {
            second: None,
            place: None,
            left: Value::num(left),
            right: Value::num(1),
            bits: 64,
            moved: 0,
            is_result: false,
            is_bit: true,
            twin: None,
            origin: None,
        });
        one.made = None;
        one
    };
    Some(cases.map(with).collect())
}

/// Returns whether some of several words refer to other files.
fn leads_outside(file: &Image, words: &[i64]) -> bool {
    let is_outside = |at: &i64| {
        let slot = file.slots.get(&at.cast_unsigned());
        matches!(slot, Some(Slot::Extern(_) | Slot::Chosen(_)))
    };
    words.len() > 1 && words.iter().any(is_outside)
}

/// Returns whether one of the next instructions uses memory beside the memory that this instruction uses.
pub(super) fn has_sibling(frame: &Frame, i: &Instruction) -> bool {
    const NEXT: usize = 6;
    let from = |i: &Instruction| (i.memory_base(), i.memory_index(), i.memory_index_scale());
    Decoder::with_ip(
        64,
        frame.image.bytes(i.next_ip()),
        i.next_ip(),
        DecoderOptions::NONE,
    )
    .iter()
    .take(NEXT)
    .any(|next| {
        has_memory(&next)
            && from(&next) == from(i)
            && next.memory_displacement64() != i.memory_displacement64()
    })
}
