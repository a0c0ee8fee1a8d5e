//! Pointers in data of a file that lead to data of the same file, whatever the program does: each store to the word is of such an
//! address, and no other way to the word is seen.

use std::rc::Rc;

use iced_x86::{
    Decoder, DecoderOptions, FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess,
    OpKind, Register,
};

use crate::explore::Explorer;
use crate::hash::Set;
use crate::image::{Image, Slot};
use crate::index::Index;
use crate::races::Coming;
use crate::value::{Base, Value};

/// Bytes of a pointer.
const WIDTH: u64 = 8;

/// Holds what a word points to.
#[derive(Clone)]
pub struct Targets {
    all: Rc<[i64]>,
    /// Whether it never is null where the handler may run.
    is_set: bool,
}

impl Explorer<'_> {
    /// Returns the place in the data of a file, if it is measured from a pointer of which each value is known.
    pub fn settled(&mut self, place: Value, size: i64) -> Value {
        let (Base::Static(image, word) | Base::NotNull(image, word)) = place.base else {
            return place;
        };
        if self.watch.is_some() || !place.is_bounded() {
            return place;
        }
        let known = match self.targets.get(&(image, word)) {
            Some(known) => known.clone(),
            None => {
                let file = self.files.image(image);
                let coming = Coming {
                    handler: self.handler,
                    signals: self.signals,
                    own: &self.contexts,
                    known: std::cell::RefCell::default(),
                };
                let known = self.index.targets(image, &file, word, &coming);
                self.targets.insert((image, word), known.clone());
                known
            }
        };
        let is_null =
            |targets: &Targets| place.base == Base::Static(image, word) && !targets.is_set;
        let Some(targets) = known.filter(|targets| !is_null(targets)) else {
            return place;
        };
        let file = self.files.image(image);
        let end = place.hi.saturating_add(size);
        let is_inside = |index: &mut Index, target: i64| {
            let (first, end) = (target.cast_unsigned(), (target + end).cast_unsigned());
            match file.object_at(first) {
                Some(object) => end <= object.address + object.size,
                None => !index.is_named_between(image, &file, first, end),
            }
        };
        let is_near = place.lo >= 0 && end < i64::from(u32::MAX);
        if !is_near
            || !targets
                .all
                .iter()
                .all(|target| is_inside(self.index, *target))
        {
            return place;
        }
        let mut all = targets.all.iter().map(|target| Value {
            base: Base::Image(image),
            ..place.moved(*target)
        });
        let one = all.next();
        let joined = one.map(|one| all.fold(one, |a, b| a.or(&b)));
        joined.unwrap_or(place)
    }
}

impl Index {
    /// Returns what the word points to, if all of it is known.
    fn targets(
        &mut self,
        number: u16,
        image: &Image,
        word: u64,
        coming: &Coming,
    ) -> Option<Targets> {
        let is_data = |at: u64| image.region(at).is_some() && !image.is_code(at);
        if !image.is_writable(word) || image.is_library || self.is_old(number, word) {
            return None;
        }
        let (taken, touched) = self.names(number, image, (word, word.saturating_add(WIDTH)))?;
        let none = std::collections::HashMap::new();
        let is_read = |at: &u64| *at != 0 && crate::escape::is_only_read(image, *at, &none);
        if !taken.iter().all(is_read) {
            return None;
        }
        let mut all = Vec::new();
        let first = file_word(image, word)?;
        all.extend(Some(first).filter(|target| *target != 0));
        let (mut is_set, mut is_cleared) = (first != 0, false);
        let mut factory = InstructionInfoFactory::new();
        for at in touched {
            let i = decode(image, at);
            let reads = |access| matches!(access, OpAccess::Read | OpAccess::CondRead);
            let uses = factory.info(&i);
            if uses
                .used_memory()
                .iter()
                .all(|memory| reads(memory.access()))
            {
                continue;
            }
            let is_whole = i.is_ip_rel_memory_operand()
                && i.ip_rel_memory_address() == word
                && i.memory_size().size() as u64 == WIDTH
                && matches!(i.mnemonic(), Mnemonic::Mov | Mnemonic::Xchg);
            match stored(image, &i).filter(|_| is_whole)? {
                0 => is_cleared = true,
                target => {
                    all.push(target);
                    is_set |= self.is_seen_before(number, image, at, coming)
                        && self.precedes_each(number, image, at, coming);
                }
            }
        }
        all.sort_unstable();
        all.dedup();
        let is_known = !all.is_empty() && all.iter().all(|at| is_data(*at));
        is_known.then(|| Targets {
            all: all.iter().map(|at| at.cast_signed()).collect(),
            is_set: is_set && !is_cleared,
        })
    }
}

impl Index {
    /// Returns whether no way through the function leads to the installation of the handler but by the instruction.
    fn precedes_each(&self, number: u16, image: &Image, at: u64, coming: &Coming) -> bool {
        let Some((start, end)) = image.function_at(at) else {
            return false;
        };
        let Some(Some(sites)) = self.installing.get(&(number, coming.handler)) else {
            return false;
        };
        let mut own = sites.range(start..end).peekable();
        own.peek().is_some()
            && own.all(|site| crate::reach::never_leads(image, start, *site, &[at]))
    }
}

/// Returns the address that the word holds at first, or zero.
fn file_word(image: &Image, word: u64) -> Option<u64> {
    match image.pointer(word) {
        Some(Slot::Here(target)) => Some(target),
        Some(_) => None,
        None => image.number(word, WIDTH as usize).filter(|n| *n == 0),
    }
}

fn decode(image: &Image, at: u64) -> Instruction {
    let bytes = image.bytes(at);
    let bytes = &bytes[..bytes.len().min(16)];
    Decoder::with_ip(64, bytes, at, DecoderOptions::NONE).decode()
}

/// Returns the constant address or the zero that an instruction stores. A register is given it just before, on the only way there.
fn stored(image: &Image, store: &Instruction) -> Option<u64> {
    const MOST: usize = 64;
    if store.op1_kind() != OpKind::Register {
        let number = store.try_immediate(1).ok()?;
        let is_address = image.is_fixed && image.region(number).is_some();
        return (number == 0 || is_address).then_some(number);
    }
    let mut register = store.op1_register().full_register();
    let (start, end) = image.function_at(store.ip())?;
    let bytes = image.bytes(start);
    let bytes = &bytes[..bytes.len().min((end - start) as usize)];
    let code = Decoder::with_ip(64, bytes, start, DecoderOptions::NONE);
    let code: Vec<Instruction> = code.into_iter().collect();
    let is_lost =
        |i: &Instruction| i.is_invalid() || i.flow_control() == FlowControl::IndirectBranch;
    if code.iter().any(is_lost) {
        return None;
    }
    let entries: Set<u64> = code.iter().map(Instruction::near_branch_target).collect();
    let at = code.iter().position(|i| i.ip() == store.ip())?;
    let mut factory = InstructionInfoFactory::new();
    for n in (at.saturating_sub(MOST)..at).rev() {
        // Another way may lead to what follows.
        if entries.contains(&code[n + 1].ip()) || image.pad(code[n + 1].ip()).is_some() {
            return None;
        }
        let i = &code[n];
        let writes =
            |access| !matches!(access, OpAccess::Read | OpAccess::CondRead | OpAccess::None);
        let uses = factory.info(i);
        let is_made = uses
            .used_registers()
            .iter()
            .any(|used| used.register().full_register() == register && writes(used.access()));
        let is_copy = i.mnemonic() == Mnemonic::Mov
            && i.op1_kind() == OpKind::Register
            && i.op0_register() == register;
        if is_made && is_copy {
            register = i.op1_register();
            continue;
        }
        if is_made {
            return constant(image, i, register);
        }
        match i.flow_control() {
            FlowControl::Next | FlowControl::ConditionalBranch => {}
            FlowControl::Call | FlowControl::IndirectCall
                if crate::summary::is_preserved(register.number()) => {}
            _ => return None,
        }
    }
    None
}

/// Returns the address of data, or the zero, that the instruction puts into the register.
fn constant(image: &Image, i: &Instruction, register: Register) -> Option<u64> {
    let to = (i.op0_kind() == OpKind::Register).then(|| i.op0_register())?;
    let is_whole = to == register || to.is_gpr32();
    match i.mnemonic() {
        Mnemonic::Lea if i.is_ip_rel_memory_operand() && to == register => {
            Some(i.ip_rel_memory_address())
        }
        Mnemonic::Xor if is_whole && i.op1_kind() == OpKind::Register && i.op1_register() == to => {
            Some(0)
        }
        Mnemonic::Mov if is_whole => {
            let number = i.try_immediate(1).ok()?;
            let is_address = image.is_fixed && image.region(number).is_some();
            (number == 0 || is_address).then_some(number)
        }
        _ => None,
    }
}
