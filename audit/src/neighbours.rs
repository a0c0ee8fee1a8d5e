//! Data of the frame behind an array: whether an indexed store may reach it.
//!
//! Machine code does not show where an array ends. It does show which places of the frame are separate data. An instruction loads
//! such a place without an index, for example a saved register, or reads it through an address that is taken of it. An indexed
//! store that may reach such a place, and does not begin there, is not shown to stay inside its array.

use iced_x86::{FlowControl, Instruction, Mnemonic, OpAccess, OpKind, Register};

use crate::explore::Explorer;
use crate::finding::Kind;
use crate::frame::Frame;
use crate::state::{ARGUMENTS, State};
use crate::value::Base;

/// The offset from which on places count as unbounded.
pub const ENDLESS: i64 = i64::MAX / 8;

impl Explorer<'_> {
    /// Checks each store that an index or a varying length spreads over the frame, and reports it if it may reach other data there.
    /// Returns the ranges that such stores may change above the frame.
    pub fn judge_neighbours(&mut self, frame: &mut Frame) -> Vec<(i64, i64)> {
        let mut spread: Vec<(u64, i64, i64)> = Vec::new();
        for (&at, &(lo, hi)) in &frame.written {
            if self.is_spread(frame, at, lo, hi) {
                spread.push((at, lo, hi));
            }
        }
        let calls = frame.spread.iter().map(|(at, (lo, hi))| (*at, *lo, *hi));
        spread.extend(calls);
        spread.retain(|(_, lo, hi)| (-ENDLESS..ENDLESS).contains(lo) && *hi < ENDLESS);
        if spread.is_empty() {
            return Vec::new();
        }
        spread.sort_unstable();
        let own = self.data_of_its_own(frame);
        for &(at, lo, hi) in &spread {
            if own.iter().any(|place| lo < *place && *place < hi) {
                frame.doubt(
                    Kind::Write,
                    at,
                    "writes the stack at an index, and is not shown to stay inside its array: other data lies behind",
                    "an index with a bound that can be seen",
                );
            }
        }
        let above = spread.into_iter().map(|(_, lo, hi)| (lo.max(8), hi));
        above.filter(|(lo, hi)| lo < hi).collect()
    }

    /// Returns whether an index spreads the store at `at` over the stack, from `lo` to below `hi`.
    pub fn is_spread(&self, frame: &Frame, at: u64, lo: i64, hi: i64) -> bool {
        self.instruction_at(frame.number, at).is_some_and(|i| {
            is_plain_store(&i) && hi.saturating_sub(lo) > i.memory_size().size() as i64
        })
    }

    /// Returns the places of the frame that are separate data. An instruction loads such a place without an index, or a call or an
    /// indexed load reads it through its address.
    fn data_of_its_own(&mut self, frame: &Frame) -> Vec<i64> {
        let is_taken = |place: &i64| frame.addresses.contains(place);
        let passed = frame.passed.values();
        let passed = passed.filter_map(|(lo, hi)| (lo == hi && is_taken(lo)).then_some(*lo));
        let mut own: Vec<i64> = passed.collect();
        for (&at, &(lo, hi)) in &frame.touched {
            let Some(i) = self.instruction_at(frame.number, at) else {
                continue;
            };
            // A saved register. A function that never returns does not restore it, but no array extends beyond it.
            if matches!(
                i.mnemonic(),
                Mnemonic::Pop | Mnemonic::Leave | Mnemonic::Push
            ) {
                own.push(lo);
                continue;
            }
            if keeps_guard(frame, &i) || keeps_argument(frame, &i) {
                own.push(lo);
                continue;
            }
            if i.flow_control() != FlowControl::Next || !self.reads(&i) {
                continue;
            }
            let is_whole = hi.saturating_sub(lo) == i.memory_size().size() as i64;
            let is_fixed = i.memory_index() == Register::None
                && (is_of_frame(&i) || i.memory_displacement64() != 0);
            if is_whole && is_fixed || !is_whole && is_taken(&lo) {
                own.push(lo);
            }
        }
        own
    }

    /// Returns whether the instruction reads memory.
    fn reads(&mut self, i: &Instruction) -> bool {
        let is_read = |access| !matches!(access, OpAccess::Write | OpAccess::CondWrite);
        let memory = self.factory.info(i).used_memory();
        memory.iter().any(|memory| is_read(memory.access()))
    }
}

impl Frame {
    /// Notes the places of the stack whose addresses are arguments of a call.
    pub fn passes(&mut self, at: u64, state: &State) {
        for n in &ARGUMENTS[..4] {
            let value = &state.registers[*n];
            if value.base == Base::Stack {
                let (lo, hi) = self.passed.entry((at, *n)).or_insert((value.lo, value.hi));
                (*lo, *hi) = ((*lo).min(value.lo), (*hi).max(value.hi));
            }
        }
    }
}

/// Returns whether the instruction stores the stack guard. The compiler loads the guard just before, and compares it before the
/// function returns.
fn keeps_guard(frame: &Frame, i: &Instruction) -> bool {
    // `mov %fs:0x28, %reg`
    const LENGTH: u64 = 9;
    let before = frame.image.bytes(i.ip().wrapping_sub(LENGTH));
    i.mnemonic() == Mnemonic::Mov
        && i.op0_kind() == OpKind::Memory
        && matches!(before, [0x64, 0x48 | 0x4c, 0x8b, modrm, 0x25, 0x28, 0, 0, 0, ..] if modrm & 0xc7 == 4)
}

/// Returns whether the instruction stores an argument to its place in the frame, as the first instructions of a function do at -O0.
fn keeps_argument(frame: &Frame, i: &Instruction) -> bool {
    const NEAR: u64 = 48;
    i.mnemonic() == Mnemonic::Mov
        && i.op0_kind() == OpKind::Memory
        && i.memory_base() == Register::RBP
        && i.memory_index() == Register::None
        && i.op1_kind() == OpKind::Register
        && i.op1_register().is_gpr()
        && ARGUMENTS[..3].contains(&i.op1_register().full_register().number())
        && i.ip().wrapping_sub(frame.start) < NEAR
}

/// Returns whether the instruction names a place of the frame.
fn is_of_frame(i: &Instruction) -> bool {
    matches!(i.memory_base(), Register::RSP | Register::RBP)
}

/// Returns whether the instruction stores to memory, except a place of the frame that it names without an index.
fn is_plain_store(i: &Instruction) -> bool {
    let is_named = is_of_frame(i) && i.memory_index() == Register::None;
    i.flow_control() == FlowControl::Next
        && i.op0_kind() == OpKind::Memory
        && i.mnemonic() != Mnemonic::Lea
        && !is_named
}
