//! Calls of the previously installed handler: it may be SIG_IGN, as under nohup, which is the number 1 and not a function.

use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic, OpKind, Register};

use crate::explore::Explorer;
use crate::image::Image;
use crate::races::needs_only_libc;

impl Explorer<'_> {
    /// Returns whether the word may be SIG_IGN where the handler calls through it. The program must have put no handler there, and
    /// no relevant code may ask for SIG_IGN or for other data. Relevant are the handler and the functions that name the word or
    /// install a handler.
    pub fn may_be_ignored(&mut self, number: u16, image: &Image, word: u64) -> bool {
        let is_first = self.index.handlers.len() == 1 && needs_only_libc(image);
        let reads_no_other = self
            .loads
            .keys()
            .all(|(of, at, _)| (*of, *at) == (number, word));
        if !is_first || !reads_no_other || !self.index.is_old(number, word) {
            return false;
        }
        let tables = self.index.of(number, image);
        let named = [tables.read.get(&word), tables.taken.get(&word)];
        let named = named.into_iter().flatten().flatten();
        let own = self.contexts.keys().filter(|(of, _)| *of == number);
        let mut places = named
            .chain(&tables.installs)
            .chain(own.map(|(_, start)| start));
        !tables.writes.contains_key(&word) && !places.any(|at| asks(image, *at))
    }
}

/// Returns whether the function that has the instruction may compare anything with SIG_IGN.
fn asks(image: &Image, at: u64) -> bool {
    let Some((start, end)) = image.function_at(at) else {
        return true;
    };
    let bytes = image.bytes(start);
    let bytes = &bytes[..bytes.len().min((end - start) as usize)];
    let all = Decoder::with_ip(64, bytes, start, DecoderOptions::NONE);
    all.into_iter().any(|i| has_one(&i))
}

/// Returns whether the instruction computes with 1 in one of the ways in which compilers compare with 1.
fn has_one(i: &Instruction) -> bool {
    let is_near = |n: u64| matches!(n.cast_signed(), -2..=2 if n != 0);
    let is_address = i.mnemonic() == Mnemonic::Lea && is_near(i.memory_displacement64());
    let constant = (0..i.op_count()).find_map(|n| match i.op_kind(n) {
        OpKind::Register | OpKind::Memory => None,
        _ => i.try_immediate(n).ok(),
    });
    let is_step = matches!(i.mnemonic(), Mnemonic::Dec | Mnemonic::Inc);
    // A constant stored as data or passed as the first argument of a call, such as the number of SIGHUP.
    let is_passed = i.mnemonic() == Mnemonic::Mov
        && (i.op0_kind() == OpKind::Memory || i.op0_register().full_register() == Register::RDI);
    is_step || is_address || !is_passed && constant.is_some_and(is_near)
}
