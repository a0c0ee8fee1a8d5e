//! What is known between two instructions: registers, stack, and `errno`.

mod copies;
mod join;
mod noted;
mod passed;
mod round;
mod slots;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use iced_x86::Register;

pub use self::copies::Copies;
use crate::comparison::{Compared, Flags};
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
    pub from: Compared,
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
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
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

/// Hashes the address, which is what differs.
impl std::hash::Hash for Stored {
    fn hash<H: std::hash::Hasher>(&self, hasher: &mut H) {
        hasher.write_u64(self.lo);
    }
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
    /// What is known of the lowest bits of registers whose other bits are not: how many, and their value.
    pub lows: BTreeMap<u8, (u32, Value)>,
    pub errno: Errno,
    /// Whether what may have kept `errno` may be lost by a store whose extent is not known.
    pub may_lose_errno: bool,
    pub flags: Option<Flags>,
    /// The words of files that were seen not to be null on the way here, and that nothing was seen to store to since.
    pub looked: Words,
    /// In order, each once.
    pub stores: Rc<Vec<Stored>>,
    /// What was stored since a call gave the event that is handled.
    round: Option<round::Round>,
    /// The lowest place of the stack that others have been given the address of.
    pub escaped: i64,
    /// Two registers: the first holds the lower half of the second, zero-extended.
    pub half: Option<(usize, usize)>,
    /// A word of the stack that holds the lower half of a register, zero-extended.
    pub spilled: Option<(i64, usize)>,
    pub made: Option<Made>,
    pub copies: Copies,
    pub united: Option<United>,
    /// What is known of numbers in data of files, that others leave alone while the handler runs.
    words: Rc<BTreeMap<(u16, u64), Value>>,
    /// A register that the last instruction loaded from such a number: its file and its address.
    pub loaded_number: Option<(usize, u16, u64)>,
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
            lows: BTreeMap::new(),
            errno,
            may_lose_errno: false,
            flags: None,
            looked: Rc::default(),
            stores: Rc::default(),
            round: None,
            escaped: i64::MAX,
            half: None,
            spilled: None,
            made: None,
            copies: Copies::NONE,
            united: None,
            words: Rc::default(),
            loaded_number: None,
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
            size => self.low(register.full_register().number() as u8, size as u32 * 8),
        }
    }

    /// Returns the lowest bits of the register of that number.
    fn low(&self, number: u8, bits: u32) -> Value {
        match self.lows.get(&number) {
            Some((known, low)) if *known >= bits => narrowed(low, bits),
            _ => narrowed(&self.registers[usize::from(number)], bits),
        }
    }

    pub fn set(&mut self, register: Register, value: Value) {
        if !register.is_gpr() {
            return;
        }
        let number = register.full_register().number();
        let old = &self.registers[number];
        let bits = register.size() as u32 * 8;
        let low = (bits < 32 && !is_high(register)).then(|| (bits, narrowed(&value, bits)));
        let value = match register.size() {
            8 => value,
            4 => narrowed(&value, 32),
            _ => {
                // The upper bits stay.
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
            && flags.place == Some(Compared::Register(number))
        {
            flags.place = None;
        }
        if let Some(flags) = &mut self.flags
            && flags.second == Some(Compared::Register(number))
        {
            flags.second = None;
        }
        if let Some(flags) = &mut self.flags {
            flags.origin = flags
                .origin
                .filter(|(from, _)| *from != Compared::Register(number));
        }
        self.made = self
            .made
            .filter(|made| made.register != number && made.from != Compared::Register(number));
        self.half = self.half.filter(|(a, b)| *a != number && *b != number);
        self.spilled = self.spilled.filter(|(_, whole)| *whole != number);
        self.copies.forget(number);
        self.lows.remove(&(number as u8));
        if let Some(low) = low {
            self.lows.insert(number as u8, low);
        }
        self.registers[number] = value;
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
        Base::Arg(_) | Base::Marked(..) | Base::Field(..) | Base::Own if bits == 32 => {
            value.clone()
        }
        _ => value.low_bits(bits),
    }
}

pub fn is_high(register: Register) -> bool {
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
