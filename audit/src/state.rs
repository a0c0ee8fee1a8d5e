//! What is known between two instructions: registers, stack, `errno`, and the last comparison.

use std::collections::BTreeMap;
use std::rc::Rc;

use iced_x86::{ConditionCode, FlowControl, Instruction, Mnemonic, OpKind, Register};

use crate::value::{Base, Value};

/// Whether `errno` is what the interrupted code left in it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Errno {
    Original,
    Changed,
}

/// A place that a comparison tells about.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Place {
    Register(usize),
    Slot(i64, u8),
}

/// The last comparison, as far as it decides branches.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Flags {
    pub place: Option<Place>,
    pub left: Value,
    pub right: Value,
    pub bits: u32,
    /// What was added to `left` since, to make what the place holds.
    pub moved: i64,
    /// Whether it only says if a result is zero, and its sign.
    pub is_result: bool,
    /// A word of the stack that holds what `left` was too, zero-extended.
    pub twin: Option<i64>,
    /// What `left` was made from, and the number that was added to that.
    pub origin: Option<(Place, i64)>,
}

/// A register whose lower half was made from that of another place, by adding a number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Made {
    pub register: usize,
    pub from: Place,
    pub added: i64,
}

/// A store to data of the file, on the way here, which another store may belong to.
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
}

/// A function, by its file and its start, and what it may have stored to data of files before a call.
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
    pub flags: Option<Flags>,
    /// In order, each once.
    pub stores: Rc<Vec<Stored>>,
    /// The lowest place of the stack that others have been given the address of.
    pub escaped: i64,
    /// Two registers: the first holds the lower half of the second, zero-extended.
    pub half: Option<(usize, usize)>,
    /// A word of the stack that holds the lower half of a register, zero-extended.
    pub spilled: Option<(i64, usize)>,
    pub made: Option<Made>,
    /// Between which places of the stack a byte of zero is known to lie, which ends a text.
    pub zero: Option<(i64, i64)>,
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
            flags: None,
            stores: Rc::default(),
            escaped: i64::MAX,
            half: None,
            spilled: None,
            made: None,
            zero: None,
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
        any(width)
    }

    /// Notes what the word of the stack at that offset holds.
    pub fn put_slot(&mut self, offset: i64, width: u8, value: Value) {
        Rc::make_mut(&mut self.slots).insert(offset, (width, value));
    }

    pub fn store_slot(&mut self, at: &Value, width: u32, value: Value) {
        let (lo, hi) = if at.is_bounded() {
            (at.lo, at.hi.saturating_add(i64::from(width)))
        } else {
            (at.lo, i64::MAX)
        };
        self.forget(lo, hi);
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

    /// What is known where two ways meet.
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
        Self {
            registers: std::array::from_fn(|n| or(&self.registers[n], &other.registers[n])),
            slots,
            vectors: BTreeMap::new(),
            bytes: BTreeMap::new(),
            errno: self.errno.max(other.errno),
            flags: (self.flags == other.flags)
                .then(|| self.flags.clone())
                .flatten(),
            stores,
            escaped: self.escaped.min(other.escaped),
            half: self.half.filter(|_| self.half == other.half),
            spilled: self.spilled.filter(|_| self.spilled == other.spilled),
            made: self.made.filter(|_| self.made == other.made),
            zero: match (self.zero, other.zero) {
                (Some((a, b)), Some((c, d))) if !widen || (a, b) == (c, d) => {
                    Some((a.min(c), b.max(d)))
                }
                _ => None,
            },
        }
    }

    /// Whether a branch is taken, where that is known.
    pub fn decides(&self, condition: ConditionCode) -> Option<bool> {
        let flags = self.flags.as_ref()?;
        if flags.is_result
            && !matches!(
                condition,
                ConditionCode::e | ConditionCode::ne | ConditionCode::s | ConditionCode::ns
            )
        {
            return None;
        }
        let (left, right) = (&flags.left, &flags.right);
        // A pointer into the file or the stack is not null.
        if right.number() == Some(0)
            && matches!(
                left.base,
                Base::Image(_)
                    | Base::Stack
                    | Base::Siginfo
                    | Base::Context
                    | Base::Errno
                    | Base::Thread
            )
        {
            return match condition {
                ConditionCode::e => Some(false),
                ConditionCode::ne => Some(true),
                _ => None,
            };
        }
        if left.base != right.base || left.base == Base::Unknown {
            return None;
        }
        if let (Some(a), Some(b)) = (left.exact(), right.exact()) {
            return holds(condition, a, b, flags.bits);
        }
        if left.base != Base::Num {
            return None;
        }
        if let (Some(all), Some(b)) = (&left.set, right.exact()) {
            let mut outcomes = all.iter().map(|a| holds(condition, *a, b, flags.bits));
            let first = outcomes.next()??;
            return outcomes.all(|o| o == Some(first)).then_some(first);
        }
        let ((a, b), (c, d)) = (
            bounds(left, condition, flags.bits),
            bounds(right, condition, flags.bits),
        );
        use ConditionCode as C;
        let (always, never) = match condition {
            C::e => (false, b < c || d < a),
            C::ne => (b < c || d < a, false),
            C::b | C::l => (b < c, a >= d),
            C::ae | C::ge => (a >= d, b < c),
            C::be | C::le => (b <= c, a > d),
            C::a | C::g => (a > d, b <= c),
            C::s if d == 0 && c == 0 => (b < 0, a >= 0),
            C::ns if d == 0 && c == 0 => (a >= 0, b < 0),
            _ => (false, false),
        };
        if always {
            Some(true)
        } else if never {
            Some(false)
        } else {
            None
        }
    }

    /// Takes into account that a branch was taken.
    pub fn assume(&mut self, condition: ConditionCode) {
        let Some(flags) = self.flags.clone() else {
            return;
        };
        let (Some(place), Some(to)) = (flags.place, flags.right.number()) else {
            return;
        };
        if flags.is_result && !matches!(condition, ConditionCode::e | ConditionCode::ne) {
            return;
        }
        let left = &flags.left;
        let new = if let Base::Static(image, word) = left.base
            && condition == ConditionCode::ne
            && to == 0
        {
            Value {
                base: Base::NotNull(image, word),
                ..left.clone()
            }
        } else if matches!(left.base, Base::ImageOrNull(_))
            && condition == ConditionCode::ne
            && to == 0
        {
            left.not_null()
        } else if left.base != Base::Num {
            use ConditionCode as C;
            let is_word = matches!(
                left.base,
                Base::Unknown | Base::Static(..) | Base::NotNull(..)
            );
            match condition {
                C::e if left.base != Base::SavedErrno => Value::num(to),
                // What lies below a bound is a number, whatever it was taken for.
                C::b if is_word && flags.bits == 64 && to > 0 => Value::range(0, to - 1),
                C::be if is_word && flags.bits == 64 && to >= 0 => Value::range(0, to),
                _ => return,
            }
        } else if let Some(all) = &left.set {
            let kept: Vec<i64> = all
                .iter()
                .copied()
                .filter(|a| holds(condition, *a, to, flags.bits) != Some(false))
                .collect();
            if kept.is_empty() {
                return;
            }
            Value::one_of(Base::Num, kept)
        } else {
            let (lo, hi) = bounds(left, condition, flags.bits);
            let (to, _) = bounds(&flags.right, condition, flags.bits);
            use ConditionCode as C;
            let (lo, hi) = match condition {
                C::e => (to, to),
                C::ne if lo == to => (lo.saturating_add(1), hi),
                C::ne if hi == to => (lo, hi.saturating_sub(1)),
                C::b | C::l => (lo, hi.min(to.saturating_sub(1))),
                C::ae | C::ge => (lo.max(to), hi),
                C::be | C::le => (lo, hi.min(to)),
                C::a | C::g => (lo.max(to.saturating_add(1)), hi),
                C::s if to == 0 => (lo, hi.min(-1)),
                C::ns if to == 0 => (lo.max(0), hi),
                _ => return,
            };
            if lo > hi {
                return;
            }
            Value::range(lo, hi)
        };
        let fits = |value: &Value| narrowed(&value.moved(flags.moved), flags.bits);
        if let Some(at) = flags.twin {
            self.put_slot(at, 8, narrowed(&new, flags.bits));
        }
        if let Some((from, added)) = flags.origin
            && flags.bits == 32
            && new.base == Base::Num
        {
            self.narrow(
                from,
                new.lo.saturating_sub(added),
                new.hi.saturating_sub(added),
            );
        }
        match place {
            Place::Register(number) => {
                let old = &self.registers[number];
                // A narrow comparison says nothing about the upper bits.
                if flags.bits >= 32
                    || (old.base == Base::Num && old.lo >= 0 && old.hi < 1 << flags.bits)
                {
                    self.registers[number] = if flags.bits == 64 {
                        new.moved(flags.moved)
                    } else {
                        fits(&new)
                    };
                }
            }
            Place::Slot(at, width) => {
                let value = if flags.bits == 64 {
                    new.moved(flags.moved)
                } else {
                    fits(&new)
                };
                self.put_slot(at, width, value);
            }
        }
        if let Some(flags) = &mut self.flags {
            flags.left = if flags.bits == 64 {
                new
            } else {
                narrowed(&new, flags.bits)
            };
        }
    }
}

impl State {
    /// Takes into account that the lower half of what a place holds is from `lo` to `hi`.
    fn narrow(&mut self, place: Place, lo: i64, hi: i64) {
        const HALF: i64 = 1 << 31;
        let known = match place {
            Place::Register(number) => self.registers[number].clone(),
            Place::Slot(at, 4) => self.load_slot(&Value::at(Base::Stack, at), 4),
            Place::Slot(..) => return,
        };
        // The upper half of a register is another matter.
        let is_half = matches!(place, Place::Slot(..)) || known.hi < HALF;
        if lo < 0 || hi >= HALF || known.base != Base::Num || known.lo < 0 || !is_half {
            return;
        }
        let value = match &known.set {
            Some(all) => {
                let kept: Vec<i64> = all
                    .iter()
                    .copied()
                    .filter(|a| (lo..=hi).contains(a))
                    .collect();
                Value::one_of(Base::Num, kept)
            }
            None => Value::range(known.lo.max(lo), known.hi.min(hi)),
        };
        if value.base != Base::Num || value.lo > value.hi {
            return;
        }
        match place {
            Place::Register(number) => self.registers[number] = value,
            Place::Slot(at, width) => self.put_slot(at, width, value),
        }
    }
}

/// The registers of a function's arguments.
pub const ARGUMENTS: [usize; 6] = [7, 6, 2, 1, 8, 9];

/// Any number of that many bytes; of eight, anything.
pub fn any(width: u32) -> Value {
    match width {
        1 | 2 | 4 => Value::range(0, (1i64 << (width * 8)) - 1),
        _ => Value::UNKNOWN,
    }
}

/// The lower bits; `errno` and addresses that fit stay what they are.
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

/// The bounds of a number, as a comparison of that kind sees it.
fn bounds(value: &Value, condition: ConditionCode, bits: u32) -> (i64, i64) {
    use ConditionCode as C;
    let value = if bits == 64 {
        value.clone()
    } else if matches!(condition, C::l | C::ge | C::le | C::g | C::s | C::ns) {
        value.signed(bits)
    } else {
        value.low_bits(bits)
    };
    if bits == 64 && matches!(condition, C::b | C::ae | C::be | C::a) && value.lo < 0 {
        // Unsigned: what is negative is large.
        return if value.hi < 0 {
            (i64::MAX - 1, i64::MAX)
        } else {
            (0, i64::MAX)
        };
    }
    (value.lo, value.hi)
}

fn holds(condition: ConditionCode, a: i64, b: i64, bits: u32) -> Option<bool> {
    let shift = 64 - bits;
    let (sa, sb) = ((a << shift) >> shift, (b << shift) >> shift);
    let (ua, ub) = (
        (a.cast_unsigned() << shift) >> shift,
        (b.cast_unsigned() << shift) >> shift,
    );
    use ConditionCode as C;
    Some(match condition {
        C::e => ua == ub,
        C::ne => ua != ub,
        C::b => ua < ub,
        C::ae => ua >= ub,
        C::be => ua <= ub,
        C::a => ua > ub,
        C::l => sa < sb,
        C::ge => sa >= sb,
        C::le => sa <= sb,
        C::g => sa > sb,
        C::s => sa.wrapping_sub(sb) < 0,
        C::ns => sa.wrapping_sub(sb) >= 0,
        _ => return None,
    })
}

/// Where the stack pointer is, if that is known.
pub fn stack_top(state: &State) -> Option<i64> {
    let top = &state.registers[RSP];
    (top.base == Base::Stack && top.is_bounded()).then_some(top.lo)
}
