//! Holds the known facts between two instructions: about registers, the stack, and `errno`.

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

/// Says whether `errno` has the value that the interrupted code left in it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Errno {
    Original,
    /// `errno` was restored from a place that a store of unknown extent may have changed.
    Doubtful,
    Changed,
}

/// Holds a register whose lower half was computed as the lower half of another place plus a number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Made {
    pub register: usize,
    pub from: Compared,
    pub added: i64,
}

/// Holds a register that was computed from the bits of two other registers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct United {
    register: usize,
    of: [usize; 2],
    /// Whether only the upper halves of the bits are left in the register.
    is_upper: bool,
}

/// Holds an earlier store on the path, to data of a file, to which another store may belong.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Stored {
    pub image: u16,
    /// The lowest and the highest address of the word; they differ where an index chooses it.
    pub lo: u64,
    pub hi: u64,
    /// Whether the store only sets or clears a flag.
    pub is_flag: bool,
    /// The word that chose the element, if that is known.
    pub by: Option<u64>,
    /// The number of the statement that the store's pointer is valid, if there is such a statement. The addresses are then offsets
    /// from that pointer.
    pub through: Option<usize>,
}

/// Hashes only the address, because the other fields differ less often.
impl std::hash::Hash for Stored {
    fn hash<H: std::hash::Hasher>(&self, hasher: &mut H) {
        hasher.write_u64(self.lo);
    }
}

/// Holds words of files, by file and address.
pub type Words = Rc<BTreeSet<(u16, u64)>>;

/// Holds a function, by its file and its start, and the stores to data of files that it may have made before a call.
pub type Before = ((u16, u64), Rc<Vec<Stored>>);

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct State {
    pub registers: [Value; 16],
    /// The known words of the stack, by their offsets, each with its width.
    pub slots: Rc<BTreeMap<i64, (u8, Value)>>,
    /// The two halves of vector registers, where they are known.
    pub vectors: BTreeMap<u8, (Value, Value)>,
    /// The known lowest bits of registers whose other bits are unknown: their count and their value.
    pub lows: BTreeMap<u8, (u32, Value)>,
    pub errno: Errno,
    /// Whether a store of unknown extent may have overwritten a saved `errno`.
    pub may_lose_errno: bool,
    pub flags: Option<Flags>,
    /// The words of files that were seen not to be null on this path, and to which no store was seen since.
    pub looked: Words,
    /// The stores to data of files on this path, in order, each once.
    pub stores: Rc<Vec<Stored>>,
    /// The stores since a call returned the event that is being handled.
    round: Option<round::Round>,
    /// The lowest place of the stack whose address was passed to other code.
    pub escaped: i64,
    /// Two registers: the first holds the lower half of the second, zero-extended.
    pub half: Option<(usize, usize)>,
    /// A word of the stack that holds the lower half of a register, zero-extended.
    pub spilled: Option<(i64, usize)>,
    pub made: Option<Made>,
    pub copies: Copies,
    pub united: Option<United>,
    /// The known numbers in data of files that other code leaves unchanged while the handler runs.
    words: Rc<BTreeMap<(u16, u64), Value>>,
    /// A register that the last instruction loaded from a number in data of a file, with the file and the address.
    pub loaded_number: Option<(usize, u16, u64)>,
    /// A register that the last instruction loaded from a word of the stack, with the word's offset.
    pub loaded: Option<(usize, i64)>,
    /// The two places of the stack between which a zero byte is known to lie, which ends a text.
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

    /// Returns the lower and the upper bound for the length of the text at that offset of the stack, if its end is known.
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

    pub fn byte(&self, at: i64) -> Option<u8> {
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

/// Returns the value for any number of `width` bytes, or for any value at all if `width` is eight.
pub fn any(width: u32) -> Value {
    match width {
        1 | 2 | 4 => Value::range(0, (1i64 << (width * 8)) - 1),
        _ => Value::UNKNOWN,
    }
}

/// Returns the lower bits of a value; a saved `errno`, and addresses that fit, stay unchanged.
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
