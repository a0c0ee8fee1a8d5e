//! What is known between two instructions: registers, stack, and `errno`.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use iced_x86::{FlowControl, Instruction, Mnemonic, OpKind, Register};

use crate::comparison::{Flags, Place};
use crate::value::{Base, Value};

/// Says whether `errno` is what the interrupted code left in it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Errno {
    Original,
    /// It was put back from a place that a store of which the extent is not known may have changed.
    Doubtful,
    Changed,
}

/// Holds a register whose lower half was made from that of another place, by adding a number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Made {
    pub register: usize,
    pub from: Place,
    pub added: i64,
}

/// Holds a register that was made of the bits of two others.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct United {
    register: usize,
    of: [usize; 2],
    /// Whether only the upper halves are left.
    is_upper: bool,
}

/// Holds a store to data of the file, on the way here, which another store may belong to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Stored {
    pub image: u16,
    /// The lowest and the highest address of the word; they differ where an index chooses it.
    pub lo: u64,
    pub hi: u64,
    /// Whether it only sets or clears a flag.
    pub is_flag: bool,
    /// The word that chose the element, if that is known.
    pub by: Option<u64>,
    /// The number of the statement that the pointer is valid which it goes through; then the addresses are offsets from that.
    pub through: Option<usize>,
}

/// Is words of files, by their addresses.
pub type Words = Rc<BTreeSet<(u16, u64)>>;

/// Is a function, by its file and its start, and what it may have stored to data of files before a call.
pub type Before = ((u16, u64), Rc<Vec<Stored>>);

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct State {
    pub registers: [Value; 16],
    /// The words of the stack that are known, by their offsets, each with its width.
    pub slots: Rc<BTreeMap<i64, (u8, Value)>>,
    /// The two halves of vector registers, where they are known.
    pub vectors: BTreeMap<u8, (Value, Value)>,
    /// The lowest bytes of registers whose other bytes are not known.
    pub bytes: BTreeMap<u8, Value>,
    pub errno: Errno,
    /// Whether what may have kept `errno` may be lost by a store whose extent is not known.
    pub may_lose_errno: bool,
    pub flags: Option<Flags>,
    /// The words of files that were seen not to be null on the way here, and that nothing was seen to store to since.
    pub looked: Words,
    /// In order, each once.
    pub stores: Rc<Vec<Stored>>,
    /// The lowest place of the stack that others have been given the address of.
    pub escaped: i64,
    /// Two registers: the first holds the lower half of the second, zero-extended.
    pub half: Option<(usize, usize)>,
    /// A word of the stack that holds the lower half of a register, zero-extended.
    pub spilled: Option<(i64, usize)>,
    pub made: Option<Made>,
    pub united: Option<United>,
    /// A register that the last instruction loaded from that word of the stack.
    pub loaded: Option<(usize, i64)>,
    /// Between which places of the stack a byte of zero is known to lie, which ends a text.
    pub zero: Option<(i64, i64)>,
    /// The signal whose action is known to be the default one.
    pub defaulted: Option<i64>,
    /// Whether a raised signal ends the process when the handler returns, or before, unless its action is changed again.
    pub is_ending: bool,
}

pub const RSP: usize = 4;

impl State {
    pub fn new(arguments: &[Value; 6], errno: Errno) -> Self {
        let mut registers: [Value; 16] = std::array::from_fn(|n| Value::at(Base::Kept(n as u8), 0));
        for (at, value) in ARGUMENTS.into_iter().zip(arguments) {
            registers[at] = value.clone();
        }
        for scratch in [0, 10, 11] {
            registers[scratch] = Value::UNKNOWN;
        }
        registers[RSP] = Value::at(Base::Stack, 0);
        Self {
            registers,
            slots: Rc::default(),
            vectors: BTreeMap::new(),
            bytes: BTreeMap::new(),
            errno,
            may_lose_errno: false,
            flags: None,
            looked: Rc::default(),
            stores: Rc::default(),
            escaped: i64::MAX,
            half: None,
            spilled: None,
            made: None,
            united: None,
            loaded: None,
            zero: None,
            defaulted: None,
            is_ending: false,
        }
    }

    /// Returns between which bounds the length of the text at that offset of the stack is, if its end is known.
    pub fn text_length(&self, at: i64) -> Option<(i64, i64)> {
        const MOST: i64 = 4096;
        for end in at..at.saturating_add(MOST) {
            match self.byte(end) {
                Some(0) => return Some((end - at, end - at)),
                Some(_) => {}
                None => break,
            }
        }
        self.zero
            .filter(|(lo, _)| *lo >= at)
            .map(|(_, hi)| (0, hi - at))
    }

    fn byte(&self, at: i64) -> Option<u8> {
        let (start, (width, value)) = self.slots.range(..=at).next_back()?;
        let bytes = value.number()?.to_le_bytes();
        let n = usize::try_from(at - start).ok()?;
        bytes.get(n).copied().filter(|_| n < usize::from(*width))
    }

    /// Notes that the word was seen not to be null.
    pub fn look(&mut self, image: u16, word: u64) {
        if !self.looked.contains(&(image, word)) {
            Rc::make_mut(&mut self.looked).insert((image, word));
        }
    }

    /// Forgets that words were seen not to be null, of the file from `lo` to below `hi`.
    pub fn unlook(&mut self, image: u16, lo: u64, hi: u64) {
        let is_hit = |of: u16, word: u64| of == image && word < hi && word.saturating_add(8) > lo;
        if self.looked.iter().any(|(of, word)| is_hit(*of, *word)) {
            Rc::make_mut(&mut self.looked).retain(|(of, word)| !is_hit(*of, *word));
        }
    }

    /// Notes that a text ends between those places of the stack.
    pub fn note_zero(&mut self, lo: i64, hi: i64) {
        self.zero = (lo <= hi).then_some((lo, hi));
    }

    /// Notes what a register is made from: an index is often checked in a copy, and the check tells about both.
    /// Instructions that may write other registers than their first operand end what was noted.
    pub fn note_made(&mut self, i: &Instruction, made: Option<Made>, slot: Option<i64>) {
        use Mnemonic as M;
        let is_half = i.op0_kind() == OpKind::Register && i.op0_register().is_gpr32();
        let number = is_half.then(|| i.op0_register().full_register().number());
        let added = match i.mnemonic() {
            M::Add => i.try_immediate(1).ok().map(u64::cast_signed),
            M::Sub => i
                .try_immediate(1)
                .ok()
                .and_then(|n| n.cast_signed().checked_neg()),
            M::Inc => Some(1),
            M::Dec => Some(-1),
            _ => None,
        };
        let from = match (i.mnemonic(), i.op1_kind()) {
            (M::Mov, OpKind::Register) if i.op1_register().is_gpr32() => {
                Some((i.op1_register(), 0))
            }
            (M::Lea, _) if i.memory_index() == Register::None && i.memory_base().is_gpr() => {
                Some((i.memory_base(), i.memory_displacement64().cast_signed()))
            }
            _ => None,
        };
        if let (Some(register), Some(known), Some(added)) = (number, made, added) {
            self.made = (known.register == register)
                .then(|| known.added.checked_add(added))
                .flatten()
                .map(|added| Made { added, ..known });
        } else if let (Some(register), Some((from, added))) = (number, from) {
            let from = from.full_register().number();
            self.made = (from != register && from != RSP).then_some(Made {
                register,
                from: Place::Register(from),
                added,
            });
        } else if let (Some(register), M::Mov, Some(at)) = (number, i.mnemonic(), slot) {
            self.made = Some(Made {
                register,
                from: Place::Slot(at, 4),
                added: 0,
            });
        } else if !matches!(
            i.mnemonic(),
            M::Mov | M::Movzx | M::Movsx | M::Movsxd | M::Cdqe | M::Lea | M::Cmp | M::Test | M::Nop
        ) && i.flow_control() != FlowControl::ConditionalBranch
        {
            self.made = None;
        }
    }

    /// Notes a register that is made of two others and then shifted, to learn whether half of each is enough: compilers ask before
    /// they divide.
    pub fn note_united(&mut self, i: &Instruction, united: Option<United>) {
        use Mnemonic as M;
        let number = |r: Register| r.is_gpr64().then(|| r.full_register().number());
        let to = (i.op0_kind() == OpKind::Register).then(|| i.op0_register());
        let from = (i.op1_kind() == OpKind::Register).then(|| i.op1_register());
        let [to, from] = [to, from].map(|r| r.and_then(number));
        let known = united.filter(|united| Some(united.register) == to);
        self.united = match (i.mnemonic(), to, from, known) {
            (M::Mov, Some(register), Some(of), _) => Some(United {
                register,
                of: [of; 2],
                is_upper: false,
            }),
            (M::Or, _, Some(other), Some(united)) if !united.is_upper => Some(United {
                of: [united.of[0], other],
                ..united
            }),
            (M::Shr, _, None, Some(united)) if i.immediate8() == 32 && !united.is_upper => {
                Some(United {
                    is_upper: true,
                    ..united
                })
            }
            _ => None,
        };
    }

    /// Takes into account that what the place holds is zero: it may be the upper halves of two registers.
    pub fn note_short(&mut self, place: Place) {
        let united = self.united.filter(|united| united.is_upper);
        let Some(united) = united.filter(|united| place == Place::Register(united.register)) else {
            return;
        };
        for number in united.of {
            let value = &self.registers[number];
            let is_positive = match value.base {
                Base::NotNull(..) => value.exact() == Some(0),
                Base::Num => value.lo > 0,
                _ => false,
            };
            let (lo, hi) = match value.base {
                Base::Num => (value.lo, value.hi),
                _ => (0, i64::MAX),
            };
            let (lo, hi) = (lo.max(is_positive.into()), hi.min(u32::MAX.into()));
            if number != united.register && lo <= hi {
                self.registers[number] = Value::range(lo, hi);
            }
        }
    }

    /// Notes a copy of half a register to another one, or of that to the stack, as an index into a jump table is kept at -O0.
    pub fn note_copy(&mut self, i: &Instruction, to: Option<i64>) {
        if i.op1_kind() != OpKind::Register {
            return;
        }
        let from = i.op1_register();
        if i.op0_kind() == OpKind::Register && i.op0_register().is_gpr32() && from.is_gpr32() {
            let (to, from) = (i.op0_register(), from.full_register());
            let pair = (to.full_register().number(), from.number());
            self.half = (pair.0 != pair.1).then_some(pair);
        } else if let (Some(at), Some((half, whole))) = (to, self.half)
            && from.is_gpr64()
            && from.number() == half
        {
            self.spilled = Some((at, whole));
        }
    }

    /// Words of this frame that a function called with its return address at `entry` may look at: where `errno` is kept, and code.
    pub fn given(&self, entry: i64) -> Vec<(i64, u8, Value)> {
        let is_given = ARGUMENTS
            .iter()
            .any(|n| self.registers[*n].base == Base::Stack);
        self.slots
            .range(entry.saturating_add(8)..)
            .filter(|(_, (_, value))| {
                is_given
                    && matches!(value.base, Base::SavedErrno | Base::Image(_))
                    && value.exact().is_some()
            })
            .map(|(at, (width, value))| (at - entry, *width, value.clone()))
            .take(16)
            .collect()
    }

    /// Returns the words of the stack that hold a handler which was there before, in structures that no argument points into.
    pub fn saved_handlers(&self) -> Vec<(i64, Value)> {
        const STRUCTURE: i64 = 152;
        let is_given = |at: i64| {
            ARGUMENTS.iter().any(|n| {
                let value = &self.registers[*n];
                value.base == Base::Stack && value.lo < at + STRUCTURE && value.hi >= at
            })
        };
        let saved = self
            .slots
            .iter()
            .filter(|(at, (_, value))| value.base == Base::Before && !is_given(**at));
        saved.map(|(at, (_, value))| (*at, value.clone())).collect()
    }

    pub fn get(&self, register: Register) -> Value {
        if register == Register::None {
            return Value::num(0);
        }
        if !register.is_gpr() {
            return Value::UNKNOWN;
        }
        let value = &self.registers[register.full_register().number()];
        match register.size() {
            8 => value.clone(),
            1 if is_high(register) => Value::range(0, 255),
            1 if let Some(byte) = self.bytes.get(&(register.full_register().number() as u8)) => {
                byte.clone()
            }
            size => narrowed(value, size as u32 * 8),
        }
    }

    pub fn set(&mut self, register: Register, value: Value) {
        if !register.is_gpr() {
            return;
        }
        let number = register.full_register().number();
        let old = &self.registers[number];
        let byte = (register.size() == 1 && !is_high(register)).then(|| narrowed(&value, 8));
        let value = match register.size() {
            8 => value,
            4 => narrowed(&value, 32),
            size => {
                // The upper bits stay.
                let bits = size as u32 * 8;
                match (old.number(), value.number(), is_high(register)) {
                    (Some(old), Some(new), false) => {
                        let mask = (1i64 << bits) - 1;
                        Value::num((old & !mask) | (new & mask))
                    }
                    _ if old.base == Base::Num
                        && old.lo >= 0
                        && old.hi < 1 << bits
                        && !is_high(register) =>
                    {
                        narrowed(&value, bits)
                    }
                    _ => Value {
                        lo: i64::MIN,
                        hi: i64::MAX,
                        ..Value::any_num()
                    },
                }
            }
        };
        if let Some(flags) = &mut self.flags
            && flags.place == Some(Place::Register(number))
        {
            flags.place = None;
        }
        if let Some(flags) = &mut self.flags {
            flags.origin = flags
                .origin
                .filter(|(from, _)| *from != Place::Register(number));
        }
        self.made = self
            .made
            .filter(|made| made.register != number && made.from != Place::Register(number));
        self.half = self.half.filter(|(a, b)| *a != number && *b != number);
        self.spilled = self.spilled.filter(|(_, whole)| *whole != number);
        self.bytes.remove(&(number as u8));
        if let Some(byte) = byte {
            self.bytes.insert(number as u8, byte);
        }
        self.registers[number] = value;
    }

    pub fn load_slot(&self, at: &Value, width: u32) -> Value {
        let Some(offset) = at.exact() else {
            return any(width);
        };
        if let Some((known, value)) = self.slots.get(&offset) {
            if u32::from(*known) == width {
                return value.clone();
            }
            if width < u32::from(*known) {
                return narrowed(value, width * 8);
            }
        }
        // A part of a number, as in an array of two that was stored at once.
        let before = self.slots.range(..offset).next_back();
        if let Some((start, (known, value))) = before
            && let (Some(number), Ok(skipped)) = (value.number(), u32::try_from(offset - start))
            && skipped + width <= u32::from(*known)
        {
            return Value::num(
                number
                    .cast_unsigned()
                    .unbounded_shr(8 * skipped)
                    .cast_signed(),
            )
            .low_bits(8 * width);
        }
        any(width)
    }

    /// Notes what the word of the stack at that offset holds.
    pub fn put_slot(&mut self, offset: i64, width: u8, value: Value) {
        Rc::make_mut(&mut self.slots).insert(offset, (width, value));
    }

    /// Notes that `length` bytes of the stack at that offset are zero, unless they are very many.
    pub fn clear(&mut self, offset: i64, length: i64) {
        const MOST: i64 = 4096;
        if length > MOST {
            return;
        }
        let mut at = 0;
        for width in [8, 4, 2, 1] {
            while at + i64::from(width) <= length {
                self.put_slot(offset + at, width, Value::num(0));
                at += i64::from(width);
            }
        }
    }

    pub fn store_slot(&mut self, at: &Value, width: u32, value: Value) {
        let (lo, hi) = if at.is_bounded() {
            (at.lo, at.hi.saturating_add(i64::from(width)))
        } else {
            (at.lo, i64::MAX)
        };
        match at.exact() {
            Some(_) => self.forget(lo, hi),
            None => self.forget_some(lo, hi),
        }
        let bytes = value.number().map(i64::to_le_bytes);
        let first = bytes.and_then(|all| all.iter().take(width as usize).position(|b| *b == 0));
        if let Some(n) = first.filter(|_| at.is_bounded() && width <= 8) {
            let n = n as i64;
            self.note_zero(at.lo + n, at.hi + n);
        }
        if let Some(offset) = at.exact()
            && width <= 8
        {
            self.put_slot(offset, width as u8, value);
        }
    }

    /// Forgets what the stack holds from `lo` to below `hi`, where a store changes some of it or all.
    pub fn forget_some(&mut self, lo: i64, hi: i64) {
        let keeps = |state: &Self| {
            let mut values = state.slots.values();
            values.any(|(_, value)| value.base == Base::SavedErrno)
        };
        let kept = keeps(self);
        self.forget(lo, hi);
        self.may_lose_errno |= kept && !keeps(self);
    }

    /// Forgets what the stack holds from `lo` to below `hi`.
    pub fn forget(&mut self, lo: i64, hi: i64) {
        let low = lo.saturating_sub(8).min(hi);
        let gone: Vec<i64> = self
            .slots
            .range(low..hi.max(low))
            .filter(|(at, (width, _))| **at + i64::from(*width) > lo)
            .map(|(at, _)| *at)
            .collect();
        if !gone.is_empty() {
            let slots = Rc::make_mut(&mut self.slots);
            for at in gone {
                slots.remove(&at);
            }
        }
        self.zero = self.zero.filter(|(a, b)| *b < lo || hi <= *a);
        let is_hit = |at: i64| lo <= at + 8 && at < hi;
        self.spilled = self.spilled.filter(|(at, _)| !is_hit(*at));
        let is_gone = |place: &Place| matches!(place, Place::Slot(at, _) if is_hit(*at));
        self.made = self.made.filter(|made| !is_gone(&made.from));
        if let Some(flags) = &mut self.flags {
            flags.origin = flags.origin.filter(|(from, _)| !is_gone(from));
            flags.place = flags
                .place
                .filter(|place| !matches!(place, Place::Slot(at, _) if is_hit(*at)));
            flags.twin = flags.twin.filter(|at| !is_hit(*at));
        }
    }

    /// Returns what is known where two ways meet.
    pub fn joined(&self, other: &Self, widen: bool) -> Self {
        let or = |a: &Value, b: &Value| if widen { a.widened(b) } else { a.or(b) };
        let slots = if Rc::ptr_eq(&self.slots, &other.slots) {
            self.slots.clone()
        } else {
            let both = self.slots.iter().filter_map(|(at, (width, value))| {
                let (other_width, other) = other.slots.get(at)?;
                (width == other_width).then(|| (*at, (*width, or(value, other))))
            });
            Rc::new(both.collect())
        };
        let mut stores = self.stores.clone();
        if stores != other.stores {
            let all = Rc::make_mut(&mut stores);
            all.extend(other.stores.iter());
            all.sort_unstable();
            all.dedup();
        }
        let looked = if Rc::ptr_eq(&self.looked, &other.looked) {
            self.looked.clone()
        } else {
            Rc::new(&*self.looked & &*other.looked)
        };
        Self {
            looked,
            registers: std::array::from_fn(|n| or(&self.registers[n], &other.registers[n])),
            slots,
            vectors: BTreeMap::new(),
            bytes: BTreeMap::new(),
            errno: self.errno.max(other.errno),
            may_lose_errno: self.may_lose_errno || other.may_lose_errno,
            flags: (self.flags == other.flags)
                .then(|| self.flags.clone())
                .flatten(),
            stores,
            escaped: self.escaped.min(other.escaped),
            half: self.half.filter(|_| self.half == other.half),
            spilled: self.spilled.filter(|_| self.spilled == other.spilled),
            defaulted: self.defaulted.filter(|_| self.defaulted == other.defaulted),
            is_ending: self.is_ending && other.is_ending,
            made: self.made.filter(|_| self.made == other.made),
            loaded: None,
            united: self.united.filter(|_| self.united == other.united),
            zero: match (self.zero, other.zero) {
                (Some((a, b)), Some((c, d))) if !widen || (a, b) == (c, d) => {
                    Some((a.min(c), b.max(d)))
                }
                _ => None,
            },
        }
    }
}

/// The registers of a function's arguments.
pub const ARGUMENTS: [usize; 6] = [7, 6, 2, 1, 8, 9];

/// Returns any number of that many bytes; of eight, any value.
pub fn any(width: u32) -> Value {
    match width {
        1 | 2 | 4 => Value::range(0, (1i64 << (width * 8)) - 1),
        _ => Value::UNKNOWN,
    }
}

/// Returns the lower bits; `errno` and addresses that fit stay what they are.
pub fn narrowed(value: &Value, bits: u32) -> Value {
    match value.base {
        Base::SavedErrno if bits >= 32 => value.clone(),
        Base::Image(_)
            if bits == 32 && value.lo >= 0 && value.hi < 1 << 31 && value.lo >= 0x1000 =>
        {
            value.clone()
        }
        Base::Arg(_) | Base::Field(..) if bits == 32 => value.clone(),
        _ => value.low_bits(bits),
    }
}

fn is_high(register: Register) -> bool {
    matches!(
        register,
        Register::AH | Register::BH | Register::CH | Register::DH
    )
}

/// Returns where the stack pointer is, if that is known.
pub fn stack_top(state: &State) -> Option<i64> {
    let top = &state.registers[RSP];
    (top.base == Base::Stack && top.is_bounded()).then_some(top.lo)
}
