//! The beginnings of the arrays of a frame that digits and texts are stored to, as far as instructions name them.
//!
//! A number that is divided repeatedly comes to zero, which bounds its digits, and a text ends; but an array may be smaller.

use iced_x86::{FlowControl, Instruction, Mnemonic, OpKind, Register};

use crate::explore::Explorer;
use crate::finding::Kind;
use crate::frame::Frame;
use crate::neighbours::ENDLESS;
use crate::state::State;
use crate::value::Base;

pub const BEHIND_ARRAY: &str = "stores digits or a text, and is not shown to stay inside its array";

impl Frame {
    /// Notes that the instruction at `at` divides a number up to `most` by a constant. Returns whether the instruction divides its
    /// own earlier quotient.
    pub fn reduces(&mut self, at: u64, most: u64) -> bool {
        let last = self.dividends.insert(at, most);
        last.is_some_and(|last| most < last)
    }

    /// Notes the place of the stack that an operand names, if any, as the beginning of an array or of a word.
    pub fn names(&mut self, i: &Instruction, state: &State) {
        let base = i.memory_base();
        if self.is_member(i)
            && let (Base::Stack, Some(from)) = {
                let value = state.get(i.op0_register());
                (value.base, value.exact())
            }
        {
            let offset = i.immediate(1).cast_signed();
            self.named.insert(from.wrapping_add(offset), true);
            self.addresses.insert(from.wrapping_add(offset));
        }
        let copies_stack = i.mnemonic() == Mnemonic::Mov
            && i.op0_kind() == OpKind::Register
            && i.op0_register() != Register::RBP
            && i.op1_kind() == OpKind::Register
            && i.op1_register() == Register::RSP;
        if copies_stack && let Some(place) = state.get(Register::RSP).exact() {
            // The data that begins there, if any, need not reach far.
            self.named.entry(place).or_insert(false);
        }
        if !matches!(base, Register::RSP | Register::RBP) {
            return;
        }
        let from = state.get(base);
        if let (Base::Stack, Some(from)) = (from.base, from.exact()) {
            let place = from.wrapping_add(i.memory_displacement64().cast_signed());
            let is_array = i.mnemonic() == Mnemonic::Lea || i.memory_index() != Register::None;
            *self.named.entry(place).or_insert(false) |= is_array;
            if is_array {
                self.addresses.insert(place);
            }
        }
    }

    /// Returns whether the instruction adds a constant to an address of the frame that the instruction before it takes. Unoptimized
    /// code (-O0) does so for a member of a structure.
    fn is_member(&self, i: &Instruction) -> bool {
        let is_sum = i.mnemonic() == Mnemonic::Add
            && i.op0_kind() == OpKind::Register
            && matches!(
                i.op1_kind(),
                OpKind::Immediate8to64 | OpKind::Immediate32to64
            );
        // `lea disp(%rbp), %reg`, with eight and with 32 bits.
        let takes = |length: u64, form: u8| {
            let bytes = self.image.bytes(i.ip().wrapping_sub(length));
            matches!(bytes, [0x48, 0x8d, modrm, ..] if modrm & 0xc7 == form)
        };
        is_sum && (takes(4, 0x45) || takes(7, 0x85))
    }

    /// Returns whether a store to the bytes of the stack from `lo` to below `hi` stays between two named places. Instructions name
    /// both places, and the first is the beginning of an array.
    fn is_in_array(&self, lo: i64, hi: i64) -> bool {
        let before = self.named.range(..=lo).next_back();
        // A walk downwards may begin where an instruction names the end.
        let behind = self.named.range(lo + 1..(hi - 1).max(lo + 1)).next();
        // The lowest data of a frame begins at the stack pointer, which is copied then.
        let begins = |(place, is_array): (&i64, &bool)| *is_array || self.floor == Some(*place);
        before.is_some_and(begins) && behind.is_none() || self.is_lowest(lo, hi)
    }

    /// Returns whether no instruction names a place of the frame below the last byte, and the first byte lies in the frame. Then
    /// the whole is one array that is filled downwards, and instructions name its end.
    fn is_lowest(&self, lo: i64, hi: i64) -> bool {
        !self.is_growing
            && hi <= 0
            && self.floor.is_some_and(|floor| floor <= lo)
            && self.named.range(..hi - 1).next().is_none()
    }
}

impl Explorer<'_> {
    /// Reports each store that is not shown to stay inside its array, if texts are read or digits were seen to be made.
    pub fn judge_arrays(&mut self, frame: &mut Frame) {
        if !(self.is_reduced || frame.reads_texts) {
            return;
        }
        let is_own = |(_, (_, hi)): &(&u64, &(i64, i64))| self.is_reduced || *hi <= 0;
        let is_left = |(at, (lo, hi)): (&u64, &(i64, i64))| {
            let i = self.instruction_at(frame.number, *at)?;
            let is_store = i.flow_control() == FlowControl::Next
                && i.op0_kind() == OpKind::Memory
                && !is_named(&i, hi.saturating_sub(*lo));
            // The caller knows where its own array begins.
            let is_given = *lo >= 8 && *hi < ENDLESS && self.is_spread(frame, *at, *lo, *hi);
            (is_store && !is_given && !frame.is_in_array(*lo, *hi)).then_some(*at)
        };
        let left = frame.written.iter().filter(is_own).filter_map(is_left);
        let given = frame.spread.iter().filter(|(at, (lo, hi))| {
            let is_call = self.instruction_at(frame.number, **at);
            let is_call = is_call.is_some_and(|i| i.flow_control() != FlowControl::Next);
            is_call && self.is_reduced && *lo < 8 && !frame.is_in_array(*lo, *hi)
        });
        let left = left.chain(given.map(|(at, _)| *at));
        let unnamed = frame.unnamed.iter().copied().filter(|_| self.is_reduced);
        let mut left: Vec<u64> = left.chain(unnamed).collect();
        left.sort_unstable();
        for at in left {
            frame.doubt(
                Kind::Write,
                at,
                BEHIND_ARRAY,
                "an array that is named by its beginning, and an index",
            );
        }
    }
}

/// Returns whether the instruction names the whole place that it stores to.
fn is_named(i: &Instruction, length: i64) -> bool {
    matches!(i.memory_base(), Register::RSP | Register::RBP)
        && i.memory_index() == Register::None
        && length == i.memory_size().size() as i64
}
